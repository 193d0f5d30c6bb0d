"""Scores of one configuration over several seeds, and paired comparisons of two."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from . import intervals
from .intervals import Estimate
from .scoring import Score


class Runs(NamedTuple):
    """The scores on one slice: a value per seed, and each row's influence on it."""

    values: np.ndarray  # (seeds,)
    influence: np.ndarray  # (seeds, rows)

    @property
    def mean(self) -> float:
        """The score averaged over the seeds."""
        return float(self.values.mean())


def gather(scores: list[dict[str, Score]]) -> dict[str, Runs]:
    """Return the runs on each slice from one dictionary of scores per seed."""
    return {
        name: Runs(
            np.array([one[name].value for one in scores]),
            np.array([one[name].influence for one in scores]),
        )
        for name in scores[0]
    }


def estimate(runs: Runs) -> Estimate:
    """Return the mean score with its interval over rows and seeds."""
    return intervals.over_rows_and_seeds(runs.values, runs.influence)


def difference(one: Runs, other: Runs) -> Estimate:
    """Return the mean of `one` less `other`, paired over the same seeds and rows."""
    return intervals.over_rows_and_seeds(one.values - other.values, one.influence - other.influence)


def paired(one: Runs, other: Runs) -> tuple[Runs, Runs]:
    """Return the runs of the first seeds that both have, for a `difference` of the two."""
    seeds = min(len(one.values), len(other.values))
    first, second = (Runs(own.values[:seeds], own.influence[:seeds]) for own in (one, other))
    return first, second


def ratio(one: Runs, other: Runs) -> Estimate:
    """Return the mean of `one` divided by that of `other`, paired, by the delta method.

    Not a number where the interval of `other` holds 0: then the ratio could be anything.
    """
    below = estimate(other)
    if not (below.lower > 0 or below.upper < 0):
        nothing = float("nan")
        return Estimate(nothing, nothing, nothing, nothing, "divided by what may be 0")
    share = one.mean / other.mean
    moved = (one.influence - share * other.influence) / other.mean
    found = intervals.over_rows_and_seeds(
        share + (one.values - share * other.values) / other.mean, moved
    )
    return found._replace(method=f"{found.method}, delta method")


def greatest(found: Sequence[Estimate]) -> Estimate:
    """Return the greatest of several estimated numbers, for all of which its interval stands.

    That it is above the lower bound is said of whichever is greatest, so the lower bounds hold
    together (Bonferroni); that it is below the upper one is said of the truly greatest alone,
    whose own bound suffices (the union-intersection and intersection-union tests: Roy 1953,
    doi:10.1214/aoms/1177729029; Berger 1982, doi:10.1080/00401706.1982.10487790). Each errs in at
    most 2.5 % of cases, in fewer where several numbers are about as great. `se` is that of a
    single number with this lower bound.
    """
    tail = (1 - intervals.LEVEL) / 2
    lower = max(one.value - quantile(one, tail / len(found)) * one.se for one in found)
    value, upper = max(one.value for one in found), max(one.upper for one in found)
    se = (value - lower) / float(-ndtri(tail))
    return Estimate(value, lower, upper, se, f"{found[0].method}, Bonferroni over {len(found)}")


def widened(found: Estimate, variance: float, degrees: float, over: str) -> Estimate:
    """Return an estimate whose value varies by so much more, known to these degrees of freedom.

    Both variances may rest on the same seeds, so their own errors are taken to go together.
    """
    total = found.se**2 + variance
    error = found.se**2 / np.sqrt(_degrees(found)) + variance / np.sqrt(degrees)
    together = (total / error) ** 2 if error else float("inf")
    return intervals.of_parts(found.value, np.array([total]), np.array([together]), over)


def _degrees(one: Estimate) -> float:
    """Return the degrees of freedom that the width of an interval tells."""
    if one.se == 0:
        return float("inf")
    usual, own = (1 - intervals.LEVEL) / 2, (one.value - one.lower) / one.se

    def surplus(logarithm: float) -> float:
        return float(-stdtrit(np.exp(logarithm), usual)) - own

    least, most = -1.0, 16.0  # logarithms: too few degrees to tell, and as good as normal
    if surplus(most) >= 0:
        return float("inf")
    return float(np.exp(brentq(surplus, least, most) if surplus(least) > 0 else least))


def quantile(one: Estimate, tail: float) -> float:
    """Return Student's upper quantile with the degrees of freedom of an estimate's interval."""
    degrees = _degrees(one)
    return float(-stdtrit(degrees, tail) if np.isfinite(degrees) else -ndtri(tail))


def told(found: Estimate) -> dict[str, float | str]:
    """Return an estimate as it is written to JSON."""
    return {
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "method": found.method,
    }


def pack(named: Mapping[str, Mapping[str, Runs]]) -> dict[str, np.ndarray]:
    """Return runs by name and slice as arrays by `name/slice/values` and `name/slice/influence`."""
    return {
        f"{name}/{split}/{part}": values
        for name, by_slice in named.items()
        for split, own in by_slice.items()
        for part, values in own._asdict().items()
    }


def unpack(arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Runs]]:
    """Return the runs by name and slice that `pack` made arrays of; names may hold a slash."""
    named: dict[str, dict[str, Runs]] = {}
    for key, values in arrays.items():
        name, split, part = key.rsplit("/", 2)
        if part == "values":
            named.setdefault(name, {})[split] = Runs(values, arrays[f"{name}/{split}/influence"])
    return named
