"""Gower's distance between rows of mixed columns, and nearest neighbours by it, in blocks."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from .tables.schema import Schema

_BLOCK = 120_000  # distances held at once: what is added up stays in the processor's cache


class Space(NamedTuple):
    """Rows as two matrices: scaled numbers, and category codes."""

    numbers: np.ndarray  # (rows, numeric columns), float32, divided by the range
    codes: np.ndarray  # (rows, categorical columns), the narrowest integers, -1 where missing

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
    codes = np.column_stack(labels) if labels else np.empty((len(frame), 0), np.int8)
    return Space(numbers, codes)


def nearest(rows: Space, reference: Space, *, k: int = 1, others: bool = False) -> np.ndarray:
    """Return each row's distance to its k-th nearest row of `reference`, shape (rows,).

    Gower 1971 (doi:10.2307/2528823): the mean over columns of the absolute difference over the
    range, or of whether categories differ; a missing value differs by 1 from any present one.
    `others` leaves out the row at the same place, for a sample against itself. Where the
    reference has fewer than k rows the farthest counts.
    """
    rank = min(k, len(reference.numbers) - others) - 1
    found = np.empty(len(rows.numbers), np.float32)
    for part, block in _blocks(rows, reference):
        if others:
            block[np.arange(len(block)), np.arange(len(found))[part]] = np.inf
        found[part] = np.partition(block, rank, axis=1)[:, rank] if rank else block.min(axis=1)
    return found


def neighbours(rows: Space, reference: Space, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's distances to its k nearest rows of `reference`, and their places there.

    Both have shape (rows, k), the nearest first; of equally near ones the first in place counts.
    """
    apart = np.empty((len(rows.numbers), k), np.float32)
    places = np.empty((len(rows.numbers), k), np.intp)
    own = np.arange(len(reference.numbers))
    for part, block in _blocks(rows, reference):
        # The bits of floats from 0 upwards rank as the floats do: with the place below them every
        # key is another, and which of equally near rows is taken does not hang on the machine.
        keys = block.view(np.int32).astype(np.int64) << 32 | own
        keys = np.sort(np.partition(keys, k - 1, axis=1)[:, :k], axis=1)
        places[part] = keys & (2**32 - 1)
        apart[part] = (keys >> 32).astype(np.int32).view(np.float32)
    return apart, places


def gower(rows: Space, reference: Space) -> np.ndarray:
    """Return all distances, shape (rows, reference rows), float32 in [0, 1] within the span."""
    width = rows.numbers.shape[1] + rows.codes.shape[1]
    shape = len(rows.numbers), len(reference.numbers)
    total, apart = np.zeros(shape, np.float32), np.empty(shape, np.float32)
    unlike, differ = np.zeros(shape, np.min_scalar_type(width)), np.empty(shape, np.uint8)
    told = differ.view(bool)
    for left, right in zip(rows.numbers.T, reference.numbers.T, strict=True):
        np.abs(np.subtract(left[:, None], right, out=apart), out=apart)
        absent, lacking = np.isnan(left), np.isnan(right)
        if absent.any() or lacking.any():
            np.fmax(apart, 0, out=apart)  # what is missing on either side is no number: 0
            np.not_equal(absent[:, None], lacking, out=told)
            unlike += differ
        total += apart
    for left, right in zip(rows.codes.T, reference.codes.T, strict=True):
        np.not_equal(left[:, None], right, out=told)
        unlike += differ
    total += unlike
    total /= np.float32(width)
    return total


def _blocks(rows: Space, reference: Space) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the distances of some rows after others, with where these stand."""
    columns = Space(*(np.asfortranarray(part) for part in reference))
    size = len(rows.numbers)
    step = max(1, _BLOCK // max(len(reference.numbers), 1))
    for start in range(0, size, step):
        part = slice(start, min(start + step, size))
        yield part, gower(Space(rows.numbers[part], rows.codes[part]), columns)
