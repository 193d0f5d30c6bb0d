"""A project's git repository, read only: files at a commit, and the commits behind them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..lib.errors import LineageError

_FIELDS = "%H%x1f%an%x1f%s%x1f%b%x1e"
_MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class Repository(NamedTuple):
    """Where a project lies in its repository."""

    project: Path  # the folder of dvc.yaml
    inside: str  # the project's path in its repository, "" or with a slash at its end


class Commit(NamedTuple):
    """A commit, as its author wrote it."""

    id: str  # SHA-1 or SHA-256 in full
    author: str
    subject: str
    body: str


def find(folder: Path) -> Repository:
    """Return the repository of the project that `folder` is in.

    Raises LineageError where there is no project, or no git.
    """
    start = folder.resolve()
    project = next((one for one in (start, *start.parents) if (one / "dvc.yaml").is_file()), None)
    if project is None:
        raise LineageError(f"{start}: no dvc.yaml here or above; run this in the project's folder")
    inside = _git(project, "rev-parse", "--show-prefix")
    if inside is None:
        raise LineageError(f"{project} is not in a git repository; this reads git's history")
    return Repository(project, inside.decode().strip())


def resolve(repository: Repository, revision: str) -> str:
    """Return the id of the commit that `revision` names; raises LineageError where none does."""
    found = _git(
        repository.project, "rev-parse", "--verify", "--quiet", "--end-of-options",
        f"{revision}^{{commit}}",
    )  # fmt: skip
    if found is None:
        raise LineageError(
            f"{revision!r} names no commit here; `git fetch` may bring it (a shallow clone has "
            "only its last commits: `git fetch --unshallow`)"
        )
    return found.decode().strip()


def base(repository: Repository) -> str:
    """Return the commit that the work at hand began from.

    That is where it left the main branch, or the last commit where it is on that branch. Raises
    LineageError where there is no commit yet.
    """
    head = resolve(repository, "HEAD")
    for name in _MAIN:
        found = _git(repository.project, "merge-base", head, name)
        if found is not None:
            return found.decode().strip()
    return head


def read(repository: Repository, commit: str, path: str) -> bytes | None:
    """Return a file of the project as it was at a commit, None where it was not there."""
    return _git(repository.project, "cat-file", "blob", f"{commit}:{repository.inside}{path}")


def files(repository: Repository, commit: str, folder: str) -> list[str]:
    """Return the paths of all files below a folder of the project at a commit, sorted."""
    told = _git(
        repository.project, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--",
        f"{repository.inside}{folder}",
    )  # fmt: skip
    names = (told or b"").decode().split("\0")
    return sorted(name.removeprefix(repository.inside) for name in names if name)


def log(
    repository: Repository, until: str, paths: Sequence[str] = (), *, since: str | None = None
) -> list[Commit]:
    """Return the commits up to `until` that changed one of `paths`, the oldest first.

    Of merges the first parent's side is followed, so that a pull request counts once.
    """
    told = _git(
        repository.project, "log", "--first-parent", "--reverse", f"--format={_FIELDS}",
        f"{since}..{until}" if since else until, "--", *paths,
    )  # fmt: skip
    if told is None:
        raise LineageError(f"git cannot read the history up to {until}; `git fsck` says why")
    lines = told.decode(errors="replace").split("\x1e")
    return [Commit(*line.strip("\n").split("\x1f")) for line in lines if line.strip()]


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None where it fails or is not there."""
    # In a hook these name another repository, or another part of this one.
    named = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    outside = {name: value for name, value in os.environ.items() if name not in named}
    try:
        done = subprocess.run(
            ["git", "--literal-pathspecs", *arguments], cwd=folder, env=outside, capture_output=True
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
