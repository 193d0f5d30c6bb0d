"""dvc-synth check: whether something asks for a new run."""

import argparse
import json
import math
import textwrap
from pathlib import Path

_WIDTH = 100  # columns
_STATES = {True: "fired", False: "quiet", None: "unknown"}


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "--metric", type=_finite, metavar="NUMBER",
        help="the brief's metric as measured in production; not looked at where it is not given",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print each trigger, and return 1 where one fired."""
    from ..lineage import repository, triggers
    from ..lineage.triggers import Trigger

    found = triggers.look(repository.find(Path.cwd()), metric=given.metric)
    fired = [one for one in found if one.fired]
    if given.json:
        told = {"well": not fired, "triggers": [one._asdict() for one in found]}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 1 if fired else 0

    width = max(len(one.name) for one in found)

    def line(one: Trigger) -> str:
        start = f"  {_STATES[one.fired]:<9}{one.name:<{width + 2}}"
        text = textwrap.fill(
            one.evidence, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        # A command stays on one line, so that it can be copied.
        return f"{text}\n{' ' * len(start)}$ {one.answer}" if one.answer else text

    print(
        f"{len(fired)} of {len(found)} triggers fired" if fired else "Nothing asks for a new run."
    )
    print(*map(line, found), sep="\n")
    return 1 if fired else 0


def _finite(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"not a number: {text!r}")
    return found
