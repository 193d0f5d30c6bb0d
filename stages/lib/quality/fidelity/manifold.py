"""Whether a batch lies where the real rows lie, and all of it: by nearest neighbours and balls.

Distances are Gower's. Each is also the squared Euclidean distance between two points that need
not be written down: for a number the function that is 1 above it and 0 below, scaled by the
range; for a category one of points that are all equally far apart; a missing number is a point as
far from all within the range. So a sample has a centre there, and a row's squared distance to it
is the row's mean distance to the sample less a constant. The supports of alpha-precision and
beta-recall are balls about that centre: unlike Alaa et al., nothing learns an embedding in which
real rows fill a ball, so what they tell is how typical rows are, and how that is distributed.
"""

import numpy as np
import pandas as pd

from ... import distance, intervals
from ...distance import Space
from ...measure import FEWEST, Measure, untold
from ...tables import table
from ...tables.schema import Schema

NEIGHBOURS = 5  # k of coverage and density, as Naeem et al. (2020) chose; also of beta-recall
NEAR_CAP = 2_000  # rows of each sample that distances are taken between

_BLOCK = 100  # rows whose distances are found at once: they stay in the processor's cache

NAMES = ("coverage", "density", "precision", "recall")  # each measured as 1 less itself


def compare(
    made: pd.DataFrame,
    real: pd.DataFrame,
    apart: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> list[Measure]:
    """Compare a batch with unseen real rows `apart`, beside rows `real` of train in its place.

    Each value is 1 less the statistic that its name tells, so that more is worse. Of each sample
    at most `NEAR_CAP` random rows are compared, and of the batch as many as of train; with fewer
    than `FEWEST` nothing is told.
    """
    size = min(len(made), len(real), NEAR_CAP)
    sizes = [size, size, min(len(apart), NEAR_CAP)]
    if min(sizes) < FEWEST:
        why = f"{min(sizes)} rows, too few to tell"
        return [untold("fidelity", name, why) for name in NAMES]
    frames = [
        table.rows(frame[schema.modelled], rng.permutation(len(frame))[:count])
        for frame, count in zip((made, real, apart), sizes, strict=True)
    ]
    every = distance.embed(table.stack(frames), schema, frames[2])
    parts = [every.take(places) for places in np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:2])]
    within = [between(part, part) for part in parts]
    across = [between(part, parts[2]) for part in parts[:2]]

    def statistic(*places: np.ndarray) -> np.ndarray:
        *sides, rest = (np.sort(part) for part in places)  # in order they are read faster
        goal = _cut(within[2], rest, rest)
        radius, inner = radii(goal), goal.mean(axis=1)
        one, other = (
            lacks(_cut(within[side], own, own), _cut(across[side], own, rest), radius, inner)
            for side, own in enumerate(sides)
        )
        return np.concatenate([one, other, one - other])

    found = intervals.half_samples(statistic, sizes, rng)
    k = len(NAMES)
    value, ceiling, excess = found[:k], found[k : 2 * k], found[2 * k :]
    return [
        Measure("fidelity", name, own.value, real.value, over)
        for name, own, real, over in zip(NAMES, value, ceiling, excess, strict=True)
    ]


def between(rows: Space, reference: Space) -> np.ndarray:
    """Return all of Gower's distances, shape (rows, reference rows), float32."""
    found = np.empty((len(rows.numbers), len(reference.numbers)), np.float32)
    for start in range(0, len(found), _BLOCK):
        places = np.arange(start, min(start + _BLOCK, len(found)))
        found[places] = distance.gower(rows.take(places), reference)
    return found


def radii(real: np.ndarray) -> np.ndarray:
    """Return how far each row's k-th nearest other row is, from all distances between them."""
    rank = min(NEIGHBOURS, len(real) - 1)  # place 0 is the row itself
    return np.partition(real, rank, axis=1)[:, rank]


def lacks(
    made: np.ndarray, across: np.ndarray, radius: np.ndarray, inner: np.ndarray
) -> np.ndarray:
    """Return 1 less coverage, density, alpha-precision and beta-recall, shape (4,).

    `made` holds the distances between the rows of a batch, `across` those from each to each real
    row, `radius` how far a real row's neighbours are, `inner` its mean distance to all real rows.

    Coverage is the share of real rows with a row of the batch as near as their neighbours;
    density how many real rows' neighbourhoods hold a row of the batch, over k, in the mean; it
    has no upper bound (Naeem et al. 2020, arXiv 2002.09797).

    The other two are integrated over balls (Alaa et al. 2022, arXiv 2102.08921): 1 less twice the
    mean difference between the share of the real rows that a ball about their centre holds and
    that of the batch; and between the share of the real rows whose nearest row of the batch lies
    in a ball about the batch's centre, and of those for which it is as near as their neighbours
    besides. That a ball of these nearest rows, not of all of the batch, holds a share is how the
    paper's authors compute beta-recall: rows in the middle are the nearest of many.
    """
    own, nearest = made.mean(axis=1), across.argmin(axis=0)
    placed = own[nearest]
    recalled = across[nearest, np.arange(len(radius))] <= radius
    density = np.count_nonzero(across <= radius) / NEIGHBOURS / len(across)
    outside = _share(across.mean(axis=1), inner) - _share(inner, inner)
    missed = _share(placed, placed) - _share(placed[recalled], placed, len(placed))
    return np.array(
        [1 - recalled.mean(), 1 - density, 2 * np.abs(outside).mean(), 2 * missed.mean()]
    )


def _share(values: np.ndarray, limits: np.ndarray, of: int | None = None) -> np.ndarray:
    """Return the share of the values, or their count in `of`, that do not exceed each limit."""
    return np.searchsorted(np.sort(values), limits, side="right") / (of or len(values))


def _cut(distances: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return distances.take(rows, axis=0).take(columns, axis=1)
