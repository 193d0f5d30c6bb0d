"""The curve's choice, plateau and shape, on runs built by hand."""

import numpy as np
import pytest

from stages.lib.intervals import Estimate
from stages.lib.mixes import curve
from stages.lib.mixes.curve import Point
from stages.lib.runs import Runs

NOISE = np.array([1.0, -1, 1, -1])


def runs(mean, own=0.0):
    """Return runs of one seed on four rows; the part `own` of each row's noise is not shared."""
    # The difference of two has influences ± d with d the difference of their `own`, so a
    # standard error of sqrt(d² · 4/3 / 4) = d / sqrt(3), and bounds at 3.182446 times that.
    return Runs(np.array([mean]), (10 + own) * NOISE[None, :])


def line(*means, own=None):
    """Return a curve of tune scores; the holdout says the contrary."""
    own = own or [0.0] * len(means)
    return [
        Point(place / 10, "model", {"tune": runs(mean, noise), "holdout": runs(-mean, noise)})
        for place, (mean, noise) in enumerate(zip(means, own, strict=True))
    ]


def test_smallest_ratio_within_one_standard_error():
    """Ratio 0.1 is 0.02 behind with a standard error of 0.0202, ratio 0 is 0.03 behind."""
    found = curve.choose(line(0.80, 0.81, 0.83, 0.79, own=[0.035, 0.035, 0, 0.035]))
    assert 0.035 / np.sqrt(3) == pytest.approx(0.0202, abs=1e-4)
    assert found.chosen.ratio == 0.1
    assert found.best.ratio == 0.2
    assert found.fall_below == pytest.approx(0.02)
    assert found.fall_above == pytest.approx(0.04)


def test_no_more_than_one_standard_error():
    """A hair more than one standard error behind is not chosen, though within the interval."""
    found = curve.choose(line(0.80, 0.83, own=[0.0519, 0]))  # standard error 0.02996 < 0.03
    assert found.chosen.ratio == 0.1
    assert found.plateau == [0.0, 0.1]
    assert curve.choose(line(0.80, 0.83, own=[0.0521, 0])).chosen.ratio == 0  # 0.03008


def test_plateau_holds_what_is_not_shown_worse():
    """Half a width of 3.182446 · 0.01 / sqrt(3) = 0.01837: 0.018 behind stays, 0.019 does not."""
    found = curve.choose(line(0.8, 0.782, 0.781, own=[0, 0.01, 0.01]))
    assert found.plateau == [0.0, 0.1]


@pytest.mark.parametrize(
    ("means", "shape"),
    [
        ((0.7, 0.8, 0.9), "rising"),
        ((0.9, 0.8, 0.7), "falling"),
        ((0.7, 0.9, 0.7), "peak"),
        ((0.8, 0.8, 0.8), "flat"),
        ((0.9, 0.7, 0.9), "flat"),  # neither end is shown worse than the best
    ],
)
def test_shape(means, shape):
    """A shape is named by which ends are shown worse than the best."""
    assert curve.choose(line(*means, own=[0.01, 0.02, 0.03])).shape == shape


def test_ends_inside_their_intervals_make_no_shape():
    """Ends that are lower by less than the interval's half width do not make a peak."""
    assert curve.choose(line(0.79, 0.8, 0.79, own=[0.02, 0, 0.02])).shape == "flat"


def test_best_at_the_largest_ratio_is_at_the_edge():
    """A best ratio at the end of the curve asks for larger ones; nothing is known beyond it."""
    found = curve.choose(line(0.7, 0.8, 0.9))
    assert found.at_edge
    assert found.fall_above is None
    assert found.fall_below == pytest.approx(0.1)
    found = curve.choose(line(0.9, 0.8))
    assert not found.at_edge
    assert found.fall_below is None


def test_one_point_is_chosen_and_no_edge():
    """Where only real rows were trained on, there is nothing to choose."""
    found = curve.choose(line(0.9))
    assert found.chosen.ratio == 0
    assert (found.at_edge, found.shape, found.plateau) == (False, "flat", [0.0])


def test_poisoned_holdout_changes_nothing():
    """No score on the holdout enters the choice of a ratio, or what is said of the curve."""
    points = line(0.80, 0.81, 0.83, 0.79, own=[0.035, 0.035, 0, 0.035])
    poisoned = [
        point._replace(scores={**point.scores, "holdout": runs(1e6 * (-1) ** place)})
        for place, point in enumerate(points)
    ]
    found, other = curve.choose(points), curve.choose(poisoned)
    assert found.chosen.ratio == other.chosen.ratio
    assert found.best.ratio == other.best.ratio
    assert found[2:] == other[2:]


def test_width_of_the_plateau():
    """A plateau is as wide as one can move from the best and meet no ratio shown worse."""
    own = [0.01] * 4 + [0, 0.01]
    found = curve.choose(line(0.8, 0.7, 0.79, 0.79, 0.8, 0.79, own=own))
    assert found.best.ratio == 0
    assert found.width == 0
    found = curve.choose(line(0.799, 0.7, 0.79, 0.79, 0.8, 0.79, own=own))
    assert found.plateau == [0, 0.2, 0.3, 0.4, 0.5]
    assert found.width == pytest.approx(0.3)  # 0.2 to 0.5: ratio 0 lies behind 0.1


@pytest.mark.parametrize(
    ("gain", "own", "ratio", "expected"),
    [
        ((0.01, 0.03), (0.01, 0.03), 0.25, "helps"),
        ((-0.01, 0.03), (0.01, 0.03), 0.25, "no difference shown"),
        ((0.0, 0.03), (0.01, 0.03), 0.25, "no difference shown"),
        ((0.01, 0.03), (0.0, 0.03), 0.25, "no difference shown"),  # earned by another model
        ((0.01, 0.03), (-0.03, -0.01), 0.25, "no difference shown"),
        ((-0.03, -0.01), (-0.03, -0.01), 0.25, "hurts"),
        ((-0.03, 0.0), (-0.03, -0.01), 0.25, "no difference shown"),
        ((0.01, 0.03), (0.01, 0.03), 0, "no difference shown"),  # real rows alone are taken
        ((-0.03, -0.01), (-0.03, -0.01), 0, "hurts"),  # so does the best mix that is not taken
    ],
)
def test_verdict(gain, own, ratio, expected):
    """Only intervals on one side of 0 show anything, and help must not be another model's."""
    found = [Estimate(sum(ends) / 2, *ends, 0.01, "t over rows") for ends in (gain, own)]
    assert curve.verdict(ratio, *found) == expected
