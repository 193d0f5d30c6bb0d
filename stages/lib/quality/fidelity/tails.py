"""The tails of a table: rare categories and outer numbers, and how much of them a batch lacks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from .coded import Coded

RARE = 0.05  # the greatest share of real rows that a rare category has
FEWEST = 5  # real rows that a cell is made of: fewer would tell of single persons
OUTER = (  # shares of real rows below: where a cell begins and ends
    (0.0, 0.01, "lowest 1 %"),
    (0.01, 0.05, "next lowest 4 %"),
    (0.95, 0.99, "next highest 4 %"),
    (0.99, 1.0, "highest 1 %"),
)


COLUMNS = ("column", "cell", "real", "share", "ceiling")  # of unseen rows, the batch, train


class Cells(NamedTuple):
    """The tail cells of a table, disjoint within a column."""

    columns: list[str]  # of each cell
    labels: list[str]
    lookup: list[np.ndarray]  # for each column of `Coded`, from code to cell, -1 for none


def cells(apart: Coded, labels: Sequence[Sequence[str]]) -> Cells:
    """Return the tail cells of real rows.

    Those are the categories that at most `RARE` of the rows hold, by their `labels` (for each
    categorical column those of codes 1, 2, …), and numbers between outer quantiles: the numbers
    that equal one belong to the inner side. Cells of fewer than `FEWEST` rows are left out.
    """
    found = Cells([], [], [])
    numeric = apart.steps.shape[1]
    columns = [*apart.steps.T, *apart.codes.T]
    sizes = [*map(len, apart.values), *apart.levels]
    for place, (codes, size) in enumerate(zip(columns, sizes, strict=True)):
        counts = np.bincount(codes, minlength=size)
        counts[0] = 0  # a missing value is no tail
        if place < numeric:
            parts = _outer(counts)
        else:
            rare = np.flatnonzero(counts <= RARE * len(codes))
            named = labels[place - numeric]
            parts = [(named[code - 1], np.array([code])) for code in rare.tolist() if code]
        lookup = np.full(size, -1)
        for label, inside in parts:
            if counts[inside].sum() >= FEWEST:
                lookup[inside] = len(found.labels)
                found.columns.append(apart.names[place])
                found.labels.append(label)
        found.lookup.append(lookup)
    return found


def placed(rows: Coded, tail: Cells) -> np.ndarray:
    """Return the cell that each value of each row is in, shape (rows, columns), -1 for none."""
    columns = zip(tail.lookup, [*rows.steps.T, *rows.codes.T], strict=True)
    return np.column_stack([lookup[codes] for lookup, codes in columns])


def shares(places: np.ndarray, tail: Cells) -> np.ndarray:
    """Return the share of rows in each cell, from what `placed` gave of them."""
    counts = np.bincount(places.ravel() + 1, minlength=len(tail.labels) + 1)
    return counts[1:] / len(places)


def lack(one: np.ndarray, real: np.ndarray) -> float:
    """Return the share of the real mass of the cells that another's shares lack, in [0, 1].

    What it has too much in one cell does not make up for what it lacks in another.
    """
    mass = real.sum()
    return float((real - one).clip(0).sum() / mass) if mass else 0.0


def table(tail: Cells, made: np.ndarray, real: np.ndarray, apart: np.ndarray) -> pd.DataFrame:
    """Return each cell with its share of the rows.

    Columns of metrics/tails.csv:

    - `column`, `cell`, `batch`: a rare category, or an outer part of a number; and of which batch
    - `real`, `share`, `ceiling`: its share of tune (`apart`), of the batch, and of train
    """
    return pd.DataFrame(
        dict(zip(COLUMNS, (tail.columns, tail.labels, apart, made, real), strict=True))
    )


def _outer(counts: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return the codes between each pair of outer quantiles, with what to call them."""
    total = max(counts.sum(), 1)
    upto = np.cumsum(counts) / total
    below = upto - counts / total
    found = []
    for start, end, label in OUTER:
        if end <= 0.5:
            inside = (upto >= start) & (upto < end)
        else:
            inside = (below >= start) & ((below < end) | (end == 1))
        inside[0] = False
        found.append((label, np.flatnonzero(inside)))
    return found
