"""The baseline and the trials beneath it: what is trained on what, and what is compared."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from stages.lib import baseline, files, learning, remedies, runs, table, trials
from stages.lib.errors import ParamsError, StaleError
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
    """The model is chosen within train, and the learning curve passes through its score."""
    found = baseline.measure(draw(160, 0), draw(500, 4), slices, SCHEMA, MODELS, "roc_auc", seeds=2)
    assert found.model == max(found.cross_validation, key=lambda name: found.cross_validation[name])
    assert set(found.remedies) == {"class weights", "oversampling"}
    assert [size.rows for size in found.learning] == [20, 40, 80, 160, 320, 660]
    same = next(size for size in found.learning if size.rows == 160)
    assert (same.model, same.scores) == (found.model, found.best)


def test_what_was_measured_is_kept(slices: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Later stages compare with the very runs, from a file whose bytes bear no time."""
    train = draw(160, 0)
    found = baseline.measure(train, train.iloc[:0], slices, SCHEMA, MODELS, "f1", seeds=2)
    path = tmp_path / "baseline.npz"
    files.write_arrays(runs.pack(baseline.named(found)), path)
    kept = runs.unpack(files.read_arrays(path))
    np.testing.assert_equal(kept["best"], found.best)
    assert [name for name, _ in remedies.named(kept, "tune")] == list(found.remedies)
    for name, own in remedies.named(kept, "holdout"):
        np.testing.assert_equal(own, found.remedies[name]["holdout"])
    sizes = learning.learned(kept, "tune")
    for (rows, own), size in zip(sizes, found.learning, strict=True):
        assert rows == size.rows
        np.testing.assert_equal(own, size.scores["tune"])
    with zipfile.ZipFile(path) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with pytest.raises(StaleError, match="missing.npz is not there"):
        files.read_arrays(tmp_path / "missing.npz")
    with pytest.raises(ValueError, match="allow_pickle"):
        files.write_arrays({"object": np.array([{}])}, tmp_path / "object.npz")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("sensitive", [False, True])
def test_too_little_to_learn_from_in_words(
    slices: dict[str, pd.DataFrame], *, sensitive: bool
) -> None:
    """One class, one row of the other, or a handful of rows: what to raise, and no secret label."""
    target = Column(kind="category", role="target", sensitive=sensitive)
    schema = Schema(columns={**SCHEMA.columns, "rich": target})
    train = draw(40, 0)
    one = train.assign(rich=pd.Categorical(["no"] * 40))
    single = train.assign(rich=pd.Categorical(["yes"] + ["no"] * 39))
    for frame, words in (
        (one, "40 rows to learn from, all of one class of 'rich'"),
        (single, "only one class of 'rich' has two rows or more"),
        (train.iloc[:9], "9 rows to learn from, and cross-validation needs 10"),
    ):
        with pytest.raises(ParamsError, match=words) as caught:
            baseline.measure(frame, train, slices, schema, MODELS, "roc_auc", seeds=1)
        assert "`freeze.train`" in str(caught.value)
        assert not sensitive or "'no'" not in str(caught.value)


def test_a_metric_that_folds_cannot_tell(slices: dict[str, pd.DataFrame]) -> None:
    """Where no fold has a row of the metric's class, the first model stands and the run ends."""
    train = draw(60, 0)
    tuned = slices["tune"].assign(rich=pd.Categorical(["most"] * 75 + ["no"] * 75))
    scored = {"tune": tuned, "holdout": slices["holdout"]}
    found = baseline.measure(train, train, scored, SCHEMA, MODELS, "recall@most", seeds=1)
    assert found.model == "boosting"
    assert np.isnan(list(found.cross_validation.values())).all()


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
