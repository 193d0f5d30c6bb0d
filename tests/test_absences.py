"""Absences: values that a batch never reaches, by hand, against SDMetrics, and the interval."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from stages.lib.quality.fidelity.absences import absences
from stages.lib.quality.fidelity.coded import Coded

NAN = float("nan")


def coded(numbers, codes, levels):
    """Return tables of a number and a category each, coded together."""
    every = Coded.over(
        np.concatenate(numbers).astype(float)[:, None],
        np.concatenate(codes)[:, None],
        [levels],
        ["n", "c"],
    )
    ends = np.cumsum([len(own) for own in codes])[:-1]
    return [every.take(part) for part in np.split(np.arange(len(every.codes)), ends)]


def test_absences_by_hand():
    """Rows beyond the range or with a category that is not there, each counted once."""
    made = [1, 2, 3, NAN], [1, 1, 2, 2]
    real = [0, 1, 4, 5], [1, 2, 3, 2]
    apart = [0, 1, 2, 9, NAN, 3, 9, 1], [1, 1, 2, 1, 2, 3, 3, 0]
    # Lacking in made: row 0 (below 1), 3 (above 3), 5 (category 3), 6 (both): 4 of 8.
    # Lacking in real: rows 3 and 6 (above 5): 2 of 8. Missing values (4 and 7) lack nothing.
    numbers, codes = zip(made, real, apart, strict=True)
    found = absences(*coded(numbers, codes, 4))
    assert (found.value, found.ceiling) == (0.5, 0.25)
    # Apart are row 0 alone and row 5 alone, either by chance: 1² + 1², and one row more, of 8².
    # Degrees: 3² / (1 + 1) = 4.5.
    assert found.excess.value == 0.25
    assert found.excess.se == pytest.approx(math.sqrt(3) / 8)
    half = student.ppf(0.975, 4.5) * math.sqrt(3) / 8
    assert found.excess.upper - 0.25 == pytest.approx(half)
    assert found.column == "n"


def test_rows_that_lack_the_same_value_count_once_where_chance_may_lack_it():
    """Two rows with one rare category are one observation; two hundred are two hundred."""
    levels = np.repeat([1, 2], [998, 2]), np.repeat([1, 2], [800, 200])
    for own, variance in zip(levels, (1 + 2**2, 1 + 200), strict=True):
        made = np.ones(1000, int)
        parts = coded([np.zeros(1000)] * 3, [made, own, own], 3)
        found = absences(*parts)
        assert found.excess.value == (own == 2).mean()
        assert found.excess.se == pytest.approx(math.sqrt(variance) / 1000)
        assert found.column == "c"


def test_a_dropped_category_of_one_in_a_hundred_is_found():
    """Among 10,000 rows its absence is no chance, among 300 it may be."""
    rng = np.random.default_rng(0)
    for rows, shown in ((10_000, True), (300, False)):
        parts = [rng.choice([1, 2, 3], rows, p=[0.6, 0.39, 0.01]) for _ in range(3)]
        parts[0][parts[0] == 3] = 1
        found = absences(*coded([np.zeros(rows)] * 3, parts, 4))
        assert (found.excess.lower > 0.005) == shown
        assert found.excess.upper > 0.005


def test_a_batch_without_a_number_reaches_none():
    """Where all numbers of the batch are missing, all that real rows have are beyond it."""
    ones = np.ones(4, int)
    found = absences(*coded([[NAN] * 4, [1, 2, 3, 4], [2, 3, 3, NAN]], [ones] * 3, 2))
    assert (found.value, found.ceiling) == (0.75, 0)


def test_nothing_absent_has_an_interval_all_the_same():
    """That no row is found does not mean that there are none."""
    ones = np.ones(50, int)
    found = absences(*coded([np.arange(50)] * 3, [ones] * 3, 2))
    assert (found.value, found.ceiling, found.column) == (0, 0, "")
    assert found.excess.upper == pytest.approx(1.96 / 50, abs=1e-4)


def test_nothing_is_absent_where_sdmetrics_finds_all_covered():
    """Its category and range coverage are 1 for each column exactly where ours lacks nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says on import is not ours
        from sdmetrics.single_column import CategoryCoverage, RangeCoverage
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(40):
        numbers = [rng.integers(0, 12, 30) for _ in range(3)]
        codes = [rng.choice([1, 2, 3, 4], 30, p=[0.5, 0.3, 0.15, 0.05]) for _ in range(3)]
        found = absences(*coded(numbers, codes, 5))
        covered = (
            RangeCoverage.compute(pd.Series(numbers[2]), pd.Series(numbers[0])) == 1
            and CategoryCoverage.compute(pd.Series(codes[2]), pd.Series(codes[0])) == 1
        )
        assert (found.value == 0) == covered
        seen.add(covered)
    assert seen == {True, False}


def test_unseen_real_rows_hardly_ever_lack_more():
    """With many rare values the interval holds 0 in at least 93 % of simulations.

    Few rows decide, so it is wider than it need be: those found together count as one, and one
    more is added.
    """
    rng = np.random.default_rng(2)
    share = 1 / np.arange(1, 60) ** 1.5
    held = []
    for _ in range(600):
        codes = [rng.choice(59, 250, p=share / share.sum()) + 1 for _ in range(3)]
        parts = coded(rng.standard_t(3, (3, 250)), codes, 60)
        found = absences(*parts).excess
        held.append(found.lower <= 0 <= found.upper)
    # Monte-Carlo error of 95 % over 600 simulations: 0.9 points.
    assert np.mean(held) >= 0.93 - 0.018


def test_a_category_that_is_lacking_for_certain_varies_as_its_share():
    """The interval holds the share of the dropped category in about 95 % of simulations."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(1000):
        codes = [rng.choice([1, 2, 3], 400, p=[0.6, 0.3, 0.1]) for _ in range(3)]
        codes[0][codes[0] == 3] = 1
        found = absences(*coded([np.zeros(400)] * 3, codes, 4)).excess
        held.append(found.lower <= 0.1 <= found.upper)
    # Monte-Carlo error of 95 % over 1,000 simulations: 0.7 points.
    assert 0.93 - 0.014 <= np.mean(held) <= 0.97 + 0.014
