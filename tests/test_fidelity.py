"""The gate of fidelity: what it draws, puts together, and says of too few rows."""

import math

import numpy as np
import pandas as pd
import pytest
from population import SCHEMA, population

from stages.lib.measure import FEWEST
from stages.lib.quality.fidelity import comparison

TABLES = {
    "columns": [
        "column", "distance", "ceiling", "wasserstein", "missing", "missing_real", "giveaway",
    ],
    "pairs": ["left", "right", "difference", "ceiling"],
    "tails": ["column", "cell", "real", "share", "ceiling"],
}  # fmt: skip


def compare(made, real, apart, rng):
    """Return what was found, and the measures by name."""
    found = comparison.compare(made, real, apart, SCHEMA, rng)
    return found, {one.name: one for one in found.measures}


def test_all_measures_and_tables_are_there():
    """Every measure is told in its place, and each column with what gave the batch away."""
    rng = np.random.default_rng(0)
    found, measures = compare(*(population(rows, rng) for rows in (80, 60, 90)), rng)
    assert list(measures) == list(comparison.NAMES)
    assert {name: list(told) for name, told in found.tables.items()} == TABLES
    assert found.tables["columns"]["column"].tolist() == ["n0", "n1", "n2", "c0", "c1", "c2"]
    assert len(found.tables["pairs"]) == 15


def test_samples_are_matched_in_size(monkeypatch):
    """The batch is cut to the size of train, or train to its, and every table to the cap."""
    drawn = []

    def seen(*frames_and_more):
        drawn.append([len(frame) for frame in frames_and_more[:3]])
        return comparison.Findings([], {"columns": pd.DataFrame({"column": []})}, [])

    monkeypatch.setattr(comparison, "CAP", 70)
    monkeypatch.setattr(comparison.distributions, "compare", seen)
    monkeypatch.setattr(comparison.manifold, "compare", lambda *_: [])
    nothing = pd.DataFrame({"column": [], "giveaway": []})
    monkeypatch.setattr(comparison.discriminator, "compare", lambda *_: ([], nothing))
    rng = np.random.default_rng(1)
    for sizes in ((90, 60, 80), (40, 60, 50), (90, 90, 90)):
        compare(*(population(rows, rng) for rows in sizes), rng)
    assert drawn == [[60, 60, 70], [40, 40, 50], [70, 70, 70]]


@pytest.mark.parametrize("short", [0, 1, 2])
def test_too_few_rows_tell_nothing(short):
    """With 19 rows of the batch, train or tune the excess may be anything, and says why."""
    rng = np.random.default_rng(11)
    sizes = [60, 60, 60]
    sizes[short] = FEWEST - 1
    found, measures = compare(*(population(rows, rng) for rows in sizes), rng)
    assert list(measures) == list(comparison.NAMES)
    for one in measures.values():
        assert all(map(math.isnan, (one.value, one.ceiling, one.excess.value)))
        assert (one.excess.lower, one.excess.upper) == (-1, 1)
        assert one.excess.method == "19 rows, too few to tell"
    assert {name: list(told) for name, told in found.tables.items()} == TABLES
    assert all(told.empty for told in found.tables.values())


def test_enough_rows_tell_something():
    """Twenty rows of each are compared; pairs and tails need more that differ."""
    rng = np.random.default_rng(12)
    _, measures = compare(*(population(20, rng) for _ in range(3)), rng)
    for name in comparison.distributions.NAMES:
        thin = name in ("associations", "worst_pair", "tails")
        assert math.isnan(measures[name].excess.value) == thin
