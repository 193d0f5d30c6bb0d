"""The raw file: CSV, Parquet or Excel, every cell as text, or a word on why it is no table."""

import codecs
import csv
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from pandas.io.common import get_handle  # type: ignore[import-not-found]  # its stubs lack it

from ..base.errors import TableError
from .schema import Read

KINDS = {".parquet": "Parquet", ".xlsx": "Excel", ".xls": "Excel"}  # all else is CSV

_LISTED = 5  # rows that a message names


def cells(path: str | Path, read: Read) -> pd.DataFrame:
    """Return every cell of a CSV (also compressed), Parquet or Excel file as text.

    Missing ones are "". Raises TableError, which does not name the file, where it cannot be read,
    or where something in it would be lost.
    """
    return next(chunks(path, read, rows=None))


def chunks(path: str | Path, read: Read, *, rows: int | None) -> Iterator[pd.DataFrame]:
    """Yield the cells of a file in parts of so many `rows`, or all of them where that is None.

    At least one part comes, which may be empty. Raises TableError as `cells` does, before the
    first part.
    """
    kind = KINDS.get(Path(path).suffix, "CSV")
    try:
        if kind == "Parquet":
            yield from _parquet(path, read, rows)
        elif kind == "Excel":
            yield _excel(path, read)
        else:
            yield from _csv(path, read, rows)
    except (TableError, GeneratorExit):
        raise
    except UnicodeError as error:
        raise TableError(
            f"cannot be read as {kind}: it is not {read.encoding} ({str(error).strip()}); say what "
            "it is by `read.encoding` in data/schema.yaml, such as latin-1, cp1252 or utf-16"
        ) from None
    except Exception as error:  # the parsers and each way to compress have errors of their own
        said = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise TableError(f"cannot be read as {kind}: {said}") from None


def texts(frame: pd.DataFrame, read: Read) -> pd.DataFrame:
    """Return every cell as the text that a file read so would hold, missing ones as ""."""
    told = frame.astype(object).where(frame.notna(), "").astype(str)
    if read.decimal != ".":
        for name in frame.select_dtypes("number").columns:
            told[name] = told[name].str.replace(".", read.decimal, regex=False)
    return told


def _parquet(path: str | Path, read: Read, rows: int | None) -> Iterator[pd.DataFrame]:
    _check(_of_header(pq.read_schema(path).names))
    if rows is None:
        yield _named(pd.read_parquet(path), read)
        return
    with pq.ParquetFile(path) as stored:
        yield _named(stored.schema_arrow.empty_table().to_pandas(), read)
        for batch in stored.iter_batches(batch_size=rows):
            yield _named(batch.to_pandas(), read)


def _excel(path: str | Path, read: Read) -> pd.DataFrame:
    """Return the cells of the first sheet; pandas names the reader that is not installed."""
    header = pd.read_excel(path, nrows=1, header=None, dtype=str, keep_default_na=False)
    _check(_of_header(header.iloc[0].tolist() if len(header) else []))
    return _named(pd.read_excel(path, dtype=str, keep_default_na=False, na_filter=False), read)


def _named(frame: pd.DataFrame, read: Read) -> pd.DataFrame:
    """Return the cells as text; a file may name its columns by numbers."""
    return texts(frame, read).rename(columns=str)


def _csv(path: str | Path, read: Read, rows: int | None) -> Iterator[pd.DataFrame]:
    options: dict[str, Any] = {
        "sep": read.delimiter,
        "encoding": read.encoding,
        "dtype": str,
        "index_col": False,
        "keep_default_na": False,
        "na_filter": False,
        "skipinitialspace": True,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # a row longer than the header
        pd.read_csv(path, **options, nrows=0)  # its errors say more than those of `csv`
        _check(_of_lines(path, read))
        if rows is None:
            yield pd.read_csv(path, **options)
            return
        with pd.read_csv(path, **options, chunksize=rows) as parts:
            yield from parts


def _check(problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise TableError("; ".join(found))


def _of_header(names: Sequence[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1 and name:  # those without a name get one by their place
            yield f"{times} columns are named {name!r}: rename all but one"


def _of_lines(path: str | Path, read: Read) -> Iterator[str]:
    """Yield what pandas would read without a word: names twice, rows cut off, zero bytes."""
    utf8 = codecs.lookup(read.encoding).name == "utf-8"
    encoding = "utf-8-sig" if utf8 else read.encoding  # as pandas does, without a mark of order
    csv.field_size_limit(2**31 - 1)
    short, zero = [], []
    with get_handle(str(path), "r", encoding=encoding, compression="infer") as opened:
        every = csv.reader(opened.handle, delimiter=read.delimiter, skipinitialspace=True)
        lines = (line for line in every if len(line) > 1 or "".join(line).strip())
        header = next(lines, [])
        yield from _of_header(header)
        if "\0" in "".join(header):
            zero.append(0)
        for row, line in enumerate(lines, start=1):
            if len(line) < len(header):
                short.append(row)
            if "\0" in "".join(line):
                zero.append(row)
    if short and not zero:
        yield (
            f"{len(short)} rows have fewer cells than the header has names, {_rows(short)}: "
            "complete them (an empty cell counts)"
        )
    if zero:
        yield (
            f"zero bytes stand in {_rows(zero)}, and what follows one would be lost: take them "
            "out, or, where the file is UTF-16, say so by `read.encoding` in data/schema.yaml"
        )


def _rows(places: list[int]) -> str:
    told = ", ".join(str(row) if row else "the header" for row in places[:_LISTED])
    return f"rows {told}" + ", …" * (len(places) > _LISTED)
