"""Linkability: links by hand and by a slow loop, and how often the interval holds the truth."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.quality.privacy import linkability
from stages.lib.quality.privacy.sides import Sides
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        **{name: Column(kind="number") for name in ("age", "pay", "debt")},
        "town": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw rows of independent columns, some values missing."""
    frame = pd.DataFrame(rng.standard_normal((rows, 3)), columns=["age", "pay", "debt"])
    frame.loc[rng.random(rows) < 0.1, "pay"] = np.nan
    return frame.assign(
        town=pd.Categorical(rng.choice(list("abcd"), rows)),
        rich=pd.Categorical(rng.choice(["yes", "no"], rows)),
    )


def sides(rng, size):
    """Draw members and as many others; no reference is needed."""
    return Sides(population(size, rng), population(size, rng), population(1, rng))


def test_links_by_hand():
    """A place that is third in one list and second in the other links from k = 3 on."""
    first = np.array([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]])
    second = np.array([[1, 9, 8, 7, 6], [9, 3, 8, 7, 6], [6, 7, 8, 9, 0]])
    # For k = 1 to 5: five of five, k = 3, 4 and 5, none.
    assert linkability.links(first, second) == pytest.approx([1, 3 / 5, 0])


def test_links_are_those_of_a_slow_loop():
    """Sets of the k nearest that share a member, for each k."""
    rng = np.random.default_rng(0)
    first, second = (np.array([rng.permutation(12)[:5] for _ in range(50)]) for _ in range(2))
    slow = [
        np.mean([bool(set(a[:k]) & set(b[:k])) for k in range(1, 6)])
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]
    assert linkability.links(first, second) == pytest.approx(slow)


def test_the_excess_by_hand():
    """Yes and no over rows is the interval of proportions of slightly fewer rows."""
    # 3 of 10 less 1 of 10; variances 2.1 / 9 and 0.9 / 9, so of = 10 · 0.3 / (3 / 9) = 9.
    members, others = np.repeat([1.0, 0.0], [3, 7]), np.repeat([1.0, 0.0], [1, 9])
    found = linkability.excess(members, others)
    assert found == linkability.intervals.proportion_difference(0.3 * 9, 9, 0.1 * 9, 9)


def test_copies_are_linked():
    """Members that are in the batch are linked, others hardly ever."""
    rng = np.random.default_rng(1)
    both = sides(rng, 200)
    batch = table.stack([population(300, rng), both.members])
    found = linkability.attack(batch, both, SCHEMA, rng)
    assert (found.gate, found.name, found.note) == ("privacy", "linkability", "200 targets")
    assert found.excess.lower > 0.3
    assert found.excess.value == pytest.approx(found.value - found.ceiling)


def test_same_seed_same_links():
    """The seed decides the halves."""
    both, batch = sides(np.random.default_rng(2), 80), population(200, np.random.default_rng(3))
    runs = [linkability.attack(batch, both, SCHEMA, np.random.default_rng(4)) for _ in range(2)]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("names", [("age", "pay"), ("town", "rich"), ("rich",)])
def test_columns_of_one_kind(names):
    """Two columns can be linked, of whatever kind; one cannot, which is told."""
    rng = np.random.default_rng(5)
    schema = Schema(columns={name: SCHEMA.columns[name] for name in names})
    found = linkability.attack(population(40, rng), sides(rng, 30), schema, rng)
    assert np.isnan(found.value) == (len(names) == 1)


def test_too_few_rows_are_untold():
    """Of ten rows nothing is told."""
    rng = np.random.default_rng(6)
    found = linkability.attack(population(100, rng), sides(rng, 10), SCHEMA, rng)
    assert np.isnan(found.value) and found.excess.method.startswith("fewer than 20 rows")


@pytest.mark.parametrize(("members", "others"), [(0.05, 0.05), (0.3, 0.05), (0.4, 0.4)])
def test_coverage(members, others):
    """The interval over rows holds the true difference of mean success."""
    rng = np.random.default_rng(7)
    hits, simulations, size = 0, 1_500, 200

    def linked(rate):
        # As in the attack, several tries for each row, and rows that are linked in all of them.
        tries = rng.random((size, 3)) < np.where(rng.random((size, 1)) < 0.5, rate, 0) * 2
        return (tries * rng.integers(1, 6, (size, 3)) / 5).mean(axis=1)

    truth = (min(2 * members, 1) - min(2 * others, 1)) / 2 * 0.6
    for _ in range(simulations):
        found = linkability.excess(linked(members), linked(others))
        hits += found.lower <= truth <= found.upper
    assert 0.93 <= hits / simulations <= 0.97
