"""How columns go together, and which pairs of them changed, whatever each does by itself."""

from typing import NamedTuple

import numpy as np

from . import permutation
from .pool import Part

COMMON = 0.05  # the least share of all rows of a category that counts by itself

DEALS = 399  # fewer than of columns, as each takes longer

_CELLS = 500_000  # of the matrices of several deals that are in memory at once


class Pair(NamedTuple):
    """Two columns, and by how much their association changed."""

    left: str
    right: str
    change: float
    p_value: float  # corrected for the number of pairs


class Features(NamedTuple):
    """Columns as numbers whose products tell of pairs, the features of a column side by side."""

    matrix: np.ndarray  # (rows, features), 0 where the cell has no value; last of each: is there
    starts: np.ndarray  # (columns,), the first feature of each
    flags: np.ndarray  # (features,), whether it says which category
    there: np.ndarray  # (features,), the place of the feature that says whether there is a value


def compare(parts: list[Part], first: int, rng: np.random.Generator) -> list[Pair]:
    """Return every pair of columns, that which changed most beyond chance first.

    The association of two numbers is their rank correlation, and its change has a sign. With a
    category it is the matrix of standardised covariances of its levels (those that fewer than
    `COMMON` of the rows hold are one), whose norm is the correlation ratio or, scaled by the
    smaller number of levels, Cramér's V; the change is the norm of the difference of the two
    samples' matrices. So it is also seen when two levels change places. Rows where a value of the
    pair is missing are left out.
    """
    if len(parts) < 2:
        return []
    shape = _features(parts)
    left, right = np.tril_indices(len(parts), -1)
    scale = _scale(shape)[left, right]
    rows, squares = len(shape.matrix), list[np.ndarray]()
    whole = shape.matrix.T @ shape.matrix
    width = max(_CELLS // whole.size, 1)
    for block in permutation.deals(first, rows - first, rng, random=DEALS):
        for start in range(0, block.shape[1], width):
            some = [shape.matrix[dealt > 0] for dealt in block.T[start : start + width]]
            second = np.array([part.T @ part for part in some])
            gap = _correlation(second, shape) - _correlation(whole - second, shape)
            if not squares:
                observed = gap[0][shape.starts[left], shape.starts[right]]
            sums = np.add.reduceat(gap**2, shape.starts, axis=1)
            squares.append(np.add.reduceat(sums, shape.starts, axis=2)[:, left, right] / scale)
    every = np.concatenate(squares).T
    p = permutation.corrected(permutation.likely(every))
    numbers = np.array([part.numeric for part in parts])
    signed = numbers[left] & numbers[right]
    change = np.where(signed, observed, np.sqrt(every[:, 0]))
    found = [
        Pair(parts[one].name, parts[other].name, float(by), float(value))
        for one, other, by, value in zip(left, right, change, p, strict=True)
    ]
    return sorted(found, key=lambda pair: (pair.p_value, -abs(pair.change), pair.left, pair.right))


def _features(parts: list[Part]) -> Features:
    blocks, starts, flags, there = [], [], [], []
    width = 0
    for part in parts:
        known = part.codes > 0
        block = _ranks(part.codes)[:, None] if part.numeric else _levels(part.codes)
        blocks.append(np.column_stack([block * known[:, None], known]))
        starts.append(width)
        width += blocks[-1].shape[1]
        flags += [not part.numeric] * blocks[-1].shape[1]
        there += [width - 1] * blocks[-1].shape[1]
    return Features(
        np.column_stack(blocks).astype(float), np.array(starts), np.array(flags), np.array(there)
    )


def _ranks(codes: np.ndarray) -> np.ndarray:
    """Return ranks among all rows, in [-1, 1], ties at the middle."""
    counts = np.bincount(codes)
    counts[0] = 0
    middle = np.cumsum(counts) - counts / 2
    return 2 * middle[codes] / max(counts.sum(), 1) - 1


def _levels(codes: np.ndarray) -> np.ndarray:
    """Return which common level each row holds, shape (rows, levels), the rare ones as one."""
    counts = np.bincount(codes)
    common = np.flatnonzero(counts >= COMMON * len(codes))
    common = common[common > 0]
    flags = codes[:, None] == common
    rest = (codes > 0) & ~flags.any(axis=1)
    return np.column_stack([flags, rest]) if rest.any() else flags


def _correlation(products: np.ndarray, shape: Features) -> np.ndarray:
    """Return standardised covariances of features, over the rows where both columns are there.

    `products` are sums over rows, shape (deals, features, features), as is what is returned.
    A number is scaled by its standard deviation, a level by the root of its share.
    """
    at = shape.there
    n = products[:, at][:, :, at]
    own = np.einsum("dff->df", products)
    size = np.einsum("dff->df", n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = products[:, :, at] / n  # of the row's feature, where the column's value is there
        found = products / n - mean * mean.transpose(0, 2, 1)
        centre = products[:, np.arange(len(at)), at] / size
        spread = np.sqrt(np.maximum(own / size - np.where(shape.flags, 0, centre**2), 0))
        spread[~(spread > 1e-9)] = np.inf  # what is constant has no association
        found /= spread[:, :, None] * spread[:, None, :]
    found[~np.isfinite(found)] = 0
    marks = at == np.arange(len(at))
    found[:, marks] = found[:, :, marks] = 0
    return found


def _scale(shape: Features) -> np.ndarray:
    """Return what squared norms are divided by, shape (columns, columns), at least 1."""
    ends = np.append(shape.starts[1:], len(shape.there))
    levels = np.where(shape.flags[shape.starts], ends - shape.starts - 1, 2)
    return np.maximum(np.minimum.outer(levels, levels) - 1, 1)
