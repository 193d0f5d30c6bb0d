"""Rows of a fitted Gaussian copula of SDV given a condition, distributed as its own rows.

SDV conditions on one latent value for all rows of a category, drawn at random, so that its
conditional rows are not those among its rows that meet the condition: their spread is too small.
Here every row has latent values of its own.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from ...tables.condition import Condition
from . import given

_LATENT = "\x1f"  # before the name of a column of latent values, beside those that it stands for


def can(synthesizer: Any, where: Condition) -> bool:
    """Return whether the columns that `where` names are latent ones, and not rebuilt by rules."""
    return set(where.columns) <= set(_transformers(synthesizer))


def draw(synthesizer: Any, n: int, where: Condition, rng: np.random.Generator) -> pd.DataFrame:
    """Draw `n` rows that meet `where`, fewer if it is too rare or if rows break a rule.

    The latent values of the columns that `where` names are drawn until enough of them meet it;
    those of the others are normal given them.
    """
    transformers, model = _transformers(synthesizer), synthesizer._model
    latent = [name for asked in where.columns for name in transformers[asked].get_output_columns()]
    columns, correlation = list(model.columns), model.correlation.to_numpy()
    first = [columns.index(name) for name in latent]
    rest = [place for place in range(len(columns)) if place not in first]
    above, across = correlation[np.ix_(first, first)], correlation[np.ix_(rest, first)]

    def begin(rows: int) -> dict[str, np.ndarray]:
        drawn = _normal(above, rows, rng)
        found = {_LATENT + name: drawn[:, place] for place, name in enumerate(latent)}
        values = _values(model, {name: found[_LATENT + name] for name in latent})
        shown = synthesizer._data_processor._hyper_transformer.reverse_transform_subset(values)
        return {**found, **{name: shown[name].to_numpy() for name in where.columns}}

    def decode(drawn: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame({name: drawn[name] for name in where.columns})

    drawn = given.beginnings(n, where, begin, decode)
    known = np.column_stack([drawn[_LATENT + name] for name in latent])
    slope = across @ np.linalg.pinv(above)
    spread = correlation[np.ix_(rest, rest)] - slope @ across.T
    others = known @ slope.T + _normal(spread, len(known), rng)
    whole = {columns[place]: others[:, number] for number, place in enumerate(rest)}
    whole |= {name: known[:, number] for number, name in enumerate(latent)}
    if not len(known):
        return decode(drawn)
    made = synthesizer._data_processor.reverse_transform(_values(model, whole))
    # Which values are missing is drawn anew each time, so what met the condition is put back.
    for name in where.columns:
        made[name] = drawn[name]
    return synthesizer.reverse_transform_constraints(made)


def _transformers(synthesizer: Any) -> dict[str, Any]:
    return synthesizer._data_processor._hyper_transformer.field_transformers


def _normal(covariance: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from a normal distribution with mean zero, shape (n, columns)."""
    middle = np.zeros(len(covariance))
    return rng.multivariate_normal(middle, covariance, size=n, check_valid="ignore")


def _values(model: Any, latent: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return what latent values stand for, in the order of the model's columns."""
    return pd.DataFrame(
        {
            name: univariate.percent_point(norm.cdf(latent[name]))
            for name, univariate in zip(model.columns, model.univariates, strict=True)
            if name in latent
        }
    )
