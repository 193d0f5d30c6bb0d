"""dvc-synth check: whether all that must hold does, and whether something asks for a new run."""

import argparse
import json
import math
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..lineage.terminal import printable

_WIDTH = 100  # columns
_HOLDS = {True: "holds", False: "fails", None: "unknown"}
_FIRED = {True: "fired", False: "quiet", None: "unknown"}


class _Line(NamedTuple):
    """A line of the page."""

    state: str
    bad: bool
    name: str
    evidence: str
    answer: str


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "--metric", type=_finite, metavar="NUMBER",
        help="the brief's metric as measured in production; not looked at where it is not given",
    )  # fmt: skip
    parser.add_argument(
        "--ci", action="store_true",
        help="for a job: a line for each, those that fail as annotations on GitHub; the remote is "
        "not asked, so that no key is needed; data that is not at hand is no failure, as always",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print each condition and trigger, and return 1 where one fails or fired."""
    from ..lineage import repository
    from ..lineage.check import conditions, ground, triggers

    at = ground.survey(repository.find(Path.cwd()), metric=given.metric)
    fired = triggers.look(at)  # first: a metric that cannot be one is told before anything is read
    held = conditions.look(at, online=not given.ci)
    well = not any(one.holds is False for one in held) and not any(one.fired for one in fired)
    if given.json:
        told = {
            "well": well,
            "conditions": [one._asdict() for one in held],
            "triggers": [one._asdict() for one in fired],
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0 if well else 1

    must = [_Line(_HOLDS[one.holds], one.holds is False, *_texts(one)) for one in held]
    asks = [_Line(_FIRED[one.fired], bool(one.fired), *_texts(one)) for one in fired]
    if given.ci:
        print(*map(_annotated, [*must, *asks]), sep="\n")
    else:
        print(*_page(must, asks), sep="\n")
    return 0 if well else 1


def _page(must: list[_Line], asks: list[_Line]) -> Iterator[str]:
    failing = list(dict.fromkeys(one.name for one in must if one.bad))
    calling = [one.name for one in asks if one.bad]
    width = max(len(one.name) for one in [*must, *asks]) + 2
    yield f"What must hold{f': {len(failing)} to mend' if failing else ''}"
    yield from (_wrapped(one, width) for one in must)
    yield f"\nWhat asks for a new run{f': {len(calling)} fired' if calling else ': nothing'}"
    yield from (_wrapped(one, width) for one in asks)


def _wrapped(one: _Line, width: int) -> str:
    start = f"  {one.state:<9}{one.name:<{width}}"
    text = textwrap.fill(
        one.evidence, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    # A command stays on one line, so that it can be copied.
    return f"{text}\n{' ' * len(start)}$ {one.answer}" if one.answer else text


def _annotated(one: _Line) -> str:
    """Return a line for a log, which GitHub shows beside the change where it is bad."""
    answer = f" $ {one.answer}" if one.answer else ""
    if one.bad and os.environ.get("GITHUB_ACTIONS") == "true":
        said = f"{one.state}: {one.evidence}{answer}".replace("%", "%25")
        return f"::error title=dvc-synth check {one.name}::{said}"
    return f"{one.state} {one.name}: {one.evidence}{answer}"


def _texts(one: Any) -> tuple[str, str, str]:
    """Return name, evidence and answer, each on one line and fit for a terminal."""
    evidence = " ".join(one.evidence.split())
    return one.name, printable(evidence), printable(one.answer)


def _finite(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"not a number: {text!r}")
    return found
