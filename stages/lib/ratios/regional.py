"""A mix with a ratio of its own for each region, against the mix with a single ratio."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..base.errors import ParamsError
from ..batches import Slices
from ..intervals import Estimate
from ..mixes import curve, mixing, regions
from ..mixes.curve import Point
from ..mixes.ground import Ground, fresh, rows_of, told, trained
from ..mixes.mixing import Mix, Policy, Stock
from ..mixes.regions import Regions
from ..runs import Runs
from ..tables.schema import Schema
from . import search


class Regional(NamedTuple):
    """What the search over the regions' ratios found."""

    names: tuple[str, ...]
    ratios: tuple[float, ...]
    mix: Mix
    point: Point  # its ratio is that of all rows, its scores those of seeds that chose nothing
    gain: Estimate  # on tune, over the single ratio; its lower bound though the mix was picked
    kept: bool  # whether that gain is shown, and not of real rows alone with another model
    around: pd.DataFrame  # the curve's table on tune, one region's ratio moved and the others left


class Parts(NamedTuple):
    """The regions, and the number of the one that each row of train and of the batches is in."""

    names: tuple[str, ...]
    of: np.ndarray  # (rows of train and, behind, of all batches,)


def assign(
    ground: Ground,
    kind: Regions,
    train: pd.DataFrame,
    batches: Mapping[str, pd.DataFrame],
    schema: Schema,
    slices: Slices,
) -> Parts:
    """Tell which region each row of the ground is in.

    Raises ParamsError where the table has no regions of this kind, or the policy is balance.
    """
    if ground.policy == "balance":
        raise ParamsError(
            "params.yaml: `sweep.per_slice` searches a ratio for each region, and `blend.policy` "
            "balance has one for all; choose add or replace, or set `sweep.per_slice: false`"
        )
    frames, classes = list(batches.values()), ground.bench.classes
    found = regions.by(kind, train, frames, schema, slices, classes)
    return Parts(tuple(found.names), np.concatenate([found.train, *found.frames]))


def measure(
    ground: Ground,
    batches: Sequence[str],
    single: Point,
    ratios: Sequence[float],
    parts: Parts,
) -> Regional:
    """Search a ratio for each region, from the single one and with its model."""
    names = parts.names
    own, _ = rows_of(ground, batches)
    stock = Stock(parts.of[: ground.real], parts.of[own], names)
    possible = [_possible(stock, number, ratios, ground.policy) for number in range(len(names))]
    start = tuple(max(ratio for ratio in at if ratio <= single.ratio) for at in possible)

    def score(asked: list[tuple[float, ...]]) -> list[dict[str, Runs]]:
        found = trained(ground, stock, own, asked, [single.model], ["tune"])
        return [by_model[single.model] for _, by_model in found]

    found = search.by_region(start, possible, score)
    gain = search.gain(found.tried[found.mix]["tune"], single.scores["tune"], found.among)
    mix = mixing.plan(found.mix, stock, ground.policy)
    [(_, scores)] = trained(fresh(ground), stock, own, [found.mix], [single.model])
    lines = []
    for number, name in enumerate(names):
        for tried in sorted(found.tried, key=lambda one: one[number]):
            if _but(tried, number) == _but(found.mix, number):
                of = {"ratio": tried[number], "batch": " + ".join(batches), "slice": name}
                rows = mixing.plan(tried, stock, ground.policy)
                estimates = told(found.tried[tried])
                lines += curve.lines({**of, "model": single.model, "best": True}, estimates, rows)
    return Regional(
        names,
        found.mix,
        mix,
        Point(mix.ratio, single.model, scores[single.model]),
        gain,
        bool(gain.lower > 0 and mix.synthetic.any()),
        pd.DataFrame(lines),
    )


def _possible(stock: Stock, number: int, ratios: Sequence[float], policy: Policy) -> list[float]:
    """Return the ratios for which one region has the rows, 0 always among them."""
    held, made = int(stock.held[number]), int(stock.made[number])
    return [
        ratio
        for ratio in sorted({0.0, *ratios})
        if ratio == 0 or 0 < mixing.counts(ratio, held, policy)[1] <= made
    ]


def _but(mix: tuple[float, ...], number: int) -> tuple[float, ...]:
    return mix[:number] + mix[number + 1 :]
