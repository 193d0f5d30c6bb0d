"""The real table: read with its declared kinds, stacked, and encoded for models."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from ..base.errors import TableError, listed
from . import raw
from .schema import Column, Read, Schema, broken, expected, valid

ORIGIN, BATCH = "_origin", "_batch"  # labels that every synthetic row carries

_DECIMALS = 6  # numbers with more of them are taken to have any number
_EXACT = 2.0**53  # integers above this lose digits in a float64
_LARGE = 1e30  # squares and sums of numbers above this, and models in single precision, overflow
_DAY_AND_MONTH = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ]\d")
_TODAY = re.compile(
    r"now|today|\d{1,2}:\d{2}(:\d{2}([.,]\d*)?)?( ?[ap]m)?( ?(z|utc|[+-][\d:]+))?", re.IGNORECASE
)


class Typed(NamedTuple):
    """Cells in the types of their columns."""

    frame: pd.DataFrame
    untyped: pd.DataFrame  # of the same shape: True where a cell is there and has no type


def read(
    path: str | Path, schema: Schema, *, whole: bool = True, labelled: bool = False
) -> pd.DataFrame:
    """Read a raw table, CSV (also compressed) or Parquet, as the schema declares it.

    Numbers and integers become float64 (missing: NaN), dates datetime64, all else categories in
    sorted order. Ignored columns are left out; where the table need not be `whole`, so are those
    that it lacks. Rows may carry our labels where `labelled` is set: the column `_origin` then
    says of each row whether it is real. Raises TableError that tells every problem.
    """
    if not Path(path).is_file():
        raise TableError(f"{path} is not a file; set `data.path` in params.yaml to the real table")
    return checked(cells(path, schema), str(path), schema, whole=whole, labelled=labelled)


def checked(
    found: pd.DataFrame, path: str, schema: Schema, *, whole: bool = True, labelled: bool = False
) -> pd.DataFrame:
    """Return the text cells of the table at `path` as `read` does, and raise what it raises."""
    problems = list(_column_problems(found, schema, whole=whole, labelled=labelled))
    if problems:
        raise TableError(listed(path, problems))
    labels = found[found.columns.intersection([ORIGIN, BATCH])]
    found = found[[name for name in schema.kept if name in found.columns]]
    if found.empty:
        raise TableError(f"{path} has a header and no rows; at least two slices of rows are needed")
    frame, untyped = typed(found, schema)
    wrong = untyped | ~valid(frame, schema)
    for name in frame.columns:
        large = _large(found[name][wrong[name]], schema.columns[name], schema.read.decimal)
        problems += _cell_problems(name, schema.columns[name], wrong[name], large)
    if not problems:
        problems += _rule_problems(frame, schema)
    problems += _label_problems(labels)
    if problems:
        raise TableError(listed(path, problems))
    return frame if labels.columns.empty else frame.assign(**{ORIGIN: _origins(labels)})


def cells(path: str | Path, schema: Schema) -> pd.DataFrame:
    """Return every cell of a CSV (also compressed) or Parquet file as text, missing ones as "".

    Raises TableError where it cannot be read.
    """
    try:
        return raw.cells(path, schema.read)
    except TableError as error:
        raise TableError(f"{path} {error}") from None


def typed(cells: pd.DataFrame, schema: Schema) -> Typed:
    """Return cells that are text in the types of their columns, blanks around them stripped.

    Empty ones and the schema's markers are missing values.
    """
    names = [str(name) for name in cells.columns]
    found = {name: _column(cells[name], schema.columns[name], schema.read) for name in names}
    return Typed(
        pd.DataFrame({name: values for name, (values, _) in found.items()}, index=cells.index),
        pd.DataFrame({name: bad for name, (_, bad) in found.items()}, index=cells.index),
    )


def _column(cells: pd.Series, column: Column, read: Read) -> tuple[pd.Series, pd.Series]:
    """Return a column in its type, and which of its cells are there and have none.

    Each different cell is looked at once: there are far fewer than rows.
    """
    codes, uniques = pd.factorize(cells)
    texts = pd.Series([text.strip() for text in uniques], dtype=object)
    known = texts.mask(texts.isin(["", *read.missing]))
    values, bad = _typed_as(known, column, read.decimal)
    untyped = (bad & known.notna()).reindex(codes, fill_value=False)
    return values.reindex(codes).set_axis(cells.index), untyped.set_axis(cells.index)


def _column_problems(
    cells: pd.DataFrame, schema: Schema, *, whole: bool, labelled: bool
) -> Iterator[str]:
    labels = [name for name in cells.columns if name in (ORIGIN, BATCH)]
    if labels and not labelled:
        yield (
            f"column {labels[0]!r} marks rows that an earlier cycle generated; "
            "synthetic rows must not come back as real ones: remove them"
            + (", or set `ingest.generated: count` in params.yaml" if whole else "")
        )
    held = [mark for mark in ";\t|," if mark in cells.columns[0] and len(cells.columns) == 1]
    if held:
        yield f"it has one column; is {held[0]!r} between its cells? then set `read.delimiter`"
    for name in cells.columns.difference([*schema.columns, *labels], sort=False):
        yield f"column {name!r} is not declared; add it to data/schema.yaml (or `role: ignore`)"
    for name in schema.columns:
        if whole and name not in cells.columns:
            yield f"column {name!r} is declared in data/schema.yaml and not in the table"


def _label_problems(labels: pd.DataFrame) -> Iterator[str]:
    if ORIGIN in labels.columns:
        unknown = ~labels[ORIGIN].str.strip().isin(["real", "synthetic", ""])
        if unknown.any():
            yield (
                f"column {ORIGIN!r}: {unknown.sum()} cells are neither real nor synthetic; "
                f"{numbered(unknown)}"
            )


def _origins(labels: pd.DataFrame) -> pd.Categorical:
    """Return what a row's labels say: one without `_origin` is synthetic if it has a batch."""
    cells = labels.apply(lambda column: column.str.strip())
    batch = cells[BATCH] != "" if BATCH in cells.columns else pd.Series(False, cells.index)
    origin = cells[ORIGIN] if ORIGIN in cells.columns else pd.Series("", cells.index)
    return pd.Categorical(origin.mask(origin == "", batch.map({True: "synthetic", False: "real"})))


def _typed_as(values: pd.Series, column: Column, decimal: str) -> tuple[pd.Series, pd.Series]:
    """Return cells that are text, or missing, in the type of their column, and which have none."""
    if column.numeric:
        known = values.dropna()
        numbers = pd.Series([_number(text, decimal) for text in known], known.index, "float64")
        numbers = numbers.reindex(values.index)
        return numbers, ~(numbers.abs() < _limit(column))
    if column.kind == "date":
        dates = _dates(values, told_apart=column.role == "time")
        return dates, dates.isna()
    levels = sorted(values.dropna().unique())
    return values.astype(pd.CategoricalDtype(levels)), pd.Series(False, index=values.index)


def _number(text: str, decimal: str) -> float:
    """Return what a cell holds, NaN if it is no number.

    pandas.to_numeric 2.3 ends the whole process on some cells, such as 83180e7672235620.
    """
    if decimal != ".":  # a point in it then stands between thousands
        text = text.replace(".", "_").replace(decimal, ".")
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan


def _dates(values: pd.Series, *, told_apart: bool) -> pd.Series:
    """Return cells as dates, missing where they are none.

    A time without a day is none: pandas would take today's. Of day and month that one comes first
    of which a cell of the column shows it; where none does, or both, and they have to be
    `told_apart`, such cells are no dates.
    """
    texts = pd.Series(values.dropna().unique(), dtype=str)
    pairs = texts.str.extract(_DAY_AND_MONTH).dropna().astype(int)
    day_first, month_first = (bool((pairs[place] > 12).any()) for place in (0, 1))
    known = values.mask(values.isin(texts[texts.str.fullmatch(_TODAY)]))
    if told_apart and day_first == month_first:
        known = known.mask(known.isin(texts[pairs.index[pairs[0] != pairs[1]]]))
    dates = pd.to_datetime(
        known, errors="coerce", format="mixed", utc=True, dayfirst=day_first and not month_first
    )
    return dates.dt.tz_localize(None)


def _limit(column: Column) -> float:
    return _EXACT if column.kind == "integer" else _LARGE


def _large(cells: pd.Series, column: Column, decimal: str) -> int:
    """Return how many cells are numbers, and too large to be counted with."""
    if not column.numeric:
        return 0
    size = cells.map(lambda text: abs(_number(text.strip(), decimal))).astype("float64")
    return int(((size >= _limit(column)) & (size < np.inf)).sum())


def _cell_problems(name: str, column: Column, bad: pd.Series, large: int) -> Iterator[str]:
    if bad.any():
        limit = "2^53" if column.kind == "integer" else f"{_LARGE:g}"
        told = f" ({large} too large: below {limit}; an id is `kind: text`)" if large else ""
        yield (
            f"column {name!r}: {bad.sum()} cells are not {expected(column)}{told}; {numbered(bad)}"
        )


def _rule_problems(frame: pd.DataFrame, schema: Schema) -> Iterator[str]:
    try:
        for rule, wrong in broken(frame, schema).items():
            if wrong.all():
                yield f"rule {rule!r}: no row keeps to it; mend the rule in data/schema.yaml"
            elif wrong.any():
                yield f"rule {rule!r}: {wrong.sum()} rows break it; {numbered(wrong)}"
    except ValueError as error:
        yield f"rule {error}"


def numbered(wrong: np.ndarray | pd.Series) -> str:
    """Say which rows are wrong, counted from 1 below the header; their values may be sensitive."""
    places = np.flatnonzero(wrong)
    return f"rows {', '.join(str(row + 1) for row in places[:5])}" + ", …" * (len(places) > 5)


def stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return tables of the same columns one below the other, categories united and sorted."""
    columns = {}
    for name in frames[0].columns:
        parts = [frame[name] for frame in frames]
        if isinstance(parts[0].dtype, pd.CategoricalDtype):
            columns[name] = pd.Series(union_categoricals(parts, sort_categories=True))
        else:
            columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns)


def below(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return tables of results one below the other; empty ones, which know no types, add none."""
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def rows(frame: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """Return the rows at integer `places`, categories that none of them holds removed."""
    part = frame.iloc[places].reset_index(drop=True)
    for name in part.columns:
        if isinstance(part[name].dtype, pd.CategoricalDtype):
            part[name] = part[name].cat.remove_unused_categories()
    return part


def decimals(numbers: np.ndarray) -> int | None:
    """Return how many decimals the numbers have at most, None where they have any number."""
    known = numbers[~np.isnan(numbers)]
    exact = (d for d in range(_DECIMALS + 1) if (np.round(known, d) == known).all())
    return next(exact, None)


def places(values: np.ndarray, column: Column) -> int | None:
    """Return how many decimals made numbers of a column have, None for any, or for a category."""
    if not column.numeric:
        return None
    return 0 if column.kind == "integer" else decimals(values)
