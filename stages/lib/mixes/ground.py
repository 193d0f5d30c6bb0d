"""What all mixes share: the rows, and models trained on draws of them with every seed."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import runs, trials
from ..base.errors import ParamsError, nearest
from ..intervals import Estimate
from ..learners import Learners
from ..runs import Runs
from ..scoring import Score
from ..tables.schema import Schema
from ..trials import Bench, Trial
from . import mixing
from .mixing import Policy, Stock

Runner = Callable[[Bench, Sequence[Trial]], Iterable[dict[str, Score]]]  # such as trials.scores


class Ground(NamedTuple):
    """What all mixes share: the rows, and how models are trained and scored."""

    bench: Bench  # the rows of train first, those of the batches behind
    real: int  # rows of train
    classes: tuple[str, ...]  # as they may be told; empty in regression
    batches: dict[str, np.ndarray]  # where each batch's rows stand behind the real ones
    policy: Policy
    models: list[str]
    real_only: str  # the model that is best on real rows alone
    seeds: range  # each draws its own rows of the batches
    run: Runner


def prepare(
    train: pd.DataFrame,
    batches: Mapping[str, pd.DataFrame],
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    *,
    asked: Sequence[str] | None,
    real_only: str,
    policy: Policy,
    seeds: int,
    run: Runner = trials.scores,
) -> Ground:
    """Encode the rows once for all mixes.

    Models are those `asked` for, or all. Raises ParamsError where one is unknown, and where the
    metric, a model or the policy does not fit the target.
    """
    for name in asked or ():
        if name not in models:
            raise ParamsError(
                f"params.yaml: `sweep.models` {name!r} is unknown; {nearest(name, models)}"
            )
    bench = trials.bench(schema, models, metric, train, scored, list(batches.values()))
    if policy == "balance" and not bench.classes:
        raise ParamsError(
            "params.yaml: `blend.policy` balance raises rare classes, and the target has none; "
            "choose add or replace"
        )
    starts = np.cumsum([len(train), *(len(batch) for batch in batches.values())])
    places = {
        name: start + np.arange(len(batch))
        for (name, batch), start in zip(batches.items(), starts, strict=False)
    }
    names = list(asked or models)
    classes = tuple(schema.shown(schema.target, bench.classes, bench.classes))
    return Ground(bench, len(train), classes, places, policy, names, real_only, range(seeds), run)


def fresh(ground: Ground) -> Ground:
    """Return the same with as many other seeds, for a mix that was chosen by its scores.

    A draw of rows that happens to be good is so on every split: reported from the fits that it was
    chosen by, a mix would seem better than it is, on the holdout too.
    """
    return ground._replace(seeds=range(ground.seeds.stop, ground.seeds.stop + len(ground.seeds)))


def rows_of(ground: Ground, batches: Sequence[str]) -> tuple[np.ndarray, Stock]:
    """Return where the rows of some batches stand, and all rows of a mix by what it tells apart."""
    own = np.concatenate([np.empty(0, int), *(ground.batches[name] for name in batches)])
    if ground.policy != "balance":
        return own, mixing.whole(ground.real, len(own))
    y = ground.bench.y
    return own, Stock(y[: ground.real], y[own], ground.classes)


def trained(
    ground: Ground,
    stock: Stock,
    own: np.ndarray,
    asked: Sequence[tuple[float, ...]],
    models: Sequence[str],
    on: Sequence[str] = (),
) -> Iterator[tuple[tuple[float, ...], dict[str, dict[str, Runs]]]]:
    """Yield each of the mixes asked for with its scores, by model and split.

    `own` are the places of the stock's synthetic rows; scores are on the splits `on`, or on all.
    All mixes share the seeds, and so the order in which rows are drawn.
    """
    every, splits = np.concatenate([np.arange(ground.real), own]), tuple(on or ground.bench.scored)
    for ratios in asked:
        mix = mixing.plan(ratios, stock, ground.policy)
        draws = {seed: every[mixing.draw(mix, stock, seed=seed)] for seed in ground.seeds}
        jobs = [Trial(name, rows, seed, splits) for name in models for seed, rows in draws.items()]
        scores, count = list(ground.run(ground.bench, jobs)), len(draws)
        yield (
            ratios,
            {
                name: runs.gather(scores[place * count : (place + 1) * count])
                for place, name in enumerate(models)
            },
        )


def told(scores: dict[str, Runs]) -> dict[str, Estimate]:
    """Return the score on each split with its interval."""
    return {split: runs.estimate(own) for split, own in scores.items()}
