"""Exact copies: rows of a batch that equal a training row, beyond those that chance explains."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from .. import intervals, rows
from ..intervals import Estimate


class Copies(NamedTuple):
    """Rows of the batch that equal a real row, against those that equal an unseen one."""

    train: int
    unseen: int
    of: int
    excess: Estimate  # as a share of the batch


def copies(batch: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame) -> Copies:
    """Count exact copies of training rows, against chance matches with unseen rows.

    Chance matches grow with the rows there are to match, less than in proportion where profiles
    are frequent: of more unseen rows than train has, what as many random ones would match is
    taken; from fewer, chance is scaled up in proportion, which can only overstate it. Rows of the
    batch that are alike match together, so they count as one observation (the design effect, Rao
    and Scott 1992, doi:10.2307/2532311).
    """
    batch = batch[train.columns]
    made = rows.keys(batch)
    copied = _matched(made, rows.keys(train), len(train))
    chance = _matched(made, rows.keys(unseen[train.columns]), min(len(train), len(unseen)))
    scale = max(len(train) / len(unseen), 1.0)
    p, q = copied.mean(), chance.mean()
    # Variance of the difference over groups of rows that are alike, beside that of unlike rows.
    apart = np.bincount(np.unique(made, return_inverse=True)[1], copied - scale * chance)
    plain = (p * (1 - p) + scale**2 * q * (1 - q)) * len(batch)
    of = len(batch) / max((apart**2).sum() / plain if plain else 1.0, 1.0)
    excess = intervals.proportion_difference(p * of, of, q * of, of, scale=scale)
    return Copies(int((copied > 0).sum()), int((chance > 0).sum()), len(batch), excess)


def by_chance(found: Copies) -> float:
    """Return how many rows would match as many unseen rows as train has."""
    return found.train - found.excess.value * found.of


def _matched(made: np.ndarray, real: np.ndarray, size: int) -> np.ndarray:
    """Return for each row how likely `size` random ones of `real` hold an equal one."""
    values, counts = np.unique(real, return_counts=True)
    place = np.searchsorted(values, made).clip(max=len(values) - 1)
    equal = np.where(values[place] == made, counts[place], 0)
    return np.where(equal > 0, 1 - hypergeom.pmf(0, len(real), equal, size), 0.0)
