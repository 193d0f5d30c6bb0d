"""Models trained at every ratio, from every mix of batches, with every seed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from . import mixing, runs, search
from .curve import Choice, Point
from .errors import ParamsError
from .ground import Ground, fresh, rows_of, trained
from .intervals import Estimate
from .mixing import Mix, Stock
from .params import Name, Section
from .regions import Regions
from .runs import Runs


class Sweep(Section):
    """The section `sweep` of params.yaml."""

    ratios: list[float] = Field(min_length=1)
    # In place of `ratios` where the policy is balance; at a half all classes have as many rows.
    shares: list[Annotated[float, Field(gt=0, le=0.5)]] = Field(min_length=1)
    seeds: int = Field(ge=1)
    models: list[Name] | None = Field(min_length=1)
    refine: bool
    per_slice: bool
    regions: Regions


class Curve(NamedTuple):
    """The scores of one mix of batches over the ratios."""

    points: list[Point]  # the best model at each ratio, in rising order
    every: dict[tuple[float, str], dict[str, Estimate]]  # by ratio and model, then by split
    alone: dict[str, Runs]  # each model's score on the holdout, from real rows alone


def curves(
    ground: Ground, mixes: Mapping[str, list[str]], asked: Sweep
) -> Iterator[tuple[str, Curve]]:
    """Yield for each mix its curve over the ratios, 0 always among them.

    A mix names the batches whose rows it draws from. What is trained on real rows alone is
    trained once for all mixes. The first mix must have the rows that every ratio needs (else
    ParamsError), and is refined where that is asked for; the others, which are shown beside it,
    go as far as theirs last.
    """
    names = list(dict.fromkeys([*ground.models, ground.real_only]))
    nothing = np.empty(0, int)
    [(_, alone)] = trained(ground, mixing.whole(ground.real, 0), nothing, [(0.0,)], names)
    if not np.isfinite(alone[ground.real_only]["tune"].mean):
        raise ParamsError(
            f"params.yaml: `brief.metric` {ground.bench.metric!r} is not a number on the rows that "
            "choices are made on (of one class alone?); raise `freeze.tune`, or take another metric"
        )
    own = {name: scores["holdout"] for name, scores in alone.items()}
    for mix, batches in mixes.items():
        places, stock = rows_of(ground, batches)
        first = mix == next(iter(mixes))
        ratios = _ratios(ground, stock, asked, first=first) if batches else []
        points = [Point(0.0, ground.real_only, alone[ground.real_only])]
        every = {(0.0, name): told(scores) for name, scores in alone.items()}
        while ratios:
            cells = [(ratio,) for ratio in ratios]
            for (ratio,), found in trained(ground, stock, places, cells, ground.models):
                points.append(_best(ratio, found))
                every |= {(ratio, name): told(scores) for name, scores in found.items()}
            points.sort(key=lambda point: point.ratio)
            again = first and asked.refine
            ratios = search.between(points, mixing.most(stock, ground.policy)) if again else []
        yield mix, Curve(points, every, own)


def mixed(
    ground: Ground, batches: Sequence[str], choice: Choice, points: Sequence[Point]
) -> Point | None:
    """Return the mix to speak of, trained anew with seeds that took no part in choosing it.

    It is the choice; where that is real rows alone, the best ratio above 0 on tune, or None.
    """
    every = [point for point in points if point.ratio > 0]
    best = max(every, key=lambda point: point.scores["tune"].mean, default=None)
    chosen = choice.chosen if choice.chosen.ratio else best
    if chosen is None:
        return None
    places, stock = rows_of(ground, batches)
    mix = (chosen.ratio,)
    [(_, found)] = trained(fresh(ground), stock, places, [mix], [chosen.model])
    return chosen._replace(scores=found[chosen.model])


def tidy(
    ground: Ground, mixes: Mapping[str, list[str]], found: Mapping[str, Curve]
) -> pd.DataFrame:
    """Return one line per mix, ratio, model and split, with the mean score and its interval.

    `best` marks the model that stands for a ratio.
    """
    every = []
    for mix, own in found.items():
        stock = rows_of(ground, mixes[mix])[1]
        best = {point.ratio: point.model for point in own.points}
        for (ratio, model), scores in sorted(own.every.items(), key=lambda one: one[0][0]):
            rows = mixing.plan((ratio,), stock, ground.policy)
            of = {"ratio": ratio, "batch": mix, "slice": "all", "model": model}
            every += lines({**of, "best": model == best[ratio]}, scores, rows)
    return pd.DataFrame(every)


def lines(of: dict[str, Any], scores: dict[str, Estimate], mix: Mix) -> list[dict[str, Any]]:
    """Return a line of the curve's table for each split."""
    rows = {"rows_real": int(mix.real.sum()), "rows_synthetic": int(mix.synthetic.sum())}
    return [
        {**of, "split": split, "mean": own.value, "lower": own.lower, "upper": own.upper, **rows}
        for split, own in scores.items()
    ]


def told(scores: dict[str, Runs]) -> dict[str, Estimate]:
    """Return the score on each split with its interval."""
    return {split: runs.estimate(own) for split, own in scores.items()}


def _ratios(ground: Ground, stock: Stock, asked: Sweep, *, first: bool) -> list[float]:
    """Return the ratios above 0 to begin with; those of the first mix must have their rows."""
    policy = ground.policy
    if policy == "balance":
        shares = {share: mixing.balancing(share, stock) for share in asked.shares}
        named = {ratio: f"`sweep.shares` {share:g}, a ratio of" for share, ratio in shares.items()}
    else:
        named = dict.fromkeys(asked.ratios, "`sweep.ratios`")
    for ratio, where in named.items() if first else ():
        mixing.check(ratio, stock, policy, where)
    return sorted(ratio for ratio in named if ratio > 0 and mixing.enough(ratio, stock, policy))


def _best(ratio: float, found: dict[str, dict[str, Runs]]) -> Point:
    model = max(found, key=lambda name: found[name]["tune"].mean)
    return Point(ratio, model, found[model])
