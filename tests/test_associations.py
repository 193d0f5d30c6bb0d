"""Associations: each kind of pair by hand and against other libraries."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from scipy.stats.contingency import association as cramer

from stages.lib.quality.fidelity.associations import association, pairs, told
from stages.lib.quality.fidelity.coded import Coded

NAN = float("nan")


def coded(numbers, codes=None, levels=()):
    """Return rows as numbers, shape (rows, columns) each."""
    numbers = np.array(numbers, float)
    codes = np.empty((len(numbers), 0), int) if codes is None else np.array(codes)
    return Coded.over(numbers, codes, levels, [])


def cramers_v(counts):
    """Return the association of two categories with this table of counts."""
    counts = np.array(counts)
    codes = np.argwhere(counts >= 0).repeat(counts.ravel(), axis=0)
    return association(coded(np.empty((len(codes), 0)), codes, counts.shape))[1, 0]


def test_cramers_v_by_hand():
    """Bergsma's correction of a 2 x 2 table, worked out."""
    # 30 10 / 20 40: n 100, rows 40 60, columns 50 50, expected 20 20 / 30 30.
    # chi² = 100/20 · 2 + 100/30 · 2 = 16.6667; phi² = 1/6; corrected 1/6 - 1/99.
    # Two levels become 2 - 1/99. V = sqrt(0.1565657 / 0.989899) = 0.397697.
    found = cramers_v([[30, 10], [20, 40]])
    assert found == pytest.approx(math.sqrt((1 / 6 - 1 / 99) / (1 - 1 / 99)))
    assert found == pytest.approx(0.397697, abs=1e-6)


def test_cramers_v_of_a_large_table_is_scipys():
    """With many rows the correction vanishes, and scipy's uncorrected V is the same."""
    rng = np.random.default_rng(2)
    one = rng.integers(0, 4, 40_000)
    other = np.where(rng.random(40_000) < 0.4, one, rng.integers(0, 4, 40_000))
    counts = np.histogram2d(one, other, 4)[0].astype(int)
    theirs = cramer(counts, method="cramer")
    assert cramers_v(counts) == pytest.approx(theirs, abs=0.01)
    assert 0.3 < theirs < 0.5


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([[50, 0], [0, 50]], 1),  # one decides the other
        ([[25, 25], [25, 25]], 0),  # independent
        ([[5, 0], [5, 0]], 0),  # one is constant once its empty level is left out
        ([[50, 0, 0], [0, 0, 50]], 1),  # an empty level does not count
    ],
)
def test_cramers_v_at_its_ends(counts, expected):
    """Tables without doubt, and tables that leave nothing to associate."""
    assert cramers_v(counts) == pytest.approx(expected)


def test_association_of_numbers_is_spearmans():
    """Ranks go together as scipy finds, ties included."""
    rng = np.random.default_rng(3)
    numbers = rng.integers(0, 12, (70, 3)).astype(float)
    numbers[:, 1] += numbers[:, 0]
    found = association(coded(numbers))
    assert found == pytest.approx(spearmanr(numbers).statistic)
    assert found[0, 1] > 0.3


def test_difference_of_correlations_is_sdmetrics():
    """The difference of two Spearman correlations is twice 1 less the score of sdmetrics."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says on import is not ours
        from sdmetrics.column_pairs import CorrelationSimilarity
    rng = np.random.default_rng(4)
    real, made = rng.standard_normal((60, 2)), rng.standard_normal((60, 2))
    real[:, 1] += real[:, 0]
    frames = [pd.DataFrame(part, columns=["x", "y"]) for part in (real, made)]
    theirs = CorrelationSimilarity.compute(*frames, coefficient="Spearman")
    both = coded(np.concatenate([real, made]))
    one, other = (association(both.take(60 * i + np.arange(60)))[0, 1] for i in (0, 1))
    assert abs(one - other) == pytest.approx(2 * (1 - theirs))


def test_association_of_numbers_leaves_missing_pairs_out():
    """Where missing cells are the same rows, the rest is as if those rows were not there."""
    rng = np.random.default_rng(4)
    numbers = rng.standard_normal((40, 2))
    numbers[:, 1] += numbers[:, 0]
    numbers[:7] = NAN
    found = association(coded(numbers))[0, 1]
    assert found == pytest.approx(spearmanr(numbers[7:]).statistic)


def test_association_with_missing_cells_by_hand():
    """Ranks within each column, correlated over the rows where both are present."""
    # Column a: 1 2 3 -, ranks 1 2 3; column b: - 5 4 6, ranks - 2 1 3. Both: (2, 2), (3, 1): -1.
    found = association(coded([[1, NAN], [2, 5], [3, 4], [NAN, 6]]))
    assert found[0, 1] == pytest.approx(-1)


def test_correlation_ratio_by_hand():
    """A number given a category: the share of its spread that lies between the groups, rooted."""
    # Group 0: 1 3, mean 2; group 1: 5 7, mean 6; all: mean 4. Between 2 · 4 + 2 · 4 = 16, of
    # 9 + 1 + 1 + 9 = 20.
    found = association(coded([[1], [3], [5], [7]], [[0], [0], [1], [1]], [2]))
    assert found[0, 1] == found[1, 0] == pytest.approx(math.sqrt(0.8))


def test_correlation_ratio_with_missing_numbers():
    """A missing number is in no group; a level that no row has does no harm."""
    numbers = [[1], [3], [5], [7], [NAN], [NAN]]
    found = association(coded(numbers, [[0], [0], [1], [1], [1], [3]], [4]))
    assert found[0, 1] == pytest.approx(math.sqrt(0.8))


def test_constant_columns_go_with_nothing():
    """A constant or wholly missing column has association 0, and 1 with itself."""
    # 0.1 is no sum of powers of two: the mean of several is not exactly it.
    numbers = [[1, 0.1, NAN], [2, 0.1, NAN], [3, 0.1, NAN]]
    found = association(coded(numbers, [[0, 1], [0, 2], [0, 1]], [1, 3]))
    assert np.diag(found).tolist() == [1] * 5
    assert np.abs(found[[1, 2, 3]] - np.eye(5)[[1, 2, 3]]).max() == 0
    assert found[0, 4] == 0  # 2 against the mean of 1 and 3
    assert association(coded(numbers[:2], [[0, 1], [0, 2]], [1, 3]))[0, 4] > 0


def test_pairs_that_too_few_rows_tell_of():
    """Twenty rows must differ from the most frequent value, and have both numbers."""
    # Of 60 rows the last 25 have a, the first 30 have b, and none has both. c is 0 but for 19
    # rows, d but for 20, and the category e is the same but for the last 20.
    row = np.arange(60.0)
    numbers = np.column_stack(
        [
            np.where(row < 35, NAN, row),
            np.where(row >= 30, NAN, row),
            np.where(row < 19, row + 1, 0),
            np.where(row < 20, row + 1, 0),
        ]
    )
    found = told(coded(numbers, (row >= 40).astype(int)[:, None], [2]))
    expected = np.zeros((5, 5), bool)
    for left, right in [(0, 3), (1, 3), (3, 4)]:
        expected[left, right] = expected[right, left] = True
    # Of the 25 rows with a, 20 have one e and 5 the other: only 5 tell. With b all have one.
    assert (found | np.eye(5, dtype=bool)).tolist() == (expected | np.eye(5, dtype=bool)).tolist()


def test_pairs_come_worst_first_and_are_named():
    """Each pair once, its difference beside that of real rows, the greatest on top."""
    apart = np.array([[1, 0.5, 0.2], [0.5, 1, 0.1], [0.2, 0.1, 1]])
    made, real = apart.copy(), apart.copy()
    made[2, 0] = made[0, 2] = -0.2
    real[1, 0] = real[0, 1] = 0.6
    found = pairs(made, real, apart, ["x", "y", "z"])
    assert found[["left", "right"]].to_numpy().tolist() == [["z", "x"], ["y", "x"], ["z", "y"]]
    assert found["difference"].tolist() == pytest.approx([0.4, 0, 0])
    assert found["ceiling"].tolist() == pytest.approx([0, 0.1, 0])
