"""Rows as arrays of numbers and codes, which statistics of whole columns are counted from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...tables.schema import Schema


class Coded(NamedTuple):
    """Rows as numbers: numeric columns first, then categories as codes (missing: a level)."""

    numbers: np.ndarray  # (rows, numeric columns), float64, NaN where missing
    codes: np.ndarray  # (rows, categorical columns), int, 0 where missing
    levels: list[int]  # how many codes each categorical column can have
    names: list[str]
    steps: np.ndarray  # (rows, numeric columns), int: places in `values`, 0 where missing
    values: list[np.ndarray]  # of each numeric column: NaN, then what is compared, ascending

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> "Coded":
        """Code every row that will be compared at once: levels and values are those of `frame`."""
        numeric = schema.numeric(schema.modelled)
        labels = schema.categorical(schema.modelled)
        codes = [frame[name].cat.codes.to_numpy(np.intp) + 1 for name in labels]
        levels = [len(frame[name].cat.categories) + 1 for name in labels]
        every = np.column_stack(codes) if codes else np.empty((len(frame), 0), np.intp)
        return cls.over(frame[numeric].to_numpy("float64"), every, levels, numeric + labels)

    @classmethod
    def over(
        cls, numbers: np.ndarray, codes: np.ndarray, levels: Sequence[int], names: Sequence[str]
    ) -> "Coded":
        """Return rows whose categories are codes already."""
        steps = np.zeros(numbers.shape, np.intp)
        values = []
        for column, own in enumerate(numbers.T):
            there = ~np.isnan(own)
            distinct, places = np.unique(own[there], return_inverse=True)
            steps[there, column] = places + 1
            values.append(np.concatenate([[np.nan], distinct]))
        return cls(numbers, codes, list(levels), list(names), steps, values)

    def take(self, places: np.ndarray) -> "Coded":
        """Return the rows at `places`."""
        numbers, codes, steps = (
            part.take(places, axis=0) for part in (self.numbers, self.codes, self.steps)
        )
        return self._replace(numbers=numbers, codes=codes, steps=steps)
