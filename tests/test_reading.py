"""How a table is to be read: odd separators, encodings and compressions."""

import bz2
import gzip
import lzma
import zipfile

import pandas as pd
import pytest

from stages.lib.base.errors import TableError
from stages.lib.tables import raw
from stages.scaffold import reading

TABLE = "name,amount\nÅsa,1\nБорис,2\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter(tmp_path, delimiter):
    """The delimiter is what cuts all lines into as many cells, not what stands in some."""
    path = tmp_path / "t.csv"
    path.write_text(TABLE.replace(",", delimiter) + f'"a; b, c"{delimiter}3\n', encoding="utf-8")
    assert reading.sniff(path).delimiter == delimiter


def test_decimal_commas_are_no_delimiter(tmp_path):
    """In a table of decimal commas the semicolon separates."""
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n1,5;2,5;x\n3,5;4,5;y\n")
    assert reading.sniff(path).delimiter == ";"


def test_one_column(tmp_path):
    """Where nothing separates, the comma is named, which is the default."""
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n2\n")
    assert reading.sniff(path).delimiter == ","


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-32", "cp1252"]
)
def test_encoding(tmp_path, encoding):
    """Whatever the encoding, the cells that are read with it are the ones that were written."""
    path, text = tmp_path / "t.csv", TABLE if encoding != "cp1252" else "naïve,é\ncafé,crème\n" * 40
    content = (
        b"\xff\xfe" + text.encode("utf-16-le")
        if encoding == "utf-16-le-bom"
        else text.encode(encoding)
    )
    path.write_bytes(content)
    found = raw.cells(path, reading.sniff(path))
    first = text.splitlines()
    assert ",".join(found.columns) == first[0]
    assert ",".join(found.iloc[0]) == first[1]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zip"])
def test_compression(tmp_path, ending):
    """Compressed files are looked into."""
    path, content = tmp_path / f"t.csv{ending}", TABLE.replace(",", ";").encode("utf-16")
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("t.csv", content)
    else:
        packed = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[ending](content)
        path.write_bytes(packed)
    found = reading.sniff(path)
    assert (found.delimiter, found.encoding) == (";", "utf-16")
    assert len(raw.cells(path, found)) == 2


@pytest.mark.parametrize("format", ["parquet", "xlsx"])
def test_formats_that_say_it_themselves(tmp_path, format):
    """Parquet and Excel are read as they are, an empty cell missing in both."""
    path, frame = tmp_path / f"t.{format}", pd.DataFrame({"a": ["x", None], "b": ["1", "2"]})
    frame.to_parquet(path) if format == "parquet" else frame.to_excel(path, index=False)
    assert raw.cells(path, reading.sniff(path)).to_numpy().tolist() == [["x", "1"], ["", "2"]]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"\n\n", "is empty"),
        ("t.csv", b"a,b\n1,\x00\n", "zero bytes"),
        ("t.csv.gz", b"no gzip", "cannot be read"),
        ("t.csv.gz", gzip.compress(TABLE.encode(), mtime=0)[:20], "cannot be read"),
        ("t.csv.zip", b"PK no zip", "cannot be read"),
    ],
)
def test_what_is_no_table(tmp_path, name, content, said):
    """A file that is no text, or has nothing in it, is told in a sentence."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError, match=said):
        reading.sniff(path)
