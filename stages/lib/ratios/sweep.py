"""Models trained at every ratio, from every mix of batches, with every seed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from .. import runs
from ..base.errors import ParamsError
from ..base.params import Name, Section
from ..intervals import Estimate
from ..mixes import curve, mixing
from ..mixes.curve import Choice, Point
from ..mixes.ground import Ground, fresh, rows_of, told, trained
from ..mixes.mixing import Stock
from ..mixes.regions import Regions
from ..runs import Runs
from ..tables import table
from . import regional, search
from .regional import Parts, Regional


class Sweep(Section):
    """The section `sweep` of params.yaml."""

    ratios: list[float] = Field(min_length=1)
    """The synthetic parts of the training rows to try, from 0 to below 1; 0 is always tried."""
    shares: list[Annotated[float, Field(gt=0, le=0.5)]] = Field(min_length=1)
    """In place of `ratios` where the policy is balance: at a half all classes have as many rows."""
    seeds: int = Field(ge=1)
    """How often each mix is trained, each time on other rows of the batches; take five or more."""
    models: list[Name] | None = Field(min_length=1)
    """Names of `models` to train; null trains all."""
    refine: bool
    """Whether ratios are added around the best while neighbours are shown worse."""
    per_slice: bool
    """Whether a ratio is searched for each region, from the single one."""
    regions: Regions
    """What a region is: a slice, a class, or a tercile of density."""


class Curve(NamedTuple):
    """The scores of one mix of batches over the ratios."""

    points: list[Point]  # the best model at each ratio, rising; scores of the first mix alone
    every: dict[tuple[float, str], dict[str, Estimate]]  # by ratio and model, then by split
    alone: dict[str, Runs]  # each model's score on the holdout, from real rows alone


class Swept(NamedTuple):
    """The curves of all mixes of batches, and what was chosen on that of the first."""

    curves: dict[str, Curve]
    choice: Choice
    searched: Regional | None  # the mix by region, where one was asked for
    mix: Point | None  # what is spoken of, from seeds that chose nothing; None of no mix
    taken: bool  # whether it is to be trained on, or real rows alone


def measure(
    ground: Ground, mixes: Mapping[str, list[str]], asked: Sweep, parts: Parts | None
) -> Swept:
    """Return the curves over the single ratio, and the mix that comes of the first one.

    It is the mix by region (where there are `parts`) if that is shown better, else the ratio that
    is chosen; where that is 0, the best one above on tune is spoken of and not taken.
    """
    found = dict(curves(ground, mixes, asked))
    name, batches = next(iter(mixes.items()))
    points = found[name].points
    choice = curve.choose(points)
    single, searched = choice.chosen, None
    if parts and batches:
        ratios = [point.ratio for point in points]
        searched = regional.measure(ground, batches, single, ratios, parts)
    if searched and searched.kept:
        return Swept(found, choice, searched, searched.point, True)
    above = [point for point in points if point.ratio > 0]
    best = max(above, key=lambda point: point.scores["tune"].mean, default=None)
    spoken = single if single.ratio else best
    mix = spoken and _anew(ground, batches, spoken)
    return Swept(found, choice, searched, mix, single.ratio > 0)


def curves(
    ground: Ground, mixes: Mapping[str, list[str]], asked: Sweep
) -> Iterator[tuple[str, Curve]]:
    """Yield for each mix its curve over the ratios, 0 always among them.

    A mix names the batches whose rows it draws from. What is trained on real rows alone is
    trained once for all mixes. The first mix must have the rows that every ratio needs (else
    ParamsError), and is refined where that is asked for; the others, which are shown beside it,
    go as far as theirs last.
    """
    stocks = {mix: rows_of(ground, batches) for mix, batches in mixes.items()}
    chosen = next(iter(mixes))
    asked_of = {  # before any fit: what there are not the rows for is told at once
        mix: _ratios(ground, stock, asked, first=mix == chosen) if mixes[mix] else []
        for mix, (_, stock) in stocks.items()
    }
    names = list(dict.fromkeys([*ground.models, ground.real_only]))
    nothing = np.empty(0, int)
    [(_, alone)] = trained(ground, mixing.whole(ground.real, 0), nothing, [(0.0,)], names)
    for split, scores in alone[ground.real_only].items():
        if not np.isfinite(runs.estimate(scores).lower):
            raise ParamsError(
                f"params.yaml: `brief.metric` {ground.bench.metric!r} has no value or interval on "
                f"{split} (too few rows, or of one class alone?); raise `freeze.{split}`, or take "
                "another metric"
            )
    own = {name: scores["holdout"] for name, scores in alone.items()}
    for mix, (places, stock) in stocks.items():
        first, ratios = mix == chosen, asked_of[mix]
        points = [Point(0.0, ground.real_only, alone[ground.real_only])]
        every = {(0.0, name): told(scores) for name, scores in alone.items()}
        while ratios:
            cells = [(ratio,) for ratio in ratios]
            for (ratio,), found in trained(ground, stock, places, cells, ground.models):
                best = _best(ratio, found)
                points.append(best if first else best._replace(scores={}))
                every |= {(ratio, name): told(scores) for name, scores in found.items()}
            points.sort(key=lambda point: point.ratio)
            again = first and asked.refine
            ratios = search.between(points, mixing.most(stock, ground.policy)) if again else []
        yield mix, Curve(points, every, own)


def tidy(ground: Ground, mixes: Mapping[str, list[str]], found: Swept) -> pd.DataFrame:
    """Return one line per mix, ratio, model and split, with the mean score and its interval.

    Behind are the lines of the mix by region.

    Columns of metrics/curve.csv:

    - `ratio`: the ratio; with a `slice`, that region's
    - `batch`: the mix; that of the first line is the one that the choice is made on
    - `slice`: `all`; or the region whose ratio is moved from the mix found, the others held, on
      tune
    - `model`: one of `sweep.models`
    - `best`: `True` for the model that stands for its ratio
    - `split`: tune or holdout
    - `mean`, `lower`, `upper`: the mean over the seeds, and its interval
    - `rows_real`, `rows_synthetic`: rows trained on, of all regions
    """
    every = []
    for mix, own in found.curves.items():
        stock = rows_of(ground, mixes[mix])[1]
        best = {point.ratio: point.model for point in own.points}
        for (ratio, model), scores in sorted(own.every.items(), key=lambda one: one[0][0]):
            rows = mixing.plan((ratio,), stock, ground.policy)
            of = {"ratio": ratio, "batch": mix, "slice": "all", "model": model}
            every += curve.lines({**of, "best": model == best[ratio]}, scores, rows)
    by_region = [found.searched.around] if found.searched else []
    return table.below([pd.DataFrame(every), *by_region])


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


def _anew(ground: Ground, batches: Sequence[str], chosen: Point) -> Point:
    """Return a mix trained with seeds that took no part in choosing it."""
    places, stock = rows_of(ground, batches)
    mix = (chosen.ratio,)
    [(_, found)] = trained(fresh(ground), stock, places, [mix], [chosen.model])
    return chosen._replace(scores=found[chosen.model])
