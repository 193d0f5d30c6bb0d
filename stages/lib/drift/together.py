"""Whether a model tells the rows that arrived from those that were learned from."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from .. import learners, scoring
from ..learners import Learner
from ..tables.schema import Schema
from .permutation import DEALS

MODEL = Learner.model_validate(  # small, as a few hundred rows are what it mostly learns from
    {
        "kind": "hist_gradient_boosting",
        "max_iter": 60,
        "max_leaf_nodes": 8,
        "min_samples_leaf": 10,
    }
)


class Told(NamedTuple):
    """How well the model tells them apart on rows that it did not see."""

    auc: float
    p_value: float


def tell(both: pd.DataFrame, first: int, schema: Schema, rng: np.random.Generator) -> Told:
    """Return the ROC AUC on a random half of each sample, of a model of the other halves.

    The classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545), with the AUC for
    its statistic: where both are samples of one population, the held-out rows' sides are chance,
    whatever the model learned, so dealing them out anew gives the exact null. One-sided: a model
    that is worse than chance has learned nothing. `both` has the `first` rows that were learned
    from on top.
    """
    encoder = learners.encoder(both, schema, list(both.columns))
    x = encoder.transform(both)
    side = np.repeat([0, 1], [first, len(both) - first])
    held = np.zeros(len(both), bool)
    for places in (np.arange(first), np.arange(first, len(both))):
        held[rng.permutation(places)[: len(places) // 2]] = True
    count = learners.levels(encoder)
    model = learners.fit(MODEL, "binary", count, x[~held], side[~held].astype(float), seed=0)
    predicted, truth = learners.predict(model, x[held], 2), side[held]
    ranks = rankdata(predicted[:, 1])
    observed = ranks[truth == 1].sum()
    dealt = np.array([rng.permutation(ranks)[truth == 1].sum() for _ in range(DEALS)])
    p_value = (1 + (dealt >= observed - 1e-6).sum()) / (DEALS + 1)
    return Told(scoring.score("roc_auc", truth, predicted).value, float(p_value))
