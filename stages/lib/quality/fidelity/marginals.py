"""How a column's distribution differs between two tables, and how often its values are missing."""

import numpy as np

from .coded import Coded


def distances(one: Coded, other: Coded) -> np.ndarray:
    """Return each column's distance, shape (columns,), in [0, 1].

    Kolmogorov-Smirnov for numbers (a missing one lies below all others), total variation for
    categories.
    """
    numbers = zip(one.steps.T, other.steps.T, map(len, one.values), strict=True)
    labels = zip(one.codes.T, other.codes.T, one.levels, strict=True)
    found = [_ks(_shares(a, size), _shares(b, size)) for a, b, size in numbers]
    return np.array(found + [total_variation(a, b, levels) for a, b, levels in labels])


def ks(one: np.ndarray, other: np.ndarray) -> float:
    """Return the greatest difference of two empirical distribution functions, in [0, 1].

    A missing number lies below all others.
    """
    both = np.concatenate([one, other])
    values, places = np.unique(np.where(np.isnan(both), -np.inf, both), return_inverse=True)
    parts = np.split(places, [len(one)])
    return _ks(*(_shares(part, len(values)) for part in parts))


def total_variation(one: np.ndarray, other: np.ndarray, levels: int) -> float:
    """Return half the summed difference of two frequency tables of codes below `levels`."""
    return float(np.abs(_shares(one, levels) - _shares(other, levels)).sum() / 2)


def wasserstein(made: Coded, real: Coded) -> np.ndarray:
    """Return how far each column's mass has to move, as a share of the range of the real values.

    The first Wasserstein distance of the values that are present, shape (columns,). The range
    scales it because it is 0 for a constant column only, where the interquartile range is 0 for
    every column that has one value in most rows; and because Gower's distance is scaled so. NaN
    for categories, and where a side has no value or the real ones no range.
    """
    found = np.full(len(made.names), np.nan)
    for column, values in enumerate(made.values):
        counts = [
            np.bincount(rows.steps[:, column], minlength=len(values))[1:] for rows in (made, real)
        ]
        if min(count.sum() for count in counts) == 0:
            continue
        held = values[1:][counts[1] > 0]
        if held[-1] > held[0]:
            below = [np.cumsum(count) / count.sum() for count in counts]
            moved = (np.abs(below[0] - below[1])[:-1] * np.diff(values[1:])).sum()
            found[column] = moved / (held[-1] - held[0])
    return found


def missing(rows: Coded) -> np.ndarray:
    """Return the share of each column's values that are missing, shape (columns,)."""
    return np.concatenate([(rows.steps == 0).mean(axis=0), (rows.codes == 0).mean(axis=0)])


def _shares(codes: np.ndarray, levels: int) -> np.ndarray:
    return np.bincount(codes, minlength=levels) / len(codes)


def _ks(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(np.cumsum(one - other)).max())
