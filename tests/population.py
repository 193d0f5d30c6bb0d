"""Small mixed tables drawn at random, for tests of what is told of tables."""

import numpy as np
import pandas as pd

from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        **{f"n{i}": Column(kind="number") for i in range(3)},
        **{f"c{i}": Column(kind="category") for i in range(2)},
        "c2": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw rows of three numbers and three categories, n2 and c2 apart from the others."""
    cause = rng.standard_normal(rows)
    columns = {f"n{i}": cause * (0.6, 0.3, 0)[i] + rng.standard_normal(rows) for i in range(3)}
    for i in range(3):
        cuts = ((-1, 0, 1.2), (-1, 0, 1.2), (0.8,))[i]
        level = np.digitize(cause * (0.8, 0.4, 0)[i] + rng.standard_normal(rows), cuts)
        columns[f"c{i}"] = pd.Categorical(np.array(list("abcd"))[level])
    return pd.DataFrame(columns)


def people(rows, rng):
    """Draw rows of which no two are equal."""
    age = rng.standard_normal(rows)
    return pd.DataFrame(
        {
            "age": age,
            "pay": age + rng.standard_normal(rows),
            "rich": pd.Categorical(np.where(rng.random(rows) < 0.3, "yes", "no")),
        }
    )
