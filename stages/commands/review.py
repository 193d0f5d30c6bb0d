"""dvc-synth review: what a change does to data, gates and results."""

import argparse
import json
from pathlib import Path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "base", nargs="?", metavar="BASE",
        help="what the change goes into, such as origin/main; compared is the commit where HEAD "
        "left it (default: where the work at hand left the main branch)",
    )  # fmt: skip
    parser.add_argument(
        "head", nargs="?", metavar="HEAD", help="the change (default: the working tree)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the review; 1 where something needs attention."""
    from ..lineage import repository
    from ..lineage.review import change, comment

    repo = repository.find(Path.cwd())
    found = change.compare(repo, change.sides(repo, given.base, given.head))
    if given.json:
        told = {"attention": change.fails(found), **change.plain(found)}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print(comment.markdown(found), end="")
    return 1 if change.fails(found) else 0
