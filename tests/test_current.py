"""The final model on rows that arrived: scored as on the holdout, and worse only where shown."""

import numpy as np
import pandas as pd
import pytest
from population import SCHEMA
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from stages.lib import learners, models
from stages.lib.base.errors import StaleError
from stages.lib.drift import current
from stages.lib.learners import Learner
from stages.lib.tables.schema import Column, Schema

TOLD = {"metric": "roc_auc", "score": 0.85, "lower": 0.83, "upper": 0.87}
KINDS = ("hist_gradient_boosting", "random_forest", "linear")
NUMBER = Schema(columns={"x": Column(kind="number"), "y": Column(kind="number", role="target")})


def draw(rows, rng, *, noise=1.0):
    """Draw rows whose class hangs on n0, "b" above a cut that a third of them reach."""
    frame = pd.DataFrame({f"n{i}": rng.standard_normal(rows) for i in range(3)})
    for name in ("c0", "c1"):
        frame[name] = pd.Categorical(rng.choice(list("pq"), rows))
    high = frame["n0"] + noise * rng.standard_normal(rows) > 0.6
    return frame.assign(c2=pd.Categorical(np.where(high, "b", "a")))


def trained(frame, known, kind="linear"):
    """Return the pipeline that blend would write for these rows."""
    encoder = learners.encoder(frame, SCHEMA)
    x, y = encoder.transform(frame), frame["c2"].astype(str).map(known.index).to_numpy(float)
    model = learners.fit(Learner(kind=kind), "binary", learners.levels(encoder), x, y, seed=0)
    return Pipeline([("encode", encoder), ("model", model)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_was_written_is_scored(tmp_path, kind):
    """The model comes back from its file, and its score is what scikit-learn says of it."""
    rng = np.random.default_rng(0)
    known, frame = ["a", "b"], draw(300, rng)
    models.save_skops(trained(draw(300, rng), known, kind), tmp_path / "final.skops")
    model = models.load_skops(tmp_path / "final.skops")
    found, why = current.score(model, frame, known, TOLD, SCHEMA)
    assert why == ""
    assert found.rows == 300
    chance = model.predict_proba(frame[SCHEMA.features])[:, 1]
    assert found.score.value == pytest.approx(roc_auc_score(frame["c2"] == "b", chance))
    assert found.score.lower < found.score.value < found.score.upper
    assert found.expected[:3] == (0.85, 0.83, 0.87)


def test_worse_only_where_it_is_shown():
    """Labels that hang on nothing any more make it worse; those of the same process do not."""
    rng = np.random.default_rng(1)
    model = trained(draw(2000, rng), ["a", "b"])
    told = {**TOLD, "score": 0.83, "lower": 0.82, "upper": 0.84}
    for noise, expected in ((1.0, False), (30.0, True)):
        found, _ = current.score(model, draw(300, rng, noise=noise), ["a", "b"], told, SCHEMA)
        assert found.worse is expected


def test_worse_by_chance_in_one_of_forty():
    """Where nothing changed the model is said to be worse in about 2.5 % of draws."""
    rng = np.random.default_rng(2)
    model = trained(draw(500, rng), ["a", "b"])

    def score(rows, told):
        return current.score(model, draw(rows, rng), ["a", "b"], told, SCHEMA)[0]

    said = 0
    for _ in range(200):
        held = score(400, TOLD).score
        told = {**TOLD, "score": held.value, "lower": held.lower, "upper": held.upper}
        said += score(150, told).worse
    assert said <= 11  # 5 expected; 12 or more come in less than 1 % of cases


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="c2"), ""),
        (lambda f: f.drop(columns="n1"), "it needs 'n1'"),
        (lambda f: f.assign(c2=f["c2"].mask(f.index > 6)), "7 rows with labels, 20 are needed"),
        (lambda f: f[f["c2"] == "a"], "fewer than two classes have 5 rows"),
    ],
    ids=["no labels", "no feature", "few labels", "one class"],
)
def test_what_cannot_be_scored_is_said(change, said):
    """Where rows tell nothing of the model there is no score, and the reason in words."""
    rng = np.random.default_rng(3)
    model = trained(draw(300, rng), ["a", "b"])
    found, why = current.score(model, change(draw(100, rng)), ["a", "b"], TOLD, SCHEMA)
    assert found is None
    assert said in why


def test_new_labels_and_categories_are_scored_too():
    """A label that the model never saw is one that it never predicts; the rest goes on."""
    rng = np.random.default_rng(4)
    model = trained(draw(300, rng), ["a", "b"])
    frame = draw(200, rng)
    frame["c0"] = pd.Categorical(["new"] * 200)
    frame.loc[:4, "n0"] = np.nan
    told = {**TOLD, "metric": "accuracy"}
    right, _ = current.score(model, frame, ["a", "b"], told, SCHEMA)
    frame["c2"] = pd.Categorical(np.where(np.arange(200) < 20, "c", frame["c2"].astype(str)))
    found, _ = current.score(model, frame, ["a", "b"], told, SCHEMA)
    assert found.rows == 200
    assert found.score.value <= 0.9
    assert right.score.value - 0.1 <= found.score.value < right.score.value


def test_a_number_is_scored():
    """A target that is a number has no classes, and is scored by its own metrics."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal(200)
    frame = pd.DataFrame({"x": x, "y": 2 * x + rng.standard_normal(200)})
    encoder = learners.encoder(frame, NUMBER)
    seen = encoder.transform(frame)
    model = learners.fit(Learner(kind="linear"), "regression", [0], seen, frame["y"], seed=0)
    told = {"metric": "neg_mean_absolute_error", "score": -0.8, "lower": -0.9, "upper": -0.7}
    pipeline = Pipeline([("encode", encoder), ("model", model)])
    found, why = current.score(pipeline, frame[:50], [], told, NUMBER)
    assert (why, found.worse) == ("", False)
    off = np.abs(frame["y"][:50] - pipeline.predict(frame[["x"]][:50])).mean()
    assert found.score.value == pytest.approx(-off)


def test_classes_are_numbered_as_the_model_knows_them():
    """Of two the rarer real one is last, though the mix has more of it; three are sorted."""
    real = pd.Series(["z", "z", "a"])
    assert current.classes(pd.Series(["a", "a", "a", "z"]), real, pd.Series(["a"])) == ["z", "a"]
    assert current.classes(real, real, pd.Series(["m", None])) == ["a", "m", "z"]
    rng = np.random.default_rng(6)
    model = trained(draw(300, rng), ["a", "b"])
    with pytest.raises(StaleError, match="more classes"):
        current.score(model, draw(100, rng), ["a"], TOLD, SCHEMA)
