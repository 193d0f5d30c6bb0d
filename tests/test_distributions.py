"""What counting tells of a batch: faults are shown where they are, and the intervals hold."""

import numpy as np
import pandas as pd
import pytest
from population import SCHEMA, population
from scipy.stats import t as student

from stages.lib import intervals
from stages.lib.quality.fidelity import distributions, marginals
from stages.lib.quality.fidelity.coded import Coded
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Schema


def compare(made, real, apart, rng, declared=SCHEMA):
    """Return what was found, and the measures by name."""
    found = distributions.compare(made, real, apart, declared, rng)
    return found, {one.name: one for one in found.measures}


def shuffled(frame, rng):
    """Return the rows with every column in an order of its own."""
    return pd.DataFrame(
        {name: frame[name].to_numpy()[rng.permutation(len(frame))] for name in frame}
    ).astype(frame.dtypes.to_dict())


def test_shuffled_columns_raise_associations_and_not_marginals():
    """A batch that keeps columns and loses what ties them shows it where it should."""
    rng = np.random.default_rng(7)
    real, apart = population(400, rng), population(800, rng)
    for name in ("n1", "n2"):  # tie the columns strongly
        for frame in (real, apart):
            frame[name] = frame["n0"] + 0.1 * frame[name]
    found, measures = compare(shuffled(real, rng), real, apart, rng)
    assert measures["associations"].excess.lower > 0.1
    assert measures["worst_pair"].excess.lower > 0.5
    for name in ("marginals", "worst_column", "missingness", "tails", "absent", "outliers"):
        assert abs(measures[name].excess.value) < 1e-12
    worst = found.tables["pairs"].iloc[0]
    assert {worst["left"], worst["right"]} <= {"n0", "n1", "n2"}
    assert worst["difference"] > 0.7 > 0.2 > worst["ceiling"]
    assert measures["worst_pair"].note == f"{worst['left']} with {worst['right']}"


def test_one_shifted_column_is_shown_by_the_worst():
    """What the mean over columns dilutes, the greatest distance shows and names."""
    rng = np.random.default_rng(8)
    made, real, apart = (population(2000, rng) for _ in range(3))
    made["n2"] += 0.4
    found, measures = compare(made, real, apart, rng)
    assert measures["worst_column"].excess.lower > 0.05
    assert measures["worst_column"].note == "n2"
    assert measures["worst_pair"].excess.lower < 0
    columns = found.tables["columns"].set_index("column")
    assert columns["distance"].idxmax() == columns["wasserstein"].idxmax() == "n2"


def test_one_broken_pair_is_shown_by_the_worst():
    """A pair that no longer goes together is the worst one, though its columns are kept."""
    rng = np.random.default_rng(9)
    made, real, apart = (population(2000, rng) for _ in range(3))
    for frame in (made, real, apart):
        frame["n2"] += 0.5 * frame["n1"]
    made["n2"] = made["n2"].to_numpy()[rng.permutation(2000)]
    _, measures = compare(made, real, apart, rng)
    assert measures["worst_pair"].excess.lower > 0.15
    assert measures["worst_pair"].note == "n2 with n1"
    assert measures["worst_column"].excess.lower < 0


def test_one_row_makes_no_worst_pair():
    """Of columns that differ in a single row nothing is told, and others are."""
    rng = np.random.default_rng(9)
    made, real, apart = (population(300, rng) for _ in range(3))
    for frame in (made, real, apart):
        for name in ("c0", "c1"):
            frame[name] = pd.Categorical(["rare", *["usual"] * 299])
    made["c1"] = pd.Categorical(made["c1"][::-1].tolist())
    found, measures = compare(made, real, apart, rng)
    pair = found.tables["pairs"].set_index(["left", "right"]).loc[("c1", "c0")]
    assert pair.isna().all()
    assert 0 < measures["worst_pair"].value < 0.3
    for frame in (made, real, apart):
        for name in frame.columns[:5]:
            frame[name] = frame[name].iloc[0]
            frame[name] = pd.Categorical(frame[name]) if name[0] == "c" else frame[name]
    _, measures = compare(made, real, apart, rng)
    assert np.isnan(measures["associations"].value)
    assert measures["worst_pair"].excess.method.startswith("no pair of columns")


def test_missing_values_that_are_lacking_are_told():
    """The column is named, the excess is its share, and a note calls it suspiciously clean."""
    rng = np.random.default_rng(10)
    made, real, apart = (population(1000, rng) for _ in range(3))
    for frame in (real, apart):
        frame["c1"] = frame["c1"].mask(rng.random(1000) < 0.1)
    found, measures = compare(made, real, apart, rng)
    share = apart["c1"].isna().mean()
    assert measures["missingness"].value == pytest.approx(share)
    assert measures["missingness"].excess.lower > 0.05
    assert measures["missingness"].note == "c1"
    assert found.notes == [
        f"c1: no missing value, where {real['c1'].isna().mean():.2%} of real rows have one"
    ]
    columns = found.tables["columns"].set_index("column")
    assert columns.loc["c1", ["missing", "missing_real"]].tolist() == pytest.approx([0, share])


def test_dropped_category_is_named():
    """A category that the batch never makes is a distance of its column, not a crash."""
    rng = np.random.default_rng(8)
    real, apart = population(300, rng), population(300, rng)
    made = real[real["c0"] != "d"].reset_index(drop=True)
    made["c0"] = made["c0"].cat.remove_unused_categories()
    found, measures = compare(made, real.iloc[: len(made)], apart, rng)
    columns = found.tables["columns"].set_index("column")
    assert columns["distance"].idxmax() == "c0"
    share = (apart["c0"] == "d").mean()
    assert columns.loc["c0", "distance"] >= share - 1e-9
    assert columns.loc["c0", "ceiling"] < 0.7 * columns.loc["c0", "distance"]
    assert measures["absent"].excess.lower > 0.05
    assert measures["absent"].note == "most in c0"


def test_tails_that_are_lacking_are_told():
    """A batch without outer numbers lacks their mass."""
    rng = np.random.default_rng(11)
    made, real, apart = (population(1500, rng) for _ in range(3))
    for name in ("n0", "n1", "n2"):
        made[name] = made[name].clip(*made[name].quantile([0.1, 0.9]))
    found, measures = compare(made, real, apart, rng)
    assert measures["tails"].excess.lower > 0.5
    assert len(found.tables["tails"]) == 12
    assert not found.tables["tails"]["share"].any()


def test_numbers_belong_together():
    """Value less ceiling is the excess, and tables and measures tell the same."""
    rng = np.random.default_rng(9)
    found, measures = compare(*(population(rows, rng) for rows in (90, 90, 200)), rng)
    assert list(measures) == list(distributions.NAMES)
    for one in measures.values():
        assert one.gate == "fidelity"
        assert one.excess.value == pytest.approx(one.value - one.ceiling)
        assert one.excess.lower <= one.excess.value <= one.excess.upper
    columns, pairs = found.tables["columns"], found.tables["pairs"]
    assert list(columns) == list(distributions.COLUMNS)
    assert measures["marginals"].value == pytest.approx(columns["distance"].mean())
    assert measures["marginals"].ceiling == pytest.approx(columns["ceiling"].mean())
    assert measures["worst_column"].value == columns["distance"].max()
    assert measures["associations"].value == pytest.approx(pairs["difference"].mean())
    assert measures["worst_pair"].ceiling == pytest.approx(pairs["ceiling"].max())


def test_no_value_of_a_sensitive_column_is_told():
    """A rare category of such a column is numbered in the table of tails, others are named."""
    rng = np.random.default_rng(12)
    columns = {"town": Column(kind="category"), "faith": Column(kind="category", sensitive=True)}
    declared = Schema(columns={**columns, "y": Column(kind="category", role="target")})
    frames = [
        pd.DataFrame(
            {name: pd.Categorical(rng.choice(["ash", "elm", "oak"], 900, p=[0.04, 0.5, 0.46]))
             for name in declared.columns}
        )
        for _ in range(3)
    ]  # fmt: skip
    found, _ = compare(*frames, rng, declared)
    cells = found.tables["tails"]
    assert cells["cell"].tolist() == ["ash", "value 1", "ash"]
    assert cells["column"].tolist() == ["town", "faith", "y"]


@pytest.mark.parametrize("kind", ["number", "category"])
def test_tables_of_one_kind_with_hollow_columns(kind):
    """All numbers or all categories, constant or wholly missing in one table: nothing crashes."""
    rng = np.random.default_rng(13)
    columns = {name: Column(kind=kind) for name in ("full", "one", "hollow", "none")}
    declared = Schema(columns={**columns, "y": Column(kind=kind, role="target")})
    frames = []
    for rows in (40, 40, 60):
        drawn = rng.integers(0, 4, (5, rows)).astype(float)
        drawn[1], drawn[3] = 1, np.nan
        if rows == 60:
            drawn[2] = np.nan
        frame = pd.DataFrame(dict(zip(declared.columns, drawn, strict=True)))
        if kind == "category":
            levels = pd.CategoricalDtype(pd.Index(list("0123"), dtype=object))
            texts = frame.apply(lambda own: own.map("{:.0f}".format, na_action="ignore"))
            frame = table.rows(texts.astype(levels), np.arange(rows))
        frames.append(frame)
    found, measures = compare(*frames, rng, declared)
    assert all(np.isfinite(one.excess.upper) for one in measures.values())
    assert measures["missingness"].value == measures["missingness"].ceiling == 1
    assert len(found.tables["pairs"]) == 10


def test_same_generator_gives_the_same_numbers():
    """Two runs from one seed are equal to the last bit."""
    tables = [population(100, np.random.default_rng(seed)) for seed in range(3)]
    one, other = (compare(*tables, np.random.default_rng(0))[0] for _ in range(2))
    assert one.measures == other.measures
    for name, told in one.tables.items():
        pd.testing.assert_frame_equal(told, other.tables[name], check_exact=True)


def test_interval_of_a_greatest_by_hand():
    """The variance lies between that of the greatest and that of the one, as often as it stays."""
    # Two splits. The greatest differs by 2 and 4 between halves: (4 + 16) / 4 / 2 = 2.5; the one by
    # 4 and 8: (16 + 64) / 4 / 2 = 10. It stays in a quarter: 10 / 4 + 2.5 · 3 / 4 = 4.375.
    greatest = np.array([[3.0, 5.0], [1.0, 1.0]])
    one = np.array([[4.0, 0.0], [0.0, 8.0]])
    found = intervals.over_halves_of_greatest(7.0, greatest, one, 0.25)
    assert found.value == 7
    assert found.se == pytest.approx(np.sqrt(4.375))
    assert found.upper - 7 == pytest.approx(student.ppf(0.975, 2) * found.se)


@pytest.mark.parametrize(("shift", "shown"), [(0.0, 0.0), (0.4, 0.25)])
def test_interval_of_the_greatest_distance_holds(shift, shown):
    """The difference of two greatest distances is in it in about 95 % of simulations.

    Of real rows it is 0 on average; with one shifted column, that others compete with in halves,
    it is its own mean.
    """
    rng = np.random.default_rng(5)
    simulations, rows = 250, 150
    nothing, names = np.empty((3 * rows, 0), int), list("abcd")
    found = []
    for _ in range(simulations):
        numbers = np.round(rng.standard_normal((3 * rows, 4)), 1)
        numbers[:rows, 0] += shift
        every = Coded.over(numbers, nothing, [], names)
        parts = [every.take(own) for own in np.split(np.arange(3 * rows), 3)]
        worst = marginals.distances(parts[0], parts[2]).argmax()

        def greatest(*places, parts=parts, worst=worst):
            made, real, apart = (part.take(own) for part, own in zip(parts, places, strict=True))
            own, theirs = (marginals.distances(one, apart) for one in (made, real))
            return np.array([own.max(), theirs.max(), own[worst]])

        whole, drawn = intervals.halves(greatest, [rows] * 3, rng)
        stays = (drawn[..., 0] == drawn[..., 2]).all(axis=0).mean()
        excess, one = drawn[..., 0] - drawn[..., 1], drawn[..., 2] - drawn[..., 1]
        value = whole[0] - whole[1]
        found.append(intervals.over_halves_of_greatest(value, excess, one, stays))
    value, lower, upper, error = np.array([one[:4] for one in found], float).T
    truth = value.mean() if shift else 0.0
    # Monte-Carlo error of 95 % over 250 simulations: 1.4 points; of a standard deviation: 4.5 %.
    assert 0.93 - 0.028 <= ((lower <= truth) & (truth <= upper)).mean() <= 0.97 + 0.028
    assert 0.85 <= np.sqrt((error**2).mean()) / value.std() <= 1.2
    alarms = (lower > 0).mean()
    assert alarms >= shown if shift else alarms <= 0.025 + 0.02


@pytest.mark.slow
def test_intervals_hold_the_excess_of_real_rows():
    """They hold 0 in about 95 % of simulations, and are as wide as the excess varies."""
    rng = np.random.default_rng(6)
    found = {}
    for _ in range(100):
        made, real, apart = (population(150, rng) for _ in range(3))
        for name, one in compare(made, real, apart, rng)[1].items():
            found.setdefault(name, []).append(one.excess)
    # Monte-Carlo error of 95 % over 100 simulations: 2.2 points; of a standard deviation: 7 %.
    measured = {}
    for name in ("marginals", "worst_column", "associations", "worst_pair", "tails"):
        value, lower, upper, error = np.array([one[:4] for one in found[name]], float).T
        held = ((lower <= 0) & (upper >= 0)).mean()
        measured[name] = (held, np.sqrt((error**2).mean()) / value.std())
    assert all(held >= 0.93 - 0.044 for held, _ in measured.values()), measured
    assert all(0.75 <= ratio <= 1.3 for _, ratio in measured.values()), measured
