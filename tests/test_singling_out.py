"""Singling out: predicates by hand, copies that are found, and chance that is not blamed."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.quality.privacy import singling_out
from stages.lib.quality.privacy.sides import Sides
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Schema

NUMBERS = ("age", "pay", "debt")
LABELS = ("town", "job", "rich")
SCHEMA = Schema(
    columns={
        **{name: Column(kind="number") for name in NUMBERS},
        **{name: Column(kind="category") for name in LABELS[:-1]},
        "rich": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw rows of three numbers, one of them with few values, and three categories."""
    wealth = rng.standard_normal(rows)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows).astype(float),
            "pay": np.where(rng.random(rows) < 0.1, np.nan, wealth.round(1)),
            "debt": (wealth + rng.standard_normal(rows)).round(1),
            "town": pd.Categorical(rng.choice(list("abcdef"), rows)),
            "job": pd.Categorical(rng.choice(list("klmno"), rows)),
            "rich": pd.Categorical(np.where(wealth > 1, "yes", "no")),
        }
    )


def sides(rng, size):
    """Draw members and as many others; no reference is needed."""
    members, others = population(size, rng), population(size, rng)
    return Sides(members, others, population(1, rng))


def copying(made, members, count, rng):
    """Put `count` random rows of the members in the place of made ones."""
    kept = table.rows(made, np.arange(len(made) - count))
    return table.stack([kept, table.rows(members, rng.permutation(len(members))[:count])])


def test_univariate_predicates_by_hand():
    """Values of one row, and what lies beyond the extremes, that one real row has."""
    # Batch 0 1 1 5: asked are 0, 5, below 0 and above 5. Members 0 0 9 5: two, the fourth, none,
    # the third. Others 5 1 9 9: none, the first, none, two.
    codes = np.array([[0, 1, 1, 5, 0, 0, 9, 5, 5, 1, 9, 9]]).T
    found = singling_out.univariate(codes, 4, np.array([True]))
    assert found.tolist() == [[-1, -1], [3, 0], [-1, -1], [2, -1]]
    labels = singling_out.univariate(codes, 4, np.array([False]))
    assert labels.tolist() == [[-1, -1], [3, 0]]


def test_what_is_missing_lies_beyond_nothing():
    """A missing value is asked for by itself, and is no extreme."""
    codes = np.array([[-1, 3, 3, -1, 2, 2, 1, 1]]).T  # batch, then two members and two others...
    found = singling_out.univariate(codes, 4, np.array([True]))
    assert found.tolist() == [[-1, -1], [-1, -1]]


def test_multivariate_predicates_are_those_of_a_slow_count():
    """Of two columns, all combinations that one row of the batch has are asked for and counted."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (60, 2))
    asked = singling_out.multivariate(codes, 20, 1000, rng)
    made, *real = (list(map(tuple, part)) for part in np.split(codes, [20, 40]))
    slow = []
    for names in ([0], [1], [0, 1]):
        short = [[tuple(row[n] for n in names) for row in part] for part in (made, *real)]
        for one in sorted(set(short[0])):
            if short[0].count(one) == 1:
                slow.append([p.index(one) if p.count(one) == 1 else -1 for p in short[1:]])
    assert sorted(asked.tolist()) == sorted(slow)


def test_cells_of_numbers_by_hand():
    """Numbers are told by the batch's quantiles; rows of the batch in the same cells are one."""
    schema = Schema(columns={"age": Column(kind="number"), "town": Column(kind="category")})
    frame = pd.DataFrame(
        {
            "age": [0.0, 10, 10.01, 20, np.nan, 20.5],
            "town": pd.Categorical(["a", "b", "b", "b", None, "a"]),
        }
    )
    codes = singling_out.encode(frame, 4, schema)
    # Cuts at twentieths of 0, 10, 10.01, 20: both tens lie above the same ones, but 10.01 is one.
    assert codes.made == 4
    assert codes.cell[0].tolist() == [0, 0]
    assert codes.cell[-2].tolist() == [-1, -1]
    assert codes.cell[-1].tolist() == [codes.cell[3, 0], 0]
    assert codes.exact[:, 0].tolist() == [0, 1, 2, 3, -1, 4]
    twice = singling_out.encode(table.rows(frame, np.array([0, 0, 1, 3, 4, 5])), 4, schema)
    assert twice.made == 3


def test_copies_are_singled_out():
    """Members that are in the batch are singled out far more often than others."""
    rng = np.random.default_rng(1)
    both = sides(rng, 400)
    batch = copying(population(800, rng), both.members, 400, rng)
    found = singling_out.attack(batch, both, SCHEMA, rng)
    assert (found.gate, found.name) == ("privacy", "singling_out")
    assert found.note.endswith("predicates")
    assert found.excess.lower > 0.02
    assert found.excess.value == pytest.approx(found.value - found.ceiling)


def test_copies_that_repeat_are_singled_out():
    """A row that the batch holds many times is still the description of one person."""
    rng = np.random.default_rng(2)
    both = sides(rng, 300)
    batch = table.stack([both.members] * 5)
    assert singling_out.attack(batch, both, SCHEMA, rng).excess.lower > 0.3


def test_same_seed_same_predicates():
    """The seed decides what is asked."""
    both = sides(np.random.default_rng(3), 100)
    batch = population(500, np.random.default_rng(4))
    runs = [
        singling_out.attack(batch, both, SCHEMA, np.random.default_rng(seed)) for seed in (5, 5)
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("names", [NUMBERS, LABELS])
def test_columns_of_one_kind(names):
    """Tables of numbers alone or categories alone, also with one level, crash nothing."""
    rng = np.random.default_rng(6)
    schema = Schema(columns={name: SCHEMA.columns[name] for name in names})
    both = Sides(*(side.assign(town=pd.Categorical(["a"] * len(side))) for side in sides(rng, 60)))
    found = singling_out.attack(population(100, rng), both, schema, rng)
    assert -1 <= found.excess.lower <= found.excess.upper <= 1


def test_too_few_rows_are_untold():
    """Of ten rows nothing is told."""
    rng = np.random.default_rng(7)
    found = singling_out.attack(population(10, rng), sides(rng, 100), SCHEMA, rng)
    assert np.isnan(found.value) and found.excess.method.startswith("fewer than 20 rows")


@pytest.mark.parametrize("copied", [0, 30])
def test_coverage(copied):
    """With and without copies the interval holds what other samples show on average."""
    simulations, found = 150, []
    for seed in range(simulations):
        rng = np.random.default_rng(seed)
        both = sides(rng, 200)
        batch = copying(population(400, rng), both.members, copied, rng)
        found.append(singling_out.attack(batch, both, SCHEMA, rng).excess[:3])
    value, lower, upper = np.array(found).T
    truth = value.mean() if copied else 0.0
    hits = ((lower <= truth) & (truth <= upper)).mean()
    assert hits >= 0.925  # Monte-Carlo error 1.8 points
    if not copied:
        assert (lower > 0).mean() <= 0.05
