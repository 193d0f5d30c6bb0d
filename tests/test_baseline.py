"""The baseline: what is chosen, what is compared with it, and what is kept."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from towns import MODELS, SCHEMA, draw

from stages.lib import baseline, learning, remedies, runs
from stages.lib.base import files
from stages.lib.base.errors import ParamsError, StaleError
from stages.lib.tables.schema import Column, Schema


@pytest.fixture
def slices() -> dict[str, pd.DataFrame]:
    """Return a tune and a holdout slice."""
    return {"tune": draw(150, 1), "holdout": draw(400, 2)}


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
