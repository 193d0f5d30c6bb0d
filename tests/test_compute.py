"""Where fits run: on this machine or on a Dask cluster, with the same results to the last bit."""

import os
import pickle
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import clusters
import numpy as np
import pytest
from clusters import HERE, Cluster
from conftest import SCHEMA, customers
from threadpoolctl import threadpool_info, threadpool_limits

from stages.lib import compute, trials
from stages.lib.base.errors import ComputeError
from stages.lib.learners import Learner
from stages.lib.tables.schema import Schema
from stages.lib.trials import Bench, Trial


@pytest.fixture(scope="module")
def bench() -> Bench:
    """Return a bench whose boosting sums floating-point numbers in parallel if it may."""
    models = {"boosting": Learner(kind="hist_gradient_boosting", max_iter=5)}
    models["logistic"] = Learner(kind="linear")
    scored = {"tune": customers(400, seed=1), "holdout": customers(300, seed=2)}
    table = customers(600)
    return trials.bench(Schema.model_validate(SCHEMA), models, "roc_auc", table, scored)


@pytest.fixture(scope="module")
def jobs() -> list[Trial]:
    """Return eight trials of each of two models."""
    rows = [np.random.default_rng(seed).permutation(600)[:400] for seed in range(8)]
    names = ("boosting", "logistic")
    return [Trial(name, own, seed, ("tune",)) for seed, own in enumerate(rows) for name in names]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Start a Dask scheduler where fits are to run; end it and its workers."""
    with clusters.cluster(tmp_path) as found:
        monkeypatch.setenv(compute.ADDRESS, found.address)
        yield found


def bits(found: list) -> list:
    """Return scores as bytes."""
    return [
        {name: (float(one.value).hex(), one.influence.tobytes()) for name, one in scores.items()}
        for scores in found
    ]


def most_threads(shared, job):
    """Return the largest number of threads that a pool of this process would take."""
    return max(pool["num_threads"] for pool in threadpool_info())


def die(parent, job):
    """Kill the process, unless it is the test's own."""
    assert os.getpid() != parent
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_number_of_local_workers_changes_no_bit(bench, jobs, monkeypatch):
    """One worker and two give the same scores, in the order of the trials."""
    monkeypatch.delenv(compute.ADDRESS, raising=False)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    alone = trials.run(bench, jobs)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    assert bits(trials.run(bench, jobs)) == bits(alone)
    assert len({scores["tune"].value for scores in alone}) == len(jobs)  # an order can be seen


def test_local_worker_that_is_killed_is_told(monkeypatch):
    """A system out of memory kills a process: the run says what to do."""
    monkeypatch.delenv(compute.ADDRESS, raising=False)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    with pytest.raises(ComputeError, match="LOKY_MAX_CPU_COUNT=1"):
        list(compute.each(die, os.getpid(), [1, 2]))


@pytest.mark.slow
def test_cluster_that_loses_a_worker_changes_no_bit(bench, jobs, cluster, monkeypatch):
    """A worker is killed after three of sixteen results: all come, and are the local ones."""
    monkeypatch.delenv(compute.ADDRESS)
    local = bits(trials.run(bench, jobs))
    monkeypatch.setenv(compute.ADDRESS, cluster.address)
    victim, other = cluster.worker(), cluster.worker()
    coming = trials.scores(bench, jobs)
    found = [next(coming) for _ in range(3)]
    victim.kill()
    victim.wait()
    found += list(coming)
    assert other.poll() is None
    assert bits(found) == local


@pytest.mark.slow
def test_last_worker_that_is_lost_is_told(bench, jobs, cluster, monkeypatch):
    """Without a worker at the start or later the run ends in words, and does not wait for ever."""
    monkeypatch.setattr(compute, "PATIENCE", 1)
    with pytest.raises(ComputeError, match="no worker after 1 s; .*`PYTHONPATH=. dask worker tcp"):
        trials.run(bench, jobs)
    only = cluster.worker()
    coming = trials.scores(bench, jobs)
    next(coming)
    only.kill()
    with pytest.raises(ComputeError, match="no worker after 1 s"):
        list(coming)


@pytest.mark.slow
def test_worker_without_this_project_is_told(bench, jobs, cluster):
    """A worker that was started elsewhere stops the run, with what to do about it."""
    cluster.worker(path="")
    with pytest.raises(ComputeError, match="No module named 'stages'.*at the root of this project"):
        trials.run(bench, jobs)


def test_worker_of_another_state_computes_nothing(bench, jobs):
    """A worker with other code or packages could give other numbers: it refuses, and says which."""
    common, job = pickle.dumps((most_threads, None)), pickle.dumps(None)
    own = compute.environment()
    assert {"numpy", "scikit-learn", "arithmetic", "stages.lib.trials"} <= set(own)
    assert compute.perform({**own, "stages.elsewhere": "abc"}, common, job) >= 1
    with pytest.raises(ImportError, match=rf"numpy {own['numpy']}, not 1.0"):
        compute.perform({**own, "numpy": "1.0"}, common, job)
    with pytest.raises(ImportError, match=r"stages.lib.trials [0-9a-f]{12}, not abc"):
        compute.perform({**own, "stages.lib.trials": "abc"}, common, job)
    with pytest.raises(ImportError, match=r"arithmetic [0-9a-f]{12}, not abc"):
        compute.perform({**own, "arithmetic": "abc"}, common, job)


def test_worker_computes_with_one_thread(bench):
    """Pools of two threads have one while a worker computes, and two again behind it."""
    import sklearn.ensemble  # noqa: F401  (loads OpenMP)

    common, job = pickle.dumps((most_threads, None)), pickle.dumps(None)
    compute._pools.cache_clear()
    with threadpool_limits(2):
        assert most_threads(None, None) == 2
        assert compute.perform(compute.environment(), common, job) == 1
        assert most_threads(None, None) == 2


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{free}", "tcp://127.0.0.1:{mute}", "nowhere"])
def test_scheduler_that_does_not_answer_is_told_soon(address, monkeypatch):
    """Nobody at the address, somebody who is silent, and no address: each in words, and soon."""
    monkeypatch.setattr(compute, "PATIENCE", 1)
    with socket.socket() as mute, socket.socket() as free:
        for one in (mute, free):
            one.bind((HERE, 0))
        mute.listen()
        ports = {"mute": mute.getsockname()[1], "free": free.getsockname()[1]}
        address = address.format(**ports)
        monkeypatch.setenv(compute.ADDRESS, address)
        began = time.monotonic()
        with pytest.raises(ComputeError, match=f"COMPUTE_ADDRESS={address}: no Dask scheduler"):
            list(compute.each(most_threads, None, [1]))
        assert time.monotonic() - began < 20


def test_absent_package_is_told_with_the_command_that_installs_it(monkeypatch):
    """An address without the extra names the extra."""
    monkeypatch.setenv(compute.ADDRESS, "tcp://127.0.0.1:8786")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ComputeError, match=r"not installed.*pip install .*\[dask\]"):
        list(compute.each(most_threads, None, [1]))
