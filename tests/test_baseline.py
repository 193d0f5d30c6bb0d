"""The baseline and the trials beneath it: what is trained on what, and what is compared."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from stages.lib import baseline, blend, sweep, table, trials
from stages.lib.errors import ParamsError
from stages.lib.learners import Learner
from stages.lib.schema import Column, Schema
from stages.lib.trials import Trial

SCHEMA = Schema(
    columns={
        "x": Column(kind="number"),
        "town": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
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


@pytest.fixture
def slices() -> dict[str, pd.DataFrame]:
    """Return a tune and a holdout slice."""
    return {"tune": draw(150, 1), "holdout": draw(400, 2)}


def test_a_trial_is_the_fit_a_person_would_write(slices: dict[str, pd.DataFrame]) -> None:
    """Its score is that of scikit-learn on the same rows, standardised and one-hot encoded."""
    train = draw(120, 0)
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", train, slices)
    [found] = trials.run(bench, [Trial("linear", np.arange(100), 0, ("holdout",))])
    part, held = train.iloc[:100], slices["holdout"]

    def design(frame: pd.DataFrame) -> np.ndarray:
        scaled = (frame["x"] - part["x"].mean()) / part["x"].std(ddof=0)
        flags = [(frame["town"] == town).astype(float) for town in "abc"]
        return np.column_stack([*flags, scaled])

    by_hand = LogisticRegression(max_iter=1000).fit(design(part), part["rich"])
    expected = roc_auc_score(held["rich"] == "yes", by_hand.predict_proba(design(held))[:, 1])
    assert list(found) == ["holdout"]
    assert found["holdout"].value == pytest.approx(expected, abs=1e-6)


def test_the_rarer_real_label_is_positive(slices: dict[str, pd.DataFrame]) -> None:
    """Synthetic rows, however many, do not change which class is the positive one."""
    flood = draw(50, 3).assign(rich="yes").astype({"rich": "category"})
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", draw(100, 0), slices, [flood] * 9)
    assert bench.classes == ["no", "yes"]


def test_a_category_that_train_lacks_is_scored(slices: dict[str, pd.DataFrame]) -> None:
    """A town or a label first seen on the holdout is a finding, never a crash."""
    train = draw(100, 0)
    train = table.rows(train, np.flatnonzero(train["town"] != "c"))
    held = slices["holdout"]
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", train, {"holdout": held})
    rows = np.arange(len(train))
    for found in trials.run(bench, [Trial(name, rows, 0, ("holdout",)) for name in MODELS]):
        assert 0.5 < found["holdout"].value < 1


def test_the_baseline_is_the_best_by_cross_validation(slices: dict[str, pd.DataFrame]) -> None:
    """The model is chosen within train; remedies and more rows are measured against it."""
    found = baseline.measure(draw(120, 0), draw(500, 4), slices, SCHEMA, MODELS, "roc_auc", seeds=2)
    assert found.model == max(found.cross_validation, key=lambda name: found.cross_validation[name])
    assert set(found.remedies) == {"class weights", "oversampling"}
    held = found.learning[found.learning["split"] == "holdout"]
    assert held["rows"].tolist() == [120, 240, 480, 620]
    best = found.best["holdout"].mean
    assert held["mean"].iloc[0] == pytest.approx(best) or held["model"].iloc[0] != found.model


def test_without_a_pool_the_learning_curve_is_one_point(slices: dict[str, pd.DataFrame]) -> None:
    """Nothing is made up where no further real rows are at hand."""
    train = draw(120, 0)
    found = baseline.measure(train, train.iloc[:0], slices, SCHEMA, MODELS, "roc_auc", seeds=1)
    assert found.learning["rows"].tolist() == [120, 120]  # tune and holdout


def test_the_holdout_never_decides(slices: dict[str, pd.DataFrame]) -> None:
    """With the holdout's labels turned round, every choice of the sweep stays the same."""
    from stages.lib import curve

    train, batch = draw(100, 0), draw(600, 5)
    held = slices["holdout"]
    turned = held.assign(rich=np.where(held["rich"] == "yes", "no", "yes"))
    poisoned = {**slices, "holdout": turned.astype({"rich": "category"})}
    asked = sweep.Sweep(ratios=[0, 0.5, 0.8], seeds=2)
    choices = []
    for scored in (slices, poisoned):
        curves = sweep.curves(
            train,
            {"b": batch},
            {"b": ["b"]},
            scored,
            SCHEMA,
            MODELS,
            "roc_auc",
            "linear",
            asked,
            "add",
        )
        choice = curve.choose(curves["b"])
        choices.append((choice.chosen.ratio, choice.chosen.model, choice.plateau, choice.shape))
    assert choices[0] == choices[1]


def test_a_blend_labels_every_row(slices: dict[str, pd.DataFrame]) -> None:
    """Each row says whether it is real, and which batch it came from."""
    batch = labelled(draw(300, 5))
    final = blend.train(
        draw(100, 0),
        [batch],
        slices,
        SCHEMA,
        MODELS,
        "roc_auc",
        ratio=0.5,
        model="linear",
        real_only="linear",
        policy="add",
        seeds=2,
    )
    counts = final.rows.groupby("_origin", observed=True).size()
    assert counts.to_dict() == {"real": 100, "synthetic": 100}
    synthetic = final.rows[final.rows["_origin"] == "synthetic"]
    assert synthetic["_batch"].eq("nb-all").all()
    assert final.rows[final.rows["_origin"] == "real"]["_batch"].isna().all()
    assert set(final.classes) == {"no", "yes"}
    assert final.pipeline.predict(draw(7, 9)[["x", "town"]]).shape == (7,)


def mixed(slices: dict[str, pd.DataFrame], batches: list[pd.DataFrame], ratio: float) -> Any:
    """Return the blend of 100 real rows and the batches at a ratio set by hand."""
    return blend.train(
        draw(100, 0),
        [labelled(batch) for batch in batches],
        slices,
        SCHEMA,
        MODELS,
        "roc_auc",
        ratio=ratio,
        model=None,
        real_only="linear",
        policy="add",
        seeds=1,
    )


def labelled(batch: pd.DataFrame) -> pd.DataFrame:
    """Return a batch with the labels of its rows."""
    size = len(batch)
    return batch.assign(
        _origin=pd.Categorical(["synthetic"] * size), _batch=pd.Categorical(["nb-all"] * size)
    )


def test_more_synthetic_rows_than_there_are_is_refused(slices: dict[str, pd.DataFrame]) -> None:
    """The message names the ratio, the rows it needs and the rows there are."""
    with pytest.raises(ParamsError, match="`blend.ratio` 0.9 needs 900 synthetic rows"):
        mixed(slices, [draw(300, 5)], 0.9)


def test_a_ratio_by_hand_without_a_batch_trains_on_real_rows(
    slices: dict[str, pd.DataFrame],
) -> None:
    """Where nothing was admitted the run still ends."""
    final = mixed(slices, [], 0.9)
    assert (final.point.ratio, len(final.rows)) == (0.0, 100)


def test_rows_of_one_class_train_a_model_that_says_so(slices: dict[str, pd.DataFrame]) -> None:
    """A batch without one of the classes scores as badly as it deserves, and does not crash."""
    train = draw(100, 0)
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", train, slices)
    same = np.flatnonzero(train["rich"] == "no")
    [found] = trials.run(bench, [Trial("boosting", same, 0, ("holdout",))])
    assert found["holdout"].value == 0.5


def test_an_empty_column_is_learned_from_in_silence(slices: dict[str, pd.DataFrame]) -> None:
    """A number that is missing in every training row says nothing and stops nothing."""
    train = draw(100, 0).assign(x=np.nan)
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", train, slices)
    for name in MODELS:
        [found] = trials.run(bench, [Trial(name, np.arange(100), 0, ("holdout",))])
        assert np.isfinite(found["holdout"].value)


def test_the_baseline_is_the_sweep_at_ratio_zero(slices: dict[str, pd.DataFrame]) -> None:
    """Real rows alone have one score, whatever else lies in the pool or in a batch."""
    train, pool = draw(120, 0), draw(300, 4)
    pool = pool.assign(town=pool["town"].astype(str) + "x").astype({"town": "category"})
    found = baseline.measure(train, pool, slices, SCHEMA, MODELS, "roc_auc", seeds=1)
    asked = sweep.Sweep(ratios=[0], seeds=1)
    curves = sweep.curves(
        train,
        {"b": draw(50, 6)},
        {"b": ["b"]},
        slices,
        SCHEMA,
        MODELS,
        "roc_auc",
        found.model,
        asked,
        "add",
    )
    assert curves["b"][0].scores["holdout"].mean == found.best["holdout"].mean
