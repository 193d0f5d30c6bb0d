"""Real rows of Adult, as many as are asked for; and the example's parameters."""

from typing import Any

import pandas as pd
import yaml

from stages.lib import schema, table
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.schema import Schema

from .cost import ROOT


def declared() -> Schema:
    """Return the schema of the example's table."""
    return schema.load(ROOT / "data/schema.yaml")


def adult() -> pd.DataFrame:
    """Return the modelled columns of the example's table, 32,561 rows and 14 columns."""
    known = declared()
    return table.read(ROOT / "data/adult.csv.gz", known)[known.modelled]


def rows(*sizes: int, seed: int = 0) -> list[pd.DataFrame]:
    """Return a part of each size, drawn from a population that can be as large as asked.

    It is CART, learned from Adult.
    """
    known = declared()
    population = registry.make("population", Spec(family="cart")).fit(adult(), known, seed=0)
    return [population.sample(size, seed=seed + part) for part, size in enumerate(sizes)]


def params() -> dict[str, Any]:
    """Return the example's parameters, with a holdout that is not locked."""
    found = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    found["freeze"]["locked"] = None
    return found
