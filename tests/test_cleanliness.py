"""Suspiciously clean columns: what is found, and that real rows give no finding."""

import numpy as np
import pytest
from population import SCHEMA, population

from stages.lib.quality.fidelity.cleanliness import findings, repeats
from stages.lib.quality.fidelity.coded import Coded
from stages.lib.tables import schema, table

NAN = float("nan")


def parts(*frames, declared=SCHEMA):
    """Return tables coded together."""
    every = Coded.of(table.stack(list(frames)), declared)
    ends = np.cumsum([len(frame) for frame in frames])
    return [every.take(own) for own in np.split(np.arange(ends[-1]), ends[:-1])]


def real_rows(rng):
    """Draw three tables with missing values, heavy tails and heaped numbers."""
    frames = []
    for _ in range(3):
        frame = population(800, rng)
        frame["n0"] = frame["n0"].mask(rng.random(800) < 0.05)
        frame["c0"] = frame["c0"].mask(rng.random(800) < 0.05)
        frame["n1"] = rng.standard_t(2, 800)
        frame["n2"] = np.where(rng.random(800) < 0.5, 40, frame["n2"])
        frames.append(frame)
    return frames


def test_real_rows_are_not_suspicious():
    """Real rows with missing values, outliers and heaps give no finding as a batch."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert findings(*parts(*real_rows(rng))) == []


def test_each_kind_of_cleanliness_is_told():
    """A batch without missing values, outliers and heaps is told of by column."""
    rng = np.random.default_rng(1)
    made, real, apart = real_rows(rng)
    made["n0"] = made["n0"].fillna(0)
    made["c0"] = made["c0"].fillna("a")
    made["n1"] = made["n1"].clip(-4, 4)
    made["n2"] = rng.normal(40, 5, 800)
    found = findings(*parts(made, real, apart))
    share = real["n0"].isna().mean()
    assert found[0] == f"n0: no missing value, where {share:.2%} of real rows have one"
    assert found[1].startswith("c0: no missing value")
    assert found[2].startswith("n1: no outlier, where ")
    assert found[3].startswith("n2: too smooth, two rows share a number in 0.00% of cases")
    assert len(found) == 4


def test_few_missing_values_may_be_lacking_by_chance():
    """Of 3 rows in 800 a sample may well have none."""
    rng = np.random.default_rng(2)
    made, real, apart = (population(800, rng) for _ in range(3))
    for frame in (real, apart):
        frame.loc[:2, "n0"] = NAN
    assert findings(*parts(made, real, apart)) == []


def test_repeats_by_hand():
    """Of 4 known numbers with two alike, 2 · 1 of 4 · 3 ordered pairs share one."""
    # Codes: 0 is missing, then counts 2 1 1. Shares 1/2 1/4 1/4: squares 3/8, cubes 5/32.
    chance, error = repeats(np.array([0, 0, 1, 1, 2, 3]), 5)
    assert chance == pytest.approx(2 / 12)
    assert error**2 == pytest.approx(4 / 4 * (5 / 32 - 9 / 64) + 2 / 16 * 3 / 8)
    assert repeats(np.array([0, 0, 1]), 2) == (0, 0)


def test_error_of_repeats_is_how_they_vary():
    """Over many samples the standard error is the spread of the estimate."""
    rng = np.random.default_rng(3)
    share = np.array([0.4, 0.2, 0.1] + [0.03] * 10)
    draws = [repeats(rng.choice(13, 200, p=share) + 1, 14) for _ in range(1500)]
    chances, errors = np.transpose(draws)
    assert chances.mean() == pytest.approx((share**2).sum(), rel=0.02)
    assert np.sqrt((errors**2).mean()) == pytest.approx(chances.std(), rel=0.1)


def test_unseen_rows_of_adult_are_not_suspicious():
    """Real rows offered as a batch give no finding, over 20 seeds and small and large tables."""
    declared = schema.load("data/schema.yaml")
    real = table.read("data/adult.csv.gz", declared)[declared.modelled].drop_duplicates()
    every = Coded.of(real, declared)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(real))
        for size in (300, 3_000, 9_000):
            drawn = (every.take(order[start * size :][:size]) for start in range(3))
            assert findings(*drawn) == []
