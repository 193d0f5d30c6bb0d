"""All that is asked of a batch about the rows it was learned from."""

import numpy as np
import pandas as pd

from ...measure import FEWEST, Findings
from ...tables.condition import Condition
from ...tables.schema import Schema
from . import attribute, bound, closeness, copies, linkability, membership, singling_out
from . import sides as both


def attack(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    unseen: pd.DataFrame,
    pool: pd.DataFrame,
    schema: Schema,
    *,
    where: Condition | None,
    promise: dict | None,
    rng: np.random.Generator,
) -> Findings:
    """Attack a batch with what real rows that the generator never saw make possible.

    Copies are sought in all of `train`; the other attacks are on the rows that meet `where`,
    which the batch is about. `promise` holds the epsilon and delta of a private generator.
    """
    sides = both.take(train, unseen, pool, where, rng)
    near, distances = closeness.measure(batch, train, unseen, schema, rng)
    members, attacks = membership.attack(batch, sides, schema, rng)
    guessed, attributes = attribute.attack(batch, sides, schema, rng)
    measures = [
        *copies.measures(batch, train, unseen),
        *members,
        *guessed,
        singling_out.attack(batch, sides, schema, rng),
        linkability.attack(batch, sides, schema, rng),
        *near,
    ]
    notes = [_told(sides), *_sampled(batch), *_split(schema)]
    if promise:
        notes.append(bound.told(promise["epsilon"], promise["delta"]))
    tables = {"attacks": attacks, "attributes": attributes, "distances": distances}
    return Findings(measures, tables, notes)


def _sampled(batch: pd.DataFrame) -> list[str]:
    """Say how many rows of the batch were looked at, where that is not all of them."""
    if len(batch) <= closeness.CAP:
        return []
    caps = (membership.CAP, singling_out.BATCH_CAP, linkability.BATCH_CAP, attribute.KNOWN_CAP)
    most = ", ".join(f"{min(len(batch), cap):,}" for cap in (*caps, closeness.CAP))
    return [
        "Random rows of the batch, drawn with a fixed seed, for membership, singling out, "
        f"linkability, attribute inference and DCR: {most}. Copies are sought in all."
    ]


def _split(schema: Schema) -> list[str]:
    """Say where members and others may differ by more than chance."""
    roles = {column.role for column in schema.columns.values()}
    if "time" in roles:
        return [
            "The slices were split by time: attacks may tell rows of train from later ones by "
            "what changed since, without any leak."
        ]
    if "group" in roles:
        return ["Rows come in groups, which intervals take as independent: they are too narrow."]
    return []


def _told(sides: both.Sides) -> str:
    attacked, known = len(sides.members), len(sides.reference)
    if attacked < FEWEST:
        return (
            f"Only {attacked} rows of train, and as many unseen ones, are such as the batch is "
            f"about: copies were sought, and the other attacks need {FEWEST}."
        )
    return (
        f"Attacked were {attacked:,} rows of train and as many unseen ones, by an attacker who "
        f"knows {known:,} further real rows."
    )


def copied(batch: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame) -> Findings:
    """Return the copies alone: what is reported on the holdout beside the attacks on tune."""
    return Findings(copies.measures(batch, train, unseen), {}, [])
