"""Batches: one generator applied to one slice, as many rows as it asks for."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from . import table
from .errors import GeneratorError, ParamsError, nearest
from .generators.protocol import Generator
from .params import Name, Section
from .schema import Schema, valid

TRIES = 10  # rounds of over-sampling before a slice is given up


class Slice(Section):
    """One entry of the section `slices`: a purpose, and the rows to make for it."""

    purpose: str
    rows: int = Field(ge=1)


Slices = dict[Name, Slice]  # the section `slices`


class Generate(Section):
    """The section `generate` of params.yaml."""

    seed: int = Field(ge=0)
    preview_rows: int = Field(ge=10)


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


def asked(batch: Batch, slices: Slices) -> Slice:
    """Return the slice of a batch, or raise ParamsError."""
    if batch.slice not in slices:
        raise ParamsError(
            f"params.yaml: slice {batch.slice!r} is unknown; {nearest(batch.slice, slices)}"
        )
    return slices[batch.slice]


class Made(NamedTuple):
    """Rows that passed verification, and what it took to get them."""

    frame: pd.DataFrame
    generated: int
    verifiers: dict[str, dict[str, int]]


def make(generator: Generator, schema: Schema, n: int, *, seed: int) -> Made:
    """Sample until `n` rows hold only what the schema allows.

    Raises GeneratorError where too few do.
    """
    kept: list[pd.DataFrame] = []
    generated = found = 0
    for attempt in range(TRIES):
        if found >= n:
            break
        share = max(found / generated, 0.05) if generated else 1.0
        made = generator.sample(int(np.ceil((n - found) / share)), seed=seed + attempt)
        good = table.rows(made, np.flatnonzero(valid(made, schema).all(axis=1)))
        generated, found = generated + len(made), found + len(good)
        kept.append(good)
    if found < n:
        raise GeneratorError(
            f"only {found:,} of {generated:,} generated rows hold what data/schema.yaml allows "
            f"and {n:,} were asked for; read the preview for what is wrong with the rest"
        )
    frame = table.rows(table.stack(kept), np.arange(n))
    return Made(frame, generated, {"schema": {"seen": generated, "kept": found}})
