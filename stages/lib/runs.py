"""Scores of one configuration over several seeds, and paired comparisons of two."""

from typing import NamedTuple

import numpy as np

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


def told(found: Estimate) -> dict[str, float | str]:
    """Return an estimate as it is written to JSON."""
    return {
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "method": found.method,
    }
