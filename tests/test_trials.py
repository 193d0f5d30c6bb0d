"""Trials: what is trained on which rows, and what the rows that are scored do not decide."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from towns import MODELS, SCHEMA, draw
from worlds import one_by_one

from stages.lib import trials
from stages.lib.tables import table
from stages.lib.trials import Bench, Trial


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


@pytest.mark.parametrize(
    ("labels", "metric"),
    [
        (("no", "yes"), "roc_auc"),
        (("no", "yes"), "average_precision"),
        (("no", "yes"), "neg_brier_score"),
        (("no", "yes"), "neg_log_loss"),
        (("no", "some", "yes"), "roc_auc_ovr"),
        (("no", "some", "yes"), "roc_auc_ovo"),
        (("no", "some", "yes"), "average_precision"),
    ],
)
def test_a_label_of_the_holdout_alone_decides_nothing(labels: tuple[str, ...], metric: str) -> None:
    """The task, the order of the classes and each score on tune are those without such a label."""
    train, tune, held = (draw(rows, seed, labels) for seed, rows in enumerate((150, 150, 400)))
    # It comes before all others by the alphabet.
    strange = held.assign(rich=[*["alien"] * 40, *held["rich"][40:]]).astype({"rich": "category"})

    def measured(holdout: pd.DataFrame) -> tuple[Bench, list]:
        scored = {"tune": tune, "holdout": holdout}
        bench = trials.bench(SCHEMA, MODELS, metric, train, scored)
        jobs = [Trial(name, np.arange(150), 0, ("tune", "holdout")) for name in MODELS]
        return bench, list(one_by_one(bench, jobs))

    (plain, usual), (bench, found) = measured(held), measured(strange)
    assert bench.task == plain.task == ("multiclass" if len(labels) > 2 else "binary")
    assert plain.classes == list(labels)
    assert bench.classes == [*labels, "alien"]
    for scores, expected in zip(found, usual, strict=True):
        assert scores["tune"].value == pytest.approx(expected["tune"].value, abs=1e-12)
        influence = expected["tune"].influence
        np.testing.assert_allclose(scores["tune"].influence, influence, atol=1e-12)
        assert np.isfinite(scores["holdout"].value)
        assert scores["holdout"].value != expected["holdout"].value
        assert np.isfinite(scores["holdout"].influence).all()


def test_the_positive_class_is_scored_against_all_others() -> None:
    """Rows of a label that the holdout alone has count as rows that are not positive."""
    train, held = draw(150, 0), draw(400, 2)
    strange = held.assign(rich=[*["alien"] * 40, *held["rich"][40:]]).astype({"rich": "category"})
    scored = {"tune": draw(150, 1), "holdout": strange}
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", train, scored)
    job = Trial("linear", np.arange(150), 0, ("holdout",))
    [scores] = one_by_one(bench, [job])
    said = trials.fit(bench, job).predict_proba(bench.scored["holdout"][0])[:, 1]
    expected = roc_auc_score(strange["rich"] == "yes", said)
    assert scores["holdout"].value == pytest.approx(expected, abs=1e-12)


def test_a_category_that_train_lacks_is_scored(slices: dict[str, pd.DataFrame]) -> None:
    """A town first seen on the holdout is a finding, never a crash."""
    train = draw(100, 0)
    train = table.rows(train, np.flatnonzero(train["town"] != "c"))
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", train, {"holdout": slices["holdout"]})
    rows = np.arange(len(train))
    jobs = [Trial(name, rows, 0, ("holdout",)) for name in MODELS]
    for found in one_by_one(bench, jobs):
        assert 0.5 < found["holdout"].value < 1


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
