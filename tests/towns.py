"""Small tables of people in towns, with models that learn from them: what tests share."""

import numpy as np
import pandas as pd

from stages.lib.learners import Learner
from stages.lib.tables.schema import Column, Schema

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


def draw(rows: int, seed: int, labels: tuple[str, ...] = ("no", "yes")) -> pd.DataFrame:
    """Return rows whose label goes with x, the later labels with the larger x, and rarer."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows)
    place = np.digitize(2 * x + rng.logistic(0, 1, rows), (1.8, 3.5)[: len(labels) - 1])
    town = rng.choice(["a", "b", "c"], rows)
    frame = pd.DataFrame({"x": x, "town": town, "rich": np.array(labels)[place]})
    return frame.astype({"town": "category", "rich": "category"})
