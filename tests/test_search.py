"""The search over ratios, on scores made by hand and by simulation."""

import numpy as np
import pytest
from scipy.stats import t as student

from stages.lib.mixes.curve import Point
from stages.lib.ratios import search
from stages.lib.runs import Runs

RATIOS = (0.0, 0.25, 0.5, 0.67, 0.8, 0.9)
NOISE = np.array([1.0, -1, 1, -1])


def runs(mean, own=0.0):
    """Return runs of one seed on four rows; the part `own` of each row's noise is not shared."""
    # As in test_curve: the difference of two has a standard error of d / sqrt(3), d the difference
    # of their `own`, and bounds at 3.182446 times that.
    return Runs(np.array([mean]), (10 + own) * NOISE[None, :])


def line(points, own=0.0):
    """Return a curve from scores by ratio; the best one's noise is `own` apart from the others'."""
    best = max(points, key=points.get)
    return [
        Point(ratio, "model", {"tune": runs(mean, own * (ratio == best)), "holdout": runs(-mean)})
        for ratio, mean in sorted(points.items())
    ]


def test_between_the_best_and_neighbours_shown_worse():
    """Half a width of 3.182446 · 0.01 / sqrt(3) = 0.01837: 0.02 behind is shown, 0.018 is not."""
    assert search.between(line({0: 0.5, 0.2: 0.78, 0.5: 0.8, 0.8: 0.782}, 0.01), 0.9) == [0.35]
    assert search.between(line({0: 0.5, 0.2: 0.78, 0.5: 0.8, 0.8: 0.78}, 0.01), 0.9) == [0.35, 0.65]
    assert search.between(line({0: 0.5, 0.2: 0.782, 0.5: 0.8, 0.8: 0.782}, 0.01), 0.9) == []


def test_nothing_between_ratios_a_step_apart():
    """Neighbours nearer than 0.01 are not parted further, however different their scores."""
    assert search.between(line({0.2: 0.7, 0.2099: 0.8, 0.2198: 0.7}), 0.9) == []
    assert search.between(line({0.19: 0.7, 0.2: 0.8, 0.2099: 0.7}), 0.9) == [0.195]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0.9, [0.7]),  # the middle of 0.5 and 0.9
        (0.5199, [0.5199]),  # the middle would be less than a step away
        (2 / 3, [0.5833]),
        (0.51666666, [0.5166]),  # 0.5167 would need more rows than there are
        (0.5099, []),
        (0.5, []),
        (0.4, []),
    ],
)
def test_beyond_a_best_at_the_upper_edge(most, expected):
    """Larger ratios are tried as far as the rows last, also where the curve is flat."""
    assert search.between(line({0: 0.8, 0.5: 0.8001}, 0.1), most) == expected


def test_a_best_without_synthetic_rows_is_parted_from_its_neighbour_alone():
    """At the lower edge there is nothing to add below."""
    assert search.between(line({0: 0.8, 0.5: 0.7, 0.8: 0.6}), 0.9) == [0.25]
    assert search.between(line({0: 0.8}), 0.0) == []


@pytest.mark.parametrize(("peak", "reached"), [(0.0, 0.0), (0.37, 0.37), (0.9, 0.9), (1.0, 0.95)])
def test_asking_again_ends_beside_the_optimum(peak, reached):
    """Adding what is asked for ends, within a step of the optimum that the rows allow."""
    scores = {ratio: -abs(ratio - peak) for ratio in (0, 0.25, 0.5, 0.8)}
    asked = 0
    while more := search.between(line(scores), 0.95):
        assert not set(more) & set(scores)
        scores |= {ratio: -abs(ratio - peak) for ratio in more}
        asked += 1
    assert asked <= 8  # each halves the gap: 0.3 / 2^5 < 0.01, and some to get there
    assert abs(max(scores, key=scores.get) - reached) < search.STEP


class Scorer:
    """Scores mixes by a function, and keeps what was asked."""

    def __init__(self, score):
        self.score, self.asked = score, []

    def __call__(self, mixes):
        """Return the scores of some mixes, which the holdout contradicts."""
        self.asked.append(mixes)
        return [{"tune": self.score(mix), "holdout": runs(-self.score(mix).mean)} for mix in mixes]


def test_search_by_region_asks_once_per_region_and_never_twice():
    """From (0.5, 0.5) to an optimum of (0, 0.9); the last region asks nothing new."""
    scorer = Scorer(lambda mix: runs(mix[1] - mix[0]))
    found = search.by_region((0.5, 0.5), [(0, 0.5, 0.9), (0, 0.9)], scorer)
    assert scorer.asked == [
        [(0, 0.5), (0.5, 0.5), (0.9, 0.5)],
        [(0, 0), (0, 0.9)],  # (0, 0.5) was scored
        [(0.5, 0.9), (0.9, 0.9)],  # and (0.5, 0) never is
    ]
    assert found.mix == (0, 0.9)
    assert list(found.tried) == [mix for mixes in scorer.asked for mix in mixes]
    assert found.tried[0, 0.9]["tune"].mean == 0.9
    assert found.among == 9  # the start's 0.5 is a choice of the second region too


def test_second_round_sees_what_the_first_changed():
    """The first region gains only once the second has synthetic rows."""
    worth = {(0, 0): 0, (0.5, 0): -1, (0, 0.5): 1, (0.5, 0.5): 2}
    found = search.by_region((0, 0), [(0, 0.5)] * 2, Scorer(lambda mix: runs(worth[mix])))
    assert found.mix == (0.5, 0.5)


def test_search_ends_after_its_rounds():
    """A search that would climb on for ever takes two rounds of two regions."""
    ladder = [(0, 0), (0.1, 0), (0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.3, 0.2), (0.3, 0.3)]
    scorer = Scorer(lambda mix: runs(ladder.index(mix) if mix in ladder else -1))
    found = search.by_region((0, 0), [(0, 0.1, 0.2, 0.3)] * 2, scorer)
    assert found.mix == (0.2, 0.2)
    assert len(scorer.asked) == 4


def test_region_without_choices_keeps_its_ratio():
    """Where a region has no synthetic rows, nothing is tried there."""
    scorer = Scorer(lambda mix: runs(sum(mix)))
    found = search.by_region((0, 0), [(0,), (0, 0.5)], scorer)
    assert scorer.asked == [[(0, 0)], [(0, 0.5)]]
    assert (found.mix, found.among) == ((0, 0.5), 2)


def test_all_regions_together_give_up_one_standard_error():
    """Each region's rows earn 0.8 standard errors: one region can do without, not all three."""
    # Orthogonal patterns of eight rows, so that a difference in k regions has a standard error of
    # sqrt(k · 8/7 / 8) = sqrt(k / 7). Behind (0.5, 0.5, 0.5), one region at 0 is 0.8 / sqrt(7),
    # less than its sqrt(1 / 7); two are 1.6 / sqrt(7), more than their sqrt(2 / 7).
    signs = np.array([1, -1])
    patterns = [np.tile(np.repeat(signs, 2**k), 4 // 2**k) for k in range(3)]

    def score(mix):
        used = [ratio > 0 for ratio in mix]
        noise = sum(one * pattern for one, pattern in zip(used, patterns, strict=True))
        return Runs(np.array([0.8 / np.sqrt(7) * sum(used)]), noise[None, :])

    found = search.by_region((0.5, 0.5, 0.5), [(0, 0.5)] * 3, Scorer(score))
    assert found.mix == (0, 0.5, 0.5)


def test_poisoned_holdout_changes_nothing():
    """No score on the holdout enters the ratios added, or the mix found."""

    def outcome(poison):
        rng = np.random.default_rng(0)

        def scored(mean):
            return {"tune": runs(mean), "holdout": runs(rng.random() if poison else mean)}

        def score(mixes):
            return [scored(mix[0] * (0.9 - mix[0]) - mix[1]) for mix in mixes]

        curve = [Point(ratio, "m", scored(ratio * (0.9 - ratio))) for ratio in RATIOS]
        found = search.by_region((0.25, 0.25), [RATIOS] * 2, score)
        return search.between(curve, 0.95), found.mix, list(found.tried)

    assert outcome(poison=True) == outcome(poison=False)
    assert outcome(poison=True)[:2] == ([0.375, 0.585], (0.5, 0.0))


def test_gain_of_one_picked_among_many():
    """The lower bound leaves out 2.5 % over the number of mixes; the upper one is the usual."""
    # standard error 0.03 / sqrt(3) with 3 degrees of freedom, from four rows
    found = search.gain(runs(0.9, 0.03), runs(0.8), 10)
    se = 0.03 / np.sqrt(3)
    assert found.value == pytest.approx(0.1)
    assert found.lower == pytest.approx(0.1 - student.ppf(1 - 0.0025, 3) * se, abs=1e-6)
    assert found.upper == pytest.approx(0.1 + student.ppf(0.975, 3) * se)
    assert found.method == "t over rows, Bonferroni over 10"
    assert search.gain(runs(0.9, 0.03), runs(0.8), 1).lower == pytest.approx(0.2 - found.upper)


def test_single_ratio_is_not_better_than_itself():
    """Where the search changes nothing, nothing is gained."""
    assert search.gain(runs(0.9), runs(0.9), 36)[:3] == (0, 0, 0)


class World:
    """Scores of mixes on rows and seeds drawn at random.

    What a region's synthetic rows do to each scored row goes from ratio to ratio as an
    autoregression of correlation `like`, as nested draws do; each fit has noise of its own.
    """

    def __init__(self, rng, regions, like, effect=lambda region, ratio: 0.0):
        rows, seeds = 100, 4
        self.rng, self.effect = rng, effect
        self.shared = rng.standard_normal((seeds, rows))  # what every mix has in common
        self.moved = np.zeros((regions, len(RATIOS), rows))
        self.moved[:, 1:] = rng.standard_normal((regions, len(RATIOS) - 1, rows))
        for place in range(2, len(RATIOS)):
            self.moved[:, place] *= np.sqrt(1 - like**2)
            self.moved[:, place] += like * self.moved[:, place - 1]

    def __call__(self, mixes):
        """Return the scores of some mixes."""
        return [{"tune": self._runs(mix)} for mix in mixes]

    def _runs(self, mix):
        each = self.shared + 0.1 * self.rng.standard_normal(self.shared.shape)
        for region, ratio in enumerate(mix):
            each += 0.3 * self.moved[region, RATIOS.index(ratio)] + self.effect(region, ratio)
        return Runs(each.mean(axis=1), each - each.mean(axis=1, keepdims=True))


def searched(world, regions, start):
    """Return what is found from a single ratio, and that ratio's runs."""
    mix = (start,) * regions
    found = search.by_region(mix, [RATIOS] * regions, world)
    return found, found.tried[found.mix]["tune"], found.tried[mix]["tune"]


def falsely_shown(regions, like, start, draws):
    """Return how often the mix found seems better where none is: among which numbers of mixes."""
    counts = np.zeros(3, int)
    for seed in range(draws):
        world = World(np.random.default_rng(seed), regions, like)
        found, best, single = searched(world, regions, start)
        for place, among in enumerate((found.among, len(found.tried), 1)):
            counts[place] += search.gain(best, single, among).lower > 0
    return counts / draws


@pytest.mark.parametrize("start", [0.0, 0.5])
@pytest.mark.parametrize("like", [0.0, 0.8])
def test_useless_regions_are_not_shown_better(like, start):
    """Where all mixes are equally good, one picked seems better by its own interval alone."""
    shown, _, unadjusted = falsely_shown(3, like, start, draws=100)
    assert shown <= 0.025
    assert unadjusted > 0.1


def test_many_useless_regions_are_not_shown_better():
    """Gains by chance in eight regions add up to more than the number of mixes tried allows for."""
    shown, among_tried, _ = falsely_shown(8, 0.0, 0.0, draws=100)
    assert shown <= 0.025
    assert among_tried > 0.05


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_gain_in_one_region_is_found(start):
    """Synthetic rows help in the first region, most at 0.5, and hurt in the two others."""

    def effect(region, ratio):
        return 0.3 * (1 - abs(ratio - 0.5) / 0.5) if region == 0 else -0.3 * ratio

    hits = 0
    for seed in range(40):
        found, best, single = searched(World(np.random.default_rng(seed), 3, 0.8, effect), 3, start)
        hits += found.mix == (0.5, 0, 0) and search.gain(best, single, found.among).lower > 0
    assert hits >= 38  # 19 of 20
