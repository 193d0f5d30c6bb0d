"""Cheap remedies: what they are trained on, and the threshold that decisions are made at."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score

from stages.lib import remedies, scoring, trials
from stages.lib.learners import Learner
from stages.lib.tables.schema import Column, Schema

SLICES = ("tune", "holdout")
SCHEMA = Schema(
    columns={"x": Column(kind="number"), "rich": Column(kind="category", role="target")}
)
LINEAR = {"linear": Learner(kind="linear")}


def draw(rows, seed, *, labels=("no", "yes")):
    """Return rows whose label goes with x; the later of the labels are rarer."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows)
    level = np.digitize(1.5 * x + rng.logistic(0, 1, rows), 2.5 + 1.5 * np.arange(len(labels) - 1))
    return pd.DataFrame({"x": x, "rich": pd.Categorical(np.array(labels)[level])})


def measure(metric, scored, *, train=None, seeds=2):
    """Return the remedies of a logistic regression, and the bench they were measured on."""
    bench = trials.bench(SCHEMA, LINEAR, metric, draw(300, 0) if train is None else train, scored)
    return remedies.measure(bench, "linear", seeds, SLICES), bench


def both(held=None):
    """Return a tune slice and a holdout."""
    return {"tune": draw(300, 1), "holdout": draw(400, 2) if held is None else held}


def probabilities(positive):
    """Return the probabilities of two classes."""
    return np.column_stack([1 - np.array(positive), positive])


def test_threshold_by_hand():
    """Of the weights that part 0.2 from 0.3, the one nearest to no change is taken."""
    # The third row is called positive where 0.3 w > 0.7, the second where 0.2 w > 0.8: between
    # 7/3 and 4 every decision is right, and 10^(3/8) = 2.37 is the first of the grid there.
    truth, predicted = np.array([0, 0, 1, 1]), probabilities([0.1, 0.2, 0.3, 0.45])
    weights = remedies.choose("accuracy", truth, [predicted], ["no", "yes"])
    assert weights == pytest.approx([1, 10 ** (3 / 8)])
    assert scoring.score("accuracy", truth, predicted * weights).value == 1


def test_decisions_that_are_right_stay():
    """Where no weight does better there is no change, on either side of many that do as well."""
    truth, predicted = np.array([0, 0, 1]), probabilities([0.01, 0.1, 0.9])
    assert remedies.choose("f1", truth, [predicted], ["no", "yes"]).tolist() == [1, 1]


def test_the_mean_over_the_seeds_counts():
    """One seed would move the threshold down and two up, and the two have it."""
    truth = np.array([0, 1])
    down, up = probabilities([0.1, 0.4]), probabilities([0.6, 0.9])
    alone = remedies.choose("accuracy", truth, [down], ["no", "yes"])
    weights = remedies.choose("accuracy", truth, [down, up, up], ["no", "yes"])
    assert alone[1] > 1 > weights[1]


def test_threshold_against_a_search_with_scikit_learn():
    """No weight of the grid has a better F1 by scikit-learn than the one that is chosen."""
    rng = np.random.default_rng(0)
    truth = (rng.random(200) < 0.2).astype(int)
    predicted = [probabilities(np.clip(0.1 + 0.2 * truth + rng.random(200) / 3, 0, 1))] * 2
    grid = 10.0 ** (np.arange(-24, 25) / 8)
    best = max(f1_score(truth, predicted[0][:, 1] * w > predicted[0][:, 0]) for w in grid)
    weights = remedies.choose("f1", truth, predicted, ["no", "yes"])
    chosen = predicted[0] * weights
    assert f1_score(truth, chosen[:, 1] > chosen[:, 0]) == pytest.approx(best)
    assert best > f1_score(truth, predicted[0].argmax(axis=1)) + 0.1


def test_weights_of_three_classes():
    """Probabilities that favour one class tenfold are set right by the weights of classes."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    fair = rng.dirichlet([1, 1, 1], 600) / 3 + np.eye(3)[truth] / 3
    skewed = fair * [1, 10, 1]
    weights = remedies.choose("balanced_accuracy", truth, [skewed], ["a", "b", "c"])
    reached, before, right = (
        balanced_accuracy_score(truth, found.argmax(axis=1))
        for found in (skewed * weights, skewed, fair)
    )
    assert before < 0.6
    assert reached > right - 0.02


BOTH = [name for name, (tasks, _) in scoring.METRICS.items() if "regression" not in tasks]


@pytest.mark.parametrize("metric", [*BOTH, *(f"{name}@a" for name in scoring.BY_CLASS)])
def test_which_metrics_decide(metric):
    """A metric is of decisions where the class that is most likely is all that counts."""
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 2, 80), probabilities(rng.random(80))
    surest = np.eye(2)[predicted.argmax(axis=1)]
    one, other = (
        scoring.score(metric, truth, found, ["a", "b"]).value for found in (predicted, surest)
    )
    assert remedies.decides(metric) == (one == other)


def test_remedies_are_the_fits_a_person_would_write():
    """Class weights are scikit-learn's, and oversampled rows are as if they weighed more."""
    scored = both()
    train = draw(300, 0)
    found, bench = measure("neg_log_loss", scored, train=train, seeds=1)
    x, y = bench.x, bench.y
    held, actual = bench.scored["holdout"]
    rare, often = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    repeated = np.concatenate([often, np.resize(rare, len(often))])
    scale = [x.mean(), x.std()], [x[repeated].mean(), x[repeated].std()]
    fits = {
        "class weights": LogisticRegression(class_weight="balanced").fit(
            (x - scale[0][0]) / scale[0][1], y
        ),
        "oversampling": LogisticRegression().fit(
            (x[repeated] - scale[1][0]) / scale[1][1], y[repeated]
        ),
    }
    for (name, fitted), (mean, spread) in zip(fits.items(), scale, strict=True):
        by_hand = fitted.predict_proba((held - mean) / spread)
        expected = np.log(by_hand[np.arange(len(actual)), actual]).mean()
        assert found.tried[name]["holdout"].mean == pytest.approx(expected, abs=1e-5)
    assert found.notes == [
        "a decision threshold does not move neg_log_loss, which no decision enters: it was left out"
    ]


def test_the_threshold_is_chosen_on_tune():
    """It gains on tune, and labels of the holdout that are turned round do not move it."""
    scored = both()
    turned = scored["holdout"]["rich"].map({"no": "yes", "yes": "no"}).astype("category")
    poisoned = both(scored["holdout"].assign(rich=turned))
    (found, bench), (other, _) = (measure("balanced_accuracy", one) for one in (scored, poisoned))
    assert list(found.tried) == ["class weights", "oversampling", "decision threshold"]
    assert found.notes == []
    tuned, same = (one.tried["decision threshold"] for one in (found, other))
    np.testing.assert_array_equal(tuned["tune"].influence, same["tune"].influence)
    [plain] = trials.run(bench, [trials.Trial("linear", np.arange(300), 0, SLICES)])
    for split in SLICES:
        assert tuned[split].mean > plain[split].value + 0.05
    assert tuned["holdout"].influence.shape == (2, 400)


def test_a_class_that_tune_lacks():
    """Where the metric is not a number on tune, no threshold is chosen, and a word says why."""
    labels = ("no", "yes", "most")
    scored = {"tune": draw(100, 1), "holdout": draw(400, 2, labels=labels)}
    found, _ = measure("recall@most", scored, train=draw(300, 0, labels=labels))
    assert list(found.tried) == ["class weights", "oversampling"]
    assert "tune lacks the rows" in found.notes[0]


def test_a_number_has_no_remedies():
    """A target that is a number has no classes to weigh."""
    schema = Schema(columns={"x": Column(kind="number"), "y": Column(kind="number", role="target")})
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.random(50), "y": rng.random(50)})
    bench = trials.bench(schema, LINEAR, "r2", frame, {"tune": frame, "holdout": frame})
    assert remedies.measure(bench, "linear", 2, SLICES) == ({}, [])
