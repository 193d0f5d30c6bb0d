"""What a made number keeps to: the bounds of its column, and the decimals of the real ones."""

from typing import NamedTuple

import numpy as np

from ...tables.schema import Column
from ...tables.table import places


class Limits(NamedTuple):
    """Bounds that are declared, else those of the real values; `decimals` None for any number."""

    low: float
    high: float
    decimals: int | None


def limits(values: np.ndarray, column: Column) -> Limits:
    """Return what made numbers of a column keep to, from its real values, none missing."""
    low = values.min(initial=np.inf) if column.min is None else column.min
    high = values.max(initial=-np.inf) if column.max is None else column.max
    if column.kind == "integer":
        low, high = np.ceil(low), np.floor(high)
    return Limits(float(low), float(high), places(values, column))


def within(numbers: np.ndarray, limits: Limits) -> np.ndarray:
    """Return numbers rounded, and moved to the nearest bound where they lie outside."""
    if limits.decimals is not None:
        numbers = np.round(numbers, limits.decimals)
    return np.clip(numbers, limits.low, limits.high)
