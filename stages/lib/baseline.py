"""What a person would try before synthetic data: the best model, cheap remedies, more rows."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import runs, table, trials
from .intervals import Estimate
from .learners import Learner, Learners
from .runs import Runs
from .schema import Schema
from .trials import Bench, Trial

FOLDS = 5
LARGEST = 20_000  # real rows that the learning curve goes up to


class Baseline(NamedTuple):
    """The best of the models on real rows alone, and what else would help it."""

    model: str
    best: dict[str, Runs]  # by slice
    cross_validation: dict[str, float]  # mean score by model
    remedies: dict[str, Estimate]  # gain over `best` on the holdout
    learning: pd.DataFrame  # rows, model, split, mean, lower, upper


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

    `scored` has `tune` and `holdout`. Remedies are class weights and oversampling of the rarer
    classes. The learning curve adds rows of `pool`, doubling them, the best model on tune at
    each size.
    """
    folds = _folds(train, schema)
    parts = {f"fold {place}": table.rows(train, test) for place, (_, test) in enumerate(folds)}
    weights = {f"{name} weighted": _weighted(one) for name, one in models.items()}
    numeric = schema.columns[schema.target].numeric
    every = models if numeric else {**models, **weights}
    bench = trials.bench(schema, every, metric, train, {**scored, **parts})

    cross = _cross_validate(bench, folds, models)
    model = max(cross, key=lambda name: cross[name])
    whole = np.arange(len(train))
    plan = {"best": (model, whole)}
    if not numeric:
        plan["class weights"] = (f"{model} weighted", whole)
        plan["oversampling"] = (model, _balanced(bench.y[whole]))
    found = _over_seeds(bench, plan, seeds, tuple(scored))
    remedies = {
        name: runs.difference(part["holdout"], found["best"]["holdout"])
        for name, part in found.items()
        if name != "best"
    }
    more = trials.bench(schema, models, metric, train, scored, [] if pool.empty else [pool])
    learning = _learn(more, models, len(train), seeds, tuple(scored))
    return Baseline(model, found["best"], cross, remedies, learning)


def _folds(train: pd.DataFrame, schema: Schema) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    target = train[schema.target]
    if schema.columns[schema.target].numeric:
        return list(KFold(FOLDS, shuffle=True, random_state=0).split(target))
    fewest = int(target.value_counts().loc[lambda count: count > 0].min())
    kind = StratifiedKFold if fewest >= FOLDS else KFold
    return list(kind(FOLDS, shuffle=True, random_state=0).split(target, target.astype(str)))


def _cross_validate(bench: Bench, folds: list, models: Learners) -> dict[str, float]:
    plan = [
        Trial(model, learn, 0, (f"fold {place}",))
        for model in models
        for place, (learn, _) in enumerate(folds)
    ]
    scores = [next(iter(found.values())).value for found in trials.run(bench, plan)]
    means = np.nanmean(np.reshape(scores, (len(models), len(folds))), axis=1)
    return dict(zip(models, means.tolist(), strict=True))


def _over_seeds(
    bench: Bench, plan: dict[str, tuple[str, np.ndarray]], seeds: int, on: tuple[str, ...]
) -> dict[str, dict[str, Runs]]:
    jobs = [Trial(model, rows, seed, on) for model, rows in plan.values() for seed in range(seeds)]
    scores = trials.run(bench, jobs)
    return {
        name: runs.gather(scores[place * seeds : (place + 1) * seeds])
        for place, name in enumerate(plan)
    }


def _learn(
    bench: Bench, models: Learners, first: int, seeds: int, on: tuple[str, ...]
) -> pd.DataFrame:
    """Score growing numbers of real rows: those of train first, then of the pool at random."""
    limit = min(len(bench.y), LARGEST)
    sizes = [first]
    while sizes[-1] < limit:
        sizes.append(min(sizes[-1] * 2, limit))
    few = min(seeds, 2)
    added = [
        np.random.default_rng(seed).permutation(np.arange(first, len(bench.y)))
        for seed in range(few)
    ]
    jobs = [
        Trial(model, np.concatenate([np.arange(first), added[seed]])[:size], seed, on)
        for size in sizes
        for model in models
        for seed in range(few)
    ]
    scores = iter(trials.run(bench, jobs))
    lines = []
    for size in sizes:
        found = {model: runs.gather([next(scores) for _ in range(few)]) for model in models}
        model = max(found, key=lambda name: found[name]["tune"].mean)
        for split, part in found[model].items():
            point = runs.estimate(part)
            lines.append((size, model, split, point.value, point.lower, point.upper))
    return pd.DataFrame(lines, columns=["rows", "model", "split", "mean", "lower", "upper"])


def _weighted(learner: Learner) -> Learner:
    return Learner(**{**learner.model_dump(), "class_weight": "balanced"})


def _balanced(y: np.ndarray) -> np.ndarray:
    """Return the places of rows, those of rarer classes repeated until classes are even."""
    places = [np.flatnonzero(y == label) for label in np.unique(y)]
    most = max(map(len, places))
    return np.concatenate([np.resize(place, most) for place in places])
