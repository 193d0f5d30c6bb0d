"""HANDOFF.md, report.html and DVC's page of plots, from their templates."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import words

FOLDER = Path(__file__).parent / "templates"

# What is escaped already is not escaped again: that would undo it.
_TAG = re.compile(r"(\\*)(<)(?=[A-Za-z/!?])")
_DEFINITION = re.compile(r"(?<=\])(\\*)(:)")

_TURNS = {mark: f"\\u{mark:04x}" for mark in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def markdown(**told: Any) -> str:
    """Return HANDOFF.md."""
    env = _environment(autoescape=False)
    env.filters |= {"cell": cell, "code": code, "plain": plain}
    env.filters |= {"quote": quote, "quotation": quotation}
    return env.get_template("handoff.md.j2").render(told)


def html(**told: Any) -> str:
    """Return report.html, a page that needs nothing beside it."""
    return _environment(autoescape=True).get_template("report.html.j2").render(told)


def plots(library: str) -> str:
    """Return the page that DVC puts its plots into; its placeholders stay."""
    return _environment(autoescape=True).get_template("plots.html.j2").render(library=library)


def code(name: Any) -> str:
    """Return a name from the data as a Markdown code span, whatever it holds."""
    text = " ".join(str(name).split())
    longest = max((len(run) for run in _runs(text, "`")), default=0)
    fence = "`" * (longest + 1)
    edge = " " if not text or text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{edge}{text}{edge}{fence}"


def cell(name: Any) -> str:
    """Return a name as a code span that cannot end a table's cell."""
    return code(name).replace("|", "\\|")


def plain(text: Any) -> str:
    """Return one line of a person's text with nothing in it that Markdown would act on."""
    line = " ".join(str(text).split())
    escaped = "".join(f"\\{letter}" if letter in "\\`*_<>|#&~" else letter for letter in line)
    escaped = re.sub(r"\](?=[(\[:])", r"\\]", escaped)  # brackets act only as part of a link
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", escaped)  # lists and rules begin a line


def quote(text: str) -> str:
    """Return a person's text as a Markdown quotation, line by line."""
    return "\n".join(f"> {plain(line)}".rstrip() for line in text.strip().splitlines())


def quotation(lines: Sequence[str]) -> str:
    """Return a person's lines as a Markdown quotation, as they are but for what would get out.

    Lists, code, headings and rules stay inside by themselves. An HTML tag or comment would not,
    nor would the definition of a link or a footnote, which holds for the whole document: both
    are written as the text that they are.
    """
    return "\n".join(
        f"> {_DEFINITION.sub(_escaped, _TAG.sub(_escaped, line))}".rstrip() for line in lines
    )


def _environment(*, autoescape: bool) -> Environment:
    env = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_seen,
    )
    env.filters |= {"number": words.number, "interval": words.interval, "listed": words.listed}
    return env


def _seen(value: Any) -> Any:
    """Return a text whose letters stand in the order in which they are read.

    Marks that turn the direction of writing would reach beyond the name that they are in.
    """
    return value.translate(_TURNS) if isinstance(value, str) else value


def _runs(text: str, letter: str) -> list[str]:
    """Return the unbroken runs of a letter."""
    return [run for run in "".join(c if c == letter else " " for c in text).split(" ") if run]


def _escaped(found: re.Match[str]) -> str:
    slashes, letter = found.groups()
    return f"{slashes}{'' if len(slashes) % 2 else chr(92)}{letter}"
