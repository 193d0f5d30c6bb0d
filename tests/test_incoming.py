"""What arrived is read as it is: rows that differ are findings, what is no table an error."""

import gzip

import numpy as np
import pandas as pd
import pytest

from stages.lib.base.errors import TableError
from stages.lib.drift import incoming
from stages.lib.tables.schema import Column, Read, Schema

SCHEMA = Schema(
    read=Read(missing=("?",)),
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="integer", min=17, max=90, missing=False),
        "pay": Column(kind="number"),
        "town": Column(kind="category", categories=("Oslo", "Rome")),
        "note": Column(role="ignore"),
        "rich": Column(kind="category", role="target"),
    },
)
HEAD = "id,age,pay,town,rich\n"


def read(folder, schema=SCHEMA, *, drop_duplicates=False):
    """Read a folder, every row kept."""
    return incoming.read(folder, schema, drop_duplicates=drop_duplicates)


def test_rows_of_all_files_in_sorted_order(tmp_path):
    """CSV, compressed CSV and Parquet below the folder are one table, in the order of names."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/one.csv").write_text(HEAD + "3,20,1.5,Oslo,no\n")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(f"{HEAD}1,18,?,Rome,yes\n".encode()))
    columns = {"id": "4", "age": 21, "pay": 2.5, "town": pd.Categorical(["Rome"]), "rich": "no"}
    pd.DataFrame(columns, index=[0]).to_parquet(tmp_path / "c.parquet")
    found = read(tmp_path)
    assert found.files == 3
    assert list(found.frame.columns) == ["age", "pay", "town", "rich"]
    assert found.frame["age"].tolist() == [18, 20, 21]
    assert found.frame["pay"].isna().tolist() == [True, False, False]
    assert found.frame["town"].tolist() == ["Rome", "Oslo", "Rome"]
    assert not found.outside.any(axis=None)
    assert found.notes == []


def test_what_holds_no_rows_is_passed_over(tmp_path):
    """Hidden files, hidden folders and a README are no tables that arrived."""
    for name in (".gitignore", "README.md", ".drafts/may.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("*\n")
    found = read(tmp_path)
    assert (found.files, len(found.frame), found.notes) == (0, 0, [])


def test_cells_beyond_the_declaration_are_findings(tmp_path):
    """Too old, half a year, no number, another town: True in `outside`; a missing cell is not."""
    lines = "1,99,1,Oslo,no\n2,20.5,1,Oslo,no\n3,old,inf,Paris,no\n4,?,,,no\n5,30,1,Rome,no\n"
    (tmp_path / "may.csv").write_text(HEAD + lines)
    found = read(tmp_path)
    assert found.outside["age"].tolist() == [True, True, True, False, False]
    assert found.outside["pay"].tolist() == [False, False, True, False, False]
    assert found.outside["town"].tolist() == [False, False, True, False, False]
    assert found.frame["age"].tolist()[:2] == [99, 20.5]
    assert found.frame["age"].isna().tolist() == [False, False, True, True, False]
    assert np.isfinite(found.frame["pay"].dropna()).all()
    assert found.frame["town"].tolist()[2] == "Paris"


def test_columns_that_are_not_there_are_named(tmp_path):
    """A feature that no file has, or not every file, is told and left out; so is one too many."""
    (tmp_path / "a.csv").write_text("age,pay,shoe size\n20,1,40\n")
    (tmp_path / "b.csv").write_text("age\n30\n")
    found = read(tmp_path)
    assert list(found.frame.columns) == ["age"]
    assert found.notes == [
        "a.csv: data/schema.yaml does not declare 'shoe size'; left out.",
        "Column 'pay' is not in every file; it was not compared.",
        "Column 'town' did not arrive; it was not compared.",
        "The rows came without labels.",
    ]


def test_labels_may_come_later(tmp_path):
    """Where one file has labels and another has not yet, the rows of both are there."""
    (tmp_path / "a.csv").write_text(HEAD + "1,20,1,Oslo,yes\n")
    (tmp_path / "b.csv").write_text("id,age,pay,town\n2,30,1,Rome\n")
    found = read(tmp_path)
    assert found.frame["rich"].tolist()[:1] == ["yes"]
    assert found.frame["rich"].isna().tolist() == [False, True]
    assert found.notes == []


def test_a_header_alone_is_no_row(tmp_path):
    """A file with a header and no row is told, and lacks nothing for the other files."""
    (tmp_path / "a.csv").write_text("age\n")
    pd.DataFrame({"age": [], "pay": []}).to_parquet(tmp_path / "b.parquet")
    found = read(tmp_path)
    assert (found.files, len(found.frame)) == (2, 0)
    assert found.notes[:2] == ["a.csv holds no row.", "b.parquet holds no row."]
    (tmp_path / "c.csv").write_text(HEAD + "1,20,1,Oslo,yes\n")
    found = read(tmp_path)
    assert list(found.frame.columns) == ["age", "pay", "town", "rich"]
    assert len(found.frame) == 1


def test_exact_duplicates_are_left_out_where_ingest_does(tmp_path):
    """Train has no row twice, so rows are compared without; what is lacking may tell them apart."""
    (tmp_path / "a.csv").write_text(HEAD + "1,20,1,Oslo,no\n" * 2 + "2,20,1,Oslo,no\n")
    assert len(read(tmp_path).frame) == 3
    found = read(tmp_path, drop_duplicates=True)
    assert len(found.frame) == len(found.outside) == 2
    assert found.notes == ["Left out, as ingest does: 1 exact duplicate."]
    (tmp_path / "a.csv").write_text(HEAD + "1,20,1,Oslo,?\n" * 2)
    assert len(read(tmp_path, drop_duplicates=True).frame) == 2
    (tmp_path / "a.csv").write_text("age,pay,town,rich\n" + "20,1,Oslo,no\n" * 2)
    assert len(read(tmp_path, drop_duplicates=True).frame) == 2


def test_parts_of_a_file_are_one(tmp_path, monkeypatch):
    """A file that is read in parts gives what it gives at once."""
    rows = [f"{n},{20 + n % 80},{n / 7},{('Oslo', 'Rome', 'Paris')[n % 3]},no\n" for n in range(50)]
    (tmp_path / "a.csv").write_text(HEAD + "".join(rows))
    table = pd.read_csv(tmp_path / "a.csv", dtype={"id": str})
    table.to_parquet(tmp_path / "b.parquet")
    whole = read(tmp_path)
    monkeypatch.setattr(incoming, "CHUNK", 7)
    parts = read(tmp_path)
    pd.testing.assert_frame_equal(whole.frame, parts.frame)
    pd.testing.assert_frame_equal(whole.outside, parts.outside)
    first, second = parts.frame[:50], parts.frame[50:].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "may.csv: cannot be read as CSV"),
        (b"", "may.csv: cannot be read as CSV"),
        (b"age,pay\n1,2,3\n", "may.csv: cannot be read as CSV"),
        (b"colour,size\nred,3\n", "none of the columns that models learn from"),
        (b"age;pay;town\n20;1;Oslo\n", "is ',' between its cells"),
        (b"note\nx\n", "none of the columns that models learn from"),
        (b"age,pay,_origin,_batch\n20,1,cart,x\n", "'_origin' marks rows that an earlier cycle"),
    ],
    ids=["picture", "empty", "longer row", "other table", "semicolons", "ignored only", "made"],
)
def test_what_is_no_table_ends_in_one_error(tmp_path, content, said):
    """One TableError names each such file and says what to do, and good files do not hide it."""
    (tmp_path / "april.csv").write_text(HEAD + "1,20,1,Oslo,no\n")
    (tmp_path / "may.csv").write_bytes(content)
    (tmp_path / "june.parquet").write_text("no Parquet")
    with pytest.raises(TableError) as error:
        read(tmp_path)
    assert said in str(error.value)
    assert "june.parquet: cannot be read as Parquet" in str(error.value)
    assert "move" in str(error.value)
