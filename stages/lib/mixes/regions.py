"""Regions: parts of the rows, told by their content, each with a synthetic ratio of its own."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from .. import distance
from ..base.errors import ParamsError
from ..batches import Slices
from ..tables import condition, table
from ..tables.schema import Schema

REGION = "_region"  # the label of each row's region

REFERENCE = 2_000  # rows of train, at most, that density is measured by

Regions = Literal["slices", "classes", "density"]


class Assigned(NamedTuple):
    """The regions, and the number of the one that each row belongs to."""

    names: list[str]  # fit for a committed file
    train: np.ndarray  # (rows,)
    frames: list[np.ndarray]  # of each further frame, (rows,)


def by(
    kind: Regions,
    train: pd.DataFrame,
    frames: Sequence[pd.DataFrame],
    schema: Schema,
    slices: Slices,
    classes: Sequence[str],
) -> Assigned:
    """Return the regions of one kind, and which of them the rows of every frame belong to.

    `slices`: a row belongs to the first slice of params.yaml whose condition it meets; to the
    last region, the rest, where it meets none. `classes`: the
    labels of the target in the order of `trials.bench`, every label of every frame among them.
    `density`: the features are "dense", "middle" or "sparse" in train, a third of it each where
    they tell as much. A region may have no row of some frame. Raises ParamsError where the kind
    makes no regions of this table.
    """
    every = [train, *frames]
    if kind == "slices":
        names, found = _by_slice(every, slices)
    elif kind == "classes":
        names, found = _by_class(every, schema, classes)
    else:
        names, found = ["dense", "middle", "sparse"], _by_density(every, schema)
    return Assigned(names, found[0], found[1:])


def _by_slice(frames: Sequence[pd.DataFrame], slices: Slices) -> tuple[list[str], list[np.ndarray]]:
    asked = {name: part.condition for name, part in slices.items() if part.condition}
    if not asked:
        raise ParamsError(
            "params.yaml: `sweep.regions` is slices, and none of `slices` has a condition, so that "
            "all rows are one region; give a slice a `where`, or choose classes or density"
        )
    # No slice can be named as what is left is, should one be named "rest": names hold no blank.
    names = [*asked, "the rest" if "rest" in asked else "rest"]
    found = []
    for frame in frames:
        numbers = np.full(len(frame), len(asked))
        for place, (name, where) in reversed(list(enumerate(asked.items()))):
            try:
                numbers[condition.holds(where, frame)] = place
            except ValueError as error:
                raise ParamsError(f"params.yaml: `slices.{name}.where` {error}") from None
        found.append(numbers)
    return names, found


def _by_class(
    frames: Sequence[pd.DataFrame], schema: Schema, classes: Sequence[str]
) -> tuple[list[str], list[np.ndarray]]:
    target = schema.target
    if schema.columns[target].numeric:
        raise ParamsError(
            f"params.yaml: `sweep.regions` is classes, and the target {target!r} is a number; "
            "choose slices or density"
        )
    labels = list(classes)
    number = {label: place for place, label in enumerate(labels)}
    found = [frame[target].astype(str).map(number).to_numpy("int64") for frame in frames]
    return schema.shown(target, labels, labels), found


def _by_density(frames: Sequence[pd.DataFrame], schema: Schema) -> list[np.ndarray]:
    """Return 0, 1 or 2 for rows in the dense, middle and sparse part of train's features.

    The farther the k-th nearest of m reference rows is, the less dense the place (Loftsgaarden
    and Quesenberry 1965, doi:10.1214/aoms/1177700079, k about √m), by Gower's distance. A
    reference row is none of its own neighbours. The cuts are the terciles of train's distances; a
    row at a cut is on the denser side, so that where many are as far, regions are uneven. The
    target is left out: the label of a synthetic row may be wrong, and a rare class may lie dense.
    """
    features = Schema(columns={name: schema.columns[name] for name in schema.features})
    train = frames[0][schema.features]
    rng = np.random.default_rng(0)
    among = np.sort(rng.permutation(len(train))[:REFERENCE])
    stacked = table.stack([frame[schema.features] for frame in frames])
    space = distance.embed(stacked, features, train)
    reference = space.take(among)
    k = max(1, round(np.sqrt(len(among))))
    apart = distance.nearest(space, reference, k=k)
    apart[among] = distance.nearest(reference, reference, k=k, others=True)
    cuts = np.quantile(apart[: len(train)], [1 / 3, 2 / 3], method="inverted_cdf")
    ends = np.cumsum([len(frame) for frame in frames])[:-1]
    return np.split(np.searchsorted(cuts, apart, side="left"), ends)
