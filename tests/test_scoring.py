"""Metrics: scikit-learn's values, and each row's influence on them."""

import pickle
import warnings
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    get_scorer,
    precision_score,
    recall_score,
    roc_auc_score,
)

from stages.lib import scoring
from stages.lib.base.errors import ParamsError
from stages.lib.scoring import METRICS

ROWS = 60
CASES = [(metric, task) for metric, (tasks, _) in METRICS.items() for task in tasks]
MEDIAN = "neg_median_absolute_error"  # its influence is estimated, no derivative


class Fixed:
    """An estimator that predicts what it was given, for scikit-learn's scorers."""

    def __init__(self, predicted, classes):
        """Keep the predictions; 0 classes are values."""
        self.predicted, self.classes_ = predicted, np.arange(classes)
        self._estimator_type = "classifier" if classes else "regressor"

    def __sklearn_tags__(self):
        """Say which kind of estimator this is."""
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

        kind = ClassifierMixin if len(self.classes_) else RegressorMixin
        return type("Kind", (kind, BaseEstimator), {})().__sklearn_tags__()

    def fit(self, x, y):
        """Do nothing."""
        return self

    def predict(self, x):
        """Return the likeliest class, or the value."""
        return self.predicted.argmax(axis=1) if len(self.classes_) else self.predicted

    def predict_proba(self, x):
        """Return the probabilities."""
        return self.predicted


def data(task, seed=0):
    """Draw truth and predictions with ties, the truth likelier than chance."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        truth = rng.integers(0, 8, ROWS).astype(float)
        return truth, truth + rng.integers(-3, 4, ROWS)
    classes = 2 if task == "binary" else 4
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, ROWS - classes)])
    raw = rng.integers(1, 5, (ROWS, classes)) + 2.0 * (np.arange(classes) == truth[:, None])
    raw[:, -1] += 0.01  # no tie between two classes of one row
    return truth, raw / raw.sum(axis=1, keepdims=True)


def theirs(metric, task, truth, predicted, weight=None):
    """Score with scikit-learn's scorer of that name."""
    classes = 0 if task == "regression" else predicted.shape[1]
    estimator = Fixed(predicted, classes)
    if metric.startswith("roc_auc_ov") and classes == 2:
        # The scorer hands the binary case to the plain ROC AUC, which is the same number.
        metric = "roc_auc"
    if metric == "roc_auc_ovr" and weight is not None:
        parts = [
            roc_auc_score(truth == one, predicted[:, one], sample_weight=weight)
            for one in range(classes)
        ]
        return float(np.mean(parts))
    if metric == "roc_auc_ovo" and weight is not None:
        parts = [
            roc_auc_score(truth[own] == one, predicted[own, one], sample_weight=weight[own])
            for one, other in permutations(range(classes), 2)
            for own in [np.isin(truth, [one, other])]
        ]
        return float(np.mean(parts))
    options = {} if weight is None else {"sample_weight": weight}
    return get_scorer(metric)(estimator, np.zeros((len(truth), 1)), truth, **options)


@pytest.mark.parametrize(("metric", "task"), CASES)
def test_value_is_scikit_learns(metric, task):
    """Every metric has the value of scikit-learn's scorer of its name, ties included."""
    for seed in range(5):
        truth, predicted = data(task, seed)
        found = scoring.score(metric, truth, predicted)
        assert found.value == pytest.approx(theirs(metric, task, truth, predicted), rel=1e-12)


@pytest.mark.parametrize(("metric", "task"), [case for case in CASES if case[0] != MEDIAN])
def test_influence_is_the_derivative_in_the_weights(metric, task):
    """A row's influence is the metric's slope in the row's weight, times the number of rows."""
    truth, predicted = data(task, 1)
    truth = truth + 1.0 if task == "regression" else truth  # a relative error divides by it
    found = scoring.score(metric, truth, predicted)
    assert found.influence.shape == (ROWS,)
    assert found.influence.mean() == pytest.approx(0, abs=1e-12)
    assert found.influence.std() > 0
    step = 1e-4
    for row in range(0, ROWS, 10):
        up, down = np.ones(ROWS), np.ones(ROWS)
        up[row] += step
        down[row] -= step
        rise = theirs(metric, task, truth, predicted, up)
        fall = theirs(metric, task, truth, predicted, down)
        slope = (rise - fall) / (2 * step) * ROWS
        assert found.influence[row] == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_auc_variance_by_hand():
    """On four rows the variance is DeLong's."""
    # Positives 0.8 and 0.4, negatives 0.6 and 0.2. AUC 3/4.
    # Placements of positives 1 and 1/2, their variance (n - 1) 1/8; of negatives 1/2 and 1, 1/8.
    # DeLong: 1/8 / 2 + 1/8 / 2 = 1/8. The influences (n, not n - 1) give the half of it: 1/16.
    truth = np.array([1, 1, 0, 0])
    positive = np.array([0.8, 0.4, 0.6, 0.2])
    found = scoring.score("roc_auc", truth, np.column_stack([1 - positive, positive]))
    assert found.value == 0.75
    assert found.influence.tolist() == [0.5, -0.5, -0.5, 0.5]
    assert (found.influence**2).mean() / 4 == pytest.approx(1 / 16)


def test_auc_counts_ties_half():
    """One tie among four pairs takes half a pair away."""
    truth = np.array([1, 1, 0, 0])
    positive = np.array([0.8, 0.6, 0.6, 0.2])
    found = scoring.score("roc_auc", truth, np.column_stack([1 - positive, positive]))
    assert found.value == 3.5 / 4


def test_auc_of_one_class_is_not_a_number():
    """Rows of one class alone have no ROC AUC, and no row moves it."""
    found = scoring.score("roc_auc", np.ones(3, int), np.full((3, 2), 0.5))
    assert np.isnan(found.value)
    assert found.influence.tolist() == [0, 0, 0]


def test_class_that_nobody_predicts():
    """Precision of a class that no row is predicted as is 0, as in scikit-learn."""
    predicted = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    found = scoring.precision(np.array([0, 1, 0]), predicted, 1)
    assert found.value == 0
    assert scoring.recall(np.array([0, 1, 0]), predicted, 1).value == 0
    assert scoring.recall(np.array([0, 1, 0]), predicted, 0).value == 1


def test_perfect_regression_has_no_error():
    """A root of 0 is not divided by."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scoring.score("neg_root_mean_squared_error", np.arange(3.0), np.arange(3.0))
    assert found.value == 0
    assert found.influence.tolist() == [0, 0, 0]


def test_average_precision_by_hand():
    """On four rows with a tie, its value and the pull of each row are as worked out."""
    # Scores 3, 2, 2, 1 of rows +, +, -, -. At 3: TP 1 of N 1; at 2: 2 of 3; at 1: 2 of 4.
    # AP = (1 · 1 + 1 · 2/3) / 2 = 5/6.
    # Own terms (precision less AP, of positives): 1 - 5/6 = 1/6 and 2/3 - 5/6 = -1/6.
    # Through TP, of positives: Σ 1/N over positives at or below: 1 + 1/3 = 4/3 and 1/3.
    # Through N, of all, less Σ TP/N²: 1 + 2/9 = 11/9; 2/9; 2/9; 0.
    # Sums times 4 rows / 2 positives: 2 (1/6 + 4/3 - 11/9) = 5/9; 2 (-1/6 + 1/3 - 2/9) = -1/9;
    # 2 (-2/9) = -4/9; 0.
    ranked = np.array([3.0, 2.0, 2.0, 1.0])
    found = scoring.score(
        "average_precision", np.array([1, 1, 0, 0]), np.column_stack([-ranked, ranked])
    )
    assert found.value == pytest.approx(5 / 6)
    assert found.influence == pytest.approx([5 / 9, -1 / 9, -4 / 9, 0])


THEIRS = {
    "recall": lambda t, p, one: recall_score(t == one, p.argmax(axis=1) == one),
    "precision": lambda t, p, one: precision_score(t == one, p.argmax(axis=1) == one),
    "f1": lambda t, p, one: f1_score(t == one, p.argmax(axis=1) == one),
    "roc_auc": lambda t, p, one: roc_auc_score(t == one, p[:, one]),
    "average_precision": lambda t, p, one: average_precision_score(t == one, p[:, one]),
}


@pytest.mark.parametrize("label", ["b", "'b'", '"b"'])
@pytest.mark.parametrize("base", scoring.BY_CLASS)
def test_a_metric_of_one_class_is_scikit_learns_of_it_against_the_rest(base, label):
    """`<metric>@<label>`, with or without quotes, is the binary metric of that class."""
    for seed in range(3):
        truth, predicted = data("multiclass", seed)
        found = scoring.score(f"{base}@{label}", truth, predicted, ["a", "b", "c", "d"])
        assert found.value == pytest.approx(THEIRS[base](truth, predicted, 1), rel=1e-12)
        assert found.influence.mean() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("label", [">50K", "a@b", "it's", "'quoted'", "", " ", "recall@x"])
def test_a_label_may_hold_any_character(label):
    """Whatever a class is called, its metric is found by that name."""
    predicted = np.array([[0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])
    classes = ["other", label]
    for said in (label, f"'{label}'", f'"{label}"'):
        assert scoring.check(f"recall@{said}", "binary", classes) is None
        assert scoring.score(f"recall@{said}", np.array([1, 0, 1]), predicted, classes).value == 0.5


def test_an_unknown_label_names_the_nearest():
    """A class that the target lacks is told with those it has, unless they are sensitive."""
    with pytest.raises(ParamsError) as caught:
        scoring.check("recall@'>50'", "binary", ["<=50K", ">50K"])
    assert "names no class of the target; did you mean '>50K'? choices: <=50K, >50K" in str(
        caught.value
    )
    with pytest.raises(ParamsError) as caught:
        scoring.check("recall@'>50'", "binary", ["<=50K", ">50K"], sensitive=True)
    assert ">50K" not in str(caught.value)
    with pytest.raises(ParamsError, match="'recal@x' is unknown; did you mean 'recall'"):
        scoring.check("recal@x", "binary", ["x", "y"])
    with pytest.raises(ParamsError, match="does not fit a regression target"):
        scoring.check("recall@x", "regression")


def test_a_class_that_no_row_has_is_not_a_number():
    """Neither found nor missed: nothing can be said of it, and no row moves it."""
    predicted = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    truth = np.zeros(3, int)
    for metric in ("recall", "precision", "f1", "roc_auc", "average_precision"):
        for asked in (metric, f"{metric}@b"):
            found = scoring.score(asked, truth, predicted, ["a", "b"])
            assert np.isnan(found.value)
            assert found.influence.tolist() == [0, 0, 0]
    assert np.isnan(scoring.score("roc_auc_ovo", truth, predicted).value)
    for metric in ("accuracy", "balanced_accuracy", "recall_macro", "f1_weighted"):
        assert np.isfinite(scoring.score(metric, truth, predicted).value)


def test_matthews_of_one_class_is_none():
    """Where rows or predictions are all of one class the correlation is 0, as in scikit-learn."""
    predicted = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    assert scoring.score("matthews_corrcoef", np.array([0, 1, 0]), predicted)[0] == 0


def test_the_metric_of_one_class_behind_an_average():
    """Each averaged metric knows what it averages; others know none."""
    assert scoring.of_class("roc_auc_ovr_weighted") == "roc_auc"
    assert scoring.of_class("f1_macro") == "f1"
    assert scoring.of_class("precision@'x'") == "precision"
    assert scoring.of_class("neg_log_loss") is None
    assert scoring.of_class("accuracy") is None


def test_metrics_can_be_sent_to_other_processes():
    """Scoring runs in workers, so every metric can be pickled."""
    assert pickle.loads(pickle.dumps(METRICS)).keys() == METRICS.keys()


def covered(metric, draw, rng, simulations=1_200):
    """Return how often the interval of one score holds the mean of all of them."""
    from stages.lib import intervals

    found = []
    for _ in range(simulations):
        one = scoring.score(metric, *draw(rng))
        found.append(intervals.over_rows_and_seeds(np.array([one.value]), one.influence[None, :]))
    truth = np.mean([one.value for one in found])
    return np.mean([one.lower <= truth <= one.upper for one in found])


def ranked_rows(rng, rows=300):
    """Draw labels, three in ten positive, and scores that go with them, in tied steps."""
    truth = (rng.random(rows) < 0.3).astype(int)
    own = np.round(truth + rng.standard_normal(rows), 1)
    return truth, np.column_stack([0.5 - own, 0.5 + own])


def valued_rows(rng, rows=800):
    """Draw values and predictions with skewed errors."""
    truth = rng.standard_normal(rows)
    return truth, truth + rng.gamma(2, 1, rows)


@pytest.mark.parametrize(
    ("metric", "draw"),
    [
        ("average_precision", ranked_rows),
        ("matthews_corrcoef", ranked_rows),
        ("precision", ranked_rows),
        ("f1", ranked_rows),
        (MEDIAN, valued_rows),
        ("explained_variance", valued_rows),
    ],
)
def test_coverage_of_a_score(metric, draw):
    """The interval of a score holds the expected score in 95 % of samples, give or take two."""
    assert 0.93 <= covered(metric, draw, np.random.default_rng(5)) <= 0.97


def test_coverage_of_a_paired_auc_difference():
    """Two correlated scores of equal skill differ by 0 in 95 % of the intervals."""
    from stages.lib import intervals

    rng = np.random.default_rng(3)
    hits, simulations, rows = 0, 2_000, 200
    for _ in range(simulations):
        truth = (rng.random(rows) < 0.3).astype(int)
        shared = truth + rng.standard_normal(rows)
        scores = []
        for _model in range(2):
            own = shared + 0.5 * rng.standard_normal(rows)
            scores.append(scoring.score("roc_auc", truth, np.column_stack([-own, own])))
        one, other = scores
        found = intervals.over_rows_and_seeds(
            np.array([one.value - other.value]), (one.influence - other.influence)[None, :]
        )
        hits += found.lower <= 0 <= found.upper
    assert 0.93 <= hits / simulations <= 0.97


def test_unknown_metric_names_the_nearest():
    """A misspelt metric is told with what was likely meant and all choices."""
    with pytest.raises(ParamsError) as caught:
        scoring.check("roc_acu", "binary")
    assert "`brief.metric` 'roc_acu' is unknown; did you mean 'roc_auc'?" in str(caught.value)
    assert "neg_log_loss" in str(caught.value)


def test_metric_that_does_not_fit_the_target():
    """A metric of another task is told with those that fit."""
    with pytest.raises(ParamsError) as caught:
        scoring.check("roc_auc", "regression")
    assert "'roc_auc' does not fit a regression target" in str(caught.value)
    assert str(caught.value).endswith(
        "neg_mean_squared_error, neg_median_absolute_error, neg_root_mean_squared_error, r2"
    )


@pytest.mark.parametrize(("metric", "task"), CASES)
def test_fitting_metric_passes(metric, task):
    """A metric that fits its task is accepted in silence."""
    assert scoring.check(metric, task) is None
