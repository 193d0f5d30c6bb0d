"""Values that real rows hold and a batch never reaches."""

from typing import NamedTuple

import numpy as np
from scipy.stats import hypergeom

from ... import intervals
from ...intervals import Estimate
from .coded import Coded

CHANCE = 1e-3  # what chance does less often than this is not held for chance


class Absences(NamedTuple):
    """The share of real rows that hold a value which a sample never reaches."""

    value: float  # of the batch
    ceiling: float  # of real rows in its place
    excess: Estimate
    column: str  # where the batch lacks most, empty where it lacks nothing


class Missed(NamedTuple):
    """What a sample never reaches, in values numbered over all columns."""

    rows: np.ndarray  # the first such value that each real row holds, -1 for none
    holders: np.ndarray  # of each value, how many rows outside the sample hold it
    columns: np.ndarray  # of each value


def absences(made: Coded, real: Coded, apart: Coded) -> Absences:
    """Return the share of rows of `apart` with a value that `made` never reaches, in any column.

    Such a value is a category that it lacks, or a number beyond its own range; a missing value is
    none. `real` has as many rows as `made`, and stands in its place for the ceiling.

    Only rows that one of the two reaches and the other does not tell them apart. Those with the
    same value are found together or not at all, so they count as one observation, unless chance
    would hardly leave a sample of this size without (hypergeometric, among the rows of all three
    tables): then the value is lacking for certain, and its share alone varies. One row more is
    added to the variance: that none is found does not mean that there is none.
    """
    sides = [_missed(made, apart, real), _missed(real, apart, made)]
    size, every = len(made.numbers), sum(len(rows.numbers) for rows in (made, real, apart))
    variances, degrees = [np.ones(1)], [np.full(1, np.inf)]
    for own, other in (sides, sides[::-1]):
        values, counts = np.unique(own.rows[(own.rows >= 0) & (other.rows < 0)], return_counts=True)
        together = hypergeom.pmf(0, every, own.holders[values], size) >= CHANCE
        variances.append(np.where(together, counts**2, counts))
        degrees.append(np.where(together, 1, counts))
    value, ceiling = (float((side.rows >= 0).mean()) for side in sides)
    excess = intervals.of_parts(
        value - ceiling,
        np.concatenate(variances) / len(apart.numbers) ** 2,
        np.concatenate(degrees),
        "absent values",
    )
    missed = sides[0].columns[sides[0].rows[sides[0].rows >= 0]]
    column = made.names[int(np.bincount(missed).argmax())] if len(missed) else ""
    return Absences(value, ceiling, excess, column)


def _missed(sample: Coded, apart: Coded, third: Coded) -> Missed:
    """Return which value each row of `apart` holds that the sample lacks.

    Either end of a number's range counts as one value, and of several in a row the first.
    """
    rows = np.full(len(apart.numbers), -1)
    holders, columns = [], []
    start = 0
    lookups = [_ends(*one) for one in zip(sample.steps.T, map(len, sample.values), strict=True)]
    lookups += [_levels(*one) for one in zip(sample.codes.T, sample.levels, strict=True)]
    others = zip(*([*one.steps.T, *one.codes.T] for one in (apart, third)), strict=True)
    for column, (lookup, both) in enumerate(zip(lookups, others, strict=True)):
        own, other = (lookup[codes] for codes in both)
        size = max(len(lookup), 2)
        rows = np.where((rows < 0) & (own >= 0), own + start, rows)
        holders.append(np.bincount(np.concatenate([own, other]) + 1, minlength=size + 1)[1:])
        columns.append(np.full(size, column))
        start += size
    return Missed(rows, np.concatenate(holders), np.concatenate(columns))


def _ends(steps: np.ndarray, size: int) -> np.ndarray:
    """Return for each code of a number 0 below the range of `steps`, 1 above, else -1."""
    held = steps[steps > 0]
    low, high = (held.min(), held.max()) if len(held) else (1, 0)
    codes = np.arange(size)
    ends = np.where(codes > high, 1, np.where(codes < low, 0, -1))
    ends[0] = -1
    return ends


def _levels(codes: np.ndarray, size: int) -> np.ndarray:
    """Return for each code of a category itself where no row holds it, else -1."""
    lookup = np.arange(size)
    lookup[codes] = -1
    lookup[0] = -1
    return lookup
