"""One column of a raw table, each different cell once: what inference looks at."""

import re
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import pandas as pd

# Cells that stand for a missing value wherever they are, and those that do so among numbers or
# dates alone: as a category, `None` or `-` may be an answer.
MARKERS = ("?", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "<NA>", "null", "NULL")
AMONG_NUMBERS = (*MARKERS, "None", "none", "-", "--", ".", "unknown", "Unknown")

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?"
    r"([ T]\d{1,2}(:\d{2}){0,2}(\.\d+)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( \d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?)?"
    r"|(\d{1,2}[- ])?[A-Z][a-z]{2,8}[- ,]+(\d{1,2},? )?\d{4}"
)
_YEAR_FIRST = re.compile(r"\d{4}")


class Cells(NamedTuple):
    """The different cells of a column, blanks around them stripped, none of them missing."""

    texts: list[str]
    counts: np.ndarray  # rows that hold each, shape (texts,)
    codes: np.ndarray  # of each row the place of its cell, -1 where it is missing, shape (rows,)


def of(column: pd.Series) -> Cells:
    """Return the cells of a column of text; empty ones are missing."""
    codes, uniques = pd.factorize(column)
    stripped = np.array([text.strip() or None for text in uniques], object)
    places, texts = pd.factorize(stripped)
    placed = np.append(places, -1)[codes]
    counts = np.bincount(placed[placed >= 0], minlength=len(texts))
    return Cells(list(texts), counts, placed)


def none_of(cells: Cells, markers: Collection[str]) -> np.ndarray:
    """Return which of the different cells are no marker, shape (texts,)."""
    return np.array([text not in markers for text in cells.texts], bool)


def take(cells: Cells, kept: np.ndarray) -> Cells:
    """Return the column with only some of its different cells, the others missing."""
    if kept.all():
        return cells
    places = np.where(kept, kept.cumsum() - 1, -1)
    texts = [text for text, stays in zip(cells.texts, kept, strict=True) if stays]
    return Cells(texts, cells.counts[kept], np.append(places, -1)[cells.codes])


def numbers(cells: Cells, decimal: str = ".") -> np.ndarray:
    """Return the cells as numbers, shape (texts,), NaN where one is none.

    One with a leading zero, as a postcode has, is none.
    """
    texts = cells.texts
    if decimal != ".":
        texts = [text.replace(decimal, ".") for text in texts]
    return np.array([_number(text) for text in texts], float)


def _number(text: str) -> float:
    first = text[0]
    if first.isalpha() and first not in "iInN":  # beside words, infinity and what is not a number
        return np.nan
    if "_" in text or (first == "0" and text[1:2].isdigit()):
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def whole(cells: Cells) -> bool:
    """Return whether every cell is written as a whole number, without a point or an exponent."""
    return all(text.lstrip("+-").isdecimal() for text in cells.texts)


def are_dates(cells: Cells) -> bool:
    """Return whether every cell is written as a date, and is one that pandas can hold."""
    if not cells.texts or not all(_DATE.fullmatch(text) for text in cells.texts):
        return False
    parsed = pd.to_datetime(pd.Series(cells.texts), errors="coerce", format="mixed", utc=True)
    return bool(parsed.notna().all())


def year_comes_first(cells: Cells) -> bool:
    """Return whether dates are written so that days and months cannot be mistaken."""
    return all(_YEAR_FIRST.match(text) or text[:1].isalpha() for text in cells.texts)
