"""The declared schema of the real table: what each column is, and what it may hold."""

import codecs
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field, ValidationError

from ..base import notation, params
from ..base.errors import SchemaError, listed, nearest
from ..base.params import Section
from . import condition
from .condition import Condition

Task = Literal["binary", "multiclass", "regression"]


class Column(Section):
    """One column: its kind, its role, and the values it may hold."""

    kind: Literal["number", "integer", "category", "text", "date"] = "text"
    """What its values are; text and dates cannot be features or the target."""
    role: Literal["feature", "target", "id", "group", "time", "ignore"] = "feature"
    """What it is for: rows of one group stay together, and by a time the split is made."""
    min: float | None = None
    """The least number allowed."""
    max: float | None = None
    """The greatest number allowed."""
    categories: tuple[str, ...] | None = None
    """The categories allowed; null allows any."""
    missing: bool = True
    """Whether a value may be missing."""
    discrete: bool = False
    """Whether made numbers repeat existing values, as years of school do."""
    bins: tuple[float, ...] | None = None
    """Edges of the cells that a private histogram counts."""
    sensitive: bool = False
    """Whether no value of it may appear in a committed file; an attack guesses it."""

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind in ("number", "integer")


class Combinations(Section):
    """A rule: these columns hold only combinations of values that real rows hold."""

    combinations: tuple[str, ...] = Field(min_length=2)
    """The columns."""


def _one_character(text: str) -> str:
    if len(text) != 1 or text in '\r\n"\0':
        raise ValueError('must be one character, such as ";" or "\\t"')
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except (LookupError, ValueError):
        raise ValueError("is no encoding; such as utf-8, latin-1, cp1252 or utf-16") from None
    return name


class Read(Section):
    """How to read the raw file."""

    delimiter: Annotated[str, AfterValidator(_one_character)] = ","
    """The character between cells."""
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    """The text encoding, by Python's names."""
    missing: tuple[str, ...] = ()
    """Markers of a missing value besides the empty cell."""
    decimal: Literal[".", ","] = "."
    """What stands before the decimals of a number."""


class Schema(Section):
    """All columns of the real table, in their order."""

    read: Read = Read()
    """How to read the raw file."""
    columns: dict[str, Column]
    """The columns by name; exactly one has the role target."""
    rules: tuple[str | Combinations, ...] = ()
    """What every row keeps to: conditions, or combinations of columns that real rows hold."""

    @property
    def target(self) -> str:
        """The column that models predict."""
        return next(name for name, column in self.columns.items() if column.role == "target")

    @property
    def features(self) -> list[str]:
        """The columns that models learn from."""
        return [name for name, column in self.columns.items() if column.role == "feature"]

    @property
    def modelled(self) -> list[str]:
        """Features and target, in the table's order: what generators learn and make."""
        return [name for name, column in self.columns.items() if column.role in _MODELLED]

    @property
    def kept(self) -> list[str]:
        """Every column but the ignored ones."""
        return [name for name, column in self.columns.items() if column.role != "ignore"]

    @property
    def conditions(self) -> list[Condition]:
        """The rules that are conditions, in the syntax of `DataFrame.query`."""
        return [condition.parse(rule) for rule in self.rules if isinstance(rule, str)]

    @property
    def combinations(self) -> list[list[str]]:
        """The columns of each rule that allows existing combinations only."""
        return [list(rule.combinations) for rule in self.rules if isinstance(rule, Combinations)]

    def numeric(self, names: list[str]) -> list[str]:
        """Return those of `names` that hold numbers."""
        return [name for name in names if self.columns[name].numeric]

    def categorical(self, names: list[str]) -> list[str]:
        """Return those of `names` that hold categories."""
        return [name for name in names if not self.columns[name].numeric]

    def shown(self, name: str, values: list[str], among: list[str]) -> list[str]:
        """Return labels for `values` fit for a committed file.

        Those of a sensitive column are numbered by their place in the sorted values `among`.
        """
        if not self.columns[name].sensitive:
            return list(values)
        place = {value: number for number, value in enumerate(sorted(among), start=1)}
        return [f"value {place[value]}" for value in values]


_MODELLED = ("feature", "target")
_LABELS = ("_origin", "_batch")  # that every synthetic row carries


def load(path: str | Path) -> Schema:
    """Read a schema file.

    Raises SchemaError that tells every contradiction at once.
    """
    try:
        schema = Schema.model_validate(notation.read(path))
    except FileNotFoundError:
        raise SchemaError(f"{path} is not there; declare the table's columns in it") from None
    except ValidationError as error:  # a ValueError too
        raise SchemaError(listed(str(path), params.problems(error, Schema))) from None
    except ValueError as error:
        raise SchemaError(f"{path} {error}") from None
    problems = list(_contradictions(schema))
    if problems:
        raise SchemaError(listed(str(path), problems))
    return schema


def _contradictions(schema: Schema) -> Iterator[str]:
    roles = [column.role for column in schema.columns.values()]
    if roles.count("target") != 1:
        yield f"one column must have `role: target`, {roles.count('target')} have"
    for role in ("group", "time"):
        if roles.count(role) > 1:
            yield f"one column at most may have `role: {role}`, {roles.count(role)} have"
    if "feature" not in roles:
        yield "no column is a feature; leave `role` out of those that models learn from"
    for name, column in schema.columns.items():
        if column.role in _MODELLED and column.kind in ("text", "date"):
            yield (
                f"column {name!r}: a {column.kind} cannot be a {column.role}; "
                "set `kind` to number, integer or category, or `role: ignore`"
            )
        if column.role == "time" and not (column.numeric or column.kind == "date"):
            yield f"column {name!r}: a time must have `kind: date`, or be a number"
        if (column.min is not None or column.max is not None) and not column.numeric:
            yield f"column {name!r}: `min` and `max` need a kind of number or integer"
        if column.min is not None and column.max is not None and column.min > column.max:
            yield f"column {name!r}: `min` {column.min:g} is above `max` {column.max:g}"
        if column.bins is not None and not column.numeric:
            yield f"column {name!r}: `bins` needs a kind of number or integer"
        if column.bins is not None and (len(column.bins) < 2 or (np.diff(column.bins) <= 0).any()):
            yield f"column {name!r}: `bins` must be two or more edges that rise"
        elif column.bins is not None and (
            (column.min is not None and column.bins[-1] <= column.min)
            or (column.max is not None and column.bins[0] >= column.max)
        ):
            yield f"column {name!r}: every cell of `bins` lies outside `min` and `max`"
        if name in _LABELS:
            yield f"column {name!r}: the name is that of a label of generated rows; rename it"
        if column.categories is not None and column.kind != "category":
            yield f"column {name!r}: `categories` needs `kind: category`"
        for category, times in Counter(column.categories or ()).items():
            if times > 1:
                yield f"column {name!r}: `categories` holds {category!r} twice"
            if category in ("", *schema.read.missing):
                yield f"column {name!r}: the category {category!r} is a marker of missing cells"
            elif category != category.strip():
                yield f"column {name!r}: blanks around cells are dropped, and {category!r} has some"
        if column.categories is not None and column.sensitive:
            yield (
                f"column {name!r} is sensitive: its `categories` would be values in git; "
                "leave them out"
            )
    for rule in schema.rules:
        yield from _of_rule(rule, schema)


def _of_rule(rule: str | Combinations, schema: Schema) -> Iterator[str]:
    try:
        names = condition.parse(rule).columns if isinstance(rule, str) else rule.combinations
    except ValueError as error:
        yield f"rule {error}"
        return
    said = repr(rule) if isinstance(rule, str) else f"combinations of {', '.join(names)}"
    for name in names:
        if name not in schema.columns:
            yield f"rule {said}: column {name!r} is unknown; {nearest(name, schema.columns)}"
        elif schema.columns[name].role == "ignore":
            yield f"rule {said}: column {name!r} is ignored, so no row can be held to it"
        elif schema.columns[name].sensitive and isinstance(rule, str):
            yield (
                f"rule {said}: column {name!r} is sensitive, and the rule would put a value of it "
                "into git; leave it out"
            )
    if len(set(names)) < len(names):
        yield f"rule {said}: a column is named twice"


def task(schema: Schema, target: pd.Series) -> Task:
    """Return the learning task that the target column poses."""
    if schema.columns[schema.target].numeric:
        return "regression"
    return "binary" if target.dropna().nunique() <= 2 else "multiclass"


def valid(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return a table of booleans, True where a cell holds what its column allows."""
    checks = {name: _valid(frame[name], schema.columns[name]) for name in frame.columns}
    return pd.DataFrame(checks, index=frame.index)


def _valid(values: pd.Series, column: Column) -> pd.Series:
    absent = values.isna()
    good = pd.Series(True, index=values.index)
    if column.min is not None:
        good &= values >= column.min
    if column.max is not None:
        good &= values <= column.max
    if column.kind == "integer":
        good &= values == values.round()
    if column.categories is not None:
        good &= values.isin(column.categories)
    return good.where(~absent, column.missing)


def broken(frame: pd.DataFrame, schema: Schema) -> dict[str, np.ndarray]:
    """Return for each rule that is a condition which rows break it, shape (rows,).

    Rules that name a column which `frame` lacks are left out. A row that lacks a value which
    the rule reads cannot break it. Raises ValueError where the values cannot be compared so.
    """
    found = {}
    for rule in schema.conditions:
        if set(rule.columns) <= set(frame.columns):
            there = frame[list(rule.columns)].notna().all(axis=1).to_numpy()
            found[rule.text] = there & ~condition.holds(rule, frame)
    return found


def unheard(frame: pd.DataFrame, real: pd.DataFrame, schema: Schema) -> dict[str, np.ndarray]:
    """Return for each rule on combinations which rows hold one that no row of `real` holds.

    Rules that name a column which `frame` lacks are left out.
    """
    found = {}
    for names in schema.combinations:
        if not set(names) <= set(frame.columns):
            continue
        known = pd.MultiIndex.from_frame(_plain(real[names]))
        found[" with ".join(names)] = ~pd.MultiIndex.from_frame(_plain(frame[names])).isin(known)
    return found


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return values that compare as themselves, a missing one as the text of nothing."""
    return frame.astype(object).where(frame.notna(), "")


def expected(column: Column) -> str:
    """Say in words what a column may hold."""
    kind = "date from 1678 to 2261, best written as 2020-01-31" if column.kind == "date" else ""
    parts: list[str] = [kind or column.kind]
    if column.min is not None:
        parts.append(f"at least {column.min:g}")
    if column.max is not None:
        parts.append(f"at most {column.max:g}")
    if column.categories is not None:
        shown = ", ".join(column.categories[:6])
        more = len(column.categories) - 6
        parts.append(f"one of {shown}" + (f" and {more} more" if more > 0 else ""))
    if not column.missing:
        parts.append("never missing")
    return ", ".join(parts)
