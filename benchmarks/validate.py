"""What validating a batch costs, beside SDMetrics on the same rows.

`python -m benchmarks.validate` measures all runs, `python -m benchmarks.validate 30000 sdmetrics`
those that are named; both write validate.json and VALIDATE.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from stages.lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
import pandas as pd
import psutil
import yaml

from stages.lib import files, provenance, schema, table
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.provenance import Record

from .generators import machine

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGE = ROOT / "benchmarks/validate.json", ROOT / "benchmarks/VALIDATE.md"

SDMETRICS = "sdmetrics"
COMPARED = 30_000  # rows of the run that SDMetrics is measured beside
SUBSAMPLE = 10_000  # rows of its DCROverfittingProtection: on all it would take hours
RUNS = ["30000", SDMETRICS, "100000", "1000000"]
BATCH = "benchmark-everything"
PAUSE = 0.05  # seconds between two looks at the memory
MB = 2**20


def main() -> None:
    """Measure the runs named on the command line, all by default, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.validate", description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=", ".join(RUNS))
    parser.add_argument("--here", metavar="FOLDER", help=argparse.SUPPRESS)  # in this process
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(sdmetrics(Path(arguments.here))))
        return
    for name in arguments.runs or RUNS:
        if name not in RUNS:
            parser.error(f"{name!r} is unknown; choices: {', '.join(RUNS)}")
    for name in arguments.runs or RUNS:
        results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
        results[name] = measure(name)
        ordered = {key: results[key] for key in RUNS if key in results}
        files.write_json(ordered, RESULTS)
        files.write_text(page(ordered), PAGE)
        cost = results[name]
        print(f"{name}: {cost['seconds']:.0f} s, {cost['peak_mb']:,.0f} MB {cost['told']}")


def measure(name: str) -> dict[str, Any]:
    """Return what one run cost, in a process of its own and those that it starts."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        prepare(project, COMPARED if name == SDMETRICS else int(name))
        command = [sys.executable, "-m", "stages.validate", BATCH]
        if name == SDMETRICS:
            command = [sys.executable, "-m", "benchmarks.validate", "--here", folder]
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT if name == SDMETRICS else project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(PAUSE)
        seconds = time.perf_counter() - start
        out = process.stdout.read() if process.stdout else ""
        if process.returncode:
            raise SystemExit(f"{name} ended with exit code {process.returncode}")
        told = json.loads(out.splitlines()[-1]) if name == SDMETRICS else headlines(project)
    return {"seconds": seconds, "peak_mb": peak / MB, "told": told, "machine": machine()}


def prepare(project: Path, count: int) -> None:
    """Write a project in which a batch of `count` rows waits to be validated.

    The real rows are drawn from a population that can be as large as asked: CART learned from
    Adult. The batch comes from naive Bayes, learned from as many of them.
    """
    declared = schema.load(ROOT / "data/schema.yaml")
    adult = table.read(ROOT / "data/adult.csv.gz", declared)[declared.modelled]
    population = registry.make("population", Spec(family="cart")).fit(adult, declared, seed=0)
    sizes = {"train": count, "tune": count // 2, "holdout": count // 2, "pool": count // 2}
    for seed, (part, rows) in enumerate(sizes.items()):
        frame = population.sample(rows, seed=seed)
        files.write_parquet(frame, project / f"data/{part}.parquet")
        if part == "train":
            maker = registry.make("benchmark", Spec(family="naive_bayes"))
            made = maker.fit(frame, declared, seed=0).sample(count, seed=0)
    shutil.copy(ROOT / "data/schema.yaml", project / "data/schema.yaml")
    params = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    params["freeze"]["locked"] = None
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    record = Record(
        batch=BATCH,
        generator={"name": "benchmark", "family": "naive_bayes", "parameters": {}, "seed": 0},
        slice={"name": "everything", "purpose": "a benchmark"},
        seed=0,
        rows={"asked": count, "generated": count, "kept": count},
        verifiers={"schema": {"seen": count, "kept": count}},
        train={"rows": count, "sha256": "not of the pipeline"},
        schema_sha256="not of the pipeline",
        code_sha256={"fit": "not of the pipeline"},
        versions={"python": "not of the pipeline"},
        preview={"verdict": "pass"},
        synthetic_share=1.0,
        privacy=None,
    )
    path, beside = f"data/synthetic/{BATCH}.parquet", f"metrics/provenance/{BATCH}.json"
    provenance.write([made], lambda: record, project / path, project / beside)


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


def headlines(project: Path) -> dict[str, float]:
    """Return the numbers that stand at the top of the record."""
    found = files.read_json(project / f"metrics/validate/{BATCH}.json")
    return {key: value for key, value in found.items() if isinstance(value, float)}


def sdmetrics(project: Path) -> dict[str, float]:
    """Return what SDMetrics finds of the same rows."""
    warnings.simplefilter("ignore")  # what it says on import is not ours
    from sdmetrics.reports.single_table import QualityReport
    from sdmetrics.single_table import DCROverfittingProtection

    declared = schema.load(project / "data/schema.yaml")
    train, holdout = (
        _plain(pd.read_parquet(project / f"data/{part}.parquet")) for part in ("train", "holdout")
    )
    made = _plain(pd.read_parquet(project / f"data/synthetic/{BATCH}.parquet"))[train.columns]
    kinds = {
        name: {"sdtype": "numerical" if declared.columns[name].numeric else "categorical"}
        for name in train.columns
    }
    metadata = {"columns": kinds}
    report = QualityReport()
    report.generate(train, made, metadata, verbose=False)
    protection = DCROverfittingProtection.compute_breakdown(
        train, made, holdout, {"tables": {"t": metadata}}, "t", num_rows_subsample=SUBSAMPLE
    )
    return {"quality": report.get_score(), "dcr_protection": protection["score"]}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return categories as texts, which is how SDMetrics knows them."""
    return frame.apply(
        lambda values: values.astype(object) if values.dtype == "category" else values
    )


def page(results: dict[str, Any]) -> str:
    """Return the Markdown page."""
    lines = ["| run | rows | seconds | peak memory, MB |", "|---|---:|---:|---:|"]
    for name, found in results.items():
        told = "SDMetrics" if name == SDMETRICS else "dvc-synth"
        count = COMPARED if name == SDMETRICS else int(name)
        lines.append(f"| {told} | {count:,} | {found['seconds']:.0f} | {found['peak_mb']:,.0f} |")
    machines = {found["machine"]: None for found in results.values()}
    told = results.get(SDMETRICS, {}).get("told", {})
    scores = ", ".join(f"{name} {score:.3f}" for name, score in told.items())
    return _PAGE.format(
        table="\n".join(lines),
        subsample=SUBSAMPLE,
        scores=scores or "not measured",
        machines="\n".join(f"- {one}" for one in machines),
    )


_PAGE = """\
# What validating a batch costs

{table}

Each run is one batch of so many rows and 14 columns, judged against as many rows of train and half
as many of tune, holdout and pool; all from files to files, imports included. The real rows come
from CART learned from `data/adult.csv.gz`, so that there can be a million of them, and the batch
from naive Bayes learned from train.

- **dvc-synth**: the whole stage `validate`, with the models, seeds and gates of `params.yaml`.
- **SDMetrics**: QualityReport on all rows, and DCROverfittingProtection on {subsample:,} random
  rows of each table (its time grows with the square of them). Its scores: {scores}.

Seconds are those of the clock; dvc-synth runs two processes on two cores, SDMetrics one. Memory is
the greatest sum, over the process and those it started, of proportional set sizes, in which what
two share is counted once.

Measured with:

{machines}

`python -m benchmarks.validate RUN` makes one line again; the runs are 30000, sdmetrics, 100000 and
1000000.
"""


if __name__ == "__main__":
    main()
