"""Bytes that do not depend on which instructions a processor has."""

import ast
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

from stages.lib.base import numerics

STAGES = sorted(path.name for path in (ROOT / "stages").glob("[!_]*.py"))
COMPUTED = """
import hashlib
{first}
import numpy as np

x = np.random.default_rng(0).random(100_003)
square = x[:90_000].reshape(300, 300)
found = [np.exp(x), np.log(x), x**0.3, np.tanh(x), square @ square, np.cov(square)]
found += [np.argsort(np.round(x, 2)), np.argpartition(np.round(x, 2), 500)]
print(hashlib.sha256(b"".join(one.tobytes() for one in found)).hexdigest())
"""


def computed(first: str, **environment: str) -> str:
    """Return a hash of what a new process computes, whose environment says nothing by itself."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENBLAS_", "NPY_", "ATEN_"))
    }
    return subprocess.run(
        [sys.executable, "-c", COMPUTED.format(first=first)],
        env={**own, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.skipif(
    not numerics.PROCESSOR.is_file() or " avx2 " not in numerics.PROCESSOR.read_text(),
    reason="the libraries choose for themselves",
)
def test_a_wider_processor_computes_the_same_bytes():
    """exp, powers, products and the order of ties are those of a processor without AVX-512."""
    ours = computed("from stages.lib.base import numerics")
    told = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "OPENBLAS_NUM_THREADS")
    assert ours == computed("", **{name: os.environ[name] for name in told})
    if "avx512f" in numerics.PROCESSOR.read_text():  # else there is nothing to leave out
        assert ours != computed("", OPENBLAS_NUM_THREADS="1")


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_says_so_before_it_loads_a_library(stage: str) -> None:
    """What is loaded before would choose for itself, and its last digits be the machine's."""
    body = ast.parse((ROOT / "stages" / stage).read_text()).body
    imports = [ast.unparse(node) for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [
        line
        for line in imports
        if re.split(r"[ .]", line)[1] not in sys.stdlib_module_names  # "" of our own
    ]
    assert others[0] == "from .lib.base import numerics"
