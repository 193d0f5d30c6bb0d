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
    # Each mean square counts with its own variance, also where `both` takes most of one away.
    noise = by_rows**2 / (rows - 1) + by_seeds**2 / (seeds - 1)
    noise += both**2 / ((rows - 1) * (seeds - 1))
    degrees = total**2 / noise if total else rows - 1
    return _student(value, total, degrees, "rows and seeds")


def half_samples(
    statistic: Callable[..., np.ndarray],
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    splits: int = 50,
) -> list[Estimate]:
    """Return estimates of a vector statistic of independent samples of these `sizes`.

    Repeated half samples (McCarthy 1969, doi:10.2307/1402116): every sample is cut into two
    random halves, and the statistic computed on all first halves and on all second ones. The two
    are independent, so a quarter of their squared difference estimates the variance of the whole,
    also of distances near 0, where a jackknife overstates it. `statistic` takes the places of the
    rows that are left in each sample, and returns k numbers. Unlike the bootstrap it repeats no
    row, which distances between nearest neighbours would notice.
    """
    return over_halves(*halves(statistic, sizes, rng, splits=splits))


def halves(
    statistic: Callable[..., np.ndarray],
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    splits: int = 50,
) -> tuple[np.ndarray, np.ndarray]:
    """Return a statistic of whole samples, shape (k,), and of halves, shape (2, splits, k)."""
    whole = np.asarray(statistic(*(np.arange(size) for size in sizes)), float)
    drawn = np.empty((2, splits, len(whole)))
    for split in range(splits):
        orders = [rng.permutation(size) for size in sizes]
        drawn[0, split] = statistic(*(order[: len(order) // 2] for order in orders))
        drawn[1, split] = statistic(*(order[len(order) // 2 :] for order in orders))
    return whole, drawn


def over_halves(whole: np.ndarray, drawn: np.ndarray) -> list[Estimate]:
    """Return the estimates of `half_samples` from what `halves` gave."""
    splits = drawn.shape[1]
    variance = ((drawn[0] - drawn[1]) ** 2 / 4).mean(axis=0)
    return [
        _student(value, own, splits, f"{splits} repeated half samples")
        for value, own in zip(whole, variance, strict=True)
    ]


def over_halves_of_greatest(
    whole: float, greatest: np.ndarray, one: np.ndarray, stays: float
) -> Estimate:
    """Return the estimate of a statistic that contains a greatest of many.

    `greatest` holds it in halves, and `one` the same where the one that is greatest in the whole
    samples is taken, shape (2, splits) each; `stays` is how often that one is the greatest in both
    halves. Noise makes others compete with it, more so in halves: where none could in the whole
    samples, halves understate the variance, and that of `one` is right; where all are alike it is
    the other way round. The variance is between the two in proportion to `stays`.
    """
    splits = greatest.shape[1]
    every, own = (((part[0] - part[1]) ** 2 / 4).mean() for part in (greatest, one))
    variance = stays * own + (1 - stays) * every
    return _student(whole, variance, splits, f"{splits} repeated half samples of the greatest")


def proportion_difference(
    first: float, first_of: float, second: float, second_of: float, *, scale: float = 1.0
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


def of_parts(value: float, variances: np.ndarray, degrees: np.ndarray, over: str) -> Estimate:
    """Return the interval of a sum of independent parts, from the variance of each.

    Student's t with the degrees of freedom of Satterthwaite (1946, doi:10.2307/3002019), those of
    each part given; infinite ones are those of a variance that is known.
    """
    total = float(variances.sum())
    noise = float((variances**2 / degrees).sum())
    return _student(value, total, total**2 / noise if noise else np.inf, over)


def _wilson(count: float, of: float) -> tuple[float, float, float]:
    z = student.ppf(0.5 + LEVEL / 2, np.inf)
    p = count / of
    middle = (p + z**2 / (2 * of)) / (1 + z**2 / of)
    half = z / (1 + z**2 / of) * np.sqrt(p * (1 - p) / of + z**2 / (4 * of**2))
    return p, middle - half, middle + half


def _student(value: float, variance: float, degrees: float, over: str) -> Estimate:
    se = float(np.sqrt(variance))
    half = float(student.ppf(0.5 + LEVEL / 2, degrees)) * se
    return Estimate(float(value), float(value - half), float(value + half), se, f"t over {over}")
