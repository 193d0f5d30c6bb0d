"""How many real rows the synthetic ones are worth, read off the learning curve."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.optimize import brentq

from .. import runs
from ..runs import Runs


class Worth(NamedTuple):
    """How many more real rows score as the mix does; below 0 where fewer do.

    An end that lies outside of the sizes that were measured is None: without `upper` the
    synthetic rows are worth at least `lower`, without `lower` at most `upper`.
    """

    rows: float | None
    lower: float | None
    upper: float | None
    method: str


def worth(learned: Sequence[tuple[int, Runs]], mix: Runs, real: int) -> Worth:
    """Return the N for which `real` + N real rows alone score as the mix of `real` and synthetic.

    `real` are the rows that the mix has, which are not all where synthetic ones take their place.

    `learned` holds numbers of real rows with their runs, `mix` the mix's, all on the same rows of
    one slice; of runs with more seeds than others the first are taken. Between two sizes a score
    is taken to be straight in the logarithm of the size (one that bends as 1 / √size does makes
    the size 3 % too great in the middle of a doubling); beyond them nothing is said.

    The value is where the difference from the mix, made to rise with the size by isotonic
    regression, is 0. The interval (95 %) inverts the paired test of no difference: it reaches
    from the first size that is not shown worse than the mix to the last that is not shown better.
    Where `real` rows themselves are shown to be one of the two, the sizes before them or behind
    are taken to be so too, and are not asked: the noise of few rows does not open the interval.
    It holds for new scored rows, and for new draws of the rows of the learning curve and of the
    mix; given is what they are drawn from: this train and this batch. Others may be worth another
    number.
    """
    curve = [(size, own) for size, own in sorted(learned, key=lambda one: one[0])]
    gaps = [runs.difference(*runs.paired(own, mix)) for _, own in curve]
    known = [place for place, gap in enumerate(gaps) if np.isfinite(gap.value)]
    if not known:
        return Worth(None, None, None, "no score of real rows alone is a number")
    curve, gaps = [curve[place] for place in known], [gaps[place] for place in known]
    sizes = [size for size, _ in curve]
    own = sizes.index(real) if real in sizes else 0
    first = own if gaps[own].upper < 0 else 0
    last = own if gaps[own].lower > 0 else len(gaps) - 1
    not_worse = next(
        (place for place in range(first, len(gaps)) if gaps[place].upper >= 0), len(gaps)
    )
    better = 1 + max((place for place in range(last + 1) if gaps[place].lower <= 0), default=-1)
    lower = _end(curve, mix, not_worse, "upper") if not_worse else None
    upper = _end(curve, mix, better, "lower") if better < len(gaps) else None
    if lower is not None and upper is not None:
        lower, upper = min(lower, upper), max(lower, upper)
    value = _zero(sizes, [gap.value for gap in gaps])
    if value is not None:
        # Pooling may carry the value across an end of the interval, which is of unpooled sizes.
        value = min(max(value, lower or 0.0), upper or np.inf)
    return Worth(
        None if value is None else float(value - real),
        None if lower is None else float(lower - real),
        None if upper is None else float(upper - real),
        f"paired test inverted over {sizes[0]:,} to {sizes[-1]:,} real rows, {gaps[0].method}",
    )


def _end(
    curve: Sequence[tuple[int, Runs]], mix: Runs, place: int, bound: Literal["lower", "upper"]
) -> float:
    """Return the size at which a bound of the difference from the mix, below 0 so far, is 0.

    It is below 0 before `place` and no longer there; sizes outside of the curve are its ends.
    """
    if place in (0, len(curve)):
        return curve[min(place, len(curve) - 1)][0]
    (size, before), (next_size, after) = curve[place - 1 : place + 1]

    def at(part: float) -> float:
        return getattr(runs.difference(*runs.paired(_between(before, after, part), mix)), bound)

    # The bounds at a size are other ones where the size beside it has fewer seeds.
    if at(0.0) >= 0:
        return size
    part = brentq(at, 0.0, 1.0) if at(1.0) > 0 else 1.0
    return size * (next_size / size) ** part


def _between(one: Runs, other: Runs, part: float) -> Runs:
    """Return the runs on the straight line from `one` to `other`, so far along it."""
    both = zip(*runs.paired(one, other), strict=True)
    return Runs(*((1 - part) * first + part * second for first, second in both))


def _zero(sizes: Sequence[int], gaps: Sequence[float]) -> float | None:
    """Return the size at which the differences, made to rise, are 0; None where they are not."""
    from sklearn.isotonic import IsotonicRegression

    logarithms = np.log(sizes)
    rising = IsotonicRegression().fit_transform(logarithms, gaps)
    none = np.flatnonzero(rising == 0)
    if len(none):
        return float(np.sqrt(sizes[none[0]] * sizes[none[-1]]))
    above = int((rising < 0).sum())
    if above in (0, len(sizes)):
        return None
    before, after = rising[above - 1], rising[above]
    part = before / (before - after)
    return float(sizes[above - 1] * (sizes[above] / sizes[above - 1]) ** part)
