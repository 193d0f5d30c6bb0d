"""One thread per process for numeric libraries; import this before any of them.

Stages parallelise over processes. Threads inside them would fight for the same cores, and
the order in which they add floating-point numbers would show in the last digits of outputs.
"""

import os

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"
