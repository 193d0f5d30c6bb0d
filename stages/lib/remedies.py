"""Cheap remedies on real rows alone: class weights, oversampling, a tuned decision threshold."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from . import runs, scoring, trials
from .learners import Learner
from .runs import Runs
from .trials import Bench, Trial

PREFIX = "remedy/"  # of the names of runs
LARGEST = 5_000  # rows of tune that the threshold is chosen on
_DECIDED = ("accuracy", "balanced_accuracy", "matthews_corrcoef", "recall", "precision", "f1")
_STEP, _DECADES = 8, 3  # weights of classes are powers of 10^(1/8), from 1/1000 to 1000
_ROUNDS = 3  # over the classes, where there are more than two


class Remedies(NamedTuple):
    """What each remedy reaches, by slice, and why one that is missing was left out."""

    tried: dict[str, dict[str, Runs]]
    notes: list[str]


def measure(bench: Bench, model: str, seeds: int, on: tuple[str, ...]) -> Remedies:
    """Score each remedy on the slices `on`, the model and its seeds those of the baseline.

    The threshold is chosen on the slice `tune`. A target that is a number has no remedies.
    """
    if bench.task == "regression":
        return Remedies({}, [])
    whole = np.arange(len(bench.y))
    weighted = bench._replace(models={model: _weighted(bench.models[model])})
    plain = [Trial(model, whole, seed, on) for seed in range(seeds)]
    even = [job._replace(rows=_balanced(bench.y)) for job in plain]
    tried = {
        "class weights": runs.gather(trials.run(weighted, plain)),
        "oversampling": runs.gather(trials.run(bench, even)),
    }
    if not decides(bench.metric):
        note = f"a decision threshold does not move {bench.metric}, which no decision enters"
        return Remedies(tried, [f"{note}: it was left out"])
    predicted = [
        found["tune"]
        for found in trials.predictions(bench, [job._replace(on=("tune",)) for job in plain])
    ]
    weights = choose(bench.metric, bench.scored["tune"][1], predicted, bench.classes)
    if weights is None:
        note = f"tune lacks the rows that {bench.metric} needs to choose a decision threshold"
        return Remedies(tried, [f"{note}: it was left out"])
    # The models are fitted again, so that no more than one's predictions are held at a time.
    tried["decision threshold"] = runs.gather(
        [
            trials.score(bench, {name: _times(own, weights) for name, own in found.items()})
            for found in trials.predictions(bench, plain)
        ]
    )
    return Remedies(tried, [])


def named(of: Mapping[str, Mapping[str, Runs]], split: str) -> list[tuple[str, Runs]]:
    """Return each remedy with its runs on a slice, among what stage baseline kept."""
    return [
        (name.removeprefix(PREFIX), own[split])
        for name, own in of.items()
        if name.startswith(PREFIX)
    ]


def decides(metric: str) -> bool:
    """Return whether a metric is one of decisions, not of the probabilities behind them."""
    return (scoring.of_class(metric) or metric) in _DECIDED


def choose(
    metric: str, truth: np.ndarray, predicted: Sequence[np.ndarray], classes: Sequence[str]
) -> np.ndarray | None:
    """Return the weight of each class, shape (classes,), that makes the best decisions.

    A row is said to be of the class whose probability times its weight is greatest: of two
    classes, of the positive one where its probability is above 1 / (1 + its weight), a decision
    threshold (Elkan 2001, "The foundations of cost-sensitive learning", IJCAI). `predicted` holds
    the probabilities of each seed, shape (rows, classes); the mean of the metric over the seeds
    is the greatest that a search finds, class after class, over a logarithmic grid (coarser for
    more than two classes). Of weights that do equally well those nearest to 1 are taken. Of more
    than LARGEST rows, as many at even steps are looked at. None where the metric is not a number.
    """
    rows = np.linspace(0, len(truth) - 1, min(len(truth), LARGEST)).astype(int)
    actual, held = truth[rows], [own[rows] for own in predicted]

    def reached(powers: np.ndarray) -> float:
        weights = _weights(powers)
        values = [scoring.score(metric, actual, own * weights, classes).value for own in held]
        return round(float(np.mean(values)), 12)  # what differs less is equal

    powers = np.zeros(predicted[0].shape[1], int)
    if np.isnan(reached(powers)):
        return None
    two = len(powers) == 2
    grid = range(-_STEP * _DECADES, _STEP * _DECADES + 1, 1 if two else 3)
    nearest = sorted(grid, key=lambda power: (abs(power), power))
    for _ in range(1 if two else _ROUNDS):
        before = powers.copy()
        for place in [1] if two else range(len(powers)):
            options = []
            for power in nearest:
                options.append(powers.copy())
                options[-1][place] = power
            powers = max(options, key=reached)  # the first of equals, which is the nearest
        if (powers == before).all():
            break
    return _weights(powers)


def _weights(powers: np.ndarray) -> np.ndarray:
    return 10.0 ** (powers / _STEP)


def _times(predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weigh probabilities; a class that the holdout alone has, and no model knows, stays."""
    more = predicted.shape[1] - len(weights)
    return predicted * np.pad(weights, (0, more), constant_values=1.0)


def _weighted(learner: Learner) -> Learner:
    return Learner(**{**learner.model_dump(), "class_weight": "balanced"})


def _balanced(y: np.ndarray) -> np.ndarray:
    """Return the places of rows, those of rarer classes repeated until classes are even."""
    places = [np.flatnonzero(y == label) for label in np.unique(y)]
    most = max(map(len, places))
    return np.concatenate([np.resize(place, most) for place in places])
