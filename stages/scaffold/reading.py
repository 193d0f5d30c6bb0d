"""How a table that nobody has described is to be read: its encoding, and what separates cells."""

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..lib.base.errors import TableError
from ..lib.tables import raw
from ..lib.tables.schema import Read

DELIMITERS = (",", ";", "\t", "|")
_OPEN: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
_MARKS = {  # the encoding that a byte-order mark gives away; the longer marks first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_EUROPEAN = ("cp1250", "cp1252", "latin_1", "iso8859_1", "iso8859_2", "iso8859_15", "cp1257")
CERTAIN = ("utf-8", "utf-8-sig", "utf-16", "utf-32")  # encodings that are no guess
_CHUNK = 1 << 20
_LINES = 200  # that are looked at for what separates cells


class _Text(NamedTuple):
    encoding: str
    lines: list[str]  # the first ones


def sniff(path: Path) -> Read:
    """Return how to read a table: by the whole file's bytes, and by its first lines.

    The delimiter is the one that cuts most lines into as many cells, two or more, as the header.
    Raises TableError where the file is no text, or has not even a header.
    """
    if path.suffix in raw.KINDS:  # formats that say themselves how they are read
        return Read()
    text = _text(path)
    if not text.lines:
        raise TableError(f"{path} is empty; a header and rows are needed")
    return Read(encoding=text.encoding, delimiter=_delimiter(text.lines))


def _text(path: Path) -> _Text:
    try:
        with _open(path) as stream:
            begin = stream.read(_CHUNK)
            encoding = next((own for mark, own in _MARKS.items() if begin.startswith(mark)), "")
            if not encoding:
                encoding = "utf-8" if _is_utf8(begin, stream) else _guessed(path, begin)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}") from None
    if b"\0" in begin and not encoding.startswith(("utf-16", "utf-32")):
        raise TableError(
            f"{path} holds zero bytes, so it is no text; hand in CSV (also compressed), Parquet "
            "or Excel"
        )
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(begin)
    return _Text(encoding, text.lstrip("\r\n").splitlines(keepends=True)[:_LINES])


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".zip":
        archive = zipfile.ZipFile(path)
        if len(archive.namelist()) != 1:
            raise ValueError("a ZIP archive must hold one file")
        return archive.open(archive.namelist()[0])
    return _OPEN.get(path.suffix, Path.open)(path, "rb")


def _is_utf8(begin: bytes, rest: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(begin)
        while chunk := rest.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(path: Path, begin: bytes) -> str:
    """Return the likeliest encoding of bytes that are no UTF-8.

    Between the alphabets of western and central Europe too few letters tell: the western is taken.
    """
    from charset_normalizer import from_bytes

    best = from_bytes(begin).best()
    if best is None:
        raise TableError(f"{path}: its encoding cannot be told; save it as UTF-8, or as Parquet")
    return "cp1252" if best.encoding in _EUROPEAN else best.encoding


def _delimiter(lines: list[str]) -> str:
    """Return what cuts the most lines into as many cells as the header; a comma where none does."""

    def agreeing(delimiter: str) -> tuple[float, int]:
        found = csv.reader(io.StringIO("".join(lines)), delimiter=delimiter)
        try:
            widths = [len(row) for row in found if row]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return Counter(widths)[widths[0]] / len(widths), widths[0]

    best = max(DELIMITERS, key=agreeing)
    return best if agreeing(best) > (0.0, 0) else ","
