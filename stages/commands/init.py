"""dvc-synth init: set a project up for a table of one's own."""

import argparse
import sys
from pathlib import Path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "table", nargs="?", type=Path, metavar="TABLE",
        help="the real table: CSV (also compressed), Parquet or Excel; one that lies elsewhere is "
        "copied into data/",
    )  # fmt: skip
    parser.add_argument("--target", metavar="COLUMN", help="what models are to predict")
    parser.add_argument(
        "--interactive", action="store_true", help="ask the questions of the brief now"
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite files that are there, and say which"
    )
    parser.add_argument(
        "--example", action="store_true", help="set the example up instead, census data and all"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Write the project, and say in five lines what was decided."""
    from ..lib.base.errors import DvcSynthError
    from ..scaffold import project, setup

    if given.example == bool(given.table or given.target) or bool(given.table) != bool(
        given.target
    ):
        raise DvcSynthError(
            "dvc-synth init takes TABLE --target COLUMN, or --example; for instance\n"
            "  dvc-synth init customers.csv --target churned"
        )
    place = project.find(Path.cwd())
    if given.example:
        told = setup.example(place, force=given.force)
    else:
        ask = _ask if given.interactive else None
        told = setup.own(place, given.table, given.target, force=given.force, ask=ask)
    print(*told, sep="\n")
    return 0


def _ask(question: str, default: str) -> str:
    """Return a person's answer, the default where they give none."""
    print(f"{question} [{default}] " if default else f"{question} ", end="", flush=True)
    line = sys.stdin.readline()
    if not line:
        from ..lib.base.errors import DvcSynthError

        raise DvcSynthError("the questions ended before they were answered; nothing was written")
    return line.strip() or default
