"""Markdown of headings and tables."""

from collections.abc import Iterable, Sequence

MADE = "<!-- Made from the code by `make docs`; edit it there. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell does not end it."""
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *lines])


def page(title: str, *parts: str) -> str:
    """Return a page of paragraphs, tables and headings."""
    return "\n\n".join([f"# {title}", MADE, *filter(None, parts)]) + "\n"


def listed(names: Iterable[str], word: str = "or") -> str:
    """Return names as code, the last one behind a word."""
    *first, last = [f"`{name}`" for name in names]
    return f"{', '.join(first)} {word} {last}" if first else last
