"""Outliers: numbers far outside the middle half of the real ones."""

import numpy as np

from .coded import Coded

FENCE = 3.0  # interquartile ranges from the quartiles to Tukey's outer fences


def outlying(rows: Coded, apart: Coded) -> np.ndarray:
    """Return which numbers are outliers, shape (rows, numeric columns), boolean.

    They lie beyond Tukey's outer fences (Exploratory Data Analysis, 1977), cut on the real rows
    `apart`. A column whose real quartiles are one value has no fences, and no outliers.
    """
    found = np.zeros(rows.numbers.shape, bool)
    for column, real in enumerate(apart.numbers.T):
        if not np.isnan(real).all():
            low, high = np.nanquantile(real, [0.25, 0.75])
            reach = FENCE * (high - low)
            if reach > 0:
                own = rows.numbers[:, column]
                found[:, column] = (own < low - reach) | (own > high + reach)
    return found
