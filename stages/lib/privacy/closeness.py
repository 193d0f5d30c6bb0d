"""Distances of synthetic rows to their nearest real ones; reported, and never a pass."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import distance, intervals, table
from ..intervals import Estimate
from ..schema import Schema

CAP = 2_000  # synthetic rows whose distances are reported


class Closeness(NamedTuple):
    """Distances of synthetic rows to their nearest real ones (DCR), and their ratio (NNDR).

    Reported only: similarity to train passes nothing by itself.
    """

    share: Estimate  # of rows nearer to train than to as many unseen rows; ties count half
    quantiles: pd.DataFrame  # quantile, train, unseen, nndr_train, nndr_unseen


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
