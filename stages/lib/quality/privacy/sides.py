"""The two sides of every attack: rows that a generator learned from, and rows it never saw."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ...tables import condition, table
from ...tables.condition import Condition

CAP = 10_000  # rows of each side that are attacked; more would only cost time


class Sides(NamedTuple):
    """Real rows in three disjoint parts, the first two equally many.

    If a batch gives nothing away, nothing but chance tells members from others.
    """

    members: pd.DataFrame  # rows of train
    others: pd.DataFrame  # rows that the generator never saw
    reference: pd.DataFrame  # more such rows, which the attacker knows


def take(
    train: pd.DataFrame,
    unseen: pd.DataFrame,
    pool: pd.DataFrame,
    where: Condition | None,
    rng: np.random.Generator,
) -> Sides:
    """Draw the sides from the rows that meet `where`, at matched sizes.

    The attacker's reference comes from `pool`, the rows that no slice asked for; where it holds
    fewer than half of `unseen`, from a random half of `unseen`, and the others from its rest.
    """
    train, unseen, pool = (condition.keep(frame, where) for frame in (train, unseen, pool))
    order = rng.permutation(len(unseen))
    if 2 * len(pool) < len(unseen):
        pool, order = table.rows(unseen, order[1::2]), order[::2]
    size = min(len(train), len(order), CAP)
    return Sides(
        table.rows(train, rng.permutation(len(train))[:size]),
        table.rows(unseen, order[:size]),
        table.rows(pool, rng.permutation(len(pool))[: min(max(len(train), size), CAP)]),
    )
