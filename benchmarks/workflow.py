"""The whole workflow, beside the notebook that a person would write instead."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from stages.lib.base import files
from stages.lib.quality.thresholds import MEASURES
from stages.lib.tables import schema

from . import newcomer, population
from .cost import python, run

SIZES, QUICK = (1_000, 10_000, 30_000), (300,)  # rows of train
SHARES = {"train": 0.55, "tune": 0.2, "holdout": 0.25}  # of the table, as `dvc-synth init` has them
SPARE = 1.5  # rows drawn for each that is needed, since those that repeat another are dropped
TRIED: dict[str, Any] = {"ratios": [0, 0.25, 0.5, 0.67, 0.8], "seeds": 5}
QUICK_TRIED: dict[str, Any] = {"ratios": [0, 0.5], "seeds": 2}
MADE = 4  # synthetic rows for each of train, which the greatest ratio takes
GENERATOR = {"family": "sdv", "seed": 1, "kind": "gaussian_copula"}
BATCH = "gaussian_copula-everything"
TARGET = "income"
SAME = 1e-5  # a score in metrics/curve.csv has six digits
# Threads wait for each other where anything else runs: so that company cannot flatter us, one too.
THREADS: dict[str, dict[str, str]] = {"notebook": {}, "single": {"OMP_NUM_THREADS": "1"}}
STEPS = {  # of the notebook
    "synthesize": "fit and sample",
    "quality": "quality report",
    "dcr": "DCR",
    "discriminator": "discriminator",
    "utility": "TSTR, TRTR",
    "sweep": "loop over ratios",
}


def measure(*, quick: bool) -> dict[str, Any]:
    """Return what both cost at each size.

    Raises SystemExit where one ends with an error, where ours left its sweep out, or where the two
    do not score the models on real rows alone alike.
    """
    sizes, tried = (QUICK, QUICK_TRIED) if quick else (SIZES, TRIED)
    return {"tried": tried, "sizes": {str(rows): _both(rows, tried) for rows in sizes}}


def _both(rows: int, tried: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project, notebook = folder / "project", folder / "notebook"
        around, log = newcomer.surroundings(folder / "home"), folder / "printed.log"
        parts = prepare(project, rows, tried, log, around)
        ours = run(python("dvc", "repro"), project, log=log, **around)
        hand_over(project, notebook)
        command, costs, told = python("benchmarks.notebook", str(notebook)), {"ours": ours}, {}
        for way, few in THREADS.items():
            costs[way] = run(command, notebook, log=log, **around, **few)
            told[way] = files.read_json(notebook / "notebook.json")
        quicker = min(THREADS, key=lambda way: costs[way].seconds)
        apart = float(
            np.max([difference(project, one["scores"]["sweep"]) for one in told.values()])
        )
    if not apart <= SAME:
        raise SystemExit(
            f"workflow: scores of real rows alone differ by {apart:.2g}; expected {SAME:g} at most"
        )
    ways = {way: cost._asdict() for way, cost in costs.items()}
    return {"rows": parts, "ways": ways, "apart": apart, "quicker": quicker, **told[quicker]}


def prepare(
    project: Path, rows: int, tried: dict[str, Any], log: Path, around: dict[str, str]
) -> dict[str, int]:
    """Write a repository that waits for `dvc repro`, and return the rows of its real slices."""
    parts = {part: round(rows * share / SHARES["train"]) for part, share in SHARES.items()}
    needed = sum(parts.values())
    (table,) = population.rows(round(SPARE * needed))
    newcomer.begin(project, table.drop_duplicates().head(needed), TARGET, log, around)
    file = project / "params.yaml"
    params = yaml.safe_load(file.read_text("utf-8"))
    params["freeze"] |= parts
    params["generators"] = {GENERATOR["kind"]: GENERATOR}
    params["slices"]["everything"]["rows"] = MADE * rows
    params["sweep"] |= tried
    for name, measured in MEASURES.items():  # the batch would fail, and nothing be tried with it
        params["gates"][measured.gate][name] = None
    file.write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    return parts


def hand_over(project: Path, notebook: Path) -> None:
    """Give the notebook the slices that ours has carved, and what it is to do with them.

    Raises SystemExit where ours has not done all of it.
    """
    admitted = files.read_json(project / "metrics/admit.json")["admitted"]
    if admitted != [BATCH] or not (project / "HANDOFF.md").is_file():
        raise SystemExit(f"workflow: ours admitted {admitted}; expected {BATCH} and HANDOFF.md")
    notebook.mkdir()
    for name in SHARES:
        shutil.copy(project / f"data/{name}.parquet", notebook)
    params = yaml.safe_load((project / "params.yaml").read_text("utf-8"))
    declared = schema.load(project / "data/schema.yaml")
    train = files.read_parquet(notebook / "train.parquet")
    task = {
        **{name: params["sweep"][name] for name in TRIED},
        "synthetic": params["slices"]["everything"]["rows"],
        **population.task(train, declared, params["models"]),
    }
    files.write_json(task, notebook / "task.json", exact=True)


def difference(project: Path, scores: dict[str, float]) -> float:
    """Return how far apart the two score models on real rows alone; NaN where one has no score."""
    curve = pd.read_csv(project / "metrics/curve.csv")
    curve = curve[curve["ratio"] == 0]
    ours = dict(zip("0 " + curve["model"] + " " + curve["split"], curve["mean"], strict=True))
    theirs = {name: score for name, score in scores.items() if name.startswith("0 ")}
    if ours.keys() != theirs.keys():
        return float("nan")
    return float(np.max([abs(ours[name] - theirs[name]) for name in ours]))


def section(found: dict[str, Any]) -> str:
    """Return what was found, as Markdown."""
    costs, steps, subsamples = [], [], []
    for size in found["sizes"].values():
        ours, notebook, single = (size["ways"][way] for way in ("ours", *THREADS))
        quicker, seconds = size["ways"][size["quicker"]], size["seconds"]
        rows = f"{size['rows']['train']:,}"
        costs.append(
            f"| {rows} | {ours['seconds']:.0f} | {notebook['seconds']:.0f} "
            f"| {single['seconds']:.0f} | {quicker['seconds'] / ours['seconds']:.2f} "
            f"| {ours['peak_mb']:,.0f} | {notebook['peak_mb']:,.0f} |"
        )
        rest = quicker["seconds"] - sum(seconds.values())
        told = " | ".join(f"{taken:.1f}" for taken in [*(seconds[step] for step in STEPS), rest])
        steps.append(f"| {rows} | {told} |")
        subsamples.append(f"{size['scores']['dcr']['rows']:,} at {rows}")
    return _SECTION.format(
        costs="\n".join(costs),
        head=f"| rows | {' | '.join(STEPS.values())} | imports, reading |",
        line="|---:" * (len(STEPS) + 2) + "|",
        steps="\n".join(steps),
        subsamples=", ".join(subsamples),
        ratios=", ".join(f"{ratio:g}" for ratio in found["tried"]["ratios"]),
        seeds=found["tried"]["seeds"],
        made=MADE,
        apart=max(size["apart"] for size in found["sizes"].values()),
        same=SAME,
    )


_SECTION = """\
## The workflow, beside the notebook it replaces

| rows | ours, s | notebook, s | the same, one thread, s | notebook's time over ours | ours MB \
| notebook MB |
|---:|---:|---:|---:|---:|---:|---:|
{costs}

Rows are those of train; the notebook's time over ours is that of the quicker of its two runs, whose
seconds by step are:

{head}
{line}
{steps}

The table is drawn from CART learned from `data/adult.csv.gz`, 14 columns, no row twice, and carved
into train, tune and holdout by 55 : 20 : 25, as `dvc-synth init` has it of a small table; no row is
left for a pool. Both have the same slices, make {made} synthetic rows for each of train with SDV's
Gaussian copula alone, and try the ratios {ratios} with {seeds} seeds and two models,
boosting and logistic regression, scored by ROC AUC on tune and on the holdout.

- **ours** is one `dvc repro` in a new repository, from table.csv to HANDOFF.md and report.html,
  with the parameters that `dvc-synth init` writes but for the above and the gates; `init` is not
  counted. Beside what the notebook does it checks the table, tries cheap remedies and smaller
  trains, takes every measure of docs/validation.md but shadow models, attacks on membership and
  attributes among them, trains the mix anew for the report, and the final model, and keeps a record
  in `dvc.lock` and `metrics/`. Scores and measures have intervals, paired where they are compared.
  Where there are more rows, it takes random ones: at most 10,000 a side for distances and attacks,
  5,000 to tell synthetic rows from real ones, 20,000 for TSTR and TRTR.
- **the gates** are `null` in `params.yaml`: every measure is taken and none is judged. The defaults
  quarantine a batch of this generator in the example (`metrics/admit.json`); the sweep would then
  train on no synthetic row, and ours would do less than the notebook.
- **the notebook** is [notebook.py](notebook.py), with SDV, SDMetrics and scikit-learn alone: the
  synthesizer, QualityReport on all rows, DCROverfittingProtection, a discriminator (boosting, five
  folds, all of train and as many synthetic rows), TSTR and TRTR of boosting on the holdout with one
  seed, and the loop over ratios, models and seeds. It has no intervals, no paired comparison, no
  attack on membership or attributes, no remedies, no smaller trains, no choice of a ratio, no final
  model, and no record but its scores.
- **DCR** is of equally many random rows of train, of the synthetic ones and of the holdout: as many
  as the smallest of them has, at most 10,000 ({subsamples}).

Ours has a process per core with one thread each, the notebook one process with as many threads as
its libraries take, and once more with `OMP_NUM_THREADS=1`. On real rows alone the two give the
models the same scores, to {apart:.1g}, and the command ends with an error above {same:g}. Above
ratio 0 they learn from other synthetic rows, and are not compared.
"""
