"""What a batch gives away of the rows it was learned from."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from . import distance, intervals, rows, table
from .intervals import Estimate
from .schema import Schema

CAP = 2_000  # synthetic rows whose distances are reported


class Copies(NamedTuple):
    """Rows of the batch that equal a real row, against those that equal an unseen one."""

    train: int
    unseen: int
    of: int
    excess: Estimate  # as a share of the batch


class Closeness(NamedTuple):
    """Distances of synthetic rows to their nearest real ones (DCR), and their ratio (NNDR).

    Reported only: similarity to train passes nothing by itself.
    """

    share: Estimate  # of rows nearer to train than to as many unseen rows; ties count half
    quantiles: pd.DataFrame  # quantile, train, unseen, nndr_train, nndr_unseen


def copies(batch: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame) -> Copies:
    """Count exact copies of training rows, against chance matches with unseen rows.

    Chance matches grow with the rows there are to match, less than in proportion where profiles
    are frequent: of more unseen rows than train has, what as many random ones would match is
    taken; from fewer, chance is scaled up in proportion, which can only overstate it. Rows of the
    batch that are alike match together, so they count as one observation (the design effect, Rao
    and Scott 1992, doi:10.2307/2532311).
    """
    batch = batch[train.columns]
    made = rows.keys(batch)
    copied = _matched(made, rows.keys(train), len(train))
    chance = _matched(made, rows.keys(unseen[train.columns]), min(len(train), len(unseen)))
    scale = max(len(train) / len(unseen), 1.0)
    p, q = copied.mean(), chance.mean()
    # Variance of the difference over groups of rows that are alike, beside that of unlike rows.
    apart = np.bincount(np.unique(made, return_inverse=True)[1], copied - scale * chance)
    plain = (p * (1 - p) + scale**2 * q * (1 - q)) * len(batch)
    of = len(batch) / max((apart**2).sum() / plain if plain else 1.0, 1.0)
    excess = intervals.proportion_difference(p * of, of, q * of, of, scale=scale)
    return Copies(int((copied > 0).sum()), int((chance > 0).sum()), len(batch), excess)


def by_chance(found: Copies) -> float:
    """Return how many rows would match as many unseen rows as train has."""
    return found.train - found.excess.value * found.of


def _matched(made: np.ndarray, real: np.ndarray, size: int) -> np.ndarray:
    """Return for each row how likely `size` random ones of `real` hold an equal one."""
    values, counts = np.unique(real, return_counts=True)
    place = np.searchsorted(values, made).clip(max=len(values) - 1)
    equal = np.where(values[place] == made, counts[place], 0)
    return np.where(equal > 0, 1 - hypergeom.pmf(0, len(real), equal, size), 0.0)


def closeness(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    unseen: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> Closeness:
    """Compare the distance to the closest record in train and among as many unseen rows."""
    size = min(len(train), len(unseen))
    chosen = [
        table.rows(frame[schema.modelled], rng.permutation(len(frame))[:count])
        for frame, count in ((batch, min(len(batch), CAP)), (train, size), (unseen, size))
    ]
    space = distance.embed(table.stack(chosen), schema, train)
    ends = np.cumsum([len(frame) for frame in chosen])
    made, *reals = (space.take(part) for part in np.split(np.arange(ends[-1]), ends[:-1]))
    first = [distance.nearest(made, real) for real in reals]
    second = [distance.nearest(made, real, k=2) for real in reals]
    nndr = [
        np.divide(a, b, out=np.ones_like(a), where=b > 0)
        for a, b in zip(first, second, strict=True)
    ]
    nearer = np.where(first[0] == first[1], 0.5, first[0] < first[1])
    share = intervals.over_rows_and_seeds(
        np.array([nearer.mean()]), (nearer - nearer.mean())[None, :]
    )
    at = np.linspace(0, 1, 21)
    named = zip(("train", "unseen", "nndr_train", "nndr_unseen"), [*first, *nndr], strict=True)
    return Closeness(
        share, pd.DataFrame({"quantile": at, **{name: np.quantile(x, at) for name, x in named}})
    )
