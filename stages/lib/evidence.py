"""All that the stages measured, and what is read off it in more than one place."""

from collections.abc import Iterator
from math import isclose
from typing import Any, NamedTuple

import pandas as pd

from .words import interval


class Evidence(NamedTuple):
    """What the stages wrote to metrics/, by stage; the last three by batch, in their order."""

    brief: dict[str, Any]
    ingest: dict[str, Any]
    freeze: dict[str, Any]
    baseline: dict[str, Any]
    admit: dict[str, Any]
    sweep: dict[str, Any]
    blend: dict[str, Any]
    drift: dict[str, Any]
    curve: pd.DataFrame
    learning: pd.DataFrame
    preview: dict[str, dict[str, Any]]
    provenance: dict[str, dict[str, Any]]
    validate: dict[str, dict[str, Any]]


def score(m: Evidence) -> dict[str, float]:
    """Return the final model's score on the holdout with its interval."""
    return {"value": m.blend["score"], "lower": m.blend["lower"], "upper": m.blend["upper"]}


def gain(m: Evidence) -> dict[str, float]:
    """Return what the final mix gains over real rows alone, with its interval."""
    names = {"value": "gain", "lower": "gain_lower", "upper": "gain_upper"}
    return {key: m.blend[name] for key, name in names.items()}


def by_hand(m: Evidence) -> bool:
    """Return whether the final ratio is not the sweep's."""
    return not isclose(m.blend["ratio"], m.sweep["ratio"], rel_tol=1e-5)


def learned(m: Evidence) -> pd.DataFrame:
    """Return the learning curve on the holdout, fewest rows first."""
    return m.learning[m.learning["split"] == "holdout"].sort_values("rows")


def rows_to(m: Evidence, goal: float) -> int | None:
    """Return the first size of the learning curve whose mean on the holdout reaches `goal`."""
    sizes = learned(m)
    enough = sizes.loc[sizes["mean"] >= goal, "rows"]
    return None if enough.empty else int(enough.iloc[0])


def checks(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every check of a validation, with its excess and interval in words."""
    for check in found["checks"]:
        yield {**check, "interval": interval({**check, "value": check["excess"]})}
