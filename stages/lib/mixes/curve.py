"""The curve of the metric over the synthetic ratio: the choice, its plateau, and its shape."""

from typing import Any, Literal, NamedTuple

from .. import runs
from ..intervals import Estimate
from ..runs import Runs
from .mixing import Mix

Shape = Literal["rising", "falling", "peak", "flat"]
Verdict = Literal["helps", "no difference shown", "hurts"]


class Point(NamedTuple):
    """One ratio: the model that does best on tune there, and its runs by slice."""

    ratio: float
    model: str
    scores: dict[str, Runs]


class Choice(NamedTuple):
    """Which ratio the curve says to take, and how sure it is."""

    chosen: Point
    best: Point
    plateau: list[float]  # ratios not shown worse than the best
    width: float  # of that part of the plateau on which the best stands
    shape: Shape
    fall_below: float | None  # how far the metric falls one step below the best; None at an edge
    fall_above: float | None
    at_edge: bool


def choose(curve: list[Point]) -> Choice:
    """Choose on tune by the one-standard-error rule (Breiman et al. 1984).

    The smallest ratio whose score is at most one standard error of the paired difference below
    the best one's.
    """
    best = max(curve, key=lambda point: point.scores["tune"].mean)
    behind = {point.ratio: _behind(best, point) for point in curve}
    chosen = next(point for point in curve if behind[point.ratio].value <= behind[point.ratio].se)
    plateau = [ratio for ratio, gap in behind.items() if gap.lower <= 0]
    place = curve.index(best)
    return Choice(
        chosen=chosen,
        best=best,
        plateau=plateau,
        width=_width(curve, plateau, place),
        shape=_shape(curve, behind, place),
        fall_below=behind[curve[place - 1].ratio].value if place > 0 else None,
        fall_above=behind[curve[place + 1].ratio].value if place + 1 < len(curve) else None,
        at_edge=place == len(curve) - 1 and len(curve) > 1,
    )


def lines(of: dict[str, Any], scores: dict[str, Estimate], mix: Mix) -> list[dict[str, Any]]:
    """Return a line of metrics/curve.csv for each split; `of` is what goes before it."""
    rows = {"rows_real": int(mix.real.sum()), "rows_synthetic": int(mix.synthetic.sum())}
    return [
        {**of, "split": split, "mean": own.value, "lower": own.lower, "upper": own.upper, **rows}
        for split, own in scores.items()
    ]


def verdict(ratio: float, gain: Estimate, own: Estimate) -> Verdict:
    """Say what synthetic rows are shown to do.

    `gain` is the mix's over real rows alone with the model that is best for those, `own` over real
    rows alone with the mix's own model: only where both are shown is it the synthetic rows that
    help or hurt, and not the change of model.
    """
    if ratio > 0 and min(gain.lower, own.lower) > 0:
        return "helps"
    return "hurts" if max(gain.upper, own.upper) < 0 else "no difference shown"


def _behind(best: Point, point: Point) -> Estimate:
    return runs.difference(best.scores["tune"], point.scores["tune"])


def _width(curve: list[Point], plateau: list[float], place: int) -> float:
    """Return how far one can move from the best without meeting a ratio shown worse."""
    below, above = place, place
    while below > 0 and curve[below - 1].ratio in plateau:
        below -= 1
    while above + 1 < len(curve) and curve[above + 1].ratio in plateau:
        above += 1
    return curve[above].ratio - curve[below].ratio


def _shape(curve: list[Point], behind: dict[float, Estimate], place: int) -> Shape:
    """Name the shape by which ends of the curve are shown worse than the best."""
    low, high = (behind[curve[end].ratio].lower > 0 for end in (0, -1))
    if low and high:
        return "peak"
    if low:
        return "rising"
    return "falling" if high else "flat"
