"""dvc-synth history: generation by generation, is synthetic data eating its own tail."""

import argparse
import json
from pathlib import Path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "revision", nargs="?", default="HEAD", metavar="REV", help="the last commit (default: HEAD)"
    )
    parser.add_argument(
        "--last", type=_positive, metavar="N", help="show only the last N generations; all are "
        "looked at",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print a line for each batch of each generation; 1 where the last one looks like collapse."""
    from ..lineage import repository
    from ..lineage.history import chronicle, generations

    every = generations.read(repository.find(Path.cwd()), given.revision)
    warned = generations.warnings(every)
    now = [one for one in warned if one.commit == every[-1].commit]
    shown = every[-given.last :] if given.last else every
    if given.json:
        told = {"attention": bool(now), **chronicle.plain(shown, warned)}
        print(json.dumps(told, indent=2, allow_nan=False))
    else:
        print(chronicle.text(shown, warned), end="")
    return 1 if now else 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number of generations: {text!r}")
    return int(text)
