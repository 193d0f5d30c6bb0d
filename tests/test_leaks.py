"""Columns that nearly give the target away are named, and honest ones are not."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.tables.schema import Column
from stages.scaffold import leaks

RNG = np.random.default_rng(1)
NUMBER, CATEGORY = Column(kind="number"), Column(kind="category")


def suspects(target, kind, **features):
    """Return which features are suspected; each is its cells and what it is."""
    raw = pd.DataFrame(
        {name: pd.Series(cells).astype(str) for name, (cells, _) in features.items()}
    )
    raw["y"] = pd.Series(target).astype(str)
    columns = {name: column for name, (_, column) in features.items()}
    columns["y"] = Column(kind=kind, role="target")
    return leaks.suspects(raw.astype(object), columns, "y")


def test_of_a_number():
    """A part of a sum that makes up most of it is named; half of its variance is not enough."""
    most, little = RNG.gamma(2, 100, 3000), RNG.gamma(2, 15, 3000)
    half = most + RNG.normal(0, most.std(), 3000)
    found = suspects(most + little, "number", most=(most, NUMBER), half=(half, NUMBER))
    assert found == ["most"]


def test_of_a_number_by_a_category():
    """A grade that fixes the rate is named."""
    grade = RNG.integers(0, 12, 3000)
    rate = 5 + grade + RNG.normal(0, 0.2, 3000)
    assert suspects(rate, "number", grade=(grade, CATEGORY)) == ["grade"]


def test_of_classes():
    """A finer label gives the class away; a feature that is right nine times in ten does not."""
    label = RNG.integers(0, 3, 3000)
    fine = [f"{one}:{RNG.integers(0, 4)}" for one in label]
    often = np.where(RNG.random(3000) < 0.85, label, RNG.integers(0, 3, 3000))
    found = suspects(label, "category", fine=(fine, CATEGORY), often=(often, CATEGORY))
    assert found == ["fine"]


def test_rare_categories_are_no_leak():
    """Categories of a row each tell their row, and nothing of the next one."""
    label, noise = RNG.integers(0, 2, 400), RNG.normal(size=400)
    each = np.arange(400)
    assert suspects(label, "category", each=(each, CATEGORY)) == []
    assert suspects(noise, "number", each=(each, CATEGORY)) == []


def test_by_hand():
    """Of ten rows, four of the rarer class, a feature mends three of four errors: λ = 0.75."""
    truth = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1])
    groups = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    assert leaks._errors(truth, groups) == pytest.approx(0.75)
    # Values 0 and 0, 3 and 5: within the groups 2 on 2 degrees, about the mean 18 on 3: 1 - 1/6.
    assert leaks._variance(np.array([0.0, 0, 3, 5]), np.array([0, 0, 1, 1])) == pytest.approx(5 / 6)
