"""Fidelity: each statistic by hand and against other libraries, and the excess's interval."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, spearmanr
from scipy.stats.contingency import association as cramer

from stages.lib import distance, fidelity
from stages.lib.fidelity import Coded
from stages.lib.schema import Column, Schema

NAN = float("nan")
SCHEMA = Schema(
    columns={
        **{f"n{i}": Column(kind="number") for i in range(3)},
        **{f"c{i}": Column(kind="category") for i in range(2)},
        "c2": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw a small mixed table whose columns share one cause, c2 apart from it."""
    cause = rng.standard_normal(rows)
    columns = {f"n{i}": cause * (0.6, 0.3, 0)[i] + rng.standard_normal(rows) for i in range(3)}
    for i in range(3):
        cuts = ((-1, 0, 1.2), (-1, 0, 1.2), (0.8,))[i]
        level = np.digitize(cause * (0.8, 0.4, 0)[i] + rng.standard_normal(rows), cuts)
        columns[f"c{i}"] = pd.Categorical(np.array(list("abcd"))[level])
    return pd.DataFrame(columns)


def coded(numbers, codes=None, levels=()):
    """Return rows as numbers, shape (rows, columns) each."""
    numbers = np.array(numbers, float)
    codes = np.empty((len(numbers), 0), int) if codes is None else np.array(codes)
    return Coded(numbers, codes, list(levels), [])


def test_ks_is_scipys():
    """The statistic equals scipy's, ties and unequal sizes included."""
    rng = np.random.default_rng(0)
    for seed in range(20):
        one, other = rng.integers(0, 9, 30 + seed), rng.integers(1, 12, 50)
        found = fidelity.ks(one.astype(float), other.astype(float))
        assert found == pytest.approx(ks_2samp(one, other).statistic)


def test_ks_puts_missing_values_below_all_others():
    """Half of one sample is missing, a quarter of the other: they differ by a quarter there."""
    # Below everything: 2/4 against 1/4. At 1: 3/4 against 1/4, the greatest difference. At 2: 1, 1.
    one, other = np.array([NAN, NAN, 1, 2]), np.array([NAN, 2, 2, 2])
    assert fidelity.ks(one, other) == 0.5
    assert fidelity.ks(np.array([NAN, 2]), np.array([2.0, 2])) == 0.5
    assert fidelity.ks(np.array([NAN, NAN]), np.array([NAN])) == 0


def test_total_variation_by_hand():
    """Half of |1/2 - 1/4| + |1/2 - 1/2| + |0 - 1/4| is 1/4, in either order."""
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    assert fidelity.total_variation(one, other, 3) == 0.25
    assert fidelity.total_variation(other, one, 3) == 0.25


def test_marginals_are_those_of_sdmetrics():
    """Both distances are 1 less the score that sdmetrics gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says on import is not ours
        from sdmetrics.single_column import KSComplement, TVComplement
    rng = np.random.default_rng(1)
    one, other = population(80, rng), population(130, rng)
    every = Coded.of(
        pd.concat([one, other], ignore_index=True).astype({f"c{i}": "category" for i in range(3)}),
        SCHEMA,
    )
    found = fidelity.marginals(every.take(np.arange(80)), every.take(80 + np.arange(130)))
    theirs = [KSComplement.compute(other[name], one[name]) for name in ("n0", "n1", "n2")]
    theirs += [
        TVComplement.compute(other[name].astype(str), one[name].astype(str))
        for name in ("c0", "c1", "c2")
    ]
    assert found == pytest.approx(1 - np.array(theirs))


def test_cramers_v_by_hand():
    """Bergsma's correction of a 2 x 2 table, worked out."""
    # 30 10 / 20 40: n 100, rows 40 60, columns 50 50, expected 20 20 / 30 30.
    # chi² = 100/20 · 2 + 100/30 · 2 = 16.6667; phi² = 1/6; corrected 1/6 - 1/99.
    # Two levels become 2 - 1/99. V = sqrt(0.1565657 / 0.989899) = 0.397697.
    found = fidelity.cramers_v(np.array([[30, 10], [20, 40]]))
    assert found == pytest.approx(math.sqrt((1 / 6 - 1 / 99) / (1 - 1 / 99)))
    assert found == pytest.approx(0.397697, abs=1e-6)


def test_cramers_v_of_a_large_table_is_scipys():
    """With many rows the correction vanishes, and scipy's uncorrected V is the same."""
    rng = np.random.default_rng(2)
    one = rng.integers(0, 4, 40_000)
    other = np.where(rng.random(40_000) < 0.4, one, rng.integers(0, 4, 40_000))
    counts = np.histogram2d(one, other, 4)[0].astype(int)
    theirs = cramer(counts, method="cramer")
    assert fidelity.cramers_v(counts) == pytest.approx(theirs, abs=0.01)
    assert 0.3 < theirs < 0.5


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([[50, 0], [0, 50]], 1),  # one decides the other
        ([[25, 25], [25, 25]], 0),  # independent
        ([[5, 0], [5, 0]], 0),  # one is constant once its empty level is left out
        ([[0, 0], [0, 0]], 0),
        ([[50, 0, 0], [0, 0, 50]], 1),  # an empty level does not count
    ],
)
def test_cramers_v_at_its_ends(counts, expected):
    """Tables without doubt, and tables that leave nothing to associate."""
    assert fidelity.cramers_v(np.array(counts)) == pytest.approx(expected)


def test_association_of_numbers_is_spearmans():
    """Ranks go together as scipy finds, ties included."""
    rng = np.random.default_rng(3)
    numbers = rng.integers(0, 12, (70, 3)).astype(float)
    numbers[:, 1] += numbers[:, 0]
    found = fidelity.association(coded(numbers))
    assert found == pytest.approx(spearmanr(numbers).statistic)
    assert found[0, 1] > 0.3


def test_association_of_numbers_leaves_missing_pairs_out():
    """Where missing cells are the same rows, the rest is as if those rows were not there."""
    rng = np.random.default_rng(4)
    numbers = rng.standard_normal((40, 2))
    numbers[:, 1] += numbers[:, 0]
    numbers[:7] = NAN
    found = fidelity.association(coded(numbers))[0, 1]
    assert found == pytest.approx(spearmanr(numbers[7:]).statistic)


def test_association_with_missing_cells_by_hand():
    """Ranks within each column, correlated over the rows where both are present."""
    # Column a: 1 2 3 -, ranks 1 2 3; column b: - 5 4 6, ranks - 2 1 3. Both: (2, 2), (3, 1): -1.
    found = fidelity.association(coded([[1, NAN], [2, 5], [3, 4], [NAN, 6]]))
    assert found[0, 1] == pytest.approx(-1)


def test_correlation_ratio_by_hand():
    """A number given a category: the share of its spread that lies between the groups, rooted."""
    # Group 0: 1 3, mean 2; group 1: 5 7, mean 6; all: mean 4. Between 2 · 4 + 2 · 4 = 16, of
    # 9 + 1 + 1 + 9 = 20.
    found = fidelity.association(coded([[1], [3], [5], [7]], [[0], [0], [1], [1]], [2]))
    assert found[0, 1] == found[1, 0] == pytest.approx(math.sqrt(0.8))


def test_correlation_ratio_with_missing_numbers():
    """A missing number is in no group; a level that no row has does no harm."""
    numbers = [[1], [3], [5], [7], [NAN], [NAN]]
    found = fidelity.association(coded(numbers, [[0], [0], [1], [1], [1], [3]], [4]))
    assert found[0, 1] == pytest.approx(math.sqrt(0.8))


def test_constant_columns_go_with_nothing():
    """A constant or wholly missing column has association 0, and 1 with itself."""
    numbers = [[1, 5, NAN], [2, 5, NAN], [3, 5, NAN], [4, 5, NAN]]
    found = fidelity.association(coded(numbers, [[0, 1], [0, 2], [0, 1], [0, 2]], [1, 3]))
    assert np.diag(found).tolist() == [1] * 5
    assert np.abs(found[[1, 2, 3]] - np.eye(5)[[1, 2, 3]]).max() == 0
    assert found[0, 4] > 0


def test_missing_category_is_a_level():
    """A missing category counts as one more value of its column."""
    frame = pd.DataFrame({"n": [1.0, 2], "c": pd.Categorical(["a", None])})
    schema = Schema(
        columns={"n": Column(kind="number"), "c": Column(kind="category", role="target")}
    )
    found = Coded.of(frame, schema)
    assert found.codes.ravel().tolist() == [1, 0]
    assert found.levels == [2]
    assert found.names == ["n", "c"]


def test_coverage_by_hand():
    """On a line of eleven real rows, those with a made row within their fifth neighbour."""

    # Real rows 0 … 10: the fifth neighbour is 5 away at 0 and 10, 4 at 1 and 9, and 3 in between
    # (at 2: 1 1 2 2 3). A made row at -4 is near 0 alone; one at 12.5 is near 10 (2.5), 9 (3.5),
    # and neither 8 (4.5 > 3) nor any below.
    def line(values):
        return distance.Space(np.array(values, np.float32)[:, None], np.empty((len(values), 0)))

    real = line(range(11))
    assert fidelity.coverage(line([-4]), real) == pytest.approx(1 / 11)
    assert fidelity.coverage(line([12.5]), real) == pytest.approx(2 / 11)
    assert fidelity.coverage(line([-4, 12.5]), real) == pytest.approx(3 / 11)
    assert fidelity.coverage(real, real) == 1


@pytest.mark.slow
def test_real_rows_offered_as_a_batch_have_no_excess():
    """The interval holds 0 in about 95 % of simulations, and is as wide as the excess varies."""
    rng = np.random.default_rng(6)
    simulations = 200
    found = {"marginals": [], "associations": [], "coverage": []}
    for _ in range(simulations):
        tables = [population(rows, rng) for rows in (120, 120, 240)]
        for name, excess in fidelity.compare(*tables, SCHEMA, rng).excess.items():
            found[name].append(excess)
    # Monte-Carlo error of 95 % over 200 simulations: 1.5 points; of a standard deviation: 5 %.
    measured = {}
    for name, excess in found.items():
        held = np.mean([one.lower <= 0 <= one.upper for one in excess])
        error = np.sqrt(np.mean([one.se**2 for one in excess]))
        measured[name] = (held, error / np.std([one.value for one in excess]))
    assert all(0.93 - 0.03 <= held <= 0.97 + 0.028 for held, _ in measured.values()), measured
    assert all(0.8 <= ratio <= 1.25 for _, ratio in measured.values()), measured


def shuffled(frame, rng):
    """Return the rows with every column in an order of its own."""
    return pd.DataFrame(
        {name: frame[name].to_numpy()[rng.permutation(len(frame))] for name in frame}
    ).astype(frame.dtypes.to_dict())


def test_shuffled_columns_raise_associations_and_not_marginals():
    """A batch that keeps columns and loses what ties them shows it where it should."""
    rng = np.random.default_rng(7)
    train, tune = population(400, rng), population(800, rng)
    for name in ("n1", "n2"):  # tie the columns strongly
        for frame in (train, tune):
            frame[name] = frame["n0"] + 0.1 * frame[name]
    found = fidelity.compare(shuffled(train, rng), train, tune, SCHEMA, rng)
    assert found.excess["associations"].lower > 0.1
    assert abs(found.excess["marginals"].value) < 1e-12
    worst = found.pairs.iloc[0]
    assert {worst["left"], worst["right"]} <= {"n0", "n1", "n2"}
    assert worst["difference"] > 0.7 > 0.2 > worst["ceiling"]


def test_dropped_category_is_named():
    """A category that the batch never makes is a distance of its column, not a crash."""
    rng = np.random.default_rng(8)
    train, tune = population(300, rng), population(300, rng)
    batch = train[train["c0"] != "d"].reset_index(drop=True)
    batch["c0"] = batch["c0"].cat.remove_unused_categories()
    found = fidelity.compare(batch, train, tune, SCHEMA, rng)
    columns = found.columns.set_index("column")
    assert columns["distance"].idxmax() == "c0"
    share = (tune["c0"] == "d").mean()
    assert columns.loc["c0", "distance"] >= share - 1e-9
    assert columns.loc["c0", "ceiling"] < 0.7 * columns.loc["c0", "distance"]


def test_value_less_ceiling_is_the_excess():
    """The three numbers of each statistic belong together."""
    rng = np.random.default_rng(9)
    found = fidelity.compare(*(population(rows, rng) for rows in (90, 60, 80)), SCHEMA, rng)
    for name, excess in found.excess.items():
        assert excess.value == pytest.approx(found.value[name] - found.ceiling[name])
        assert excess.lower < excess.value < excess.upper
    assert found.value["marginals"] == pytest.approx(found.columns["distance"].mean())
    assert found.value["associations"] == pytest.approx(found.pairs["difference"].mean())


def test_collapsed_batch_covers_little():
    """A batch that repeats one row leaves real rows without a neighbour."""
    rng = np.random.default_rng(10)
    train, tune = population(200, rng), population(200, rng)
    batch = train.iloc[np.zeros(200, int)].reset_index(drop=True)
    found = fidelity.compare(batch, train, tune, SCHEMA, rng)
    assert found.value["coverage"] > 0.9
    assert found.excess["coverage"].lower > 0.5


@pytest.mark.parametrize("short", [0, 1, 2])
def test_too_few_rows_tell_nothing(short):
    """With 19 rows of the batch, train or tune the excess may be anything, and says why."""
    rng = np.random.default_rng(11)
    sizes = [60, 60, 60]
    sizes[short] = fidelity.FEWEST - 1
    found = fidelity.compare(*(population(rows, rng) for rows in sizes), SCHEMA, rng)
    assert list(found.excess) == ["marginals", "associations", "coverage"]
    for excess in found.excess.values():
        assert math.isnan(excess.value)
        assert (excess.lower, excess.upper) == (-1, 1)
        assert excess.method == "19 rows, too few to tell"
    assert all(map(math.isnan, [*found.value.values(), *found.ceiling.values()]))
    assert found.columns["column"].tolist() == SCHEMA.modelled
    assert found.columns[["distance", "ceiling"]].isna().all(axis=None)
    assert list(found.pairs) == ["left", "right", "difference", "ceiling"]
    assert found.pairs.empty


def test_enough_rows_tell_something():
    """Twenty rows of each are compared."""
    rng = np.random.default_rng(12)
    found = fidelity.compare(*(population(20, rng) for _ in range(3)), SCHEMA, rng)
    assert not any(map(math.isnan, [excess.value for excess in found.excess.values()]))
