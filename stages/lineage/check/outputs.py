"""What DVC holds for the project: each output as it lies here and in DVC's cache."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from .. import contents
from ..asked import Asked
from ..repository import Repository
from ..snapshot import Snapshot

Place = Callable[[str], Path]  # where the cache keeps the object of a hash

_HASH = re.compile(r"[0-9a-f]{32}(\.dir)?")
_EMPTY = hashlib.md5(b"[]").hexdigest() + ".dir"  # of a folder without files


class Output(NamedTuple):
    """A file or folder that DVC holds, as dvc.lock or a pointer records it."""

    path: str
    md5: str  # a folder's ends in .dir
    pointer: str | None = None  # the file of `dvc add` that records it; None: dvc.lock


class Found(NamedTuple):
    """An output as it is here: nothing is believed of it but its bytes."""

    output: Output
    here: Literal["right", "other", "absent"]
    cached: Literal["right", "damaged", "absent"]
    damaged: list[Path]  # the cache's objects that are not what their names say
    objects: list[str]  # its hash, and those of a folder's files where the cache has their list


def recorded(at: Snapshot, wanted: Mapping[str, Asked]) -> list[Output]:
    """Return the outputs of all stages that ran, and what `dvc add` tracks of what stages read."""
    made = [
        Output(path, at.lock[name].outs[path])
        for name, stage in wanted.items()
        for path, of_dvc in stage.outs.items()
        if of_dvc and name in at.lock and path in at.lock[name].outs
    ]
    read = dict.fromkeys(f"{path}.dvc" for stage in wanted.values() for path in stage.deps)
    added = [
        Output(path, md5, pointer)
        for pointer in read
        if at.read(pointer) is not None
        for path, md5 in contents.pointed(at, [pointer]).items()
    ]
    return [one for one in (*added, *made) if _HASH.fullmatch(one.md5) and _inside(one.path)]


def find(outputs: list[Output], repo: Repository, at: Snapshot, place: Place) -> list[Found]:
    """Return the outputs as they are; every byte at hand is read.

    DVC's own record of hashes is not asked: it believes that what it brought from a remote is what
    was asked for. Raises LineageError where a file cannot be read.
    """
    here = [one.path for one in outputs if (repo.project / one.path).exists()]
    known = contents.files(at, repo, here)
    return [_found(one, repo, known if one.path in here else None, place) for one in outputs]


def children(content: bytes, md5: str) -> list[str]:
    """Return the hashes of a folder's files out of the list that has this hash; none of another.

    What is no hash is passed over: it is going to stand in paths and commands.
    """
    if hashlib.md5(content).hexdigest() != md5.removesuffix(".dir"):
        return []
    try:
        named = [str(one["md5"]) for one in json.loads(content)]
    except (ValueError, KeyError, TypeError):
        return []
    return [one for one in dict.fromkeys(named) if _HASH.fullmatch(one)]


def _found(
    output: Output, repo: Repository, known: Mapping[str, str] | None, place: Place
) -> Found:
    at, md5 = place(output.md5), output.md5
    listed = children(at.read_bytes(), md5) if md5.endswith(".dir") and at.is_file() else []
    at_hand = {oid: place(oid) for oid in (md5, *listed) if place(oid).is_file()}
    damaged = [path for oid, path in at_hand.items() if _digest(path) != oid.removesuffix(".dir")]
    whole = len(at_hand) == len(listed) + 1
    return Found(
        output,
        here="absent" if known is None else _here(output, repo, known),
        cached="damaged" if damaged else "right" if whole else "absent",
        damaged=damaged,
        objects=[md5, *listed],
    )


def _here(output: Output, repo: Repository, known: Mapping[str, str]) -> Literal["right", "other"]:
    path = output.path
    empty = (repo.project / path).is_dir() and not any(one.startswith(f"{path}/") for one in known)
    found = _EMPTY if empty else contents.of(path, known)
    return "right" if found == output.md5 else "other"


def _inside(path: str) -> bool:
    """Return whether a path stays in the project: it is going to stand behind `rm`."""
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()
