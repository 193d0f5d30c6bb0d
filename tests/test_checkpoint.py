"""Finished trials that survive a killed process, and change no bit of what comes out."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT, SCHEMA, customers

from stages.lib import trials
from stages.lib.learners import Learner
from stages.lib.ratios import checkpoint
from stages.lib.tables.schema import Schema
from stages.lib.trials import Trial

MODELS = {"a": Learner(kind="linear"), "b": Learner(kind="linear", C=0.1)}
JOBS = [Trial(model, np.arange(100 + seed), seed, ("tune",)) for model in "ab" for seed in (0, 1)]
SCRIPT = """
import hashlib, sys, time

from test_checkpoint import JOBS, bits, checkpoint, draw, trials

plain = trials.scores

def counted(shared, jobs):
    for number, job in enumerate(jobs):
        if sys.argv[2] == "slow" and number == 2:
            time.sleep(600)
        yield from plain(shared, [job])
    print(len(jobs), "computed")

trials.scores = counted
with checkpoint.kept(sys.argv[1]) as run:
    found = list(run(draw(), JOBS))
print(hashlib.sha256(repr(bits(found)).encode()).hexdigest())
"""


def draw(models=MODELS, seed=0):
    """Return a small bench."""
    scored = {"tune": customers(80, seed=9), "holdout": customers(60, seed=8)}
    schema = Schema.model_validate(SCHEMA)
    return trials.bench(schema, models, "roc_auc", customers(120, seed=seed), scored)


@pytest.fixture
def computed(monkeypatch):
    """Return a list to which the number of trials that are computed is added by call."""
    counts, plain = [], trials.scores

    def counted(shared, jobs):
        counts.append(len(jobs))
        return plain(shared, jobs)

    monkeypatch.setattr(trials, "scores", counted)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    return counts


def interrupted(folder, *calls):
    """Run trials as a stage does that fails behind them."""
    with pytest.raises(KeyboardInterrupt), checkpoint.kept(folder) as run:
        found = [list(run(shared, jobs)) for shared, jobs in calls]
        raise KeyboardInterrupt
    return found


def bits(found):
    """Return scores as bytes."""
    return [
        {name: (one.value.hex(), one.influence.tobytes()) for name, one in scores.items()}
        for scores in found
    ]


@pytest.mark.slow
def test_killed_process_starts_where_it_was(tmp_path):
    """A process killed behind its second of four trials leaves two; the next computes two."""
    folder, other = tmp_path / "kept", tmp_path / "other"

    def start(where, pace):
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(where), pace],
            env={**os.environ, "LOKY_MAX_CPU_COUNT": "1", "PYTHONPATH": f"{ROOT}:{ROOT}/tests"},
            stdout=subprocess.PIPE,
            text=True,
        )

    killed = start(folder, "slow")
    try:
        until = time.monotonic() + 60
        while len(list(folder.rglob("*.npz"))) < 2:
            assert time.monotonic() < until and killed.poll() is None
            time.sleep(0.05)
    finally:
        killed.kill()
        killed.communicate()
    again, undisturbed = start(folder, "fast"), start(other, "fast")
    told, expected = again.communicate()[0].split("\n"), undisturbed.communicate()[0].split("\n")
    assert (told[0], expected[0]) == ("2 computed", "4 computed")
    assert told[1] == expected[1] != ""
    assert not folder.exists() and not other.exists()


def test_kept_trials_are_the_computed_ones_to_the_last_bit(tmp_path, computed):
    """What is read is what was computed, and what is computed without a folder."""
    shared = draw()
    plain = trials.run(shared, JOBS)
    [first] = interrupted(tmp_path / "kept", (shared, JOBS))
    with checkpoint.kept(tmp_path / "kept") as run:
        again = list(run(shared, JOBS))
    assert computed == [4, 4, 0]
    assert bits(plain) == bits(first) == bits(again)
    assert not (tmp_path / "kept").exists()


def test_equal_trials_are_computed_once(tmp_path, computed):
    """A trial that is asked for twice is one fit, and stands at both places."""
    shared, jobs = draw(), [JOBS[0], JOBS[1], JOBS[0]]
    with checkpoint.kept(tmp_path / "kept") as run:
        found = list(run(shared, jobs))
    assert computed == [2]
    assert bits(found) == bits([*found[:2], found[0]])
    assert bits(found[:1]) != bits(found[1:2])


@pytest.mark.parametrize(
    "change",
    [
        {"model": "b"},
        {"rows": np.arange(99)},
        {"rows": np.arange(100)[::-1]},
        {"seed": 7},
        {"on": ("holdout",)},
    ],
)
def test_another_trial_is_computed(tmp_path, computed, change):
    """Model, rows, seed and slices are each part of what a trial is."""
    shared = draw()
    interrupted(tmp_path, (shared, JOBS[:1]), (shared, [JOBS[0]._replace(**change)]))
    assert computed == [1, 1]


@pytest.mark.parametrize("part", ["x", "y", "scored", "metric", "code"])
def test_another_bench_is_computed_and_replaces_the_one_left(tmp_path, computed, part, monkeypatch):
    """Rows, scored rows, metric and code count; what they leave behind goes with the next run."""
    shared = draw()
    interrupted(tmp_path, (shared, JOBS))
    [left] = tmp_path.glob("*")
    if part == "code":
        monkeypatch.setattr(checkpoint.compute, "environment", lambda: {"numpy": "0"})
    changed = {
        "x": shared.x + 1,
        "y": 1 - shared.y,
        "scored": {name: (x, 1 - y) for name, (x, y) in shared.scored.items()},
        "metric": "accuracy",
    }
    other = shared._replace(**{name: value for name, value in changed.items() if name == part})
    interrupted(tmp_path, (other, JOBS))
    assert computed == [4, 4]
    assert len(list(tmp_path.glob("*"))) == 1
    assert not left.exists()


def test_several_benches_of_one_run_are_all_kept(tmp_path, computed):
    """A second bench of the same run drives out neither the first nor its own earlier trials."""
    first, second = draw(), draw(seed=5)
    interrupted(tmp_path, (first, JOBS), (second, JOBS[:2]))
    interrupted(tmp_path, (first, JOBS), (second, JOBS))
    assert computed == [4, 2, 0, 2]


@pytest.mark.parametrize("damage", ["short", "flipped", "empty", "other", "shape", "pickle"])
def test_damaged_file_is_computed_again(tmp_path, computed, damage):
    """A file that is cut, altered or somebody else's is ignored, and replaced by a good one."""
    shared, jobs = draw(), JOBS[:1]
    [expected] = interrupted(tmp_path, (shared, jobs))
    [path] = tmp_path.rglob("*.npz")
    content = path.read_bytes()
    if damage == "short":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :])
    elif damage in ("empty", "other"):
        path.write_bytes(b"" if damage == "empty" else b"not an archive")
    elif damage == "shape":
        np.savez(path, **{"values": np.array([0.5]), "0": np.zeros(3)})
    else:
        np.savez(path, **{"values": np.array([0.5]), "0": np.array([{}] * 80)})
    for _ in range(2):
        [found] = interrupted(tmp_path, (shared, jobs))
        assert bits(found) == bits(expected)
    assert computed == [1, 1, 0]


def test_nothing_to_run_leaves_nothing(tmp_path, computed):
    """A block that runs no trial, or no list of them, ends well."""
    with checkpoint.kept(tmp_path / "kept") as run:
        assert list(run(draw(), [])) == []
    assert not (tmp_path / "kept").exists()
