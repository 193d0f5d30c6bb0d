"""Differentially private tree: how columns go with the label and with one other column each.

Noisy counts of each column with the label, then of the pairs of columns on a maximum spanning
tree, are made one model by private-PGM (McKenna, Sheldon and Miklau 2019, arXiv:1901.09136), as
in the mechanism MST (McKenna, Miklau and Sheldon 2021, arXiv:2108.04978).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from math import pi, sqrt
from typing import Any, Self

import numpy as np
import pandas as pd

from ..base.errors import GeneratorError
from ..tables.schema import Schema
from .parts import accounting
from .parts.network import Network, Step, counted, fitted, step, totals
from .protocol import Spend

CELLS = 50_000  # the most that a pair of columns and the label may have together
CHOOSING, PAIRS = 0.1, 0.4  # the parts of ρ for which pairs are chosen and counted
ROUNDS = 2000  # of the estimation

Pair = tuple[str, str]


@dataclass
class DpTree(Network):
    """Keeps how each column goes with the label and with its neighbour in a tree.

    Needs the extra `private`. Pairs whose cells are too many, with the label, for a quick fit
    are left out, so that the tree may fall into several.
    """

    counts: dict[Pair, np.ndarray] = field(init=False, repr=False)  # noisy; of labels first
    pairs: list[Pair] = field(init=False, repr=False)

    family = "dp_tree"
    mechanism = (
        "discrete Gaussian noise on counts of each column with the label and of pairs of "
        "columns, the pairs chosen by the exponential mechanism"
    )

    def spends(self, schema: Schema) -> Spend:
        """Return what a fit spends; raises GeneratorError also where the extra is missing."""
        _mbi()  # a fit that fails for it must not have spent anything
        return super().spends(schema)

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Count, choose, count again, and estimate; no seed has a say in the noise."""
        spend, mbi = self.spends(schema), _mbi()
        target = schema.target
        features = [name for name in schema.modelled if name != target]
        # A column is discovered at the price of one more histogram with the label.
        found = spend.rho * len(self.discover) / (len(features) + len(self.discover))
        self._settle(train, schema, found, spend.slack)
        left = spend.rho - found
        pairing, choosing = left * PAIRS, left * CHOOSING
        cells = self._cells(train)
        noise = accounting.scale(len(features), left - pairing - choosing)
        self.counts = self._noisy([(target, name) for name in features], cells, noise)
        scales = dict.fromkeys(self.counts, noise)
        labels = self._labels()
        tables = {name: fitted(self.counts[target, name], labels) for name in features}
        self.pairs = _chosen(cells, tables, labels, choosing=choosing, counting=pairing)
        if self.pairs:
            noise = accounting.scale(len(self.pairs), pairing)
            self.counts |= self._noisy(self.pairs, cells, noise)
            scales |= dict.fromkeys(self.pairs, noise)
        self.steps = self._steps(_estimated(mbi, self.counts, scales, self._above_each(), labels))
        return self

    def _above_each(self) -> dict[str, tuple[str, ...]]:
        """Return what each feature is drawn given: the target, and its neighbour if any."""
        target = next(iter(self.counts))[0]
        features = [other for one, other in self.counts if one == target]
        return {name: (target, *above) for name, above in _from_roots(features, self.pairs)}

    def _labels(self) -> np.ndarray:
        # Rows of categories that were not discovered are missing from a column's sums.
        whole = [table for pair, table in self.counts.items() if pair[1] not in self.discover]
        return totals(whole or list(self.counts.values()))

    def _steps(self, model: Any) -> dict[str, Step]:
        def table(*names: str) -> np.ndarray:
            return np.maximum(np.asarray(model.project(names).values, float), 0)

        given = self._above_each()
        target = next(iter(given.values()))[0]
        return {
            target: step((), table(target)),
            **{name: step(above, table(*above, name)) for name, above in given.items()},
        }


@dataclass(frozen=True)
class _Part:
    """What a measurement tells of a larger table: its sums over the columns not in `names`."""

    names: tuple[str, ...]
    summed: int  # cells that one of the measurement's cells is the sum of

    def __call__(self, table: Any) -> Any:
        return table.project(self.names).datavector()

    def op_norm_sq(self) -> float:
        """Return the square of the sum's greatest singular value, which mbi's first step needs."""
        return float(self.summed)


def _estimated(
    mbi: Any,
    counts: dict[Pair, np.ndarray],
    scales: dict[Pair, float],
    given: dict[str, tuple[str, ...]],
    labels: np.ndarray,
) -> Any:
    """Return the model of greatest entropy among those nearest to the noisy counts.

    Its cliques are those that rows are drawn from, so that nothing is left to be derived.
    """
    target = next(iter(counts))[0]
    sizes = {target: len(labels)}
    sizes |= {other: table.shape[1] for (one, other), table in counts.items() if one == target}
    cliques = [(*above, name) for name, above in given.items() if len(above) > 1]
    cliques += [(*above, name) for name, above in given.items() if len(above) == 1]
    told = []
    for pair, table in counts.items():
        clique = next(one for one in cliques if set(pair) <= set(one))
        summed = int(np.prod([sizes[name] for name in clique if name not in pair]))
        told.append(mbi.LinearMeasurement(table.ravel(), clique, scales[pair], _Part(pair, summed)))
    return mbi.estimation.MirrorDescent().estimate(
        mbi.Domain(list(sizes), list(sizes.values())),
        told,
        known_total=max(float(labels.sum()), 1.0),
        iters=ROUNDS,
    )


def _chosen(
    cells: dict[str, np.ndarray],
    tables: dict[str, np.ndarray],
    labels: np.ndarray,
    *,
    choosing: float,
    counting: float,
) -> list[Pair]:
    """Return the edges of a maximum spanning tree: pairs that the label explains the least.

    A pair's score is how far its counts are from those that `tables` (labels, cells) tell for
    columns that the label makes independent, less what the noise of counting it will add, in
    which no row has a say. `choosing` pays for all choices, `counting` for all counts.
    """
    sizes = {name: table.shape[1] for name, table in tables.items()}
    possible = [
        (one, other)
        for one, other in combinations(tables, 2)
        if sizes[one] * sizes[other] * len(labels) <= CELLS
    ]
    edges = _edges(list(tables), possible)
    noise = accounting.scale(edges, counting) * sqrt(2 / pi) if edges else 0.0
    scores = {}
    for one, other in possible:
        expected = (tables[one] / np.maximum(labels, 1)[:, None]).T @ tables[other]
        exact = counted([cells[one], cells[other]], [sizes[one], sizes[other]])
        # In whole numbers one row moves the distance by 1; rounding it would make that 2.
        distance = np.abs(exact - np.rint(expected).astype(int)).sum()
        scores[one, other] = int(distance) - round(noise * exact.size)
    chosen: list[Pair] = []
    tree = {name: name for name in tables}
    for _ in range(edges):
        open_ = [pair for pair in possible if tree[pair[0]] != tree[pair[1]]]
        pair = open_[accounting.best([scores[one] for one in open_], choosing / edges)]
        chosen.append(pair)
        _join(tree, pair)
    return chosen


def _edges(names: list[str], possible: list[Pair]) -> int:
    """Return how many edges a spanning tree, or forest, of these pairs has."""
    tree = {name: name for name in names}
    for pair in possible:
        _join(tree, pair)
    return len(names) - len(set(tree.values()))


def _join(tree: dict[str, str], pair: Pair) -> None:
    kept, gone = tree[pair[0]], tree[pair[1]]
    for name, root in tree.items():
        if root == gone:
            tree[name] = kept


def _from_roots(names: list[str], pairs: list[Pair]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every column with the one above it in its tree, if any, those above first."""
    left = list(names)
    while left:
        waiting: list[tuple[str, tuple[str, ...]]] = [(left[0], ())]
        while waiting:
            name, above = waiting.pop()
            left.remove(name)
            yield name, above
            for one, other in pairs:
                for near, far in ((one, other), (other, one)):
                    if near == name and far in left:
                        waiting.append((far, (name,)))


def _mbi() -> Any:
    try:
        import jax
    except ImportError:
        raise GeneratorError(_MISSING) from None
    # mbi warns where these are otherwise: its sums lose digits, and its programs are too many.
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        import mbi
    except ImportError:
        raise GeneratorError(_MISSING) from None
    return mbi


_MISSING = (
    "dp_tree needs the packages of the extra `private`: pip install 'dvc-synth[private]'; "
    "or take dp_naive_bayes, which does without"
)
