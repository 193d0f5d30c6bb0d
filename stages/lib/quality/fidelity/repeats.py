"""Rows that repeat others of their sample: what a batch that says the same again has more of."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ... import intervals
from ...intervals import Estimate
from ...measure import Measure
from ...tables import rows
from ...tables.schema import Schema


def compare(made: pd.DataFrame, real: pd.DataFrame, schema: Schema) -> Measure:
    """Compare the share of a batch's rows that equal a row above with that of as many real rows.

    The share grows with the sample, so both must have the same number of rows, at least one. How
    many repeats there are varies like a count of rare events: its variance is at most about its
    mean, and one repeat more is reckoned with, so that none at all is not taken for certain.
    """
    size = len(made)
    own, theirs = (float(rows.repeated(frame[schema.modelled]).mean()) for frame in (made, real))
    se = float(np.sqrt((own + theirs + 2 / size) / size))
    half = float(norm.ppf(0.5 + intervals.LEVEL / 2)) * se
    value = own - theirs
    excess = Estimate(value, value - half, value + half, se, "normal over repeats, as Poisson")
    return Measure("fidelity", "repeats", own, theirs, excess)
