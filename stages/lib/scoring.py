"""Metrics by scikit-learn's scorer names, each with how much every row moves it.

The influence of a row is the derivative of the metric in the row's weight, times the number of
rows: for a mean it is the row's own value less the mean. Its variance over the rows, divided by
their number, is the squared standard error of the metric (the infinitesimal jackknife; for ROC
AUC the method of DeLong, DeLong and Clarke-Pearson 1988, doi:10.2307/2531595). Influences of two
models on the same rows subtract, which makes the comparison paired. Greater is always better.

`<metric>@'<label>'` is the metric of one class against the others, such as `recall@'>50K'`; the
quotes may be left out. A metric of a class that no row has is not a number.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from .base.errors import ParamsError, nearest
from .tables.schema import Task


class Score(NamedTuple):
    """A metric's value, and each row's influence on it, shape (rows,), mean 0."""

    value: float
    influence: np.ndarray


def check(metric: str, task: Task, classes: Sequence[str] = (), *, sensitive: bool = False) -> None:
    """Raise ParamsError unless `metric` is known and fits the task.

    `classes` are the target's labels, which a metric of one class is to name one of; of a
    `sensitive` target it may name none.
    """
    base, at, label = metric.partition("@")
    known = BY_CLASS if at else METRICS
    if base not in known:
        closest = nearest(base, known)
        hint = "" if at else f"; of one class: {', '.join(f'{name}@<label>' for name in BY_CLASS)}"
        raise ParamsError(f"params.yaml: `brief.metric` {metric!r} is unknown; {closest}{hint}")
    if task not in (_CLASSES if at else METRICS[base][0]):
        fitting = [name for name, (own, _) in METRICS.items() if task in own]
        raise ParamsError(
            f"params.yaml: `brief.metric` {metric!r} does not fit a {task} target; "
            f"choices: {', '.join(sorted(fitting))}"
        )
    if at and sensitive:
        raise ParamsError(
            f"params.yaml: `brief.metric` {metric!r} names a class of a sensitive target, which "
            f"would put it into git; take {base!r} of all classes, or set `sensitive: false`"
        )
    if at and _named(label, classes) is None:
        raise ParamsError(
            f"params.yaml: `brief.metric` {metric!r} names no class of the target; "
            f"{nearest(label, classes)}"
        )


def score(
    metric: str, truth: np.ndarray, predicted: np.ndarray, classes: Sequence[str] = ()
) -> Score:
    """Return the metric of predictions.

    `truth` holds class numbers or values, shape (rows,); `predicted` the probability of each
    class, shape (rows, classes), or values, shape (rows,). In binary tasks class 1 is positive.
    `classes` are the labels in the order of their numbers, for a metric that names one.
    """
    base, at, label = metric.partition("@")
    if not at:
        return METRICS[base][1](truth, predicted)
    named = _named(label, classes)
    if named is None:
        raise ValueError(f"{metric!r} names no class of the target")
    return BY_CLASS[base](truth, predicted, named)


def bounded(metric: str) -> bool:
    """Return whether scores lie between -1 and 1, so that a loss means the same for any table."""
    return metric == "neg_brier_score" or not metric.startswith("neg_")


def of_class(metric: str) -> str | None:
    """Return the metric of one class that `metric` is of the positive class, or averages."""
    base = metric.partition("@")[0]
    for ending in ("_weighted", "_macro", "_ovr", "_ovo"):
        base = base.removesuffix(ending)
    return base if base in BY_CLASS else None


def _named(label: str, classes: Sequence[str]) -> int | None:
    """Return the number of the class that a metric names, with or without quotes."""
    bare = label[1:-1] if len(label) > 1 and label[0] == label[-1] and label[0] in "'\"" else label
    return next((list(classes).index(one) for one in (label, bare) if one in classes), None)


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


def _unknown(rows: int) -> Score:
    return Score(float("nan"), np.zeros(rows))


def _average(scores: list[Score]) -> Score:
    value = float(np.mean([one.value for one in scores]))
    return Score(value, np.mean([one.influence for one in scores], axis=0))


def _auc(positive: np.ndarray, ranked: np.ndarray) -> Score:
    count, rows = int(positive.sum()), len(positive)
    if count in (0, rows):
        return _unknown(rows)
    overall = rankdata(ranked)
    placement = np.empty(rows)
    placement[positive] = (overall[positive] - rankdata(ranked[positive])) / (rows - count)
    placement[~positive] = 1 - (overall[~positive] - rankdata(ranked[~positive])) / count
    value = float(placement[positive].mean())
    weight = np.where(positive, rows / count, rows / (rows - count))
    return Score(value, (placement - value) * weight)


def roc_auc(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the area under the ROC curve of class `one` against the others."""
    positive = truth == one
    return _auc(positive, predicted[:, one]) if positive.any() else _unknown(len(truth))


def average_precision(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the average precision of class `one`: Σ (recall gained) · precision over thresholds.

    Σ over positive rows i of TP(s_i) / N(s_i), by their number, where TP and N count the positive
    and all rows that score at least s_i; its derivative in a row's weight has a part for the
    row's own term, one for TP and one for N.
    """
    positive = truth == one
    count, rows = int(positive.sum()), len(truth)
    if not count:
        return _unknown(rows)
    place = np.unique(predicted[:, one], return_inverse=True)[1]
    own = np.bincount(place, positive)
    hits, claimed = own[::-1].cumsum()[::-1], np.bincount(place)[::-1].cumsum()[::-1]
    reached = hits / claimed  # the precision at each threshold
    value = float((own * reached).sum() / count)
    gained, lost = (own / claimed).cumsum(), (own * reached / claimed).cumsum()
    influence = positive * (reached - value + gained)[place] - lost[place]
    return Score(value, influence * rows / count)


def recall(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the share of rows of class `one` that are predicted as such."""
    return _of_present(_recall, truth, predicted, one)


def precision(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the share of rows predicted as class `one` that are of it, 0 where none is."""
    return _of_present(_precision, truth, predicted, one)


def f1(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    """Score the harmonic mean of the precision and recall of class `one`."""
    return _of_present(_f1, truth, predicted, one)


ByClass = Callable[[np.ndarray, np.ndarray, int], Score]

BY_CLASS: dict[str, ByClass] = {
    "recall": recall,
    "precision": precision,
    "f1": f1,
    "roc_auc": roc_auc,
    "average_precision": average_precision,
}


def _of_present(metric: ByClass, truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    return metric(truth, predicted, one) if (truth == one).any() else _unknown(len(truth))


def _recall(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    actual = truth == one
    return _ratio((actual & (predicted.argmax(axis=1) == one)).astype(float), actual.astype(float))


def _precision(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    claimed = predicted.argmax(axis=1) == one
    return _ratio((claimed & (truth == one)).astype(float), claimed.astype(float))


def _f1(truth: np.ndarray, predicted: np.ndarray, one: int) -> Score:
    actual, claimed = truth == one, predicted.argmax(axis=1) == one
    return _ratio(2.0 * (actual & claimed), 1.0 * actual + claimed)


def _over_actual(metric: ByClass, truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Average a metric over the classes that rows have."""
    return _average([metric(truth, predicted, one) for one in np.unique(truth)])


def _macro(metric: ByClass, truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Average a metric over the classes that rows have or are predicted as."""
    present = np.unique(np.concatenate([truth, predicted.argmax(axis=1)]))
    return _average([metric(truth, predicted, one) for one in present])


def _weighted(metric: ByClass, truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Average a metric over the classes, each by the rows that have it."""
    value, influence = 0.0, np.zeros(len(truth))
    for one in np.unique(truth):
        own, actual = metric(truth, predicted, one), truth == one
        value += float(actual.mean()) * own.value
        influence += actual.mean() * own.influence + own.value * (actual - actual.mean())
    return Score(value, influence)


def _positive(metric: ByClass, truth: np.ndarray, predicted: np.ndarray) -> Score:
    return metric(truth, predicted, 1)


def _average_precision(truth: np.ndarray, predicted: np.ndarray) -> Score:
    if predicted.shape[1] == 2:
        return average_precision(truth, predicted, 1)
    return _over_actual(average_precision, truth, predicted)


def _roc_auc_ovo(truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Average over pairs of classes (Hand and Till 2001, doi:10.1023/A:1010920819831)."""
    present, rows = np.unique(truth), len(truth)
    if len(present) < 2:
        return _unknown(rows)
    scores = []
    for place, one in enumerate(present):
        for other in present[:place]:
            pair = np.flatnonzero((truth == one) | (truth == other))
            both = [_auc(truth[pair] == own, predicted[pair, own]) for own in (one, other)]
            influence = np.zeros(rows)
            influence[pair] = _average(both).influence * rows / len(pair)
            scores.append(Score(_average(both).value, influence))
    return _average(scores)


def _accuracy(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _mean((predicted.argmax(axis=1) == truth).astype(float))


def _matthews(truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Score the correlation of classes (Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006)."""
    claimed = predicted.argmax(axis=1)
    classes, rows = predicted.shape[1], len(truth)
    there, said = (np.bincount(one, minlength=classes) / rows for one in (truth, claimed))
    right = claimed == truth
    spread, spoken = 1 - there @ there, 1 - said @ said
    if spread <= 0 or spoken <= 0:
        return Score(0.0, np.zeros(rows))  # as in scikit-learn
    value = (right.mean() - there @ said) / np.sqrt(spread * spoken)
    # The derivatives in the shares; weights that all grow alike change nothing, hence the mean.
    slope = (right - said[truth] - there[claimed]) / np.sqrt(spread * spoken)
    slope += value * (there[truth] / spread + said[claimed] / spoken)
    return Score(float(value), slope - slope.mean())


def _neg_log_loss(truth: np.ndarray, predicted: np.ndarray) -> Score:
    tiny = np.finfo(predicted.dtype).eps
    clipped = np.clip(predicted, tiny, 1 - tiny)
    return _mean(np.log(clipped[np.arange(len(truth)), truth] / clipped.sum(axis=1)))


def _neg_brier(truth: np.ndarray, predicted: np.ndarray) -> Score:
    if predicted.shape[1] == 2:
        return _mean(-((predicted[:, 1] - (truth == 1)) ** 2))
    flags = truth[:, None] == np.arange(predicted.shape[1])
    return _mean(-((predicted - flags) ** 2).sum(axis=1))


def _determined(lost: np.ndarray, spread: np.ndarray) -> Score:
    """Score 1 less the share of the spread that is lost."""
    if not spread.any():
        return Score(float(not lost.any()), np.zeros(len(lost)))  # as in scikit-learn
    part = _ratio(lost, spread)
    return Score(1 - part.value, -part.influence)


def _r2(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _determined((truth - predicted) ** 2, (truth - truth.mean()) ** 2)


def _explained_variance(truth: np.ndarray, predicted: np.ndarray) -> Score:
    error = truth - predicted
    return _determined((error - error.mean()) ** 2, (truth - truth.mean()) ** 2)


def _neg_mae(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _mean(-np.abs(truth - predicted))


def _neg_mape(truth: np.ndarray, predicted: np.ndarray) -> Score:
    tiny = np.finfo(float).eps
    return _mean(-np.abs(truth - predicted) / np.maximum(np.abs(truth), tiny))


def _neg_mse(truth: np.ndarray, predicted: np.ndarray) -> Score:
    return _mean(-((truth - predicted) ** 2))


def _neg_rmse(truth: np.ndarray, predicted: np.ndarray) -> Score:
    squared = _mean((truth - predicted) ** 2)
    root = np.sqrt(squared.value)
    return Score(-float(root), -squared.influence / (2 * root) if root else squared.influence)


def _neg_median(truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Score less the median absolute error.

    Its influence needs the density of the errors there, which their quantiles about the median
    give (bandwidth of Hall and Sheather 1988, doi:10.1111/j.2517-6161.1988.tb01735.x).
    """
    error = np.abs(truth - predicted)
    middle = float(np.median(error))
    # (1.5 z² φ(0)² / n)^(1/3) for z of a 95 % interval; the normal density φ(0)² is 1 / (2 π).
    width = min((1.5 * 1.96**2 / (2 * np.pi * len(error))) ** (1 / 3), 0.5)
    low, high = np.quantile(error, [0.5 - width, 0.5 + width])
    side = (error > middle) - (error > middle).mean()
    return Score(-middle, -side * (high - low) / (2 * width))


_BINARY: tuple[Task, ...] = ("binary",)
_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_VALUES: tuple[Task, ...] = ("regression",)

METRICS: dict[str, tuple[tuple[Task, ...], Callable[[np.ndarray, np.ndarray], Score]]] = {
    "roc_auc": (_BINARY, partial(_positive, roc_auc)),
    "roc_auc_ovr": (_CLASSES, partial(_over_actual, roc_auc)),
    "roc_auc_ovr_weighted": (_CLASSES, partial(_weighted, roc_auc)),
    "roc_auc_ovo": (_CLASSES, _roc_auc_ovo),
    "average_precision": (_CLASSES, _average_precision),
    "accuracy": (_CLASSES, _accuracy),
    "balanced_accuracy": (_CLASSES, partial(_over_actual, _recall)),
    "matthews_corrcoef": (_CLASSES, _matthews),
    "recall": (_BINARY, partial(_positive, recall)),
    "recall_macro": (_CLASSES, partial(_macro, _recall)),
    "recall_weighted": (_CLASSES, partial(_weighted, _recall)),
    "precision": (_BINARY, partial(_positive, precision)),
    "precision_macro": (_CLASSES, partial(_macro, _precision)),
    "precision_weighted": (_CLASSES, partial(_weighted, _precision)),
    "f1": (_BINARY, partial(_positive, f1)),
    "f1_macro": (_CLASSES, partial(_macro, _f1)),
    "f1_weighted": (_CLASSES, partial(_weighted, _f1)),
    "neg_log_loss": (_CLASSES, _neg_log_loss),
    "neg_brier_score": (_CLASSES, _neg_brier),
    "r2": (_VALUES, _r2),
    "explained_variance": (_VALUES, _explained_variance),
    "neg_mean_absolute_error": (_VALUES, _neg_mae),
    "neg_mean_absolute_percentage_error": (_VALUES, _neg_mape),
    "neg_mean_squared_error": (_VALUES, _neg_mse),
    "neg_root_mean_squared_error": (_VALUES, _neg_rmse),
    "neg_median_absolute_error": (_VALUES, _neg_median),
}
