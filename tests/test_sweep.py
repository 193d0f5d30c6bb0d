"""The sweep: what is trained on which rows, what is kept of it, and what decides."""

import pickle

import numpy as np
import pytest
from grounds import MODELS, REAL, SCHEMA, asked, draw, made_up, noted, prepared
from pydantic import ValidationError

from stages.lib import baseline, runs
from stages.lib.base.errors import ParamsError
from stages.lib.intervals import Estimate
from stages.lib.mixes import curve, mixing
from stages.lib.mixes.ground import prepare
from stages.lib.ratios import regional, sweep
from stages.lib.ratios.regional import Parts
from stages.lib.scoring import Score
from stages.lib.tables.schema import Column, Schema


def ratios(found):
    """Return the ratios of a curve."""
    return [point.ratio for point in found.points]


def test_trials_have_the_rows_that_mixing_says():
    """A mix draws from its own batches, with the seed of its trial, and scores on both slices."""
    jobs = []
    ground = prepared(noted(jobs), asked=["forest"], real_only="forest")
    dict(sweep.curves(ground, {"second": ["second"]}, asked(0.5)))
    assert [job.seed for job in jobs] == [0, 1, 0, 1]
    for job in jobs[:2]:
        assert job.rows.tolist() == list(range(REAL))
    second = 600 + np.arange(150)  # behind the rows of train and of the first batch
    stock = mixing.whole(REAL, 150)
    for job in jobs[2:]:
        places = mixing.draw(mixing.plan([0.5], stock, "add"), stock, seed=job.seed)
        assert job.rows.tolist() == np.concatenate([np.arange(REAL), second])[places].tolist()
        assert (job.model, job.on) == ("forest", ("tune", "holdout"))


def test_real_rows_alone_are_trained_once():
    """However many mixes there are, and with the best model for them though it is not asked for."""
    jobs = []
    ground = prepared(noted(jobs), asked=["forest"])
    found = dict(sweep.curves(ground, {"first": ["first"], "second": ["second"]}, asked(0, 0.5)))
    alone = [(job.model, job.seed) for job in jobs if len(job.rows) == REAL]
    assert alone == [("forest", 0), ("forest", 1), ("linear", 0), ("linear", 1)]
    assert {job.model for job in jobs if len(job.rows) > REAL} == {"forest"}
    for own in found.values():
        assert (own.points[0].ratio, own.points[0].model) == (0, "linear")
        assert set(own.alone) == {"linear", "forest"}


def test_other_mixes_go_as_far_as_their_rows_last():
    """Of 150 rows a half of 200 can be made, and not three quarters of 400."""
    mixes = {"first": ["first"], "second": ["second"], "nothing": []}
    ground = prepared(made_up(lambda model, ratio: ratio))
    found = dict(sweep.curves(ground, mixes, asked(0.75, 0.5)))
    assert ratios(found["first"]) == [0, 0.5, 0.75]
    assert ratios(found["second"]) == [0, 0.5]
    assert ratios(found["nothing"]) == [0]


def test_the_first_mix_must_have_its_rows():
    """The mix that is chosen from is not cut short in silence."""
    ground = prepared(noted([]))
    with pytest.raises(ParamsError, match="`sweep.ratios` 0.75 needs 300 synthetic rows"):
        dict(sweep.curves(ground, {"second": ["second"]}, asked(0.75)))
    both = dict(sweep.curves(ground, {"both": ["first", "second"]}, asked(0.85)))
    assert ratios(both["both"]) == [0, 0.85]  # 567 of 650 rows


def test_balance_sweeps_shares():
    """The rarer class grows to each share of both; the ratios are what that takes."""
    jobs = []
    ground = prepared(noted(jobs), policy="balance", asked=["linear"])
    y = ground.bench.y
    held = np.bincount(y[:REAL])
    assert held[1] / held.sum() < 0.3
    found = dict(sweep.curves(ground, {"first": ["first"]}, asked(0.9)))
    assert len(ratios(found["first"])) == 3
    for share, job in zip((0.3, 0.5), (jobs[2], jobs[4]), strict=True):
        counts = np.bincount(y[job.rows])
        assert counts[0] == held[0]
        assert counts[1] / counts.sum() == pytest.approx(share, abs=0.005)


def test_balance_needs_classes():
    """A number has no rare class that could be raised."""
    target = {"x": Column(kind="number", role="target")}
    rest = {"town": Column(kind="category"), "rich": Column(kind="category")}
    with pytest.raises(ParamsError, match="balance raises rare classes, and the target has none"):
        prepare(
            draw(REAL, 0),
            {},
            {"tune": draw(60, 3), "holdout": draw(90, 4)},
            Schema(columns={**target, **rest}),
            MODELS,
            "r2",
            asked=None,
            real_only="linear",
            policy="balance",
            seeds=1,
        )


def test_unknown_model():
    """A misspelled model is met with the nearest that there is."""
    with pytest.raises(ParamsError, match="`sweep.models` 'forrest' is unknown; .*forest"):
        prepared(asked=["forrest"])


@pytest.mark.parametrize(
    "wrong", [{"seeds": 0}, {"ratios": []}, {"models": []}, {"shares": [0]}, {"shares": [0.6]}]
)
def test_section(wrong):
    """Without a ratio, a seed or a model there is no sweep; above a half no class is the rarer."""
    with pytest.raises(ValidationError):
        asked(0.5, **wrong)


def test_the_best_model_on_tune_stands_for_a_ratio():
    """At ratio 0 it is the one that cross-validation chose, whatever tune says."""
    scores = {"linear": lambda ratio: 0.7, "forest": lambda ratio: 0.75 - 0.1 * (ratio > 0.6)}
    ground = prepared(made_up(lambda model, ratio: scores[model](ratio)))
    [own] = dict(sweep.curves(ground, {"first": ["first"]}, asked(0.8, 0.5))).values()
    assert [(point.ratio, point.model) for point in own.points] == [
        (0, "linear"),
        (0.5, "forest"),
        (0.8, "linear"),
    ]


def test_tidy():
    """One line per mix, ratio, model and split; one model stands for each ratio of a mix."""
    mixes = {"first": ["first"], "second": ["second"]}
    ground = prepared(made_up(lambda model, ratio: ratio + 0.01 * (model == "forest"), 1.0))
    found = sweep.measure(ground, mixes, asked(0.75, 0.5), None)
    table = sweep.tidy(ground, mixes, found)
    keys = table[["batch", "ratio", "model", "split"]]
    assert not keys.duplicated().any()
    assert len(table) == (3 + 2) * 2 * 2
    assert table["slice"].eq("all").all()
    best = table[table["best"]].groupby(["batch", "ratio"])["model"].unique()
    assert best["first"].map(list).tolist() == [["linear"], ["forest"], ["forest"]]
    assert best["second"].map(list).tolist() == [["linear"], ["forest"]]
    rows = table[["ratio", "rows_real", "rows_synthetic"]].drop_duplicates()
    assert rows.to_numpy().tolist() == [[0, 100, 0], [0.5, 100, 100], [0.75, 100, 300]]
    line = table.set_index(list(keys)).loc["first", 0.5, "forest", "holdout"]
    assert line["mean"] == pytest.approx(-0.51)
    assert line["lower"] < line["mean"] < line["upper"]


def test_refining_nears_the_best():
    """Ratios are added around the best until its neighbours are a step away, in the first mix."""
    mixes = {"first": ["first"], "second": ["second"]}
    ground = prepared(made_up(lambda model, ratio: -((ratio - 0.4) ** 2)))
    found = dict(sweep.curves(ground, mixes, asked(0.2, 0.5, 0.8, refine=True)))
    assert ratios(found["second"]) == [0, 0.2, 0.5]
    points = found["first"].points
    assert ratios(found["first"]) == sorted(set(ratios(found["first"])))
    best = curve.choose(points).best.ratio
    place = ratios(found["first"]).index(best)
    assert abs(best - 0.4) < 0.02
    assert 0 < points[place].ratio - points[place - 1].ratio < 0.02
    assert 0 < points[place + 1].ratio - points[place].ratio < 0.02


def test_refining_goes_beyond_the_largest_ratio():
    """A best at the edge is followed as far as the rows last: 500 beside 100, 0.8333."""
    ground = prepared(made_up(lambda model, ratio: ratio))
    [own] = dict(sweep.curves(ground, {"first": ["first"]}, asked(0.5, refine=True))).values()
    assert ratios(own)[-1] == mixing.most(mixing.whole(REAL, 500), "add") >= 0.8333


def test_refining_stops_where_nothing_is_shown():
    """Where neighbours are not shown worse than the best, no further fit is made."""
    scores = made_up(lambda model, ratio: -((ratio - 0.4) ** 2), noise=10.0)
    [own] = dict(
        sweep.curves(prepared(scores), {"first": ["first"]}, asked(0.2, 0.5, 0.8, refine=True))
    ).values()
    assert ratios(own) == [0, 0.2, 0.5, 0.8]


def test_only_what_is_spoken_of_is_kept():
    """Influences of rows are kept of the best model per ratio, and of real rows on the holdout."""
    models, seeds, rows = 2, 2, 90
    ground = prepared(made_up(lambda model, ratio: ratio, 1.0))
    [own] = dict(sweep.curves(ground, {"first": ["first"]}, asked(0.2, 0.4, 0.6, 0.8))).values()
    kept = 5 * 2 + models - 1  # two slices of five ratios; ratio 0 has one of the two models
    size = len(pickle.dumps(own)) / (seeds * rows * 8)
    assert kept < size < 1.5 * kept < 5 * 2 * models
    for estimates in own.every.values():
        assert all(isinstance(one, Estimate) for one in estimates.values())


def test_the_holdout_never_decides():
    """With the holdout's labels turned round, every choice of the sweep stays the same."""
    held = draw(90, 4)
    turned = held.assign(rich=held["rich"].map({"yes": "no", "no": "yes"}).astype("category"))
    choices, scores = [], []
    for slice_ in (held, turned):
        ground = prepared(held=slice_)
        mixes = {"first": ["first"]}
        [own] = dict(sweep.curves(ground, mixes, asked(0.3, 0.6, 0.8, refine=True))).values()
        choice = curve.choose(own.points)
        parts = Parts(("low", "high"), (ground.bench.x[:, 1] > 0).astype(int))
        found = regional.measure(ground, ["first"], choice.chosen, [0.3, 0.6], parts)
        choices.append(
            [
                [(point.ratio, point.model) for point in own.points],
                (choice.chosen.ratio, choice.chosen.model, choice.best.ratio),
                choice[2:],
                (found.ratios, found.kept, found.gain),
            ]
        )
        scores.append(own.points[0].scores["holdout"].mean)
    assert choices[0] == choices[1]
    assert scores[0] == pytest.approx(1 - scores[1])  # the area under the curve is turned too


def test_the_baseline_is_the_sweep_at_ratio_zero():
    """Real rows alone have one score, whatever else lies in the pool or in a batch."""
    pool = draw(300, 4)
    pool = pool.assign(town=pool["town"].astype(str) + "x").astype({"town": "category"})
    scored = {"tune": draw(60, 3), "holdout": draw(90, 4)}
    found = baseline.measure(draw(REAL, 0), pool, scored, SCHEMA, MODELS, "roc_auc", seeds=1)
    ground = prepared(real_only=found.model, seeds=1)
    [own] = dict(sweep.curves(ground, {"first": ["first"]}, asked(0))).values()
    assert own.points[0].scores["holdout"].mean == found.best["holdout"].mean


def test_the_luck_of_the_choice_is_not_reported():
    """Draws that are lucky on tune are so on the holdout: a choice is reported from others."""
    tellings, ground = {"own": [], "anew": []}, prepared(noted([]), asked=["linear"], seeds=5)
    for world in range(400):

        def run(bench, jobs, world=world):
            for job in jobs:  # synthetic rows change nothing but what a draw happens to bring
                made = int((job.rows >= REAL).sum())
                luck = np.random.default_rng([world, job.seed, made]).normal() if made else 0.0
                yield {split: Score(luck, np.zeros(9)) for split in ("tune", "holdout")}

        own = ground._replace(run=run)
        found = sweep.measure(own, {"first": ["first"]}, asked(0.2, 0.4, 0.6, 0.8), None)
        if found.taken:
            alone = found.curves["first"].points[0].scores["holdout"]
            for name, point in (("own", found.choice.chosen), ("anew", found.mix)):
                tellings[name].append(runs.difference(point.scores["holdout"], alone).lower > 0)
    shown = {name: np.mean(told) for name, told in tellings.items()}
    # Of about 250 choices 2.5 % are to be shown by chance, with a standard error of 1 %.
    assert len(tellings["own"]) > 200
    assert shown["anew"] < 0.055
    assert shown["own"] > 0.1
