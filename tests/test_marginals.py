"""Columns: each distance by hand and against other libraries, and missing values."""

import warnings

import numpy as np
import pandas as pd
import pytest
from population import SCHEMA, population
from scipy.stats import ks_2samp, wasserstein_distance

from stages.lib.quality.fidelity import marginals
from stages.lib.quality.fidelity.coded import Coded
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Schema

NAN = float("nan")


def line(*values):
    """Return two tables of one number each, coded together."""
    both = np.concatenate(values).astype(float)[:, None]
    every = Coded.over(both, np.empty((len(both), 0), int), [], ["n"])
    return [every.take(part) for part in np.split(np.arange(len(both)), [len(values[0])])]


def test_ks_is_scipys():
    """The statistic equals scipy's, ties and unequal sizes included."""
    rng = np.random.default_rng(0)
    for seed in range(20):
        one, other = rng.integers(0, 9, 30 + seed), rng.integers(1, 12, 50)
        expected = pytest.approx(ks_2samp(one, other).statistic)
        assert marginals.ks(one.astype(float), other.astype(float)) == expected
        assert marginals.distances(*line(one, other)) == expected


def test_ks_puts_missing_values_below_all_others():
    """Half of one sample is missing, a quarter of the other: they differ by a quarter there."""
    # Below everything: 2/4 against 1/4. At 1: 3/4 against 1/4, the greatest difference. At 2: 1, 1.
    one, other = np.array([NAN, NAN, 1, 2]), np.array([NAN, 2, 2, 2])
    assert marginals.ks(one, other) == 0.5
    assert marginals.distances(*line(one, other)) == 0.5
    assert marginals.ks(np.array([NAN, 2]), np.array([2.0, 2])) == 0.5
    assert marginals.ks(np.array([NAN, NAN]), np.array([NAN])) == 0


def test_total_variation_by_hand():
    """Half of |1/2 - 1/4| + |1/2 - 1/2| + |0 - 1/4| is 1/4, in either order."""
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    assert marginals.total_variation(one, other, 3) == 0.25
    assert marginals.total_variation(other, one, 3) == 0.25


def test_distances_are_those_of_sdmetrics():
    """Each is 1 less the score that sdmetrics gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says on import is not ours
        from sdmetrics.single_column import KSComplement, TVComplement
    rng = np.random.default_rng(1)
    one, other = population(80, rng), population(130, rng)
    every = Coded.of(table.stack([one, other]), SCHEMA)
    found = marginals.distances(every.take(np.arange(80)), every.take(80 + np.arange(130)))
    theirs = [KSComplement.compute(other[name], one[name]) for name in ("n0", "n1", "n2")]
    theirs += [
        TVComplement.compute(other[name].astype(str), one[name].astype(str))
        for name in ("c0", "c1", "c2")
    ]
    assert found == pytest.approx(1 - np.array(theirs))


def test_wasserstein_by_hand():
    """The mass that moves, times how far, over the range of the real values."""
    # Real 0 2 4 10, made 0 2 4 20: a quarter moves by 10, so 2.5 of a range of 10. A missing one
    # on either side has no place to move from or to.
    assert marginals.wasserstein(*line([0, 2, 4, 20], [0, 2, 4, 10])) == pytest.approx(0.25)
    found = marginals.wasserstein(*line([0, 2, 4, 20, NAN], [NAN, NAN, 0, 2, 4, 10]))
    assert found == pytest.approx(0.25)


def test_wasserstein_is_scipys():
    """On random samples of unequal sizes, with ties, it is scipy's over the range."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        made, real = rng.integers(0, 30, 40) / 7, rng.integers(5, 40, 60) / 7
        expected = wasserstein_distance(made, real) / np.ptp(real)
        assert marginals.wasserstein(*line(made, real)) == pytest.approx(expected)


@pytest.mark.parametrize("made", [[NAN, NAN], [3, 3], [3, 4]])
@pytest.mark.parametrize("real", [[NAN, NAN], [3, 3]])
def test_wasserstein_without_a_range_is_untold(made, real):
    """Where real values are constant or missing there is nothing to scale by."""
    assert np.isnan(marginals.wasserstein(*line(made, real))).all()


def test_missing_values_are_those_of_sdmetrics():
    """The difference of a missing share is 1 less the score that sdmetrics gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sdmetrics.single_column import MissingValueSimilarity
    rng = np.random.default_rng(3)
    one, other = population(50, rng), population(70, rng)
    for frame, share in ((one, 0.1), (other, 0.4)):
        for name in ("n1", "c1"):
            frame[name] = frame[name].mask(rng.random(len(frame)) < share)
    every = Coded.of(table.stack([one, other]), SCHEMA)
    parts = [every.take(np.arange(50)), every.take(50 + np.arange(70))]
    found = np.abs(np.subtract(*(marginals.missing(part) for part in parts)))
    theirs = [MissingValueSimilarity.compute(other[name], one[name]) for name in every.names]
    assert found == pytest.approx(1 - np.array(theirs))
    assert found[1] > 0.1 < found[4]


def test_missing_category_is_a_level():
    """A missing category counts as one more value of its column, and a missing number has none."""
    frame = pd.DataFrame({"n": [1.0, NAN], "c": pd.Categorical(["a", None])})
    schema = Schema(
        columns={"n": Column(kind="number"), "c": Column(kind="category", role="target")}
    )
    found = Coded.of(frame, schema)
    assert found.codes.ravel().tolist() == [1, 0]
    assert found.steps.ravel().tolist() == [1, 0]
    assert found.levels == [2]
    assert found.names == ["n", "c"]
    assert marginals.missing(found).tolist() == [0.5, 0.5]
