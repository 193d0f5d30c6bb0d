"""Stage admit: for each slice the simplest generator whose batch passed every gate."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import shutil
from pathlib import Path

import pandas as pd

from .lib import admission, batches, provenance, returns
from .lib.admission import Admit
from .lib.base import files, params
from .lib.base.errors import run
from .lib.batches import Batch, Slices
from .lib.generators.registry import Specs
from .lib.tables import schema, table

BY_GENERATOR = ["data/training", "metrics/fit"]
BY_BATCH = ["data/preview", "data/synthetic", "data/validation"]
BY_BATCH += ["metrics/preview", "metrics/provenance", "metrics/validate"]
TABLES = ("columns", "pairs", "tails", "classes", "attacks", "distances")


def main() -> None:
    """Write metrics/admit.json, the tables of all validations, and the record of batches."""
    generators = params.load("generators", Specs)
    slices = params.load("slices", Slices)
    every = batches.every(generators, slices)
    _remove_others(BY_BATCH, {batch.name for batch in every})
    _remove_others(BY_GENERATOR, set(generators))
    found = {batch.name: files.read_json(f"metrics/validate/{batch.name}.json") for batch in every}
    decision = admission.decide(every, found, params.load("admit", Admit).exclude)
    files.write_json(decision, "metrics/admit.json")
    for name in TABLES:
        files.write_csv(_together(every, name), f"metrics/{name}.csv")
    _record([batch for batch in every if batch.name in decision["admitted"]], slices)
    for name, told in decision["batches"].items():
        print(f"{told['status']:>12}  {name}")


def _record(admitted: list[Batch], slices: Slices) -> None:
    """Add the admitted batches to the record, which stage ingest reads when the table changes."""
    modelled = schema.load("data/schema.yaml").modelled
    real, train = (files.read_parquet(f"data/{name}.parquet") for name in ("real", "train"))
    lines = []
    for batch in admitted:
        labelled, record = provenance.read(f"data/synthetic/{batch.name}.parquet")
        where = slices[batch.slice].condition
        made, sha256 = labelled[modelled], record["sha256"]
        lines.append(returns.line(batch.name, sha256, made, table=real, train=train, where=where))
    path = Path(returns.PATH)
    files.write_text(returns.grown(files.read_text(path) if path.exists() else "", lines), path)


def _together(every: list[Batch], name: str) -> pd.DataFrame:
    return table.below(
        [files.read_csv(f"data/validation/{batch.name}/{name}.csv") for batch in every]
    )


def _remove_others(folders: list[str], names: set[str]) -> None:
    """Remove what params.yaml no longer asks for: DVC leaves it in place without a word.

    Rows stay in DVC's cache and metrics in git's history.
    """
    for path in sorted(path for folder in folders for path in Path(folder).glob("[!.]*")):
        if path.name.split(".")[0] not in names:
            print(f"removed {path}: params.yaml no longer asks for it")
            shutil.rmtree(path) if path.is_dir() else path.unlink()


if __name__ == "__main__":
    run(main)
