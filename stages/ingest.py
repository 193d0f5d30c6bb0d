"""Stage ingest: the real table, checked against its declared schema."""

import numpy as np

from .lib import files, params, rows, schema, table
from .lib.errors import TableError, run


def main() -> None:
    """Write data/real.parquet and metrics/ingest.json."""
    path = params.load("data.path", str)
    drop = params.load("ingest.drop_duplicates", bool)
    declared = schema.load("data/schema.yaml")
    read = table.read(path, declared)
    labelled = read[read[declared.target].notna()]
    if labelled[declared.target].nunique() < 2:
        raise TableError(
            f"{path}: the target {declared.target!r} has "
            f"{labelled[declared.target].nunique()} values; a model needs two or more to tell apart"
        )
    repeated = rows.repeated(labelled)
    real = table.rows(labelled, np.flatnonzero(~(repeated & drop)))
    files.write_parquet(real, "data/real.parquet")
    files.write_json(
        {
            "rows_read": len(read),
            "rows_without_target": len(read) - len(labelled),
            "duplicates": int(repeated.sum()),
            "duplicates_dropped": drop,
            "rows": len(real),
            "columns": len(real.columns),
            "missing_cells": int(real.isna().sum().sum()),
            "sha256": rows.digest(real),
        },
        "metrics/ingest.json",
    )
    print(f"{len(real):,} real rows, {repeated.sum():,} exact duplicates")


if __name__ == "__main__":
    run(main)
