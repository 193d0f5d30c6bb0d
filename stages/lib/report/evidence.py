"""All that the stages measured, and what is read off it in more than one place."""

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any, NamedTuple

import pandas as pd

from ..words import interval
from .triggers import Triggers


class Evidence(NamedTuple):
    """What the stages wrote to metrics/: by stage, tables, and last by batch in their order."""

    brief: dict[str, Any]
    ingest: dict[str, Any]
    freeze: dict[str, Any]
    baseline: dict[str, Any]
    admit: dict[str, Any]
    sweep: dict[str, Any]
    blend: dict[str, Any]
    drift: dict[str, Any]
    notes: str  # what a person wrote in NOTES.md, as it is
    triggers: Triggers
    curve: pd.DataFrame
    learning: pd.DataFrame
    alternatives: pd.DataFrame
    calibration: pd.DataFrame
    preview: dict[str, dict[str, Any]]
    provenance: dict[str, dict[str, Any]]
    validate: dict[str, dict[str, Any]]


def estimate(found: Mapping[str, Any], name: str, bounds: str | None = None) -> dict[str, Any]:
    """Return what a stage wrote as name, name_lower and name_upper; `bounds` is their prefix."""
    front = f"{name}_" if bounds is None else bounds
    return {"value": found[name], "lower": found[f"{front}lower"], "upper": found[f"{front}upper"]}


def score(m: Evidence) -> dict[str, Any]:
    """Return the final model's score on the holdout with its interval."""
    return estimate(m.blend, "score", "")


def gain(m: Evidence) -> dict[str, Any]:
    """Return what the final mix gains over real rows alone, with its interval."""
    return estimate(m.blend, "gain")


def at_hand(m: Evidence) -> int:
    """Return how many real rows there are to train on."""
    return m.freeze["slices"]["train"]["rows"]


def best(m: Evidence) -> pd.DataFrame:
    """Return the curve over the single ratio: for each mix, ratio and split its best model."""
    return m.curve[m.curve["slice"].eq("all") & m.curve["best"]]


def by_hand(m: Evidence) -> bool:
    """Return whether the final ratio is not the sweep's."""
    return not isclose(m.blend["ratio"], m.sweep["ratio"], rel_tol=1e-5)


def by_region(m: Evidence) -> bool:
    """Return whether the final mix has a ratio for each region."""
    return m.sweep["per_slice"] == "kept" and not by_hand(m)


def of_kind(m: Evidence, kind: str) -> list[dict[str, Any]]:
    """Return the ways of a kind that the sweep held its mix against."""
    return [way for way in m.sweep["comparisons"] if way["kind"] == kind]


def learned(m: Evidence) -> pd.DataFrame:
    """Return the learning curve on the holdout, fewest rows first."""
    return m.learning[m.learning["split"] == "holdout"].sort_values("rows")


def few(m: Evidence, least: int) -> list[dict[str, Any]]:
    """Return the parts of the holdout with fewer than `least` rows, smallest first.

    Each has kind (holdout, class or slice), name (of a class: as the table has it) and rows.
    """
    parts = m.freeze["slices"]
    labels = {label: None for part in parts.values() for label in part.get("classes", {})}
    held = parts["holdout"].get("classes", {})
    found = [
        ("holdout", "all rows", parts["holdout"]["rows"]),
        *(("class", label, held.get(label, 0)) for label in labels),
        *(("slice", one["name"], one["rows"]) for one in m.blend["slices"]),
    ]
    small = [
        {"kind": kind, "name": name, "rows": rows} for kind, name, rows in found if rows < least
    ]
    return sorted(small, key=lambda part: part["rows"])


def rows_to(m: Evidence, goal: float) -> int | None:
    """Return the first size of the learning curve whose mean on the holdout reaches `goal`."""
    sizes = learned(m)
    enough = sizes.loc[sizes["mean"] >= goal, "rows"]
    return None if enough.empty else int(enough.iloc[0])


def checks(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every check of a validation, with its excess and interval in words."""
    for check in found["checks"]:
        yield {**check, "interval": interval({**check, "value": check["excess"]})}
