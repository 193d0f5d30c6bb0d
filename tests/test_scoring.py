"""Metrics: scikit-learn's values, and each row's influence on them."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import get_scorer

from stages.lib import scoring
from stages.lib.errors import ParamsError
from stages.lib.scoring import METRICS

ROWS = 60
CASES = [(metric, task) for metric, (tasks, _) in METRICS.items() for task in tasks]


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
    if metric == "roc_auc_ovr" and classes == 2:
        # The scorer hands the binary case to the plain ROC AUC, which is the same number.
        metric = "roc_auc"
    if metric == "roc_auc_ovr" and weight is not None:
        from sklearn.metrics import roc_auc_score

        parts = [
            roc_auc_score(truth == one, predicted[:, one], sample_weight=weight)
            for one in range(classes)
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


@pytest.mark.parametrize(("metric", "task"), CASES)
def test_influence_is_the_derivative_in_the_weights(metric, task):
    """A row's influence is the metric's slope in the row's weight, times the number of rows."""
    truth, predicted = data(task, 1)
    found = scoring.score(metric, truth, predicted)
    assert found.influence.shape == (ROWS,)
    assert found.influence.mean() == pytest.approx(0, abs=1e-12)
    assert found.influence.std() > 0
    step = 1e-4
    for row in range(0, ROWS, 4):
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
        "choices: neg_mean_absolute_error, neg_root_mean_squared_error, r2"
    )


@pytest.mark.parametrize(("metric", "task"), CASES)
def test_fitting_metric_passes(metric, task):
    """A metric that fits its task is accepted in silence."""
    assert scoring.check(metric, task) is None
