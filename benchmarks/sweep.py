"""What a sweep costs, beside the loop over scikit-learn that a person would write."""

import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from stages.lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import numpy as np

from stages.lib import trials
from stages.lib.base import files, params
from stages.lib.learners import Learners
from stages.lib.mixes.ground import prepare as grounded
from stages.lib.ratios import checkpoint, sweep
from stages.lib.ratios.sweep import Sweep
from stages.lib.tables import table

from . import cost, population
from .cost import ROOT

WAYS = {
    "loop": "the loop",
    "single": "the loop, one thread",
    "one": "the sweep, one process",
    "two": "the sweep, two processes",
    "dask": "the sweep, a Dask cluster of two processes",
    "kept": "the sweep, two processes, finished fits kept",
    "resumed": "the same, killed half-way and run again: the second run",
}
KEPT = "unfinished"  # folder of finished fits
SAME = 1e-9  # scores that differ less are equal


class Size(NamedTuple):
    """How many rows there are of each kind, and what is trained on them."""

    train: int
    synthetic: int
    ratios: tuple[float, ...]
    seeds: int
    tune: int = 600
    holdout: int = 9_000


SIZES = {
    "example": Size(300, 6_000, (0, 0.25, 0.5, 0.67, 0.8, 0.9), 10),
    "larger": Size(10_000, 40_000, (0, 0.25, 0.5, 0.67, 0.8), 5),
}
QUICK = {"quick": Size(100, 200, (0, 0.5), 2, tune=100, holdout=200)}


def measure(*, quick: bool) -> dict[str, Any]:
    """Return what each way cost at each size.

    Raises SystemExit where a way ends with an error, or with other scores than the loop.
    """
    return {"sizes": {name: _ways(size) for name, size in (QUICK if quick else SIZES).items()}}


def _ways(size: Size) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fits = prepare(folder, size)
        costs = {way: run(way, folder) for way in ("loop", "single", "one", "two", "kept")}
        costs["dask"] = clustered(folder)
        kill(folder, fits // 2)
        costs["resumed"] = run("kept", folder)
        told = {path.stem: files.read_json(path) for path in folder.glob("scores/*.json")}
    apart = float(np.max([difference(told["loop"], found) for found in told.values()]))
    if not apart <= SAME:
        raise SystemExit(
            f"sweep: scores differ from the loop's by up to {apart:.2g}; expected {SAME:g} at most"
        )
    rows = {"train": size.train, "synthetic": size.synthetic, "scored": size.tune + size.holdout}
    ways = {way: costs[way]._asdict() for way in WAYS}
    return {**rows, "fits": fits, "ways": ways, "apart": apart}


def prepare(folder: Path, size: Size) -> int:
    """Write the rows and what is asked, and return how many fits that is.

    The real rows are random ones of Adult, the synthetic ones naive Bayes learned from train's.
    """
    adult = population.adult()
    order = np.random.default_rng(0).permutation(len(adult))
    ends = np.cumsum([size.train, size.tune, size.holdout])
    parts = np.split(order, ends)[: len(ends)]
    train, tune, holdout = (table.rows(adult, np.sort(part)) for part in parts)
    made = population.batch(train, size.synthetic)
    frames = {"train": train, "tune": tune, "holdout": holdout, "synthetic": made}
    for name, frame in frames.items():
        files.write_parquet(frame, folder / f"{name}.parquet")
    models = population.params()["models"]
    asked = {
        "ratios": list(size.ratios),
        "seeds": size.seeds,
        **population.task(train, population.declared(), models),
    }
    files.write_json(asked, folder / "task.json", exact=True)
    (folder / "scores").mkdir()
    return len(size.ratios) * size.seeds * len(models)


def run(way: str, folder: Path, **environment: str) -> cost.Cost:
    """Run one way in a process of its own, which writes scores/<way>.json."""
    return cost.run(_command(way, folder), log=folder / "printed.log", **_few(way), **environment)


def clustered(folder: Path) -> cost.Cost:
    """Run the sweep on two worker processes that were there before; memory is without theirs."""
    from distributed import LocalCluster

    asked = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(host="127.0.0.1", local_directory=str(folder), **asked) as cluster:
        cluster.wait_for_workers(2)
        return run("dask", folder, COMPUTE_ADDRESS=cluster.scheduler_address)


def kill(folder: Path, after: int) -> None:
    """Start a sweep that keeps finished fits, and kill it when so many are there."""
    process = cost.started(_command("kept", folder), log=folder / "printed.log", **_few("kept"))
    while process.poll() is None and len([*folder.glob(f"{KEPT}/**/*.npz")]) < after:
        time.sleep(0.01)
    if process.poll() is not None:
        raise SystemExit("sweep: it ended before it could be killed")
    cost.stop(process)


def _command(way: str, folder: Path) -> list[str]:
    module = "benchmarks.loop" if way in ("loop", "single") else "benchmarks.sweep"
    return cost.python(module, str(folder), way)


def _few(way: str) -> dict[str, str]:
    if way == "single":
        return {"OMP_NUM_THREADS": "1"}
    return {} if way == "loop" else {"LOKY_MAX_CPU_COUNT": "1" if way == "one" else "2"}


def swept(folder: Path, kept: Path | None) -> dict[str, float]:
    """Return the mean of each ratio, model and slice, as the loop does."""
    task = files.read_json(folder / "task.json")
    declared = population.declared()
    train, synthetic, tune, held = (
        files.read_parquet(folder / f"{name}.parquet")
        for name in ("train", "synthetic", "tune", "holdout")
    )
    models = params.load("models", Learners, ROOT / params.FILE)
    asked = params.load("sweep", Sweep, ROOT / params.FILE).model_copy(
        update={"ratios": task["ratios"], "seeds": task["seeds"], "refine": False}
    )
    with checkpoint.kept(kept) if kept else nullcontext(trials.scores) as run_trials:
        ground = grounded(
            train,
            {"synthetic": synthetic},
            {"tune": tune, "holdout": held},
            declared,
            models,
            "roc_auc",
            asked=None,
            real_only=next(iter(models)),
            policy="add",
            seeds=asked.seeds,
            run=run_trials,
        )
        ((_, curve),) = sweep.curves(ground, {"synthetic": ["synthetic"]}, asked)
    return {
        f"{ratio:g} {model} {split}": own.value
        for (ratio, model), scores in curve.every.items()
        for split, own in scores.items()
    }


def difference(one: dict[str, float], other: dict[str, float]) -> float:
    """Return the greatest difference of two ways' scores; not a number where one has none."""
    if one.keys() != other.keys():
        return float("nan")
    return float(np.max([abs(one[key] - other[key]) for key in one]))


def section(found: dict[str, Any]) -> str:
    """Return what was found, as Markdown."""
    parts = []
    for name, size in found["sizes"].items():
        loop = size["ways"]["loop"]
        parts += [
            f"{name}: {size['train']:,} real rows, {size['synthetic']:,} synthetic ones, "
            f"{size['fits']} fits, each scored on {size['scored']:,} rows; scores equal the "
            f"loop's to {size['apart']:.1g}.\n",
            "| way | seconds | loop's time over it | peak memory, MB |",
            "|---|---:|---:|---:|",
        ]
        parts += [
            f"| {WAYS[way]} | {one['seconds']:.1f} | {loop['seconds'] / one['seconds']:.2f} "
            f"| {one['peak_mb']:,.0f} |"
            for way, one in size["ways"].items()
        ]
        parts.append("")
    return _SECTION.format(tables="\n".join(parts))


_SECTION = """\
## The sweep

{tables}
The rows are those of `data/adult.csv.gz` in random order, and what naive Bayes makes of the train
among them; the models are those of `params.yaml`. All ways draw the same rows with the same
seeds, and the command ends with an error where a mean score over the seeds differs from the
loop's by more than 1e-9.

- **the loop** is [loop.py](loop.py): for each ratio, model and seed a scikit-learn pipeline on
  the rows drawn, one after the other, with as many threads as scikit-learn takes by itself, and
  `roc_auc_score` on tune and on the holdout. **One thread**: the same with `OMP_NUM_THREADS=1`.
- **the sweep** is `ground.prepare` and `sweep.curves` of `stages/lib`, with one thread a process.
  Beside the scores it computes their intervals.
- **Dask**: the workers were there before; memory is without theirs.
- **finished fits kept**: with a folder of finished fits, as the stage has it. The killed run was
  ended (SIGKILL, its workers with it) when half of the fits were in the folder.
"""


if __name__ == "__main__":
    place, asked = Path(sys.argv[1]), sys.argv[2]
    scores = swept(place, place / KEPT if asked == "kept" else None)
    files.write_json(scores, place / f"scores/{asked}.json", exact=True)
