"""Jitter: real rows with their numbers moved a little and some of their categories swapped."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from ..base.errors import GeneratorError
from ..tables import condition
from ..tables.condition import Condition
from ..tables.schema import Schema
from .parts.limits import Limits, limits, within
from .parts.parameters import number

_MOST = 1000  # standard deviations: beyond it rows are at the bounds, and numbers overflow


@dataclass
class Jitter:
    """Perturbs copies of real rows and leaves their labels, and what is missing, as they are.

    A number moves by a normal draw of standard deviation `noise`, in units of its column's own;
    it stays in the declared bounds, else in the real range, and keeps as many decimals as the
    real numbers have. A category or a discrete number is replaced with probability `swap` by one
    drawn from its column, which may be the same. Not private: every made row is near a real one.
    """

    noise: float = 0.1
    """How far a number moves, in standard deviations of its column."""
    swap: float = 0.1
    """How often a category or a discrete number is drawn anew."""

    target: str = field(init=False, repr=False)
    real: pd.DataFrame = field(init=False, repr=False)
    moved: dict[str, tuple[float, Limits]] = field(init=False, repr=False)  # with the spread
    swapped: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not number(self.noise) or not 0 <= self.noise <= _MOST:
            raise ValueError(f"`noise` must be a number from 0 to {_MOST}, got {self.noise!r}")
        if not number(self.swap) or not 0 <= self.swap <= 1:
            raise ValueError(f"`swap` must be a number from 0 to 1, got {self.swap!r}")

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Keep the rows, and how far the numbers of each column spread; nothing is random."""
        if train.empty:
            raise GeneratorError("jitter needs at least 1 real row, got 0")
        self.target = schema.target
        self.real = train[schema.modelled].reset_index(drop=True)
        self.moved, self.swapped = {}, []
        for name in schema.features:
            column, known = schema.columns[name], self.real[name].dropna()
            if not column.numeric or column.discrete:
                self.swapped.append(name)
            elif len(known):
                numbers = known.to_numpy("float64")
                self.moved[name] = float(numbers.std()), limits(numbers, column)
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw real rows with replacement, perturb them, and keep those that meet `where`.

        A condition on the label alone is met by the rows that are drawn, since labels are kept.
        """
        rng = np.random.default_rng(seed)
        pool = np.arange(len(self.real))
        if where and where.columns == (self.target,):
            pool = np.flatnonzero(condition.holds(where, self.real))
        places = rng.choice(pool, size=n if len(pool) else 0)
        made = self.real.iloc[places].reset_index(drop=True)
        for name, (spread, kept) in self.moved.items():
            shift = self.noise * spread * rng.standard_normal(len(made))
            made[name] = within(made[name].to_numpy() + shift, kept)
        for name in self.swapped:
            known = np.flatnonzero(self.real[name].notna())
            if len(known):
                drawn = rng.choice(known, size=len(made))
                swap = (rng.random(len(made)) < self.swap) & made[name].notna().to_numpy()
                source = np.where(swap, drawn, places)
                made[name] = self.real[name].iloc[source].reset_index(drop=True)
        return condition.keep(made, where)
