"""What differs between two tables row by row, and whether the rows added are like the others."""

from ...lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ...lib.drift import comparison
from ...lib.drift.incoming import Incoming
from ...lib.tables.schema import Schema

FEWEST = 20  # rows that a distribution is told of
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, which spreads small numbers


class Rows(NamedTuple):
    """Rows that differ between two tables, and the columns that only one has."""

    added: int
    removed: int
    changed: int | None  # None where no column tells which row is which
    by: str | None  # the column that does
    cells: dict[str, int]  # rows that changed in it, by column
    columns_added: list[str]
    columns_removed: list[str]


class Moved(NamedTuple):
    """How rows that were added differ from those that were there."""

    rows: int  # that were added
    columns: dict[str, list[str]]  # those that moved, and in what
    together: bool | None  # whether the columns moved together; None: too few rows to tell


def compare(before: pd.DataFrame, after: pd.DataFrame, by: str | None) -> Rows:
    """Return the rows added, removed and changed.

    Told apart by the column `by`, where both tables have it with no value missing or twice; else
    a row that changed is one removed and one added. Columns of one side only do not count.
    """
    common = _common(before, after)
    old, new = _alike(before[common], after[common])
    known = _known(before, after, by)
    gone, come = (~np.isin(*pair) for pair in _pairs(old, new, known))
    cells, changed = _changed(old[~gone], new[~come], known) if known else ({}, None)
    return Rows(
        added=int(come.sum()),
        removed=int(gone.sum()),
        changed=changed,
        by=known,
        cells=cells,
        columns_added=[str(name) for name in after.columns if name not in common],
        columns_removed=[str(name) for name in before.columns if name not in common],
    )


def drift(
    before: pd.DataFrame, after: pd.DataFrame, by: str | None, schema: Schema, level: float
) -> Moved | None:
    """Compare the rows that were added with the table before, as `monitor` would.

    So two samples are compared that share no row. None where a side has fewer than 20 rows, or
    the target is another. That cells keep to the schema is `ingest`'s business.
    """
    common = _common(before, after)
    old, new = _alike(before[common], after[common])
    _, pair = _pairs(old, new, _known(before, after, by))
    more = after[~np.isin(*pair)].reset_index(drop=True)
    if min(len(before), len(more)) < FEWEST:
        return None
    numeric = pd.api.types.is_numeric_dtype
    shared = {
        name: column
        for name, column in schema.columns.items()
        if name in common and numeric(before[name]) == numeric(after[name]) == column.numeric
    }
    names = [name for name in schema.modelled if name in shared]
    if all(column.role != "target" for column in shared.values()):
        return None
    arrived = more[names]
    outside = pd.DataFrame(False, index=arrived.index, columns=names)
    own = schema.model_copy(update={"columns": shared, "rules": ()})
    found = comparison.compare(before, Incoming(arrived, outside, 1, []), own, level)
    return Moved(
        rows=len(more),
        columns={shift.column: list(shift.why) for shift in found.columns if shift.moved},
        together=found.joint.moved if found.joint else None,
    )


def _common(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    return [name for name in before.columns if name in after.columns]


def _known(before: pd.DataFrame, after: pd.DataFrame, by: str | None) -> str | None:
    """Return `by` where it tells rows apart."""
    sides = [frame[by] for frame in (before, after) if by in frame]
    return (
        by if len(sides) == 2 and all(one.is_unique and not one.hasnans for one in sides) else None
    )


def _pairs(
    old: pd.DataFrame, new: pd.DataFrame, by: str | None
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return marks of the rows, equal where two rows are the same one: old and new, and back."""
    one, other = (_keys(frame[[by]]) if by else _numbered(_keys(frame)) for frame in (old, new))
    return (one, other), (other, one)


def _numbered(keys: np.ndarray) -> np.ndarray:
    """Return a mark for the first row of a kind, another for the second, and so on."""
    place = pd.Series(keys).groupby(keys).cumcount().to_numpy(np.uint64)
    return keys + place * _ODD


def _changed(old: pd.DataFrame, new: pd.DataFrame, by: str) -> tuple[dict[str, int], int]:
    """Return how many rows that both tables have changed in each column, and in any."""
    new = new.set_index(by).loc[old[by]].reset_index()
    differs = {
        str(name): _keys(old[[name]]) != _keys(new[[name]]) for name in old.columns if name != by
    }
    in_any = np.any(list(differs.values()), axis=0) if differs else np.zeros(len(old), bool)
    return {name: int(one.sum()) for name, one in differs.items() if one.any()}, int(in_any.sum())


def _alike(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with each column in one type, so that equal values are equal."""
    frames: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for name in one.columns:
        sides = (one[name], other[name])
        numeric = all(pd.api.types.is_numeric_dtype(side) for side in sides)
        dates = all(pd.api.types.is_datetime64_any_dtype(side) for side in sides)
        for frame, side in zip(frames, sides, strict=True):
            if numeric:
                frame[name] = side.astype("float64").to_numpy() + 0.0  # -0.0 becomes 0.0
            elif dates:
                frame[name] = side.astype("datetime64[ns]").to_numpy()
            else:
                frame[name] = side.astype(object).where(side.notna(), "\0").astype(str).to_numpy()
    whole = [pd.DataFrame(frame, index=range(len(side))) for frame, side in zip(
        frames, (one, other), strict=True)]  # fmt: skip
    return whole[0], whole[1]


def _keys(frame: pd.DataFrame) -> np.ndarray:
    """Return a 64-bit hash per row; rows of no column are all alike."""
    if not len(frame.columns):
        return np.zeros(len(frame), np.uint64)
    return pd.util.hash_pandas_object(frame, index=False).to_numpy()
