"""The learning curve: which rows, which seeds, which model, and that it meets the baseline."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import learning, trials
from stages.lib.learners import Learner
from stages.lib.scoring import Score
from stages.lib.tables.schema import Column, Schema

SLICES = ("tune", "holdout")
SCHEMA = Schema(
    columns={"x": Column(kind="number"), "rich": Column(kind="category", role="target")}
)
MODELS = {"linear": Learner(kind="linear"), "other": Learner(kind="linear", C=0.1)}


def draw(rows, seed=0, *, rare=0.3):
    """Return rows each of which has a number of its own."""
    rng = np.random.default_rng(seed)
    rich = np.where(rng.random(rows) < rare, "yes", "no")
    return pd.DataFrame({"x": seed * 1e6 + np.arange(rows), "rich": pd.Categorical(rich)})


SCORED = {"tune": draw(20, 8), "holdout": draw(30, 9)}


@pytest.fixture
def jobs(monkeypatch):
    """Return the trials that are run from here on, with the rows they train on; none is fitted."""
    seen = []

    def run(bench, asked):
        seen.extend((trial, bench.x[trial.rows, 0], len(bench.y)) for trial in asked)
        # The model "other" does better on the holdout, "linear" on tune.
        good = {"tune": "linear", "holdout": "other"}
        return [
            {on: Score(float(trial.model == good[on]), np.zeros(3)) for on in trial.on}
            for trial in asked
        ]

    monkeypatch.setattr(trials, "run", run)
    return seen


def fewer(train, seeds, models=MODELS):
    """Return the curve below the rows of `train`."""
    return learning.fewer(trials.bench(SCHEMA, models, "roc_auc", train, SCORED), seeds, SLICES)


def more(train, pool, seeds):
    """Return the curve above the rows of `train`."""
    return learning.more(train, pool, SCORED, SCHEMA, MODELS, "roc_auc", seeds)


def test_subsamples_are_nested_and_differ_by_seed(jobs):
    """A smaller number of rows is part of the larger one of its seed, and of no other seed."""
    found = fewer(draw(320), 3)
    assert [size.rows for size in found] == [40, 80, 160]
    rows = {(len(x), trial.seed): set(x) for trial, x, _ in jobs}
    for seed in range(3):
        assert rows[40, seed] < rows[80, seed] < rows[160, seed]
    assert len({frozenset(rows[160, seed]) for seed in range(3)}) == 3
    by_model = [
        [trial.rows.tolist() for trial, *_ in jobs if trial.model == name] for name in MODELS
    ]
    assert by_model[0] == by_model[1]


def test_few_rows_and_single_classes_are_left_out(jobs):
    """Nothing is learned from fewer than 20 rows, or from a draw that has one class alone."""
    assert [size.rows for size in fewer(draw(100), 2)] == [25, 50]
    assert fewer(draw(38), 2) == []
    train = draw(400)
    train["rich"] = pd.Categorical(np.where(np.arange(400) < 12, "yes", "no"))
    jobs.clear()
    assert [size.rows for size in fewer(train, 8)] == [100, 200]  # of 50 rows some have no "yes"
    assert all(x.min() < 12 <= x.max() for _, x, _ in jobs)


def test_further_rows_come_behind_all_of_train(jobs):
    """Every number above train's has all its rows, and rows of the pool that a seed draws."""
    found = more(draw(100), draw(530, 1), 2)
    assert [size.rows for size in found] == [200, 400, 630]
    rows = {(len(x), trial.seed): set(x) for trial, x, _ in jobs}
    train = set(range(100))
    for (size, seed), own in rows.items():
        assert train < own and len(own) == size
        assert own <= rows[630, seed]
    assert rows[200, 0] != rows[200, 1]
    assert rows[630, 0] == rows[630, 1]


def test_no_pool_no_further_rows(jobs):
    """Nothing is made up where no further real rows are at hand."""
    assert more(draw(100), draw(5, 1).iloc[:0], 2) == []
    assert [size.rows for size in more(draw(100), draw(5, 1), 2)] == [105]
    assert [size.rows for size in more(draw(100), draw(120, 1), 2)] == [220]


def test_many_rows_are_run_with_fewer_seeds(jobs):
    """The curve ends at 20,000 rows; above 4,000 it has fewer than ten seeds, and five at least."""
    found = more(draw(1_000), draw(60_000, 1), 10)
    assert [size.rows for size in found] == [2_000, 4_000, 8_000, 20_000]
    assert [len(size.scores["tune"].values) for size in found] == [10, 10, 5, 5]
    assert all(held < 61_000 for *_, held in jobs)  # rows that no seed draws are not encoded
    assert [len(size.scores["tune"].values) for size in more(draw(1_000), draw(60_000), 2)] == [
        2
    ] * 4


def test_the_curve_goes_to_twice_the_rows_of_train(jobs):
    """Where train is large, its double is tried all the same."""
    assert [size.rows for size in more(draw(15_000), draw(50_000, 1), 1)] == [30_000]


def test_the_model_is_the_best_on_tune(jobs):
    """At each size the model is taken that does best on tune, whatever the holdout says."""
    found = fewer(draw(320), 2)
    assert {size.model for size in found} == {"linear"}
    assert found[0].scores["holdout"].mean == 0


def test_the_table_has_a_line_per_size_and_slice():
    """The mean of each size stands with its interval; the runs are found again by their size."""
    found = fewer(draw(320), 2)
    lines = learning.tidy(found)
    assert lines["rows"].tolist() == [40, 40, 80, 80, 160, 160]
    assert lines["split"].tolist() == ["tune", "holdout"] * 3
    assert (lines["lower"] <= lines["mean"]).all() and (lines["mean"] <= lines["upper"]).all()
    kept = {f"{learning.PREFIX}{size.rows}": size.scores for size in found}
    learned = learning.learned({"best": found[0].scores, **kept}, "tune")
    assert [(size, own.mean) for size, own in learned] == [
        (size.rows, size.scores["tune"].mean) for size in found
    ]


def test_a_number_is_learned_too():
    """A target that is a number has no classes that a subsample could lack."""
    schema = Schema(columns={"x": Column(kind="number"), "y": Column(kind="number", role="target")})
    rng = np.random.default_rng(0)
    x = rng.random(200)
    frame = pd.DataFrame({"x": x, "y": x + rng.random(200)})
    models = {"linear": Learner(kind="linear")}
    bench = trials.bench(schema, models, "r2", frame, {"tune": frame, "holdout": frame})
    found = learning.fewer(bench, 2, SLICES)
    assert [size.rows for size in found] == [25, 50, 100]
    assert all(size.scores["holdout"].mean > 0 for size in found)
