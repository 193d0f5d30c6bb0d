"""Values of one column in groups of real rows, and new values drawn from a group."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import GeneratorError
from ..schema import Column

_DECIMALS = 6  # numbers whose real values have more decimals than this are not rounded


class Leaves(NamedTuple):
    """What may be drawn in each group: a category's code, or a number between two real ones."""

    low: np.ndarray  # (choices of all groups and 1,), the last is never drawn
    high: np.ndarray  # the same shape
    start: np.ndarray  # (groups,), where each group's choices begin
    choices: np.ndarray  # (groups,), how many it has
    absent: np.ndarray  # (groups,), the share of its rows that lacks a value
    levels: list[str] | None  # the categories that codes stand for
    decimals: int | None  # that numbers are rounded to


def collect(
    values: pd.Series, column: Column, group: np.ndarray, groups: int, *, least: int
) -> Leaves:
    """Take the values of a column by group; `group` holds a number below `groups` per row.

    No value is handed out as it is that fewer than `least` rows hold, unless it is a declared
    category. A number lies between two neighbours: of its group, or, where the column is
    discrete and the value rare, of the whole column. A category that is rare and not declared
    is left out. A group that is left with nothing to draw from takes what all rows have. Raises
    GeneratorError where they have nothing either.
    """
    numbers = codes(values)
    there = ~np.isnan(numbers)
    size = np.bincount(group, minlength=groups)
    absent = np.bincount(group, weights=~there, minlength=groups) / size.clip(1)
    of, value = group[there], numbers[there]
    smooth = column.numeric and not column.discrete
    distinct, count = np.unique(value, return_counts=True)
    if not column.numeric and column.categories is None:
        common = count[np.searchsorted(distinct, value)] >= least
        of, value = of[common], value[common]
    if len(value) < (least if column.numeric else 1):
        if there.any() and not column.missing:
            raise GeneratorError(
                f"column {values.name!r}: no value is held by {least} real rows, so none may be "
                "repeated; declare its `categories` in data/schema.yaml, lower `min_leaf`, or set "
                "`role: ignore`"
            )
        of, value, absent = of[:0], value[:0], np.ones(groups)

    # One value alone in its group would be handed out as it is, with nothing to lie between.
    bare = np.bincount(of, minlength=groups) < (min(least, 2) if smooth else 1)
    if bare.any():
        own = ~bare[of]
        of = np.concatenate([of[own], np.full(len(of), groups)])
        value = np.concatenate([value[own], value])
    order = np.lexsort((value, of))
    of, value = of[order], value[order]
    choices = np.bincount(of, minlength=groups + 1)
    start = np.concatenate([[0], choices.cumsum()[:-1]])
    low = high = value
    if smooth:
        last = np.append(of[1:] != of[:-1], True)
        high = np.where(last, value, np.append(value[1:], np.nan))
        choices = choices - (choices > 1)
    elif column.numeric:
        place = np.searchsorted(distinct, value)
        rare = count[place] < least
        low = np.where(rare, distinct[np.maximum(place - 1, 0)], value)
        high = np.where(rare, distinct[np.minimum(place + 1, len(distinct) - 1)], value)
    source = np.where(bare, groups, np.arange(groups))
    return Leaves(
        low=np.append(low, np.nan),
        high=np.append(high, np.nan),
        start=start[source],
        choices=choices[source],
        absent=absent,
        levels=None if column.numeric else list(values.cat.categories),
        decimals=_decimals(distinct, column) if column.numeric else None,
    )


def draw(leaves: Leaves, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a new value for each of `group`, shape (n,); NaN where it is missing.

    A choice of the group is taken at random, and a place between its ends: over neighbouring
    real values this is the inverse of the interpolated distribution function.
    """
    absent = rng.random(len(group)) < leaves.absent[group]
    place = rng.random(len(group)) * leaves.choices[group]
    whole = place.astype(int)
    at = leaves.start[group] + whole
    drawn = leaves.low[at] + (place - whole) * (leaves.high[at] - leaves.low[at])
    if leaves.decimals is not None:
        drawn = np.round(drawn, leaves.decimals)
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


def _decimals(values: np.ndarray, column: Column) -> int | None:
    """Return how many decimals real values have, None where they have any number."""
    if column.kind == "integer":
        return 0
    exact = (d for d in range(_DECIMALS + 1) if (np.round(values, d) == values).all())
    return next(exact, None)
