"""The null of two samples of one population: the pooled rows, dealt out anew.

Where two samples come from one population, which of the pooled rows were drawn first is chance. So
dealing them out at random gives the exact null of any statistic, for these very sizes, with ties,
sparse categories and missing values; and of many statistics together, however they depend on each
other.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import gammaincc

DEALS = 999  # random ones, besides what was observed, where nothing else is said
_CELLS = 2_000_000  # that are dealt at once


def deals(
    first: int, second: int, rng: np.random.Generator, *, random: int = DEALS
) -> Iterator[np.ndarray]:
    """Yield in blocks which of `first` + `second` rows are in the second sample.

    Each block has shape (rows, deals), uint8; the first column of the first block is what was
    observed, and the `random` ones follow.
    """
    rows = first + second
    observed = np.repeat(np.array([0, 1], np.uint8), [first, second])
    width = max(_CELLS // rows, 1)
    for start in range(0, random + 1, width):
        count = min(width, random + 1 - start)
        block = rng.permuted(np.broadcast_to(observed, (count, rows)), axis=1)
        if start == 0:
            block[0] = observed
        yield np.ascontiguousarray(block.T)


def likely(squares: np.ndarray) -> np.ndarray:
    """Return about how likely each squared statistic is exceeded by chance, same shape.

    `squares` has shape (statistics, deals), what was observed among them. A gamma distribution of
    the same mean and variance says it: exact for a share, near for other distances. It brings
    different statistics to one scale, beyond the smallest p-value that a count of deals can tell;
    `corrected` needs nothing else of it.
    """
    mean, variance = squares.mean(axis=1, keepdims=True), squares.var(axis=1, keepdims=True)
    varies = variance > 1e-18 * mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        found = gammaincc(mean**2 / variance, squares * mean / variance)
    return np.where(varies, found, 1.0)


def corrected(p: np.ndarray) -> np.ndarray:
    """Return p-values corrected for the number of tests, shape (tests,).

    `p` has shape (tests, deals), the first column observed. Step-down minP (Westfall and Young
    1993, Resampling-Based Multiple Testing, ISBN 978-0-471-55761-6; Ge, Dudoit and Speed 2003,
    doi:10.1007/BF02595811): the chance that any true null is below a level is at most the level,
    whichever of the others are false.
    """
    if not len(p):
        return np.empty(0)
    order = np.argsort(p[:, 0], kind="stable")
    least = np.minimum.accumulate(p[order][::-1], axis=0)[::-1]
    exceeded = (least <= p[order, :1] * (1 + 1e-9)).mean(axis=1)
    found = np.empty(len(p))
    found[order] = np.maximum.accumulate(exceeded)
    return found
