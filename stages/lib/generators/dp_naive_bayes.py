"""Differentially private naive Bayes: noisy label counts, and noisy histograms given the label.

The mechanism is one vector of counts with discrete Gaussian noise, by OpenDP.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from ..tables.schema import Schema
from .parts import accounting
from .parts.network import Network, Step, fitted, step, totals


@dataclass
class DpNaiveBayes(Network):
    """Keeps how each column goes with the label, as noisy counts over the declared domains."""

    counts: dict[tuple[str, ...], np.ndarray] = field(init=False, repr=False)  # noisy

    family = "dp_naive_bayes"
    mechanism = "discrete Gaussian noise on counts of the label and of each column given it"

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Count, and add noise, which no seed has a say in."""
        spend = self.spends(schema)
        histograms = len(schema.modelled)
        each = spend.rho / (histograms + len(self.discover))
        self._settle(train, schema, each * len(self.discover), spend.slack)
        target = schema.target
        groups: list[tuple[str, ...]] = [
            (target, name) if name != target else (target,) for name in self.order
        ]
        noise = accounting.scale(histograms, each * histograms)
        self.counts = self._noisy(groups, self._cells(train), noise)
        self.steps = self._steps(target)
        return self

    def _steps(self, target: str) -> dict[str, Step]:
        tables = {names[1]: table for names, table in self.counts.items() if len(names) > 1}
        # Rows of categories that were not discovered are missing from a column's sums.
        whole = [table for name, table in tables.items() if name not in self.discover]
        labels = totals([self.counts[target,][:, None], *whole])
        return {
            target: step((), labels),
            **{name: step((target,), fitted(table, labels)) for name, table in tables.items()},
        }
