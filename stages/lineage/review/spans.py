"""Texts from the repository as Markdown that cannot act: code spans, cells and blocks."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from ...lib.report import document
from ...lib.words import listed

NONE = "–"
SHOWN = 12  # rows of a table before it is folded, and names in a list
_MOST = 100  # rows of a table at all
_LINES = 20  # of a commit's message
_LONG = 300  # characters of a name


def table(titles: list[str], rows: list[list[str]], *, numbers: int | None = None) -> str:
    """Return a table, folded where it is long; from the column `numbers` on to the right."""
    first = len(titles) if numbers is None else numbers
    rule = ["---" if place < first else "---:" for place in range(len(titles))]
    lines = [_line(titles), _line(rule, ""), *map(_line, rows[:_MOST])]
    text = "\n".join(lines).replace("| --- |", "|---|")
    if len(rows) > _MOST:
        text += f"\n\nand {len(rows) - _MOST:,} more; `--json` has them all."
    if len(rows) <= SHOWN:
        return text
    return f"<details><summary>{len(rows):,} lines</summary>\n\n{text}\n\n</details>"


def _line(cells: Iterable[str], edge: str = " ") -> str:
    return "|" + "|".join(f"{edge}{one}{edge}" for one in cells) + "|"


def names(given: Sequence[str]) -> str:
    """Return "`a`, `b` and 3 more"."""
    more = [f"{len(given) - SHOWN} more"] if len(given) > SHOWN else []
    return listed([*map(name, given[:SHOWN]), *more])


def name(text: Any) -> str:
    """Return a text from the repository as a code span without what nobody sees."""
    return document.code(_visible(str(text))[:_LONG])


def cell(text: Any) -> str:
    """Return a text for a table's cell, a dash for none."""
    return NONE if text is None else document.cell(_visible(str(text))[:_LONG])


def digest(value: str | None) -> str:
    """Return the beginning of a hash."""
    return NONE if value is None else cell(f"{value[:16]}…")


def whole(value: int | None) -> str:
    """Return a count, a dash for none."""
    return NONE if value is None else f"{value:,}"


def fenced(text: str) -> str:
    """Return a commit's message as a block that nothing in it can end."""
    lines = [_visible(line)[:200] for line in text.strip().splitlines()]
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    more = [f"({len(lines) - _LINES} more lines)"] if len(lines) > _LINES else []
    return "\n".join([f"{fence}text", *lines[:_LINES], *more, fence])


def _visible(text: str) -> str:
    """Return a text without control letters and those that turn the direction of others."""
    return "".join(
        " " if letter in "\n\r\t" else letter
        for letter in text
        if letter in "\n\r\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Zl", "Zp")
    )
