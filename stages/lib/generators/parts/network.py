"""Columns drawn one after another, each given those before it, from tables of noisy counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from ...base.errors import GeneratorError
from ...tables.condition import Condition
from ...tables.schema import Schema
from ..protocol import Spend
from . import accounting, domain, given
from .domain import Domain
from .parameters import number, whole

Group = TypeVar("Group", bound=tuple[str, ...])

SLACK = 0.1  # the part of δ that discovering categories may take
_MOST = 1000  # ε: beyond it nothing is private, and the noise cannot be computed


class Step(NamedTuple):
    """How one column is drawn given some before it."""

    parents: tuple[str, ...]
    rising: np.ndarray  # (parents' cells · cells,), each group's cumulated shares plus its number
    cells: int


@dataclass
class Network:
    """What differentially private families share: parameters, domains, and sampling.

    Neighbouring tables differ by one row, added or removed; how many rows there are is not read
    but measured. `bins` cells of equal width stand for a number with a declared range and no
    declared `bins`. The categories of columns in `discover` are not declared but paid for: those
    that are too rare stay unknown, and are not made.
    """

    epsilon: float
    """What a fit spends of the budget."""
    delta: float
    """The chance that ε may fail to bound; far below one in the number of rows."""
    bins: int = 16
    """Cells between `min` and `max` of a number without declared bins."""
    discover: list[str] = field(default_factory=list)
    """Columns whose categories are found with noise, and paid for."""

    domains: dict[str, Domain] = field(init=False, repr=False)
    steps: dict[str, Step] = field(init=False, repr=False)  # the target first
    order: list[str] = field(init=False, repr=False)

    family: ClassVar[str]
    mechanism: ClassVar[str]

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not number(self.epsilon) or not 0 < self.epsilon <= _MOST:
            raise ValueError(
                f"`epsilon` must be a number above 0, up to {_MOST}, got {self.epsilon!r}"
            )
        if not number(self.delta) or not 0 < self.delta < 1:
            raise ValueError(f"`delta` must be a number between 0 and 1, got {self.delta!r}")
        whole("bins", self.bins)
        if not isinstance(self.discover, list) or not all(
            isinstance(name, str) for name in self.discover
        ):
            raise ValueError(f"`discover` must be a list of columns, got {self.discover!r}")

    def spends(self, schema: Schema) -> Spend:
        """Return what a fit spends; raises GeneratorError where a domain is not declared."""
        self._declared(schema)
        slack = SLACK * self.delta if self.discover else 0.0
        rho = accounting.rho(self.epsilon, self.delta - slack)
        mechanism = self.mechanism
        if self.discover:
            mechanism += f"; Gaussian noise and a threshold on categories of {len(self.discover)}"
        return Spend(mechanism, self.epsilon, self.delta, rho, slack)

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw the columns in turn, those that `where` rests on first."""
        rng = np.random.default_rng(seed)
        early = list(self.steps)[:1] if where is None else self._above(where.columns)

        def begin(rows: int) -> dict[str, np.ndarray]:
            made: dict[str, np.ndarray] = {}
            for name in early:
                made[name] = self._drawn(name, made, rows, rng)
            return made

        made = given.beginnings(n, where, begin, self._decoded)
        for name in self.steps:
            if name not in made:
                made[name] = self._drawn(name, made, len(next(iter(made.values()))), rng)
        return self._decoded({name: made[name] for name in self.order})

    def _declared(self, schema: Schema) -> dict[str, Domain | None]:
        return domain.declared(schema, bins=self.bins, discover=self.discover, family=self.family)

    def _settle(self, train: pd.DataFrame, schema: Schema, rho: float, slack: float) -> None:
        """Set `order` and `domains`, and pay for categories that are not declared."""
        self.order = schema.modelled
        known = self._declared(schema)
        names = [name for name, one in known.items() if one is None]
        found = _discovered(train[names], rho, slack) if names else {}
        self.domains = {
            name: one or domain.of(found[name], schema.columns[name]) for name, one in known.items()
        }
        for name in names:
            if not self.domains[name].size:
                raise GeneratorError(
                    f"no category of column {name!r} is frequent enough to be discovered at "
                    f"`epsilon` {self.epsilon:g}; raise it, declare the column's `categories` or "
                    "`missing: true`, or set `role: ignore`"
                )

    def _cells(self, train: pd.DataFrame) -> dict[str, np.ndarray]:
        return {
            name: domain.cells(domain.encoded(train[name], one), one)
            for name, one in self.domains.items()
        }

    def _noisy(
        self, groups: Sequence[Group], cells: dict[str, np.ndarray], scale: float
    ) -> dict[Group, np.ndarray]:
        """Return noisy counts of rows over the cells of each group of columns, drawn at once."""
        exact = [
            counted([cells[name] for name in names], [self.domains[name].size for name in names])
            for names in groups
        ]
        told = accounting.noisy(np.concatenate([table.ravel() for table in exact]), scale)
        ends = np.cumsum([table.size for table in exact])[:-1]
        parts = zip(groups, exact, np.split(told, ends), strict=True)
        return {names: part.reshape(table.shape) for names, table, part in parts}

    def _above(self, names: tuple[str, ...]) -> list[str]:
        """Return columns and all that they are drawn given, in the order of the steps."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.steps[name].parents
        return [name for name in self.steps if name in found]

    def _drawn(
        self, name: str, made: dict[str, np.ndarray], rows: int, rng: np.random.Generator
    ) -> np.ndarray:
        step = self.steps[name]
        group = np.zeros(rows, int)
        for parent in step.parents:
            one = self.domains[parent]
            group = group * one.size + domain.cells(made[parent], one)
        # Below 1 by more than a rounding, so that adding the group's number stays in the group.
        u = np.minimum(rng.random(rows), 1 - 1e-9)
        place = np.searchsorted(step.rising, group + u, side="right")
        return domain.drawn(place - group * step.cells, self.domains[name], rng)

    def _decoded(self, made: dict[str, np.ndarray]) -> pd.DataFrame:
        return pd.DataFrame({name: domain.decoded(made[name], self.domains[name]) for name in made})


def step(parents: tuple[str, ...], counts: np.ndarray) -> Step:
    """Return how to draw by `counts`, shape (*parents' cells, cells), none of them negative.

    A group without counts draws as all groups together do.
    """
    table = counts.reshape(-1, counts.shape[-1])
    whole = table.sum(axis=0)
    table = np.where(table.sum(axis=1, keepdims=True) > 0, table, whole if whole.any() else 1.0)
    rising = table.cumsum(axis=1)
    rising = rising / rising[:, -1:] + np.arange(len(table))[:, None]
    return Step(parents, rising.ravel(), counts.shape[-1])


def counted(cells: list[np.ndarray], sizes: list[int]) -> np.ndarray:
    """Return how many rows are in each combination of cells, shape `sizes`.

    A row without a cell in one of the columns is counted nowhere.
    """
    there = np.logical_and.reduce([column >= 0 for column in cells])
    places = np.ravel_multi_index([column[there] for column in cells], sizes)
    return np.bincount(places, minlength=int(np.prod(sizes))).reshape(sizes)


def fitted(table: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return a noisy table (labels, cells) with no negative count and the labels' totals."""
    return np.array([projected(row, total) for row, total in zip(table, labels, strict=True)])


def projected(counts: np.ndarray, total: float) -> np.ndarray:
    """Return the nearest counts that are not negative and add up to `total`.

    They are the likeliest under Gaussian noise. The method is that of Duchi et al. 2008,
    doi:10.1145/1390156.1390191.
    """
    if total <= 0:
        return np.zeros_like(counts)
    falling = np.sort(counts)[::-1]
    excess = (falling.cumsum() - total) / np.arange(1, len(counts) + 1)
    return np.maximum(counts - excess[falling > excess][-1], 0)


def totals(tables: list[np.ndarray]) -> np.ndarray:
    """Return the number of rows per label that noisy tables (labels, cells) tell together.

    Each table's sums are weighted by the inverse of their variance, which is as its cells are.
    """
    weights = np.array([1 / table.shape[1] for table in tables])
    sums = np.array([table.sum(axis=1) for table in tables])
    return np.maximum(weights @ sums / weights.sum(), 0)


def _discovered(frame: pd.DataFrame, rho: float, slack: float) -> dict[str, list[str]]:
    noise = accounting.scale(len(frame.columns), rho)
    least = accounting.threshold(len(frame.columns), noise, slack)
    counts = {
        f"{name}\x1f{value}": int(count)
        for name in frame
        for value, count in frame[name].value_counts().items()
        if count
    }
    found: dict[str, list[str]] = {str(name): [] for name in frame}
    for key in accounting.known(counts, noise, least):
        name, _, value = key.partition("\x1f")
        found[name].append(value)
    return found
