"""Categories of a column from the codes that generators work with."""

import numpy as np
import pandas as pd


def from_codes(codes: np.ndarray, levels: list[str]) -> pd.Series:
    """Return the categories that codes stand for, by their place in `levels`; NaN is missing."""
    places = np.where(np.isnan(codes), -1, codes).astype(np.intp)
    index = pd.Index(levels, dtype=object)
    # The stubs of pandas leave arrays of codes out.
    return pd.Series(pd.Categorical.from_codes(places, categories=index))  # type: ignore[arg-type]
