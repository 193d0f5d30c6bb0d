"""The final mix: what is asked for, what is trained on it, and what is told of it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score

from stages.lib import runs, trials
from stages.lib.base.errors import ParamsError
from stages.lib.batches import Slice
from stages.lib.final import appraisal, blend
from stages.lib.final.blend import Blend, Final, Recipe
from stages.lib.learners import Learner
from stages.lib.mixes.ground import Ground, prepare, rows_of
from stages.lib.mixes.mixing import Policy, Stock
from stages.lib.ratios import sweep
from stages.lib.ratios.sweep import Sweep
from stages.lib.tables.schema import Column, Schema
from stages.lib.trials import Trial

SCHEMA = Schema(
    columns={
        "x": Column(kind="number"),
        "town": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)
SECRET = Schema(
    columns={
        **SCHEMA.columns,
        "rich": Column(kind="category", role="target", sensitive=True),
    }
)
VALUES = Schema(
    columns={
        "town": Column(kind="category"),
        "rich": Column(kind="category"),
        "x": Column(kind="number", role="target"),
    }
)
MODELS = {
    "boosting": Learner(kind="hist_gradient_boosting", max_iter=10),
    "linear": Learner(kind="linear"),
}


def draw(rows: int, seed: int, *, signal: float = 2.0) -> pd.DataFrame:
    """Return rows whose label goes with x; one in four is "yes"."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows)
    rich = np.where(signal * x + rng.logistic(0, 1, rows) > 1.8, "yes", "no")
    town = rng.choice(["a", "b", "c"], rows)
    frame = pd.DataFrame({"x": x, "town": town, "rich": rich})
    return frame.astype({"town": "category", "rich": "category"})


def labelled(batch: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a batch with the labels of its rows."""
    size = len(batch)
    return batch.assign(
        _origin=pd.Categorical(["synthetic"] * size), _batch=pd.Categorical([name] * size)
    )


SCORED = {"tune": draw(150, 1), "holdout": draw(400, 2)}


def prepared(
    batches: dict[str, pd.DataFrame],
    *,
    schema: Schema = SCHEMA,
    metric: str = "roc_auc",
    policy: Policy = "add",
    real_only: str = "linear",
    seeds: int = 2,
) -> Ground:
    """Return 100 real rows and the batches, ready to train on."""
    return prepare(
        draw(100, 0),
        batches,
        SCORED,
        schema,
        MODELS,
        metric,
        asked=None,
        real_only=real_only,
        policy=policy,
        seeds=seeds,
    )


def blended(ground: Ground, asked: Recipe, places: dict[str, np.ndarray] | None = None) -> Final:
    """Return the blend without regions of its own."""
    return blend.train(ground, rows_of(ground, list(ground.batches))[1], asked, places or {})


def asked(**given: Any) -> Blend:
    """Return the section `blend`."""
    return Blend(**{"ratio": "auto", "policy": "add", "batches": None, **given})


SWEPT = {
    "ratio": 0.8,
    "model": "linear",
    "per_slice": None,
    "regions": [{"name": "old", "ratio": 0.5}, {"name": "rest", "ratio": 0.0}],
}


@pytest.mark.parametrize(
    ("ratio", "per_slice", "expected"),
    [
        ("auto", None, Recipe(0.8, {}, ["linear"])),
        ("auto", "not shown better", Recipe(0.8, {}, ["linear"])),
        ("auto", "kept", Recipe(0.8, {"old": 0.5, "rest": 0.0}, ["linear"])),
        (0.25, None, Recipe(0.25, {}, ["boosting", "linear"])),
        (0.25, "kept", Recipe(0.25, {}, ["boosting", "linear"])),
    ],
)
def test_auto_is_what_the_sweep_chose(ratio: Any, per_slice: Any, expected: Recipe) -> None:
    """With a ratio for each region where those are shown better, and none of it by hand."""
    swept = {**SWEPT, "per_slice": per_slice}
    assert blend.recipe(asked(ratio=ratio), swept, ["boosting", "linear"]) == expected


def test_a_blend_labels_every_row() -> None:
    """Each row says whether it is real, which batch it came from, and which region it is of."""
    batch = labelled(draw(300, 5), "nb-all")
    ground = prepared({"nb-all": batch})
    final = blended(ground, Recipe(0.5, {}, ["linear"]))
    rows = blend.rows(final, draw(100, 0), [batch])
    assert rows.groupby("_origin", observed=True).size().to_dict() == {
        "real": 100,
        "synthetic": 100,
    }
    synthetic = rows[rows["_origin"] == "synthetic"]
    assert synthetic["_batch"].eq("nb-all").all()
    assert rows[rows["_origin"] == "real"]["_batch"].isna().all()
    assert rows["_region"].eq("all").all()
    assert final.pipeline.predict(draw(7, 9)[["x", "town"]]).shape == (7,)


def test_regions_have_ratios_of_their_own() -> None:
    """Each region is filled up to its ratio, and every row keeps its region's name."""
    train, batch = draw(100, 0), labelled(draw(600, 5), "nb-all")
    ground = prepared({"nb-all": batch})
    high = [(frame["x"] > 0).to_numpy().astype(int) for frame in (train, batch)]
    stock = Stock(high[0], high[1], ("low", "high"))
    final = blend.train(ground, stock, Recipe(0.5, {"high": 0.75}, ["linear"]), {})
    rows = blend.rows(final, train, [batch])
    assert (rows["_region"].eq("high") == (rows["x"] > 0)).all()
    above = int(high[0].sum())
    counts = rows.groupby(["_region", "_origin"], observed=True).size().to_dict()
    assert counts == {
        ("low", "real"): 100 - above,
        ("high", "real"): above,
        ("high", "synthetic"): 3 * above,
    }
    told = blend.told(final, ground, 0.9)
    assert told["ratio"] == pytest.approx(3 * above / (100 + 3 * above))
    assert told["regions"][1] == {
        "name": "high",
        "ratio": 0.75,
        "rows_real": above,
        "rows_synthetic": 3 * above,
    }


def test_balance_raises_the_rare_class_and_hides_a_sensitive_label() -> None:
    """Synthetic rows are of the rare class alone; its region's name is no value of the target."""
    batch = labelled(draw(600, 5), "nb-all")
    ground = prepared({"nb-all": batch}, schema=SECRET, policy="balance")
    final = blended(ground, Recipe(0.2, {}, ["linear"]))
    rows = blend.rows(final, draw(100, 0), [batch])
    synthetic = rows[rows["_origin"] == "synthetic"]
    assert len(synthetic) == 25  # 0.2 / 0.8 · 100
    assert synthetic["rich"].eq("yes").all()
    assert synthetic["_region"].eq("value 2").all()
    told = blend.told(final, ground, 0.9)
    assert [one["name"] for one in told["classes"]] == ["value 1", "value 2"]
    assert blend.reliability(final)["class"].eq("value 2").all()


def test_more_synthetic_rows_than_there_are_is_refused() -> None:
    """The message names the ratio, the rows it needs and the rows there are."""
    ground = prepared({"nb-all": labelled(draw(300, 5), "nb-all")})
    with pytest.raises(ParamsError, match="`blend.ratio` 0.9 needs 900 synthetic rows"):
        blended(ground, Recipe(0.9, {}, ["linear"]))


def test_a_ratio_by_hand_without_a_batch_trains_on_real_rows() -> None:
    """Where nothing was admitted the run still ends, with nothing gained and nothing to blame."""
    ground = prepared({}, real_only="boosting")
    final = blended(ground, Recipe(0.9, {}, ["linear"]))
    told = blend.told(final, ground, 0.5)
    assert (told["ratio"], told["rows_real"], told["rows_synthetic"]) == (0, 100, 0)
    assert (told["model"], told["verdict"]) == ("boosting", "no difference shown")
    assert (told["gain"], told["gain_lower"], told["own_gain_upper"]) == (0, 0, 0)
    assert told["without"] == told["regions"] == told["slices"] == []
    assert len(blend.rows(final, draw(100, 0), [])) == 100


def test_a_ratio_too_small_for_a_row_is_none() -> None:
    """A thousandth of a hundred rows is no row, which is told as it is."""
    ground = prepared({"nb-all": labelled(draw(300, 5), "nb-all")})
    final = blended(ground, Recipe(0.001, {}, ["boosting"]))
    assert (final.ratio, final.mixed.model) == (0, "linear")


def test_the_model_is_the_best_on_tune_though_the_holdout_be_poisoned() -> None:
    """With the holdout's labels turned round the same model is chosen."""
    batches = {"nb-all": labelled(draw(300, 5), "nb-all")}
    ground = prepared(batches, seeds=1)
    final = blended(ground, Recipe(0.5, {}, list(MODELS)))
    means = {
        name: blended(ground, Recipe(0.5, {}, [name])).mixed.scores["tune"].mean for name in MODELS
    }
    assert final.mixed.model == max(means, key=lambda name: means[name])
    x, y = ground.bench.scored["holdout"]
    turned = ground.bench._replace(scored={**ground.bench.scored, "holdout": (x, 1 - y)})
    poisoned = blended(ground._replace(bench=turned), Recipe(0.5, {}, list(MODELS)))
    assert poisoned.mixed.model == final.mixed.model


def test_a_change_of_model_is_not_sold_as_a_gain() -> None:
    """Over a weak model on real rows the mix gains; over its own model it does not."""
    noise = labelled(draw(300, 5, signal=0.0), "nb-all")
    ground = prepared({"nb-all": noise}, metric="neg_log_loss", real_only="boosting")
    told = blend.told(blended(ground, Recipe(0.1, {}, ["linear"])), ground, 0.5)
    assert told["gain_lower"] > 0
    assert told["own_gain_lower"] <= 0
    assert told["verdict"] == "no difference shown"


def test_scores_are_those_of_the_sweep() -> None:
    """The final model's score is what the sweep reports of its choice, to the last digit."""
    batch = labelled(draw(600, 5), "nb-all")
    ground = prepared({"nb-all": batch})
    swept = Sweep(
        ratios=[0.75], shares=[0.5], seeds=2, models=None, refine=False, per_slice=False,
        regions="slices",
    )  # fmt: skip
    ground = ground._replace(models=["linear"])
    reported = sweep.measure(ground, {"nb-all": ["nb-all"]}, swept, None).mix
    final = blended(ground, Recipe(0.75, {}, ["linear"]))
    for split in ("tune", "holdout"):
        expected, given = reported.scores[split], final.mixed.scores[split]
        np.testing.assert_array_equal(given.values, expected.values)
        np.testing.assert_array_equal(given.influence, expected.influence)


def test_every_class_by_hand() -> None:
    """Recall and precision are scikit-learn's, averaged over the seeds, and so is the gain."""
    batch = labelled(draw(600, 5), "nb-all")
    ground = prepared({"nb-all": batch})
    final = blended(ground, Recipe(0.75, {}, ["linear"]))
    told = blend.told(final, ground, 0.5)["classes"]
    y = ground.bench.scored["holdout"][1]

    def mean(metric: Any, decided: np.ndarray, one: int) -> float:
        return float(np.mean([metric(y, own, pos_label=one) for own in decided]))

    for number, line in enumerate(told):
        assert line["name"] == ("no", "yes")[number]
        assert line["rows"] == (y == number).sum()
        recall = mean(recall_score, final.mixed.decided, number)
        assert line["recall"] == pytest.approx(recall)
        assert line["recall_lower"] < recall < line["recall_upper"]
        assert line["precision"] == pytest.approx(
            mean(precision_score, final.mixed.decided, number)
        )
        before = mean(recall_score, final.alone.decided, number)
        assert line["recall_gain"] == pytest.approx(recall - before)


def test_every_slice_with_a_condition() -> None:
    """The metric on its rows of the holdout; slices of which nothing can be told say why."""
    parts = {
        "all": Slice(purpose="more", rows=10),
        "town": Slice(purpose="town", rows=10, where="town == 'a'"),
        "few": Slice(purpose="rare", rows=10, where="x > 2.5"),
        "poor": Slice(purpose="poor", rows=10, where="rich == 'no'"),
    }
    ground = prepared({"nb-all": labelled(draw(600, 5), "nb-all")})
    places, notes = appraisal.slices(ground.bench, SCORED["holdout"], parts)
    few = int((SCORED["holdout"]["x"] > 2.5).sum())
    assert notes == [
        f"slice few: fewer than 20 rows of the holdout ({few})",
        "slice poor: its rows of the holdout are of one class only",
    ]
    [line] = blend.told(blended(ground, Recipe(0.5, {}, ["linear"]), places), ground, 0.5)["slices"]
    town = SCORED["holdout"].query("town == 'a'")
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", draw(100, 0), {"holdout": town}, [draw(600, 5)])
    final = blended(ground, Recipe(0.5, {}, ["linear"]))
    stock = rows_of(ground, ["nb-all"])[1]
    draws = [blend.mixing.draw(final.mix, stock, seed=seed) for seed in (0, 1)]
    by_hand, alone = (
        runs.gather(
            trials.run(
                bench, [Trial("linear", rows, s, ("holdout",)) for s, rows in enumerate(every)]
            )
        )["holdout"]
        for every in (draws, [np.arange(100)] * 2)
    )
    assert (line["name"], line["rows"]) == ("town", len(town))
    assert line["score"] == pytest.approx(by_hand.mean)
    gain = runs.difference(by_hand, alone)
    assert [line["gain"], line["gain_lower"], line["gain_upper"]] == pytest.approx(gain[:3])


def test_a_metric_of_a_class_that_a_slice_lacks_is_left_out() -> None:
    """Of three classes a slice may have two, and not the one that the metric names."""
    rich = pd.cut(SCORED["holdout"]["x"], [-9, -0.5, 0.5, 9], labels=["a", "b", "c"], ordered=False)
    held = SCORED["holdout"].assign(rich=rich)
    bench = trials.bench(SCHEMA, MODELS, "recall@c", held, {"holdout": held})
    parts = {"low": Slice(purpose="low", rows=10, where="x < 0.5")}
    places, notes = appraisal.slices(bench, held, parts)
    assert places == {}
    assert notes == ["slice low: recall@c is not defined on its rows of the holdout"]


def test_calibration_is_the_delivered_models_and_its_error_the_seeds_mean() -> None:
    """The bins are of the model that is handed on; the error is averaged as the score is."""
    from stages.lib.final import calibration

    batch = labelled(draw(600, 5), "nb-all")
    ground = prepared({"nb-all": batch})
    final = blended(ground, Recipe(0.75, {}, ["linear"]))
    held, y = SCORED["holdout"], ground.bench.scored["holdout"][1]
    probable = final.pipeline.predict_proba(held[["x", "town"]])
    found = blend.reliability(final)
    own = found[found["model"] == "final"].drop(columns="model").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, calibration.table(y, probable, ground.classes))
    assert set(found["model"]) == {"final", "real rows alone"}
    single = prepared({"nb-all": batch})._replace(seeds=range(1, 2))  # which 2 follows
    one = blend.told(blended(single, Recipe(0.75, {}, ["linear"])), single, 0.5)
    assert one["calibration_error"] == pytest.approx(calibration.error(y, probable).value)
    told = blend.told(final, ground, 0.5)
    assert told["calibration"][0]["error"] == told["calibration_error"]
    assert told["calibration"][0]["brier_gain_lower"] < told["calibration"][0]["brier_gain_upper"]


def test_two_batches_each_have_their_share() -> None:
    """What each earns stands beside the rows it gave, on the holdout and on tune."""
    batches = {name: labelled(draw(200, seed), name) for seed, name in ((5, "a-all"), (6, "b-all"))}
    ground = prepared(batches)
    final = blended(ground, Recipe(0.5, {}, ["linear"]))
    told = blend.told(final, ground, 0.5)
    assert told["batches"] == ["a-all", "b-all"]
    rows = blend.rows(final, draw(100, 0), list(batches.values()))
    counts = rows["_batch"].value_counts().to_dict()
    assert {line["batch"]: line["rows"] for line in told["without"]} == counts
    for line in told["without"]:
        assert line["lower"] <= line["gain"] <= line["upper"]
        assert line["tune_gain_lower"] <= line["tune_gain"] <= line["tune_gain_upper"]


def test_a_number_is_told_without_classes() -> None:
    """Regression has a mean residual in place of bins."""
    batch = labelled(draw(300, 5), "nb-all")
    ground = prepared({"nb-all": batch}, schema=VALUES, metric="neg_mean_absolute_error")
    final = blended(ground, Recipe(0.5, {}, ["linear"]))
    told = blend.told(final, ground, -1.0)
    assert told["classes"] == []
    assert told["calibration_error"] is None
    predicted = final.pipeline.predict(SCORED["holdout"][["town", "rich"]])
    single = ground._replace(seeds=range(1, 2))  # which 2 follows
    [line, _] = blend.told(blended(single, Recipe(0.5, {}, ["linear"])), single, -1.0)[
        "calibration"
    ]
    assert line["residual"] == pytest.approx(float((SCORED["holdout"]["x"] - predicted).mean()))
    assert blend.reliability(final).empty
