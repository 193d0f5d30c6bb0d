"""Tails: which cells there are, and the share of their mass that is lacking, by hand."""

import numpy as np
import pytest

from stages.lib.quality.fidelity import tails
from stages.lib.quality.fidelity.coded import Coded
from stages.lib.quality.fidelity.outliers import outlying

NAN = float("nan")


def numbers(*values):
    """Return tables of one number each, coded together."""
    both = np.concatenate(values).astype(float)[:, None]
    every = Coded.over(both, np.empty((len(both), 0), int), [], ["n"])
    ends = np.cumsum([len(own) for own in values])[:-1]
    return [every.take(part) for part in np.split(np.arange(len(both)), ends)]


def categories(*codes, levels):
    """Return tables of one category each."""
    return [
        Coded.over(np.empty((len(own), 0)), np.array(own)[:, None], [levels], ["c"])
        for own in codes
    ]


def shares(rows, cells):
    """Return the share of rows in each cell."""
    return tails.shares(tails.placed(rows, cells), cells)


def test_cells_of_a_number_by_hand():
    """Of 1 … 1000 a hundredth, and four more, lie outside at either end; ties count inwards."""
    (real,) = numbers(np.arange(1, 1001))
    cells = tails.cells(real, [])
    assert cells.columns == ["n"] * 4
    assert cells.labels == [label for *_, label in tails.OUTER]
    # The 1 % quantile is 10, the 5 % quantile 50, the 95 % quantile 950 and the 99 % quantile 990.
    # Below 10: 1 … 9. From 10, below 50: 40. Above 950, to 990: 40. Above 990: 10.
    assert shares(real, cells).tolist() == [0.009, 0.04, 0.04, 0.01]


def test_other_rows_fall_into_the_cells_of_the_real_ones():
    """Numbers beyond the real range are in the outermost cell, and missing ones in none."""
    real, made = numbers(np.arange(1, 1001), [-5, 9.5, 10, 500, 950, 950.5, 2000, NAN])
    cells = tails.cells(real, [])
    assert shares(made, cells).tolist() == [2 / 8, 1 / 8, 1 / 8, 1 / 8]


def test_a_value_that_most_rows_hold_is_no_tail():
    """Where the quantiles fall on one heap at an end there is a tail at the other only."""
    (real,) = numbers(np.concatenate([np.zeros(940), np.arange(1, 61)]))
    cells = tails.cells(real, [])
    # The 95 % quantile is 10 and the 99 % quantile 50: 11 … 50 and 51 … 60.
    assert cells.labels == ["next highest 4 %", "highest 1 %"]
    assert shares(real, cells).tolist() == [0.04, 0.01]


def test_cells_of_a_category_by_hand():
    """Categories of at most 5 % are rare; those of fewer than five rows are not told of."""
    # Codes 1 … 4 for 90, 5, 4 and 1 rows of 100; code 0 is missing.
    (real,) = categories(np.repeat([1, 2, 3, 4], [90, 5, 4, 1]), levels=5)
    cells = tails.cells(real, [["a", "b", "c", "d"]])
    assert list(zip(cells.columns, cells.labels, strict=True)) == [("c", "b")]
    (real,) = categories(np.repeat([0, 1, 2], [10, 180, 10]), levels=3)
    assert tails.cells(real, [["a", "b"]]).labels == ["b"]


def test_lack_by_hand():
    """What is lacking in one cell is not made up for in another."""
    # Cells of 0.04 and 0.06: 0.01 of the first is there, and 0.09 of the second: 0.03 of 0.1.
    assert tails.lack(np.array([0.01, 0.09]), np.array([0.04, 0.06])) == pytest.approx(0.3)
    assert tails.lack(np.zeros(2), np.array([0.04, 0.06])) == 1
    assert tails.lack(np.zeros(0), np.zeros(0)) == 0


def test_a_batch_without_outer_numbers_lacks_their_mass():
    """Numbers drawn in to the middle leave the outer cells empty, as a table shows."""
    rng = np.random.default_rng(0)
    made, real, apart = numbers(*(rng.standard_normal((3, 2000))))
    made = numbers(made.numbers[:, 0].clip(-1.5, 1.5), apart.numbers[:, 0])[0]
    made, real, apart = numbers(made.numbers[:, 0], real.numbers[:, 0], apart.numbers[:, 0])
    cells = tails.cells(apart, [])
    own, theirs, goal = (shares(rows, cells) for rows in (made, real, apart))
    assert tails.lack(own, goal) == 1
    assert tails.lack(theirs, goal) < 0.25
    told = tails.table(cells, own, theirs, goal)
    assert told.columns.tolist() == ["column", "cell", "real", "share", "ceiling"]
    assert told["share"].tolist() == [0] * 4
    assert told["ceiling"].sum() == pytest.approx(theirs.sum())


def test_outliers_by_hand():
    """Three interquartile ranges from the quartiles of the real numbers are the fences."""
    # Real 0 … 8: quartiles 2 and 6, so the fences are -10 and 18.
    real, made = numbers(np.arange(9), [-10, -10.5, 18, 18.5, NAN])
    assert outlying(made, real).ravel().tolist() == [False, True, False, True, False]


def test_no_outliers_without_fences():
    """A column whose middle half is one value, or is missing, has none."""
    real, made = numbers([0, 0, 0, 0, 9], [0, 100])
    assert not outlying(made, real).any()
    real, made = numbers([NAN, NAN], [0, 100])
    assert not outlying(made, real).any()
