"""The final mix: its rows with their origin, the model trained on them, and what each class got."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from . import mixing, runs, scoring, table, trials
from .curve import Point
from .learners import Learners
from .mixing import Policy
from .params import Section
from .schema import Schema
from .table import BATCH, ORIGIN
from .trials import Bench, Trial


class Blend(Section):
    """The section `blend` of params.yaml."""

    ratio: Literal["auto"] | float
    policy: Policy


class Final(NamedTuple):
    """The mix that was asked for, beside the best model on real rows alone."""

    point: Point
    alone: Point
    rows: pd.DataFrame  # the training rows, labelled with origin and batch
    pipeline: Any  # from a table of features to predictions
    classes: dict[str, dict[str, Any]]  # on the holdout, by class; empty in regression


def train(
    real: pd.DataFrame,
    batches: Sequence[pd.DataFrame],
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    *,
    ratio: float,
    model: str | None,
    real_only: str,
    policy: Policy,
    seeds: int,
) -> Final:
    """Train at `ratio`, or without batches on real rows alone.

    Where `model` is None the best on tune is taken.

    Scores are means over seeds, each with its own draw of the batches; the rows and the
    pipeline are the first seed's.
    """
    bench = trials.bench(schema, models, metric, real, scored, batches)
    synthetic = sum(map(len, batches))
    ratio = ratio if batches else 0.0
    mixing.check([ratio], len(real), synthetic, policy, "blend.ratio")
    draws = [mixing.draw(ratio, len(real), synthetic, policy, seed=seed) for seed in range(seeds)]
    names = [model] if model else list(models)
    if ratio == 0:
        names = [real_only]
    tried = {name: _point(bench, ratio, name, draws, tuple(scored)) for name in names}
    point, predicted = max(tried.values(), key=lambda one: one[0].scores["tune"].mean)
    alone, before = point, predicted
    if ratio > 0:
        every = [np.arange(len(real))] * seeds
        alone, before = _point(bench, 0.0, real_only, every, tuple(scored))
    estimator = trials.fit(bench, Trial(point.model, draws[0], 0, ()))
    classes = _by_class(bench, schema, before, predicted) if bench.classes else {}
    return Final(
        point, alone, _labelled(real, batches, draws[0]), _pipeline(bench, estimator), classes
    )


def _point(
    bench: Bench, ratio: float, model: str, draws: list[np.ndarray], on: tuple[str, ...]
) -> tuple[Point, list[np.ndarray]]:
    """Return the point of one model at a ratio, and what it predicts of the holdout by seed."""
    jobs = [Trial(model, rows, seed, on) for seed, rows in enumerate(draws)]
    predicted = list(trials.predictions(bench, jobs))
    scores = runs.gather([trials.score(bench, one) for one in predicted])
    return Point(ratio, model, scores), [one["holdout"] for one in predicted]


def _labelled(
    real: pd.DataFrame, batches: Sequence[pd.DataFrame], places: np.ndarray
) -> pd.DataFrame:
    nothing = pd.Categorical([None] * len(real), categories=[])
    origin = pd.Categorical(["real"] * len(real))
    labelled = real.copy()
    labelled[ORIGIN], labelled[BATCH] = origin, nothing
    columns = [*batches[0].columns] if batches else [*labelled.columns]
    return table.rows(table.stack([labelled[columns], *batches]), places)


def _pipeline(bench: Bench, estimator: Any) -> Any:
    from sklearn.pipeline import Pipeline

    return Pipeline([("encode", bench.encoder), ("model", estimator)])


def _by_class(
    bench: Bench, schema: Schema, alone: list[np.ndarray], mixed: list[np.ndarray]
) -> dict[str, dict[str, Any]]:
    """Return recall and precision of each class on the holdout, and the gain in recall."""
    y = bench.scored["holdout"][1]
    told = {}
    for number, label in enumerate(schema.shown(schema.target, bench.classes, bench.classes)):
        before, after = (
            runs.gather([{"": scoring.recall(y, one, number)} for one in own])[""]
            for own in (alone, mixed)
        )
        right = runs.gather([{"": scoring.precision(y, one, number)} for one in mixed])[""]
        told[label] = {
            "rows": int((y == number).sum()),
            "recall": runs.told(runs.estimate(after)),
            "precision": runs.told(runs.estimate(right)),
            "recall_gain": runs.told(runs.difference(after, before)),
        }
    return told
