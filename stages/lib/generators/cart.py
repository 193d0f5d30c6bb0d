"""Sequential CART: each column in turn from a decision tree on the columns before it.

The method of synthpop (Nowok, Raab and Dibben 2016, doi:10.18637/jss.v074.i11; Reiter 2005,
Journal of Official Statistics 21): a synthetic row falls through a column's tree to a leaf, and
takes a value drawn from the real rows of that leaf.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from ..base.errors import GeneratorError, nearest
from ..tables.condition import Condition
from ..tables.schema import Schema
from .parts import given
from .parts.leaves import Leaves, codes, collect, decode, draw
from .parts.parameters import whole

_FLOATS = (np.finfo(np.float32).min, np.finfo(np.float32).max)  # trees split on numbers of these


class Step(NamedTuple):
    """How one column is made from those before it."""

    tree: dict[str, Any] | None  # the tree's state; None for the first column
    leaf: np.ndarray  # (nodes,), the leaf's number, where the node is one
    leaves: Leaves
    rank: np.ndarray | None  # (levels,), where the column's categories stand as predictors


@dataclass
class Cart:
    """A decision tree per column.

    Leaf size: `min_leaf` bounds how few real rows a tree sends the same way. Order: the columns
    of `order` are made first, then the label, so that most trees can split on it, then the others
    as in the table. A slice's condition is met by making its columns over again, with those
    before them, so those of rare slices are best named in `order`. Smoothing: a number that few
    rows hold lies between real ones of the leaf (see `leaves.collect`). Categories are ordered for
    the trees after them by the label.
    """

    min_leaf: int = 10
    """The fewest real rows that a leaf may have."""
    order: list[str] = field(default_factory=list)
    """Columns that are made first."""

    steps: dict[str, Step] = field(init=False, repr=False)
    columns: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        whole("min_leaf", self.min_leaf)
        if not isinstance(self.order, list) or not all(isinstance(n, str) for n in self.order):
            raise ValueError(f"`order` must be a list of columns, got {self.order!r}")

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Grow the trees; the seed breaks ties between equally good splits."""
        if len(train) < 2 * self.min_leaf:
            raise GeneratorError(
                f"cart with `min_leaf` {self.min_leaf} needs at least {2 * self.min_leaf} real "
                f"rows, got {len(train)}; lower `min_leaf` or take more rows"
            )
        for name in self.order:
            if name not in schema.modelled:
                raise GeneratorError(
                    f"cart: `order` names {name!r}, which is no feature or target; "
                    f"{nearest(name, schema.modelled)}"
                )
        self.columns = schema.modelled
        self.steps = {}
        label = codes(train[schema.target])
        before = np.empty((len(train), 0), np.float32)
        for name in dict.fromkeys([*self.order, schema.target, *self.columns]):
            column, values = schema.columns[name], codes(train[name])
            tree, group, leaf = None, np.zeros(len(train), int), np.zeros(1, int)
            if before.shape[1]:
                tree, group, leaf = _grow(before, values, column.numeric, self.min_leaf, seed)
            leaves = collect(train[name], column, group, int(leaf.max()) + 1)
            rank = None if column.numeric else _rank(values, label, len(leaves.levels or []))
            self.steps[name] = Step(tree, leaf, leaves, rank)
            before = np.column_stack([before, _predictor(values, rank)])
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Drop rows through every tree in turn, those of the columns that `where` names first."""
        rng = np.random.default_rng(seed)
        order = list(self.steps)
        first = max(map(order.index, where.columns)) + 1 if where else len(order)
        drawn = given.beginnings(
            n, where, lambda rows: self._drop({}, order[:first], rows, rng), self._decoded
        )
        drawn = self._drop(drawn, order[first:], n, rng)
        return self._decoded({name: drawn[name] for name in self.columns})

    def _drop(
        self, drawn: dict[str, np.ndarray], names: list[str], n: int, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Return the rows that have `drawn`, with the columns `names` after them."""
        n = len(next(iter(drawn.values()))) if drawn else n
        made = dict(drawn)
        before = np.empty((n, len(self.steps)), np.float32)
        for place, name in enumerate([*drawn, *names]):
            step = self.steps[name]
            if name not in made:
                group = np.zeros(n, int)
                if step.tree is not None:
                    group = step.leaf[_load(step.tree).apply(before[:, :place])]
                made[name] = draw(step.leaves, group, rng)
            before[:, place] = _predictor(made[name], step.rank)
        return made

    def _decoded(self, drawn: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame(
            {name: decode(values, self.steps[name].leaves) for name, values in drawn.items()}
        )


def _grow(
    before: np.ndarray, values: np.ndarray, numeric: bool, min_leaf: int, seed: int
) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Return the tree's state, each row's leaf from 0, and the leaf's number per node."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    build = DecisionTreeRegressor if numeric else DecisionTreeClassifier
    there = ~np.isnan(values)
    seen = np.where(there, values, np.nanmean(values) if numeric and there.any() else -1)
    grown = build(min_samples_leaf=min_leaf, random_state=seed)
    with warnings.catch_warnings():  # many categories are no mistake of the user's
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        grown.fit(before, seen)
    node = grown.tree_.apply(before)
    leaf = np.zeros(grown.tree_.node_count, int)
    numbers, group = np.unique(node, return_inverse=True)
    leaf[numbers] = np.arange(len(numbers))
    return _dump(grown.tree_), group, leaf


def _rank(values: np.ndarray, label: np.ndarray, levels: int) -> np.ndarray:
    """Return the mean label of each category, which orders the categories for a split.

    With two classes, or a number, no split of the categories does better than one of this order
    (Fisher 1958, doi:10.1080/01621459.1958.10501479).
    """
    known = ~np.isnan(values) & ~np.isnan(label)
    place = values[known].astype(int)
    count = np.bincount(place, minlength=levels)
    total = np.bincount(place, weights=label[known], minlength=levels)
    mean = np.divide(total, count, out=np.zeros(levels), where=count > 0)
    return mean.argsort(kind="stable").argsort(kind="stable")


def _predictor(values: np.ndarray, rank: np.ndarray | None) -> np.ndarray:
    if rank is None:
        return np.clip(values, *_FLOATS).astype(np.float32)
    ranked = np.full(len(values), np.nan, np.float32)
    known = ~np.isnan(values)
    ranked[known] = rank[values[known].astype(int)]
    return ranked


def _dump(tree: Any) -> dict[str, Any]:
    """Return a fitted scikit-learn tree's state field by field.

    Its node array has padding that is never written, so its own bytes differ from fit to fit.
    """
    state = tree.__getstate__()
    nodes = {
        name: np.ascontiguousarray(state["nodes"][name]) for name in state["nodes"].dtype.names
    }
    build = (tree.n_features, np.asarray(tree.n_classes), tree.n_outputs)
    return {**state, "nodes": nodes, "values": state["values"], "build": build}


def _load(state: dict[str, Any]) -> Any:
    from sklearn.tree._tree import NODE_DTYPE, Tree

    nodes = np.zeros(len(state["nodes"]["feature"]), NODE_DTYPE)
    for name, values in state["nodes"].items():
        nodes[name] = values
    features, classes, outputs = state["build"]
    tree = Tree(features, classes.astype(np.intp), outputs)
    tree.__setstate__({**state, "nodes": nodes})
    return tree
