"""Small odd tables, drawn by hypothesis: names, cells and columns that nobody would think of."""

import csv
import io
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from stages.lib.tables.schema import Column, Schema

# Letters that mean something to YAML, CSV, HTML, Markdown, shells, SQL, spreadsheets or a terminal,
# or that cannot be seen; no zero byte and no half of a pair, which no file can hold.
LETTERS = "aZ09 _-=+@.,;:|#'\"`<>&/\\$(){}[]*?!%~^\n\r\t"
LETTERS += "\u00e9\u00df\u200b\u202e\u2066\u05d0\U0001f986"
NASTY = [
    "", " ", "?", "NA", "nan", "inf", "-inf", "1e400", "-0", "0x10", "1_000", "1,5", "1.5", "007",
    "9" * 30, "83180e7672235620", "\u0661\u0662", "true", "no", "null", "now", "10:30",
    "2020-01-31", "13/02/2020", "01/02/2020", "1500-01-01", "2300-01-01", "=1+1", "'",
    '"', "a\nb", "\u202e", "x",
    "../x", "<b>", "$(touch pwned)", "\x1b[31m",
]  # fmt: skip

letters = st.text(LETTERS, max_size=6)
names = st.one_of(
    st.text(LETTERS, min_size=1, max_size=8),
    st.sampled_from(["class", "index", "0", "1", "no", "_origin_", "level_0", "x" * 200, "a.b"]),
).filter(lambda name: name == name.strip() and name)
cells = st.one_of(st.sampled_from(NASTY), letters, st.integers(-99, 99).map(str))


def written(header: list[str], rows: list[list[str]]) -> str:
    """Return a CSV file that quotes every cell."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *rows])
    return stream.getvalue()


@st.composite
def raw(draw: st.DrawFn, *, least: int = 0) -> tuple[list[str], list[list[str]]]:
    """Draw a header of two to five names, and rows of any cells below it."""
    header = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    pools = [draw(st.lists(cells, min_size=1, max_size=4)) for _ in header]
    count = draw(st.integers(least, 30))
    rows = [[draw(st.sampled_from(pool)) for pool in pools] for _ in range(count)]
    return header, rows


@st.composite
def schemas(draw: st.DrawFn, header: list[str]) -> dict[str, Any]:
    """Draw what a file declares of these columns: the last is the target, one a feature."""
    columns: dict[str, Any] = {}
    for name in header[1:-1]:
        kind = draw(st.sampled_from(["number", "integer", "category", "text", "date"]))
        role = "id" if kind in ("text", "date") else "feature"
        columns[name] = {"kind": kind, "role": role, "missing": draw(st.booleans())}
    kinds = st.sampled_from(["number", "integer", "category"])
    first = {header[0]: {"kind": draw(kinds)}}
    last = {header[-1]: {"kind": draw(kinds), "role": "target"}}
    missing = draw(st.sampled_from([[], ["?"], ["NA", "nan"]]))
    return {"read": {"missing": missing}, "columns": {**first, **columns, **last}}


@st.composite
def typed(draw: st.DrawFn) -> tuple[pd.DataFrame, Schema]:
    """Draw a table of six to forty rows as stage ingest writes it, and its schema."""
    header = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    count = draw(st.integers(6, 40))
    declared = draw(st.booleans())  # whether a private generator is told each column's domain
    frame, columns = {}, {}
    for name in header:
        target = name == header[-1]
        kinds = ["category"] * (3 if target else 1) + ["number", "integer"]
        kind = draw(st.sampled_from(kinds))
        pool = draw(_pools(kind, least=2 if target else 1))
        gaps = draw(st.booleans())
        values = [draw(st.sampled_from([*pool, None] if gaps else pool)) for _ in range(count)]
        series = pd.Series(values, dtype=object)
        if kind == "category":
            frame[name] = series.astype(pd.CategoricalDtype(sorted(set(series.dropna()))))
        else:
            frame[name] = series.astype("float64")
        domain = _domain(kind, pool) if declared else {}
        discrete = kind != "category" and draw(st.booleans())
        told = {"kind": kind, "missing": gaps, "discrete": discrete, **domain}
        columns[name] = Column(**told, role="target" if target else "feature")
    return pd.DataFrame(frame), Schema(columns=columns)


def _pools(kind: str, *, least: int) -> st.SearchStrategy[list[Any]]:
    """Draw the values that a column has, small ones and the largest that there are."""
    if kind == "category":
        every: st.SearchStrategy[Any] = letters.map(str.strip).filter(bool)
    elif kind == "integer":
        every = st.one_of(st.integers(-99, 99), st.integers(-(2**53) + 1, 2**53 - 1))
    else:
        cents = st.floats(-1e6, 1e6).map(lambda number: round(number, 2))
        every = st.one_of(st.floats(-99, 99), cents, st.floats(-9e29, 9e29))
    return st.lists(every, min_size=least, max_size=8, unique=True)


def _domain(kind: str, pool: list[Any]) -> dict[str, Any]:
    """Return what a private generator has to be told of a column."""
    if kind == "category":
        return {"categories": tuple(sorted(pool))}
    low, high = float(min(pool)), float(max(pool))
    return {"min": low, "max": high, "bins": tuple(sorted({low, (low + high) / 2, high + 1}))}
