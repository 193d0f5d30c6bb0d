"""How strongly the columns of a table go together, every pair of kinds by a number of its own."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ...measure import FEWEST
from .coded import Coded

PAIRS = ("left", "right", "difference", "ceiling")


def association(rows: Coded) -> np.ndarray:
    """Return how strongly each pair of columns goes together, shape (columns, columns).

    Spearman's rank correlation of numbers (in [-1, 1]; ranks within the column, rows where both
    are present), Cramér's V of categories with Bergsma's bias correction
    (doi:10.1016/j.jkss.2012.10.002), and the correlation ratio of a number given a category (both
    in [0, 1]). A pair with a constant column has 0; the diagonal is 1.
    """
    there = (rows.steps > 0).astype(float)
    # Less their least first: what is constant must come out as exactly 0.
    least = np.where(there > 0, rows.numbers, np.inf).min(axis=0)
    filled = np.where(there > 0, rows.numbers - least, 0)
    values = np.where(there > 0, filled - filled.sum(axis=0) / there.sum(axis=0).clip(1), 0)
    flags, owners = _flags(rows.codes, rows.levels)
    count = rows.numbers.shape[1]
    result = np.eye(count + len(rows.levels))
    result[:count, :count] = _correlation(_ranks(rows), there)
    result[count:, :count] = _correlation_ratio(flags, owners, values, there)
    result[:count, count:] = result[count:, :count].T
    result[count:, count:] = _cramers_v(flags, owners)
    return result


def told(rows: Coded) -> np.ndarray:
    """Return which pairs of columns enough rows tell of, shape (columns, columns), boolean.

    In either column at least `FEWEST` rows have another value than the most frequent one, and both
    numbers of a pair are present in as many, a category among those with the number. A single
    row that is rare in both columns would be as strong an association as there can be.
    """
    there = (rows.steps > 0).astype(float)
    flags, owners = _flags(rows.codes, rows.levels)
    columns = [*rows.steps.T, *(rows.codes.T + 1)]
    vary = np.array([_varying(np.bincount(codes)[1:]) for codes in columns]) >= FEWEST
    count, labels = there.shape[1], len(rows.levels)
    most = np.zeros((labels, count))
    sizes = flags.T @ there
    np.maximum.at(most, owners, sizes)
    found = np.ones((count + labels,) * 2, bool)
    found[:count, :count] = there.T @ there >= FEWEST
    found[count:, :count] = there.sum(axis=0) - most >= FEWEST
    found[:count, count:] = found[count:, :count].T
    return found & vary & vary[:, None]


def _varying(counts: np.ndarray) -> int:
    """Return how many rows have another value than the most frequent one."""
    return int(counts.sum() - counts.max(initial=0))


def pairs(made: np.ndarray, real: np.ndarray, apart: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Return the differences of association matrices, a row per pair, the worst first.

    Columns of metrics/pairs.csv:

    - `left`, `right`, `batch`: the pair, and of which batch
    - `difference`: the error of the association, of the batch (`made`) from tune (`apart`)
    - `ceiling`: the same of train (`real`)
    """
    left, right = np.tril_indices(len(names), -1)
    named = (np.array(names, object)[side] for side in (left, right))
    differences = (np.abs(one - apart)[left, right] for one in (made, real))
    found = pd.DataFrame(dict(zip(PAIRS, (*named, *differences), strict=True)))
    order = ["difference", "left", "right"]
    return found.sort_values(order, ascending=[False, True, True], ignore_index=True)


def _flags(codes: np.ndarray, levels: list[int]) -> tuple[csr_array, np.ndarray]:
    """Return which level each row has, shape (rows, all levels), and each level's column."""
    starts = np.concatenate([[0], np.cumsum(levels)]).astype(int)
    places = (codes + starts[:-1]).ravel()
    ends = np.arange(len(codes) + 1) * len(levels)
    flags = csr_array((np.ones(len(places)), places, ends), shape=(len(codes), starts[-1]))
    return flags, np.repeat(np.arange(len(levels)), levels)


def _cramers_v(flags: csr_array, owners: np.ndarray) -> np.ndarray:
    """Return Cramér's V of each pair of categories, corrected for its bias."""
    n, counts = flags.shape[0], flags.sum(axis=0)
    tables = (flags.T @ flags).tocoo()
    row, column = tables.coords
    # χ²/n needs those cells only that some row is in: Σ (o - e)²/e = Σ o²/e - n.
    parts = tables.data**2 / (counts[row] * counts[column])
    levels = np.bincount(owners, counts > 0)  # empty ones do not count
    size = len(levels)
    phi = np.bincount(owners[row] * size + owners[column], parts, size**2).reshape(size, size) - 1
    phi = (phi - np.outer(levels - 1, levels - 1) / (n - 1)).clip(0)
    levels = levels - (levels - 1) ** 2 / (n - 1)
    least = np.minimum.outer(levels, levels) - 1
    found = np.sqrt(np.divide(phi, least, out=np.zeros_like(phi), where=least > 0)).clip(0, 1)
    np.fill_diagonal(found, 1)
    return found


def _correlation_ratio(
    flags: csr_array, owners: np.ndarray, values: np.ndarray, there: np.ndarray
) -> np.ndarray:
    """Return the correlation ratio of each number given each category, shape (categories, numbers).

    Values are less their mean, and 0 where they are missing.
    """
    sums, sizes = flags.T @ values, flags.T @ there
    between = np.zeros((owners.max(initial=-1) + 1, values.shape[1]))
    np.add.at(between, owners, sums**2 / sizes.clip(1))
    total = (values**2).sum(axis=0)
    return np.sqrt(np.divide(between, total, out=np.zeros_like(between), where=total > 0)).clip(
        0, 1
    )


def _ranks(rows: Coded) -> np.ndarray:
    """Return ranks within each column less their mean, ties at the middle, 0 where missing."""
    ranks = np.zeros(rows.steps.shape)
    for column, values in enumerate(rows.values):
        counts = np.bincount(rows.steps[:, column], minlength=len(values))
        counts[0] = 0
        middle = np.cumsum(counts) - counts / 2 - counts.sum() / 2
        middle[0] = 0
        ranks[:, column] = middle[rows.steps[:, column]]
    return ranks


def _correlation(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation over the rows where both of a pair are present."""
    n = there.T @ there
    sums, squares = values.T @ there, (values**2).T @ there
    with np.errstate(invalid="ignore", divide="ignore"):
        cross = values.T @ values - sums * sums.T / n
        spread = squares - sums**2 / n
        found = cross / np.sqrt(spread * spread.T)
    found = np.where(np.isfinite(found), np.clip(found, -1, 1), 0)
    np.fill_diagonal(found, 1)
    return found
