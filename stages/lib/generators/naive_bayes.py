"""Naive Bayes: the label from its distribution, each other column given the label alone."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from ..base.errors import GeneratorError
from ..tables.condition import Condition
from ..tables.schema import Schema
from .parts import given
from .parts.leaves import HELD, Leaves, codes, collect, decode, draw
from .parts.parameters import whole


@dataclass
class NaiveBayes:
    """Keeps how each column goes with the label, and nothing of how columns go together.

    A numeric label is cut into `bins` of equally many rows first. Labels of fewer than `min_leaf`
    rows share one group, so that no value is known to be one of a few rows'. Rare values are not
    handed out as they are (see `leaves.collect`).
    """

    bins: int = 10
    """Into how many classes a numeric label is cut."""
    min_leaf: int = 5
    """The fewest real rows of a label that is a group of its own."""

    columns: dict[str, Leaves] = field(init=False, repr=False)
    order: list[str] = field(init=False, repr=False)
    target: str = field(init=False, repr=False)
    edges: np.ndarray | None = field(init=False, repr=False)
    shared: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        whole("bins", self.bins)
        whole("min_leaf", self.min_leaf)

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Sort each column by label; nothing random happens."""
        self.order, self.target = schema.modelled, schema.target
        if len(train) < HELD:
            raise GeneratorError(f"naive_bayes needs at least {HELD} real rows, got {len(train)}")
        label = codes(train[self.target])
        self.edges = None
        if np.isnan(label).all():
            raise GeneratorError(f"naive_bayes: the label {self.target!r} has no value in any row")
        if schema.columns[self.target].numeric:
            inner = np.linspace(0, 1, self.bins + 1)[1:-1]
            self.edges = np.unique(
                np.quantile(label[~np.isnan(label)], inner, method="inverted_cdf")
            )
        self.shared = np.arange(len(train) + 2)  # each label its own group, to begin with
        self.shared = _shared(np.bincount(self._group(label)), self.min_leaf)
        group = self._group(label)
        alike = np.zeros(len(train), int)
        self.columns = {}
        for name in self.order:
            within = alike if name == self.target else group
            self.columns[name] = collect(
                train[name],
                schema.columns[name],
                within,
                int(within.max()) + 1,
            )
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw labels, then every other column given the label, those of `where` first."""
        rng = np.random.default_rng(seed)
        asked = [name for name in where.columns if name != self.target] if where else []

        def begin(rows: int) -> dict[str, np.ndarray]:
            label = draw(self.columns[self.target], np.zeros(rows, int), rng)
            group = self._group(label)
            return {
                self.target: label,
                **{name: draw(self.columns[name], group, rng) for name in asked},
            }

        drawn = given.beginnings(n, where, begin, self._decoded)
        group = self._group(drawn[self.target])
        for name in self.order:
            if name not in drawn:
                drawn[name] = draw(self.columns[name], group, rng)
        return self._decoded({name: drawn[name] for name in self.order})

    def _decoded(self, drawn: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame({name: decode(drawn[name], self.columns[name]) for name in drawn})

    def _group(self, label: np.ndarray) -> np.ndarray:
        if self.edges is None:
            return self.shared[np.nan_to_num(label + 1).astype(int)]  # group 0: it is missing
        place = np.searchsorted(self.edges, label, side="right") + 1
        return self.shared[np.where(np.isnan(label), 0, place)]


def _shared(rows: np.ndarray, least: int) -> np.ndarray:
    """Return the group of each label by its number of rows: the rare share one.

    Where all of them together are still fewer than `least` they join the most frequent label.
    """
    groups = np.arange(len(rows))
    rare = rows < least
    if rare.any() and not rare.all():
        enough = rows[rare].sum() >= least
        groups[rare] = groups[rare][0] if enough else rows.argmax()
    return groups
