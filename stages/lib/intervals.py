"""Intervals for what is reported: one estimate, its bounds, and how they were found."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

LEVEL = 0.95


class Estimate(NamedTuple):
    """A value with the bounds of its 95 % interval and its standard error."""

    value: float
    lower: float
    upper: float
    se: float
    method: str


def over_rows_and_seeds(values: np.ndarray, influence: np.ndarray) -> Estimate:
    """Return the mean score over seeds, with an interval for new rows and new seeds.

    `values` holds one score per seed, shape (seeds,), or the difference of two; `influence` how
    much each row moves it, shape (seeds, rows), each with mean 0 over the rows. Rows and seeds
    are crossed random effects: the variance is that of the rows' means plus that of the seeds'
    means less the part counted in both (the two-way analysis of variance; Satterthwaite 1946,
    doi:10.2307/3002019, for the degrees of freedom). With one seed only rows vary.
    """
    seeds, rows = influence.shape
    value = float(values.mean())
    by_rows = influence.mean(axis=0).var(ddof=1) / rows
    if seeds == 1:
        return _student(value, by_rows, rows - 1, "rows")
    by_seeds = values.var(ddof=1) / seeds
    residual = influence - influence.mean(axis=0)
    both = (residual**2).sum() / ((seeds - 1) * (rows - 1)) / (seeds * rows)
    # The seeds' own variance cannot be less than none: what is left is the rows' alone.
    extra = max(by_seeds - both, 0.0)
    total = by_rows + extra
    degrees = total**2 / (by_rows**2 / (rows - 1) + extra**2 / (seeds - 1)) if total else rows - 1
    return _student(value, total, degrees, "rows and seeds")


def jackknife(
    statistic: Callable[..., np.ndarray],
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    groups: int = 20,
) -> list[Estimate]:
    """Return estimates of a vector statistic of independent samples of these `sizes`.

    Delete-a-group jackknife (Kott 2001, Journal of Official Statistics 17): each sample is split
    into random groups, and the statistic computed without each in turn, all other samples whole.
    `statistic` takes the places of the rows that are left in each sample, and returns k numbers.
    Unlike the bootstrap it repeats no row, which distances between nearest neighbours would notice.
    """
    every = [np.arange(size) for size in sizes]
    whole = np.asarray(statistic(*every), float)
    variance = np.zeros_like(whole)
    spread = np.zeros_like(whole)
    for sample, size in enumerate(sizes):
        count = min(groups, size)
        member = rng.permutation(size) % count
        found = np.array(
            [
                statistic(*every[:sample], np.flatnonzero(member != group), *every[sample + 1 :])
                for group in range(count)
            ],
            float,
        )
        own = (count - 1) / count * ((found - found.mean(axis=0)) ** 2).sum(axis=0)
        variance += own
        spread += own**2 / (count - 1)
    degrees = np.divide(variance**2, spread, out=np.full_like(whole, np.inf), where=spread > 0)
    return [
        _student(value, own, freedom, f"delete-a-group jackknife, {groups} groups a sample")
        for value, own, freedom in zip(whole, variance, degrees, strict=True)
    ]


def proportion_difference(
    first: int, first_of: int, second: int, second_of: int, *, scale: float = 1.0
) -> Estimate:
    """Return first/first_of − scale · second/second_of with its interval.

    Wilson limits of each proportion, combined by the method of variance estimates recovery
    (Newcombe 1998, method 10, doi:10.1002/(SICI)1097-0258(19980430)17:8<873).
    """
    p, low_p, high_p = _wilson(first, first_of)
    q, low_q, high_q = (scale * limit for limit in _wilson(second, second_of))
    value = p - q
    below = np.hypot(p - low_p, high_q - q)
    above = np.hypot(high_p - p, q - low_q)
    se = (below + above) / 2 / student.ppf(0.5 + LEVEL / 2, np.inf)
    return Estimate(value, value - below, value + above, se, "Newcombe, from Wilson limits")


def _wilson(count: int, of: int) -> tuple[float, float, float]:
    z = student.ppf(0.5 + LEVEL / 2, np.inf)
    p = count / of
    middle = (p + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * np.sqrt(p * (1 - p) / of + z**2 / (4 * of**2))
    return p, middle - half, middle + half


def _student(value: float, variance: float, degrees: float, over: str) -> Estimate:
    se = float(np.sqrt(variance))
    half = float(student.ppf(0.5 + LEVEL / 2, degrees)) * se
    return Estimate(float(value), float(value - half), float(value + half), se, f"t over {over}")
