"""What every generator can do, whatever its family."""

from typing import Protocol, Self

import pandas as pd

from ..schema import Schema


class Generator(Protocol):
    """Learns from real rows, makes synthetic ones; its attributes are its parameters."""

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Learn from the columns `schema.modelled` of `train`, and return self.

        Raises GeneratorError where these rows cannot be learned from.
        """
        ...

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Return `n` rows of the columns `schema.modelled`, typed as `table.read` types them.

        The same seed gives the same rows, whatever was sampled before.
        """
        ...
