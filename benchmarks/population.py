"""Real rows of Adult, as many as are asked for, and a batch of synthetic ones beside them."""

from functools import cache
from typing import Any

import pandas as pd
import yaml

from stages.lib.generators import registry
from stages.lib.generators.protocol import Generator
from stages.lib.generators.registry import Spec
from stages.lib.provenance import Record
from stages.lib.tables import schema, table
from stages.lib.tables.schema import Schema

from .cost import ROOT


def declared() -> Schema:
    """Return the schema of the example's table."""
    return schema.load(ROOT / "data/schema.yaml")


def adult() -> pd.DataFrame:
    """Return the modelled columns of the example's table, 32,561 rows and 14 columns."""
    known = declared()
    return table.read(ROOT / "data/adult.csv.gz", known)[known.modelled]


def rows(*sizes: int) -> list[pd.DataFrame]:
    """Return a part of each size, drawn from a population that can be as large as asked.

    It is CART, learned from Adult.
    """
    return [_population().sample(size, seed=part) for part, size in enumerate(sizes)]


@cache
def _population() -> Generator:
    return registry.make("population", Spec(family="cart")).fit(adult(), declared(), seed=0)


def batch(train: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return synthetic rows of naive Bayes, learned from `train`."""
    maker = registry.make("benchmark", Spec(family="naive_bayes"))
    return maker.fit(train, declared(), seed=0).sample(count, seed=0)


def record(name: str, count: int) -> Record:
    """Return what stands beside the batch `name` of so many rows that no pipeline has made."""
    told = "not of the pipeline"
    return Record(
        batch=name,
        generator={"name": "benchmark", "family": "naive_bayes", "parameters": {}, "seed": 0},
        slice={"name": "everything", "purpose": "a benchmark"},
        seed=0,
        rows={"asked": count, "generated": count, "kept": count},
        verifiers={"schema": {"seen": count, "kept": count}},
        train={"rows": count, "sha256": told},
        schema_sha256=told,
        code_sha256={"fit": told},
        versions={"python": told},
        preview={"verdict": "pass"},
        synthetic_share=1.0,
        privacy=None,
    )


def task(train: pd.DataFrame, known: Schema, models: dict[str, Any]) -> dict[str, Any]:
    """Return what a loop over scikit-learn needs to know of a table and of the models."""
    return {
        "models": models,
        "target": known.target,
        "positive": train[known.target].value_counts().idxmin(),
        "categories": known.categorical(known.features),
        "numbers": known.numeric(known.features),
    }


def params() -> dict[str, Any]:
    """Return the example's parameters, with a holdout that is not locked."""
    found = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    found["freeze"]["locked"] = None
    return found
