"""Oversampling: real rows again, which is what any synthetic row has to be better than."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from ..base.errors import GeneratorError
from ..tables import condition
from ..tables.condition import Condition
from ..tables.schema import Schema


@dataclass
class Oversample:
    """Repeats real rows, drawn with replacement; nothing about them is new or private."""

    real: pd.DataFrame = field(init=False, repr=False)

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Keep the rows; nothing random happens."""
        if train.empty:
            raise GeneratorError("oversample needs at least 1 real row, got 0")
        self.real = train[schema.modelled].reset_index(drop=True)
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw among the real rows that meet `where`; no row is made where none of them does."""
        rng = np.random.default_rng(seed)
        pool = condition.keep(self.real, where)
        places = rng.choice(len(pool), size=n if len(pool) else 0)
        return pool.iloc[places].reset_index(drop=True)
