"""What a person would catch in a page of synthetic rows."""

from typing import Any, Literal

import pandas as pd

from . import rows
from .schema import Schema, valid

REPEATED = 0.5  # a preview with more repeated rows than this is of no use


def inspect(made: pd.DataFrame, train: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Count repeated rows, copied real rows and impossible cells; name constant columns.

    A column counts as constant only where the real one is not.
    """
    impossible = ~valid(made, schema)
    varied = [name for name in made.columns if train[name].nunique(dropna=False) > 1]
    return {
        "rows": len(made),
        "repeated_rows": int(rows.repeated(made).sum()),
        "copied_real_rows": int(rows.copies(made, train).sum()),
        "impossible_cells": {name: int(count) for name, count in impossible.sum().items() if count},
        "constant_columns": [name for name in varied if made[name].nunique(dropna=False) < 2],
    }


def verdict(findings: dict[str, Any]) -> Literal["pass", "fail"]:
    """Fail a preview that shows a broken generator; what volume may mend passes."""
    broken = (
        findings["constant_columns"]
        or findings["repeated_rows"] > REPEATED * findings["rows"]
        or any(count > findings["rows"] / 2 for count in findings["impossible_cells"].values())
    )
    return "fail" if broken else "pass"
