"""The hashes that DVC would record for what git holds of a project, or for its working tree."""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pathspec

from ..lib.base.errors import LineageError
from . import repository
from .repository import Repository
from .snapshot import Snapshot

_IGNORED = (".hg/", ".git/", ".git", ".dvc/")  # by DVC, whatever .dvcignore says
_CHUNK = 1 << 20


def files(
    at: Snapshot, repo: Repository, places: Iterable[str], *, leave: Collection[str] = ()
) -> dict[str, str]:
    """Return the MD5 of each file at or below `places`, by path.

    A pointer below them (`x.csv.dvc`) counts itself, and with the hash in it for what it stands
    for, if that is not there. What .dvcignore names is left out of folders, and what is at or below
    `leave` is not read at all. Links that lead nowhere, and repositories within this one
    (submodules), count as nothing.

    Raises LineageError where a file, a pointer or .dvcignore cannot be read.
    """
    near = {path for place in places for path in (place, f"{place}.dvc")}
    spec = [*_IGNORED, *(at.text(".dvcignore") or "").splitlines()]
    try:
        ignored = pathspec.GitIgnoreSpec.from_lines(spec)
    except ValueError as error:
        raise LineageError(f".dvcignore at {at.name} cannot be read: {error}") from None
    all_there = repository.files(repo, at.commit, ".") if at.commit else _on_disk(repo, near)
    names = [
        name
        for name in all_there
        if not _covered(name, leave)
        and (name in near or (_covered(name, near) and not ignored.match_file(name)))
    ]
    read = _blobs(repo, at.commit, names) if at.commit else _digests(repo, names)
    return {**pointed(at, names), **dict(read)}


def of(path: str, known: Mapping[str, str]) -> str | None:
    """Return the hash of a file or folder as dvc.lock has it, from the MD5 of files by path.

    None where nothing at or below `path` is known, or a part of it as a folder's hash only.
    """
    if path in known:
        return known[path]
    within = sorted(name for name in known if name.startswith(f"{path}/"))
    if not within or any(known[name].endswith(".dir") for name in within):
        return None
    listed = [{"md5": known[name], "relpath": name.removeprefix(f"{path}/")} for name in within]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"


def pointed(at: Snapshot, names: Iterable[str]) -> dict[str, str]:
    """Return the hashes that the pointers among `names` record, by what they stand for.

    Raises LineageError where one is not as `dvc add` writes it.
    """
    outs = {}
    for name in names:
        if name.endswith(".dvc"):
            told = at.yaml(name)
            try:
                for out in told.get("outs") or []:
                    stands_for = name.removesuffix(Path(name).name) + out["path"]
                    outs[stands_for] = str(out.get("md5", ""))
            except (AttributeError, KeyError, TypeError):
                raise LineageError(f"{name} at {at.name} is no pointer of `dvc add`") from None
    return outs


def _covered(name: str, places: Collection[str]) -> bool:
    """Return whether a path is one of `places`, or below one."""
    parts = name.split("/")
    return any("/".join(parts[:count]) in places for count in range(1, len(parts) + 1))


def _on_disk(repo: Repository, places: Iterable[str]) -> Iterator[str]:
    for place in places:
        if (repo.project / place).is_file():
            yield place
        for folder, _, inside in os.walk(repo.project / place):
            for name in inside:
                if not Path(folder, name).is_file():  # as a link of Emacs, `.#x.py`
                    continue
                yield f"{place}/{Path(folder, name).relative_to(repo.project / place).as_posix()}"


def _digests(repo: Repository, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            with (repo.project / name).open("rb") as stream:
                digest = hashlib.file_digest(stream, "md5").hexdigest()
        except OSError as error:
            raise LineageError(f"{name} cannot be read: {error.strerror}") from None
        yield name, digest


def _blobs(repo: Repository, commit: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Hash files at a commit, all of them by one call of git, none of them whole in memory."""
    asked = [name for name in names if "\n" not in name]
    with tempfile.TemporaryFile() as queue:
        queue.write(os.fsencode("".join(f"{commit}:{repo.inside}{name}\n" for name in asked)))
        queue.seek(0)
        with subprocess.Popen(
            ["git", "cat-file", "--batch"],
            cwd=repo.project,
            env=repository.environment(),
            stdin=queue,
            stdout=subprocess.PIPE,
        ) as git:
            assert git.stdout is not None
            for name in asked:
                header = git.stdout.readline().split()
                if len(header) != 3 or not header[2].isdigit():  # a submodule: not in this git
                    continue
                size = int(header[2])
                digest = hashlib.md5()
                while size:
                    chunk = git.stdout.read(min(size, _CHUNK))
                    digest.update(chunk)
                    size -= len(chunk)
                git.stdout.read(1)  # the line's end
                if header[1] == b"blob":
                    yield name, digest.hexdigest()
