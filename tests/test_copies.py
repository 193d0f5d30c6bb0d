"""Exact copies: counted by hand, against Fisher's exact test, and how often chance is blamed."""

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from population import people as population
from scipy.stats import fisher_exact

from stages.lib.quality.privacy import copies
from stages.lib.quality.privacy.copies import Copies
from stages.lib.tables import table


def profiles(*names):
    """Return rows of one category."""
    return pd.DataFrame({"job": pd.Categorical(list(names))})


def matches(train, unseen, *, of_train=5000, of_unseen=5000, of=1000):
    """Return counts of matches with profiles that are on one side each."""
    return Copies(train, train, of_train, unseen, of_unseen, 0, of)


def test_copies_by_hand():
    """A repeated row is one copy, and half as many unseen profiles count double."""
    # Distinct rows a, b, z. Train holds a, of 4 profiles; unseen b, of 2: chance explains
    # 4 / 2 · 1 = 2 of 3 rows, and the excess is 1/3 - 2/3.
    batch, train, unseen = profiles(*"aabz"), profiles(*"aqrs"), profiles(*"bu")
    found = copies.count(batch, train, unseen)
    assert found == Copies(rows=2, train=1, of_train=4, unseen=1, of_unseen=2, shared=0, of=3)
    assert found.by_chance == 2
    measure = copies.measures(batch, train, unseen)[0]
    assert (measure.gate, measure.name) == ("privacy", "copies")
    assert (measure.value, measure.ceiling) == pytest.approx((1 / 3, 2 / 3))
    assert measure.excess.value == pytest.approx(-1 / 3)
    assert measure.excess.lower <= -1 / 3 < measure.excess.upper <= 1 / 3


def test_exact_test_by_hand():
    """Of 8 profiles 3 match, all of them in train: C(4, 3) of C(8, 3) draws."""
    found = matches(3, 0, of_train=4, of_unseen=4)
    assert copies.p_value(found) == pytest.approx(4 / 56)


def test_interval_by_hand():
    """Of 4 + 4 profiles 4 match, all in train: at least one of them is a copy."""
    # If c are copies, 4 - c of 8 - c profiles match by chance, all among the 4 - c others of
    # train: c = 0: 1 / C(8, 4) = 1/70 < 2.5 %; c = 1: 1 / C(7, 3) = 1/35 > 2.5 %.
    # One copy is no more than 1 · (8 - 4) / (8 - 1) beyond chance, four are 4 · 4 / (8 - 4).
    found = copies.beyond_chance(matches(4, 0, of_train=4, of_unseen=4, of=10))
    assert found[:3] == pytest.approx((0.4, 4 / 7 / 10, 0.4))
    assert found.method == "Fisher's exact test, inverted"


GRID = [(18, 0), (5, 0), (6, 0), (0, 6), (40, 22), (40, 25), (300, 250), (1, 1), (0, 0)]


@pytest.mark.parametrize(("train", "unseen"), GRID)
@pytest.mark.parametrize("of_unseen", [600, 5000, 9000])
def test_the_interval_agrees_with_scipys_exact_test(train, unseen, of_unseen):
    """The p-value is Fisher's, and the lower bound is above 0 if and only if it is below 2.5 %."""
    found = matches(train, unseen, of_unseen=of_unseen)
    cells = [[train, 5000 - train], [unseen, of_unseen - unseen]]
    expected = fisher_exact(cells, alternative="greater").pvalue
    assert copies.p_value(found) == pytest.approx(expected)
    excess = copies.beyond_chance(found)
    assert (excess.lower > 0) == (expected < 0.025)
    assert excess.lower <= excess.value <= excess.upper
    assert excess.se > 0


def test_eighteen_against_none_is_told_in_words():
    """0.2 % of exact copies in 10,000 rows are found, and the note says by what."""
    rng = np.random.default_rng(0)
    train, unseen, batch = (population(10_000, rng) for _ in range(3))
    parts = [table.rows(batch, np.arange(9_982)), table.rows(train, np.arange(18))]
    measure = copies.measures(table.stack(parts), train, unseen)[0]
    assert measure.note == ("18 training profiles matched, 0 of as many unseen; exact p = 3.8e-06")
    assert measure.value == 0.0018
    assert measure.excess.lower > 0.001


def test_copies_without_chance_matches():
    """Nothing unseen matches: the whole share is excess."""
    measure = copies.measures(profiles(*"abz"), profiles(*"ab"), profiles(*"xy"))[0]
    assert (measure.value, measure.ceiling) == pytest.approx((2 / 3, 0))


def test_copies_whatever_the_categories_and_the_column_order():
    """A copy is one of values, not of how they are stored; labels of the batch do not count."""
    train = pd.DataFrame({"age": [1.0, 2.0], "job": pd.Categorical(["a", "b"])})
    batch = pd.DataFrame(
        {
            "_batch": pd.Categorical(["x", "x"]),
            "job": pd.Categorical(["b", "c"]),
            "age": [2.0, 1.0],
        }
    )
    unseen = pd.DataFrame({"age": [9.0, 9.5], "job": pd.Categorical(["c", "c"])})
    found = copies.count(batch, train, unseen)
    assert (found.train, found.unseen, found.of) == (1, 0, 2)


def test_profiles_on_both_sides_tell_nothing():
    """What is on both sides is matched on both, and what is frequent is likelier on the larger."""
    # a is on both sides; b is twice in train; only c, d and u are one row on one side.
    found = copies.count(profiles(*"abcz"), profiles(*"abbcd"), profiles(*"au"))
    assert found == Copies(rows=3, train=1, of_train=2, unseen=0, of_unseen=1, shared=2, of=4)
    assert found.by_chance == 2


def test_rows_that_are_alike_and_kept_together_count_once():
    """Where no profile is on both sides, one of many rows is one profile like any other."""
    found = copies.count(profiles(*"ab"), profiles(*"aaaq"), profiles(*"bu"))
    assert (found.train, found.of_train) == (1, 2)


def test_nothing_to_compare_is_untold():
    """Where every profile is on both sides, the measure says that it cannot tell."""
    measure = copies.measures(profiles(*"ab"), profiles(*"ab"), profiles(*"ba"))[0]
    assert np.isnan(measure.value)
    assert (measure.excess.lower, measure.excess.upper) == (-1, 1)
    assert np.isnan(copies.measures(profiles(*"ab")[:0], profiles(*"a"), profiles(*"b"))[0].value)


def test_copies_of_a_large_train_are_not_diluted_by_a_small_tune():
    """Five rows in a hundred copied from train count in full where few unseen rows are at hand."""
    rng = np.random.default_rng(1)
    train, unseen, batch = (population(rows, rng) for rows in (5000, 600, 2000))
    copied = table.stack([table.rows(batch, np.arange(1900)), table.rows(train, np.arange(100))])
    found = copies.measures(copied, train, unseen)[0]
    assert found.excess.value == pytest.approx(0.05)
    assert found.excess.lower > 0.02


@pytest.mark.parametrize("sizes", [(300, 600, 1000), (300, 300, 4000), (900, 300, 2000)])
def test_unseen_real_rows_are_no_copies(sizes):
    """Rows that meet many real ones by chance raise no alarm, however often they repeat."""
    rng = np.random.default_rng(6)
    raised, found = 0, None
    for _ in range(100):
        found, _ = copies.measures(*(population(rows, rng).round(1) for rows in sizes[::-1]))
        raised += found.excess.lower > 0
    assert found.value > 0.01
    assert raised <= 6  # of 100; 2.5 % expected at most


def test_frequent_profiles_are_no_copies():
    """Where most values are common ones, many more unseen rows than train rows are no alarm."""
    # 40 profiles: 100 rows of train hold most of them, 3,000 unseen rows hold all.
    rng = np.random.default_rng(2)
    train, unseen, batch = (
        pd.DataFrame({"job": pd.Categorical(rng.integers(0, 40, rows).astype(str))})
        for rows in (100, 3000, 500)
    )
    assert copies.measures(batch, train, unseen)[0].excess.lower <= 0


@pytest.mark.parametrize(
    ("chance", "copied", "of_train", "of_unseen"),
    [
        (0.01, 0, 10_000, 10_000),
        (0.01, 60, 10_000, 10_000),
        (0.3, 300, 2_000, 2_000),
        (0.01, 40, 5_000, 15_000),
        (0.01, 40, 15_000, 5_000),
    ],
)
def test_coverage(chance, copied, of_train, of_unseen):
    """The interval holds the copies beyond chance, with and without a leak, rare or frequent."""
    rng = np.random.default_rng(3)
    interval = lru_cache(None)(
        lambda a, b: copies.beyond_chance(
            matches(copied + a, b, of_train=of_train, of_unseen=of_unseen, of=1)
        )
    )
    simulations = 700
    own = rng.binomial(of_train - copied, chance, simulations).tolist()
    other = rng.binomial(of_unseen, chance, simulations).tolist()
    found = [interval(a, b) for a, b in zip(own, other, strict=True)]
    truth = copied * (1 - chance)
    hits = np.mean([one.lower <= truth <= one.upper for one in found])
    assert 0.93 <= hits <= 0.97
    if not copied:
        assert np.mean([one.lower > 0 for one in found]) <= 0.03
        spread = np.std([one.value for one in found])
        assert np.mean([one.se for one in found]) == pytest.approx(spread, rel=0.1)


def test_a_large_batch_that_holds_all_of_train_shows_it():
    """Ten people copied into 5,000 rows are few of the batch, and all of train."""
    train = pd.DataFrame({"n": np.arange(10.0)})
    unseen = pd.DataFrame({"n": np.arange(10.0) + 100})
    batch = pd.DataFrame({"n": np.concatenate([np.arange(10.0), np.arange(4_990.0) + 200])})
    found, reproduced = copies.measures(batch, train, unseen)
    # 10 of 5,000 distinct rows, and 10 of the 10 of train; none by chance.
    assert (found.value, reproduced.value) == (0.002, 1.0)
    assert (found.excess.value, reproduced.excess.value) == (0.002, 1.0)
    assert reproduced.excess.lower == pytest.approx(500 * found.excess.lower)
    assert reproduced.excess.lower > 0.5
