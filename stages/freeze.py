"""Stage freeze: train, tune and the locked holdout, carved once from the real table."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from pathlib import Path
from typing import Any

import pandas as pd

from .lib import holdout
from .lib.base import files, params
from .lib.base.errors import run
from .lib.tables import rows, schema
from .lib.tables.schema import Schema


def main() -> None:
    """Write the slices as data/<slice>.parquet, data/returned.parquet and metrics/freeze.json.

    Keys of metrics/freeze.json:

    - `table_sha256`: hash of the rows that were split
    - `split`: how, in words
    - `seed`: of the split
    - `locked`: `freeze.locked`; null where the holdout is not locked
    - `optimistic`: whether there is no tune, so that choices are made on the holdout
    - `slices`: for train, tune, holdout and pool the `rows`, their hash `sha256`, and of a
      categorical target how many rows of each of its `classes`
    """
    freeze = params.load("freeze", holdout.Freeze)
    declared = schema.load("data/schema.yaml")
    whole = files.read_parquet("data/real.parquet")
    real, made = holdout.apart(whole)
    kept = files.read_parquet(holdout.PATH) if Path(holdout.PATH).exists() else None
    slices = holdout.carve(real, declared, freeze, kept)
    for name, part in slices._asdict().items():
        files.write_parquet(part, f"data/{name}.parquet")
    returned = holdout.learnable(made, slices, declared, freeze.seed)
    files.write_parquet(returned, "data/returned.parquet")
    files.write_json(
        {
            "table_sha256": rows.digest(whole),
            "split": holdout.manner(declared),
            "seed": freeze.seed,
            "locked": freeze.locked.model_dump() if freeze.locked else None,
            "optimistic": slices.tune.empty,
            "slices": {
                name: _described(part, declared, real) for name, part in slices._asdict().items()
            },
        },
        "metrics/freeze.json",
    )
    print(", ".join(f"{name} {len(part):,}" for name, part in slices._asdict().items()))
    if len(returned):
        print(f"{len(returned):,} rows that earlier generators made are learned from with train")
    if freeze.locked is None:
        digest = rows.digest(slices.holdout)
        print(f"holdout not locked, which `dvc-synth lock` does; its sha256 is {digest}")


def _described(part: pd.DataFrame, declared: Schema, real: pd.DataFrame) -> dict[str, Any]:
    described: dict[str, Any] = {"rows": len(part), "sha256": rows.digest(part)}
    target = declared.target
    if not declared.columns[target].numeric:
        counts = part[target].astype(str).value_counts().sort_index()
        every = list(real[target].astype(str).unique())
        labels = declared.shown(target, list(counts.index), every)
        described["classes"] = dict(zip(labels, counts.tolist(), strict=True))
    return described


if __name__ == "__main__":
    run(main)
