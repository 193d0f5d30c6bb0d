"""The scaffolded files of a project, brought to the version that is installed."""

from pathlib import Path
from typing import NamedTuple

from ..lib.base import files
from ..lib.base.errors import LineageError, listed
from ..lineage import repository
from ..lineage.repository import Repository
from . import sums, template
from .sums import Sums


class Upgrade(NamedTuple):
    """What an upgrade does to a project; paths in POSIX form."""

    before: str | None  # the version that the project has, None where it does not say
    after: str
    added: list[str]
    changed: list[str]
    removed: list[str]  # what the new version no longer has
    edited: list[str]  # of those changed or removed, what the user had committed edits of
    kept: list[str]  # files in stages/ that never came from dvc-synth


def plan(repo: Repository) -> Upgrade:
    """Return what an upgrade would do.

    Raises LineageError where that would lose edits that git does not have, and where stages/ is
    the source of dvc-synth itself.
    """
    if (repo.project / "stages/commands").is_dir():
        raise LineageError(f"{repo.project}: stages/ is the source of dvc-synth; `git pull` it")
    new, old = template.code(), _recorded(repo.project)
    now = {path: _content(repo.project, path) for path in {*new, *old.files}}
    gone = sorted(path for path in old.files.keys() - new if now[path] is not None)
    differing = [path for path in new if now[path] not in (new[path], None)]
    edited = [
        path
        for path in [*differing, *gone]
        if path in old.files and sums.digest(now[path] or b"") != old.files[path]
    ]
    # Without a list of what came from here nothing is known to be as it came.
    unsaved = [
        path
        for path in [*differing, *gone]
        if path != sums.PATH
        if path in edited or path not in old.files
        if repository.read(repo, "HEAD", path) != now[path]
    ]
    if unsaved:
        raise LineageError(
            listed("an upgrade would lose what is not committed", unsaved)
            + "\nNothing was written. Commit these, or bring them back with `git checkout`."
        )
    return Upgrade(
        before=old.version,
        after=sums.installed(),
        added=[path for path in new if now[path] is None],
        changed=differing,
        removed=gone,
        edited=edited,
        kept=sorted(_within(repo.project / "stages", repo.project) - {*new, *old.files}),
    )


def run(repo: Repository, planned: Upgrade) -> None:
    """Do what was planned; the list of what came from here is written last."""
    new = template.code()
    for path in planned.removed:
        (repo.project / path).unlink()
    for path in [*planned.added, *planned.changed]:
        if path != sums.PATH:
            _write(repo.project / path, new[path])
    _write(repo.project / sums.PATH, new[sums.PATH])


def _recorded(project: Path) -> Sums:
    """Return what came from dvc-synth, as far as it lies where that puts things."""
    found = sums.read(_content(project, sums.PATH) or b"")
    inside = {
        path: digest
        for path, digest in found.files.items()
        if path.startswith(("stages/", ".dvc/plots")) or path == "dvc.yaml"
        if ".." not in path.split("/")
    }
    return found._replace(files=inside)


def _content(project: Path, path: str) -> bytes | None:
    """Return a file's content, None where there is none; raises LineageError where it is none."""
    found = project / path
    if found.is_dir() or not found.resolve().is_relative_to(project.resolve()):
        raise LineageError(f"{path} is no file of this project; move it away")
    return found.read_bytes() if found.is_file() else None


def _within(folder: Path, project: Path) -> set[str]:
    """Return the files below a folder that a person could have put there."""
    return {
        path.relative_to(project).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _write(path: Path, content: bytes) -> None:
    with files.replacing(path) as temporary:
        temporary.write_bytes(content)
