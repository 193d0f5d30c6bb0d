"""A project's git repository, read only: files at a commit, and the commits behind them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..lib.base.errors import LineageError

_FIELDS = "%H%x00%an%x00%s%x00%b%x00"  # no message can hold a zero byte, and so forge a commit
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
    inside = git(project, "rev-parse", "--show-prefix")
    if inside is None:
        raise LineageError(f"{project} is not in a git repository; run `git init` here first")
    return Repository(project, os.fsdecode(inside).removesuffix("\n"))


def resolve(repository: Repository, revision: str) -> str:
    """Return the id of the commit that `revision` names; raises LineageError where none does."""
    found = git(
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
        found = git(repository.project, "merge-base", head, name)
        if found is not None:
            return found.decode().strip()
    return head


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    """Return the commit at which two histories parted, None where they have none in common.

    Raises LineageError in a shallow clone that may merely not hold it.
    """
    found = git(repository.project, "merge-base", one, other)
    if found is not None:
        return found.decode().strip()
    if shallow(repository):
        raise LineageError(
            f"where {one[:9]} and {other[:9]} parted is not in this shallow clone; "
            "`git fetch --unshallow` brings it (in a CI job: check out with the whole history)"
        )
    return None


def shallow(repository: Repository) -> bool:
    """Return whether this clone lacks the commits before some that it has."""
    return bool(boundary(repository))


def boundary(repository: Repository) -> frozenset[str]:
    """Return the commits of a shallow clone whose parents it lacks; none of a whole one.

    git takes each for the first of its history, and all that it holds for its work.
    """
    told = git(repository.project, "rev-parse", "--git-path", "shallow")
    path = repository.project / os.fsdecode(told or b"").removesuffix("\n")
    return frozenset(path.read_text().split()) if path.is_file() else frozenset()


def between(
    repository: Repository, since: str, until: str, paths: Sequence[str] = ()
) -> list[Commit]:
    """Return the commits that `until` has and `since` has not, the oldest first.

    Of merges all sides are followed, so that who wrote a line is found behind the merge commit
    that a CI job checks out. With `paths`, those that changed one of them.
    """
    told = git(
        repository.project, "log", "--full-history", "--topo-order", "--reverse",
        f"--format={_FIELDS}", f"{since}..{until}", "--", *paths,
    )  # fmt: skip
    return _commits(told, until)


def changes(repository: Repository, until: str, paths: Sequence[str]) -> list[Commit]:
    """Return all commits up to `until` that changed one of `paths`, the oldest first.

    Of merges all sides are followed, so that who made a change is found behind its merge.
    """
    told = git(
        repository.project, "log", "--full-history", "--topo-order", "--reverse",
        f"--format={_FIELDS}", until, "--", *paths,
    )  # fmt: skip
    return _commits(told, until)


def read(repository: Repository, commit: str, path: str) -> bytes | None:
    """Return a file of the project as it was at a commit, None where it was not there."""
    return git(repository.project, "cat-file", "blob", f"{commit}:{repository.inside}{path}")


def contents(
    repository: Repository, places: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], bytes]:
    """Return many files of the project at commits, by commit and path; those that are there.

    One git reads them all, which is what a long history needs.
    """
    asked = [place for place in dict.fromkeys(places) if _one_line(place[1])]
    lines = "".join(f"{commit}:{repository.inside}{path}\n" for commit, path in asked)
    told = git(repository.project, "cat-file", "--batch", given=os.fsencode(lines)) or b""
    found, start = {}, 0
    for place in asked:
        end = told.find(b"\n", start)
        header = told[start:end].split() if end >= 0 else []
        start = end + 1
        if len(header) == 3 and header[1] != b"missing" and header[2].isdigit():
            size = int(header[2])
            if header[1] == b"blob":
                found[place] = told[start : start + size]
            start += size + 1
    return found


def _one_line(path: str) -> bool:
    """Return whether git can be asked for a path by a line; a record may name anything."""
    try:
        told = os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return b"\n" not in told and b"\0" not in told


def files(repository: Repository, commit: str, folder: str) -> list[str]:
    """Return the paths of all files below a folder of the project at a commit, sorted."""
    told = git(
        repository.project, "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--",
        f"{repository.inside}{folder}",
    )  # fmt: skip
    names = os.fsdecode(told or b"").split("\0")
    return sorted(name.removeprefix(repository.inside) for name in names if name)


def log(
    repository: Repository, until: str, paths: Sequence[str] = (), *, since: str | None = None
) -> list[Commit]:
    """Return the commits up to `until` that changed one of `paths`, the oldest first.

    Of merges the first parent's side is followed, so that a pull request counts once.
    """
    told = git(
        repository.project, "log", "--first-parent", "--reverse", f"--format={_FIELDS}",
        f"{since}..{until}" if since else until, "--", *paths,
    )  # fmt: skip
    return _commits(told, until)


def _commits(told: bytes | None, until: str) -> list[Commit]:
    if told is None:
        raise LineageError(f"git cannot read the history up to {until}; `git fsck` says why")
    fields = [field.strip("\n") for field in told.decode(errors="replace").split("\0")]
    return [Commit(*fields[at : at + 4]) for at in range(0, len(fields) - 3, 4)]


def person(repository: Repository) -> str | None:
    """Return who works here by git's settings, None where they do not say."""
    told = git(repository.project, "config", "--get", "user.name") or b""
    return os.environ.get("GIT_AUTHOR_NAME") or told.decode(errors="replace").strip() or None


def environment() -> dict[str, str]:
    """Return the environment for git, without what would lead it elsewhere.

    In a hook these variables name another repository, or another part of this one.
    """
    named = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    return {name: value for name, value in os.environ.items() if name not in named}


def git(
    folder: Path, *arguments: str, given: bytes | None = None, literal: bool = True
) -> bytes | None:
    """Return what git prints, or None where it fails or is not there; it reads what is `given`.

    None also where no program can be given these arguments: a record may name any path. Paths are
    taken as they are written, but by the few commands that cannot be told so (`literal`).
    """
    command = ["git", *["--literal-pathspecs"] * literal, *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, input=given
        )
    except (OSError, ValueError):
        return None
    return done.stdout if done.returncode == 0 else None
