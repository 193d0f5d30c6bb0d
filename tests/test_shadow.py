"""Shadow models: the score by hand, intervals, and generators whose risk is known."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from stages.lib.base.errors import GeneratorError
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.quality.privacy import exposure, shadow
from stages.lib.quality.privacy.shadow import Shadow
from stages.lib.tables import condition, table
from stages.lib.tables.schema import Schema

SCHEMA = Schema.model_validate(
    {
        "columns": {
            "age": {"kind": "number"},
            "hours": {"kind": "number"},
            "town": {"kind": "category", "sensitive": True},
            "bought": {"kind": "category", "role": "target"},
        }
    }
)
FEW = Shadow(fits=16, targets=20)


def people(rows, seed=0):
    """Return rows of mixed columns, some cells missing."""
    rng = np.random.default_rng(seed)
    hours = np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 4, rows))
    town = pd.Series(rng.choice(["a", "b", "c", None], rows), dtype="category")
    bought = pd.Series(np.where(rng.random(rows) < 0.4, "no", "yes"), dtype="category")
    return pd.DataFrame(
        {"age": rng.normal(50, 15, rows), "hours": hours, "town": town, "bought": bought}
    )


@dataclass
class Bootstrap:
    """Releases rows that it learned from."""

    def fit(self, train, schema, *, seed):
        """Keep the rows."""
        self.rows = train[schema.modelled]
        return self

    def sample(self, n, *, where=None, seed):
        """Draw rows with replacement."""
        drawn = np.random.default_rng(seed).choice(len(self.rows), n)
        return condition.keep(table.rows(self.rows, drawn), where)


@dataclass
class Deaf(Bootstrap):
    """Draws from a table of its own, whatever it was shown."""

    def fit(self, train, schema, *, seed):
        """Take other rows."""
        self.rows = people(500, 99)[schema.modelled]
        return self


@dataclass
class Frozen(Deaf):
    """Makes the same rows whatever it was shown and whatever the seed."""

    def sample(self, n, *, where=None, seed):
        """Return the first rows."""
        return self.rows[:n]


@dataclass
class Fussy(Bootstrap):
    """Fails on some tables."""

    fails: float

    def fit(self, train, schema, *, seed):
        """Fail at random."""
        if np.random.default_rng(seed).random() < self.fails:
            raise GeneratorError("these rows cannot be learned from")
        return super().fit(train, schema, seed=seed)


@dataclass
class Spender(Bootstrap):
    """Is private, and must not be fitted again."""

    def spends(self, schema):
        """Say nothing."""

    def fit(self, train, schema, *, seed):
        """Refuse."""
        raise AssertionError("a private generator was fitted")


@pytest.fixture
def alone(monkeypatch):
    """Stay in this process."""
    monkeypatch.setattr(shadow, "cpu_count", lambda: 1)


def attacked(make, asked=FEW, *, rows=100, unseen=300, size=200, seed=0, **options):
    """Attack a generator of people."""
    both = people(rows + unseen, seed)
    train, pool = both[:rows], both[rows:].reset_index(drop=True)
    made = Bootstrap() if isinstance(make(), Spender | Fussy) else make()
    batch = made.fit(train, SCHEMA, seed=1).sample(size, seed=2)
    return shadow.attack(
        make, "mine", batch, train, pool, SCHEMA, asked, np.random.default_rng(seed), **options
    )


def simulated(rng, targets, fits, *, gap=0.0, fit=0.0):
    """Return scores of a made-up world, in which fits differ and targets are at unlike risk."""
    members = rng.permuted(np.tile(np.arange(fits) < fits // 2, (targets, 1)), axis=1)
    scores = rng.standard_normal((targets, fits + 1, 2))
    scores += fit * rng.standard_normal((1, fits + 1, 1)) + rng.standard_normal((targets, 1, 1))
    risk = gap * rng.gamma(2, 0.5, (targets, 1, 1)) * np.array([1, 0.5])
    scores[:, :-1] += risk * members[:, :, None]
    return scores, members


def test_likelihood_ratio_by_hand():
    """Each fit is judged by the normals of the others, with one variance for both sides."""
    # Inside 1, 3, 5, outside -1, -3, -5; the batch has 2.
    # The fit with 1: the others inside have mean 4 and squares 1 + 1, those outside mean -3 and
    # squares 4 + 0 + 4; variance 10 / (5 - 2) = 10/3. Apart (1 + 3)² / (1 + 1/3) = 12 outside,
    # (1 - 4)² / (1 + 1/2) = 6 inside; ratio (12 - 6) / (2 · 10/3) = 0.9.
    # The batch: means 3 and -3, variance (8 + 8) / (6 - 2) = 4; apart (2 + 3)² / (4/3) = 18.75,
    # (2 - 3)² / (4/3) = 0.75; ratio (18.75 - 0.75) / 8 = 2.25.
    score = np.array([[1.0, 3, 5, -1, -3, -5, 2]])
    members = np.array([[True, True, True, False, False, False]])
    found = exposure.likelihood_ratio(score, members)
    assert found[0, 0] == pytest.approx(0.9)
    assert found[0, 3] == pytest.approx(-0.9)
    assert found[0, 6] == pytest.approx(2.25)


def test_likelihood_ratio_has_a_least_variance():
    """Fits that agree to the last digit do not make a score infinitely sure."""
    # All squares are 1, so the variance is at least 0.01; without it 0 would divide.
    # A fit inside: (1 + 1)² / (1 + 1/4) = 3.2 from outside, 0 from inside; 3.2 / 0.02 = 160.
    score = np.array([[1.0, 1, 1, 1, -1, -1, -1, -1, 1]])
    found = exposure.likelihood_ratio(score, score[:, :-1] > 0)
    assert found[0, 0] == pytest.approx(160)


def test_likelihood_ratio_against_a_loop():
    """Every pair's ratio is that of two normals fitted without it."""
    scores, members = simulated(np.random.default_rng(1), 6, 16, gap=1)
    score = scores[:, :, 0] - scores[:, :-1, 0].mean(axis=1, keepdims=True)
    found = exposure.likelihood_ratio(score, members)
    for target in range(6):
        for fit in range(16):
            rest = np.arange(16) != fit
            x = score[target, fit]
            inside = score[target, :-1][rest & members[target]]
            outside = score[target, :-1][rest & ~members[target]]
            squares = inside.var() * len(inside) + outside.var() * len(outside)
            spread = np.sqrt(squares / 13)
            wide = [np.sqrt(1 + 1 / len(side)) * spread for side in (inside, outside)]
            expected = norm.logpdf(x, inside.mean(), wide[0]) + np.log(wide[0])
            expected -= norm.logpdf(x, outside.mean(), wide[1]) + np.log(wide[1])
            assert found[target, fit] == pytest.approx(expected)


def test_no_pair_knows_its_own_membership():
    """What is said of a pair stays if its own label is the other one."""
    scores, members = simulated(np.random.default_rng(2), 20, 16, gap=1)
    other = members.copy()
    other[3, 5] = not other[3, 5]
    combined = [exposure.combine(scores, known)[3] for known in (members, other)]
    assert combined[0] == pytest.approx(combined[1])
    score = scores[:, :, 0]
    ratios = [exposure.likelihood_ratio(score, known) for known in (members, other)]
    assert ratios[0][3, 5] == pytest.approx(ratios[1][3, 5])


def test_scores_are_weighed_by_what_they_tell_of_other_targets():
    """A way to score that says nothing of the other targets counts little."""
    # Target 1 has its first score moved by 1.6 spreads, target 2 its second, 3 and 4 the first.
    members = np.tile([True, True, False, False], (4, 1))
    high = np.array([1, 0.5, -0.5, -1, 0])
    flat = np.array([1, -1, 1, -1, 0])
    scores = np.stack([np.column_stack([high, flat])] * 4).astype(float)
    scores[1] = scores[1][:, ::-1]
    # The spread of `high` is √0.625: standardised it has means ±0.75 / 0.7906 = ±0.9487, apart by
    # 1.8974; `flat` is apart by 0. Target 1 sees the first moved by (0 + 2 · 1.8974) / 3 = 1.2649,
    # the second by 1.8974 / 3 = 0.6325. Weights: 1.2649 / (1 - 0.4) = 2.1082 and
    # 0.6325 / (1 - 0.1) = 0.7027; as shares 0.75 and 0.25.
    found = exposure.combine(scores, members)
    assert found[0, 0] == pytest.approx(0.75 * 1 / np.sqrt(0.625) + 0.25 * 1)
    # Target 2 sees the first moved by 1.8974 and the second not at all: 1.8974 / (1 - 0.9) = 18.974
    # and the least, 0.2 / 0.99 = 0.20202.
    share = 18.974 / (18.974 + 0.20202)
    assert found[1, 0] == pytest.approx(share * 1 + (1 - share) / np.sqrt(0.625), rel=1e-4)


def test_exposure_and_auc_against_scikit_learn():
    """The rates are those of scikit-learn's ROC curve over all pairs, and of each target."""
    scores, members = simulated(np.random.default_rng(3), 100, 64, gap=1)
    found = exposure.judge(scores, members)
    combined = exposure.combine(scores, members)
    ratios = exposure.likelihood_ratio(combined, members)[:, :-1]
    false, true, _ = roc_curve(members.ravel(), ratios.ravel(), drop_intermediate=False)
    assert found.exposure.value == pytest.approx(true[np.isclose(false, 0.01)].min())
    assert found.exposure.ceiling == 0.01
    assert found.exposure.excess.value == pytest.approx(found.exposure.value - 0.01)
    single = [roc_auc_score(*pair) for pair in zip(members, combined[:, :-1], strict=True)]
    assert found.risk["auc"].to_numpy() == pytest.approx(np.array(single))
    assert found.auc.value == pytest.approx(np.mean(single))
    p = norm.sf((np.array(single) - 0.5) / np.sqrt(65 / 12 / 32**2))  # Mann and Whitney's variance
    ranked = np.sort(p) * 100 / np.arange(1, 101)
    shown = np.flatnonzero(ranked <= 0.05).max() + 1  # Benjamini and Hochberg's largest rank
    assert f"{shown} of 100 rows are shown to be at risk" in found.exposure.note


def test_ties_are_called_members_in_part():
    """Where all scores are equal the rate of members found is that of the others."""
    ratios, members = np.zeros((3, 4)), np.tile([True, False], (3, 2))
    assert exposure._called(ratios, members, 0.1) == pytest.approx(np.full((3, 4), 0.1))


def test_auc_limits_by_hand():
    """One pair that is ranked right is Wilson's interval of one success in one trial."""
    # The variance is A (1 - A) / 1, so (1 - A)² = z² A (1 - A): A = 1 / (1 + z²).
    lower, upper = exposure.auc_limits(np.array([1.0, 0.0]), np.array([1, 1]), np.array([1, 1]))
    z = norm.ppf(0.975)
    assert lower == pytest.approx([1 / (1 + z**2), 0])
    assert upper == pytest.approx([1, z**2 / (1 + z**2)])


def test_auc_limits_against_a_root_finder():
    """The limits are where the distance is that many standard errors of their own."""
    (lower,), (upper,) = exposure.auc_limits(np.array([0.8]), np.array([10]), np.array([14]))

    def off(area):
        mean = (1 - area) / (2 - area) + area / (1 + area)
        return (area - 0.8) ** 2 - norm.ppf(0.975) ** 2 * area * (1 - area) * (1 + 11 * mean) / 140

    assert lower == pytest.approx(brentq(off, 0.01, 0.8))
    assert upper == pytest.approx(brentq(off, 0.8, 0.9999))


@pytest.mark.parametrize("gap", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("size", [8, 32])
def test_coverage_of_auc_limits(gap, size):
    """A row's interval holds the true area in 95 % of simulations, and not much more."""
    rng = np.random.default_rng(4)
    simulations = 4_000
    ones = rng.standard_normal((simulations, size, 1)) + gap
    zeros = rng.standard_normal((simulations, 1, size))
    auc = (ones > zeros).mean(axis=(1, 2))
    of = np.full(simulations, size)
    lower, upper = exposure.auc_limits(auc, of, of)
    truth = norm.cdf(gap / np.sqrt(2))
    assert 0.93 <= ((lower <= truth) & (truth <= upper)).mean() <= 0.98


def over_worlds(simulations, **world):
    """Return what is judged in many simulated worlds: exposures, areas, rows shown."""
    rng = np.random.default_rng(5)
    found = [exposure.judge(*simulated(rng, 100, 64, **world)) for _ in range(simulations)]
    shown = [(one.risk["q"] <= 0.05).any() for one in found]
    rates, areas = ([getattr(one, name) for one in found] for name in ("exposure", "auc"))
    return rates, areas, np.array(shown)


def holds(measures, truth):
    """Return how often an interval holds the truth."""
    return np.mean([one.excess.lower <= truth <= one.excess.upper for one in measures])


@pytest.mark.slow
@pytest.mark.parametrize("fit", [0.0, 1.0])
def test_coverage_where_nothing_leaks(fit):
    """Without a leak the excess is 0 within its interval, and rows are shown at risk by chance."""
    # Monte-Carlo error of 95 % over 400 simulations: 1.1 points.
    exposure, area, shown = over_worlds(400, fit=fit)
    assert 0.93 <= holds(exposure, 0) <= 0.985
    assert 0.93 <= holds(area, 0) <= 0.98
    assert np.mean([one.excess.lower > 0 for one in exposure]) <= 0.04
    assert np.mean([one.excess.value for one in exposure]) == pytest.approx(0, abs=0.001)
    assert shown.mean() <= 0.08


@pytest.mark.slow
def test_coverage_of_a_leak():
    """With targets at unlike risk, and fits that differ, the intervals hold the mean."""
    exposure, area, _ = over_worlds(400, gap=0.7, fit=0.5)
    assert 0.92 <= holds(exposure, np.mean([one.excess.value for one in exposure])) <= 0.98
    assert 0.92 <= holds(area, np.mean([one.excess.value for one in area])) <= 0.98


def test_a_generator_that_releases_rows_is_found(alone):
    """Rows that are in the sample as they are give their membership away."""
    found = attacked(Bootstrap, Shadow(fits=32, targets=20), size=600)
    exposure, area = found.measures
    assert exposure.value > 0.98 and exposure.excess.lower > 0.85
    assert area.value > 0.99
    assert "20 of 20 rows are shown to be at risk" in exposure.note
    risk = found.tables["risk"]
    assert list(risk) == ["row", "isolation", "auc", "auc_lower", "auc_upper", "q", "batch"]
    assert (risk["batch"] > 0).mean() > 0.95  # and the batch at hand was made with all of them
    assert risk["isolation"].is_monotonic_decreasing
    assert risk["row"].between(1, 100).all() and risk["row"].is_unique


def test_a_deaf_generator_is_harmless(alone):
    """A generator that learns nothing shows no leak, in about 19 of 20 attacks."""
    areas, exposures = zip(
        *(reversed(attacked(Deaf, rows=60, size=60, seed=seed).measures) for seed in range(20)),
        strict=True,
    )
    assert holds(areas, 0) >= 0.85
    assert holds(exposures, 0) >= 0.85
    assert np.mean([one.value for one in areas]) == pytest.approx(0.5, abs=0.02)


def test_the_same_rows_always_tell_nothing(alone):
    """Where no sample differs from another the excess is exactly 0."""
    exposure, area = attacked(Frozen).measures
    assert exposure.excess.value == pytest.approx(0, abs=1e-12)
    assert area.value == 0.5
    assert exposure.excess.lower < 0 < exposure.excess.upper


def test_larger_leaves_are_safer(alone):
    """Trees with a leaf per row give more away than those of thirty rows."""
    area = {}
    for leaf in (1, 30):
        make = partial(registry.make, "cart", Spec(family="cart", min_leaf=leaf))
        area[leaf] = attacked(make, Shadow(fits=16, targets=30), size=300).measures[1]
    assert area[1].excess.lower > 0.2
    assert area[1].excess.lower > area[30].excess.upper


def test_columns_kept_one_by_one_give_less_away(alone):
    """Naive Bayes keeps no row together, and more rows of others hide each."""
    make = partial(registry.make, "naive_bayes", Spec(family="naive_bayes"))
    few, many = (
        attacked(make, Shadow(fits=16, targets=30), rows=rows, unseen=2 * rows).measures[1]
        for rows in (60, 1_000)
    )
    assert many.excess.value < few.excess.value
    assert many.excess.value < 0.1


def test_numbers_do_not_depend_on_workers(monkeypatch):
    """One process and two find the same to the last digit."""
    found = []
    for workers in (1, 2):
        monkeypatch.setattr(shadow, "cpu_count", lambda workers=workers: workers)
        make = partial(registry.make, "cart", Spec(family="cart"))
        found.append(attacked(make))
    assert found[0].measures == found[1].measures
    pd.testing.assert_frame_equal(
        found[0].tables["risk"], found[1].tables["risk"], check_exact=True
    )


def test_private_and_foreign_generators_are_left_alone(alone):
    """What must not or cannot be fitted again is told in a sentence."""
    found = attacked(Spender)
    assert not found.measures and not found.tables and "bound" in found.notes[0]
    for family in ("rules", "file"):
        assert family in (shadow.left_out(family, Bootstrap()) or "")
    assert shadow.left_out("cart", Bootstrap()) is None


def test_timing_does_not_fit_a_private_generator():
    """Not even to say what it would cost."""
    with pytest.raises(TypeError, match="fitted once"):
        shadow.seconds(Spender, people(50), SCHEMA, 50)


def test_failed_fits_are_left_out(alone):
    """Where most fits work the others are counted, and where too few do nothing is told."""
    found = attacked(partial(Fussy, 0.2), Shadow(fits=32, targets=20))
    assert found.measures[1].value > 0.8
    assert any("could not be fitted" in note for note in found.notes)
    found = attacked(partial(Fussy, 0.9), Shadow(fits=32, targets=20))
    assert all(np.isnan(one.value) for one in found.measures)
    assert "of 32 fits on other rows failed" in found.measures[0].excess.method


def test_without_a_pool_halves_of_train_are_drawn(alone):
    """The generator then learns from fewer rows, which is told."""
    found = attacked(Bootstrap, unseen=0)
    assert found.measures[1].value > 0.8
    assert any("50 rows where the generator had 100" in note for note in found.notes)


def test_every_target_is_in_half_of_the_fits():
    """Membership is balanced, and the most isolated rows come first."""
    frame = people(100)
    frame.loc[17, ["age", "hours"]] = [400.0, 300.0]
    drawn = shadow.draw(frame, 100, SCHEMA, FEW, None, np.random.default_rng(0))
    assert drawn.places[0] == 17
    assert (drawn.members.sum(axis=1) == 8).all()
    both = table.stack([frame, people(100, 1)])
    made = list(shadow._learned(both, drawn, np.random.default_rng(0)))
    assert [len(one) for one in made] == [100] * 16
    assert [(one["age"] == 400).sum() for one in made] == drawn.members[0].tolist()
    assert all(not one["age"].duplicated().any() for one in made)


def test_targets_meet_the_condition_of_the_slice(alone):
    """A batch about some rows is attacked on these."""
    found = attacked(Bootstrap, rows=200, size=600, where=condition.parse("age > 50"))
    risk = found.tables["risk"]
    assert (people(500)["age"][risk["row"] - 1] > 50).all()
    assert found.measures[1].value > 0.8


@pytest.mark.parametrize("kept", [["town", "bought"], ["age", "bought"], ["age", "hours"]])
def test_tables_of_one_kind(alone, kept):
    """All categories, one number, and a number as the label go through."""
    columns = {name: {"kind": SCHEMA.columns[name].kind} for name in kept}
    columns[kept[-1]]["role"] = "target"
    schema = Schema.model_validate({"columns": columns})
    both = people(400)[kept]
    batch = people(100, 1)[kept].assign(**{kept[0]: both[kept[0]][:100]})
    found = shadow.attack(
        Bootstrap, "mine", batch, both[:100], both[100:], schema, FEW, np.random.default_rng(0)
    )
    assert 0 <= found.measures[0].value <= 1
    assert found.tables["risk"].notna().all(axis=None)


@pytest.mark.parametrize(("rows", "size"), [(1, 200), (30, 200), (100, 5)])
def test_too_few_rows_tell_nothing(alone, rows, size):
    """A tiny train or batch is no verdict and no crash."""
    found = attacked(Bootstrap, rows=rows, size=size)
    assert [one.name for one in found.measures] == ["exposure", "exposure_auc"]
    assert all(np.isnan(one.value) for one in found.measures)


def test_a_column_without_a_value_and_one_of_one_level(alone):
    """Constant and empty columns are no reason to stop."""
    both = people(400).assign(hours=np.nan, town=pd.Series(["a"] * 400, dtype="category"))
    found = shadow.attack(
        Bootstrap, "mine", both[:200], both[:100], both[200:], SCHEMA, FEW, np.random.default_rng(0)
    )
    assert found.measures[1].value > 0.7


def test_closeness_by_hand():
    """An equal row, the mean of five distances, and the product of shares among its label."""
    columns = {"town": {"kind": "category"}, "bought": {"kind": "category", "role": "target"}}
    schema = Schema.model_validate({"columns": columns})
    target = pd.DataFrame({"town": ["a"], "bought": ["yes"]}, dtype="category")
    sample = pd.DataFrame(
        {"town": list("aaabbb"), "bought": ["yes", "yes", "no", "yes", "no", "no"]},
        dtype="category",
    )
    # Distances 0, 0, 0.5, 0.5, 1, 1; the mean of five is 0.4. Of 6 rows 3 have the label, of which
    # 2 are alike: (3.5 / 7) · (2.5 / 4).
    found = shadow.closeness(target, sample, schema, sample)
    assert found[0] == pytest.approx([1, -0.4, np.log(0.5 * 0.625)])


def test_the_cost_in_words():
    """A person reads what the attack takes before it starts."""
    assert shadow.cost(Shadow(), 0.9, 2) == (
        "64 shadow models of about 0.9 s each, about 29 s with 2 workers"
    )
    assert shadow.cost(Shadow(fits=16), 60, 1).endswith("about 16 min with 1 worker")
    assert shadow.cost(Shadow(fits=400), 90, 4).endswith("about 2.5 h with 4 workers")
    assert shadow.cost(Shadow(fits=16), 120, 16).startswith("16 shadow models of about 120 s")
    assert shadow.seconds(Bootstrap, people(50), SCHEMA, 50) > 0


@pytest.mark.parametrize("asked", [{"fits": 17}, {"fits": 8}, {"targets": 5}, {"models": 3}])
def test_options_that_cannot_be(asked):
    """Too few fits or targets, and halves of odd numbers, are mistakes."""
    with pytest.raises(ValidationError):
        Shadow(**asked)
