"""Counts of real rows and batches by bin, and what they do not tell."""

import numpy as np
import pandas as pd

from stages.lib.report import histograms
from stages.lib.tables import schema


def declared(**columns: dict) -> schema.Schema:
    """Return a schema of columns."""
    return schema.Schema.model_validate({"columns": columns})


def counted(values: list, other: list, **column: object) -> pd.DataFrame:
    """Return the shares of one column of real rows and of a batch, by bin."""
    real, batch = pd.DataFrame({"x": values}), pd.DataFrame({"x": other})
    found = histograms.count(real, [("made", batch)], ["x"], declared(x=dict(column)))
    return found.pivot(index="bin", columns="batch", values="share")


def test_categories_are_counted_and_rare_ones_together() -> None:
    """Shares by hand: ten a, six b, and five that fewer than five rows have each."""
    real = ["a"] * 10 + ["b"] * 6 + ["c", "c", "d", "d", "e"]
    found = counted(real, ["a", "c", "z", None], kind="category")
    assert found[histograms.REAL].to_dict() == {
        "a": 10 / 21,
        "b": 6 / 21,
        "(all others)": 5 / 21,
        "(missing)": 0,
    }
    assert found["made"].to_dict() == {"a": 0.25, "b": 0, "(all others)": 0.5, "(missing)": 0.25}


def test_no_share_tells_of_fewer_than_five_rows() -> None:
    """Three missing cells are not told, nor is what they could be worked out from."""
    found = counted(["a"] * 10 + ["b"] * 6 + [None] * 3, ["a"], kind="category")
    real = found[histograms.REAL]
    assert np.isnan(real["(missing)"])
    assert np.isnan(real["b"])  # else 1 less the others would tell
    assert real["a"] == 10 / 19


def test_numbers_have_round_edges_and_open_ends() -> None:
    """Neither the least nor the greatest number is an edge, and every row is in one bin."""
    values = [1000.7, *np.linspace(0, 100, 400), -512.3]
    found = counted(values, [5.0, np.nan], kind="number")
    assert {"< 10", "10 – 20", "≥ 100"} <= set(found.index)
    assert not any("1,000" in label or "512" in label for label in found.index)
    assert found["made"][["< 10", "(missing)"]].tolist() == [0.5, 0.5]


def test_whole_numbers_are_not_cut_between() -> None:
    """Bins of an integer are no narrower than 1."""
    found = counted([1, 2, 3, 4] * 5, [1, 2], kind="integer")
    assert set(found.index) <= {"< 2", "2 – 3", "3 – 4", "< 1", "1 – 2", "≥ 4", "≥ 3"}


def test_odd_columns_are_counted() -> None:
    """A column without a value, one with a single number, and no column at all."""
    assert counted([None, None], [1.0], kind="number")["made"].sum() == 1
    assert counted([3.0] * 9, [3.0], kind="number")["made"].sum() == 1
    assert histograms.count(pd.DataFrame(), [("made", pd.DataFrame())], [], declared()).empty


def test_sensitive_columns_are_not_shown() -> None:
    """The most distant columns come first, without those that are sensitive."""
    told = declared(
        a={"kind": "number"}, b={"kind": "number"}, c={"kind": "category", "sensitive": True}
    )
    table = pd.DataFrame({"column": ["a", "b", "c", "a"], "distance": [0.1, 0.2, 0.9, 0.3]})
    assert histograms.shown(table, told) == ["a", "b"]
