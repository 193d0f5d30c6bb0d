"""Singling out: descriptions read off a batch that fit exactly one of the rows learned from.

One of the three risks that the opinion on anonymisation names (Article 29 Working Party 2014,
opinion 05/2014), attacked as Giomi, Boenisch, Wehmeyer and Tasnádi 2023 do
(doi:10.56553/popets-2023-0055), with narrower predicates.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ... import intervals
from ...measure import FEWEST, Measure, untold
from ...tables import table
from ...tables.schema import Schema
from .sides import Sides

PREDICATES = 5_000  # asked, or as many as there are members where they are fewer
UNIVARIATE = 0.1  # of these that speak of one column, at most
SUBSETS = 100  # random sets of columns that the others speak of
BATCH_CAP = 10_000  # rows of the batch that they are read off
CELLS = 20  # that a number is told by: quantiles of the batch


class Codes(NamedTuple):
    """Values as whole numbers, shape (rows, columns); a missing one is -1."""

    cell: np.ndarray  # of a number, which of the batch's quantiles it lies between
    exact: np.ndarray  # in the order of the values
    made: int  # rows of the batch, which are first


def attack(batch: pd.DataFrame, sides: Sides, schema: Schema, rng: np.random.Generator) -> Measure:
    """Return how many members predicates single out, against how many of as many others.

    A predicate says what some columns hold, such that exactly one row of the batch fits (or none,
    as it lies beyond all): an attacker who knows the batch alone would guess that one person fits.
    How many fit one by chance, the others show. Rows of the batch that are alike count as one, and
    so does a person, however many predicates single them out: then people are independent, and
    the counts are those of proportions. They are told as shares of the predicates asked.
    """
    size = min(len(sides.members), len(sides.others))
    if min(size, len(batch)) < FEWEST:
        return untold("privacy", "singling_out", f"fewer than {FEWEST} rows to compare")
    made = table.rows(batch[schema.modelled], rng.permutation(len(batch))[:BATCH_CAP])
    real = [table.rows(side[schema.modelled], np.arange(size)) for side in sides[:2]]
    codes = encode(table.stack([made, *real]), len(made), schema)
    numeric = np.array([schema.columns[name].numeric for name in schema.modelled])
    asked = min(PREDICATES, size)
    found = univariate(codes.exact, codes.made, numeric)
    found = found[rng.permutation(len(found))[: round(UNIVARIATE * asked)]]
    found = np.concatenate([found, multivariate(codes.cell, codes.made, asked - len(found), rng)])
    if len(found) < FEWEST:
        return untold("privacy", "singling_out", f"fewer than {FEWEST} predicates to ask")
    members, others = (len(np.unique(rows[rows >= 0])) for rows in found.T)
    excess = intervals.proportion_difference(members, len(found), others, len(found))
    value, ceiling, note = members / len(found), others / len(found), f"{len(found):,} predicates"
    return Measure("privacy", "singling_out", value, ceiling, excess, note)


def encode(frame: pd.DataFrame, made: int, schema: Schema) -> Codes:
    """Return codes of the rows, of which the first `made` are the batch, without its repetitions.

    Rows of the batch that lie in the same cells are one: they are made of one row, or of many.
    """
    cells: list[np.ndarray] = []
    exact: list[np.ndarray] = []
    for name in frame.columns:
        values = frame[name]
        if not schema.columns[name].numeric:
            exact.append(values.cat.codes.to_numpy())
            cells.append(exact[-1])
            continue
        known = values[:made].dropna().to_numpy()
        at = np.linspace(0, 1, CELLS + 1)[1:-1]
        edges = np.unique(np.quantile(known, at)) if len(known) else np.empty(0)
        cell = np.searchsorted(edges, values.to_numpy(), side="right")
        cells.append(np.where(values.isna(), -1, cell))
        exact.append(pd.factorize(values, sort=True)[0])
    cell, both = (np.column_stack(part).astype(np.int64) for part in (cells, exact))
    first = np.sort(np.unique(cell[:made], axis=0, return_index=True)[1])
    kept = np.concatenate([first, np.arange(made, len(frame))])
    return Codes(cell[kept], both[kept], len(first))


def univariate(codes: np.ndarray, made: int, numeric: np.ndarray) -> np.ndarray:
    """Ask for each value that one row of the batch has, and what is beyond a number's extremes.

    Returns for each predicate the place of the only member that fits and that of the only one of
    the others, -1 where none or several do, shape (predicates, 2).
    """
    found = []
    for column, number in zip(codes.T, numeric, strict=True):
        values, counts = np.unique(column[:made], return_counts=True)
        found.append(_fitting(column[made:], values[counts == 1]))
        known = values[values >= 0]
        if number and len(known):
            side = np.where(column > known[-1], 1, np.where(column < known[0], -1, 0))
            side[column < 0] = 0
            found.append(_fitting(side[made:], np.array([-1, 1])))
    return np.concatenate(found)


def multivariate(codes: np.ndarray, made: int, asked: int, rng: np.random.Generator) -> np.ndarray:
    """Ask for what a row of the batch holds in half or more of the columns, and no other row does.

    Of few columns many predicates fit one row by chance: singling out means something where next
    to no row should fit (Cohen and Nissim 2020, doi:10.1073/pnas.1914598117). Returns the only
    rows that fit, as `univariate` does.
    """
    width = codes.shape[1]
    sizes = rng.integers(-(-width // 2), width + 1, SUBSETS)
    subsets = sorted({tuple(sorted(rng.permutation(width)[:size].tolist())) for size in sizes})
    each = -(-asked // len(subsets))
    # A random sum of codes, modulo 2^64, tells rows apart: two that differ collide in 2^-63.
    odd = 2 * rng.integers(0, 2**63, width, dtype=np.uint64) + np.ones(width, np.uint64)
    found = []
    for subset in subsets:
        chosen = list(subset)
        keys = (codes[:, chosen].astype(np.uint64) * odd[chosen]).sum(axis=1, dtype=np.uint64)
        values, counts = np.unique(keys[:made], return_counts=True)
        found.append(_fitting(keys[made:], rng.permutation(values[counts == 1])[:each]))
    every = np.concatenate(found)
    return every[rng.permutation(len(every))[:asked]]


def _fitting(real: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the only rows of either half of `real` that equal each value, or -1."""
    found = []
    for side in np.split(real, 2):
        values, places, counts = np.unique(side, return_index=True, return_counts=True)
        at = np.searchsorted(values, asked).clip(max=len(values) - 1)
        found.append(np.where((values[at] == asked) & (counts[at] == 1), places[at], -1))
    return np.column_stack(found)
