"""Leave-one-batch-out: what a mix gains from each of its batches."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import runs, scoring, trials
from stages.lib.final import attribution
from stages.lib.learners import Learner
from stages.lib.tables.schema import Column, Schema
from stages.lib.trials import Trial

SCHEMA = Schema(
    columns={
        **{f"x{place}": Column(kind="number") for place in range(5)},
        "y": Column(kind="category", role="target"),
    }
)
MODELS = {"linear": Learner(kind="linear")}


def draw(rows, seed, *, sign=1.0):
    """Return rows whose label goes with the sum of the features, or against it."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, 5))
    label = np.where(sign * x.sum(axis=1) + rng.logistic(0, 1, rows) > 0, "yes", "no")
    frame = pd.DataFrame(x, columns=[f"x{place}" for place in range(5)])
    return frame.assign(y=pd.Categorical(label, categories=["no", "yes"]))


@pytest.fixture
def mix():
    """Return a bench of 40 real rows, 300 good ones, 100 of turned labels, and a mix of them."""
    scored = {"tune": draw(300, 1), "holdout": draw(2000, 2)}
    more = [draw(300, 3), draw(100, 4, sign=-1)]
    bench = trials.bench(SCHEMA, MODELS, "roc_auc", draw(40, 0), scored, more)
    batches = {"good": np.arange(40, 340), "turned": np.arange(340, 440)}
    draws = {
        seed: np.concatenate(
            [np.arange(40), 40 + np.random.default_rng(seed).permutation(400)[:200]]
        )
        for seed in range(8)
    }
    jobs = [Trial("linear", rows, seed, tuple(scored)) for seed, rows in draws.items()]
    return bench, draws, batches, runs.gather(list(trials.run(bench, jobs)))


def test_a_batch_is_taken_out_of_the_same_draws(mix):
    """What is left is trained with the same seeds, and nothing is put in its place."""
    bench, draws, batches, mixed = mix
    found = {
        one.batch: one for one in attribution.leave_one_out(bench, "linear", draws, batches, mixed)
    }
    assert list(found) == ["good", "turned"]
    left = [
        Trial("linear", rows[rows < 340], seed, ("tune", "holdout")) for seed, rows in draws.items()
    ]
    without = runs.gather(list(trials.run(bench, left)))
    for part in ("tune", "holdout"):
        expected = runs.difference(mixed[part], without[part])
        assert found["turned"].gain[part] == expected
    assert found["turned"].rows == int((draws[0] >= 340).sum())


def test_the_batch_that_harms_is_found(mix):
    """Good rows are shown to earn something, and rows with turned labels to cost something."""
    bench, draws, batches, mixed = mix
    found = attribution.leave_one_out(bench, "linear", draws, batches, mixed)
    good, turned = (one.gain["holdout"] for one in found)
    assert good.lower > 0
    assert turned.upper < 0


def test_a_batch_that_no_seed_draws_earns_nothing(mix):
    """Its gain is 0 to 0."""
    bench, draws, batches, _ = mix
    draws = {seed: rows[rows < 340] for seed, rows in draws.items()}
    jobs = [Trial("linear", rows, seed, ("holdout",)) for seed, rows in draws.items()]
    mixed = runs.gather(list(trials.run(bench, jobs)))
    _, idle = attribution.leave_one_out(bench, "linear", draws, batches, mixed)
    assert idle.rows == 0
    assert (idle.gain["holdout"].lower, idle.gain["holdout"].upper) == (0, 0)


def test_one_batch_is_not_told_twice(mix):
    """What the only batch earns is the gain over real rows alone."""
    bench, draws, _, mixed = mix
    only = {"all": np.arange(40, 440)}
    assert list(attribution.leave_one_out(bench, "linear", draws, only, mixed)) == []


def test_a_mix_of_one_batch_alone(mix):
    """A batch without which nothing is left to train on is passed over."""
    bench, draws, batches, mixed = mix
    alone = {seed: rows[(rows >= 40) & (rows < 340)] for seed, rows in draws.items()}
    found = attribution.leave_one_out(bench, "linear", alone, batches, mixed)
    assert [one.batch for one in found] == ["turned"]


def test_interval_covers_what_other_rows_and_seeds_would_say(mix, monkeypatch):
    """Over fresh rows of a holdout and fresh seeds it holds the mean in about 95 of 100 cases."""
    bench, _, batches, _ = mix
    rng = np.random.default_rng(5)
    seeds, rows, y = 40, 2000, bench.scored["holdout"][1]
    draws = [np.concatenate([np.arange(40), 40 + rng.permutation(400)[:200]]) for _ in range(seeds)]
    left = [own[own < 340] for own in draws]
    jobs = [Trial("linear", own, 0, ("holdout",)) for own in (*draws, *left)]
    fits = [one["holdout"] for one in trials.predictions(bench, jobs)]
    by_rows = {job.rows.tobytes(): fit for job, fit in zip(jobs, fits, strict=True)}
    # One fit per draw serves all rounds: rows and draws are drawn again, with replacement.
    only = {"turned": batches["turned"], "nothing": np.empty(0, int)}

    def found(chosen, places):
        def run(_, asked):
            told = (by_rows[job.rows.tobytes()][places] for job in asked)
            return [{"holdout": scoring.score("accuracy", y[places], one)} for one in told]

        monkeypatch.setattr(trials, "run", run)
        picked = {seed: draws[number] for seed, number in enumerate(chosen)}
        mixed = runs.gather(run(bench, [Trial("linear", own, 0, ()) for own in picked.values()]))
        return next(attribution.leave_one_out(bench, "linear", picked, only, mixed)).gain["holdout"]

    truth = found(range(seeds), np.arange(rows)).value
    held = []
    for _ in range(1000):
        one = found(rng.integers(0, seeds, 8), rng.integers(0, rows, 500))
        held.append(one.lower <= truth <= one.upper)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
