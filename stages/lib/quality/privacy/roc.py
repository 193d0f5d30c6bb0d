"""How well a score tells members from others: rates, the area, and intervals for both.

Ties are never broken in the attack's favour: rows that score alike stand in a random order, and
what is reported is the mean over such orders.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, rankdata

from ... import intervals, scoring
from ...intervals import Estimate

FEWEST = 3  # false positives that a rate is told at
_PRIOR = 0.5  # false positives' worth of a curve with slope 1, as without a leak
_TOP = 8  # times the rows that a rate needs, which permuted labels look at
_ALL = 4_000  # rows of which none is left out to save time


class Ranking(NamedTuple):
    """Rows by falling score."""

    order: np.ndarray  # (rows,), their places
    starts: np.ndarray  # (ties,), where rows of another score begin


class Rate(NamedTuple):
    """True positive rates at one false positive rate, each of another draw of labels."""

    at: float
    value: np.ndarray  # (draws,)
    slope: np.ndarray  # (draws,), of the ROC curve: densities of members over those of others
    members: np.ndarray  # (draws,), how many
    others: np.ndarray  # (draws,)


def rank(score: np.ndarray) -> Ranking:
    """Order rows by a score, shape (rows,); greater means more likely a member."""
    order = np.argsort(-score, kind="stable")
    falls = np.diff(score[order]) != 0
    return Ranking(order, np.flatnonzero(np.concatenate([[True], falls])))


def rate(ranking: Ranking, members: np.ndarray, at: float) -> Rate:
    """Return true positive rates at false positive rate `at`.

    `members` says which rows are members, shape (draws, rows). The threshold is the score of the
    others' (at · others)-th; between two of them the rate is drawn straight.
    """
    rows = members.shape[1]
    count = members.sum(axis=1)
    rest = rows - count
    top = rows if rows <= _ALL else min(rows, int(_TOP * at * rows) + 200)
    # Ties are taken whole.
    ends = np.append(ranking.starts[1:], rows)
    ties = int(np.searchsorted(ends, top)) + 1
    last = ends[ties - 1]
    starts, sizes = ranking.starts[:ties], np.diff(np.append(ranking.starts[:ties], last))
    seen = members[:, ranking.order[:last]]
    caught = np.add.reduceat(seen, starts, axis=1, dtype=np.int32)
    false = sizes.astype(np.int32) - caught
    above, mistaken = caught.cumsum(axis=1), false.cumsum(axis=1)

    def at_place(place: np.ndarray) -> np.ndarray:
        """Return how many members to expect above the others' `place`-th, 0 above the first."""
        draw, tie = np.arange(len(place)), (mistaken >= place[:, None]).argmax(axis=1)
        own, false_own = caught[draw, tie], false[draw, tie]
        inside = place - (mistaken[draw, tie] - false_own)
        found = above[draw, tie] - own + own * inside / (false_own + 1)
        return np.where(place > 0, found, 0.0)

    def reached(false_rate: float) -> np.ndarray:
        exact = np.round(false_rate * rest, 9)  # 0.07 · 100 is 7
        whole = np.floor(exact).astype(int)
        part = exact - whole
        upper = at_place(np.minimum(whole + 1, rest))
        return ((1 - part) * at_place(whole) + part * upper) / count

    weight = 1.5 * at * rest
    slope = weight * (reached(2 * at) - reached(at / 2)) / (1.5 * at)
    return Rate(at, reached(at), (slope + _PRIOR) / (weight + _PRIOR), count, rest)


def standardised(found: Rate) -> np.ndarray:
    """Return by how many standard errors rates exceed what no leak reaches, shape (draws,)."""
    share, spread = _stable(found)
    return (np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(found.at))) / spread


def tpr(found: Rate, critical: float) -> Estimate:
    """Return the rate of the first draw of labels, with an interval of `critical` errors.

    Delta method: the rate's own variance, and that of the threshold, which is estimated too and
    moves the rate by the curve's slope (Hsieh and Turnbull 1996, doi:10.1214/aos/1033066197), on
    the scale of Anscombe's arcsine (1948, doi:10.1093/biomet/35.3-4.246), which bears small counts.
    """
    (share, *_), (spread, *_) = _stable(found)
    angle = np.arcsin(np.sqrt(share))
    low = float(np.sin(max(angle - critical * spread, 0.0)) ** 2)
    high = float(np.sin(min(angle + critical * spread, np.pi / 2)) ** 2)
    value = float(found.value[0])
    method = "arcsine, with the threshold's own variance"
    return Estimate(value, min(low, value), max(high, value), _se(low, high), method)


def auc(score: np.ndarray, members: np.ndarray, critical: float) -> Estimate:
    """Return the area under the ROC curve with DeLong's interval of `critical` errors."""
    found = scoring.score("roc_auc", members.astype(int), np.column_stack([-score, score]))
    plain = intervals.over_rows_and_seeds(np.array([found.value]), found.influence[None])
    half = float(critical * plain.se)
    low, high = plain.value - half, plain.value + half
    return Estimate(plain.value, low, high, _se(low, high), "DeLong")


def rank_sums(score: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return by how many standard errors areas under the curve exceed 0.5, shape (draws,).

    `members` has shape (draws, rows). Mann and Whitney's test with its correction for ties; 0
    where all rows score alike.
    """
    ranks = rankdata(score)
    rows, count = members.shape[1], members.sum(axis=1)
    variance = count * (rows - count) * ranks.var(ddof=1) / rows
    # Ranks are halves of whole numbers: their sums are exact, in whatever order.
    excess = members.astype(float) @ ranks - count * (rows + 1) / 2
    return np.divide(excess, np.sqrt(variance), out=np.zeros(len(count)), where=variance > 0)


def _stable(found: Rate) -> tuple[np.ndarray, np.ndarray]:
    """Return Anscombe's shares, and the standard errors of their angles."""
    share = (found.value * found.members + 0.375) / (found.members + 0.75)
    threshold = found.slope**2 * found.at * (1 - found.at) / found.others
    return share, np.sqrt(1 / found.members + threshold / (share * (1 - share))) / 2


def _se(low: float, high: float) -> float:
    """Return the standard error of which a plain 95 % interval would be as wide."""
    return float((high - low) / 2 / norm.ppf(0.5 + intervals.LEVEL / 2))
