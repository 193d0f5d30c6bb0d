"""What of a single column changed between two samples, and how likely chance does as much."""

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import gammaln
from scipy.stats import hypergeom

from . import permutation
from .pool import Part

Reason = Literal["distribution", "missingness", "new categories", "out of range"]

BINS = 10  # of numbers, for the index: between the deciles of what was learned from


class Test(NamedTuple):
    """One thing that may have changed in one column."""

    column: int  # its place among the parts
    reason: Reason
    p_value: float  # corrected for all tests of all columns


def tests(parts: list[Part], first: int, rng: np.random.Generator) -> list[Test]:
    """Test every column of pooled rows, the `first` of which were learned from.

    Whether a target is missing is not tested: rows arrive before their labels do.
    """
    if not parts:
        return []
    rows = len(parts[0].codes)
    blocks = list(
        _counted(parts, first, block) for block in permutation.deals(first, rows - first, rng)
    )
    spread = np.concatenate([block[0] for block in blocks], axis=1)
    p = np.vstack(
        [permutation.likely(spread**2), np.concatenate([block[1] for block in blocks], axis=1)]
    )
    named: list[tuple[int, Reason]] = [(place, "distribution") for place in range(len(parts))]
    for place, part in enumerate(parts):
        named += [(place, reason) for reason in _counts(part)]
    found = permutation.corrected(p).tolist()
    return [Test(*name, value) for name, value in zip(named, found, strict=True)]


def distance(part: Part, first: int) -> float:
    """Return how far the values that are there moved, in [0, 1]; 0 where a sample has none.

    The Kolmogorov-Smirnov distance for numbers, total variation for categories.
    """
    second = np.arange(len(part.codes)) >= first
    return float(_distance(part, second[:, None].astype(np.uint8))[0][0])


def stability(part: Part, first: int) -> float:
    """Return the population stability index of a column, missing cells as a bin of their own.

    Σ (q − p) ln(q / p) over bins, p the share of rows learned from and q of those that arrived:
    Jeffreys' divergence (1946, doi:10.1098/rspa.1946.0056), at least 0. Numbers are binned at the
    deciles of what was learned from. Half a row is added to each bin, so that none is empty.
    """
    codes = part.codes
    if part.numeric:
        known = codes[:first][codes[:first] > 0]
        edges = np.arange(1, BINS) / BINS
        known = known if len(known) else np.zeros(1)
        cuts = np.unique(np.quantile(known, edges, method="inverted_cdf"))
        codes = np.where(codes > 0, np.searchsorted(cuts, codes) + 1, 0)
    bins = len(np.unique(codes))
    place = np.unique(codes, return_inverse=True)[1]
    p, q = (
        (np.bincount(side, minlength=bins) + 0.5) / (len(side) + bins / 2)
        for side in (place[:first], place[first:])
    )
    return float(((q - p) * np.log(q / p)).sum())


def new(part: Part, first: int) -> np.ndarray:
    """Return the codes of the categories that no row learned from holds."""
    if part.numeric:
        return np.empty(0, int)
    return np.setdiff1d(part.codes[first:], np.append(part.codes[:first], 0))


def _counts(part: Part) -> list[Reason]:
    """Return which tests of a column count cells."""
    found: list[Reason] = [] if part.target else ["missingness"]
    found += [] if part.numeric else ["new categories"]
    return [*found, "out of range"]


def _counted(parts: list[Part], first: int, dealt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distances, shape (columns, deals), and p-values of counts, shape (tests, deals)."""
    second = len(dealt) - first
    distances, p = [], []
    for part in parts:
        found, counts, total = _distance(part, dealt)
        distances.append(found * np.sqrt(_effective(counts, total)))
        if not part.target:
            p.append(_two_sided(part.absent, dealt, second))
        if not part.numeric:
            p.append(_unseen(part, counts, total, second))
        p.append(_upper(part.outside, dealt, second))
    return np.array(distances), np.array(p)


def _distance(part: Part, dealt: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distances, shape (deals,), and how many rows hold each value.

    Of the second sample, shape (values, deals), and of both, shape (values, 1).
    """
    order = np.argsort(part.codes, kind="stable")
    sizes = np.bincount(part.codes)
    order, total = order[sizes[0] :], sizes[1:][sizes[1:] > 0][:, None]
    if not len(order):
        nothing = np.zeros((1, dealt.shape[1]))
        return nothing[0], nothing, np.zeros((1, 1))
    running = np.cumsum(dealt[order], axis=0, dtype=np.int32)[np.cumsum(total) - 1]
    counts = np.diff(running, axis=0, prepend=0)
    shown, held = (running, total.cumsum()[:, None]) if part.numeric else (counts, total)
    one, two = len(order) - running[-1], running[-1]
    gap = shown * (1 / np.maximum(one, 1) + 1 / np.maximum(two, 1))
    gap -= held / np.maximum(one, 1)
    np.abs(gap, out=gap)
    found = gap.max(axis=0) if part.numeric else gap.sum(axis=0) / 2
    told = (one > 0) & (two > 0) & (found > 1e-12)  # what is less is rounding
    return np.where(told, found, 0.0), counts, total


def _effective(counts: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the size that a distance's error goes with, where cells are missing it is less."""
    two, every = counts.sum(axis=0), total.sum()
    return two * (every - two) / max(every, 1)


def _two_sided(flags: np.ndarray, dealt: np.ndarray, second: int) -> np.ndarray:
    """Return how likely as few or as many flagged rows are dealt to the second sample."""
    held, places = np.unique(flags.astype(np.float32) @ dealt, return_inverse=True)
    law = hypergeom(len(flags), int(flags.sum()), second)
    return np.minimum(2 * np.minimum(law.cdf(held), law.sf(held - 1)), 1)[places]


def _upper(flags: np.ndarray, dealt: np.ndarray, second: int) -> np.ndarray:
    """Return how likely as many flagged rows are dealt to the second sample."""
    held, places = np.unique(flags.astype(np.float32) @ dealt, return_inverse=True)
    return hypergeom(len(flags), int(flags.sum()), second).sf(held - 1)[places]


def _unseen(part: Part, counts: np.ndarray, total: np.ndarray, second: int) -> np.ndarray:
    """Return how likely a category as frequent is in the second sample alone.

    The chance that all rows of one are dealt there, summed over the categories that are as rare or
    rarer by it: an upper bound of the chance for any of them.
    """
    size = total[:, 0]
    alone = np.exp(
        gammaln(second + 1)
        - gammaln(np.maximum(second - size, 0) + 1)
        - gammaln(len(part.codes) + 1)
        + gammaln(len(part.codes) - size + 1)
    )
    alone = np.where((size > 0) & (size <= second), alone, 0.0)
    order = np.argsort(alone, kind="stable")
    upto = np.empty(len(size))
    upto[order] = np.cumsum(alone[order])
    shared = np.searchsorted(alone[order], alone, side="right") - 1  # ties count together
    bound = np.minimum(upto[order][shared], 1)[:, None]
    return np.where((counts == total) & (total > 0), bound, 1.0).min(axis=0)
