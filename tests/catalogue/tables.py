"""Wrong tables, and odd ones that are right, as stage ingest meets them."""

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from catalogue.case import HEADER, ROWS, SCHEMA, TABLE, Case, lines, set_params, table
from stages.lib.base import files

NUMBER = {"kind": "number"}
TEXT = {"kind": "text", "role": "id"}
LABEL = {"kind": "category", "role": "target"}
DATED = {"since": {"kind": "date", "role": "time"}, **SCHEMA["columns"]}
ODD = (
    "first name", "a.b", "a/b", "../../etc/passwd", "it's", 'say "x"', "two\nlines", "class",
    "None", "1", "a|b", "$(touch pwned)", "`x`", "index", "level_0", "__class__", "@x", "naïve",
    "\u540d", "\U0001f986",
)  # fmt: skip


def real(folder: Path) -> pd.DataFrame:
    """Return what stage ingest wrote."""
    return files.read_parquet(folder / "data/real.parquet")


def holds(column: str, *values: Any) -> Callable[[Path], None]:
    """Return what asserts the first values of a column."""

    def check(folder: Path) -> None:
        found = real(folder)[column].astype(object)
        assert found.where(found.notna(), None).tolist()[: len(values)] == list(values)

    return check


def columns_are(*names: str) -> Callable[[Path], None]:
    """Return what asserts the columns of the table."""

    def check(folder: Path) -> None:
        assert list(real(folder).columns) == list(names)

    return check


def days(*told: str) -> Callable[[Path], None]:
    """Return what asserts the first days of the column `since`."""

    def check(folder: Path) -> None:
        found = real(folder)["since"].dt.strftime("%Y-%m-%d").tolist()
        assert found[: len(told)] == list(told)

    return check


def parquet(frame: pd.DataFrame, columns: dict[Any, Any] | None = None) -> Callable[[Path], None]:
    """Return what writes a raw table as Parquet."""
    stream = io.BytesIO()
    frame.to_parquet(stream)
    return table(stream.getvalue(), columns, path="data/table.parquet")


def good(**columns: Any) -> pd.DataFrame:
    """Return the good rows, with other columns."""
    frame = pd.read_csv(io.StringIO("\n".join([HEADER, *ROWS])))
    return frame.assign(**columns)


def dated(*cells: str) -> str:
    """Return the good rows with a column of dates, of which these come first."""
    told = [*cells, *["2020-01-31"] * (len(ROWS) - len(cells))]
    rows = [f"{cell},{row}" for cell, row in zip(told, ROWS, strict=True)]
    return "\n".join([f"since,{HEADER}", *rows])


def labelled(*labels: str) -> str:
    """Return the good rows with these labels."""
    rows = [row.rsplit(",", 1)[0] for row in ROWS]
    told = [f"{row},{label}" for row, label in zip(rows, labels, strict=True)]
    return "\n".join([HEADER, *told])


def a_folder(folder: Path) -> None:
    """Put a folder where the table belongs."""
    (folder / TABLE).unlink()
    (folder / TABLE).mkdir()


def a_loop(folder: Path) -> None:
    """Put a link to itself where the table belongs."""
    (folder / TABLE).unlink()
    os.symlink("table.csv", folder / TABLE)


def twice_in_parquet(folder: Path) -> None:
    """Write a Parquet file of two columns of one name, as pyarrow allows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [pa.array([1, 2]), pa.array([3, 4]), pa.array(["yes", "no"])]
    pq.write_table(
        pa.Table.from_arrays(arrays, ["age", "age", "bought"]), folder / "data/table.parquet"
    )
    set_params(folder, "data.path", "data/table.parquet")


def zipped(*names: str) -> bytes:
    """Return a ZIP archive of so many tables."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, lines())
    return stream.getvalue()


def odd_names() -> Callable[[Path], None]:
    """Return what writes a table whose columns have names that mean something elsewhere."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.integers(0, 50, 40) for name in ODD})
    frame["bought"] = ["yes", "no"] * 20
    declared: dict[str, Any] = {name: {"kind": "integer"} for name in ODD}
    return table(frame.to_csv(index=False), {**declared, "bought": LABEL})


def wide(count: int) -> Callable[[Path], None]:
    """Return what writes a table of so many columns."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 9, (60, count)), columns=[f"c{n}" for n in range(count)])
    frame["bought"] = rng.choice(["yes", "no"], 60)
    declared: dict[str, Any] = {f"c{n}": {"kind": "integer"} for n in range(count)}
    return table(frame.to_csv(index=False), {**declared, "bought": LABEL})


HUGE = "9" * 400
CASES = [
    # The file
    Case("no file", lambda folder: (folder / TABLE).unlink(), ("is not a file", "`data.path`")),
    Case("a folder instead of a file", a_folder, ("data/table.csv is not a file",)),
    Case("a link to itself", a_loop, ("data/table.csv is not a file",)),
    Case("an empty file", table(""), ("cannot be read as CSV", "No columns")),
    Case("blank lines alone", table("\n \n\n"), ("cannot be read as CSV",)),
    Case("a header alone", table(f"{HEADER}\n"), ("has a header and no rows",)),
    Case("no header", table("\n".join(ROWS)), ("is not declared", "'age' is declared")),
    Case("a picture", table(b"\x89PNG\r\n\x1a\n\0\0\xff"), ("cannot be read as CSV",)),
    Case(
        "a gzip that is none",
        table("age\n1\n", path="data/table.csv.gz"),
        ("cannot be read as CSV", "gzip"),
    ),
    Case(
        "a gzip cut off",
        table(gzip.compress(lines().encode(), mtime=0)[:-20], path="data/table.csv.gz"),
        ("data/table.csv.gz cannot be read as CSV",),
    ),
    Case(
        "an archive of two tables",
        table(zipped("a.csv", "b.csv"), path="data/table.zip"),
        ("Multiple files found in ZIP",),
    ),
    Case(
        "an archive of one table",
        table(zipped("a.csv"), path="data/table.zip"),
        comes=holds("age", 20, 21),
    ),
    Case(
        "a Parquet file that is none",
        table("age\n1\n", path="data/table.parquet"),
        ("cannot be read as Parquet",),
    ),
    # Its encoding
    Case("a byte-order mark", table(b"\xef\xbb\xbf" + lines().encode()), comes=holds("age", 20)),
    Case(
        "a byte-order mark before a quoted name",
        table(
            b'\xef\xbb\xbf"a,ge"' + lines().encode()[3:],
            {"a,ge": {"kind": "integer"}, **{k: SCHEMA["columns"][k] for k in ("town", "bought")}},
        ),
        comes=holds("a,ge", 20),
    ),
    Case("UTF-16", table(lines().encode("utf-16")), ("it is not utf-8", "`read.encoding`")),
    Case("UTF-16 without a mark", table(lines().encode("utf-16-le")), ("zero bytes", "UTF-16")),
    Case(
        "UTF-16 that is declared",
        table(lines("30,Zürich,yes").encode("utf-16"), read={"encoding": "utf-16"}),
        comes=holds("town", "Zürich"),
    ),
    Case(
        "Latin-1 taken for UTF-8",
        table(lines("30,Zürich,yes").encode("latin-1")),
        ("it is not utf-8", "such as latin-1"),
    ),
    Case(
        "a zero byte in a number",
        table(lines("30\x000,north,yes")),
        ("zero bytes stand in rows 1", "would be lost"),
    ),
    Case(
        "a zero byte in a name",
        table(lines(header="age\0,town,bought")),
        ("zero bytes stand in rows the header",),
    ),
    # Its shape
    Case(
        "two columns of one name",
        table(lines(header="age,age,bought")),
        ("2 columns are named 'age': rename all but one",),
    ),
    Case("two Parquet columns of one name", twice_in_parquet, ("2 columns are named 'age'",)),
    Case("a row cut off", table(lines() + "33,nor"), ("1 rows have fewer cells", "rows 41")),
    Case("a row too long", table(lines() + "33,north,yes,1"), ("cannot be read as CSV", "line 42")),
    Case("a quote without end", table(lines('30,"north,yes')), ("EOF inside string",)),
    Case(
        "another separator",
        table(lines().replace(",", ";")),
        ("column 'age;town;bought' is not declared", "`read.delimiter`"),
    ),
    Case("old line ends", table(lines().replace("\n", "\r")), comes=holds("age", 20, 21)),
    Case("blank lines between", table(lines("30,north,yes\n\n \n")), comes=holds("age", 30, 20)),
    Case("a column too many", table(lines(header="age,city,bought")), ("'city' is not declared",)),
    Case(
        "a name of other blanks",
        table(lines(header="age,town\u200b,bought")),
        (r"column 'town\u200b' is not declared", "'town' is declared"),
    ),
    Case("names that mean something elsewhere", odd_names(), comes=columns_are(*ODD, "bought")),
    Case(
        "three columns",
        table("a,b,y\n" + "1,2,yes\n3,4,no\n" * 20, {"a": NUMBER, "b": NUMBER, "y": LABEL}),
        comes=columns_are("a", "b", "y"),
    ),
    Case("two thousand columns", wide(2000), comes=holds("c0", 7)),
    Case(
        "labels of generated rows",
        table("\n".join([f"{HEADER},_origin", *(f"{row},synthetic" for row in ROWS)])),
        ("column '_origin' marks rows that an earlier cycle generated",),
    ),
    # Its cells
    Case(
        "a word among numbers", table(lines("old,north,yes")), ("'age': 1 cells are not integer",)
    ),
    Case("infinity", table(lines("inf,north,yes")), ("'age': 1 cells are not integer",)),
    Case("NaN as a word", table(lines("nan,north,yes")), ("'age': 1 cells are not integer",)),
    Case("a number beyond all", table(lines("1e400,north,yes")), ("1 cells are not integer",)),
    Case(
        "an integer of 400 digits", table(lines(f"{HUGE},north,yes")), ("1 cells are not integer",)
    ),
    Case(
        "an integer that would lose digits",
        table(lines(f"{2**53 + 1},north,yes")),
        ("1 cells are not integer",),
    ),
    Case("half an integer", table(lines("30.5,north,yes")), ("1 cells are not integer",)),
    Case("thousands in groups", table(lines("3_000,north,yes")), ("1 cells are not integer",)),
    Case(
        "a cell that ends the process in pandas",
        table(lines("83180e7672235620,north,yes")),
        ("1 cells are not integer",),
    ),
    Case(
        "thousands with a point where a comma is the decimal one",
        table(lines("1.234;north;yes").replace(",", ";"), read={"delimiter": ";", "decimal": ","}),
        ("'age': 1 cells are not integer; rows 1",),
    ),
    Case(
        "a cell of a hundred thousand letters",
        table(lines(f"30,{'x' * 200_000},yes")),
        comes=holds("town", "x" * 200_000),
    ),
    Case(
        "zero-width and right-to-left text",
        table(lines("30,\u200bnorth,yes", "30,\u202ehtron,no", "30,שלום,no")),
        comes=holds("town", "\u200bnorth", "\u202ehtron", "שלום"),
    ),
    Case(
        "cells that a spreadsheet or a shell would run",
        table(lines("30,=cmd|' /C calc'!A0,yes", "30,$(touch pwned),no", "30,<b>x</b>,no")),
        comes=holds("town", "=cmd|' /C calc'!A0", "$(touch pwned)", "<b>x</b>"),
    ),
    # Its dates
    Case(
        "a date before 1678", table(dated("1500-01-01"), DATED), ("1 cells are not date from 1678",)
    ),
    Case("a date after 2262", table(dated("2300-01-01"), DATED), ("to 2261",)),
    Case("a day that no month has", table(dated("2021-02-30"), DATED), ("'since': 1 cells",)),
    Case(
        "times without a day", table(dated("10:30", "now", "today"), DATED), ("'since': 3 cells",)
    ),
    Case(
        "a day before its month",
        table(dated("02/01/2020", "13/02/2020"), DATED),
        comes=days("2020-01-02", "2020-02-13"),
    ),
    Case(
        "a month before its day",
        table(dated("02/01/2020", "02/13/2020"), DATED),
        comes=days("2020-02-01", "2020-02-13"),
    ),
    Case(
        "days and months that cannot be told apart",
        table(dated("02/01/2020", "03/01/2020", "04/04/2020"), DATED),
        ("'since': 2 cells are not date", "2020-01-31; rows 1, 2"),
    ),
    Case(
        "days before months and months before days",
        table(dated("02/01/2020", "13/02/2020", "02/13/2020"), DATED),
        ("'since': 3 cells",),
    ),
    # Its target
    Case(
        "no target",
        table(lines(header="age,town,sold")),
        ("column 'bought' is declared in data/schema.yaml and not in the table",),
    ),
    Case("a constant target", table(labelled(*["yes"] * 40)), ("'bought' has 1 values",)),
    Case("a target without values", table(labelled(*[""] * 40)), ("'bought' has 0 values",)),
    Case(
        "a target that is a number",
        table(
            labelled(*[f"{n}.5" for n in range(40)]),
            {**SCHEMA["columns"], "bought": NUMBER | {"role": "target"}},
        ),
        comes=holds("bought", 0.5, 1.5),
    ),
    Case(
        "five thousand classes",
        table(
            "x,y\n" + "".join(f"{n % 7},{n % 5000 / 8}\n" for n in range(10_000)),
            {"x": NUMBER, "y": LABEL},
        ),
        ("the target 'y' has 5,000 classes in 10,000 rows", "`kind: number`"),
    ),
    Case(
        "a class of one row",
        table(labelled("maybe", *["yes", "no"] * 19, "no")),
        comes=holds("bought", "maybe"),
    ),
    # Parquet
    Case(
        "columns named by numbers",
        parquet(
            good().set_axis([0, 1, 2], axis=1),
            {"0": {"kind": "integer"}, "1": {"kind": "category"}, "2": LABEL},
        ),
        comes=columns_are("0", "1", "2"),
    ),
    Case(
        "an infinite number in Parquet",
        parquet(good(age=[np.inf, *range(39)])),
        ("'age': 1 cells",),
    ),
    Case("lists as cells", parquet(good(age=[[1, 2]] * 40)), ("'age': 40 cells are not integer",)),
    Case(
        "integers with a missing one among them",
        parquet(good(age=pd.array([None, 2**53 - 1, *range(38)], "Int64"))),
        comes=holds("age", None, 2.0**53 - 1),
    ),
]
