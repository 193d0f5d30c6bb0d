"""The curve's choice, plateau and shape, on runs built by hand."""

import numpy as np
import pytest

from stages.lib import curve
from stages.lib.curve import Point
from stages.lib.intervals import Estimate
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


def test_best_model_of_each_ratio_on_tune():
    """At every ratio the model that does best on tune stands; ratios rise."""
    points = {
        (0.5, "a"): {"tune": runs(0.9)},
        (0.5, "b"): {"tune": runs(0.8)},
        (0.25, "a"): {"tune": runs(0.7)},
        (0.25, "b"): {"tune": runs(0.8)},
    }
    found = curve.best_models(points, "a")
    assert [(point.ratio, point.model) for point in found] == [(0.25, "b"), (0.5, "a")]


def test_without_synthetic_rows_the_baselines_model_stands():
    """At ratio 0 the model is cross-validation's, not the best on tune."""
    points = {(0, "a"): {"tune": runs(0.7)}, (0, "b"): {"tune": runs(0.9)}}
    (point,) = curve.best_models(points, "a")
    assert point.model == "a"
    assert point.scores["tune"].mean == 0.7


def test_poisoned_holdout_changes_nothing():
    """No score on the holdout enters the choice of a model or of a ratio."""

    def outcome(poison):
        rng = np.random.default_rng(0)
        points = {}
        for ratio in (0, 0.25, 0.5):
            for model in ("a", "b"):
                tune = runs(0.7 + ratio / 10 + (model == "b") / 100, 0.01 * ratio)
                held = runs(rng.random() * 1e6 if poison else 0.7)
                points[ratio, model] = {"tune": tune, "holdout": held}
        choice = curve.choose(curve.best_models(points, "a"))
        return (
            choice.chosen.ratio,
            choice.chosen.model,
            choice.best.ratio,
            choice.plateau,
            choice.shape,
            choice.fall_below,
            choice.fall_above,
            choice.at_edge,
        )

    assert outcome(poison=True) == outcome(poison=False)


@pytest.mark.parametrize(
    ("lower", "upper", "ratio", "expected"),
    [
        (0.01, 0.03, 0.25, "helps"),
        (-0.01, 0.03, 0.25, "no difference shown"),
        (0.0, 0.03, 0.25, "no difference shown"),
        (-0.03, -0.01, 0.25, "hurts"),
        (-0.03, 0.0, 0.25, "no difference shown"),
        (0.01, 0.03, 0, "no difference shown"),
    ],
)
def test_verdict(lower, upper, ratio, expected):
    """Only an interval on one side of 0 shows anything, and nothing was added at ratio 0."""
    gain = Estimate((lower + upper) / 2, lower, upper, 0.01, "t over rows")
    assert curve.verdict(gain, ratio) == expected
