"""Columns that are suspiciously clean: without what real rows have."""

import numpy as np
from scipy.stats import hypergeom

from . import marginals
from .coded import Coded
from .outliers import outlying

CHANCE = 1e-3  # how likely real rows in the batch's place have any finding of absence
HEAPS = 0.01  # how often two real rows share a number, where numbers heap
SMOOTH = 0.5  # of that, what two rows of a smooth batch do less often
ERRORS = 5.0  # standard errors of the difference that it must be beyond


def findings(made: Coded, real: Coded, apart: Coded) -> list[str]:
    """Return a sentence for each column of the batch that is suspiciously clean.

    It has no missing value, or no outlier, where so many of as many `real` rows do that chance
    would hardly leave a sample without (hypergeometric, one-sided; `CHANCE` is shared out over all
    columns and both kinds); or its numbers repeat less than half as often as real ones, which heap
    on few exact values. Outliers are cut on the real rows `apart`.
    """
    rows = len(made.numbers)
    lacking = [marginals.missing(one) * rows for one in (made, real)]
    far = [outlying(one, apart).sum(axis=0) for one in (made, real)]
    limit = CHANCE / max(len(lacking[0]) + len(far[0]), 1)
    found = []
    for what, (own, theirs) in (("missing value", lacking), ("outlier", far)):
        for name, has, others in zip(made.names, own, theirs, strict=False):
            others = round(others)
            if not has and hypergeom.pmf(0, 2 * rows, others, rows) < limit:
                found.append(f"{name}: no {what}, where {others / rows:.2%} of real rows have one")
    for name, one, other, values in zip(
        made.names, made.steps.T, real.steps.T, made.values, strict=False
    ):
        (own, error), (theirs, noise) = (repeats(steps, len(values)) for steps in (one, other))
        apart_by = ERRORS * np.hypot(error, noise)
        if theirs >= HEAPS and own < SMOOTH * theirs and own + apart_by < theirs:
            found.append(
                f"{name}: too smooth, two rows share a number in {own:.2%} of cases, where two "
                f"real rows do in {theirs:.2%}"
            )
    return found


def repeats(steps: np.ndarray, size: int) -> tuple[float, float]:
    """Return how likely two rows share a number, and the standard error of that.

    Rows without one are left out. Simpson's index, with its variance in large samples (Simpson
    1949, doi:10.1038/163688a0).
    """
    counts = np.bincount(steps, minlength=size)[1:].astype(float)
    n = counts.sum()
    if n < 2:
        return 0.0, 0.0
    share = counts / n
    second, third = (share**2).sum(), (share**3).sum()
    variance = 4 / n * (third - second**2) + 2 / n**2 * second
    return float((counts * (counts - 1)).sum() / (n * (n - 1))), float(np.sqrt(max(variance, 0.0)))
