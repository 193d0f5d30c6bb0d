"""Values of one column in groups of real rows, and new values drawn from a group."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..schema import Column


class Leaves(NamedTuple):
    """The real values of a column, sorted within each group, the missing ones last."""

    values: np.ndarray  # (rows,), numbers or category codes
    start: np.ndarray  # (groups,), where each group begins in `values`
    present: np.ndarray  # (groups,), how many values are there
    missing: np.ndarray  # (groups,), how many are missing
    levels: list[str] | None  # the categories that codes stand for
    smooth: bool
    whole: bool


def collect(values: pd.Series, column: Column, group: np.ndarray, groups: int) -> Leaves:
    """Sort the values of a column by group; `group` holds a number below `groups` per row."""
    levels = None if column.numeric else list(values.cat.categories)
    numbers = codes(values)
    order = np.lexsort((numbers, group))  # NaN sorts last within its group
    missing = np.bincount(group, weights=np.isnan(numbers), minlength=groups).astype(int)
    size = np.bincount(group, minlength=groups)
    return Leaves(
        values=numbers[order],
        start=np.concatenate([[0], size.cumsum()[:-1]]),
        present=size - missing,
        missing=missing,
        levels=levels,
        smooth=column.numeric and not column.discrete,
        whole=column.kind == "integer",
    )


def draw(leaves: Leaves, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a new value for each of `group`, shape (n,); NaN where it is missing.

    Categories and discrete numbers repeat a value of the group. Continuous numbers lie evenly
    between two neighbouring real values of the group (the inverse of the interpolated
    distribution function), so that a value that only one row has is not handed out.
    """
    present, missing = leaves.present[group], leaves.missing[group]
    absent = rng.random(len(group)) * (present + missing) >= present
    u = rng.random(len(group))
    if leaves.smooth:
        position = u * np.maximum(present - 1, 0)
        below = position.astype(int)
        above = np.minimum(below + 1, np.maximum(present - 1, 0))
        low = leaves.values[leaves.start[group] + below]
        high = leaves.values[leaves.start[group] + above]
        drawn = low + (position - below) * (high - low)
        drawn = np.rint(drawn) if leaves.whole else drawn
    else:
        drawn = leaves.values[leaves.start[group] + (u * present).astype(int)]
    return np.where(absent, np.nan, drawn)


def codes(values: pd.Series) -> np.ndarray:
    """Return numbers as they are and categories as codes, float64, missing as NaN."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.where(values.isna(), np.nan, values.cat.codes).astype("float64")
    return values.to_numpy("float64")


def decode(drawn: np.ndarray, leaves: Leaves) -> pd.Series:
    """Return drawn numbers as a column of the table."""
    if leaves.levels is None:
        return pd.Series(drawn)
    places = np.where(np.isnan(drawn), -1, drawn).astype(np.intp)
    levels = pd.Index(leaves.levels)
    # The stubs of pandas leave arrays of codes out.
    return pd.Series(pd.Categorical.from_codes(places, categories=levels))  # type: ignore[arg-type]
