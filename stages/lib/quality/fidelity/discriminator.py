"""How well a model tells a batch from unseen real rows, and by which columns."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from ... import intervals, learners, scoring
from ...intervals import Estimate
from ...learners import Learner
from ...measure import FEWEST, Measure, untold
from ...tables import rows, table
from ...tables.schema import Schema

FOLDS = 5
CAP = 5_000  # rows of each side; more would only cost time
ASKED = 1_000  # held-out rows of each fold that a column is permuted in; few are taken repeatedly
MODEL = Learner(kind="hist_gradient_boosting")
CLEAR = 0.01  # fall of the AUC that names a column; chance alone reaches about two thirds of it
NAMED = 3  # columns at most

_MOST = 2.0  # what the variance is multiplied by where nothing but noise is learned
_METHOD = "DeLong within folds, paired over the unseen rows, widened for what folds share"


class Told(NamedTuple):
    """How well models tell one side from another on rows that they did not see."""

    value: float  # ROC AUC, mean over the folds
    share: np.ndarray  # (rows,), what each row adds to the error of the value; 0 outside the sides
    models: list[Any]  # one for each fold


def compare(
    made: pd.DataFrame,
    real: pd.DataFrame,
    apart: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> tuple[list[Measure], pd.DataFrame]:
    """Tell a batch from unseen real rows `apart`, beside rows `real` of train told from them.

    The value is a cross-fitted ROC AUC of histogram boosting on equally many random rows, at most
    `CAP` of each; 0.5 is chance. Rows that are alike are in one fold on every side, so that none
    is known by heart: neither one that the batch repeats, nor one that another real row equals.
    Where few rows are distinct, little is learned of some from the others.

    The table holds `column` and `giveaway`, the greatest first: by how much the AUC falls on
    held-out rows when the column is permuted among them. Columns that tell the same share it.
    """
    names = schema.categorical(schema.modelled) + schema.numeric(schema.modelled)
    size = min(len(made), len(real), len(apart), CAP)
    if size < FEWEST:
        return _untold(names, f"{size} rows, too few to tell")
    every = table.stack(
        [
            table.rows(frame[schema.modelled], rng.permutation(len(frame))[:size])
            for frame in (made, real, apart)
        ]
    )
    encoder = learners.encoder(every, schema, schema.modelled)
    x = encoder.transform(every)
    alike = np.unique(rows.keys(every), return_inverse=True)[1]
    fold = (rng.permutation(alike.max() + 1) % FOLDS)[alike]
    fit = partial(learners.fit, MODEL, "binary", learners.levels(encoder), seed=0)
    first, second, third = np.split(np.arange(len(x)), 3)
    batch, ceiling = (crossed(fit, x, side, third, fold) for side in (first, second))
    if np.isnan([batch.value, ceiling.value]).any():
        return _untold(names, "too few rows that differ")
    found = excess(batch, ceiling, widening(batch.models, x[second]), alike)
    given = _table(names, giveaways(batch.models, x, first, third, fold, rng))
    most = given.loc[given["giveaway"] >= CLEAR, "column"].head(NAMED)
    note = f"by {', '.join(most)}" if len(most) else ""
    told = Measure("fidelity", "discriminator", batch.value, ceiling.value, found, note)
    return [told], given


def crossed(
    fit: Callable[..., Any], x: np.ndarray, one: np.ndarray, other: np.ndarray, fold: np.ndarray
) -> Told:
    """Tell rows at places `one` of `x` from those at `other`, each by a model of other folds.

    Scores are compared within a fold only, as two models' are on two scales: the AUC is the mean
    over the folds by their rows, and of two samples of one population 0.5 is expected. A fold
    without rows of both sides does not count; where none counts the value is NaN.
    """
    both, side = np.concatenate([one, other]), np.zeros(len(x), int)
    side[one] = 1
    value, share, told, models = 0.0, np.zeros(len(x)), 0, []
    for held in range(FOLDS):
        out, rest = both[fold[both] == held], both[fold[both] != held]
        models.append(fit(x[rest], side[rest].astype(float)) if len(rest) else None)
        counts = np.bincount(side[out], minlength=2)
        if models[-1] is None or counts.min() == 0:
            continue
        found = scoring.score("roc_auc", side[out], learners.predict(models[-1], x[out], 2))
        small = np.sqrt(counts / np.maximum(counts - 1, 1))  # variances divide by one row less
        value += found.value * len(out)
        share[out] = found.influence * small[side[out]]
        told += len(out)
    return Told(value / told if told else np.nan, share / max(told, 1), models)


def widening(models: list[Any], x: np.ndarray) -> float:
    """Return what the variance within folds must be multiplied by, from 1 to 2.

    Given its model, a fold's AUC varies as DeLong's method says; but a fold's rows also shape the
    models of the other folds. Where models learn nothing but noise, two folds add to each other's
    score the same, what their rows have in common by chance: the variance doubles (a sum over
    pairs of folds, each pair counted from both ends). What a model learns of a true difference
    hangs little on single rows. So 1 is added times the noise's part in what models learn: how
    much less than 1 two models' scores correlate (by ranks, on rows `x` that no model saw), times
    the folds less 1, as the models of two folds share all training rows but one fold in so many.
    """
    scores = [rankdata(learners.predict(model, x, 2)[:, 1]) for model in models if model]
    if len(scores) < 2 or min(np.ptp(score) for score in scores) == 0:
        return _MOST
    alike = np.corrcoef(scores)[np.triu_indices(len(scores), 1)].mean()
    return float(1 + np.clip((len(scores) - 1) * (1 - alike), 0, _MOST - 1))


def excess(batch: Told, ceiling: Told, widened: float, alike: np.ndarray) -> Estimate:
    """Return by how much the batch's AUC exceeds that of real rows, with its interval.

    The variance of the batch's is multiplied by `widened`, that of the real rows' by 2, as nothing
    tells them apart. Rows that are `alike` (numbers from 0) count as one: a copy of a training row
    moves both scores the same way.
    """
    error = np.sqrt(widened) * batch.share - np.sqrt(_MOST) * ceiling.share
    together = np.bincount(alike, error)
    found = intervals.over_rows_and_seeds(
        np.array([batch.value - ceiling.value]), together[None, :] * len(together)
    )
    return found._replace(method=_METHOD)


def giveaways(
    models: list[Any],
    x: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
    fold: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the fall of the AUC when each column of `x` is permuted, shape (columns,).

    Mean over the folds, in each on `ASKED` rows that its model did not see.
    """
    both, side = np.concatenate([one, other]), np.zeros(len(x), int)
    side[one] = 1
    falls = []
    for held, model in enumerate(models):
        out = both[fold[both] == held]
        asked = np.resize(rng.permutation(out), ASKED if len(out) else 0)
        if model is None or len(np.unique(side[asked])) < 2:
            continue
        whole = _auc(model, x[asked], side[asked])
        fallen = np.empty(x.shape[1])
        for column in range(x.shape[1]):
            changed = x[asked]  # a copy
            changed[:, column] = rng.permutation(changed[:, column])
            fallen[column] = whole - _auc(model, changed, side[asked])
        falls.append(fallen)
    return np.mean(falls, axis=0) if falls else np.full(x.shape[1], np.nan)


def _auc(model: Any, x: np.ndarray, side: np.ndarray) -> float:
    return scoring.score("roc_auc", side, learners.predict(model, x, 2)).value


def _untold(names: list[str], why: str) -> tuple[list[Measure], pd.DataFrame]:
    return [untold("fidelity", "discriminator", why)], _table(names, np.full(len(names), np.nan))


def _table(names: list[str], falls: np.ndarray) -> pd.DataFrame:
    found = pd.DataFrame({"column": names, "giveaway": falls})
    return found.sort_values(["giveaway", "column"], ascending=[False, True], ignore_index=True)
