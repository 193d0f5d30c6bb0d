"""Sweeps over small tables, whose fits may be made up."""

import numpy as np
import pandas as pd
from towns import SCHEMA
from worlds import one_by_one

from stages.lib.learners import Learner
from stages.lib.mixes.ground import prepare
from stages.lib.ratios.sweep import Sweep
from stages.lib.scoring import Score

MODELS = {
    "linear": Learner(kind="linear"),
    "forest": Learner(kind="random_forest", n_estimators=5, max_depth=3),
}
REAL = 100  # rows of train


def draw(rows, seed, *, rare=0.25):
    """Return rows whose label goes with x."""
    rng = np.random.default_rng(seed)
    rich = rng.random(rows) < rare
    frame = pd.DataFrame(
        {
            "x": rng.standard_normal(rows) + rich,
            "town": rng.choice(["a", "b", "c"], rows),
            "rich": np.where(rich, "yes", "no"),
        }
    )
    return frame.astype({"town": "category", "rich": "category"})


def asked(*ratios, **changes):
    """Return the section `sweep` with these ratios."""
    fields = {"shares": [0.3, 0.5], "seeds": 2, "models": None, "refine": False}
    return Sweep(**{"ratios": ratios, **fields, "per_slice": False, "regions": "slices", **changes})


def prepared(run=one_by_one, *, batches=None, held=None, policy="add", schema=SCHEMA, **changes):
    """Return the ground of a sweep over small tables, with fits of its own making."""
    options = {"asked": None, "real_only": "linear", "seeds": 2, **changes}
    return prepare(
        draw(REAL, 0),
        batches or {"first": draw(500, 1), "second": draw(150, 2)},
        {"tune": draw(60, 3), "holdout": draw(90, 4) if held is None else held},
        schema,
        MODELS,
        "roc_auc",
        policy=policy,
        run=run,
        **options,
    )


def made_up(mean, noise=0.0):
    """Return a runner whose scores come from the model and its part of synthetic rows.

    The holdout says the contrary; `noise` is what no other ratio shares.
    """

    def run(bench, jobs):
        for job in jobs:
            ratio = (job.rows >= REAL).mean()
            value = mean(job.model, ratio)
            own = np.random.default_rng(round(1e6 * ratio)).standard_normal(90) * noise
            yield {
                "tune": Score(value, own - own.mean()),
                "holdout": Score(-value, own - own.mean()),
            }

    return run


def noted(jobs):
    """Return a runner that notes what it is asked for, and scores nothing."""

    def run(bench, asked):
        jobs.extend(asked)
        return [{split: Score(0.5, np.zeros(9)) for split in ("tune", "holdout")} for _ in asked]

    return run
