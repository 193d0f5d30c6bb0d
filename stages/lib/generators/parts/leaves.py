"""Values of one column in groups of real rows, and new values drawn from a group."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ...base.errors import GeneratorError
from ...tables.schema import Column
from ...tables.table import places
from .categories import from_codes

HELD = 5  # a value that fewer real rows hold may be one person's, and is not handed out as it is


class Leaves(NamedTuple):
    """What may be drawn in each group: a category's code, or a number between two real ones."""

    low: np.ndarray  # (choices of all groups and 1,), the last is never drawn
    high: np.ndarray  # the same shape
    start: np.ndarray  # (groups,), where each group's choices begin
    choices: np.ndarray  # (groups,), how many it has
    absent: np.ndarray  # (groups,), the share of its rows that lacks a value
    levels: list[str] | None  # the categories that codes stand for
    decimals: int | None  # that numbers are rounded to


def collect(values: pd.Series, column: Column, group: np.ndarray, groups: int) -> Leaves:
    """Take the values of a column by group; `group` holds a number below `groups` per row.

    Nothing is handed out as it is that fewer than `HELD` rows hold, but declared categories. Such
    a number lies between the values next to it in its group, or in the whole column where it is
    discrete or alone, which keeps the mean; such a category is left out, and a group left with
    none takes what all rows have. Raises GeneratorError where they have nothing either.
    """
    numbers = codes(values)
    there = ~np.isnan(numbers)
    size = np.bincount(group, minlength=groups)
    absent = np.bincount(group, weights=~there, minlength=groups) / size.clip(1)
    of, value = group[there], numbers[there]
    distinct, count = np.unique(value, return_counts=True)
    rare = count < HELD
    if not column.numeric and column.categories is None:
        common = ~rare[np.searchsorted(distinct, value)]
        of, value = of[common], value[common]
    if len(value) < (HELD if column.numeric else 1):
        if there.any() and not column.missing:
            raise GeneratorError(
                f"column {values.name!r}: no value is held by {HELD} real rows, so none may be "
                "repeated; declare its `categories` in data/schema.yaml, or set `role: ignore`"
            )
        of, value, absent = of[:0], value[:0], np.ones(groups)

    bare = np.bincount(of, minlength=groups) == 0
    if bare.any():
        of = np.concatenate([of, np.full(len(of), groups)])
        value = np.concatenate([value, value])
    order = np.lexsort((value, of))
    of, value = of[order], value[order]
    low = high = value
    if column.numeric:
        place = np.searchsorted(distinct, value)
        low, high = (end[place] for end in _ends(distinct, np.zeros(len(distinct))))
        if not column.discrete:
            new = np.append(True, (of[1:] != of[:-1]) | (value[1:] != value[:-1]))[: len(of)]
            run = new.cumsum() - 1
            near = [end[run] for end in _ends(value[new], of[new])]
            alone = near[0] == near[1]
            low, high = np.where(alone, low, near[0]), np.where(alone, high, near[1])
        low, high = (np.where(rare[place], end, value) for end in (low, high))
    choices = np.bincount(of, minlength=groups + 1)
    start = np.concatenate([[0], choices.cumsum()[:-1]])
    source = np.where(bare, groups, np.arange(groups))
    return Leaves(
        low=np.append(low, np.nan),
        high=np.append(high, np.nan),
        start=start[source],
        choices=choices[source],
        absent=absent,
        levels=None if column.numeric else list(values.cat.categories),
        decimals=places(distinct, column),
    )


def draw(leaves: Leaves, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a new value for each of `group`, shape (n,); NaN where it is missing.

    A choice of the group is taken at random, and a place between its ends.
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
    return from_codes(drawn, leaves.levels)


def _ends(values: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each value the one before it and the one after it, itself where there is none.

    `values` differ and rise within each group of `of`.
    """
    after = np.append(of[1:] == of[:-1], False)[: len(of)]
    before = np.roll(after, 1)
    low = np.where(before, np.roll(values, 1), values)
    return low, np.where(after, np.roll(values, -1), values)
