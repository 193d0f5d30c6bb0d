"""The sweep where it is known what synthetic rows do: verdict, ratio, region and interval."""

from typing import NamedTuple

import numpy as np
import pytest
import worlds

from stages.lib import learners, runs, scoring, trials
from stages.lib.learners import Learner
from stages.lib.mixes import curve
from stages.lib.mixes.curve import Point, Verdict
from stages.lib.mixes.ground import fresh, rows_of, trained
from stages.lib.ratios import sweep
from stages.lib.ratios.sweep import Sweep
from stages.lib.scoring import Score

SEEDS = range(20)  # each draws a train, a batch, a tune and a holdout of its own


class Found(NamedTuple):
    """What a sweep says."""

    verdict: Verdict
    ratios: tuple[float, ...]  # of each region, where they are told apart
    spoken: Point  # the mix taken, or the best on tune where real rows alone are


def swept(world, seed):
    """Return what the sweep makes of one draw of a world."""
    ground, parts = worlds.ground(world, seed, seeds=5, rows=2000)
    asked = Sweep(
        ratios=world.ratios,
        shares=[0.5],
        seeds=5,
        models=None,
        refine=False,
        per_slice=bool(parts),
        regions="slices",
    )
    found = sweep.measure(ground, {"made": ["made"]}, asked, parts)
    mix, ratios = found.mix, (found.choice.chosen.ratio,)
    if found.searched and found.searched.kept:
        ratios = found.searched.ratios
    own = found.curves["made"]
    gain, with_own = (
        runs.difference(mix.scores["holdout"], alone)
        for alone in (own.points[0].scores["holdout"], own.alone[mix.model])
    )
    verdict = curve.verdict(mix.ratio if found.taken else 0, gain, with_own)
    return Found(verdict, ratios, mix)


def good(truth):
    """Return the mixes that earn three quarters, or more, of what the best of them does."""
    alone = truth[min(truth)]
    return {
        mix for mix, mean in truth.items() if mean - alone >= 0.75 * (max(truth.values()) - alone)
    }


@pytest.mark.slow
def test_the_optimum_in_the_middle():
    """The sweep finds where synthetic rows have helped and do not yet hurt."""
    world = worlds.middle()
    right = good(worlds.truth(world, draws=20))
    assert right == {(0.25,), (0.5,)}
    found = [swept(world, seed) for seed in SEEDS]
    assert sum(one.verdict == "helps" for one in found) >= 19
    assert sum(one.ratios in right for one in found) >= 19


@pytest.mark.slow
def test_useless_rows():
    """No difference is shown, whichever ratio is taken: none of them makes one."""
    world = worlds.useless()
    truth = worlds.truth(world, draws=10)
    assert np.ptp(list(truth.values())) < 0.001
    found = [swept(world, seed) for seed in SEEDS]
    assert sum(one.verdict == "no difference shown" for one in found) >= 19
    assert sum(one.spoken.model == "linear" for one in found) >= 19


@pytest.mark.slow
def test_a_better_model_is_not_sold_as_gain():
    """Useless rows stay useless where the model of real rows alone was chosen badly."""
    world = worlds.useless()._replace(real_only="weak")
    found = [swept(world, seed) for seed in SEEDS]
    assert sum(one.spoken.model == "linear" for one in found) >= 19
    assert sum(one.verdict == "no difference shown" for one in found) >= 19


@pytest.mark.slow
def test_harmful_rows():
    """Real rows alone are taken, and the verdict is that the others hurt."""
    world = worlds.harmful()
    assert good(worlds.truth(world, draws=10)) == {(0,)}
    found = [swept(world, seed) for seed in SEEDS]
    assert sum(one.verdict == "hurts" for one in found) >= 19
    assert sum(one.ratios == (0,) for one in found) >= 19


@pytest.mark.slow
def test_rows_that_help_in_one_region():
    """That region gets synthetic rows, the other none, and the mix is shown to help."""
    world = worlds.divided()
    right = good(worlds.truth(world, draws=10))
    assert {many for _, many in right} == {0}
    assert min(few for few, _ in right) >= 0.5
    found = [swept(world, seed) for seed in SEEDS]
    assert sum(one.verdict == "helps" for one in found) >= 19
    assert sum(one.ratios in right for one in found) >= 19


FOREST = Learner(kind="random_forest", n_estimators=8, max_depth=4, max_features=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("world", "learner", "metric", "seeds"),
    [
        (worlds.useless(), Learner(kind="linear"), "neg_brier_score", 5),
        (worlds.useless(), Learner(kind="linear"), "roc_auc", 10),
        (worlds.middle(), FOREST, "neg_brier_score", 10),
        (worlds.middle(), FOREST, "roc_auc", 5),
    ],
    ids=["useless, linear", "useless, linear, ranks", "middle, forest", "middle, forest, ranks"],
)
def test_the_interval_of_the_gain_covers(world, learner, metric, seeds):
    """Of a mix fixed beforehand, in 19 of 20 experiments that draw seeds and rows anew.

    As in the sweep, the mix has seeds that real rows alone were not trained with.
    """
    world = world._replace(models={"linear": learner}, train=300, ratios=(0, 0.5))
    y, real, mixed = fitted(world, seeds=40)
    rng = np.random.default_rng(seeds)
    whole = [[scoring.score(metric, y, one).value for one in own] for own in (mixed, real)]
    truth = np.mean(whole[0]) - np.mean(whole[1])
    experiments = 1500
    covered = 0
    for _ in range(experiments):
        rows = rng.integers(len(y), size=400)
        mix, alone = (
            gathered(
                [
                    scoring.score(metric, y[rows], own[seed][rows])
                    for seed in rng.integers(40, size=seeds)
                ]
            )
            for own in (mixed, real)
        )
        found = runs.difference(mix, alone)
        covered += found.lower <= truth <= found.upper
    # The Monte-Carlo error of the share is 0.006.
    assert covered / experiments == pytest.approx(0.95, abs=0.02)


def gathered(scores):
    """Return the runs of one score per seed."""
    return runs.gather([{"holdout": one} for one in scores])["holdout"]


def fitted(world, *, seeds):
    """Return the labels of many rows, and what each fit predicts of them: alone, and mixed.

    Real rows alone are trained with the first seeds, the mix with as many others.
    """
    predicted = []

    def run(bench, jobs):
        for job in jobs:
            estimator = trials.fit(bench, job)
            predicted.append(learners.predict(estimator, bench.scored["holdout"][0], 2))
            yield {"holdout": Score(0.0, np.zeros(2))}

    ground = worlds.ground(world, 0, seeds=seeds, rows=10_000)[0]._replace(run=run)
    made, stock = rows_of(ground, ["made"])
    alone, mixed = [(ratio,) for ratio in world.ratios]
    dict(trained(ground, stock, made, [alone], ["linear"]))
    dict(trained(fresh(ground), stock, made, [mixed], ["linear"]))
    return ground.bench.scored["holdout"][1], predicted[:seeds], predicted[seeds:]
