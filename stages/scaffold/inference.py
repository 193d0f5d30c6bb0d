"""What the columns of a table seem to be: kinds, roles, ranges, and markers of missing values.

Nothing is certain here: a person reads the schema that comes of it. What is said of a column holds
counts and names of columns, never a value of it.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..lib.base.errors import TableError, listed, nearest
from ..lib.tables.schema import Column
from . import cells
from .cells import AMONG_NUMBERS, MARKERS, Cells

CLASSES = 100  # that a model is asked to tell apart, at most
NUMBERED = 10  # different whole numbers of a target that are classes, at most
LISTED = 50  # categories that the schema lists; of more, new ones are less of a surprise
LEVELS = 250  # categories of a feature; boosting bins no more than 255
REPEATED = 30  # different numbers that are taken to repeat: codes, years of school
DATED = 20  # different dates that rows can be split by, at least
SHARED = 10  # rows that hold an extreme, at least, for it to be nobody's own
_MOSTLY = 0.9  # the share of numbers above which the other cells are taken for mistakes
_EXACT = 2.0**53  # integers above this lose digits in a float64

_ID = re.compile(r"(^|[\W_])(id|ids|idx|index|key|uuid|guid|rowid|row|instant|serial)$", re.I)
_CAMEL_ID = re.compile(r"[a-z](Id|ID|Key)$")
_TIME = re.compile(r"date|time|day|month|period|created|issued|dteday|when", re.I)
_BORN = re.compile(r"birth|born|dob", re.I)
# Special categories of personal data (GDPR, article 9) and what names or reaches a person.
_SENSITIVE = re.compile(
    r"(^|[\W_])(race|rac1p|ethnic\w*|hispanic\w*|ancestry|sex|gender|religion\w*|faith|caste|"
    r"nationality|native[\W_]?country|citizen\w*|disab\w*|sexual[\W_]orientation|political\w*|"
    r"pregnan\w*|hiv|diagnos\w*|genetic\w*|biometric\w*|"
    r"(first|last|full|maiden|customer|patient|user)[\W_]?name|surname|e?[\W_]?mail|phone|mobile|ssn|"
    r"passport|iban|address|street|birth\w*|dob|born)($|[\W_\d])"
    r"|^name$",
    re.I,
)


class Guess(NamedTuple):
    """What a column seems to be, and why."""

    column: Column
    why: str = ""  # for a comment; "" where the column speaks for itself
    doubt: str = ""  # what a person should look at before they rely on it


class Inferred(NamedTuple):
    """What a table seems to be."""

    columns: dict[str, Guess]  # by name, in the table's order
    missing: tuple[str, ...]  # markers of missing values, besides the empty cell
    decimal: str  # what stands before the decimals of a number


class _Looked(NamedTuple):
    """A column's cells without markers, and what they are as numbers."""

    cells: Cells
    numbers: np.ndarray  # shape (texts,), NaN where a cell is none
    rows: int

    @property
    def distinct(self) -> int:
        return len(self.cells.texts)

    @property
    def numeric(self) -> bool:
        return self.distinct > 0 and bool(np.isfinite(self.numbers).all())

    @property
    def integer(self) -> bool:
        return cells.whole(self.cells) and bool((np.abs(self.numbers) < _EXACT).all())

    @property
    def missing(self) -> bool:
        return bool((self.cells.codes < 0).any())


def infer(raw: pd.DataFrame, target: str, *, categorical: Collection[str] = ()) -> Inferred:
    """Return what the columns of a table of text cells seem to be.

    `target` is what models are to predict; `categorical` names columns that the file itself calls
    categories. Raises TableError where the target cannot be learned, or nothing is left to learn
    from.
    """
    names = list(raw.columns)
    if target not in names:
        raise TableError(
            f"there is no column {target!r} to predict; {nearest(target, names)}{_headless(names)}"
        )
    every = {name: cells.of(raw[name]) for name in names}
    decimal = _decimal(every.values())
    numbers = {name: cells.numbers(own, decimal) for name, own in every.items()}
    markers = _markers(every, numbers, categorical)
    looked = {name: _look(own, numbers[name], markers) for name, own in every.items()}
    labelled = looked[target].cells.codes >= 0
    guesses = {
        name: _target(name, own, name in categorical)
        if name == target
        else _column(name, own, name in categorical)
        for name, own in looked.items()
    }
    guesses = _one_of_a_role(guesses, looked)
    _some_feature(guesses, int(labelled.sum()))
    return Inferred(guesses, tuple(sorted(markers)), decimal)


def _headless(names: list[str]) -> str:
    """Say so where the header seems to be a row."""
    first = cells.numbers(cells.of(pd.Series(names, dtype=object).astype(str)))
    return (
        " (the first line holds numbers alone: add a header line above it)"
        if np.isfinite(first).all()
        else ""
    )


def _decimal(every: Collection[Cells]) -> str:
    """Return "," where numbers are written with it, and none with a point."""
    comma = re.compile(r"[+-]?\d+,\d+")
    with_comma = [own for own in every if any("," in text for text in own.texts)]
    known = [cells.take(own, cells.none_of(own, AMONG_NUMBERS)) for own in with_comma]
    written = any(
        own.texts and all(comma.fullmatch(text) or text.isdecimal() for text in own.texts)
        for own in known
    )
    if not written:
        return "."
    pointed = any(
        any("." in text for text in own.texts) and np.isfinite(cells.numbers(own)).all()
        for own in every
    )
    return "." if pointed else ","


def _markers(
    every: Mapping[str, Cells], numbers: Mapping[str, np.ndarray], categorical: Collection[str]
) -> set[str]:
    """Return the cells that stand for a missing value, in any column."""
    found: set[str] = set()
    for name, own in every.items():
        found |= set(MARKERS).intersection(own.texts)
        suspects = set(AMONG_NUMBERS).intersection(own.texts)
        if name in categorical or not suspects:
            continue
        kept = cells.none_of(own, suspects)
        numeric = kept.sum() > NUMBERED and np.isfinite(numbers[name][kept]).all()
        if numeric or (kept.any() and cells.are_dates(cells.take(own, kept))):
            found |= suspects
    return found


def _look(own: Cells, numbers: np.ndarray, markers: set[str]) -> _Looked:
    kept = cells.none_of(own, markers)
    return _Looked(cells.take(own, kept), numbers[kept], len(own.codes))


def _target(name: str, own: _Looked, category: bool) -> Guess:
    if own.distinct < 2:
        raise TableError(
            f"the target {name!r} has {own.distinct} values besides missing ones; a model needs "
            "two or more to tell apart"
        )
    counted = own.numeric and own.distinct > (NUMBERED if own.integer else 2)
    if counted and not category:
        return Guess(_number(own, role="target"), f"{own.distinct:,} different numbers")
    if own.distinct > CLASSES:
        raise TableError(
            f"the target {name!r} has {own.distinct:,} classes in {own.rows:,} rows; up to "
            f"{CLASSES} are told apart: group them, or choose another target"
        )
    fewest = int(own.cells.counts.min())
    doubt = f"the rarest of {own.distinct} classes has {fewest:,} rows" if fewest < 50 else ""
    sensitive = bool(_SENSITIVE.search(name))
    column = _category(own, role="target", sensitive=sensitive)
    return Guess(column, f"{own.distinct} classes", doubt)


def _column(name: str, own: _Looked, category: bool) -> Guess:
    sensitive = bool(_SENSITIVE.search(name))
    rows = int((own.cells.codes >= 0).sum())
    if own.distinct < 2:
        told = "it is empty" if own.distinct == 0 else "it has one value"
        return Guess(Column(role="ignore", sensitive=sensitive), told)
    if name == "" or name.startswith("Unnamed:"):
        return Guess(Column(role="ignore"), "a column without a name, as row numbers have")
    if category:
        return _of_categories(own, sensitive)
    named = bool(_ID.search(name) or _CAMEL_ID.search(name))
    if own.distinct == rows and (named or _is_sequence(own) or _is_code(own)):
        return Guess(Column(role="id", sensitive=sensitive), "every row has its own")
    if named and own.distinct > max(LEVELS, rows // 20):
        told = f"{own.distinct:,} different ones; its rows stay together in the split"
        return Guess(Column(role="group", sensitive=sensitive), told)
    if own.numeric:
        return Guess(_number(own, sensitive=sensitive))
    if cells.are_dates(own.cells):
        return _date(name, own, sensitive)
    numeric = float(own.cells.counts[np.isfinite(own.numbers)].sum()) / rows
    if _MOSTLY <= numeric < 1 and own.distinct > REPEATED:
        doubt = f"numbers, but for {round(rows * (1 - numeric)):,} cells; mend them to use it"
        return Guess(Column(role="ignore", sensitive=sensitive), doubt, doubt)
    return _of_categories(own, sensitive)


def _of_categories(own: _Looked, sensitive: bool) -> Guess:
    rows = int(own.cells.counts.sum())
    length = float(np.average([len(text) for text in own.cells.texts], weights=own.cells.counts))
    if own.distinct > max(20, rows // 2) and length > 20:
        return Guess(
            Column(role="ignore", sensitive=sensitive), "free text, which no model here reads"
        )
    if own.distinct > min(LEVELS, max(20, rows // 4)):
        told = f"{own.distinct:,} different values, too many for a category"
        return Guess(Column(role="ignore", sensitive=sensitive), told)
    return Guess(_category(own, sensitive=sensitive))


def _category(own: _Looked, *, sensitive: bool, role: str = "feature") -> Column:
    shown = None if sensitive or own.distinct > LISTED else tuple(sorted(own.cells.texts))
    return Column.model_validate(
        {
            **{"kind": "category", "role": role, "categories": shown, "sensitive": sensitive},
            "missing": own.missing,
        }
    )


def _number(own: _Looked, *, role: str = "feature", sensitive: bool = False) -> Column:
    bounds: tuple[float | None, float | None] = (None, None)
    if role != "target" and not sensitive:
        bounds = _range(own.numbers, own.cells.counts)
    return Column.model_validate(
        {
            **{"kind": "integer" if own.integer else "number", "role": role},
            **{"min": bounds[0], "max": bounds[1], "sensitive": sensitive},
            "missing": own.missing,
            "discrete": role != "target" and own.distinct <= REPEATED,
        }
    )


def _range(values: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Return the extremes that many rows share, else round numbers beyond them."""
    low, high = float(values.min()), float(values.max())
    step = 10.0 ** np.floor(np.log10(high - low)) if high > low else 1.0
    rounded = np.floor(low / step) * step, np.ceil(high / step) * step
    lower, upper = (float(f"{bound:.10g}") for bound in rounded)
    return (
        low if counts[values == low].sum() >= SHARED else min(lower, low),
        high if counts[values == high].sum() >= SHARED else max(upper, high),
    )


def _date(name: str, own: _Looked, sensitive: bool) -> Guess:
    if _BORN.search(name):
        told = "a date of birth is no time to split by, and no model here reads it"
        return Guess(Column(kind="date", role="ignore", sensitive=True), told)
    if not cells.year_comes_first(own.cells):
        told = "dates whose day and month may be mistaken; write the year first to split by them"
        return Guess(Column(kind="date", role="ignore", sensitive=sensitive), told, told)
    if own.distinct < DATED:
        told = f"{own.distinct} different dates are too few to split by"
        return Guess(Column(kind="date", role="ignore", sensitive=sensitive), told)
    column = Column(kind="date", role="time", missing=own.missing, sensitive=sensitive)
    return Guess(column, "the latest rows become the holdout, as the model will meet later ones")


def _is_sequence(own: _Looked) -> bool:
    """Return whether the rows are numbered, upwards by one."""
    if not own.numeric or not own.integer or (own.cells.codes < 0).any():
        return False
    return bool((np.diff(own.numbers[own.cells.codes]) == 1).all())


def _is_code(own: _Looked) -> bool:
    """Return whether cells are names of rows: short, one word, as no number or prose is."""
    short = all(len(text) <= 40 and " " not in text for text in own.cells.texts)
    return short and not np.isfinite(own.numbers).mean() > 1 - _MOSTLY


def _one_of_a_role(guesses: dict[str, Guess], looked: Mapping[str, _Looked]) -> dict[str, Guess]:
    """Leave a schema's one group and one time to the columns that fit best."""
    times = [name for name, one in guesses.items() if one.column.role == "time"]
    by_fit = sorted(times, key=lambda name: (not _TIME.search(name), -looked[name].distinct))
    groups = [name for name, one in guesses.items() if one.column.role == "group"]
    found = dict(guesses)
    for name in by_fit[1:]:
        other = Column(kind="date", role="ignore", sensitive=guesses[name].column.sensitive)
        found[name] = Guess(other, f"rows are split by {by_fit[0]!r}")
    for name in groups[1:]:
        other = Column(role="ignore", sensitive=guesses[name].column.sensitive)
        found[name] = Guess(other, f"rows are kept together by {groups[0]!r}")
    return found


def _some_feature(guesses: Mapping[str, Guess], rows: int) -> None:
    if any(one.column.role == "feature" for one in guesses.values()):
        return
    told = [f"{name!r}: {one.why}" for name, one in guesses.items() if one.column.role != "target"]
    raise TableError(
        listed(
            "no column is left to learn from: the tables that this works on have numbers or "
            "categories beside the target",
            told or ["there is no other column"],
        )
    )
