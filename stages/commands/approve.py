"""dvc-synth approve: a person's word that they have read a preview, or the schema."""

import argparse
from pathlib import Path

from ..lineage import repository
from ..lineage.terminal import printable


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "name", metavar="BATCH",
        help="the batch whose data/preview/BATCH.csv you have read, or `schema` for "
        "data/schema.yaml",
    )  # fmt: skip
    parser.add_argument("--note", required=True, metavar="TEXT", help="what you looked at and saw")
    parser.add_argument("--who", metavar="NAME", help="who signs (default: git's user.name)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Write reviews/<name>.yaml, and say what it stands for."""
    from ..lib.base.errors import ParamsError
    from ..lib.preview import Review
    from ..signing import approval, person

    repo = repository.find(Path.cwd())
    note = person.line(given.note)
    if not note:
        raise ParamsError("an approval says what was seen: give --note TEXT")
    page, before = approval.page_of(repo, given.name), approval.read(repo, given.name)
    review = Review(who=person.named(repo, given.who), note=note, sha256=page.sha256)
    path = approval.write(repo, given.name, review)
    print(f"{path} approves {page.path} as it is, sha256 {page.sha256[:16]}…; commit it.")
    if before and before.sha256 == page.sha256:
        print(f"It takes the place of what {printable(before.who)} signed for the same page.")
    if given.name == approval.SCHEMA:
        print("An edit of the schema asks for another approval.")
    elif approval.is_required(repo):
        print("`dvc repro` goes on with the batch; another preview asks for another approval.")
    else:
        print("generate would not wait for it: `preview.require_approval` in params.yaml is false.")
    return 0
