"""The discriminator: its AUC by hand and by scikit-learn, its interval, the columns it names."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from stages.lib import learners
from stages.lib.quality.fidelity import discriminator
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        **{f"n{i}": Column(kind="number") for i in range(3)},
        "c0": Column(kind="category"),
        "c1": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw rows whose columns n0 and n1 go together, and the others apart."""
    n0 = rng.standard_normal(rows)
    return pd.DataFrame(
        {
            "n0": n0,
            "n1": n0 + 0.3 * rng.standard_normal(rows),
            "n2": np.where(rng.random(rows) < 0.1, np.nan, rng.standard_normal(rows)),
            "c0": pd.Categorical(rng.choice(list("abc"), rows)),
            "c1": pd.Categorical(rng.choice(["no", "yes"], rows)),
        }
    )


class Slope(ClassifierMixin, BaseEstimator):
    """Scores by the difference of the means: as cheap as a model of all columns can be."""

    def fit(self, x, y):
        """Take the direction from one mean to the other."""
        self.classes_ = np.array([0.0, 1.0])
        self.slope_ = x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0)
        return self

    def predict_proba(self, x):
        """Return the logistic function of the score."""
        one = 1 / (1 + np.exp(-x @ self.slope_))
        return np.column_stack([1 - one, one])

    def predict(self, x):
        """Return the likelier side; scikit-learn asks for it."""
        return (x @ self.slope_ > 0).astype(float)


def slope(x, y):
    """Return a fitted model."""
    return Slope().fit(x, y)


def test_auc_and_errors_by_hand():
    """Every fold is scored by itself, and each row's part in the error is DeLong's."""
    # The model scores a row by its number. Fold 0 has 1 3 | 0 2: of the four pairs three are in
    # order, AUC 3/4. Fold 1 has 5 6 | 0 1, AUC 1; folds 2 to 4 are empty. Mean 7/8.
    # Fold 0: 1 beats half, 3 all; 0 loses to all, 2 to half. Less 3/4: -1/4 1/4 1/4 -1/4. Each
    # is doubled as a side is half of the fold, times sqrt(2 / 1) for two rows of a side, over 8.
    x = np.array([1.0, 3, 5, 6, 0, 2, 0, 1])[:, None]
    fold = np.array([0, 0, 1, 1, 0, 0, 1, 1])

    def fixed(_x, _y):
        model = Slope()
        model.classes_, model.slope_ = np.array([0.0, 1.0]), np.ones(1)
        return model

    found = discriminator.crossed(fixed, x, np.arange(4), 4 + np.arange(4), fold)
    part = math.sqrt(2) / 16
    assert found.value == 7 / 8
    assert found.share == pytest.approx(np.array([-part, part, 0, 0, part, -part, 0, 0]))


def test_cross_fitted_auc_is_scikit_learns():
    """The value is the mean over folds of roc_auc_score of what cross_val_predict predicts."""
    rng = np.random.default_rng(1)
    x, side = rng.standard_normal((200, 3)), np.repeat([1, 0], 100)
    x[:100, 0] += 1
    fold = np.tile(np.arange(5), 40)
    found = discriminator.crossed(slope, x, np.arange(100), 100 + np.arange(100), fold)
    scores = cross_val_predict(Slope(), x, side, cv=PredefinedSplit(fold), method="predict_proba")[
        :, 1
    ]
    theirs = [roc_auc_score(side[fold == held], scores[fold == held]) for held in range(5)]
    assert found.value == pytest.approx(np.mean(theirs))
    assert 0.7 < found.value < 0.85


def test_widening_by_hand():
    """Models that agree widen nothing; where they do not, the variance doubles at most."""

    class Fixed:
        classes_ = np.array([0.0, 1.0])

        def __init__(self, scores):
            self.scores = np.array(scores)

        def predict_proba(self, _x):
            return np.column_stack([1 - self.scores, self.scores])

    x = np.empty((4, 1))
    rising, other = Fixed([0.1, 0.2, 0.3, 0.4]), Fixed([0.1, 0.2, 0.4, 0.3])
    assert discriminator.widening([rising, rising], x) == pytest.approx(1)
    # Ranks 1 2 3 4 and 1 2 4 3: correlation 0.8, and there is one fold less than two.
    assert discriminator.widening([rising, other], x) == pytest.approx(1.2)
    assert discriminator.widening([rising, Fixed([0.4, 0.3, 0.2, 0.1])], x) == 2
    assert discriminator.widening([rising, Fixed([0.5] * 4)], x) == 2


def excesses(simulations, rows, shift, fit, rng, columns=4):
    """Draw null or shifted batches and return the excess of each, as Estimates."""
    found = []
    first, second, third = np.split(np.arange(3 * rows), 3)
    for _ in range(simulations):
        x = rng.standard_normal((3 * rows, columns))
        x[first, 0] += shift
        fold = rng.permutation(3 * rows) % discriminator.FOLDS
        batch, real = (discriminator.crossed(fit, x, own, third, fold) for own in (first, second))
        widened = discriminator.widening(batch.models, x[second])
        found.append(discriminator.excess(batch, real, widened, np.arange(3 * rows)))
    return found


def held(found, truth):
    """Return how many intervals hold the truth, and the mean standard error over the true one."""
    spread = np.std([one.value for one in found])
    within = np.mean([one.lower <= truth <= one.upper for one in found])
    return within, np.sqrt(np.mean([one.se**2 for one in found])) / spread


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_coverage_of_the_excess(shift):
    """Of a cheap model the interval holds the true excess in 95 %, give or take two points."""
    rng = np.random.default_rng(2)
    found = excesses(1_000, 100, shift, slope, rng)
    truth = np.mean([one.value for one in found]) if shift else 0
    # Monte-Carlo error of 95 % over 1,000 simulations: 0.7 points.
    within, ratio = held(found, truth)
    assert 0.93 - 0.007 <= within <= 0.97 + 0.007, (within, ratio)
    assert 0.9 <= ratio <= 1.15


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_coverage_of_the_excess_of_boosting(shift):
    """So it does of the model that is used, with fewer trees."""
    rng = np.random.default_rng(3)
    quick = discriminator.MODEL.model_copy(update={"max_iter": 15})
    fit = partial(learners.fit, quick, "binary", [0] * 3, seed=0)
    found = excesses(150, 100, shift, fit, rng, columns=3)
    # Monte-Carlo error over 150 simulations: 1.8 points.
    within, ratio = held(found, np.mean([one.value for one in found]) if shift else 0)
    assert within >= 0.93 - 0.036, (within, ratio)
    assert 0.85 <= ratio <= 1.25


def test_unseen_real_rows_are_not_told_apart():
    """Rows of the same population: the AUC is near 1/2, and the excess's interval holds 0."""
    rng = np.random.default_rng(4)
    frames = [population(300, rng) for _ in range(3)]
    (found,), table = discriminator.compare(*frames, SCHEMA, rng)
    assert (found.gate, found.name) == ("fidelity", "discriminator")
    assert found.excess.lower <= 0 <= found.excess.upper
    assert found.excess.value == pytest.approx(found.value - found.ceiling)
    assert 0.4 < found.value < 0.6
    assert sorted(table["column"]) == SCHEMA.modelled[3:] + SCHEMA.modelled[:3]
    assert table["giveaway"].abs().max() < 0.1


def test_shifted_column_is_named_first():
    """A column that lies elsewhere gives the batch away."""
    rng = np.random.default_rng(5)
    made, real, apart = (population(300, rng) for _ in range(3))
    made["n2"] += 1.5
    (found,), table = discriminator.compare(made, real, apart, SCHEMA, rng)
    assert found.value > 0.75
    assert found.excess.lower > 0.1
    assert table["column"][0] == "n2"
    assert table["giveaway"].is_monotonic_decreasing
    assert table["giveaway"][0] > 5 * table["giveaway"][1]


def test_broken_dependence_names_both_columns():
    """Two columns that no longer go together, each as it should be, are named first."""
    rng = np.random.default_rng(6)
    made, real, apart = (population(400, rng) for _ in range(3))
    made["n1"] = rng.permutation(made["n1"].to_numpy())
    (found,), table = discriminator.compare(made, real, apart, SCHEMA, rng)
    assert found.excess.lower > 0.1
    assert set(table["column"][:2]) == {"n0", "n1"}
    assert table["giveaway"][1] > 3 * abs(table["giveaway"][2])


def test_category_that_real_rows_lack_is_a_giveaway():
    """A label that no real row has is seen, and is no crash."""
    rng = np.random.default_rng(7)
    made, real, apart = (population(200, rng) for _ in range(3))
    made["c0"] = pd.Categorical(np.where(np.arange(200) % 2 == 0, "z", made["c0"]))
    _, table = discriminator.compare(made, real, apart, SCHEMA, rng)
    assert table["column"][0] == "c0"


def test_rows_that_the_batch_repeats_are_not_known_by_heart():
    """A batch of few real rows, each five times, is told only by what others tell of them."""
    rng = np.random.default_rng(8)
    real, apart = population(300, rng), population(300, rng)
    made = population(60, rng).loc[np.repeat(np.arange(60), 5)].reset_index(drop=True)
    (found,), _ = discriminator.compare(made, real, apart, SCHEMA, rng)
    assert found.excess.lower <= 0 <= found.excess.upper
    assert found.excess.se > 0.05  # sixty rows, not three hundred


def test_training_rows_as_a_batch_have_no_excess():
    """Copies of the training rows score what those score."""
    rng = np.random.default_rng(9)
    real, apart = population(120, rng), population(120, rng)
    (found,), _ = discriminator.compare(real, real, apart, SCHEMA, np.random.default_rng(0))
    assert found.excess.value == pytest.approx(0, abs=0.02)
    assert found.excess.se < 0.03


def test_same_seed_same_numbers():
    """A run is repeated to the last digit."""
    rng = np.random.default_rng(10)
    frames = [population(80, rng) for _ in range(3)]
    runs = [discriminator.compare(*frames, SCHEMA, np.random.default_rng(3)) for _ in range(2)]
    assert runs[0][0] == runs[1][0]
    pd.testing.assert_frame_equal(runs[0][1], runs[1][1])


def test_no_more_rows_than_the_cap(monkeypatch):
    """Of large samples as many rows are told apart as the cap says, on equal sides."""
    monkeypatch.setattr(discriminator, "CAP", 50)
    rng = np.random.default_rng(11)
    frames = [population(rows, rng) for rows in (90, 60, 70)]
    seen = []
    crossed = discriminator.crossed
    monkeypatch.setattr(
        discriminator, "crossed", lambda *parts: seen.append(parts) or crossed(*parts)
    )
    discriminator.compare(*frames, SCHEMA, rng)
    assert [(len(one), len(other)) for _, _, one, other, _ in seen] == [(50, 50)] * 2


@pytest.mark.parametrize("short", [0, 1, 2])
def test_too_few_rows_tell_nothing(short):
    """With 19 rows of the batch, train or tune the excess may be anything, and says why."""
    rng = np.random.default_rng(12)
    sizes = [40, 40, 40]
    sizes[short] = 19
    (found,), table = discriminator.compare(*(population(n, rng) for n in sizes), SCHEMA, rng)
    assert math.isnan(found.value)
    assert (found.excess.lower, found.excess.upper) == (-1, 1)
    assert found.excess.method == "19 rows, too few to tell"
    assert len(table) == 5
    assert table["giveaway"].isna().all()


def odd(kind, frame):
    """Return the rows with something in them that models trip over."""
    frame = frame.copy()
    if kind == "missing":
        frame["n2"] = np.nan
    if kind == "no label":
        frame["c0"] = pd.Categorical([None] * len(frame), categories=["a"])
    if kind == "constant":
        frame = frame.loc[np.zeros(len(frame), int)].reset_index(drop=True)
    if kind == "two rows":
        frame = frame.loc[np.arange(len(frame)) % 2].reset_index(drop=True)
    return frame


@pytest.mark.parametrize("kind", ["missing", "no label", "constant", "two rows"])
@pytest.mark.parametrize("sides", ["batch", "all"])
def test_odd_tables_do_not_crash(kind, sides):
    """All-missing columns and constant tables end in numbers, or in what cannot be told."""
    rng = np.random.default_rng(13)
    made, real, apart = (population(60, rng) for _ in range(3))
    source = made
    made = odd(kind, made)
    if sides == "all":
        real, apart = odd(kind, source), odd(kind, source)
    (found,), table = discriminator.compare(made, real, apart, SCHEMA, rng)
    assert found.excess.lower <= found.excess.upper
    assert len(table) == 5
    if kind == "missing" and sides == "batch":
        assert found.value > 0.9
        assert table["column"][0] == "n2"
    if kind == "constant" and sides == "all":
        assert math.isnan(found.value) or found.value == 0.5


@pytest.mark.parametrize("kind", ["number", "category"])
def test_columns_of_one_kind(kind):
    """A table of numbers only, and one of categories only, are told apart as any."""
    rng = np.random.default_rng(14)
    names = ["n0", "n1"] if kind == "number" else ["c0", "c1"]
    columns = {name: Column(kind=kind) for name in names[:1]}
    schema = Schema(columns={**columns, names[1]: Column(kind=kind, role="target")})
    frames = [population(100, rng)[names] for _ in range(3)]
    (found,), table = discriminator.compare(*frames, schema, rng)
    assert 0 <= found.value <= 1
    assert len(table) == 2
