"""The search over ratios: around the best of a curve, and region by region."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import intervals, runs
from ..intervals import Estimate
from ..mixes.curve import Point
from ..runs import Runs

STEP = 0.01  # ratios nearer than this are not told apart
ROUNDS = 2  # over all regions, at most

_DECIMALS = 4  # of ratios that are added

Mix = tuple[float, ...]  # a ratio for each region


class Found(NamedTuple):
    """The mix that a search by region ended with, and the scores of every mix tried."""

    mix: Mix
    tried: dict[Mix, dict[str, Runs]]  # in the order of trying
    among: int  # how many mixes the choices make: any of them could have been found


def between(curve: list[Point], most: float) -> list[float]:
    """Return the ratios to add to a curve around the one that is best on tune.

    Where a neighbour is shown worse, the middle between the two; where the best is the largest,
    a larger one: the middle between it and `most`, the greatest ratio that the rows allow, or
    `most` itself where that is near. None where none of this holds, or where they are nearer than
    a step. Whoever adds them and asks again comes to an end: ratios are never nearer
    to each other than half a step.
    """
    best = max(curve, key=lambda point: point.scores["tune"].mean)
    place = curve.index(best)
    beside = [*curve[max(place - 1, 0) : place], *curve[place + 1 : place + 2]]
    added = [
        (best.ratio + point.ratio) / 2
        for point in beside
        if _apart(best.ratio, point.ratio) >= STEP
        and runs.difference(best.scores["tune"], point.scores["tune"]).lower > 0
    ]
    # Rounded down: a ratio above `most` would need more rows than there are.
    most = float(np.floor(most * 10**_DECIMALS + 1e-6) / 10**_DECIMALS)
    if best is curve[-1] and most > best.ratio and _apart(best.ratio, most) >= STEP:
        near = _apart(best.ratio, most) < 2 * STEP
        added.append(most if near else (best.ratio + most) / 2)
    return [round(ratio, _DECIMALS) for ratio in added]


def by_region(
    start: Mix,
    choices: Sequence[Sequence[float]],
    score: Callable[[list[Mix]], list[dict[str, Runs]]],
) -> Found:
    """Search the ratio of each region on tune, from `start`, one region after another.

    `choices` are the ratios that the rows of each region allow; that of `start` is one more.
    `score` returns the scores of several mixes, "tune" among them, and is asked once per region
    and never twice for the same mix. Of a region's ratios, the others held, the smallest is taken
    whose mix is at most one standard error of the paired difference below the best of all mixes
    tried so far: not of this region's, or every region could give up a standard error of its own.
    The search ends when a round over all regions changes nothing, or after `ROUNDS`.
    """
    mix, tried = start, dict[Mix, dict[str, Runs]]()
    every = [sorted({*ratios, own}) for ratios, own in zip(choices, start, strict=True)]
    for _ in range(ROUNDS):
        before = mix
        for region, ratios in enumerate(every):
            asked = [(*mix[:region], ratio, *mix[region + 1 :]) for ratio in ratios]
            new = [one for one in asked if one not in tried]
            if new:
                tried.update(zip(new, score(new), strict=True))
            mix = next((one for one in asked if _as_good(one, tried)), mix)
        if mix == before:
            break
    return Found(mix, tried, math.prod(map(len, every)))


def gain(found: Runs, single: Runs, among: int) -> Estimate:
    """Return by how much a mix found by region is better on tune than the single ratio.

    Above 0, the lower bound shows it although the mix was picked: it stands for whichever of
    `among` mixes is picked (Bonferroni, 2.5 % over all of them). Those are the mixes that could
    have been found, `Found.among`. The mixes tried are too few to count: which ones those are
    depends on the scores, and gains by chance in several regions add up.
    """
    one = runs.difference(found, single)
    tail = math.exp(math.log((1 - intervals.LEVEL) / 2) - math.log(among))  # `among` may be huge
    lower = one.value - runs.quantile(one, tail) * one.se
    return one._replace(lower=lower, method=f"{one.method}, Bonferroni over {among}")


def _as_good(mix: Mix, tried: dict[Mix, dict[str, Runs]]) -> bool:
    best = max((scores["tune"] for scores in tried.values()), key=lambda own: own.mean)
    behind = runs.difference(best, tried[mix]["tune"])
    return behind.value <= behind.se


def _apart(one: float, other: float) -> float:
    return round(abs(one - other), _DECIMALS)
