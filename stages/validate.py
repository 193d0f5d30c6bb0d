"""Stage validate: one batch against the gates of fidelity, utility and privacy."""

import sys

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import condition, files, holdout, params, provenance, schema, thresholds, validation
from .lib.batches import Slices
from .lib.errors import run
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.thresholds import Gates, Priority
from .lib.validation import Real

SEED = 0  # of the samples that statistics are taken on


def main() -> None:
    """Write metrics/validate/<batch>.json and data/validation/<batch>/, its tables."""
    name = sys.argv[1]
    asked, priority = params.load("gates", Gates), params.load("brief.priority", Priority)
    held = thresholds.rules(asked, priority)
    declared = schema.load("data/schema.yaml")
    batch, record = provenance.read(f"data/synthetic/{name}.parquet")
    train, tune, pool = (
        files.read_parquet(f"data/{part}.parquet")[declared.modelled]
        for part in ("train", "tune", "pool")
    )
    locked = holdout.read(params.load("freeze.locked", Lock | None))[declared.modelled]
    real = Real(train, holdout.deciding(tune, locked), locked, pool)
    text = record["slice"].get("where")
    where = condition.parse(text) if text else None
    slices = params.load("slices", Slices)
    found = validation.examine(
        batch[declared.modelled],
        real,
        declared,
        where=where,
        slices={key: one.condition for key, one in slices.items() if one.condition},
        models=params.load("models", Learners),
        metric=params.load("brief.metric", str),
        seeds=params.load("sweep.seeds", int),
        promise=record["privacy"],
        seed=SEED,
    )
    rows = {part: int(condition.holds(where, rows).sum()) for part, rows in real._asdict().items()}
    told = validation.record(found, held, rows, decided_on=holdout.decided_on(tune))
    files.write_json({"batch": name, **told}, f"metrics/validate/{name}.json")
    tables = {key: table for one in found["tune"] for key, table in one.tables.items()}
    for key, table in tables.items():
        files.write_csv(table.assign(batch=name), f"data/validation/{name}/{key}.csv")
    for check in told["checks"]:
        print(f"{check['verdict']:>12}  {check['reason']}")


if __name__ == "__main__":
    run(main)
