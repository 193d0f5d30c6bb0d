"""What a sweep comes to, in words and numbers, over sweeps built by hand."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.intervals import Estimate
from stages.lib.mixes import mixing
from stages.lib.mixes.curve import Choice, Point
from stages.lib.mixes.mixing import Mix
from stages.lib.ratios import conclusion
from stages.lib.ratios.regional import Regional
from stages.lib.ratios.sweep import Curve, Swept
from stages.lib.runs import Runs

REAL = 100  # rows of train
NOISE = np.array([1.0, -1, 1, -1])
ALONE, ITS_FOREST = 0.80, 0.825  # what real rows alone reach with the best model, and with another
REMEDY, LEARNED = "remedy/", "learning/"  # of the names that stage baseline gives its runs


def runs(*values, noise=0.0):
    """Return the runs of one seed for each value on four rows, whose influences are ± noise."""
    # Of one seed, the difference from runs without noise has the standard error
    # sqrt(noise² · 4/3 / 4), and bounds at 3.182446 times that: at 1.837387 · noise.
    return Runs(np.array(values), np.tile(noise * NOISE, (len(values), 1)))


def point(ratio, model, score):
    """Return a point of a curve whose scores on tune say nothing of those on the holdout."""
    return Point(ratio, model, {"tune": runs(0.5), "holdout": score})


def swept(mix, *, taken=True, model="linear", ratio=0.5, searched=None, **choice):
    """Return a sweep whose mix scores so on the holdout; None: there is nothing to mix."""
    alone = point(0.0, "linear", runs(ALONE, ALONE, ALONE))
    spoken = None
    if mix is not None:
        seeds = len(mix.values)
        alone = point(0.0, "linear", runs(*[ALONE] * seeds))
        spoken = point(ratio, model, mix)
    by_model = {
        "linear": alone.scores["holdout"],
        "forest": runs(*[ITS_FOREST] * len(alone.scores["holdout"].values)),
    }
    # What the curve holds are the scores of the fits that chose: they are not to be spoken of.
    points = [alone, *([point(ratio, model, runs(0.99))] if spoken else [])]
    usual = {"plateau": [0.0], "width": 0.3, "shape": "flat", "at_edge": False}
    falls = {"fall_below": 0.01, "fall_above": None}
    chosen = points[-1] if taken else alone
    choice = Choice(**{"chosen": chosen, "best": points[-1], **usual, **falls, **choice})
    curves = {"first": Curve(points, {}, by_model), "other": Curve(points, {}, {})}
    return Swept(curves, choice, searched, spoken, taken and spoken is not None)


def concluded(found, *, policy="add", **measured):
    """Return the conclusion beside remedies and numbers of real rows that scored as given."""
    real_rows = {"best": {"holdout": runs(0.1), "tune": runs(0.1)}}
    for name, own in measured.items():
        prefix = LEARNED if name.startswith("rows_") else REMEDY
        key = prefix + name.removeprefix("rows_").replace("_", " ")
        real_rows[key] = {"tune": runs(0.1), "holdout": own}
    return conclusion.conclude(found, real_rows, REAL, policy)


def recorded(found, *, threshold=0.8, batches=("first",), policy="add", **measured):
    """Return what metrics/sweep.json would hold."""
    return conclusion.record(
        concluded(found, policy=policy, **measured),
        metric="roc_auc",
        threshold=threshold,
        decided_on="tune",
        batches=list(batches),
        policy=policy,
    )


UP, LEVEL, DOWN = (runs(value, noise=0.01) for value in (0.83, 0.81, 0.77))
AT, SCORE = "at ratio 0.5", "ROC AUC on the holdout"
BEST = f"{AT}, the best above 0 on tune,"
ALONE_TOLD = "Train on real rows alone."
MIX_TOLD = (
    "Train on real rows alone: the mix, which blend trains on, is not shown to be better "
    "(blend.ratio: 0 trains without it)."
)
OTHER = "from real rows alone, but with another model, forest, which synthetic rows change by"

# The bounds are 0.018374 to either side of the gain: 0.03, 0.01 or -0.03 over 0.80; of the
# forest with synthetic rows over the forest without, 0.83 - 0.825 or 0.77 - 0.825.
CASES = {
    "helps": (
        swept(UP),
        "helps",
        f"Synthetic data helps: {AT} {SCORE} gains +0.030 [+0.012, +0.048] over real rows alone.",
        "Train on the mix.",
    ),
    "hurts, taken": (
        swept(DOWN),
        "hurts",
        f"Synthetic data hurts: {AT} {SCORE} changes by -0.030 [-0.048, -0.012] from real rows "
        "alone.",
        MIX_TOLD,
    ),
    "hurts, not taken": (
        swept(DOWN, taken=False),
        "hurts",
        f"Synthetic data hurts: {BEST} {SCORE} changes by -0.030 [-0.048, -0.012] from real rows "
        "alone.",
        ALONE_TOLD,
    ),
    "no difference, taken": (
        swept(LEVEL),
        "no difference shown",
        f"No difference shown: {AT} {SCORE} changes by +0.010 [-0.008, +0.028] from real rows "
        "alone.",
        MIX_TOLD,
    ),
    "no difference, not taken": (
        swept(LEVEL, taken=False),
        "no difference shown",
        "No difference shown: on tune no mix does better than real rows alone by more than a "
        f"standard error, and {AT}, the best of them, {SCORE} changes by +0.010 [-0.008, +0.028].",
        ALONE_TOLD,
    ),
    "a gain of another model": (
        swept(UP, model="forest"),
        "no difference shown",
        f"No difference shown: {AT} {SCORE} changes by +0.030 [+0.012, +0.048] {OTHER} +0.005 "
        "[-0.013, +0.023].",
        MIX_TOLD,
    ),
    "a gain of another model, not taken": (
        swept(UP, model="forest", taken=False),
        "no difference shown",
        f"No difference shown: {BEST} {SCORE} changes by +0.030 [+0.012, +0.048] {OTHER} +0.005 "
        "[-0.013, +0.023].",
        ALONE_TOLD,
    ),
    # 0.79 ± 0.011024 from 0.825 is a loss, and from 0.80 none is shown.
    "a loss of another model that is none": (
        swept(runs(0.79, noise=0.006), model="forest"),
        "no difference shown",
        f"No difference shown: {AT} {SCORE} changes by -0.010 [-0.021, +0.001] from real rows "
        "alone.",
        MIX_TOLD,
    ),
    "a loss with another model": (
        swept(DOWN, model="forest"),
        "hurts",
        f"Synthetic data hurts: {AT} {SCORE} changes by -0.030 [-0.048, -0.012] from real rows "
        "alone.",
        MIX_TOLD,
    ),
    "nothing to mix": (
        swept(None),
        "no difference shown",
        "No difference shown: no ratio above 0 was tried, so there was nothing to sweep.",
        ALONE_TOLD,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name):
    """Verdict, sentence and advice say what is shown of the mix, and of which one."""
    found, verdict, sentence, advice = CASES[name]
    told = recorded(found)
    assert (told["verdict"], told["sentence"], told["advice"]) == (verdict, sentence, advice)


def test_a_loss_that_comes_with_another_model():
    """Where the mix's model loses nothing to itself, the loss is the model's."""
    found = swept(DOWN, model="forest")
    own = found.curves["first"]
    poor = own._replace(alone={**own.alone, "forest": runs(0.765)})
    told = recorded(found._replace(curves={"first": poor}))
    assert told["verdict"] == "no difference shown"
    # 0.77 - 0.765, with the bounds of 0.018374 to either side.
    assert told["sentence"] == (
        f"No difference shown: {AT} {SCORE} changes by -0.030 [-0.048, -0.012] {OTHER} +0.005 "
        "[-0.013, +0.023]."
    )


def test_a_gain_on_the_holdout_takes_nothing():
    """Where tune took real rows alone, they stay, however well the best mix then does."""
    told = recorded(swept(UP, taken=False))
    assert (told["verdict"], told["ratio"]) == ("no difference shown", 0)
    assert (told["gain"], told["advice"]) == (pytest.approx(0.03), ALONE_TOLD)


def test_a_gain_that_was_not_taken_is_no_other_models():
    """The sentence names another model only where there is one."""
    assert "another model" not in recorded(swept(UP, taken=False))["sentence"]


def test_no_batch_was_admitted():
    """Nothing to sweep is told by its cause, and leaves the numbers of a mix open."""
    told = recorded(swept(None), batches=(), rows_50=runs(0.78), rows_200=runs(0.84))
    assert told["sentence"] == (
        "No difference shown: no batch was admitted, so there was nothing to sweep."
    )
    assert (told["ratio"], told["model"], told["score"]) == (0, "linear", pytest.approx(0.80))
    assert told["batches"] == []
    for key in ("mix_ratio", "mix_model", "worth_rows", "worth_lower", "worth_upper"):
        assert told[key] is None
    assert (told["gain"], told["gain_lower"], told["gain_upper"]) == (0, 0, 0)
    # What more real rows would do is told all the same, and held against no mix.
    [more] = told["comparisons"]
    assert (more["way"], more["kind"]) == ("200 real rows", "real rows")
    assert more["gain"] == pytest.approx(0.04)
    assert "mix_less_this" not in more


@pytest.mark.parametrize(
    ("measured", "threshold", "more"),
    [
        ({}, 0.83, ""),
        ({}, 0.9, " Its score is still 0.07 short of the threshold."),
        # 0.82 is better than real rows alone, and the mix 0.01 ± 0.018 better than it.
        (
            {"class_weights": runs(0.82)},
            0.8,
            " It is not shown better than class weights without synthetic rows: try that first.",
        ),
        (
            {"class_weights": runs(0.82), "oversampling": runs(0.84), "more": runs(0.805)},
            0.9,
            " Its score is still 0.07 short of the threshold. It is not shown better than class "
            "weights or oversampling without synthetic rows: try that first.",
        ),
        ({"class_weights": runs(0.805)}, 0.8, ""),  # the mix is 0.025 ± 0.018 better
        ({"class_weights": runs(0.82, noise=0.02)}, 0.8, ""),  # 0.02 ± 0.037 over real rows alone
        ({"rows_200": runs(0.9)}, 0.8, ""),  # more real rows are not for the asking
    ],
)
def test_what_to_do_where_the_mix_helps(measured, threshold, more):
    """Cheaper ways that do as well come first, and a score short of the threshold is named."""
    told = recorded(swept(UP), threshold=threshold, **measured)
    assert told["advice"] == f"Train on the mix.{more}"
    assert told["reaches_threshold"] == (threshold <= 0.83)


@pytest.mark.parametrize(
    ("choice", "more"),
    [
        (
            {"at_edge": True, "shape": "rising"},
            " The best ratio, 0.5, is the last that was tried: raise slices.*.rows, and go on "
            "beyond it (sweep.ratios, sweep.shares, sweep.refine).",
        ),
        (
            {"at_edge": True, "shape": "flat"},
            " The best ratio, 0.5, is the last that was tried, though not shown better than none.",
        ),
        (
            {"shape": "peak", "width": 0},
            " The peak is sharp: sweep again whenever the data or a generator changes.",
        ),
        ({"shape": "peak", "width": 0.25}, ""),
        ({"shape": "rising", "width": 0}, ""),
    ],
)
def test_what_the_curve_asks_for(choice, more):
    """An edge asks for larger ratios, a sharp peak for another sweep when anything moves."""
    assert recorded(swept(UP, **choice))["advice"] == f"Train on the mix.{more}"


def test_a_sharp_peak_that_is_not_taken():
    """Real rows alone need no other sweep, though the edge of the curve is still named."""
    told = recorded(swept(LEVEL, taken=False, shape="peak", width=0, at_edge=True))
    assert told["advice"] == (
        f"{ALONE_TOLD} The best ratio, 0.5, is the last that was tried, though not shown better "
        "than none."
    )


@pytest.mark.parametrize(
    ("taken", "ratio", "model", "score"), [(True, 0.5, "forest", 0.83), (False, 0, "linear", 0.80)]
)
def test_what_is_trained_on(taken, ratio, model, score):
    """The score, and whether it reaches the threshold, are of what blend trains on."""
    told = recorded(swept(UP, taken=taken, model="forest"), threshold=0.82)
    assert (told["ratio"], told["model"]) == (ratio, model)
    assert told["score"] == pytest.approx(score)
    assert told["reaches_threshold"] is taken
    assert (told["mix_ratio"], told["mix_model"]) == (0.5, "forest")
    assert (told["gain"], told["own_gain"]) == (pytest.approx(0.03), pytest.approx(0.005))


def regional(*, kept):
    """Return a search by region that gives synthetic rows to the few alone: 60 beside 100."""
    gain = Estimate(0.01, 0.0, 0.02, 0.005, "t over rows")
    mix = Mix(np.array([40, 60]), np.array([60, 0]))
    found = point(mix.ratio, "linear", UP)
    return Regional(("few", "many"), (0.6, 0.0), mix, found, gain, kept, pd.DataFrame())


@pytest.mark.parametrize(("kept", "said"), [(True, "kept"), (False, "not shown better")])
def test_regions(kept, said):
    """Each region has its own ratio and rows; the ratio of the whole is that of all rows."""
    found = regional(kept=kept)
    ratio = found.mix.ratio if kept else 0.5
    told = recorded(swept(UP, ratio=ratio, searched=found))
    assert told["per_slice"] == said
    assert told["regions"] == [
        {"name": "few", "ratio": 0.6, "rows_real": 40, "rows_synthetic": 60},
        {"name": "many", "ratio": 0.0, "rows_real": 60, "rows_synthetic": 0},
    ]
    gain = [told[f"per_slice_gain{end}"] for end in ("", "_lower", "_upper")]
    assert gain == [0.01, 0.0, 0.02]
    # 60 of 160 rows are 0.375.
    assert told["ratio"] == told["mix_ratio"] == (0.375 if kept else 0.5)
    assert told["sentence"].startswith(
        f"Synthetic data helps: at ratio {'0.375' if kept else '0.5'} "
    )
    way = concluded(swept(UP, ratio=ratio, searched=found)).ways[0]
    assert way[:4] == (f"ratio {ratio:g}", "synthetic", 100, 60 if kept else 100)


def test_no_regions_were_asked_for():
    """Without a search by region there is none to tell of."""
    told = recorded(swept(UP))
    assert (told["per_slice"], told["regions"]) == (None, [])
    assert told["per_slice_gain"] is None


@pytest.mark.parametrize(
    ("policy", "ratio", "rows"),
    [("add", 0.5, (100, 100)), ("add", 0.2, (100, 25)), ("replace", 0.3, (70, 30))],
)
def test_ways(policy, ratio, rows):
    """Each way has its rows and its change; of real rows alone, more of them than train has."""
    found = concluded(
        swept(UP, ratio=ratio),
        policy=policy,
        class_weights=runs(0.82),
        rows_50=runs(0.78),
        rows_100=runs(0.80),
        rows_2000=runs(0.85, noise=0.01),
    )
    table = conclusion.tidy(found)
    assert rows == mixing.counts(ratio, REAL, policy)
    assert table[["way", "kind", "rows_real", "rows_synthetic"]].to_numpy().tolist() == [
        [f"ratio {ratio}", "synthetic", *rows],
        ["class weights", "remedy", 100, 0],
        ["2,000 real rows", "real rows", 2000, 0],
    ]
    half = 1.837387 * 0.01
    assert table["gain"].tolist() == pytest.approx([0.03, 0.02, 0.05])
    assert table["lower"].tolist() == pytest.approx([0.03 - half, 0.02, 0.05 - half])
    assert table["upper"].tolist() == pytest.approx([0.03 + half, 0.02, 0.05 + half])


def test_the_mix_less_each_way():
    """Every other way is held against the mix itself, on the same rows."""
    told = recorded(swept(UP), class_weights=runs(0.82), rows_200=runs(0.84, noise=0.03))
    first, second, third = told["comparisons"]
    assert first == {
        "way": "ratio 0.5",
        "kind": "synthetic",
        "gain": pytest.approx(0.03),
        "gain_lower": pytest.approx(0.03 - 0.01837387),
        "gain_upper": pytest.approx(0.03 + 0.01837387),
    }
    # 0.83 - 0.82, with the mix's noise alone.
    assert second["mix_less_this"] == pytest.approx(0.01)
    assert second["mix_less_this_lower"] == pytest.approx(0.01 - 0.01837387)
    assert second["mix_less_this_upper"] == pytest.approx(0.01 + 0.01837387)
    # 0.83 - 0.84, whose influences of ± 0.01 and ± 0.03 on the same rows leave ± 0.02.
    assert third["mix_less_this"] == pytest.approx(-0.01)
    assert third["mix_less_this_lower"] == pytest.approx(-0.01 - 0.03674774)
    assert third["gain_upper"] == pytest.approx(0.04 + 0.05512161)


def test_fewer_seeds_than_the_mix():
    """What was measured with two seeds is compared with the mix's first two of three."""
    told = recorded(swept(runs(0.80, 0.84, 0.88)), class_weights=runs(0.81, 0.81))
    # The means of all three: 0.84 - 0.80.
    assert told["gain"] == pytest.approx(0.04)
    remedy = told["comparisons"][1]
    assert remedy["gain"] == pytest.approx(0.01)
    # -0.01 and 0.03: a mean of 0.01 with a standard error of sqrt(0.0008 / 2) = 0.02, and
    # Student's quantile of one degree of freedom is 12.7062.
    assert remedy["mix_less_this"] == pytest.approx(0.01)
    assert remedy["mix_less_this_lower"] == pytest.approx(0.01 - 12.7062 * 0.02, abs=1e-6)
    assert remedy["mix_less_this_upper"] == pytest.approx(0.01 + 12.7062 * 0.02, abs=1e-6)


@pytest.mark.parametrize(("policy", "kept"), [("add", 100), ("replace", 50)])
def test_worth_in_real_rows(policy, kept):
    """Synthetic rows are worth the real ones that would do as well in their place."""
    sizes = {"rows_50": runs(0.7), "rows_100": runs(0.80), "rows_200": runs(0.84)}
    told = recorded(swept(UP), policy=policy, **sizes)
    # 0.83 lies three quarters of the way from 0.80 to 0.84, in the logarithm of the size. The
    # upper bound of the real rows' lead, -0.03 + 0.04 · part + 0.01837387, is 0 at 0.290653 of
    # it; its lower one is nowhere above 0, so that the worth has no upper end.
    assert told["worth_rows"] == pytest.approx(100 * 2**0.75 - kept)
    assert told["worth_lower"] == pytest.approx(100 * 2**0.290653 - kept, abs=1e-3)
    assert told["worth_upper"] is None


def test_the_curve_is_recorded():
    """Shape, plateau and falls are those of the choice, whatever ratio is spoken of."""
    choice = {"plateau": [0.0, 0.5], "width": 0.5, "shape": "rising", "fall_above": 0.02}
    told = recorded(swept(LEVEL, taken=False, **choice), policy="replace")
    assert (told["best_ratio"], told["shape"], told["plateau"]) == (0.5, "rising", [0.0, 0.5])
    assert (told["plateau_width"], told["fall_one_step_below"]) == (0.5, 0.01)
    assert (told["fall_one_step_above"], told["best_is_last_ratio"]) == (0.02, False)
    assert (told["metric"], told["policy"], told["decided_on"]) == ("roc_auc", "replace", "tune")
    assert told["method"] == "t over rows"
