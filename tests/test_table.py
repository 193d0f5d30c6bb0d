"""The real table: read as declared, every problem told at once, stacked and cut."""

import gzip

import numpy as np
import pandas as pd
import pytest

from stages.lib.base.errors import TableError
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Read, Schema

SCHEMA = Schema(
    read=Read(missing=("?",)),
    columns={
        "age": Column(kind="integer", min=0, max=120),
        "job": Column(kind="category"),
        "since": Column(kind="date", role="time"),
        "note": Column(role="ignore"),
        "rich": Column(kind="category", role="target", missing=False, categories=("no", "yes")),
    },
)
LINES = """age,job,since,note,rich
30, cook ,2020-01-31,x,no
?,?,2021-02-28,y,yes
41,baker,,,no
"""


def written(folder, text, name="real.csv"):
    """Write a raw file and return its path."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def refusal(folder, text, schema=SCHEMA):
    """Return the message with which a raw file is refused."""
    with pytest.raises(TableError) as caught:
        table.read(written(folder, text), schema)
    return str(caught.value)


@pytest.mark.parametrize("name", ["real.csv", "real.csv.gz"])
def test_csv_is_read_as_declared(tmp_path, name):
    """Blanks are stripped, `?` and empty cells are missing, ignored columns are left out."""
    found = table.read(written(tmp_path, LINES, name), SCHEMA)
    assert list(found) == ["age", "job", "since", "rich"]
    assert found["age"].dtype == "float64"
    assert found["age"].tolist()[::2] == [30, 41] and found["age"].isna().tolist()[1]
    assert found["job"].cat.categories.tolist() == ["baker", "cook"]
    assert found["job"].astype(object).where(found["job"].notna(), None).tolist() == [
        "cook",
        None,
        "baker",
    ]
    assert found["since"].dtype.kind == "M"
    assert found["since"].isna().tolist() == [False, False, True]
    assert found["rich"].tolist() == ["no", "yes", "no"]


def test_delimiter_and_encoding(tmp_path):
    """A file of another country's habits is read as declared."""
    schema = Schema(
        read=Read(delimiter=";", encoding="latin-1"),
        columns={"ort": Column(kind="category"), "y": Column(kind="number", role="target")},
    )
    path = tmp_path / "real.csv"
    path.write_bytes("ort;y\nKöln;1.5\n".encode("latin-1"))
    found = table.read(path, schema)
    assert found["ort"].tolist() == ["Köln"]
    assert found["y"].tolist() == [1.5]


def test_parquet_is_read_like_csv(tmp_path):
    """A Parquet file with missing cells gives the same table as the CSV of it."""
    path = tmp_path / "real.parquet"
    pd.DataFrame(
        {
            "age": [30, None, 41],
            "job": ["cook", None, "baker"],
            "since": ["2020-01-31", "2021-02-28", None],
            "note": ["x", "y", None],
            "rich": ["no", "yes", "no"],
        }
    ).to_parquet(path)
    expected = table.read(written(tmp_path, LINES), SCHEMA)
    pd.testing.assert_frame_equal(table.read(path, SCHEMA), expected)


def test_column_problems_are_told_together(tmp_path):
    """A column that is not declared and one that is not there are both named."""
    message = refusal(tmp_path, "age,job,since,color,rich\n30,cook,,red,no\n")
    assert "2 problems" in message
    assert "column 'color' is not declared" in message
    assert "column 'note' is declared in data/schema.yaml and not in the table" in message


def test_cell_problems_are_told_together_without_their_values(tmp_path):
    """Wrong cells are named by column and row, counted, and never shown."""
    message = refusal(
        tmp_path,
        "age,job,since,note,rich\n30,cook,,,no\nelderly,cook,,,maybe\n40.5,cook,soonish,,yes\n",
    )
    assert "column 'age': 2 cells are not integer, at least 0, at most 120; rows 2, 3" in message
    assert "column 'since': 1 cells are not date from 1678 to 2261, best written" in message
    told = "column 'rich': 1 cells are not category, one of no, yes, never missing; rows 2"
    assert told in message
    for value in ("elderly", "soonish", "maybe", "40.5"):
        assert value not in message


def test_values_outside_the_declared_ones(tmp_path):
    """Out of range, not whole, not a category and missing where it may not be: all told."""
    message = refusal(
        tmp_path,
        "age,job,since,note,rich\n130,cook,,,no\n-1,cook,,,maybe\n40.5,cook,,,\n30,cook,,,yes\n",
    )
    assert "2 problems" in message
    assert "column 'age': 3 cells are not integer, at least 0, at most 120; rows 1, 2, 3" in message
    assert "column 'rich': 2 cells are not category, one of no, yes, never missing" in message
    assert "maybe" not in message and "130" not in message


def test_only_five_rows_are_listed(tmp_path):
    """Of many wrong cells the first five rows are told, and how many there are."""
    lines = "".join("x,cook,,,no\n" for _ in range(7))
    message = refusal(tmp_path, "age,job,since,note,rich\n" + lines)
    assert "7 cells are not" in message
    assert message.endswith("rows 1, 2, 3, 4, 5, …")


def test_labels_of_generated_rows_are_refused(tmp_path):
    """Rows that an earlier cycle made do not come back as real ones."""
    message = refusal(tmp_path, "age,job,since,note,rich,_origin\n30,cook,,,no,synthetic\n")
    assert "column '_origin' marks rows that an earlier cycle generated" in message
    assert "not declared" not in message
    assert "set `ingest.generated: count`" in message


@pytest.mark.parametrize(
    ("header", "labels", "expected"),
    [
        ("_origin,_batch", ["real,", " synthetic ,cart-all", ","], ["real", "synthetic", "real"]),
        ("_origin", ["synthetic", "", "real"], ["synthetic", "real", "real"]),
        ("_batch", ["cart-all", "", ""], ["synthetic", "real", "real"]),
        (
            "_origin,_batch",
            [",cart-all", "real,", "synthetic,"],
            ["synthetic", "real", "synthetic"],
        ),
    ],
)
def test_labels_say_which_rows_are_real(tmp_path, header, labels, expected):
    """Where labelled rows may come, one column says of each row whether it is real."""
    cells = zip(LINES.splitlines()[1:], labels, strict=True)
    text = "\n".join([f"age,job,since,note,rich,{header}", *map(",".join, cells)])
    found = table.read(written(tmp_path, text), SCHEMA, labelled=True)
    assert list(found) == ["age", "job", "since", "rich", "_origin"]
    assert found["_origin"].tolist() == expected


def test_unlabelled_table_stays_as_it_is(tmp_path):
    """A table without labels gets none; an unknown label is told with its rows."""
    found = table.read(written(tmp_path, LINES), SCHEMA, labelled=True)
    assert list(found) == ["age", "job", "since", "rich"]
    text = "age,job,since,note,rich,_origin\n30,cook,,,no,made\n41,cook,,,yes,real\n"
    with pytest.raises(TableError) as caught:
        table.read(written(tmp_path, text), SCHEMA, labelled=True)
    told = "column '_origin': 1 cells are neither real nor synthetic; rows 1"
    assert str(caught.value).endswith(told)


def test_integers_that_would_lose_digits_are_refused(tmp_path):
    """2^53 + 1 is not the same number as a float64, so it is no integer here."""
    schema = Schema(
        columns={"n": Column(kind="integer"), "y": Column(kind="category", role="target")}
    )
    assert table.read(written(tmp_path, f"n,y\n{2**53 - 1},a\n"), schema)["n"][0] == 2**53 - 1
    told = "'n': 1 cells are not integer (1 too large: below 2^53; an id is `kind: text`); rows"
    assert f"{told} 2" in refusal(tmp_path, f"n,y\n1,a\n{2**53 + 1},a\n", schema)
    assert f"{told} 1" in refusal(tmp_path, f"n,y\n-{2**60},a\n", schema)


def test_infinite_numbers_are_refused(tmp_path):
    """`inf` is a word that parses as a number and is none."""
    schema = Schema(
        columns={"n": Column(kind="number"), "y": Column(kind="category", role="target")}
    )
    assert "'n': 1 cells are not number; rows 1" in refusal(tmp_path, "n,y\ninf,a\n", schema)


def test_missing_file_empty_file_and_header_alone(tmp_path):
    """No file, nothing in it, or no rows: each is said in words."""
    with pytest.raises(TableError, match="is not a file; set `data.path`"):
        table.read(tmp_path / "nowhere.csv", SCHEMA)
    assert "cannot be read as CSV" in refusal(tmp_path, "")
    assert "has a header and no rows" in refusal(tmp_path, "age,job,since,note,rich\n")


def test_broken_gzip_is_told(tmp_path):
    """A file that is not what its name says gives one sentence."""
    path = tmp_path / "real.csv.gz"
    path.write_bytes(b"age,job\n")
    with pytest.raises(TableError, match="cannot be read as CSV"):
        table.read(path, SCHEMA)


def test_stack_unites_categories():
    """Stacked tables have the union of their categories, sorted, and numbers below each other."""
    one = pd.DataFrame({"n": [1.0], "c": pd.Categorical(["b"])})
    other = pd.DataFrame({"n": [2.0, 3.0], "c": pd.Categorical(["a", None])})
    found = table.stack([one, other])
    assert found["n"].tolist() == [1, 2, 3]
    assert found["c"].cat.categories.tolist() == ["a", "b"]
    assert found["c"].cat.codes.tolist() == [1, 0, -1]


def test_rows_forget_categories_that_none_holds():
    """Chosen rows carry their own categories only, and count from 0."""
    frame = pd.DataFrame({"n": [1.0, 2, 3], "c": pd.Categorical(["a", "b", "c"])})
    found = table.rows(frame, np.array([2, 0]))
    assert found["n"].tolist() == [3, 1]
    assert found.index.tolist() == [0, 1]
    assert found["c"].cat.categories.tolist() == ["a", "c"]
    assert frame["c"].cat.categories.tolist() == ["a", "b", "c"]


def test_a_cell_like_a_hash_is_no_number(tmp_path):
    """Digits, an e and more digits than any exponent has are told, not fatal."""
    path = tmp_path / "table.csv"
    path.write_text("age,bought\n1,yes\n83180e7672235620,no\n")
    declared = Schema(
        columns={"age": Column(kind="number"), "bought": Column(kind="category", role="target")}
    )
    with pytest.raises(TableError, match="column 'age': 1 cells are not number; rows 2"):
        table.read(path, declared)


RULED = Schema(
    columns={
        "low": Column(kind="number"),
        "high": Column(kind="number"),
        "town": Column(kind="category", role="target"),
    },
    rules=("low <= high",),
)


def test_rules_are_told_with_their_rows(tmp_path):
    """Rows that break a rule are counted and numbered, and their values stay out."""
    text = "low,high,town\n1,2,a\n7,2,a\n,2,a\n7,,b\n9,8,b\n"
    message = refusal(tmp_path, text, RULED)
    assert message.endswith(": rule 'low <= high': 2 rows break it; rows 2, 5")
    assert "7" not in message.partition(": rule")[2]
    many = refusal(tmp_path, "low,high,town\n1,2,a\n" + "7,2,a\n" * 7, RULED)
    assert many.endswith("7 rows break it; rows 2, 3, 4, 5, 6, …")


def test_a_rule_that_no_row_keeps_is_mended_not_the_rows(tmp_path):
    """Where every row breaks a rule the rule is wrong."""
    assert refusal(tmp_path, "low,high,town\n3,2,a\n7,2,a\n", RULED).endswith(
        ": rule 'low <= high': no row keeps to it; mend the rule in data/schema.yaml"
    )


def test_a_rule_that_cannot_be_evaluated_is_told(tmp_path):
    """Comparing a number with a text is a mistake in the rule."""
    wrong = RULED.model_copy(update={"rules": ("low <= 'x'",)})
    assert "rule \"low <= 'x'\" cannot be evaluated" in refusal(
        tmp_path, "low,high,town\n1,2,a\n", wrong
    )


def test_rules_hold_for_cells_that_are_good(tmp_path):
    """Wrong cells are told first: what a rule says of them means nothing."""
    message = refusal(tmp_path, "low,high,town\n3,2,a\nx,2,a\n", RULED)
    assert "column 'low': 1 cells are not number" in message
    assert "rule '" not in message


def test_rows_that_keep_to_the_rules(tmp_path):
    """A table of which every row keeps to the rules, or lacks a value, is read."""
    found = table.read(written(tmp_path, "low,high,town\n1,2,a\n,2,a\n2,2,b\n"), RULED)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("kind", "numbers", "places"),
    [
        ("integer", [1.0, np.nan], 0),
        ("integer", [], 0),
        ("number", [1.0, 2.25, np.nan], 2),
        ("number", [1 / 3], None),
        ("category", [0.0, 1.0], None),
    ],
)
def test_places_of_made_numbers(kind, numbers, places):
    """None after the point of an integer, as many as real ones have of a number, or any."""
    assert table.places(np.array(numbers, float), Column(kind=kind)) == places
