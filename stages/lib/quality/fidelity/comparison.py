"""All that tells how like the real rows a batch is, beside what real rows reach."""

import numpy as np
import pandas as pd

from ... import measure
from ...measure import FEWEST, Findings
from ...tables import table
from ...tables.schema import Schema
from . import associations, discriminator, distributions, manifold, repeats, tails

CAP = 10_000  # rows of each sample that are compared; more would only cost time
NAMES = (*distributions.NAMES, "repeats", *manifold.NAMES, "discriminator")


def compare(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    tune: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> Findings:
    """Compare a batch with `tune`, beside `train` compared with `tune`.

    The batch is cut to as many random rows as `train` has, or `train` to as many as the batch;
    of large samples `CAP` random rows are compared, and of fewer than `FEWEST` nothing is told:
    the interval is all that the excess could be.
    """
    size = min(len(batch), len(train), CAP)
    if min(size, len(tune)) < FEWEST:
        return _untold(schema, min(size, len(tune)))
    made, real, apart = (
        table.rows(frame[schema.modelled], rng.permutation(len(frame))[:count])
        for frame, count in ((batch, size), (train, size), (tune, CAP))
    )
    found = distributions.compare(made, real, apart, schema, rng)
    again = repeats.compare(made, real, schema)
    near = manifold.compare(made, real, apart, schema, rng)
    told, giveaway = discriminator.compare(made, real, apart, schema, rng)
    columns = found.tables["columns"].merge(giveaway, on="column", how="left")
    tables = {**found.tables, "columns": columns}
    notes = [*found.notes, *_sampled([len(batch), len(train), len(tune)], size)]
    return Findings([*found.measures, again, *near, *told], tables, notes)


def _sampled(sizes: list[int], size: int) -> list[str]:
    """Say how many rows were looked at, where that is not all of them."""
    if max(sizes) <= size:
        return []
    if size <= manifold.NEAR_CAP:
        return [f"Compared with tune were {size:,} random rows of the batch, and as many of train."]
    caps = (CAP, manifold.NEAR_CAP, discriminator.CAP)
    counted, near, learned = (f"{min(size, cap):,}" for cap in caps)
    return [
        f"Random rows of the batch and of train, drawn with a fixed seed: {counted} of each were "
        f"counted, {near} searched for neighbours, {learned} given to the discriminator."
    ]


def _untold(schema: Schema, rows: int) -> Findings:
    why = f"{rows} rows, too few to tell"
    tables = {
        "columns": pd.DataFrame(columns=[*distributions.COLUMNS, "giveaway"]),
        "pairs": pd.DataFrame(columns=list(associations.PAIRS)),
        "tails": pd.DataFrame(columns=list(tails.COLUMNS)),
    }
    return Findings([measure.untold("fidelity", name, why) for name in NAMES], tables, [])
