"""SMOTE: a new row of a class between a real row of it and one of the nearest of the same class.

Chawla, Bowyer, Hall and Kegelmeyer 2002, doi:10.1613/jair.953, by imbalanced-learn: SMOTE where
all features are numbers, SMOTEN where all are categories, SMOTENC where there are both.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from ..base.errors import GeneratorError, listed
from ..tables import condition
from ..tables.condition import Condition
from ..tables.schema import Schema
from .parts.categories import from_codes
from .parts.limits import Limits, limits, within
from .parts.neighbours import Neighbours, OneHot
from .parts.parameters import whole

_CELLS = 20_000_000  # numbers that SMOTENC may hold at once: neighbours' one-hot rows


class Moved(NamedTuple):
    """A column of numbers that lie between real ones."""

    spread: float  # its standard deviation, which distances are measured in
    kept: Limits


@dataclass
class Smote:
    """Makes rows class by class, each from one of the `neighbours` nearest rows of a real row.

    Distances are of numbers in units of their column's standard deviation. Discrete numbers are
    categories. A missing number is its class's median, and that it is missing one more category;
    a missing category is a category of its own. Rows without a label are left out. The search
    takes time, and for SMOTEN memory, by the square of a class's rows: a class of more than
    `most` is learned from that many, drawn by the seed. Not private: rows lie between real ones.
    """

    neighbours: int = 5
    """How many nearest rows of its class a row may be mixed with."""
    most: int = 10_000
    """Rows of a class that are learned from, at most."""

    columns: list[str] = field(init=False, repr=False)
    target: str = field(init=False, repr=False)
    labels: list[str] = field(init=False, repr=False)
    shown: list[str] = field(init=False, repr=False)  # the labels, fit for a message
    size: np.ndarray = field(init=False, repr=False)  # (labels,), real rows of each
    moved: dict[str, Moved] = field(init=False, repr=False)
    levels: dict[str, Any] = field(init=False, repr=False)  # what the codes of others stand for
    gaps: list[str] = field(init=False, repr=False)  # the moved columns that may be missing
    label: np.ndarray = field(init=False, repr=False)  # (rows,), its place in `labels`
    rows: np.ndarray = field(init=False, repr=False)  # (rows, moved and levels and gaps)
    near: dict[int, Neighbours] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        whole("neighbours", self.neighbours)
        whole("most", self.most, least=self.neighbours + 1)

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Find each row's neighbours; the seed chooses rows of classes that have too many."""
        self.columns, self.target = schema.modelled, schema.target
        if schema.columns[self.target].numeric:
            raise GeneratorError(
                f"smote makes rows of a class, and the label {self.target!r} is a number; take "
                "jitter, cart or naive_bayes, or declare the label `kind: category`"
            )
        labels = train[self.target].cat.remove_unused_categories()
        self.labels = list(labels.cat.categories)
        self.shown = schema.shown(self.target, self.labels, self.labels)
        self.size = labels.value_counts(sort=False).to_numpy()
        if len(self.labels) < 2:
            raise GeneratorError(
                f"smote needs real rows of at least 2 classes, and the label {self.target!r} has "
                f"{len(self.labels)}"
            )
        if self.size.max() <= self.neighbours:
            raise GeneratorError(self._refusal(np.full(len(self.labels), True)))
        places = _drawn(labels.cat.codes.to_numpy(), self.most, np.random.default_rng(seed))
        self.label = labels.cat.codes.to_numpy()[places].astype(int)
        self._encode(train.iloc[places], schema)
        if not self.rows.shape[1]:
            raise GeneratorError("smote needs a feature that has a value in some real row")
        self.near = {}
        for code in np.flatnonzero(self.size > self.neighbours):
            self.near[int(code)] = Neighbours(self.neighbours + 1)
            self._made(int(code), 1, np.random.RandomState(0))
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw labels with the real shares, and a row for each; keep the rows that meet `where`.

        Where it says which labels are asked for, only those are drawn. Raises GeneratorError
        where one of them has too few real rows.
        """
        rng = np.random.default_rng(seed)
        asked = self._asked(where)
        if (asked & (self.size <= self.neighbours)).any():
            raise GeneratorError(self._refusal(asked))
        drawn = np.empty(0, int)
        if asked.any():
            shares = np.where(asked, self.size, 0) / self.size[asked].sum()
            drawn = rng.choice(len(asked), size=n, p=shares)
        state = np.random.RandomState(rng.integers(2**32))  # the kind that scikit-learn takes
        made = np.empty((len(drawn), self.rows.shape[1]))
        for code in np.unique(drawn):
            made[drawn == code] = self._made(int(code), int((drawn == code).sum()), state)
        return condition.keep(self._decoded(made, drawn), where)

    def _asked(self, where: Condition | None) -> np.ndarray:
        """Return which labels rows that meet `where` can have, as far as it says so by itself."""
        every = np.full(len(self.labels), True)
        if where is None or self.target not in where.columns:
            return every
        if where.columns == (self.target,):
            labels = pd.Categorical(self.labels, categories=self.labels)
            return condition.holds(where, pd.DataFrame({self.target: labels}))
        equal = condition.equalities(where)
        return every if equal is None else np.array(self.labels, object) == equal[self.target]

    def _refusal(self, asked: np.ndarray) -> str:
        """Say which of the labels asked for have too few rows, and what to do."""
        few = [code for code in np.flatnonzero(asked) if self.size[code] <= self.neighbours]
        rows = ["1 real row" if size == 1 else f"{size} real rows" for size in self.size[few]]
        told = [f"{self.shown[code]!r} has {own}" for code, own in zip(few, rows, strict=True)]
        least = int(self.size[few].min())
        lower = f"lower `neighbours` to {least - 1}, " if least > 1 else ""
        return listed(
            f"smote with `neighbours` {self.neighbours} needs at least {self.neighbours + 1} real "
            f"rows of each class of {self.target!r} that it makes; {lower}take more rows, or make "
            "a slice of the other classes with `where`",
            told,
        )

    def _encode(self, train: pd.DataFrame, schema: Schema) -> None:
        self.moved, self.levels, self.gaps = {}, {}, []
        numbers, others, absent = [], [], []
        for name in schema.features:
            column, values = schema.columns[name], train[name]
            missing = values.isna().to_numpy()
            if not column.numeric:
                self.levels[name] = list(values.cat.categories)
                others.append(np.where(missing, len(self.levels[name]), values.cat.codes))
            elif column.discrete:
                self.levels[name] = np.unique(values.dropna())
                others.append(np.searchsorted(self.levels[name], values))  # missing is the last
            elif not missing.all():
                known = values.dropna().to_numpy("float64")
                self.moved[name] = Moved(float(known.std()) or 1.0, limits(known, column))
                middle = values.groupby(self.label).transform("median").fillna(np.median(known))
                numbers.append(values.fillna(middle).to_numpy() / self.moved[name].spread)
                if missing.any():
                    self.gaps.append(name)
                    absent.append(missing)
        self.rows = np.array([*numbers, *others, *absent], float).T.reshape(len(train), -1)

    def _decoded(self, made: np.ndarray, drawn: np.ndarray) -> pd.DataFrame:
        """Return rows in the form of `rows` as a table, with their labels."""
        names = [*self.moved, *self.levels]
        found = {self.target: _category(drawn, self.labels)}
        absent = made[:, len(names) :] > 0.5
        for place, name in enumerate(names):
            values = made[:, place]
            if name in self.moved:
                numbers = within(values * self.moved[name].spread, self.moved[name].kept)
                if name in self.gaps:
                    numbers[absent[:, self.gaps.index(name)]] = np.nan
                found[name] = pd.Series(numbers)
            elif isinstance(self.levels[name], np.ndarray):
                found[name] = pd.Series(np.append(self.levels[name], np.nan)[values.astype(int)])
            else:
                found[name] = _category(values.astype(int), self.levels[name])
        empty = pd.Series(np.full(len(drawn), np.nan))
        return pd.DataFrame({name: found.get(name, empty) for name in self.columns})

    def _made(self, code: int, n: int, state: np.random.RandomState) -> np.ndarray:
        """Return `n` new rows of the class `code`, in the form of `rows`."""
        from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

        options: dict[str, Any] = {"k_neighbors": self.near[code], "random_state": state}
        width, block = self.rows.shape[1], n
        if not self.moved:
            if (found := self.near[code].places) is not None:  # else it measures all distances
                own = self.rows[self.label == code]
                return _frequent(own[found])[state.choice(len(own), size=n)]
            build = SMOTEN
        elif len(self.moved) == width:
            build = SMOTE
        else:
            build, options["categorical_encoder"] = SMOTENC, OneHot()
            options["categorical_features"] = list(range(len(self.moved), width))
            hot = width + sum(map(len, self.levels.values()))
            block = max(_CELLS // (hot * self.neighbours), 1_000)
        have, parts = int((self.label == code).sum()), []
        for start in range(0, n, block):
            options["sampling_strategy"] = {code: have + min(block, n - start)}
            both, _ = build(**options).fit_resample(self.rows, self.label)
            parts.append(both[len(self.rows) :])  # the real rows come first
        return np.concatenate(parts)


def _drawn(codes: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return the places of rows with a label, at most `most` of each, in their order."""
    places = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    few = [own if len(own) <= most else rng.choice(own, most, replace=False) for own in places]
    return np.sort(np.concatenate(few))


def _frequent(codes: np.ndarray) -> np.ndarray:
    """Return the most frequent code among neighbours, the first of several, as SMOTEN does.

    From codes of shape (rows, neighbours, columns), those of shape (rows, columns).
    """
    ordered = np.sort(codes, axis=1)
    often = (ordered[:, :, None] == ordered[:, None]).sum(axis=2)
    return np.take_along_axis(ordered, often.argmax(axis=1, keepdims=True), axis=1)[:, 0]


def _category(codes: np.ndarray, levels: list[str]) -> pd.Series:
    """Return what codes stand for; the code after the last is a missing value."""
    return from_codes(np.where(codes == len(levels), np.nan, codes), levels)
