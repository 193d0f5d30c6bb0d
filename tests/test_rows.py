"""Hashes of rows and tables: of the values, not of how they are stored."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.base import files
from stages.lib.tables import rows


def frame(levels=("a", "b")):
    """Return three rows of every kind, with missing cells."""
    return pd.DataFrame(
        {
            "n": [1.5, np.nan, -0.0],
            "c": pd.Categorical(["b", None, "a"], categories=list(levels)),
            "d": pd.to_datetime(["2020-01-31", None, "2021-02-28"]),
        }
    )


def test_digest_does_not_see_how_categories_are_stored():
    """Order of categories, unused ones, and plain objects give one digest."""
    expected = rows.digest(frame())
    assert rows.digest(frame(("b", "a"))) == expected
    assert rows.digest(frame(("z", "b", "a"))) == expected
    assert rows.digest(frame().assign(c=frame()["c"].astype(object))) == expected


def test_digest_survives_parquet(tmp_path):
    """What is read back is the same table."""
    files.write_parquet(frame(), tmp_path / "a.parquet")
    assert rows.digest(files.read_parquet(tmp_path / "a.parquet")) == rows.digest(frame())


def test_digest_takes_both_zeros_for_one():
    """Minus zero is zero."""
    assert rows.digest(frame()) == rows.digest(frame().assign(n=[1.5, np.nan, 0.0]))


def changed():
    """Yield tables that differ from `frame()` in one thing."""
    yield "number", frame().assign(n=[1.5, np.nan, 1e-300])
    yield "missing number", frame().assign(n=[1.5, 0.0, 0.0])
    yield "category", frame().assign(c=pd.Categorical(["b", None, "b"]))
    yield "missing category", frame().assign(c=pd.Categorical(["b", "a", "a"]))
    yield "name of a category", frame().assign(c=pd.Categorical(["c", None, "a"]))
    yield "date", frame().assign(d=pd.to_datetime(["2020-01-30", None, "2021-02-28"]))
    yield "column name", frame().rename(columns={"n": "m"})
    yield "column order", frame()[["c", "n", "d"]]
    yield "row order", frame().iloc[[0, 2, 1]]
    yield "row count", frame().iloc[:2]


@pytest.mark.parametrize("other", [pytest.param(found, id=name) for name, found in changed()])
def test_digest_changes_with_any_value(other):
    """One value, name or place that differs gives another digest."""
    assert rows.digest(other) != rows.digest(frame())


def test_keys_are_equal_across_category_sets():
    """A row's key is that of its values, whatever other categories its table has."""
    assert rows.keys(frame()).tolist() == rows.keys(frame(("z", "b", "a"))).tolist()
    assert rows.keys(frame()).tolist()[2:] == rows.keys(frame().iloc[2:]).tolist()
    assert len(set(rows.keys(frame()))) == 3


def test_keys_take_both_zeros_for_one():
    """Minus zero is zero in a row too."""
    assert (rows.keys(frame()) == rows.keys(frame().assign(n=[1.5, np.nan, 0.0]))).all()


def test_repeated_marks_all_but_the_first():
    """Of three equal rows the second and third are repeated; missing cells are equal."""
    found = rows.repeated(frame().iloc[[0, 1, 0, 1, 2, 0]])
    assert found.tolist() == [False, False, True, True, False, True]


def test_copies_in_another_column_order():
    """A row is found again in a table with other categories and another column order."""
    reference = frame(("a", "b", "z"))[["d", "c", "n"]].iloc[1:]
    assert rows.copies(frame(), reference).tolist() == [False, True, True]


@pytest.mark.parametrize("cuts", [[0, 3], [0, 1, 3], [0, 1, 2, 3], [0, 0, 2, 2, 3]])
def test_digest_in_parts_is_that_of_the_whole(cuts):
    """How a table is cut does not show, nor do the categories that each part has."""
    state = rows.Digest()
    for start, end in zip(cuts, cuts[1:], strict=False):
        part = frame().iloc[start:end]
        state.update(part.assign(c=part["c"].cat.remove_unused_categories()))
    assert state.rows == 3
    assert state.hexdigest() == rows.digest(frame())
    assert state.hexdigest() == rows.digest(frame())  # asking changes nothing


def test_digest_in_parts_knows_their_order():
    """The same parts in another order are another table."""
    state = rows.Digest()
    for start in (1, 0, 2):
        state.update(frame().iloc[start : start + 1])
    assert state.hexdigest() != rows.digest(frame())
