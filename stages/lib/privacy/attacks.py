"""All that is asked of a batch about the rows it was learned from."""

import numpy as np
import pandas as pd

from ..condition import Condition
from ..measure import Findings
from ..schema import Schema
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
        copies.measure(batch, train, unseen),
        *members,
        *guessed,
        singling_out.attack(batch, sides, schema, rng),
        linkability.attack(batch, sides, schema, rng),
        *near,
    ]
    notes = [
        f"Attacked were {len(sides.members):,} rows of train and as many unseen ones, by an "
        f"attacker who knows {len(sides.reference):,} further real rows."
    ]
    if promise:
        notes.append(bound.told(promise["epsilon"], promise["delta"]))
    tables = {"attacks": attacks, "attributes": attributes, "distances": distances}
    return Findings(measures, tables, notes)


def copied(batch: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame) -> Findings:
    """Return the copies alone: what is reported on the holdout beside the attacks on tune."""
    return Findings([copies.measure(batch, train, unseen)], {}, [])
