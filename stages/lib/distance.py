"""Gower's distance between rows of mixed columns, and nearest neighbours by it, in blocks."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .schema import Schema

_BLOCK = 4_000_000  # distances held at once, 16 MB of float32


class Space(NamedTuple):
    """Rows as two matrices: scaled numbers, and category codes."""

    numbers: np.ndarray  # (rows, numeric columns), float32, divided by the range
    codes: np.ndarray  # (rows, categorical columns), int32, -1 where missing

    def take(self, places: np.ndarray) -> "Space":
        """Return the rows at `places`."""
        return Space(self.numbers[places], self.codes[places])


def embed(frame: pd.DataFrame, schema: Schema, span: pd.DataFrame) -> Space:
    """Prepare rows whose numbers are scaled by their range in `span`.

    `frame` must hold every row that will be compared (stack them first): codes are its own.
    """
    numeric = schema.numeric(schema.modelled)
    ranges = (span[numeric].max() - span[numeric].min()).replace(0, 1).fillna(1)
    # Less their minimum first: large numbers close together would lose their difference.
    numbers = ((frame[numeric] - span[numeric].min().fillna(0)) / ranges).to_numpy(np.float32)
    labels = [frame[name].cat.codes for name in schema.categorical(schema.modelled)]
    codes = np.column_stack(labels) if labels else np.empty((len(frame), 0))
    return Space(numbers, codes.astype(np.int32))


def nearest(rows: Space, reference: Space, *, k: int = 1, others: bool = False) -> np.ndarray:
    """Return each row's distance to its k-th nearest row of `reference`, shape (rows,).

    Gower 1971 (doi:10.2307/2528823): the mean over columns of the absolute difference over the
    range, or of whether categories differ; a missing value differs by 1 from any present one.
    `others` leaves out the row at the same place, for a sample against itself. Where the
    reference has fewer than k rows the farthest counts.
    """
    size = len(reference.numbers)
    step = max(1, _BLOCK // max(size, 1))
    rank = min(k, size - others) - 1
    found = np.empty(len(rows.numbers), np.float32)
    for start in range(0, len(found), step):
        block = gower(rows.take(np.arange(start, min(start + step, len(found)))), reference)
        if others:
            own = np.arange(len(block))
            block[own, start + own] = np.inf
        found[start : start + step] = np.partition(block, rank, axis=1)[:, rank]
    return found


def neighbours(rows: Space, reference: Space, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's distances to its k nearest rows of `reference`, and their places there.

    Both have shape (rows, k), the nearest first; of equally near ones the first in place counts.
    """
    size = len(reference.numbers)
    step = max(1, _BLOCK // max(size, 1))
    apart = np.empty((len(rows.numbers), k), np.float32)
    places = np.empty((len(rows.numbers), k), np.intp)
    for start in range(0, len(apart), step):
        block = gower(rows.take(np.arange(start, min(start + step, len(apart)))), reference)
        limit = np.partition(block, k - 1, axis=1)[:, [k - 1]]
        # A stable order: which of equally near rows is taken must not hang on the machine.
        ranked = np.argsort(np.where(block <= limit, block, np.inf), axis=1, kind="stable")[:, :k]
        places[start : start + step] = ranked
        apart[start : start + step] = np.take_along_axis(block, ranked, axis=1)
    return apart, places


def gower(rows: Space, reference: Space) -> np.ndarray:
    """Return all distances, shape (rows, reference rows), float32 in [0, 1] within the span."""
    total = np.zeros((len(rows.numbers), len(reference.numbers)), np.float32)
    for left, right in zip(rows.numbers.T, reference.numbers.T, strict=True):
        apart = np.abs(left[:, None] - right[None, :])
        if np.isnan(left).any() or np.isnan(right).any():
            both = np.isnan(left)[:, None] & np.isnan(right)[None, :]
            apart = np.where(both, np.float32(0), np.nan_to_num(apart, nan=1.0))
        total += apart
    for left, right in zip(rows.codes.T, reference.codes.T, strict=True):
        total += left[:, None] != right[None, :]
    return total / np.float32(rows.numbers.shape[1] + rows.codes.shape[1])
