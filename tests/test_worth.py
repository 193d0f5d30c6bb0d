"""What synthetic rows are worth in real ones: by hand, and how often the interval holds it."""

import numpy as np
import pytest

from stages.lib.ratios.worth import worth
from stages.lib.runs import Runs

NOISE = np.array([1.0, -1, 1, -1])
HALF = 3.182446 / np.sqrt(3)  # half a width of the interval of a mean with influences ±1 of 4 rows


def runs(*values, noise=0.0):
    """Return runs with one value per seed on four rows, whose noise moves the score so much."""
    return Runs(np.array(values, float), np.tile(noise / HALF * NOISE, (len(values), 1)))


def test_between_two_sizes_by_hand():
    """100 rows score 0.03 less and 400 rows 0.01 more than the mix, each give or take 0.005."""
    # Straight in the logarithm, the difference is 0 at 3/4 of the way: 100 · 4^0.75 = 282.843.
    # Its upper bound is 0 where it is -0.005, at 5/8 of the way, 100 · 4^0.625 = 237.841; its
    # lower one where it is 0.005, at 7/8 of the way, 100 · 4^0.875 = 336.359.
    found = worth([(400, runs(0.81)), (100, runs(0.77))], runs(0.80, noise=0.005), 100)
    assert found[:3] == pytest.approx((182.843, 137.841, 236.359), abs=1e-3)
    assert "100 to 400 real rows" in found.method


def test_a_mix_that_is_worse_than_real_rows_alone():
    """Fewer real rows than those at hand do as well: the number is below 0."""
    found = worth([(100, runs(0.77)), (400, runs(0.81))], runs(0.80, noise=0.005), 400)
    assert found[:3] == pytest.approx((-117.157, -162.159, -63.641), abs=1e-3)


def test_real_rows_alone_are_worth_nothing():
    """A mix without a synthetic row is worth 0 rows, without a doubt where scores say so."""
    learned = [(150, runs(0.7)), (300, runs(0.8, noise=0.1)), (600, runs(0.9))]
    learned = [(size, runs(own.mean, noise=0.02)) for size, own in learned]
    assert worth(learned, learned[1][1], 300)[:3] == (0, 0, 0)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.9, (None, 300, None)),  # better than all that was measured: at least 300
        (0.6, (None, None, 0)),  # worse than all that was measured: at most 0
        # The difference -0.039 + 0.04 a is 0 at a = 0.975, its upper bound at a = 0.85, and its
        # lower one is below 0 all the way: 100 · 4^0.975 = 386.375, 100 · 4^0.85 = 324.901.
        (0.809, (286.375, 224.901, None)),
        # -0.001 + 0.04 a: 100 · 4^0.025 = 103.526, 100 · 4^0.15 = 123.114.
        (0.771, (3.526, None, 23.114)),
    ],
)
def test_ends_outside_of_the_sizes_are_open(score, expected):
    """Nothing is said of sizes that nobody measured."""
    found = worth([(100, runs(0.77)), (400, runs(0.81))], runs(score, noise=0.005), 100)
    for end, wanted in zip(found, expected, strict=False):
        assert end is None if wanted is None else end == pytest.approx(wanted, abs=1e-3)


def test_one_size_tells_the_side():
    """Where no curve was measured, a mix shown better is worth at least 0 rows."""
    assert worth([(100, runs(0.7))], runs(0.8, noise=0.05), 100)[:3] == (None, 0, None)
    assert worth([(100, runs(0.9))], runs(0.8, noise=0.05), 100)[:3] == (None, None, 0)
    assert worth([(100, runs(0.8))], runs(0.81, noise=0.05), 100)[:3] == (None, None, None)


def test_the_noise_of_few_rows_does_not_open_the_interval():
    """What is shown of the rows at hand is so of fewer too: a mix that is better is worth some."""
    # 50 rows are 0.03 behind the mix, give or take 0.05; 100 rows 0.03, give or take 0.005; 400
    # rows 0.01 ahead. With 100 rows at hand the lower end is that of the first test.
    learned = [(50, runs(0.77, noise=0.05)), (100, runs(0.77)), (400, runs(0.81))]
    mix = runs(0.80, noise=0.005)
    assert worth(learned, mix, 100).lower == pytest.approx(137.841, abs=1e-3)
    assert worth(learned, mix, 90).lower is None
    # 100 rows shown better: 400 rows, which noise leaves open, do not open it upwards.
    learned = [(50, runs(0.77)), (100, runs(0.81)), (400, runs(0.81, noise=0.05))]
    assert worth(learned, mix, 100).upper < 0
    assert worth(learned, mix, 90).upper is None


def test_a_curve_that_dips_is_pooled():
    """Two sizes out of order count as one level, and the value is where that level is left."""
    # Differences -0.03, -0.01, -0.03, +0.02; the middle two become -0.02, half of the way to 0.02.
    learned = [(100, runs(0.77)), (200, runs(0.79)), (400, runs(0.77)), (800, runs(0.82))]
    found = worth(learned, runs(0.80, noise=0.015), 100)
    assert found.rows == pytest.approx(400 * np.sqrt(2) - 100)


def test_runs_with_fewer_seeds_are_paired_with_the_first():
    """A size that has two seeds is compared with the first two of the mix."""
    learned = [(100, runs(0.7, 0.7, 0.7)), (400, runs(0.9, 0.9))]
    found = worth(learned, runs(0.8, 0.8, 0.2), 100)
    # At 100 rows the mix has 0.6 over its three seeds, at 400 rows 0.8 over the first two.
    assert found.rows is None
    assert worth(learned, runs(0.8, 0.8, 0.8), 100).rows == pytest.approx(100)


def test_a_score_that_is_not_a_number_says_nothing():
    """Sizes without a score are left out; without any, nothing is said."""
    learned = [(50, runs(np.nan)), (100, runs(0.77)), (400, runs(0.81))]
    mix = runs(0.80, noise=0.005)
    assert worth(learned, mix, 100) == worth(learned[1:], mix, 100)
    assert worth(learned[:1], mix, 100)[:3] == (None, None, None)
    assert worth(learned, runs(np.nan), 100)[:3] == (None, None, None)


SIZES = (75, 150, 300, 600, 1200, 2400)


def drawn(rng, more, seeds, *, rise, seed=0.003):
    """Draw a learning curve and a mix that is worth so many real rows more than 300.

    Every score varies with the scored rows (most of it shared by all models, some of it growing
    with the size, some of each size alone), with the seed, and with both; at 300 rows, which no
    seed draws, with the rows alone.
    """
    rows = 120
    shared, tilt = 0.3 * rng.standard_normal(rows), 0.01 * rng.standard_normal(rows)

    def scores(size, own, count, seed):
        rest = 0.03 * rng.standard_normal((count, rows)) + 0.04 * rng.standard_normal(rows)
        each = -rise * size**-0.4 + shared + own + rest + seed * rng.standard_normal((count, 1))
        return Runs(each.mean(axis=1), each - each.mean(axis=1)[:, None])

    learned = [
        (
            size,
            scores(
                size,
                tilt * np.log(size / 300),
                min(seeds, max(6_000 // size, 4)),
                seed * (size != 300),
            ),
        )
        for size in SIZES
    ]
    return worth(learned, scores(300 + more, 0, seeds, seed), 300)


def holds(found, more):
    """Return whether an interval holds a number; an open end reaches as far as it likes."""
    low, high = -np.inf if found.lower is None else found.lower, found.upper
    return low <= more <= (np.inf if high is None else high)


@pytest.mark.slow
@pytest.mark.parametrize(("more", "seeds"), [(300, 5), (124, 10), (-100, 5), (0, 3)])
def test_coverage_where_the_curve_is_steep(more, seeds):
    """The interval holds the true number in 95 % of simulations, give or take two points."""
    rng = np.random.default_rng(3)
    simulations = 600  # Monte-Carlo error 0.9 points
    hits = [holds(drawn(rng, more, seeds, rise=0.9), more) for _ in range(simulations)]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02 + 0.009)


def test_where_the_curve_is_flat_the_ends_are_open():
    """Where more real rows do not help, no number of them is told from another."""
    rng = np.random.default_rng(4)
    found = [drawn(rng, 0, 5, rise=0.0) for _ in range(100)]
    both = [one.lower is None and one.upper is None for one in found]
    assert np.mean(both) > 0.88
    assert np.mean([one.lower is None or one.upper is None for one in found]) > 0.97
