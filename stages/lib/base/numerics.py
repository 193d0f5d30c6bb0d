"""How numeric libraries compute: with one thread, and no instructions that few processors have.

Import this before any of them: they read these variables when they are loaded.

Stages parallelise over processes. Threads inside them would fight for the same cores, and the order
in which they add floating-point numbers would show in the last digits of outputs. So would wider
registers: OpenBLAS, numpy and torch take other code where a processor has AVX-512, which rounds
otherwise and sorts equal values into another order. Where there is AVX2 all take its code.
"""

import os
from importlib.metadata import version
from pathlib import Path

PROCESSOR = Path("/proc/cpuinfo")  # of Linux; elsewhere the libraries choose by themselves
_START = 8192  # bytes of it, in which the first core's features stand
_WIDER = "X86_V4 AVX512_ICL AVX512_SPR"  # as numpy names them, and as it did before 2.4
_WIDER_ONCE = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"

if PROCESSOR.is_file():
    with PROCESSOR.open(encoding="utf-8", errors="replace") as told:
        features = told.read(_START).split()
    if "avx2" in features:
        os.environ["OPENBLAS_CORETYPE"] = "Haswell"
        numpy = tuple(map(int, version("numpy").split(".")[:2]))
        os.environ["NPY_DISABLE_CPU_FEATURES"] = _WIDER if numpy >= (2, 4) else _WIDER_ONCE
        os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
