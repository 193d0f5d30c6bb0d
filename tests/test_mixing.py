"""Mixes: how many rows of which kind, and which."""

import pytest

from stages.lib import mixing
from stages.lib.errors import ParamsError


@pytest.mark.parametrize(
    ("ratio", "policy", "expected"),
    [
        (0, "add", (300, 0)),
        (0.25, "add", (300, 100)),  # 100 / 400
        (0.5, "add", (300, 300)),
        (0.9, "add", (300, 2700)),  # 2700 / 3000
        (0, "replace", (300, 0)),
        (0.25, "replace", (225, 75)),  # 75 / 300
        (0.9, "replace", (30, 270)),
    ],
)
def test_counts(ratio, policy, expected):
    """The ratio is the synthetic part of all rows, under both policies."""
    assert mixing.counts(ratio, 300, policy) == expected


def test_add_keeps_every_real_row():
    """Policy add takes all real rows once, in their order, and synthetic ones behind them."""
    drawn = mixing.draw(0.25, 300, 500, "add", seed=3)
    assert drawn[:300].tolist() == list(range(300))
    assert len(set(drawn[300:])) == 100
    assert min(drawn[300:]) >= 300 and max(drawn) < 800


def test_replace_holds_the_total():
    """Policy replace keeps as many rows as there were, and repeats none."""
    drawn = mixing.draw(0.25, 300, 500, "replace", seed=3)
    assert len(drawn) == len(set(drawn)) == 300
    assert (drawn < 300).sum() == 225


@pytest.mark.parametrize("policy", ["add", "replace"])
def test_smaller_mix_is_inside_the_larger(policy):
    """The synthetic rows of a smaller ratio are among those of a larger one, the real ones too."""
    small, large = (set(mixing.draw(ratio, 300, 500, policy, seed=5)) for ratio in (0.1, 0.4))
    assert {place for place in small if place >= 300} < {place for place in large if place >= 300}
    assert {place for place in large if place < 300} <= {place for place in small if place < 300}


def test_seed_decides_the_draw():
    """The same seed draws the same rows, another seed others."""
    first, again, other = (mixing.draw(0.25, 9, 99, "add", seed=s).tolist() for s in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("ratio", [-0.1, 1, 1.5])
def test_ratio_out_of_range(ratio):
    """A number that is no ratio is told with where it stands."""
    with pytest.raises(ParamsError, match=rf"`blend.ratio` {ratio:g} is not a ratio; expected 0"):
        mixing.check([0.5, ratio], 300, 5000, "add", "blend.ratio")


def test_more_rows_than_there_are():
    """A ratio that needs more synthetic rows than were admitted says how many it needs."""
    mixing.check([0, 0.25], 300, 100, "add", "sweep.ratios")
    with pytest.raises(ParamsError, match="0.9 needs 2,700 synthetic rows beside 300 real ones"):
        mixing.check([0.25, 0.9], 300, 2699, "add", "sweep.ratios")


def test_replace_counts_the_real_rows_that_stay():
    """Policy replace needs fewer rows, and its message speaks of the total it holds."""
    mixing.check([0.9], 300, 270, "replace", "sweep.ratios")
    with pytest.raises(ParamsError, match="0.9 needs 270 synthetic rows"):
        mixing.check([0.9], 300, 269, "replace", "sweep.ratios")
