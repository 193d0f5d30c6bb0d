"""Naive Bayes: the label from its distribution, each other column given the label alone."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from ..errors import GeneratorError
from ..schema import Schema
from .leaves import Leaves, codes, collect, decode, draw


@dataclass
class NaiveBayes:
    """Keeps how each column goes with the label, and nothing of how columns go together.

    A numeric label is cut into `bins` of equally many rows first.
    """

    bins: int = 10

    columns: dict[str, Leaves] = field(init=False, repr=False)
    order: list[str] = field(init=False, repr=False)
    target: str = field(init=False, repr=False)
    edges: np.ndarray | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.bins, int) or self.bins < 1:
            raise ValueError(f"`bins` must be a whole number from 1 up, got {self.bins!r}")

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Sort each column by label; nothing random happens."""
        self.order, self.target = schema.modelled, schema.target
        if len(train) < 2:
            raise GeneratorError(f"naive_bayes needs at least 2 real rows, got {len(train)}")
        label = codes(train[self.target])
        self.edges = None
        if schema.columns[self.target].numeric:
            inner = np.linspace(0, 1, self.bins + 1)[1:-1]
            self.edges = np.unique(
                np.quantile(label[~np.isnan(label)], inner, method="inverted_cdf")
            )
        group = self._group(label)
        self.columns = {
            name: collect(train[name], schema.columns[name], group, int(group.max()) + 1)
            for name in self.order
            if name != self.target
        }
        nobody = np.zeros(len(train), int)
        self.columns[self.target] = collect(
            train[self.target], schema.columns[self.target], nobody, 1
        )
        return self

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw labels, then every other column given the label."""
        rng = np.random.default_rng(seed)
        drawn = {self.target: draw(self.columns[self.target], np.zeros(n, int), rng)}
        group = self._group(drawn[self.target])
        for name in self.order:
            if name != self.target:
                drawn[name] = draw(self.columns[name], group, rng)
        return pd.DataFrame({name: decode(drawn[name], self.columns[name]) for name in self.order})

    def _group(self, label: np.ndarray) -> np.ndarray:
        if self.edges is None:
            return np.nan_to_num(label + 1).astype(int)  # group 0: the label is missing
        return np.searchsorted(self.edges, label, side="right")
