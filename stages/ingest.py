"""Stage ingest: the real table, checked against its declared schema and earlier batches."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from pathlib import Path

import numpy as np
import pandas as pd

from .lib import returns
from .lib.base import files, params
from .lib.base.errors import TableError, run
from .lib.base.params import Section
from .lib.returns import Ingest
from .lib.tables import rows, schema, table
from .lib.tables.schema import Schema
from .lib.tables.table import ORIGIN

MOST = 500  # classes of a target: boosting grows a tree for each, a hundred times over


class Data(Section):
    """The section `data` of params.yaml."""

    path: str
    """The real table: CSV (also compressed), Parquet or Excel; from the repository's root."""


def main() -> None:
    """Write data/real.parquet and metrics/ingest.json.

    Keys of metrics/ingest.json:

    - `rows_read`: rows of the file
    - `rows_without_target`: of these, left out for lack of a label
    - `duplicates`: of the others, those that equal another in every column
    - `duplicates_dropped`: whether they were left out
    - `rows`, `columns`: of the table that is left
    - `rows_generated`: of its rows, those that an earlier cycle made
    - `real_fraction`: the part that no generator made
    - `missing_cells`: cells of it without a value
    - `sha256`: hash of its rows
    """
    path = params.load("data", Data).path
    asked = params.load("ingest", Ingest)
    counting = asked.generated == "count"
    declared = schema.load("data/schema.yaml")
    read = table.read(path, declared, labelled=counting)
    labelled = read[read[declared.target].notna()]
    made = labelled.get(ORIGIN, pd.Series("real", labelled.index)).eq("synthetic").to_numpy()
    labelled = labelled[[name for name in declared.kept if name in labelled.columns]]
    repeated = _repeated(labelled, made)
    kept = np.flatnonzero(~(repeated & asked.drop_duplicates))
    real, made = table.rows(labelled, kept), made[kept]
    matches = [match for match in returns.compare(real, _record()) if match.found or match.lacking]
    returned = [match for match in matches if match.returned]
    if not counting:
        places = np.flatnonzero(read[declared.target].notna())[kept]
        returns.refuse(path, returned, places, len(read))
    for match in returned:
        made = made | match.suspects
    _check_target(path, real.loc[~made, declared.target], declared)
    fraction = returns.check_fraction(path, made, asked.min_real_fraction)
    whole = real.assign(**{ORIGIN: pd.Categorical(_origin(made))}) if made.any() else real
    files.write_parquet(whole, "data/real.parquet")
    files.write_json(
        {
            "rows_read": len(read),
            "rows_without_target": int(read[declared.target].isna().sum()),
            "duplicates": int(repeated.sum()),
            "duplicates_dropped": asked.drop_duplicates,
            "rows": len(real),
            "rows_generated": int(made.sum()),
            "real_fraction": fraction,
            "columns": len(real.columns),
            "missing_cells": int(real.isna().sum().sum()),
            "sha256": rows.digest(whole),
        },
        "metrics/ingest.json",
    )
    print(f"{(~made).sum():,} real rows, {repeated.sum():,} exact duplicates")
    print(*(returns.told(match) for match in matches), sep="\n", end="\n" * bool(matches))
    if made.any():
        print(f"{made.sum():,} rows are counted as synthetic")


def _check_target(path: str, target: pd.Series, declared: Schema) -> None:
    """Raise TableError where a model could not learn the target."""
    values, name = target.nunique(), declared.target
    if values < 2:
        raise TableError(
            f"{path}: the target {name!r} has {values} values; a model needs two or more to tell "
            "apart"
        )
    if not declared.columns[name].numeric and values > MOST:
        raise TableError(
            f"{path}: the target {name!r} has {values:,} classes in {len(target):,} rows, and up "
            f"to {MOST} are told apart; join the rare ones, or, where it is a quantity, declare "
            "`kind: number` in data/schema.yaml"
        )


def _record() -> list[returns.Line]:
    """Read which batches there were.

    No dep in dvc.yaml: stage admit writes the file, and DVC would see a circle. A line that is
    added changes nothing for the table at hand: it says how that table compares with the batch,
    and rows are refused only where there are more of them than it says.
    """
    path = Path(returns.PATH)
    return returns.parse(files.read_text(path)) if path.exists() else []


def _repeated(frame: pd.DataFrame, made: np.ndarray) -> np.ndarray:
    """Return which rows repeat another; of a real and a synthetic one the real one stays."""
    order = np.argsort(made, kind="stable")
    repeated = np.empty(len(frame), bool)
    repeated[order] = rows.repeated(frame.iloc[order])
    return repeated


def _origin(made: np.ndarray) -> np.ndarray:
    return np.where(made, "synthetic", "real")


if __name__ == "__main__":
    run(main)
