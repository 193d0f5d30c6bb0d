"""What shadow samples tell of the rows that their generators learned from.

The likelihood-ratio attack of Carlini et al. 2022 (arXiv:2112.03570): how close a sample is to a
row, where the generator learned from the row and where it did not.
"""

from math import ceil
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, norm

from ... import intervals
from ...intervals import Estimate
from ...measure import FEWEST, Measure

RATES = (0.01, 0.1)  # of false positives; the second where too few cells make up the first
LEAST = 0.2  # by how much being learned from is taken to raise a score, in its spreads
FLOOR = 0.1  # of a score's usual spread, the least that it is taken to vary by


class Verdict(NamedTuple):
    """What the scores of all targets in all shadow samples tell."""

    exposure: Measure
    auc: Measure
    risk: pd.DataFrame  # auc, auc_lower, auc_upper, q, batch: a row per target


def judge(scores: np.ndarray, members: np.ndarray) -> Verdict:
    """Return what scores tell of membership, where greater ones mean that a sample is closer.

    `scores` has the shape (targets, fits and 1, ways to score), the batch at hand last; `members`,
    shape (targets, fits), says which fits learned from the target. Nothing that judges a pair
    knows it: weights of the scores come from other targets, likelihoods from other fits.
    """
    combined = combine(scores, members)
    ratios = likelihood_ratio(combined, members)
    rate = next((one for one in RATES if (~members).sum() * one >= FEWEST), RATES[-1])
    exposure = _exposure(ratios[:, :-1], members, rate)
    cells = np.array([_auc(*one) for one in zip(combined[:, :-1], members, strict=True)])
    over = _over_targets_and_fits(cells - 0.5)
    risk = _risk(cells.mean(axis=1), members).assign(batch=ratios[:, -1])
    return Verdict(
        Measure(
            "privacy", "exposure", exposure.value + rate, rate, exposure, _told(risk, members, rate)
        ),
        Measure("privacy", "exposure_auc", over.value + 0.5, 0.5, over),
        risk,
    )


def combine(scores: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return one score for each target and fit, shape (targets, fits and 1).

    Each way to score is taken in spreads of its own over the target's fits, and weighs as much as
    membership moves it among all other targets: as in a discriminant of independent scores, by
    the difference of the means over the variance within. No weight is below what `LEAST` gives,
    so that where nothing leaks the weights are the same for all targets.
    """
    shadows = scores[:, :-1]
    spread = shadows.std(axis=1, keepdims=True)
    apart = scores - shadows.mean(axis=1, keepdims=True)
    # What varies by less than rounding does not vary.
    standard = np.divide(apart, spread, out=np.zeros_like(apart, float), where=spread > 1e-7)
    inside = members[:, :, None]
    moved = np.mean(standard[:, :-1], axis=1, where=inside)
    moved -= np.mean(standard[:, :-1], axis=1, where=~inside)
    others = np.maximum((moved.sum(axis=0) - moved) / (len(moved) - 1), LEAST)
    weights = others / np.maximum(1 - others**2 / 4, FLOOR**2)
    weights /= weights.sum(axis=1, keepdims=True)
    return (standard * weights[:, None, :]).sum(axis=2)


def likelihood_ratio(score: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return how much likelier each score is with the target than without, as a logarithm.

    Both are normal, with means from the target's other fits and a variance that they share: too
    few fits would tell two. `score` has the shape (targets, fits and 1), and in the last place a
    sample that no mean is taken from. The variance is at least a hundredth of all scores'.
    """
    none = np.zeros((len(members), 1))
    inside, outside = np.hstack([members, none]), np.hstack([~members, none])
    known = inside + outside
    squares = (known * score**2).sum(axis=1, keepdims=True) - known * score**2
    degrees = known.sum(axis=1, keepdims=True) - known - 2
    apart = []
    for side in (outside, inside):
        count = side.sum(axis=1, keepdims=True) - side
        mean = ((side * score).sum(axis=1, keepdims=True) - side * score) / count
        squares -= count * mean**2
        # A mean of fewer fits lies further off by chance: a fit's own side lacks the fit itself.
        apart.append((score - mean) ** 2 / (1 + 1 / count))
    floor = FLOOR**2 * np.mean(score**2, where=known > 0)
    variance = np.maximum(squares / degrees, floor)
    top = apart[0] - apart[1]
    return np.divide(top, 2 * variance, out=np.zeros_like(top), where=variance > 0)


def auc_limits(
    auc: np.ndarray, ones: np.ndarray, zeros: np.ndarray, level: float = intervals.LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of areas under the ROC curve, each of so many ones and zeros.

    The score method that keeps within 0 and 1 and also holds at them (Newcombe 2006, method 5,
    doi:10.1002/sim.2324): an area is within its limits while it is no further off than `level`
    of the normal allow at the variance that the limit itself has.
    """
    z = norm.ppf(0.5 + level / 2)
    found = []
    for end in (0.0, 1.0):
        near, far = np.array(auc, float), np.full(len(auc), end)
        for _ in range(50):  # bisection, to a float's precision
            middle = (near + far) / 2
            within = np.abs(middle - auc) <= z * np.sqrt(_auc_variance(middle, ones, zeros))
            near, far = np.where(within, middle, near), np.where(within, far, middle)
        found.append(near)
    return found[0], found[1]


def _auc_variance(auc: np.ndarray, ones: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """Return Hanley and McNeil's variance, with both sizes their mean (Newcombe 2006)."""
    spread = (1 - auc) / (2 - auc) + auc / (1 + auc)
    return auc * (1 - auc) * (1 + ((ones + zeros) / 2 - 1) * spread) / (ones * zeros)


def _exposure(ratios: np.ndarray, members: np.ndarray, rate: float) -> Estimate:
    """Return by how much the true positive rate exceeds the false one, `rate`.

    Its limits are Wilson's, since a small rate is skewed, and stretched by how much more or less
    the rate varies for its threshold, which hangs on the same targets and fits.
    """
    found = _called(ratios, members, rate)
    true = found[members].mean()
    # How fast the ROC curve rises there: what an error in the threshold costs.
    ends = [_called(ratios, members, one)[members].mean() for one in (rate / 2, 2 * rate)]
    slope = (ends[1] - ends[0]) / (1.5 * rate)
    inside = true + np.where(members, (found - true) / members.mean(), 0)
    outside = np.where(members, 0, (found - rate) / (1 - members.mean()))
    own, whole = (_over_targets_and_fits(one) for one in (inside, inside - slope * outside))
    low, high = _wilson(own, int(members.sum()))
    if own.se > 0:
        below, above = ((true - low) * whole.se / own.se, (high - true) * whole.se / own.se)
    else:  # every member is found, or none
        below, above = (np.hypot(one, whole.upper - true) for one in (true - low, high - true))
    return Estimate(
        value=float(true - rate),
        lower=float(max(true - below, 0) - rate),
        upper=float(min(true + above, 1) - rate),
        se=whole.se,
        method="Wilson over targets and fits",
    )


def _wilson(share: Estimate, most: int) -> tuple[float, float]:
    """Return the limits of a share by Wilson, for as many pairs as would vary so by themselves.

    A small share of few pairs is skewed: limits about it as far on both sides would miss too high
    truths. Effective sizes are those of Korn and Graubard 1998 (Survey Methodology 24), and at
    most that of all pairs.
    """
    p, se = min(max(share.value, 0.0), 1.0), share.se
    pairs, z = float(most), float(norm.ppf(0.5 + intervals.LEVEL / 2))
    if 0 < p < 1 and se > 0:
        pairs, z = min(p * (1 - p) / se**2, pairs), (share.upper - share.value) / se
    middle = (p + z**2 / (2 * pairs)) / (1 + z**2 / pairs)
    half = z / (1 + z**2 / pairs) * np.sqrt(p * (1 - p) / pairs + z**2 / (4 * pairs**2))
    return float(middle - half), float(middle + half)


def _called(ratios: np.ndarray, members: np.ndarray, rate: float) -> np.ndarray:
    """Return how often each pair is called a member, at just this rate among the others.

    Pairs at the threshold are called so in part: as by a coin, without its noise.
    """
    others = np.sort(ratios[~members])[::-1]
    limit = others[ceil(rate * len(others)) - 1]
    above, at = (others > limit).sum(), (others == limit).sum()
    return (ratios > limit) + (ratios == limit) * (rate * len(others) - above) / at


def _auc(score: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return what each fit says of one target's area under the ROC curve, which is their mean.

    By how the fit ranks among those of the other side (DeLong et al. 1988, doi:10.2307/2531595).
    """
    wins = (np.sign(score[members][:, None] - score[~members]) + 1) / 2
    auc, cell = wins.mean(), np.empty(len(score))
    cell[members] = auc + (wins.mean(axis=1) - auc) / members.mean()
    cell[~members] = auc + (wins.mean(axis=0) - auc) / (1 - members.mean())
    return cell


def _over_targets_and_fits(cells: np.ndarray) -> Estimate:
    """Return the mean of what pairs say, shape (targets, fits), both of them random."""
    values = cells.mean(axis=0)
    found = intervals.over_rows_and_seeds(values, cells.T - values[:, None])
    return found._replace(method="t over targets and fits")


def _risk(auc: np.ndarray, members: np.ndarray) -> pd.DataFrame:
    ones, zeros = members.sum(axis=1), (~members).sum(axis=1)
    lower, upper = auc_limits(auc, ones, zeros)
    z = (auc - 0.5) / np.sqrt(_auc_variance(np.full(len(auc), 0.5), ones, zeros))
    q = false_discovery_control(norm.sf(z), method="bh")
    return pd.DataFrame({"auc": auc, "auc_lower": lower, "auc_upper": upper, "q": q})


def _told(risk: pd.DataFrame, members: np.ndarray, rate: float) -> str:
    level = intervals.LEVEL
    shown = int((risk["q"] <= 1 - level).sum())
    sides = members.sum(axis=1), (~members).sum(axis=1)
    least, _ = auc_limits(risk["auc"].to_numpy(), *sides, level=1 - (1 - level) / len(risk))
    told = (
        f"{shown} of {len(risk)} rows are shown to be at risk (AUC above 0.5, Benjamini-Hochberg "
        f"at 5 %); the greatest AUC is {risk['auc'].max():.2f}, at least {least.max():.2f} "
        "(Bonferroni)"
    )
    if rate > RATES[0]:
        told += f"; at {rate:.0%} false positives, since the fits are too few for {RATES[0]:.0%}"
    return told
