"""The benchmarks: what they compute themselves, and that they compare like with like."""

import math

import numpy as np
import pytest

from benchmarks import generators, growth, loop, sweep
from stages.lib.generators import registry
from stages.lib.quality.fidelity.coded import Coded


def coded(x, y, town):
    """Return rows of two numbers and a category with codes below 3."""
    numbers = np.column_stack([x, y]).astype(float)
    return Coded.over(numbers, np.array(town)[:, None], [3], ["x", "y", "town"])


def test_pair_score_by_hand():
    """Two numbers count by their correlation, a number and a category by their table."""
    real = coded([0, 0, 10, 10], [0, 0, 10, 10], [1, 1, 2, 2])
    made = coded([0, 0, 10, 10], [10, 10, 0, 0], [1, 2, 1, 2])
    # x and y: correlation -1 for 1, so 0. x and town, y and town: four cells of 1/4 for two of 1/2.
    assert generators.pair_score(made, real) == pytest.approx((0 + 0.5 + 0.5) / 3)
    assert generators.pair_score(real, real) == 1


def test_pair_score_bins_each_table_over_its_own_range():
    """As in SDMetrics, a number that is stretched stays in its bin, and a missing one has its own.

    A constant column has no correlation, which counts as 0 in both tables.
    """
    real = coded([0, 10, np.nan, 5], [1, 1, 1, 1], [1, 2, 0, 1])
    made = coded([0, 70, np.nan, 35], [1, 1, 1, 1], [1, 2, 0, 1])
    assert generators.pair_score(made, real) == 1
    moved = coded([0, 70, 35, np.nan], [1, 1, 1, 1], [1, 2, 0, 1])
    assert generators.pair_score(moved, real) == pytest.approx((1 + 0.5 + 1) / 3)


def test_every_family_has_a_member():
    """Every family but the rows of others is measured, and every member's family is known."""
    measured = {spec["family"] for spec in generators.MEMBERS.values()}
    assert measured | {"file"} == set(registry.FAMILIES)


def test_the_loop_scores_as_the_sweep_does(tmp_path, monkeypatch):
    """What plain scikit-learn reaches on the same rows and seeds is what the sweep says."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    size = sweep.Size(train=60, synthetic=120, ratios=(0, 0.5), seeds=2, tune=60, holdout=100)
    assert sweep.prepare(tmp_path, size) == 2 * 2 * 3  # ratios, seeds and models
    alone, swept = loop.main(tmp_path), sweep.swept(tmp_path, None)
    assert len(alone) == 2 * 3 * 2  # ratios, models and slices
    assert sweep.difference(alone, swept) <= sweep.SAME
    assert sweep.swept(tmp_path, tmp_path / "kept") == swept
    assert len({round(score, 6) for score in alone.values()}) > 6  # they differ among each other


def test_scores_that_one_way_lacks_are_no_equal_ones():
    """A ratio that only one way trained at cannot pass as equal."""
    one = {"0 boosting tune": 0.8, "0.5 boosting tune": 0.9}
    assert sweep.difference(one, one) == 0
    assert math.isnan(sweep.difference(one, {"0 boosting tune": 0.8}))


def test_the_page_tells_how_many_times_as_long_the_loop_takes():
    """The ratio is of the loop's seconds to the way's own."""
    ways = {"loop": {"seconds": 30.0, "peak_mb": 200.0}, "two": {"seconds": 12.0, "peak_mb": 400}}
    rows = {"train": 300, "synthetic": 6000, "scored": 9600, "fits": 180, "apart": 2e-16}
    told = sweep.section({"sizes": {"example": {**rows, "ways": ways}}})
    assert "| the sweep, two processes | 12.0 | 2.50 | 400 |" in told


def test_slope_by_hand():
    """Ten times the rows in twenty times the seconds; sizes below the least do not count."""
    found = growth.slope([100, 10_000, 100_000], [7.0, 1.0, 20.0], least=10_000)
    assert found == pytest.approx(math.log10(20))
    assert growth.slope([100, 10_000], [7.0, 1.0], least=10_000) is None


@pytest.mark.parametrize("columns", [5, 20, 60])
def test_tables_of_any_width(columns):
    """An id and a label stay, and every other column says something of its own."""
    found = growth.table(200, columns)
    assert found.shape == (200, columns) and found.columns.is_unique
    assert (found.columns[0], found.columns[-1]) == ("customer_id", "churned")
    assert not found.T.duplicated().any()
