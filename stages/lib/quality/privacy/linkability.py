"""Linkability: two halves of a person's record, put together through a batch.

One of the three risks that the opinion on anonymisation names (Article 29 Working Party 2014,
opinion 05/2014), attacked as Giomi, Boenisch, Wehmeyer and Tasnádi 2023 do
(doi:10.56553/popets-2023-0055).
"""

import numpy as np
import pandas as pd

from ... import distance, intervals
from ...intervals import Estimate
from ...measure import FEWEST, Measure, untold
from ...tables import table
from ...tables.schema import Schema
from .sides import Sides

CAP = 2_000  # targets of each side
BATCH_CAP = 5_000  # rows of the batch that they are looked for in
SPLITS = 5  # random halves of the columns
NEAREST = 5  # rows of the batch that are looked at, at most


def attack(batch: pd.DataFrame, sides: Sides, schema: Schema, rng: np.random.Generator) -> Measure:
    """Return how well members are linked through the batch, against as many others.

    The attacker holds two sets of columns of a target, and links them if the k rows of the batch
    that are nearest in one and the k nearest in the other share a row. Success is the share of
    links, the mean over k = 1 to 5 and over random halves of the columns. The interval is about
    other people linked by the same halves.
    """
    size = min(len(sides.members), len(sides.others), CAP)
    if min(size, len(batch)) < FEWEST:
        return untold("privacy", "linkability", f"fewer than {FEWEST} rows to compare")
    if len(schema.modelled) < 2:
        return untold("privacy", "linkability", "fewer than two columns to link")
    made = table.rows(batch[schema.modelled], rng.permutation(len(batch))[:BATCH_CAP])
    chosen = [
        table.rows(side[schema.modelled], rng.permutation(len(side))[:size]) for side in sides[:2]
    ]
    both = table.stack([made, *chosen])
    linked = np.zeros(2 * size)
    for _ in range(SPLITS):
        order = [schema.modelled[place] for place in rng.permutation(len(schema.modelled))]
        middle = len(order) // 2
        linked += _links(both, made, [order[:middle], order[middle:]], schema) / SPLITS
    members, others = linked[:size], linked[size:]
    return Measure(
        "privacy",
        "linkability",
        float(members.mean()),
        float(others.mean()),
        excess(members, others),
        f"{size:,} targets",
    )


def _links(
    both: pd.DataFrame, made: pd.DataFrame, halves: list[list[str]], schema: Schema
) -> np.ndarray:
    """Return for each row below those `made` for what share of the k it is linked."""
    places = []
    for names in halves:
        part = Schema(columns={name: schema.columns[name] for name in names})
        space = distance.embed(both[names], part, made)
        rows, targets = (space.take(at) for at in np.split(np.arange(len(both)), [len(made)]))
        places.append(distance.neighbours(targets, rows, NEAREST)[1])
    return links(*places)


def links(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return for what share of k = 1, …, the rows' width two lists of the k nearest share a place.

    Both have shape (rows, width), the nearest first.
    """
    width = first.shape[1]
    own, other = np.indices((width, width))
    rank = np.maximum(own, other)  # both are looked at from this k on
    shared = first[:, :, None] == second[:, None, :]
    return 1 - np.where(shared, rank, width).min(axis=(1, 2)) / width


def excess(members: np.ndarray, others: np.ndarray) -> Estimate:
    """Return by how much members are linked more than others, with an interval over the rows.

    Success is a mean of several tries, so a row is worth more than one yes or no: the interval is
    that of proportions of as many rows as have the variance found.
    """
    p, q = members.mean(), others.mean()
    plain = p * (1 - p) + q * (1 - q)
    found = members.var(ddof=1) + others.var(ddof=1)
    of = len(members) * min(plain / found if found else 1.0, 4.0)
    return intervals.proportion_difference(p * of, of, q * of, of)
