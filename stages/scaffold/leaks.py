"""Columns that nearly give the target away: filled in after it, or made from it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..lib.tables.schema import Column
from . import cells

NEARLY = 0.9  # of the target, that one column alone tells
_ROWS = 20_000  # that are looked at
_BINS = 50  # of a number's quantiles
_EACH = 20  # rows to a bin, on average


def suspects(raw: pd.DataFrame, columns: Mapping[str, Column], target: str) -> list[str]:
    """Return the features that alone tell `NEARLY` all of the target, in the table's order.

    What is told of a number is the share of its variance between the groups of a feature (its
    categories or quantiles), adjusted for their number; of classes the share of the errors of
    always guessing the most frequent one that are mended by guessing each group's own (Goodman and
    Kruskal's λ, doi:10.1080/01621459.1954.10501231). A suspect need not be a leak.
    """
    labelled = raw[raw[target].str.strip() != ""]
    if len(labelled) > _ROWS:
        labelled = labelled.iloc[:: len(labelled) // _ROWS + 1]
    numeric = columns[target].numeric
    if numeric:
        truth = _numbers(labelled[target])
        labelled, truth = labelled[np.isfinite(truth)], truth[np.isfinite(truth)]
    else:
        truth = pd.factorize(labelled[target])[0]
    told = _variance if numeric else _errors
    return [
        name
        for name, column in columns.items()
        if column.role == "feature" and told(truth, _groups(labelled[name], column)) >= NEARLY
    ]


def _groups(values: pd.Series, column: Column) -> np.ndarray:
    if not column.numeric:
        return pd.factorize(values)[0]
    bins = max(2, min(_BINS, len(values) // _EACH))
    cut = pd.qcut(pd.Series(_numbers(values)), bins, labels=False, duplicates="drop")
    return cut.fillna(-1).to_numpy(int) + 1


def _numbers(values: pd.Series) -> np.ndarray:
    known = cells.of(values)
    return np.append(cells.numbers(known), np.nan)[known.codes]


def _variance(truth: np.ndarray, groups: np.ndarray) -> float:
    frame = pd.DataFrame({"truth": truth, "group": groups})
    within = (truth - frame.groupby("group")["truth"].transform("mean")).to_numpy()
    count, free = len(truth), len(truth) - len(np.unique(groups))
    spread = float(((truth - truth.mean()) ** 2).sum())
    if free < 1 or spread == 0:
        return 0.0
    return 1 - float((within**2).sum()) / free / (spread / (count - 1))


def _errors(truth: np.ndarray, groups: np.ndarray) -> float:
    counts = pd.crosstab(groups, truth).to_numpy()
    counts = counts[counts.sum(axis=1) > 1]  # a group of one row tells itself
    whole, most = counts.sum(), counts.sum(axis=0).max(initial=0)
    return float((counts.max(axis=1).sum() - most) / (whole - most)) if whole > most else 0.0
