"""How each column is distributed in the real rows and in each batch, counted in bins.

No bin tells of fewer than five real rows: rare categories are counted together, the outer bins of
numbers are open, so that no extreme shows, and a share that stands for one to four rows, or that
could be worked out from the others, is left out. Sensitive columns are not counted at all.
"""

import math
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from ..tables.schema import Column, Schema

FEWEST = 5  # real rows that a share may stand for
MOST = 30  # columns that are drawn
REAL = "real rows"
_BINS, _LABELS = 12, 10  # of a column of numbers, and of categories
_MISSING, _OTHER = "(missing)", "(all others)"


def shown(distances: pd.DataFrame, schema: Schema) -> list[str]:
    """Return the columns to draw, the most distant of any batch first.

    `distances` has column and distance, for each batch.
    """
    farthest = distances.groupby("column", sort=False)["distance"].max()
    order = farthest.sort_values(ascending=False, kind="stable").index
    open_ = [str(name) for name in order if not schema.columns[str(name)].sensitive]
    return open_[:MOST]


def count(
    real: pd.DataFrame,
    batches: Iterable[tuple[str, pd.DataFrame]],
    names: list[str],
    schema: Schema,
) -> pd.DataFrame:
    """Return column, place, bin, batch (`REAL` for the real rows) and share, between 0 and 1.

    `batches` are by name, of which one is held at a time. Every table has a line for each bin;
    the share of a bin that tells too much is missing.
    """
    cuts = {name: _cut(real[name], schema.columns[name]) for name in names}
    parts = []
    for batch, frame in chain([(REAL, real)], batches):
        for name, (cut, labels) in cuts.items():
            counts = _counted(frame[name], cut, numeric=schema.columns[name].numeric)
            share = counts / max(len(frame), 1)
            if batch == REAL:
                share[_telling(counts)] = np.nan
            own = {"column": name, "place": range(len(counts)), "bin": [*labels, _MISSING]}
            parts.append(pd.DataFrame({**own, "batch": batch, "share": share}))
    if not parts:
        return pd.DataFrame(columns=["column", "place", "bin", "batch", "share"])
    table = pd.concat(parts, ignore_index=True)
    most = table["share"].fillna(1).groupby([table["column"], table["place"]]).transform("max")
    spare = table["bin"].isin([_MISSING, _OTHER]) & most.eq(0)
    order = {name: place for place, name in enumerate(names)}
    return table[~spare].sort_values(
        "column", key=lambda column: column.map(order), kind="stable", ignore_index=True
    )


def _cut(values: pd.Series, column: Column) -> tuple[list[Any], list[str]]:
    """Return what tells the bins of a column apart, and their names."""
    if column.numeric:
        edges = _edges(values, whole=column.kind == "integer")
        return edges, _ranges(edges)
    common = _common(values)
    return common, [*common, _OTHER]


def _telling(counts: np.ndarray) -> np.ndarray:
    """Return which counts are not to be told: below `FEWEST`, and others that would give them away.

    All shares together are 1, so the sum of those left out is known: it must be that of two
    counts or more, and `FEWEST` for each of the small ones at least.
    """
    few = (counts > 0) & (counts < FEWEST)
    least = FEWEST * few.sum()
    while few.any() and (few.sum() == 1 or counts[few].sum() <= least):
        rest = np.where(few | (counts == 0), np.inf, counts)
        if not np.isfinite(rest).any():
            break
        few[int(rest.argmin())] = True
    return few


def _edges(values: pd.Series, *, whole: bool) -> list[float]:
    """Return round numbers that cut the middle 99 % into about `_BINS` bins."""
    known = values.to_numpy(dtype=float, na_value=np.nan)
    known = known[np.isfinite(known)]
    if not len(known):
        return []
    low, high = np.quantile(known, [0.005, 0.995])
    step = _round((high - low) / _BINS) if high > low else 1.0
    step = max(step, 1.0) if whole else step
    first = math.floor(low / step) + 1
    last = max(math.ceil(high / step), first)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def _round(width: float) -> float:
    """Return the least of 1, 2, 5, 10, 20, 50 … that is no less than `width`."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(step for own in (1, 2, 5, 10) if (step := own * power) >= width * (1 - 1e-9))


def _ranges(edges: list[float]) -> list[str]:
    """Name the bins between edges, the first and the last of which are open."""
    said = [f"{edge:,.6g}" for edge in edges]
    if not said:
        return ["any number"]
    between = [f"{low} – {high}" for low, high in zip(said, said[1:], strict=False)]
    return [f"< {said[0]}", *between, f"≥ {said[-1]}"]


def _common(values: pd.Series) -> list[str]:
    """Return the most frequent values, of those that `FEWEST` rows have."""
    counts = values.astype(object).map(str, na_action="ignore").value_counts()
    often = counts[counts >= FEWEST].reset_index()
    often.columns = pd.Index(["value", "rows"])
    order = often.sort_values(["rows", "value"], ascending=[False, True])
    return [str(value) for value in order["value"].head(_LABELS)]


def _counted(values: pd.Series, cut: list, *, numeric: bool) -> np.ndarray:
    """Count the rows of each bin; the last is for missing values."""
    if numeric:
        known = values.to_numpy(dtype=float, na_value=np.nan)
        there = ~np.isnan(known)
        bins = np.searchsorted(np.array(cut), known[there], side="right")
        size = len(cut) + 1
    else:
        texts = values.astype(object).map(str, na_action="ignore")
        there = texts.notna().to_numpy()
        place = {value: number for number, value in enumerate(cut)}
        bins = texts[there].map(place).fillna(len(cut)).to_numpy(dtype=int)
        size = len(cut) + 1
    return np.append(np.bincount(bins, minlength=size), int((~there).sum()))
