"""The declared schema of the real table: what each column is, and what it may hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import SchemaError, listed

Task = Literal["binary", "multiclass", "regression"]


class Column(BaseModel):
    """One column: its kind, its role, and the values it may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["number", "integer", "category", "text", "date"] = "text"
    role: Literal["feature", "target", "id", "group", "time", "ignore"] = "feature"
    min: float | None = None
    max: float | None = None
    categories: tuple[str, ...] | None = None
    missing: bool = True  # whether a value may be missing
    discrete: bool = False  # numbers that only repeat existing values, as years of school do
    sensitive: bool = False  # no value of it may appear in a committed file

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind in ("number", "integer")


class Read(BaseModel):
    """How to read the raw file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delimiter: str = ","
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()  # markers besides the empty cell


class Schema(BaseModel):
    """All columns of the real table, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    read: Read = Read()
    columns: dict[str, Column]

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


def load(path: str | Path) -> Schema:
    """Read a schema file.

    Raises SchemaError that tells every contradiction at once.
    """
    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        schema = Schema.model_validate(data)
    except FileNotFoundError:
        raise SchemaError(f"{path} is not there; declare the table's columns in it") from None
    except yaml.YAMLError as error:
        raise SchemaError(f"{path} is not valid YAML: {error}") from None
    except ValidationError as error:
        problems = [
            f"`{'.'.join(map(str, problem['loc']))}`: {problem['msg']}, got {problem['input']!r}"
            for problem in error.errors()
        ]
        raise SchemaError(listed(str(path), problems)) from None
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
        if column.categories is not None and column.kind != "category":
            yield f"column {name!r}: `categories` needs `kind: category`"
        if column.categories is not None and column.sensitive:
            yield (
                f"column {name!r} is sensitive: its `categories` would be values in git; "
                "leave them out"
            )


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


def expected(column: Column) -> str:
    """Say in words what a column may hold."""
    parts: list[str] = [column.kind]
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
