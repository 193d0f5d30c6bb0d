"""Stage monitor: whether rows that arrived still look like those the generators learned from."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import pandas as pd

from .lib import models
from .lib.base import files, params
from .lib.base.errors import run
from .lib.drift import comparison, current, incoming, words
from .lib.drift.comparison import Monitor
from .lib.drift.current import Standing
from .lib.tables import schema
from .lib.tables.schema import Schema


def main() -> None:
    """Write metrics/drift.json from whatever lies in the folder of incoming rows."""
    asked = params.load("monitor", Monitor)
    drop = params.load("ingest.drop_duplicates", bool)
    declared = schema.load("data/schema.yaml")
    arrived = incoming.read(asked.incoming, declared, drop_duplicates=drop)
    drift, standing, notes = None, None, list(arrived.notes)
    if len(arrived.frame):
        train = files.read_parquet("data/train.parquet")
        drift = comparison.compare(train, arrived, declared, asked.level)
        standing, why = _standing(train, arrived.frame, declared)
        notes += [*drift.notes, *filter(None, [why])]
    told = words.told(arrived, drift, standing, asked.level, declared, notes)
    files.write_json(told, "metrics/drift.json")
    print(f"{told['rows']:,} rows arrived; columns that moved: {told['moved'] or 'none'}")
    for line in words.unseen(drift, declared) if drift else []:
        print(f"new categories of {line}")
    print(told["advice"])


def _standing(
    train: pd.DataFrame, arrived: pd.DataFrame, declared: Schema
) -> tuple[Standing | None, str]:
    target = declared.target
    if target not in arrived:
        return None, ""
    known = []
    if not declared.columns[target].numeric:
        trained, tune = (files.read_parquet(f"data/{name}.parquet") for name in ("blend", "tune"))
        known = current.classes(trained[target], train[target], tune[target])
    told = files.read_json("metrics/blend.json")
    return current.score(models.load_skops("models/final.skops"), arrived, known, told, declared)


if __name__ == "__main__":
    run(main)
