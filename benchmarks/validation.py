"""What validating a batch costs, and its parts beside their nearest peers in SDMetrics."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from stages.lib import provenance
from stages.lib.base import files

from . import cost, population
from .cost import ROOT

SIZES = (30_000, 100_000, 1_000_000)
COMPARED = 10_000  # rows of either side that the parts are measured on
BATCH = "benchmark-everything"
SAME = 1e-6  # values that differ less are equal

PARTS = {  # what ours computes, and what the peer does
    "columns": ("distance of every column's distribution", "ColumnShapes"),
    "pairs": ("association of every pair of columns, in both tables", "ColumnPairTrends"),
    "copies": ("share of rows that equal a training row", "NewRowSynthesis"),
    "distances": ("DCR and NNDR, exact, each row to all", "calculate_dcr (DCR alone)"),
    "discriminator": (
        "boosting, cross-fitted, batch and real rows in its place, interval, columns that give it "
        "away",
        "LogisticDetection",
    ),
    "attribute": (
        "forest and nearest row for each sensitive column, on members and others, with intervals",
        "DisclosureProtectionEstimate",
    ),
}


def measure(*, quick: bool) -> dict[str, Any]:
    """Return the cost of the stage at each size, and that of its parts beside the peers'.

    Raises SystemExit where a value that both compute differs.
    """
    stage = {}
    for count in (1_000,) if quick else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            project(Path(folder), count)
            command, log = cost.python("stages.validate", BATCH), Path(folder) / "printed.log"
            stage[str(count)] = cost.run(command, Path(folder), log=log)._asdict()
    compared = 300 if quick else COMPARED
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, tune = population.rows(compared, compared)
        made = population.batch(train, compared)
        for part, frame in {"train": train, "tune": tune, "batch": made}.items():
            files.write_parquet(frame, folder / f"{part}.parquet")
        command = cost.python("benchmarks.peers", str(folder), str(compared))
        cost.run(command, log=folder / "printed.log")
        parts = files.read_json(folder / "peers.json")
    for part, found in parts.items():
        if found["apart"] is not None and not found["apart"] <= SAME:
            raise SystemExit(
                f"validation: {part} differs from SDMetrics by {found['apart']:.2g}; "
                f"expected {SAME:g} at most"
            )
    return {"stage": stage, "compared": compared, "parts": parts}


def project(folder: Path, count: int) -> None:
    """Write a project in which a batch of `count` rows waits to be validated."""
    parts = dict(
        zip(
            ("train", "tune", "holdout", "pool"),
            population.rows(count, count // 2, count // 2, count // 2),
            strict=True,
        )
    )
    for name, frame in parts.items():
        files.write_parquet(frame, folder / f"data/{name}.parquet")
    shutil.copy(ROOT / "data/schema.yaml", folder / "data/schema.yaml")
    params = yaml.safe_dump(population.params(), sort_keys=False)
    (folder / "params.yaml").write_text(params, "utf-8")
    path, beside = f"data/synthetic/{BATCH}.parquet", f"metrics/provenance/{BATCH}.json"
    made = population.batch(parts["train"], count)
    told = population.record(BATCH, count)
    provenance.write([made], lambda: told, folder / path, folder / beside)


def section(found: dict[str, Any]) -> str:
    """Return what was found, as Markdown."""
    stage = [
        f"| {int(count):,} | {one['seconds']:.0f} | {one['peak_mb']:,.0f} |"
        for count, one in found["stage"].items()
    ]
    parts = []
    for name, (own, peer) in PARTS.items():
        one = found["parts"][name]
        ratio = one["peer_seconds"] / one["seconds"]
        apart = "–" if one["apart"] is None else f"{one['apart']:.1g}"
        parts.append(
            f"| {name}: {own} | {one['seconds']:.2f} | {peer} | {one['peer_seconds']:.2f} "
            f"| {f'{ratio:,.0f}' if ratio >= 10 else f'{ratio:.1f}'} | {apart} |"
        )
    return _SECTION.format(
        stage="\n".join(stage), parts="\n".join(parts), compared=found["compared"]
    )


_SECTION = """\
## Validation

The stage `validate` on one batch, with the models, seeds, gates and attacks of `params.yaml`:

| rows, 14 columns | seconds | peak memory, MB |
|---:|---:|---:|
{stage}

The batch has so many rows, and so has train; tune, holdout and pool have half as many each. The
real rows come from CART learned from `data/adult.csv.gz`, so that there can be a million of them,
and the batch from naive Bayes learned from train. Above some thousands of rows the stage looks at
random ones: [docs/validation.md](../docs/validation.md) says at how many.

Its parts beside their nearest peers in SDMetrics, {compared:,} × {compared:,} rows, one process
and one thread each; where both compute the same value, the greatest difference stands last, and
more than 1e-6 ends the benchmark:

| part | seconds | peer | its seconds | times as long | difference |
|---|---:|---|---:|---:|---:|
{parts}

SDMetrics leaves out rows whose value is missing, where here it is a value of its own: the
difference is of the columns that have none. The discriminator fits ten models of boosting where
its peer fits three of logistic regression.

Membership inference, singling out and linkability have no peer in SDMetrics. Anonymeter 1.1 has
the last two, and asks for numpy below 1.27, which SDV 2 and this project cannot share an
environment with.
"""
