"""Metrics by scikit-learn's scorer names, each with how much every row moves it.

The influence of a row is the derivative of the metric in the row's weight, times the number of
rows: for a mean it is the row's own value less the mean. Its variance over the rows, divided by
their number, is the squared standard error of the metric (the infinitesimal jackknife; for ROC
AUC the method of DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595). Influences of two
models on the same rows subtract, which makes the comparison paired. Greater is always better.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from .errors import ParamsError, nearest
from .schema import Task


class Score(NamedTuple):
    """A metric's value, and each row's influence on it, shape (rows,), mean 0."""

    value: float
    influence: np.ndarray


def check(metric: str, task: Task) -> None:
    """Raise ParamsError unless `metric` is known and fits the task."""
    if metric not in METRICS:
        raise ParamsError(
            f"params.yaml: `brief.metric` {metric!r} is unknown; {nearest(metric, METRICS)}"
        )
    tasks = METRICS[metric][0]
    if task not in tasks:
        fitting = [name for name, (own, _) in METRICS.items() if task in own]
        raise ParamsError(
            f"params.yaml: `brief.metric` {metric!r} does not fit a {task} target; "
            f"choices: {', '.join(sorted(fitting))}"
        )


def score(metric: str, truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Return the metric of predictions.

    `truth` holds class numbers or values, shape (rows,); `predicted` the probability of each
    class, shape (rows, classes), or values, shape (rows,). In binary tasks class 1 is positive.
    """
    return METRICS[metric][1](truth, predicted)


def _mean(contribution: np.ndarray) -> Score:
    value = float(contribution.mean())
    return Score(value, contribution - value)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> Score:
    """Score Σ top / Σ bottom; nothing to divide by scores 0, as in scikit-learn."""
    below = bottom.mean()
    if below == 0:
        return Score(0.0, np.zeros(len(top)))
    value = float(top.mean() / below)
    return Score(value, (top - value * bottom) / below)


def _average(scores: list[Score]) -> Score:
    value = float(np.mean([one.value for one in scores]))
    return Score(value, np.mean([one.influence for one in scores], axis=0))


def _auc(positive: np.ndarray, ranked: np.ndarray) -> Score:
    count, rows = int(positive.sum()), len(positive)
    if count in (0, rows):
        return Score(float("nan"), np.zeros(rows))
    overall = rankdata(ranked)
    placement = np.empty(rows)
    placement[positive] = (overall[positive] - rankdata(ranked[positive])) / (rows - count)
    placement[~positive] = 1 - (overall[~positive] - rankdata(ranked[~positive])) / count
    value = float(placement[positive].mean())
    weight = np.where(positive, rows / count, rows / (rows - count))
    return Score(value, (placement - value) * weight)


def _roc_auc(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _auc(truth == 1, predicted[:, 1])


def _roc_auc_ovr(truth: np.ndarray, predicted: np.ndarray) -> Score:
    present = np.unique(truth)
    return _average([_auc(truth == one, predicted[:, one]) for one in present])


def _accuracy(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _mean((predicted.argmax(axis=1) == truth).astype(float))


def recall(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the share of rows of class `one` that are predicted as such."""
    actual = truth == one
    return _ratio((actual & (predicted.argmax(axis=1) == one)).astype(float), actual.astype(float))


def precision(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the share of rows predicted as class `one` that are of it."""
    claimed = predicted.argmax(axis=1) == one
    return _ratio((claimed & (truth == one)).astype(float), claimed.astype(float))


def _balanced_accuracy(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _average([recall(truth, predicted, one) for one in np.unique(truth)])


def _f1_of(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    actual, claimed = truth == one, predicted.argmax(axis=1) == one
    return _ratio(2.0 * (actual & claimed), 1.0 * actual + claimed)


def _f1(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _f1_of(truth, predicted, 1)


def _f1_macro(truth: np.ndarray, predicted: np.ndarray) -> Score:
    present = np.unique(np.concatenate([truth, predicted.argmax(axis=1)]))
    return _average([_f1_of(truth, predicted, one) for one in present])


def _neg_log_loss(truth: np.ndarray, predicted: np.ndarray) -> Score:
    tiny = np.finfo(predicted.dtype).eps
    clipped = np.clip(predicted, tiny, 1 - tiny)
    return _mean(np.log(clipped[np.arange(len(truth)), truth] / clipped.sum(axis=1)))


def _neg_brier(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _mean(-((predicted[:, 1] - (truth == 1)) ** 2))


def _r2(truth: np.ndarray, predicted: np.ndarray) -> Score:
    lost, spread = (truth - predicted) ** 2, (truth - truth.mean()) ** 2
    if not spread.any():
        return Score(float(not lost.any()), np.zeros(len(truth)))  # as in scikit-learn
    part = _ratio(lost, spread)
    return Score(1 - part.value, -part.influence)


def _neg_mae(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _mean(-np.abs(truth - predicted))


def _neg_rmse(truth: np.ndarray, predicted: np.ndarray) -> Score:
    squared = _mean((truth - predicted) ** 2)
    root = np.sqrt(squared.value)
    return Score(-float(root), -squared.influence / (2 * root) if root else squared.influence)


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_VALUES: tuple[Task, ...] = ("regression",)

METRICS: dict[str, tuple[tuple[Task, ...], Callable[[np.ndarray, np.ndarray], Score]]] = {
    "roc_auc": (("binary",), _roc_auc),
    "roc_auc_ovr": (_CLASSES, _roc_auc_ovr),
    "accuracy": (_CLASSES, _accuracy),
    "balanced_accuracy": (_CLASSES, _balanced_accuracy),
    "f1": (("binary",), _f1),
    "f1_macro": (_CLASSES, _f1_macro),
    "neg_log_loss": (_CLASSES, _neg_log_loss),
    "neg_brier_score": (("binary",), _neg_brier),
    "r2": (_VALUES, _r2),
    "neg_mean_absolute_error": (_VALUES, _neg_mae),
    "neg_root_mean_squared_error": (_VALUES, _neg_rmse),
}
