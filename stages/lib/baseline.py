"""What a person would try before synthetic data: the best model, cheap remedies, more rows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import learning, remedies, runs, trials
from .base.errors import ParamsError
from .learners import Learners
from .learning import Size
from .runs import Runs
from .tables import table
from .tables.schema import Schema
from .trials import Bench, Trial

FOLDS = 5


class Baseline(NamedTuple):
    """The best of the models on real rows alone, and what else would help it."""

    model: str
    best: dict[str, Runs]  # by slice
    cross_validation: dict[str, float]  # mean score by model
    remedies: dict[str, dict[str, Runs]]  # by remedy and slice
    notes: list[str]  # why a remedy was left out
    learning: list[Size]  # fewest rows first; those of train are `best`


def measure(
    train: pd.DataFrame,
    pool: pd.DataFrame,
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    *,
    seeds: int,
) -> Baseline:
    """Choose the model by cross-validation within `train`, then score it on the slices.

    `scored` has `tune` and `holdout`. Raises ParamsError where train has too few rows or classes
    to learn from.
    """
    _check(train, schema)
    folds = _folds(train, schema)
    parts = {f"fold {place}": table.rows(train, test) for place, (_, test) in enumerate(folds)}
    bench = trials.bench(schema, models, metric, train, {**scored, **parts})
    on = tuple(scored)

    cross = _cross_validate(bench, folds, models)
    model = max(cross, key=lambda name: np.nan_to_num(cross[name], nan=-np.inf))
    whole = np.arange(len(train))
    best = runs.gather(trials.run(bench, [Trial(model, whole, seed, on) for seed in range(seeds)]))
    tried = remedies.measure(bench, model, seeds, on)
    curve = [
        *learning.fewer(bench, seeds, on),
        Size(len(train), model, best),
        *learning.more(train, pool, scored, schema, models, metric, seeds),
    ]
    return Baseline(model, best, cross, tried.tried, tried.notes, curve)


def named(found: Baseline) -> dict[str, dict[str, Runs]]:
    """Return all runs by name: "best", those of remedies and those of the learning curve."""
    return {
        "best": found.best,
        **{f"{remedies.PREFIX}{name}": own for name, own in found.remedies.items()},
        **{f"{learning.PREFIX}{size.rows}": size.scores for size in found.learning},
    }


def _check(train: pd.DataFrame, schema: Schema) -> None:
    """Raise ParamsError where there is too little in train to choose a model on."""
    target, rows = schema.target, len(train)
    where = f"params.yaml: `freeze.train` leaves {rows:,} rows to learn from"
    if rows < 2 * FOLDS:
        raise ParamsError(
            f"{where}, and cross-validation needs {2 * FOLDS} or more; raise `freeze.train`"
        )
    if schema.columns[target].numeric:
        return
    counts = train[target].astype(str).value_counts()
    if len(counts) == 1:
        only = "" if schema.columns[target].sensitive else f" ({counts.index[0]!r})"
        raise ParamsError(
            f"{where}, all of one class of {target!r}{only}; a model needs two or more: raise "
            "`freeze.train`, or bring rows of another class"
        )
    if (counts > 1).sum() < 2:
        raise ParamsError(
            f"{where}, of which only one class of {target!r} has two rows or more, and "
            "cross-validation needs two such classes; raise `freeze.train`"
        )


def _folds(train: pd.DataFrame, schema: Schema) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    target = train[schema.target]
    if schema.columns[schema.target].numeric:
        return list(KFold(FOLDS, shuffle=True, random_state=0).split(target))
    fewest = int(target.value_counts().loc[lambda count: count > 0].min())
    kind = StratifiedKFold if fewest >= FOLDS else KFold
    return list(kind(FOLDS, shuffle=True, random_state=0).split(target, target.astype(str)))


def _cross_validate(bench: Bench, folds: list, models: Learners) -> dict[str, float]:
    """Return the mean score of each model over the folds where it is a number."""
    plan = [
        Trial(model, learn, 0, (f"fold {place}",))
        for model in models
        for place, (learn, _) in enumerate(folds)
    ]
    scores = [next(iter(found.values())).value for found in trials.run(bench, plan)]
    by_model = np.reshape(scores, (len(models), len(folds)))
    means = [own[~np.isnan(own)].mean() if (own == own).any() else np.nan for own in by_model]
    return dict(zip(models, map(float, means), strict=True))
