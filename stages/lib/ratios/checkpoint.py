"""Finished trials kept on disk while others run, so that a killed stage starts where it was."""

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .. import compute, learners, trials
from ..base import files
from ..base.errors import StaleError
from ..scoring import Score
from ..trials import Bench, Trial

Run = Callable[[Bench, Sequence[Trial]], Iterator[dict[str, Score]]]
_DAMAGE = (  # what reading a file that nobody wrote whole may raise
    *(OSError, EOFError, LookupError, RuntimeError, TypeError, ValueError),
    *(zipfile.BadZipFile, zlib.error),
)
_CHUNK = 65_536  # rows of a matrix that are hashed at a time


@contextmanager
def kept(folder: str | Path) -> Iterator[Run]:
    """Yield a `trials.scores` that keeps each finished trial in `folder`, and takes up those kept.

    A trial is known by everything that its scores depend on, so they are the same with and
    without the folder; equal trials of one call run once. The folder goes when the block ends,
    and stays where an error or a kill ends it. To have it bounded, benches that an earlier run
    left go as soon as this one brings a bench that is not among them: its inputs are others.
    """
    root = Path(folder)
    left = set(root.glob("*"))

    def run(shared: Bench, jobs: Sequence[Trial]) -> Iterator[dict[str, Score]]:
        own = root / _of_bench(shared)
        if own in left:
            left.remove(own)
        elif not own.exists():
            _remove(left)
            left.clear()
        paths = [own / f"{_of_trial(shared, job)}.npz" for job in jobs]
        wanted = dict(zip(paths, jobs, strict=True))
        missing = {path: job for path, job in wanted.items() if not _read(path, shared, job)}
        computed = iter(trials.scores(shared, list(missing.values())))
        for path, job in zip(paths, jobs, strict=True):
            if missing.pop(path, None):
                scores = next(computed)
                _write(scores, path)
                yield scores
            else:
                yield _read(path, shared, job) or next(trials.scores(shared, [job]))
        next(computed, None)  # it ends, and lets its workers go

    yield run
    _remove([root])


def _read(path: Path, shared: Bench, trial: Trial) -> dict[str, Score] | None:
    """Return the scores in a file; None where there is none, or something else."""
    try:
        arrays = files.read_arrays(path)
        values = arrays["values"].tolist()
        scores = {
            name: Score(value, arrays[str(place)])
            for place, (name, value) in enumerate(zip(trial.on, values, strict=True))
        }
    except (StaleError, *_DAMAGE):
        return None
    whole = all(
        one.influence.dtype == np.float64 and one.influence.shape == shared.scored[name][1].shape
        for name, one in scores.items()
    )
    return scores if whole else None


def _write(scores: dict[str, Score], path: Path) -> None:
    arrays = {str(place): one.influence for place, one in enumerate(scores.values())}
    files.write_arrays({"values": np.array([one.value for one in scores.values()]), **arrays}, path)


def _of_bench(shared: Bench) -> str:
    """Return the SHA-256 of what all trials of a bench depend on, code and packages included."""
    names = sorted(shared.scored)
    told = {
        "environment": compute.environment(),
        "task": shared.task,
        "metric": shared.metric,
        "classes": shared.classes,
        "known": shared.known,
        "levels": learners.levels(shared.encoder),
        "scored": names,
    }
    state = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    scored = [array for name in names for array in shared.scored[name]]
    for array in (shared.x, shared.y, *scored):
        _update(state, array)
    return state.hexdigest()


def _of_trial(shared: Bench, trial: Trial) -> str:
    model = shared.models[trial.model].model_dump(mode="json")
    told = {"model": model, "seed": trial.seed, "on": trial.on}
    state = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    _update(state, trial.rows)
    return state.hexdigest()


def _update(state: Any, array: np.ndarray) -> None:
    state.update(f"\x1f{array.dtype.str}{array.shape}".encode())
    for start in range(0, len(array), _CHUNK):
        state.update(np.ascontiguousarray(array[start : start + _CHUNK]).tobytes())


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)
