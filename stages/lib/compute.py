"""Where work runs: on this machine's cores, or on the workers of a Dask scheduler.

The environment variable `COMPUTE_ADDRESS` names the scheduler, such as tcp://127.0.0.1:8786.
"""

import asyncio
import hashlib
import logging
import os
import pickle
import platform
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, cpu_count, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from .base import numerics
from .base.errors import ComputeError

ADDRESS = "COMPUTE_ADDRESS"
PATIENCE = 5  # seconds for a scheduler to answer, and for a first worker to be there
AHEAD = 2  # jobs per worker's thread that are sent before the first result is taken
_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy")  # all shape the numbers


def each(work: Callable[[Any, Any], Any], shared: Any, jobs: Sequence[Any]) -> Iterator[Any]:
    """Yield `work(shared, job)` for each job, in the order of the jobs.

    Local workers are as many as joblib finds (`LOKY_MAX_CPU_COUNT` lowers it). Results do not
    depend on where they are computed, nor on the number of workers; few jobs are sent ahead.
    Raises ComputeError where the scheduler or its workers cannot serve.
    """
    address = os.environ.get(ADDRESS, "")
    found = _on_dask(address, work, shared, jobs) if address else _here(work, shared, jobs)
    # The bar is for a person who waits: none is drawn where no terminal is.
    return iter(tqdm(found, total=len(jobs), unit="fit", leave=False, disable=None))


def environment() -> dict[str, str]:
    """Return what results depend on beside their inputs: versions, arithmetic, and code by SHA-256.

    The code is that of this package's modules which the process has imported. As it was when
    asked for first: a worker that lives on after an edit does not pass for a new one.
    """
    package = __name__.partition(".")[0]
    modules = sorted(name for name in sys.modules if name.startswith(f"{package}."))
    code = {name: _sha256(name) for name in modules}
    return {**_versions(), "arithmetic": _arithmetic(), **code}


def perform(expected: Mapping[str, str], common: bytes, job: bytes) -> Any:
    """Return what a Dask worker computes of a job, with one thread.

    Raises ImportError where the worker's environment is another than the `expected` one.
    """
    try:
        work, shared = _loaded(common)
    except AttributeError as error:  # of a module that lacks what this one has
        raise ImportError(str(error)) from None
    what = pickle.loads(job)
    differing = [
        f"{name} {own[:12]}, not {expected.get(name, 'none')[:12]}"
        for name, own in environment().items()
        if own != expected.get(name)
    ]
    if differing:  # a class of ours could not be told to a process with other code
        raise ImportError(f"it has {', '.join(differing)}")
    with _pools().limit(limits=1):
        return work(shared, what)


@lru_cache(maxsize=1)
def _loaded(common: bytes) -> tuple[Callable[[Any, Any], Any], Any]:
    """Return what a worker's jobs share; one object for all of them."""
    return pickle.loads(common)


@cache
def _versions() -> dict[str, str]:
    python, machine = platform.python_version(), platform.machine()
    return {"python": python, "machine": machine, **{name: version(name) for name in _PACKAGES}}


@cache
def _arithmetic() -> str:
    """Return a hash of what this process computes, which hangs on the processor's instructions."""
    x = np.linspace(0.1, 5, 4001)
    found = (np.exp(x), np.log(x), np.array(x @ x[::-1]), np.argsort(np.round(x)))
    return hashlib.sha256(b"".join(one.tobytes() for one in found)).hexdigest()


@cache
def _sha256(module: str) -> str:
    spec = sys.modules[module].__spec__
    if spec is None or spec.origin is None:
        return ""
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()


@cache
def _pools() -> ThreadpoolController:
    """Return the pools that are loaded; a later one finds the variables that `numerics` has set."""
    return ThreadpoolController()


def _here(work: Callable, shared: Any, jobs: Sequence[Any]) -> Iterator[Any]:
    workers = Parallel(min(cpu_count(), max(len(jobs), 1)), return_as="generator")
    try:
        yield from workers(delayed(work)(shared, job) for job in jobs)
    except TerminatedWorkerError:
        raise ComputeError(
            "a process that fits models was killed, most likely for want of memory; set "
            "LOKY_MAX_CPU_COUNT=1 to have one at a time, and run again"
        ) from None


def _on_dask(address: str, work: Callable, shared: Any, jobs: Sequence[Any]) -> Iterator[Any]:
    """Yield results of a Dask cluster, which survive the loss of a worker.

    joblib's Dask backend sends `shared` anew with every job unless it is scattered, and scattered
    data are gone with the last worker that holds them. As the result of a task they are sent
    once to each worker, and the scheduler has them made again where they are lost.
    """
    with _client(address) as client:
        try:
            yield from _gathered(client, address, work, shared, jobs)
        except ImportError as error:
            raise ComputeError(
                f"{ADDRESS}={address}: a worker lacks this project, or has another state of it "
                f"or of its packages, which could change results ({error}); {_started(address)}"
            ) from None


def _gathered(
    client: Any, address: str, work: Callable, shared: Any, jobs: Sequence[Any]
) -> Iterator[Any]:
    common = client.submit(bytes, pickle.dumps((work, shared), protocol=5), pure=False)
    task, expected = _task(__name__), environment()
    waiting: deque[Any] = deque()
    left = iter(jobs)
    while True:
        room = AHEAD * max(sum(client.nthreads().values()), 1) - len(waiting)
        for job in islice(left, max(room, 0)):
            sent = pickle.dumps(job, protocol=5)
            waiting.append(client.submit(task, expected, common, sent, pure=False))
        if not waiting:
            return
        yield _result(client, address, waiting.popleft())


def _task(module: str) -> Callable[..., Any]:
    """Return a function that is pickled by value, and needs this project only where it is called.

    So do bytes as arguments: a worker without the project fails, and never waits for what it
    cannot unpickle; and the scheduler needs no copy of it.
    """

    def task(expected: dict[str, str], common: bytes, job: bytes) -> Any:
        return import_module(module).perform(expected, common, job)

    return task


def _result(client: Any, address: str, future: Any) -> Any:
    """Return a result, however long it takes as long as there are workers."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        # A result may be there and lost with its worker before it is fetched: never without a time.
        while future.status != "error":
            with suppress(TimeoutError):
                return future.result(timeout=PATIENCE)
            _await_workers(client, address)
        return future.result()  # which raises
    except KilledWorker as error:
        raise ComputeError(
            f"{ADDRESS}={address}: {error.allowed_failures + 1} workers died of one fit, most "
            "likely for want of memory; give workers more of it, or fewer threads, and run again"
        ) from None
    except (CancelledError, CommClosedError):
        raise ComputeError(
            f"{ADDRESS}={address}: the scheduler was lost while fits ran; "
            "start it and its workers, and run again"
        ) from None


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """Yield a client of a scheduler that has workers; distributed's log is silent meanwhile."""
    try:
        import dask
        import distributed
    except ImportError:
        raise ComputeError(
            f"{ADDRESS}={address} asks for Dask, which is not installed; install it with "
            "`pip install -c constraints.txt -e '.[dask]'`, or unset the variable"
        ) from None

    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        # What is sent once may be large.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
            client = _connected(distributed, address)
            try:
                _await_workers(client, address)
                yield client
            finally:
                client.close()
    finally:
        log.setLevel(level)


def _connected(distributed: Any, address: str) -> Any:
    async def greet() -> None:  # a client that fails to connect leaves its threads behind
        options = distributed.Security().get_connection_args("client")
        connecting = distributed.core.connect(address, timeout=PATIENCE, **options)
        await (await asyncio.wait_for(connecting, PATIENCE)).close()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of versions, which workers compare for themselves
        try:
            asyncio.run(greet())
            return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except Exception as error:  # whatever else listens there may answer anything
            raise ComputeError(
                f"{ADDRESS}={address}: no Dask scheduler answers there within {PATIENCE} s "
                f"({str(error) or 'no reply'}); expected an address such as tcp://127.0.0.1:8786; "
                "start one with `dask scheduler`, or unset the variable to use this machine's cores"
            ) from None


def _await_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ComputeError(
            f"{ADDRESS}={address}: the scheduler has no worker after {PATIENCE} s; "
            f"{_started(address)}"
        ) from None


def _started(address: str) -> str:
    command = f"PYTHONPATH=. dask worker {address} --preload-nanny {numerics.__name__}"
    return f"start workers anew at the root of this project: `{command}`"
