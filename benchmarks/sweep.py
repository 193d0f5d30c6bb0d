"""What a sweep costs, beside the loop over scikit-learn that a person would write.

`python -m benchmarks.sweep` measures both sizes, `python -m benchmarks.sweep example` the one that
is named; both write sweep.json and SWEEP.md.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from stages.lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
import numpy as np
import yaml

from stages.lib import checkpoint, files, params, schema, sweep, table, trials
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.ground import prepare as grounded
from stages.lib.learners import Learners
from stages.lib.sweep import Sweep

from .generators import machine
from .validate import MB, memory

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "benchmarks/sweep.json", ROOT / "benchmarks/SWEEP.md"

WAYS = {
    "loop": "the loop",
    "single": "the loop, one thread",
    "sweep": "the sweep",
    "kept": "the sweep, finished fits kept",
    "resumed": "the same, killed half-way and run again: the second run",
}
RUN = ("loop", "single", "sweep", "kept")  # from nothing; "resumed" is the second run of "kept"
KEPT = "unfinished"  # folder of finished fits
PAUSE = 0.25  # seconds between two looks at the memory
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


def main() -> None:
    """Measure the sizes named on the command line, all by default, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.sweep", description=__doc__)
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help=", ".join(SIZES))
    parser.add_argument("--here", nargs=2, metavar=("WAY", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        way, folder = arguments.here[0], Path(arguments.here[1])
        found = swept(folder, folder / KEPT if way == "kept" else None)
        files.write_json(found, folder / f"{way}.json", exact=True)
        return
    for name in arguments.sizes or SIZES:
        if name not in SIZES:
            parser.error(f"{name!r} is unknown; choices: {', '.join(SIZES)}")
    for name in arguments.sizes or SIZES:
        results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
        results[name] = measure(SIZES[name])
        ordered = {key: results[key] for key in SIZES if key in results}
        files.write_json(ordered, RESULTS)
        files.write_text(page(ordered), PAGE)
        for way, cost in results[name]["ways"].items():
            print(f"{name}: {WAYS[way]}: {cost['seconds']:.0f} s, {cost['peak_mb']:,.0f} MB")


def measure(size: Size) -> dict[str, Any]:
    """Return what each way cost, each in a process of its own and those that it starts.

    Raises SystemExit where a way ends with an error, or with other scores than the loop.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fits = prepare(folder, size)
        ways = {way: run(way, folder) for way in RUN}
        kill(folder, fits // 2)
        ways["resumed"] = run("kept", folder)
        told = {way: files.read_json(folder / f"{way}.json") for way in RUN}
    apart = float(np.max([difference(told["loop"], found) for found in told.values()]))
    if not apart <= SAME:
        raise SystemExit(f"scores differ from the loop's by up to {apart:.2g}; expected {SAME:g}")
    rows = {"train": size.train, "synthetic": size.synthetic, "scored": size.tune + size.holdout}
    return {**rows, "fits": fits, "ways": ways, "apart": apart, "machine": machine()}


def prepare(folder: Path, size: Size) -> int:
    """Write the rows and what is asked, and return how many fits that is.

    The real rows are random ones of Adult, the synthetic ones naive Bayes learned from train's.
    """
    declared = schema.load(ROOT / "data/schema.yaml")
    adult = table.read(ROOT / "data/adult.csv.gz", declared)[declared.modelled]
    order = np.random.default_rng(0).permutation(len(adult))
    ends = np.cumsum([size.train, size.tune, size.holdout])
    parts = np.split(order, ends)[: len(ends)]
    train, tune, holdout = (table.rows(adult, np.sort(part)) for part in parts)
    made = registry.make("benchmark", Spec(family="naive_bayes")).fit(train, declared, seed=0)
    frames = {"train": train, "tune": tune, "holdout": holdout}
    for name, frame in (frames | {"synthetic": made.sample(size.synthetic, seed=0)}).items():
        files.write_parquet(frame, folder / f"{name}.parquet")
    models = yaml.safe_load((ROOT / params.FILE).read_text("utf-8"))["models"]
    asked = {
        "ratios": list(size.ratios),
        "seeds": size.seeds,
        "models": models,
        "target": declared.target,
        "positive": train[declared.target].value_counts().idxmin(),
        "categories": declared.categorical(declared.features),
        "numbers": declared.numeric(declared.features),
    }
    files.write_json(asked, folder / "task.json", exact=True)
    return len(size.ratios) * size.seeds * len(models)


def run(way: str, folder: Path) -> dict[str, float]:
    """Return the seconds that one way took, and the greatest memory of its processes."""
    peak, start = 0.0, time.perf_counter()
    process = started(way, folder)
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(PAUSE)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{WAYS[way]} ended with exit code {process.returncode}")
    return {"seconds": seconds, "peak_mb": peak / MB}


def kill(folder: Path, after: int) -> None:
    """Start a sweep that keeps finished fits, and kill it when so many are there."""
    process = started("kept", folder)
    while process.poll() is None and len([*folder.glob(f"{KEPT}/**/*.npz")]) < after:
        time.sleep(PAUSE / 10)
    if process.poll() is not None:
        raise SystemExit("the sweep ended before it could be killed")
    os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own, its workers with it
    process.wait()


def started(way: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start one way in a process of its own, which leads a group of processes."""
    # What `threads` has set here would be inherited: the loop has the threads that a person has.
    pools = ("OMP_", "OPENBLAS_", "MKL_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(pools)}
    command = ["benchmarks.sweep", "--here", way, str(folder)]
    if way in ("loop", "single"):
        command = ["benchmarks.loop", str(folder), way]
    few = {"OMP_NUM_THREADS": "1"} if way == "single" else {}
    return subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=plain | few, start_new_session=True
    )


def swept(folder: Path, kept: Path | None) -> dict[str, float]:
    """Return the mean of each ratio, model and slice, as the loop does."""
    task = files.read_json(folder / "task.json")
    declared = schema.load(ROOT / "data/schema.yaml")
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


def page(results: dict[str, Any]) -> str:
    """Return the Markdown page."""
    parts = []
    for name, found in results.items():
        loop = found["ways"]["loop"]
        parts += [
            f"{name}: {found['train']:,} real rows, {found['synthetic']:,} synthetic ones, "
            f"{found['fits']} fits, each scored on {found['scored']:,} rows; scores equal the "
            f"loop's to {found['apart']:.1g}.\n",
            "| way | seconds | loop's time over it | peak memory, MB |",
            "|---|---:|---:|---:|",
        ]
        parts += [
            f"| {WAYS[way]} | {cost['seconds']:.1f} | {loop['seconds'] / cost['seconds']:.2f} "
            f"| {cost['peak_mb']:,.0f} |"
            for way, cost in found["ways"].items()
        ]
        parts.append("")
    machines = {found["machine"]: None for found in results.values()}
    return _PAGE.format(tables="\n".join(parts), machines="\n".join(f"- {one}" for one in machines))


_PAGE = """\
# What a sweep costs

{tables}
The rows are those of `data/adult.csv.gz` in random order, and what naive Bayes makes of the train
among them; the models are those of `params.yaml`. All ways draw the same rows with the same seeds,
and the command ends with an error where a mean score over the seeds differs from the loop's by more
than 1e-9.

- **the loop** is [loop.py](loop.py): for each ratio, model and seed a scikit-learn pipeline on the
  rows drawn, one after the other, with as many threads as scikit-learn takes by itself, and
  `roc_auc_score` on tune and on the holdout.
- **the loop, one thread**: the same with `OMP_NUM_THREADS=1`.
- **the sweep** is `ground.prepare` and `sweep.curves` of `stages/lib`, with a process per core and
  one thread each. Beside the scores it computes their intervals.
- **finished fits kept**: the same with a folder of finished fits, as the stage has it. The killed
  run was ended (SIGKILL, its workers with it) when half of the fits were in the folder.

Seconds are those of the clock, from files to scores, imports included; the ways of a size ran one
after the other. Memory is the greatest sum, over the process and those it started, of proportional
set sizes, in which what two share is counted once, looked at four times a second.

Measured with:

{machines}

`python -m benchmarks.sweep SIZE` makes one table again; the sizes are example and larger.
"""


if __name__ == "__main__":
    main()
