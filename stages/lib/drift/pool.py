"""Both samples pooled, each column as codes: what statistics and their null are counted from."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..tables.schema import Schema


class Part(NamedTuple):
    """One column of both samples, the rows that were learned from first."""

    name: str
    numeric: bool
    codes: np.ndarray  # (rows,), int32: places in `values`, 0 where there is none
    values: np.ndarray  # of code 1, 2, …: sorted numbers, or categories
    absent: np.ndarray  # (rows,), whether the cell is missing
    outside: np.ndarray  # (rows,), whether it is not what its column declares
    target: bool

    def take(self, places: np.ndarray) -> "Part":
        """Return the rows at `places`."""
        return self._replace(
            codes=self.codes[places], absent=self.absent[places], outside=self.outside[places]
        )


def pooled(
    learned: pd.DataFrame, arrived: pd.DataFrame, outside: pd.DataFrame, schema: Schema
) -> list[Part]:
    """Return the columns of `arrived`, the rows of `learned` first."""
    return [
        _part(learned[name], arrived[name], outside[name], schema)
        for name in schema.modelled
        if name in arrived
    ]


def _part(one: pd.Series, other: pd.Series, outside: pd.Series, schema: Schema) -> Part:
    name = str(one.name)
    numeric = schema.columns[name].numeric
    kind = "float64" if numeric else object
    both = np.concatenate([one.to_numpy(kind), other.to_numpy(kind)])
    there = ~pd.isna(both)
    codes = np.zeros(len(both), np.int32)
    if numeric:
        values, places = np.unique(both[there], return_inverse=True)
    else:
        places, values = pd.factorize(both[there], sort=True)
    codes[there] = places + 1
    strange = np.concatenate([np.zeros(len(one), bool), outside.to_numpy()])
    return Part(
        name, numeric, codes, np.asarray(values), ~there & ~strange, strange, name == schema.target
    )
