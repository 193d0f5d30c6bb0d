"""What validation finds of a batch: numbers beside those of real rows, tables, and sentences."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from .intervals import Estimate

Gate = Literal["fidelity", "utility", "privacy"]

FEWEST = 20  # rows of each side that anything is told from


class Measure(NamedTuple):
    """One number about a batch, the same for real rows, and by how much it exceeds them.

    A greater excess is always worse: what is better when high is measured as what it lacks.
    """

    gate: Gate
    name: str
    value: float
    ceiling: float  # the same number for real rows in the batch's place
    excess: Estimate
    note: str = ""  # what a reader needs to know beside the numbers


class Findings(NamedTuple):
    """All that one gate found of a batch."""

    measures: list[Measure]
    tables: dict[str, pd.DataFrame]  # tidy, by the name of their file
    notes: list[str]  # findings in words, fit for a committed file


def untold(gate: Gate, name: str, why: str) -> Measure:
    """Return a measure that nothing could be told of: its interval is all that could be."""
    unknown = Estimate(np.nan, -1.0, 1.0, np.nan, why)
    return Measure(gate, name, np.nan, np.nan, unknown)
