"""Trials: a model trained on chosen rows with a seed, scored on fixed rows; many at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from . import compute, learners, scoring
from .learners import Learners
from .scoring import Score
from .tables import table
from .tables.schema import Schema, Task
from .tables.schema import task as task_of

HOLDOUT = "holdout"  # the name of the slice that is only reported on


class Trial(NamedTuple):
    """What is trained, on the rows at which places, with which seed, and scored on which slices."""

    model: str
    rows: np.ndarray
    seed: int
    on: tuple[str, ...]


class Bench(NamedTuple):
    """Everything that trials share: encoded rows to train on, and rows to score on."""

    task: Task
    models: Learners
    metric: str
    encoder: Any
    classes: list[Any]  # labels in the order of their numbers; empty in regression
    known: int  # how many of them are not the holdout's alone
    x: np.ndarray  # (training rows, features)
    y: np.ndarray  # (training rows,), class numbers or values
    scored: dict[str, tuple[np.ndarray, np.ndarray]]  # name of a slice: its x and y


def bench(
    schema: Schema,
    models: Learners,
    metric: str,
    real: pd.DataFrame,
    scored: Mapping[str, pd.DataFrame],
    more: Sequence[pd.DataFrame] = (),
) -> Bench:
    """Encode the rows to train on, those of `real` first and `more` behind, and those to score on.

    What is on the holdout decides nothing: a label that it alone has comes behind all others, and
    is never predicted. Raises ParamsError where the metric or a model does not fit the target.
    """
    target = schema.target
    frames = [frame[schema.modelled] for frame in (real, *more)]
    deciding = [frame for name, frame in scored.items() if name != HOLDOUT]
    labels = pd.concat([frame[target].astype(object) for frame in (*frames, *deciding)])
    task = task_of(schema, labels)
    classes = [] if task == "regression" else _classes(labels, real[target])
    scoring.check(metric, task, classes, sensitive=schema.columns[target].sensitive)
    learners.check(models, task)
    known = len(classes)
    if classes and HOLDOUT in scored:
        classes += sorted(set(scored[HOLDOUT][target].astype(str)) - set(classes))
    train = table.stack(frames)
    encoder = learners.encoder(train, schema)
    encoded = {
        name: (encoder.transform(frame[schema.features]), _numbers(frame[target], classes))
        for name, frame in scored.items()
    }
    x, y = encoder.transform(train[schema.features]), _numbers(train[target], classes)
    return Bench(task, models, metric, encoder, classes, known, x, y, encoded)


def run(shared: Bench, trials: Sequence[Trial]) -> list[dict[str, Score]]:
    """Return for each trial its scores by slice, in the trials' order."""
    return list(scores(shared, trials))


def scores(shared: Bench, trials: Sequence[Trial]) -> Iterator[dict[str, Score]]:
    """Yield for each trial its scores by slice, in the trials' order, as they are computed."""
    return compute.each(_scores, shared, trials)


def predictions(shared: Bench, trials: Sequence[Trial]) -> Iterator[dict[str, np.ndarray]]:
    """Yield for each trial what its model predicts by slice, in the trials' order.

    Whoever needs several scores of one fit takes them from these with `score`.
    """
    return compute.each(predict, shared, trials)


def score(shared: Bench, predicted: Mapping[str, np.ndarray]) -> dict[str, Score]:
    """Return the scores by slice of one trial's predictions."""
    return {
        name: scoring.score(shared.metric, shared.scored[name][1], own, shared.classes)
        for name, own in predicted.items()
    }


def fit(shared: Bench, trial: Trial) -> Any:
    """Return the estimator that a trial trains."""
    learner, count = shared.models[trial.model], learners.levels(shared.encoder)
    x, y = shared.x[trial.rows], shared.y[trial.rows]
    return learners.fit(learner, shared.task, count, x, y, seed=trial.seed)


def predict(shared: Bench, trial: Trial) -> dict[str, np.ndarray]:
    """Return what the model of a trial predicts, by slice."""
    estimator = fit(shared, trial)
    found = {}
    for name in trial.on:
        x, y = shared.scored[name]
        width = max(shared.known, int(y.max()) + 1) if shared.classes else 0
        found[name] = learners.predict(estimator, x, width)
    return found


def _scores(shared: Bench, trial: Trial) -> dict[str, Score]:
    return score(shared, predict(shared, trial))


def _classes(labels: pd.Series, real: pd.Series) -> list[str]:
    """Return every label, sorted; of two the rarer real one is last, which makes it positive."""
    classes = sorted(labels.astype(str).unique())
    if len(classes) == 2:
        counts = real.astype(str).value_counts()
        classes.sort(key=lambda label: (-counts.get(label, 0), label))
    return classes


def _numbers(values: pd.Series, classes: list[Any]) -> np.ndarray:
    if not classes:
        return values.to_numpy("float64")
    place = {label: number for number, label in enumerate(classes)}
    return values.astype(str).map(place).to_numpy("int64")
