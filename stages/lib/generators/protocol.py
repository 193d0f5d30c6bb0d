"""What every generator can do, whatever its family."""

from typing import NamedTuple, Protocol, Self, runtime_checkable

import pandas as pd

from ..tables.condition import Condition
from ..tables.schema import Schema


class Generator(Protocol):
    """Learns from real rows, makes synthetic ones; its attributes are its parameters."""

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Learn from the columns `schema.modelled` of `train`, and return self.

        Raises GeneratorError where these rows cannot be learned from.
        """
        ...

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw `n` rows, and return those that meet `where`, numbered from 0.

        They have the columns `schema.modelled`, typed as `table.read` types them. A generator
        that can condition returns all `n` unless the condition is too rare for it, with the
        distribution that its own rows have where they meet the condition. The same seed gives
        the same rows, whatever was sampled before.
        """
        ...


@runtime_checkable
class Trained(Protocol):
    """A generator that learns in steps, and tells how the loss went."""

    losses: pd.DataFrame  # a row per epoch, in order, a column per loss


@runtime_checkable
class Finite(Protocol):
    """A generator that makes no rows: those that it has are handed out, each once at most.

    Its `sample` returns fewer than `n` rows where it has no more.
    """

    name: str  # of its entry in params.yaml, for what it tells a person; the fit sets it

    def held(self) -> pd.DataFrame:
        """Return every row that it has, always in the same order.

        Raises GeneratorError where they cannot be had.
        """
        ...


@runtime_checkable
class Sourced(Protocol):
    """A generator whose rows come from files of the user's, read when rows are asked for."""

    def sources(self) -> dict[str, str]:
        """Return the SHA-256 of each of these files, by its path."""
        ...


class Spend(NamedTuple):
    """What a fit gives away at most of any one real row, whatever the others are."""

    mechanism: str  # what noise, on what
    epsilon: float
    delta: float
    rho: float  # of zero-concentrated differential privacy, which adds up over fits
    slack: float  # the part of delta that adds up too: of mechanisms that can fail outright


@runtime_checkable
class Private(Protocol):
    """A differentially private generator: its fit draws noise that nobody can repeat."""

    def spends(self, schema: Schema) -> Spend:
        """Return what a fit will spend, which no real row has a say in.

        Neighbouring tables differ by one row, added or removed. Raises GeneratorError where the
        schema declares no domain for a column.
        """
        ...
