"""Batches: one generator applied to one slice, as many rows as it asks for."""

import hashlib
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from .base.errors import ParamsError, nearest
from .base.params import Name, Section
from .tables import condition
from .tables.condition import Condition
from .tables.schema import Schema


def _parsed(text: str) -> str:
    condition.parse(text)
    return text


class Slice(Section):
    """One entry of the section `slices`: a purpose, and the rows to make for it."""

    purpose: str
    """What the rows are for."""
    rows: int = Field(ge=1)
    """How many to make."""
    where: Annotated[str, AfterValidator(_parsed)] | None = None
    """What every row meets, as in `DataFrame.query`; null asks for rows of all kinds."""

    @property
    def condition(self) -> Condition | None:
        """What every row of the slice meets."""
        return condition.parse(self.where) if self.where else None

    @property
    def told(self) -> dict[str, str]:
        """The purpose, and the condition if there is one."""
        return self.model_dump(include={"purpose", "where"}, exclude_none=True)


Slices = dict[Name, Slice]  # the section `slices`


class Batch(NamedTuple):
    """The name of a batch in its parts."""

    name: str
    generator: str
    slice: str


def named(name: str) -> Batch:
    """Split `<generator>-<slice>`; neither part has a dash in it."""
    generator, _, part = name.partition("-")
    return Batch(name, generator, part)


def every(generators: Any, slices: Any) -> list[Batch]:
    """Return all batches that the two sections of params.yaml ask for, in their order."""
    return [named(f"{generator}-{part}") for part in slices for generator in generators]


def seed(batch: Batch, base: int, step: str) -> int:
    """Return the seed of one step of a batch, so that no two batches draw the same rows."""
    told = f"{base}\x1f{batch.name}\x1f{step}".encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big")


def asked(batch: Batch, slices: Slices, schema: Schema) -> Slice:
    """Return the slice of a batch.

    Raises ParamsError where there is none, or where its condition cannot be asked.
    """
    if batch.slice not in slices:
        raise ParamsError(
            f"params.yaml: slice {batch.slice!r} is unknown; {nearest(batch.slice, slices)}"
        )
    part = slices[batch.slice]
    at = f"params.yaml: `slices.{batch.slice}.where`"
    for name in condition.parse(part.where).columns if part.where else ():
        if name not in schema.modelled:
            raise ParamsError(
                f"{at}: column {name!r} is no feature or target; {nearest(name, schema.modelled)}"
            )
        if schema.columns[name].sensitive:
            raise ParamsError(
                f"{at}: column {name!r} is sensitive, and the condition would put a value of it "
                "into git; choose another column, or set `sensitive: false` in data/schema.yaml"
            )
    return part
