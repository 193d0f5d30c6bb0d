"""The cells that a column's values fall into: as the schema declares them, never as rows are."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...base.errors import GeneratorError, listed
from ...tables.schema import Column, Schema
from .categories import from_codes

SINGLE = 64  # discrete integers of no wider a range have a cell each


class Domain(NamedTuple):
    """A column's cells; where values may be missing, the last one is for them."""

    levels: list[str] | None  # the categories, sorted; None of a number
    edges: np.ndarray  # (cells + 1,), where a number's cells begin, and the last one ends
    whole: bool  # whole numbers: the last edge is one above the greatest
    missing: bool

    @property
    def size(self) -> int:
        """How many cells there are."""
        there = len(self.edges) - 1 if self.levels is None else len(self.levels)
        return there + self.missing


def declared(
    schema: Schema, *, bins: int, discover: list[str], family: str
) -> dict[str, Domain | None]:
    """Return the domain of every modelled column, None of those in `discover`.

    Raises GeneratorError that names every column without one, with the line to add.
    """
    problems = list(_problems(schema, discover))
    if problems:
        where = f"{family} reads domains from data/schema.yaml, never from rows"
        raise GeneratorError(listed(where, problems))
    return {
        name: None if name in discover else _declared(schema.columns[name], bins)
        for name in schema.modelled
    }


def of(levels: list[str], column: Column) -> Domain:
    """Return the domain of a column of categories."""
    return Domain(sorted(set(levels)), np.empty(0), False, column.missing)


def encoded(values: pd.Series, domain: Domain) -> np.ndarray:
    """Return numbers as they are and categories as codes, -1 for others, missing as NaN."""
    if domain.levels is None:
        return values.to_numpy("float64")
    codes = pd.Index(domain.levels).get_indexer(pd.Index(values.cat.categories))
    return np.where(values.isna(), np.nan, np.append(codes, -1)[values.cat.codes])


def cells(values: np.ndarray, domain: Domain) -> np.ndarray:
    """Return the cell of each number or code; -1 where no cell is for it.

    A number beyond the first or last edge falls into the cell beside it.
    """
    absent = np.isnan(values)
    if domain.levels is None:
        found = np.searchsorted(domain.edges[1:-1], values, side="right")
    else:
        found = np.where(absent, 0, values).astype(int)
    return np.where(absent, domain.size - 1 if domain.missing else -1, found)


def drawn(cells: np.ndarray, domain: Domain, rng: np.random.Generator) -> np.ndarray:
    """Return a code, or a number from anywhere in the cell, for each cell; missing as NaN."""
    last = domain.size - domain.missing
    there = np.minimum(cells, last - 1)
    values = there.astype(float)
    if domain.levels is None:
        low, width = domain.edges[:-1], np.diff(domain.edges)
        above = rng.random(len(cells)) * width[there]
        values = low[there] + (np.floor(above) if domain.whole else above)
    return np.where(cells == last, np.nan, values)


def decoded(values: np.ndarray, domain: Domain) -> pd.Series:
    """Return numbers or codes as a column of the table."""
    if domain.levels is None:
        return pd.Series(values)
    return from_codes(values, domain.levels)


def _declared(column: Column, bins: int) -> Domain:
    if column.categories is not None:
        return of(list(column.categories), column)
    whole = column.kind == "integer"
    least, greatest = column.min, column.max
    if column.bins is not None:
        least = column.bins[0] if least is None else least
        greatest = column.bins[-1] if greatest is None else greatest
        inner = [edge for edge in column.bins if least < edge < greatest]
        edges = np.array([least, *inner, greatest])
    else:
        assert least is not None and greatest is not None
        each = whole and column.discrete and greatest - least < SINGLE
        count = int(greatest - least) + 1 if each else bins
        edges = np.linspace(least, greatest + whole, count + 1)
    if whole:
        edges = np.ceil(edges)
        edges[-1] = np.floor(greatest) + 1
    rising = np.unique(edges)
    return Domain(None, rising if len(rising) > 1 else rising.repeat(2), whole, column.missing)


def _problems(schema: Schema, discover: list[str]) -> Iterator[str]:
    open_ = [name for name in schema.modelled if _open(schema.columns[name])]
    wanted = [
        name
        for name in schema.modelled
        if name in discover or (name in open_ and schema.columns[name].sensitive)
    ]
    for name in discover:
        if name not in schema.modelled:
            yield f"`discover` names {name!r}, which is no feature and not the target"
        elif schema.columns[name].kind != "category":
            yield f"`discover` names {name!r}, which is no category; declare its range instead"
        elif name not in open_:
            yield f"`discover` names {name!r}, whose categories are declared; take it out"
    for name in open_:
        column = schema.columns[name]
        if name in discover and column.kind == "category":
            continue
        if column.sensitive and column.kind == "category":
            yield (
                f"column {name!r} is sensitive, so its categories cannot stand in git; let the "
                f"generator pay for them: `discover: [{', '.join(wanted)}]` in params.yaml"
            )
        else:
            line = _line(name, column)
            yield f"column {name!r} has no declared domain; its line could be `{line}`"


def _open(column: Column) -> bool:
    if column.kind == "category":
        return column.categories is None
    return column.bins is None and (column.min is None or column.max is None)


def _line(name: str, column: Column) -> str:
    """Return the column's line for data/schema.yaml with what is missing from it."""
    said = {
        key: f"{value:g}" if isinstance(value, float) else str(value).lower()
        for key, value in column.model_dump(exclude_unset=True).items()
        if value is not None
    }
    if column.numeric:
        said = {**said, "min": said.get("min", "<least>"), "max": said.get("max", "<greatest>")}
    else:
        said["categories"] = "[<every category>]"
    return f"{name}: {{{', '.join(f'{key}: {value}' for key, value in said.items())}}}"
