"""dvc-synth upgrade: the project's stages as the installed version has them."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..lineage import repository
from ..lineage.terminal import printable

if TYPE_CHECKING:
    from ..scaffold.upgrade import Upgrade

_SHOWN = 20  # files of a kind that are named


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Bring the files, say which, and return 1 where params.yaml lacks what they need."""
    from ..lib.base import params
    from ..scaffold import sections, upgrade

    repo = repository.find(Path.cwd())
    planned = upgrade.plan(repo)
    upgrade.run(repo, planned)
    print(*_told(planned), sep="\n")
    problems = sections.problems(repo.project / params.FILE)
    print(*problems, sep="\n", end="\n" * bool(problems))
    return 1 if problems else 0


def _told(done: "Upgrade") -> Iterator[str]:
    if not (done.added or done.changed or done.removed):
        yield f"Nothing to bring: this project has the stages of dvc-synth {done.after}."
        return
    yield f"dvc-synth {done.before or '(an unknown version)'} → {done.after}"
    yield from _listed("added", done.added)
    yield from _listed("changed", done.changed)
    yield from _listed("removed", done.removed)
    yield from _listed("with edits of yours, which `git diff` shows as taken out", done.edited)
    yield from _listed("kept, as they never came from dvc-synth", done.kept)
    yield "Read `git status` and `git diff`, commit, and `dvc repro` runs what changed."


def _listed(what: str, paths: list[str]) -> Iterator[str]:
    if paths:
        yield f"{what}: {len(paths)}"
        yield from (f"  {printable(path)}" for path in paths[:_SHOWN])
        if len(paths) > _SHOWN:
            yield f"  and {len(paths) - _SHOWN} more"
