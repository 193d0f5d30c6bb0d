"""Stage validate: one batch against the gates of fidelity, utility and privacy."""

from functools import partial
from typing import Any

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import numpy as np
import pandas as pd
from joblib import cpu_count

from .lib import holdout, provenance
from .lib.base import files, params
from .lib.base.errors import argument, run
from .lib.batches import Slices
from .lib.generators import registry
from .lib.generators.registry import Spec
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.measure import Findings
from .lib.quality import thresholds, validation
from .lib.quality.privacy import shadow
from .lib.quality.privacy.shadow import Shadow
from .lib.quality.thresholds import Gates, Priority
from .lib.quality.validation import Real
from .lib.tables import condition, schema
from .lib.tables.condition import Condition
from .lib.tables.schema import Schema

SEED = 0  # of the samples that statistics are taken on


def main() -> None:
    """Write metrics/validate/<batch>.json and data/validation/<batch>/, its tables."""
    name = argument("a batch")
    asked = params.load("gates", Gates | None) or Gates()
    priority = params.load("brief.priority", Priority)
    metric = params.load("brief.metric", str)
    held = thresholds.rules(asked, priority, metric)
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
        metric=metric,
        seeds=params.load("sweep.seeds", int),
        promise=record["privacy"],
        seed=SEED,
    )
    if asked.privacy.shadow:
        attacked = _attacked(
            record["generator"], batch[declared.modelled], real, declared, where,
            asked.privacy.shadow,
        )  # fmt: skip
        found["tune"].append(attacked)
    if tune.empty:
        found["holdout"] = []  # it was decided on: there is nothing to report apart
    slices_read = {"train": train, "tune": tune, "holdout": locked, "pool": pool}
    rows = {part: int(condition.holds(where, own).sum()) for part, own in slices_read.items()}
    told = validation.record(found, held, rows, decided_on=holdout.decided_on(tune))
    files.write_json({"batch": name, **told}, f"metrics/validate/{name}.json")
    tables = {key: table for one in found["tune"] for key, table in one.tables.items()}
    for key, table in tables.items():
        files.write_csv(table.assign(batch=name), f"data/validation/{name}/{key}.csv")
    for check in told["checks"]:
        print(f"{check['verdict']:>12}  {check['reason']}")


def _attacked(
    made: dict[str, Any],
    batch: pd.DataFrame,
    real: Real,
    declared: Schema,
    where: Condition | None,
    asked: Shadow,
) -> Findings:
    """Attack the generator with shadow models, and say before it what that costs."""
    spec = Spec(family=made["family"], **made["parameters"])
    make = partial(registry.make, made["name"], spec)
    if shadow.left_out(spec.family, make()) is None:
        once = shadow.seconds(make, real.train, declared, len(batch), where)
        print(shadow.cost(asked, once, cpu_count()), flush=True)
    rng = np.random.default_rng(SEED)
    return shadow.attack(
        make, spec.family, batch, real.train, real.pool, declared, asked, rng, where=where
    )


if __name__ == "__main__":
    run(main)
