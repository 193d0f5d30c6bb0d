"""What models learn from a batch instead of real rows: TSTR against TRTR."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import intervals, trials
from .intervals import Estimate
from .learners import Learners
from .schema import Schema
from .trials import Trial


class Tax(NamedTuple):
    """The fidelity tax on one slice: TRTR less TSTR, averaged over the models."""

    tstr: float
    trtr: float
    tax: Estimate
    by_model: dict[str, Estimate]


def compare(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    *,
    within: np.ndarray,
    seeds: int,
) -> dict[str, Tax]:
    """Train each model on the real rows and on as many synthetic ones, and score both.

    `within` says which rows of `train` the batch is about, shape (rows,): those are what it
    takes the place of, and the others stay. Every seed draws its own rows of the batch; real and
    synthetic share the seed of the model and the rows scored on.
    """
    bench = trials.bench(schema, models, metric, train, scored, [batch])
    about, others = np.flatnonzero(within), np.flatnonzero(~within)
    size = min(len(about), len(batch))
    plan = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        real = rng.permutation(about)[:size]
        made = len(train) + rng.permutation(len(batch))[:size]
        plan += [
            Trial(model, np.concatenate([others, rows]), seed, tuple(scored))
            for rows in (real, made)
            for model in models
        ]
    found = trials.run(bench, plan)
    return {name: _tax([scores[name] for scores in found], list(models), seeds) for name in scored}


def _tax(scores: list, models: list[str], seeds: int) -> Tax:
    values = np.array([score.value for score in scores]).reshape(seeds, 2, len(models))
    influence = np.array([score.influence for score in scores])
    influence = influence.reshape(seeds, 2, len(models), -1)
    lost, moved = values[:, 0] - values[:, 1], influence[:, 0] - influence[:, 1]
    by_model = {
        model: intervals.over_rows_and_seeds(lost[:, place], moved[:, place])
        for place, model in enumerate(models)
    }
    tax = intervals.over_rows_and_seeds(lost.mean(axis=1), moved.mean(axis=1))
    return Tax(float(values[:, 1].mean()), float(values[:, 0].mean()), tax, by_model)
