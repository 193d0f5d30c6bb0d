"""The sizes of slices: all rows of a small table, seconds' worth of a large one."""

import pytest

from stages.scaffold import sizes


@pytest.mark.parametrize("rows", [60, 300, 4_452, 24_999])
def test_a_small_table_is_given_out_whole(rows):
    """Fractions add up to 1, so that a table may lose or gain rows."""
    found = sizes.choose(rows, [rows // 3, rows - rows // 3])
    assert sum(found.slices.values()) == pytest.approx(1) and found.pooled == 0
    assert found.train == int(0.55 * rows)


def test_a_large_table_keeps_a_pool():
    """Counts, so that a first verdict on a million rows takes as long as on a tenth of them."""
    found = sizes.choose(300_000, [45_000, 255_000])
    assert found.slices == {"train": 10_000, "tune": 5_000, "holdout": 10_000}
    assert found.pooled == 275_000


def test_a_rare_class_makes_scored_slices_larger():
    """Nine rows of 100,968 would leave the holdout with none: it grows, by three times at most."""
    found = sizes.choose(100_968, [9, 959, 50_000, 50_000]).slices
    assert found["holdout"] == pytest.approx(2 * 100_968 / 9, abs=1)  # two of the nine
    assert found["tune"] == 15_000  # two rows would take 22,437
    assert found["train"] == 10_000


@pytest.mark.parametrize("rows", [25_001, 30_000, 60_000])
def test_slices_are_never_larger_than_the_table(rows):
    """A class of one row makes no slice larger than its share of the table."""
    found = sizes.choose(rows, [1, rows - 1])
    assert sum(found.slices.values()) + found.pooled == rows and found.pooled >= 0


def test_many_classes_make_train_smaller():
    """A tree is grown for each class: eight take twice the time of four on as many rows."""
    assert sizes.choose(100_000, [12_500] * 8).slices["train"] == 5_000


@pytest.mark.parametrize("rows", [60, 1_500, 4_452, 1_000_000])
def test_the_batch_has_the_rows_of_the_greatest_ratio(rows):
    """No ratio of the sweep asks for more rows than the batch is made with."""
    found = sizes.choose(rows)
    needed = found.train * found.ratios[-1] / (1 - found.ratios[-1])
    assert needed <= found.batch <= max(needed + 1, 500)
