"""Dask schedulers and workers as processes of their own, which listen on this machine only."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed
from conftest import ROOT

HERE = "127.0.0.1"
DASK = [sys.executable, "-m", "dask"]


class Cluster:
    """Processes of a Dask scheduler and its workers."""

    def __init__(self, folder: Path) -> None:
        """Keep their files in `folder`."""
        self.folder = folder
        self.processes: list[subprocess.Popen] = []
        self.address = ""

    def start(
        self, *arguments: str, path: str = "", folder: Path | None = None
    ) -> subprocess.Popen:
        """Start a process that finds modules in `path`, and whose environment caps no threads.

        It runs in `folder`, or where its files are.
        """
        own = {name: value for name, value in os.environ.items() if "_NUM_THREADS" not in name}
        process = subprocess.Popen(
            [*DASK, *arguments, "--host", HERE, "--dashboard-address", f"{HERE}:0"],
            cwd=folder or self.folder,
            env={**own, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self, path: str = str(ROOT), folder: Path | None = None) -> subprocess.Popen:
        """Start a worker of one thread, and wait until the scheduler knows it."""
        started = self.start(
            *("worker", self.address, "--nworkers", "1", "--nthreads", "1", "--no-nanny"),
            *("--local-directory", str(self.folder)),
            path=path,
            folder=folder,
        )
        running = sum(process.poll() is None for process in self.processes) - 1
        with distributed.Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(running, timeout=60)
        return started


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster without workers whose files are in `folder`; end it and its workers."""
    found, told = Cluster(folder), folder / "scheduler.json"
    try:
        found.start("scheduler", "--port", "0", "--scheduler-file", str(told))
        until = time.monotonic() + 60
        while not (told.exists() and told.read_text().endswith("}")):
            assert time.monotonic() < until, "the scheduler did not start"
            time.sleep(0.05)
        found.address = json.loads(told.read_text())["address"]
        yield found
    finally:
        for process in reversed(found.processes):
            process.kill()
            process.wait()
