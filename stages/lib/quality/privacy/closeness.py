"""Distances of synthetic rows to their nearest real ones; reported, and never a pass."""

import numpy as np
import pandas as pd

from ... import distance, intervals
from ...intervals import Estimate
from ...measure import FEWEST, Measure, untold
from ...tables import table
from ...tables.schema import Schema

CAP = 2_000  # synthetic rows whose distances are reported
REAL_CAP = 10_000  # real rows of each side that they are measured to


def measure(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    unseen: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> tuple[list[Measure], pd.DataFrame]:
    """Compare distances to the closest record in train with those among as many unseen rows.

    `dcr_share` is the share of synthetic rows nearer to train, half for those as near to both;
    `nndr` the mean ratio of the distances to the nearest and to the second nearest row, which is
    small where one row stands out as the origin. The table `distances` has the quantiles of
    distance and ratio, to either side. Similarity to train proves nothing by itself.
    """
    size = min(len(train), len(unseen), REAL_CAP)
    if min(size, len(batch)) < FEWEST:
        why = f"fewer than {FEWEST} rows to compare"
        return [untold("privacy", name, why) for name in ("dcr_share", "nndr")], _quantiles([])
    chosen = [
        table.rows(frame[schema.modelled], rng.permutation(len(frame))[:count])
        for frame, count in ((batch, CAP), (train, size), (unseen, size))
    ]
    made, own, other = chosen
    return compare(made, own, other, schema, train)


def compare(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    unseen: pd.DataFrame,
    schema: Schema,
    span: pd.DataFrame,
) -> tuple[list[Measure], pd.DataFrame]:
    """Compare all of these rows, as many of train as unseen, at least 2, numbers scaled by `span`.

    Synthetic rows with the same nearest real row are no independent evidence: which side that row
    is on was chance. So the intervals are over real rows, of what the synthetic rows whose nearest
    they are add up to (Liang and Zeger 1986, doi:10.1093/biomet/73.1.13).
    """
    space = distance.embed(table.stack([batch, train, unseen]), schema, span)
    ends = np.cumsum([len(batch), len(train)])
    made, *reals = (space.take(part) for part in np.split(np.arange(len(space.numbers)), ends))
    (to_train, train_place), (to_unseen, unseen_place) = (
        distance.neighbours(made, real, 2) for real in reals
    )
    first = to_train[:, 0].astype(float), to_unseen[:, 0].astype(float)
    ratio = [
        np.divide(near[:, 0], near[:, 1], out=np.ones(len(near)), where=near[:, 1] > 0)
        for near in (to_train, to_unseen)
    ]
    nearer = np.where(first[0] == first[1], 0.5, first[0] < first[1])
    places = train_place[:, 0], unseen_place[:, 0]
    share = _share(nearer, places, len(train))
    lower = _lower(ratio, places, len(train))
    measures = [
        Measure("privacy", "dcr_share", float(nearer.mean()), 0.5, share),
        Measure("privacy", "nndr", float(ratio[0].mean()), float(ratio[1].mean()), lower),
    ]
    return measures, _quantiles([*first, *ratio])


def _share(nearer: np.ndarray, places: tuple[np.ndarray, np.ndarray], size: int) -> Estimate:
    """Return by how much the share of rows nearer to train exceeds a half.

    It is T / (T + U) of the rows that all of train and all of the unseen rows are nearest to.
    """
    share = float(nearer.mean())
    counts = (
        np.bincount(place, weight, minlength=size)
        for place, weight in zip(places, (nearer, 1 - nearer), strict=True)
    )
    own, other = (count - count.mean() for count in counts)
    return _over_real_rows(share - 0.5, [(1 - share) * own, -share * other], len(nearer))


def _lower(ratios: list[np.ndarray], places: tuple[np.ndarray, np.ndarray], size: int) -> Estimate:
    """Return by how much the mean ratio to train is lower than that to unseen rows."""
    own, other = (
        np.bincount(place, ratio - ratio.mean(), minlength=size)
        for place, ratio in zip(places, ratios, strict=True)
    )
    value = float(ratios[1].mean() - ratios[0].mean())
    return _over_real_rows(value, [-own, other], len(ratios[0]))


def _over_real_rows(value: float, moved: list[np.ndarray], of: int) -> Estimate:
    influence = np.concatenate(moved) / of
    return intervals.over_rows_and_seeds(np.array([value]), len(influence) * influence[None, :])


def _quantiles(found: list[np.ndarray]) -> pd.DataFrame:
    """Return quantiles of the distances to the closest record.

    Columns of metrics/distances.csv:

    - `quantile`, `batch`: from 0 to 1, and of which batch
    - `train`, `unseen`: the distance of the batch's rows to the nearest of train, and of as many
      unseen rows
    - `nndr_train`, `nndr_unseen`: the ratio of the distances to the nearest and the second
    """
    at = np.linspace(0, 1, 21) if found else np.empty(0)
    names = ("train", "unseen", "nndr_train", "nndr_unseen")
    values = [np.quantile(one, at) for one in found] or [at] * len(names)
    return pd.DataFrame({"quantile": at, **dict(zip(names, values, strict=True))})
