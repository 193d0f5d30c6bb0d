"""The benchmark of the generators: what it computes itself, and that it leaves none out."""

import numpy as np
import pytest

from benchmarks import generators
from stages.lib.fidelity.coded import Coded
from stages.lib.generators import registry


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
