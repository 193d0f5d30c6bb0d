"""Whether rows that arrived still look like those the generators learned from."""

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp

from .schema import Schema


def columns(learned: pd.DataFrame, arrived: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Test each column of `arrived` that is modelled for a change of distribution.

    Kolmogorov-Smirnov's test for numbers (missing values below all others), chi-squared for
    categories (missing as one). Returns column, p_value and moved, which controls the false
    discovery rate over the columns at 5 % (Benjamini and Yekutieli 2001,
    doi:10.1214/aos/1013699998).
    """
    names = [name for name in schema.modelled if name in arrived]
    found = [
        _numbers(learned[name], arrived[name])
        if schema.columns[name].numeric
        else _labels(learned[name], arrived[name])
        for name in names
    ]
    moved = false_discovery_control(found, method="by") <= 0.05
    return pd.DataFrame({"column": names, "p_value": found, "moved": moved})


def _numbers(one: pd.Series, other: pd.Series) -> float:
    # Ranks of both together stand for the values, so that a missing one can be the lowest.
    ranks = pd.concat([one, other]).fillna(-np.inf).rank().to_numpy()
    return float(ks_2samp(ranks[: len(one)], ranks[len(one) :]).pvalue)


def _labels(one: pd.Series, other: pd.Series) -> float:
    counts = pd.concat(
        [part.astype(object).value_counts(dropna=False) for part in (one, other)], axis=1
    ).fillna(0)
    return float(chi2_contingency(counts).pvalue) if len(counts) > 1 else 1.0
