"""What a person would catch in a page of synthetic rows."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from . import rows
from .schema import Schema, valid

CHANCE = 1e-3  # what real rows would do more often than this is no finding


def inspect(made: pd.DataFrame, train: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Count repeated rows, copied real rows and impossible cells; name constant columns.

    Repeats stand beside how many as many draws from `train` would have; a column counts as
    constant only where draws from the real one would hardly ever be.
    """
    impossible = ~valid(made, schema)
    varied = [name for name in made.columns if _common(train[name]) ** len(made) < CHANCE]
    return {
        "rows": len(made),
        "repeated_rows": int(rows.repeated(made).sum()),
        "repeated_rows_by_chance": _repeats(train, len(made)),
        "copied_real_rows": int(rows.copies(made, train).sum()),
        "impossible_cells": {name: int(count) for name, count in impossible.sum().items() if count},
        "constant_columns": [name for name in varied if made[name].nunique(dropna=False) < 2],
    }


def verdict(findings: dict[str, Any]) -> Literal["pass", "fail"]:
    """Fail a preview that shows a broken generator; what volume may mend passes."""
    broken = (
        findings["constant_columns"]
        or findings["repeated_rows"] > (findings["rows"] + findings["repeated_rows_by_chance"]) / 2
        or any(count > findings["rows"] / 2 for count in findings["impossible_cells"].values())
    )
    return "fail" if broken else "pass"


def _common(values: pd.Series) -> float:
    """Return the share of the most frequent value, a missing one included."""
    return float(values.value_counts(normalize=True, dropna=False).max())


def _repeats(train: pd.DataFrame, n: int) -> float:
    """Return how many of `n` draws from the rows of `train` are expected to repeat another."""
    share = np.unique(rows.keys(train), return_counts=True)[1] / len(train)
    return float(n - (1 - (1 - share) ** n).sum())
