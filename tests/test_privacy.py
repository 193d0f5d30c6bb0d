"""Privacy: copies counted by hand, and closeness to train against closeness to unseen rows."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import privacy, table
from stages.lib.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number"),
        "pay": Column(kind="number"),
        "rich": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw rows of which no two are equal."""
    age = rng.standard_normal(rows)
    return pd.DataFrame(
        {
            "age": age,
            "pay": age + rng.standard_normal(rows),
            "rich": pd.Categorical(np.where(rng.random(rows) < 0.3, "yes", "no")),
        }
    )


def profiles(*names):
    """Return rows of one category."""
    return pd.DataFrame({"job": pd.Categorical(list(names))})


def test_copies_by_hand():
    """Two of four rows are in train, one is among the unseen; half as many unseen count double."""
    # Excess 2/4 - (4 / 2) · 1/4 = 0: what is unseen explains it all.
    found = privacy.copies(profiles(*"aabz"), profiles(*"aqrs"), profiles(*"bu"))
    assert (found.train, found.unseen, found.of) == (2, 1, 4)
    assert found.excess.value == pytest.approx(0)
    assert found.excess.lower < 0 < found.excess.upper


def test_copies_without_chance_matches():
    """Nothing unseen matches: the whole share is excess."""
    found = privacy.copies(profiles(*"aabz"), profiles(*"ab"), profiles(*"xy"))
    assert (found.train, found.unseen) == (3, 0)
    assert found.excess.value == pytest.approx(0.75)


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
    found = privacy.copies(batch, train, unseen)
    assert (found.train, found.unseen, found.of) == (1, 0, 2)


def test_injected_copies_are_found():
    """One row in a hundred copied from train raises the excess above 0."""
    rng = np.random.default_rng(0)
    train, unseen, batch = (population(rows, rng) for rows in (300, 600, 3000))
    copied = table.stack([table.rows(batch, np.arange(2970)), table.rows(train, np.arange(30))])
    found = privacy.copies(copied, train, unseen)
    assert found.train == 30
    assert found.excess.value == pytest.approx(0.01)
    assert found.excess.lower > 0.004


def test_unseen_real_rows_are_no_copies():
    """Real rows that were in no slice show no excess, though some match by chance."""
    rng = np.random.default_rng(1)
    raised = 0
    for _ in range(300):
        train, unseen, batch = (population(rows, rng).round(1) for rows in (300, 600, 1000))
        found = privacy.copies(batch, train, unseen)
        raised += found.excess.lower > 0
    assert found.train > 0
    assert raised / 300 <= 0.05  # 2.5 % expected; Monte-Carlo error 0.9 points


def test_alike_rows_of_a_large_batch_are_no_copies():
    """Many rows of a batch meet the same few real ones, which is less evidence than it seems."""
    rng = np.random.default_rng(6)
    raised = 0
    for _ in range(300):
        train, unseen, batch = (population(rows, rng).round(1) for rows in (300, 300, 4000))
        raised += privacy.copies(batch, train, unseen).excess.lower > 0
    assert raised / 300 <= 0.05


def test_frequent_profiles_are_no_copies():
    """Where most values are common ones, many more unseen rows than train rows are no alarm."""
    # 40 profiles: 100 rows of train hold most of them, 3,000 unseen rows hold all.
    rng = np.random.default_rng(2)
    train, unseen, batch = (
        pd.DataFrame({"job": pd.Categorical(rng.integers(0, 40, rows).astype(str))})
        for rows in (100, 3000, 500)
    )
    found = privacy.copies(batch, train, unseen)
    assert found.excess.lower <= 0


def test_same_population_is_as_close_to_unseen_rows():
    """Half of the rows are nearer to train: the interval holds 0.5 for nearly every seed."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        tables = [population(rows, rng) for rows in (300, 200, 400)]
        share = privacy.closeness(*tables, SCHEMA, rng).share
        held += share.lower <= 0.5 <= share.upper
    assert held >= 34


def test_copying_train_is_close_to_train():
    """Rows taken from train with a little noise are nearer to train nearly always."""
    rng = np.random.default_rng(3)
    train, unseen = population(200, rng), population(400, rng)
    noisy = train.assign(age=train["age"] + 0.001)
    found = privacy.closeness(noisy, train, unseen, SCHEMA, rng)
    assert found.share.lower > 0.9
    exact = privacy.closeness(train, train, unseen, SCHEMA, rng)
    assert exact.share.value == 1
    middle = exact.quantiles.set_index("quantile").loc[0.5]
    assert middle["train"] == 0 < middle["unseen"]


def test_ties_count_half():
    """A row that is in both is nearer to neither."""
    rng = np.random.default_rng(4)
    both = population(50, rng)
    found = privacy.closeness(both, both, both, SCHEMA, rng)
    assert found.share[:3] == (0.5, 0.5, 0.5)


def test_distances_and_their_ratio_by_hand():
    """A row at 0, train at 1 and 2, unseen at 3 and 4: the ratios of nearest to second."""

    def at(*ages):
        label = pd.Categorical(["no"] * len(ages))
        return pd.DataFrame({"age": [float(age) for age in ages], "pay": 0.0, "rich": label})

    # The range of age in train is 1, and age is one column of three.
    found = privacy.closeness(at(0, 0), at(1, 2), at(3, 4), SCHEMA, np.random.default_rng(0))
    row = found.quantiles.iloc[0]
    assert row["train"] == pytest.approx(1 / 3)
    assert row["unseen"] == pytest.approx(3 / 3)
    assert row["nndr_train"] == pytest.approx(1 / 2)
    assert row["nndr_unseen"] == pytest.approx(3 / 4)


def test_quantiles_rise_and_ratios_are_at_most_one():
    """Distances by quantile do not fall; the nearest is never farther than the second."""
    rng = np.random.default_rng(5)
    found = privacy.closeness(*(population(n, rng) for n in (80, 60, 60)), SCHEMA, rng).quantiles
    assert len(found) == 21
    assert (found.diff().dropna() >= 0).all(axis=None)
    assert (found[["nndr_train", "nndr_unseen"]] <= 1).all(axis=None)


def test_copies_of_a_large_train_are_not_diluted_by_a_small_tune():
    """Five rows in a hundred copied from train count in full where few unseen rows are at hand."""
    rng = np.random.default_rng(1)
    train, unseen, batch = (population(rows, rng) for rows in (5000, 600, 2000))
    copied = table.stack([table.rows(batch, np.arange(1900)), table.rows(train, np.arange(100))])
    found = privacy.copies(copied, train, unseen)
    assert found.excess.value == pytest.approx(0.05)
    assert found.excess.lower > 0.02
