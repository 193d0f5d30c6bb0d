"""Membership inference: rates by hand, against other implementations, and what it finds."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu, norm
from sklearn.metrics import roc_auc_score, roc_curve

from stages.lib.quality.privacy import membership, roc
from stages.lib.quality.privacy.sides import Sides
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number"),
        "pay": Column(kind="number"),
        "job": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)
Z = norm.ppf(0.975)


def population(rows, rng):
    """Draw rows in clusters, some of them alone, one number in ten missing."""
    job = rng.choice(list("abcdefgh"), rows, p=[0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.01, 0.01])
    age = (rng.standard_normal(rows) * 20).round(2)
    pay = np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 1, rows).round(2))
    rich = np.where(rng.random(rows) < 0.3, "yes", "no")
    return pd.DataFrame(
        {"age": age, "pay": pay, "job": pd.Categorical(job), "rich": pd.Categorical(rich)}
    )


def sides(rows, rng, draw=population):
    """Draw members, others and a reference from one population."""
    return Sides(*(draw(rows, rng) for _ in range(3)))


def injected(batch, copied):
    """Return a batch in which the last rows are replaced."""
    kept = table.rows(batch, np.arange(len(batch) - len(copied)))
    return table.stack([kept, copied])


def rate(members, others, at):
    """Return the rate of two lists of scores."""
    score = np.concatenate([members, others]).astype(float)
    own = np.arange(len(score)) < len(members)
    return roc.rate(roc.rank(score), own[None], at)


def test_rate_by_hand():
    """The threshold is an other's score; between two others the rate is drawn straight."""
    # Others 8 6 4 2. Above the first are 9; above the second 9 7; above the third 9 7 5.
    members, others = [9, 7, 5, 1], [8, 6, 4, 2]
    assert rate(members, others, 0.25).value == 1 / 4
    assert rate(members, others, 0.5).value == 2 / 4
    assert rate(members, others, 0.625).value == 2.5 / 4  # half way to 3 of 4
    assert rate(members, others, 0.125).value == 0.5 / 4  # half way from none


def test_ties_stand_in_random_order():
    """Three members and one other that score alike: half of the three are above it."""
    # Above the first other, who stands in the tie: 9, and 3 · 1 / (1 + 1) on average.
    assert rate([9, 5, 5, 5], [5, 1], 0.5).value == (1 + 1.5) / 4
    # Two others in the tie: 3 · 1 / 3 above the first, 3 · 2 / 3 above the second.
    assert rate([9, 5, 5, 5], [5, 5], 0.5).value == (1 + 1) / 4
    assert rate([9, 5, 5, 5], [5, 5], 1.0).value == (1 + 2) / 4


def test_nothing_known_reaches_no_more_than_the_false_positives():
    """Where all score alike the rate is just below the false positive rate, never above."""
    found = rate(np.ones(100), np.ones(100), 0.1)
    assert found.value == pytest.approx(100 * 10 / 101 / 100)


@pytest.mark.parametrize("at", [0.1, 0.05, 0.01])
def test_rate_is_the_curve_of_scikit_learn(at):
    """Without ties the rate is the first point of the ROC curve at that false positive rate."""
    rng = np.random.default_rng(0)
    members, others = rng.normal(0.5, 1, 300), rng.normal(0, 1, 200)
    truth = np.repeat([1, 0], [300, 200])
    false, true, _ = roc_curve(truth, np.concatenate([members, others]), drop_intermediate=False)
    expected = true[np.searchsorted(false, at - 1e-9)]
    assert rate(members, others, at).value == pytest.approx(expected)


def test_tied_rate_is_the_mean_over_ties_broken_at_random():
    """The formula for ties equals counting above the third of thirty others, ties broken."""
    rng = np.random.default_rng(1)
    members, others = rng.integers(0, 6, 40) + 1.0, rng.integers(0, 6, 30) + 0.0
    drawn = [scores + rng.random((20_000, len(scores))) / 2 for scores in (members, others)]
    third = np.sort(drawn[1], axis=1)[:, [-3]]
    expected = (drawn[0] > third).mean()
    assert rate(members, others, 0.1).value == pytest.approx(expected, abs=0.002)


def test_slope_and_interval_by_hand():
    """The rate's own variance, and the threshold's times the squared slope, as angles."""
    # 100 others 0 … 99, of whom 20 are above 79.5; members: 30 at 99.5, 10 at 92.5, 60 at -1.
    # At 10 % false positives: 40 of 100. At 20 %: 40. At 5 %, above 95: 30.
    members = np.repeat([99.5, 92.5, -1], [30, 10, 60])
    found = rate(members, np.arange(100.0), 0.1)
    # Slope (0.4 - 0.3) / 0.15, seen on 15 others, and 0.5 others more of slope 1.
    slope = (15 * (0.1 / 0.15) + 0.5) / 15.5
    assert (found.value[0], found.slope[0]) == pytest.approx((0.4, slope))
    share = 40.375 / 100.75
    spread = np.sqrt(1 / 100 + slope**2 * 0.09 / 100 / (share * (1 - share))) / 2
    low, high = (np.sin(np.arcsin(np.sqrt(share)) + sign * 2 * spread) ** 2 for sign in (-1, 1))
    told = roc.tpr(found, 2.0)
    assert told[:3] == pytest.approx((0.4, low, high))
    assert told.se == pytest.approx((high - low) / 2 / Z)
    assert roc.standardised(found)[0] == pytest.approx(
        (np.arcsin(np.sqrt(share)) - np.arcsin(np.sqrt(0.1))) / spread
    )


def test_lower_bound_and_standardised_excess_agree():
    """An interval of as many errors as the standardised excess ends at what no leak reaches."""
    rng = np.random.default_rng(2)
    found = rate(rng.normal(0.4, 1, 500), rng.normal(0, 1, 400), 0.05)
    assert roc.tpr(found, float(roc.standardised(found)[0])).lower == pytest.approx(0.05)


def test_permuted_labels_need_the_top_only(monkeypatch):
    """Looking at the greatest scores alone changes no rate, with ties and without."""
    rng = np.random.default_rng(3)
    labels = rng.permuted(np.tile(np.arange(6_000) < 3_000, (20, 1)), axis=1)
    for score in (rng.normal(size=6_000), rng.integers(0, 300, 6_000).astype(float)):
        cut = roc.rate(roc.rank(score), labels, 0.01)
        with monkeypatch.context() as patch:
            patch.setattr(roc, "_ALL", 6_000)
            whole = roc.rate(roc.rank(score), labels, 0.01)
        assert cut.value.tolist() == whole.value.tolist()
        assert cut.slope.tolist() == whole.slope.tolist()
        one = [roc.rate(roc.rank(score), own[None], 0.01).value[0] for own in labels]
        assert cut.value.tolist() == one


def test_area_against_scikit_learn_and_delong_by_loops():
    """The area is scikit-learn's, its variance DeLong's from every pair of rows."""
    rng = np.random.default_rng(4)
    members, others = rng.integers(0, 9, 40) + 2.0, rng.integers(0, 9, 60) + 0.0
    pairs = np.array([[(a > b) + (a == b) / 2 for b in others] for a in members])
    variance = pairs.mean(axis=1).var(ddof=1) / 40 + pairs.mean(axis=0).var(ddof=1) / 60
    score, own = np.concatenate([members, others]), np.arange(100) < 40
    told = roc.auc(score, own, Z)
    assert told.value == pytest.approx(roc_auc_score(own, score))
    assert told.se == pytest.approx(np.sqrt(variance), rel=0.02)
    assert told.upper - told.value == pytest.approx(Z * told.se)


def test_rank_sums_are_mann_and_whitneys():
    """Standardised areas give the p-values that scipy gives, ties included."""
    rng = np.random.default_rng(5)
    score = rng.integers(0, 12, 90).astype(float)
    labels = rng.permuted(np.tile(np.arange(90) < 40, (5, 1)), axis=1)
    for found, own in zip(roc.rank_sums(score, labels), labels, strict=True):
        test = mannwhitneyu(
            score[own],
            score[~own],
            use_continuity=False,
            alternative="greater",
            method="asymptotic",
        )
        assert norm.sf(found) == pytest.approx(test.pvalue)
    assert roc.rank_sums(np.ones(90), labels).tolist() == [0] * 5


LEAKS = ["none", "all", "few"]


def scores(leak, rows, rng):
    """Draw scores of members: as the others', a little higher all, or far higher a few."""
    found = rng.standard_normal(rows) + 0.5 * (leak == "all")
    return np.where(rng.random(rows) < 0.02, 9, found) if leak == "few" else found


def expected(leak, at):
    """Return the true rate."""
    if leak == "all":
        return norm.sf(norm.isf(at) - 0.5)
    return 0.02 + 0.98 * at if leak == "few" else at


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize(
    ("rows", "at", "simulations"),
    [(300, 0.01, 1_500), (300, 0.1, 1_500), (1000, 0.01, 1_000), (5000, 0.001, 600)],
)
def test_coverage_of_a_rate(leak, rows, at, simulations):
    """The interval holds the true rate in 95 % of simulations, give or take two points."""
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(simulations):
        told = roc.tpr(rate(scores(leak, rows, rng), rng.standard_normal(rows), at), Z)
        hits += told.lower <= expected(leak, at) <= told.upper
    error = 2 * np.sqrt(0.95 * 0.05 / simulations)
    assert 0.93 - error <= hits / simulations <= 0.97 + error


@pytest.mark.parametrize(("rows", "simulations"), [(300, 1_500), (1000, 1_000)])
def test_coverage_of_a_rate_with_ties(rows, simulations):
    """Scores in steps, as distances of categories: the interval holds the interpolated rate."""
    # In steps of a half, the curve is straight between the points of the whole steps.
    steps = np.arange(4, -4, -0.5)
    true = np.interp(0.01, norm.sf(steps), norm.sf(steps - 0.5))
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(simulations):
        members, others = scores("all", rows, rng), rng.standard_normal(rows)
        told = roc.tpr(rate(np.floor(2 * members), np.floor(2 * others), 0.01), Z)
        hits += told.lower <= true <= told.upper
    assert 0.92 <= hits / simulations <= 0.98


def test_coverage_of_an_area():
    """The interval holds the true area, with ties and a leak."""
    rng = np.random.default_rng(8)
    steps = np.arange(-8, 8, 0.5)
    member, other = (np.diff(norm.cdf(steps - shift)) for shift in (0.5, 0))
    true = (member * (np.cumsum(other) - other / 2)).sum()
    own = np.arange(300) < 150
    hits = 0
    for _ in range(1_500):
        score = np.floor(2 * (rng.standard_normal(300) + 0.5 * own))
        told = roc.auc(score, own, Z)
        hits += told.lower <= true <= told.upper
    assert 0.93 <= hits / 1_500 <= 0.97


def flat(rows, rng):
    """Draw rows of categories only, most of them frequent profiles."""
    return population(rows, rng).assign(age=1.0, pay=1.0)


@pytest.mark.parametrize("draw", [population, flat])
def test_unseen_rows_raise_no_alarm(monkeypatch, draw):
    """A batch of rows that nobody learned from is found leaking in at most 5 % of 100 tries."""
    monkeypatch.setattr(membership, "_DRAWS", 200)
    raised = np.zeros(2)
    for seed in range(100):
        rng = np.random.default_rng(1_000 + seed)
        found, _ = membership.attack(draw(350, rng), sides(300, rng, draw), SCHEMA, rng)
        raised += [one.excess.lower > 0 for one in found]
    assert (raised / 100 <= 0.05).all()


def test_copies_are_found():
    """Train rows in a batch that else is unseen: by the distance, and the area stays silent."""
    rng = np.random.default_rng(10)
    real = sides(2_000, rng)
    batch = injected(population(2_000, rng), table.rows(real.members, np.arange(200)))
    rates, area = membership.attack(batch, real, SCHEMA, rng)[0]
    assert rates.excess.lower > 0
    assert (rates.ceiling, area.ceiling) == (0.01, 0.5)
    assert rates.excess.value == rates.value - 0.01
    # The same rows as others are no leak: nobody learned from them.
    mirrored = Sides(real.others, real.members, real.reference)
    rates, area = membership.attack(batch, mirrored, SCHEMA, rng)[0]
    assert rates.excess.lower <= 0
    assert area.excess.lower <= 0


def test_near_copies_are_found_by_what_one_would_expect_there():
    """A distance that is small for its surroundings gives away what a small one alone does not."""
    rng = np.random.default_rng(11)
    real = sides(2_000, rng, crowds)
    near = table.rows(real.members, np.arange(400))
    near = near.assign(age=near["age"] + 0.05)
    batch = injected(crowds(2_000, rng), near)
    (rates, _), attacks = membership.attack(batch, real, SCHEMA, rng)
    assert rates.excess.lower > 0
    told = attacks[attacks["rows"] == "all"].set_index("attack")["tpr_1"]
    assert told["calibrated distance"] > 1.5 * told["distance"]
    assert told["density ratio"] > 1.5 * told["distance"]


def crowds(rows, rng):
    """Draw rows of which half stand very close together, and half far apart."""
    wide = np.where(rng.random(rows) < 0.5, 0.1, 30.0)
    one, other = rng.standard_normal((2, rows)) * wide
    return population(rows, rng).assign(age=one, pay=other, job=pd.Categorical(["a"] * rows))


def test_table_says_what_was_attacked_and_what_too_few_rows_tell():
    """Every attack on all rows and on a tenth; 0.1 % of 400 others tells nothing."""
    rng = np.random.default_rng(12)
    real = sides(400, rng)
    measures, found = membership.attack(population(300, rng), real, SCHEMA, rng)
    assert len(found) == 6
    everybody, alone = (found[found["rows"] == rows] for rows in ("all", "isolated"))
    assert set(everybody["members"]) == set(everybody["others"]) == {400}
    assert set(alone["members"] + alone["others"]) == {80}
    assert everybody["tpr_01"].isna().all()
    assert (found["tpr_01_lower"] == 0).all()
    assert (found["tpr_01_upper"] == 1).all()
    assert found["tpr_1"].notna().tolist() == [True] * 3 + [False] * 3
    assert found["auc"].between(found["auc_lower"], found["auc_upper"]).all()
    # Over all attacks at once the interval is wider than that of the strongest alone.
    name, rows = measures[1].note.split(", ")
    key = ["isolated", "all"][rows == "all rows"]
    (own,) = found[(found["attack"] == name) & (found["rows"] == key)].itertuples()
    assert own.auc == measures[1].value
    assert measures[1].excess.lower + 0.5 < own.auc_lower


def test_isolation_does_not_ask_who_is_a_member():
    """Exchanging members and others exchanges their numbers among the isolated."""
    rng = np.random.default_rng(13)
    real, batch = sides(1_000, rng), population(500, rng)
    counts = []
    for own in (real, Sides(real.others, real.members, real.reference)):
        attacks = membership.attack(batch, own, SCHEMA, np.random.default_rng(0))[1]
        counts.append(attacks.loc[attacks["rows"] == "isolated", ["members", "others"]].iloc[0])
    # Which of equally isolated rows are taken is drawn anew.
    assert counts[0]["members"] == pytest.approx(counts[1]["others"], abs=5)


def test_same_seed_same_numbers():
    """Batch, sides and seed decide every number."""
    real, batch = sides(200, np.random.default_rng(14)), population(300, np.random.default_rng(15))
    one, other = (
        membership.attack(batch, real, SCHEMA, np.random.default_rng(3)) for _ in range(2)
    )
    assert one[0] == other[0]
    pd.testing.assert_frame_equal(one[1], other[1], check_exact=True)


@pytest.mark.parametrize("side", range(4))
def test_few_rows_tell_nothing(side):
    """With fewer than twenty rows on any side the interval is all that could be."""
    rng = np.random.default_rng(16)
    sizes = [60] * 4
    sizes[side] = 19
    batch, *real = (population(size, rng) for size in sizes)
    found, attacks = membership.attack(batch, Sides(*real), SCHEMA, rng)
    assert [one.name for one in found] == ["membership", "membership_auc"]
    assert all(one.excess[1:3] == (-1, 1) for one in found)
    assert len(attacks) == 0
    assert "tpr_01_upper" in attacks


def test_a_rate_needs_more_rows_than_an_area():
    """Sixty rows a side tell of the area, and nothing of 1 % of them."""
    rng = np.random.default_rng(17)
    rates, area = membership.attack(population(60, rng), sides(60, rng), SCHEMA, rng)[0]
    assert rates.excess[1:3] == (-1, 1)
    assert -1 < area.excess.lower < area.excess.upper < 1


def test_rows_that_are_all_alike_tell_nothing():
    """One profile on every side: no score ranks anything."""
    rng = np.random.default_rng(18)
    alike = table.rows(population(1, rng), np.zeros(400, int))
    rates, area = membership.attack(alike, Sides(alike, alike, alike), SCHEMA, rng)[0]
    assert area.excess[1:3] == (-1, 1)
    assert rates.excess.lower < 0 < rates.excess.upper


def test_only_categories_or_only_numbers_or_levels_that_lack():
    """Tables of one kind of column, and a batch without a category or with all missing."""
    rng = np.random.default_rng(19)
    real, batch = sides(150, rng), population(200, rng)
    lacking = batch[batch["job"] == "a"].reset_index(drop=True)
    for made in (lacking.assign(pay=np.nan), table.rows(lacking, np.arange(30))):
        assert len(membership.attack(made, real, SCHEMA, rng)[0]) == 2
    kinds = ({"job": "category", "rich": "category"}, {"age": "number", "pay": "number"})
    for names in kinds:
        columns = {name: Column(kind=kind) for name, kind in names.items()}
        last = list(names)[-1]
        columns[last] = Column(kind=names[last], role="target")
        found, _ = membership.attack(batch, real, Schema(columns=columns), rng)
        assert np.isfinite(found[1].value)
