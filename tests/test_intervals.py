"""Intervals: by hand, against scipy, and how often they hold the truth."""

from functools import lru_cache

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from stages.lib import intervals

# Monte-Carlo error of a coverage of 95 % over 3,000 simulations: 0.4 points.
SIMULATIONS = 3_000


def crossed(rng, seeds, rows, *, row, seed, both):
    """Draw scores of rows under seeds from crossed random effects of mean 0."""
    return (
        row * rng.standard_normal((1, rows))
        + seed * rng.standard_normal((seeds, 1))
        + both * rng.standard_normal((seeds, rows))
    )


def over(scores):
    """Return the interval of a mean score, shape (seeds, rows)."""
    values = scores.mean(axis=1)
    return intervals.over_rows_and_seeds(values, scores - values[:, None])


def test_two_seeds_and_four_rows_by_hand():
    """The variance over rows and seeds is what the two-way analysis of variance gives."""
    # Seed means 2 and 5, value 3.5. Influences, and their mean over the seeds:
    #   -2 -1  1  2        -3 -1  1  3        mean -2.5 -1 1 2.5
    # by rows:  (6.25 + 1 + 1 + 6.25) / 3 / 4                         = 14.5 / 12 = 1.208333
    # by seeds: ((2 - 3.5)² + (5 - 3.5)²) / 1 / 2                     = 4.5 / 2   = 2.25
    # both: residuals ±0.5, 0, 0, ±0.5, so 4 · 0.25 / (1 · 3) / (2 · 4)           = 0.0416667
    # variance 1.208333 + 2.25 - 0.0416667 = 3.4166667
    values = np.array([2.0, 5.0])
    influence = np.array([[-2.0, -1, 1, 2], [-3.0, -1, 1, 3]])
    found = intervals.over_rows_and_seeds(values, influence)
    assert found.value == 3.5
    assert found.se == pytest.approx(np.sqrt(41 / 12))
    assert found.upper - found.value == pytest.approx(found.value - found.lower)
    assert found.method == "t over rows and seeds"


def test_seeds_that_agree_add_no_variance():
    """Where seeds differ less than chance would have it, only the rows' variance is left."""
    # Seed means are equal: by seeds 0, less than both = 4 · 1 / 3 / 8. By rows: means -1 0 0 1.
    influence = np.array([[-2.0, -1, 1, 2], [0.0, 1, -1, 0]])
    found = intervals.over_rows_and_seeds(np.array([1.0, 1.0]), influence)
    assert found.se == pytest.approx(np.sqrt(2 / 3 / 4))


def test_no_difference_at_all_has_an_interval_of_one_point():
    """Two equal models differ by 0, and nothing is divided by 0."""
    found = intervals.over_rows_and_seeds(np.zeros(3), np.zeros((3, 5)))
    assert found[:4] == (0, 0, 0, 0)


def test_one_seed_is_the_t_interval_of_a_mean():
    """With one seed the interval is Student's for the mean of the rows."""
    scores = np.array([[0.2, 0.9, 0.4, 0.4, 0.7, 1.3]])
    low, high = ttest_1samp(scores[0], 0).confidence_interval(0.95)
    found = over(scores)
    assert (found.lower, found.upper) == pytest.approx((low, high))
    assert found.method == "t over rows"


COMPONENTS = [  # standard deviations of rows, seeds, and rows within seeds
    (1.0, 0.0, 0.01),
    (1.0, 0.0, 1.0),
    (1.0, 0.13, 0.0),
    (1.0, 0.2, 1.0),
    (1.0, 0.3, 0.5),
    (1.0, 1.0, 1.0),
    (0.0, 0.3, 1.0),  # no row effect, as in a difference between two models of one kind
    (0.0, 0.13, 1.0),
    (0.3, 0.1, 1.0),
]


@pytest.mark.parametrize(("row", "seed", "both"), COMPONENTS)
def test_coverage_over_rows_and_seeds(row, seed, both):
    """The interval holds the true mean in 95 % of simulations, give or take two points."""
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(SIMULATIONS):
        found = over(crossed(rng, 5, 60, row=row, seed=seed, both=both))
        hits += found.lower <= 0 <= found.upper
    assert 0.93 <= hits / SIMULATIONS <= 0.97


def test_coverage_of_a_paired_difference():
    """Two models on the same rows and seeds: what they share drops out of the interval."""
    rng = np.random.default_rng(8)
    hits, narrower = 0, 0
    for _ in range(SIMULATIONS):
        shared = crossed(rng, 5, 60, row=1, seed=0.5, both=0.5)
        one = shared + crossed(rng, 5, 60, row=0.3, seed=0.1, both=0.2)
        other = shared + crossed(rng, 5, 60, row=0.3, seed=0.1, both=0.2)
        found = over(one - other)
        hits += found.lower <= 0 <= found.upper
        narrower += found.se < over(one).se
    assert 0.93 <= hits / SIMULATIONS <= 0.97
    assert narrower > 0.95 * SIMULATIONS


def test_half_samples_of_a_mean_are_its_standard_error():
    """Over many splits the variance of a mean is the usual formula."""
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 4.0])
    (found,) = intervals.half_samples(
        lambda places: np.array([values[places].mean()]),
        [6],
        np.random.default_rng(0),
        splits=20_000,
    )
    assert found.value == 4
    assert found.se == pytest.approx(values.std(ddof=1) / np.sqrt(6), rel=0.02)
    assert found.method == "t over 20000 repeated half samples"


def test_half_samples_by_hand():
    """Of two rows every split gives the rows themselves: a quarter of their squared difference."""
    values = np.array([1.0, 4.0])
    (found,) = intervals.half_samples(
        lambda places: values[places].mean(keepdims=True), [2], np.random.default_rng(0), splits=7
    )
    half = intervals.student.ppf(0.975, 7) * 1.5
    assert found[:4] == pytest.approx((2.5, 2.5 - half, 2.5 + half, 1.5))


def test_half_samples_coverage_of_a_difference_of_means():
    """Skewed samples of unequal size and spread: the interval still holds the truth."""
    rng = np.random.default_rng(9)
    hits, simulations = 0, 2_000
    for _ in range(simulations):
        one, other = rng.gamma(4, 1, 90), 2 * rng.gamma(4, 1, 150)
        (found,) = intervals.half_samples(
            lambda a, b, x=one, y=other: np.array([x[a].mean() - y[b].mean()]), [90, 150], rng
        )
        hits += found.lower <= -4 <= found.upper
    assert 0.93 <= hits / simulations <= 0.97


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_half_samples_coverage_of_an_excess_of_total_variations(shift):
    """Two distances to one sample, near 0 and far from it: their difference's interval holds."""
    rng = np.random.default_rng(10)
    real = np.array([0.5, 0.3, 0.2])
    made = real + shift * np.array([-1, 0, 1])
    found, simulations = [], 1_500
    for _ in range(simulations):
        samples = [rng.choice(3, n, p=p) for n, p in ((150, made), (150, real), (300, real))]

        def excess(*places, samples=samples):
            a, b, c = (
                np.bincount(x[at], minlength=3) / len(at)
                for x, at in zip(samples, places, strict=True)
            )
            return np.array([np.abs(a - c).sum() / 2 - np.abs(b - c).sum() / 2])

        found += intervals.half_samples(excess, [150, 150, 300], rng)
    truth = np.mean([one.value for one in found]) if shift else 0
    hits = np.mean([one.lower <= truth <= one.upper for one in found])
    assert 0.93 <= hits <= 0.97


def test_newcombes_own_example():
    """56 of 70 less 48 of 80 has the limits that Newcombe (1998, table II a) prints."""
    found = intervals.proportion_difference(56, 70, 48, 80)
    assert found.value == pytest.approx(0.2)
    assert (round(found.lower, 4), round(found.upper, 4)) == (0.0524, 0.3339)


def test_no_event_at_all_still_has_a_width():
    """0 of n against 0 of n: the limits are Wilson's upper limits, z² / (n + z²)."""
    # z² = 3.841459; 3.841459 / 103.841459 = 0.036994, and half of that for a scale of 0.5.
    found = intervals.proportion_difference(0, 100, 0, 100, scale=0.5)
    assert found.value == 0
    assert found.upper == pytest.approx(0.0369935, abs=1e-7)
    assert found.lower == pytest.approx(-0.0369935 / 2, abs=1e-7)


def test_scale_multiplies_the_second_proportion():
    """With no event in the first, all of the value is the scaled second one."""
    found = intervals.proportion_difference(10, 100, 40, 100, scale=0.25)
    assert found.value == pytest.approx(0)
    wider = intervals.proportion_difference(10, 100, 40, 100)
    assert found.upper - found.lower < wider.upper - wider.lower


@pytest.mark.parametrize(
    ("p", "q", "n", "scale"),
    [
        (0.5, 0.3, 100, 1.0),
        (0.01, 0.005, 3000, 1.0),
        (0.01, 0.005, 3000, 2.0),
        (0.01, 0.02, 3000, 0.5),
        (0.01, 0.0, 3000, 0.5),
    ],
)
def test_coverage_of_a_difference_of_proportions(p, q, n, scale):
    """Small rates and other scales: the interval holds the true difference."""
    rng = np.random.default_rng(11)
    interval = lru_cache(None)(intervals.proportion_difference)
    hits, simulations = 0, 4_000
    for first, second in rng.binomial(n, (p, q), (simulations, 2)).tolist():
        found = interval(first, n, second, n, scale=scale)
        hits += found.lower <= p - scale * q <= found.upper
    assert 0.93 <= hits / simulations <= 0.97


def test_rare_events_are_never_covered_too_seldom():
    """With one or two events expected the interval is wide rather than wrong."""
    rng = np.random.default_rng(12)
    interval = lru_cache(None)(intervals.proportion_difference)
    draws = rng.binomial(3000, 0.0005, (4_000, 2)).tolist()
    found = [interval(a, 3000, b, 3000) for a, b in draws]
    assert np.mean([one.lower <= 0 <= one.upper for one in found]) > 0.95
