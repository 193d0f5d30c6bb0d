"""Preview rows as they are shown: none sensitive, none real."""

from pathlib import Path

import pandas as pd
import pytest

from stages.lib.base.errors import StaleError
from stages.lib.report import sample
from stages.lib.tables import schema

SCHEMA = schema.Schema.model_validate(
    {
        "columns": {
            "age": {"kind": "integer"},
            "wage": {"kind": "number"},
            "town": {"kind": "category"},
            "faith": {"kind": "category", "sensitive": True},
            "seen": {"kind": "date"},
        }
    }
)
REAL = pd.DataFrame(
    {
        "age": [30.0, 40.0, None],
        "wage": [1234.5678, 2.0, 3.0],
        "town": pd.Categorical(["north", "south", None]),
        "faith": ["x", "y", "z"],
        "seen": pd.to_datetime(["2020-01-01", "2021-01-01", None]),
    }
)


def preview(*rows: tuple) -> pd.DataFrame:
    """Return rows as texts, as a preview's file holds them."""
    return pd.DataFrame([*rows], columns=[*SCHEMA.columns], dtype=object)


def test_a_real_row_is_left_out_whatever_its_sensitive_cell() -> None:
    """Cells are compared as shown: rounded, missing, as dates, and without what is hidden."""
    made = preview(
        ("30", "1234.567801", "north", "other", "2020-01-01"),
        (None, "3.0", None, "other", None),
        ("40", "2", "north", "y", "2021-01-01"),
    )
    found = sample.take(made, REAL, SCHEMA)
    assert found.columns == ["age", "wage", "town", "seen"]
    assert found.rows == [["40", "2", "north", "2021-01-01"]]
    assert found.left_out == 2


def test_no_more_rows_than_asked() -> None:
    """The first rows are taken, and what comes after them is not counted."""
    made = preview(*[("50", str(number), "north", "", "") for number in range(9)])
    found = sample.take(made, REAL, SCHEMA, rows=3)
    assert [row[1] for row in found.rows] == ["0", "1", "2"]


def test_all_sensitive_shows_nothing() -> None:
    """Without a column to show there is no row."""
    only = schema.Schema.model_validate(
        {"columns": {"faith": {"kind": "category", "sensitive": True}}}
    )
    assert sample.take(preview(), REAL, only) == sample.Sample([], [], 0)


def test_texts_stay_as_they_are_written(tmp_path: Path) -> None:
    """Codes keep their zeros, and "NA" is a value."""
    (tmp_path / "preview.csv").write_text("code,more\n007,NA\n,x\n")
    read = sample.read(tmp_path / "preview.csv")
    assert read["code"].tolist()[0] == "007"
    assert read["code"].isna().tolist() == [False, True]
    assert read["more"].tolist() == ["NA", "x"]


def test_a_preview_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    """The message says what to run."""
    with pytest.raises(StaleError, match="dvc repro"):
        sample.read(tmp_path / "none.csv")
