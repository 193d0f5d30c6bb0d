"""What a command costs: its seconds, and the memory of its processes; and the machine it ran on."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[1]
PAUSE = 0.25  # seconds between two looks at the memory
MB = 2**20
PACKAGES = ("dvc", "scikit-learn", "numpy", "pandas", "pyarrow", "sdv", "sdmetrics", "torch")


class Cost(NamedTuple):
    """What one run of a command took."""

    seconds: float  # of the clock
    peak_mb: float  # greatest sum of its processes' memory, what they share counted once
    ended: bool = True  # False where it was stopped, its time being over


def python(*arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", *arguments]


def run(
    command: Sequence[str],
    folder: Path = ROOT,
    *,
    log: Path,
    limit: float | None = None,
    **environment: str,
) -> Cost:
    """Run a command in `folder` and return its cost; what it prints goes to the file `log`.

    A run of more than `limit` seconds is stopped. Raises SystemExit where the command fails, with
    the end of what it printed.
    """
    peak, code, start = 0.0, None, time.perf_counter()
    process = started(command, folder, log=log, **environment)
    while code is None:
        peak = max(peak, memory(process.pid))
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(PAUSE)
        if code is None and limit and time.perf_counter() - start > limit:
            stop(process)
            return Cost(time.perf_counter() - start, peak / MB, ended=False)
    seconds = time.perf_counter() - start
    if code:
        end = "\n".join(log.read_text("utf-8").splitlines()[-20:])
        raise SystemExit(f"{' '.join(command)} ended with exit code {code}:\n{end}")
    return Cost(seconds, peak / MB)


def started(
    command: Sequence[str], folder: Path = ROOT, *, log: Path, **environment: str
) -> subprocess.Popen[bytes]:
    """Start a command, which finds this repository's modules and leads a group of processes.

    It has the threads and instructions that it takes by itself: what `numerics` has set here is not
    handed on.
    """
    ours = ("OMP_", "OPENBLAS_", "MKL_", "NPY_", "ATEN_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    own = {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", **environment}
    with log.open("wb") as told:
        return subprocess.Popen(
            command, cwd=folder, env=plain | own, stdout=told, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process that `started` has started, and those that it started itself."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def memory(process: int) -> float:
    """Return the bytes that a process and its children hold, shared ones counted once."""
    held = 0.0
    try:
        parent = psutil.Process(process)
        for one in [parent, *parent.children(recursive=True)]:
            held += one.memory_full_info().pss
    except psutil.Error:  # it ended while it was looked at
        pass
    return held


def machine() -> str:
    """Return what the figures were measured on, and with."""
    told = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").is_file() else ""
    models = [line.split(":")[1].strip() for line in told.splitlines() if "model name" in line]
    processor = f"{len(models)} × {models[0]}" if models else platform.machine()
    named = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    held = psutil.virtual_memory().total / 2**30
    return f"{processor}, {held:.0f} GiB; Python {platform.python_version()}, {named}"
