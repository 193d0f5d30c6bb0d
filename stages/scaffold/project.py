"""A project's folder: what is written into it, and what git and DVC are told of it."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..lib.base import files
from ..lib.base.errors import LineageError, TableError, listed
from ..lineage import repository

MERGED = (".dvcignore", ".gitattributes", ".gitignore")  # whose lines a person's own go beside
TABLES = "data"  # the folder that a table from elsewhere is copied into


class Place(NamedTuple):
    """Where a project is to be."""

    folder: Path
    new: bool  # whether DVC is not there yet
    below: bool  # whether the folder lies below the repository's own


def find(folder: Path) -> Place:
    """Return the place for a project in `folder`.

    Raises LineageError where there is no git, or where DVC is at home in a folder above.
    """
    top = repository.git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        raise LineageError(f"{folder} is not in a git repository; run `git init` here first")
    root = Path(os.fsdecode(top).removesuffix("\n"))
    inside = [folder, *folder.parents]
    above = [one for one in inside[: inside.index(root) + 1] if (one / ".dvc").is_dir()]
    if above and above[0] != folder:
        raise LineageError(
            f"DVC is at home in {above[0]}; run this there, or `dvc init --subdir` here first"
        )
    return Place(folder, not above, folder != root)


def check(place: Place, written: Mapping[str, bytes], *, force: bool) -> list[str]:
    """Return which files would be overwritten; raises LineageError where that is not forced."""
    there = [
        path
        for path, content in written.items()
        if path not in MERGED and _differs(place.folder / path, content)
    ]
    if there and not force:
        raise LineageError(
            listed(f"{place.folder}", [f"{path} is there already" for path in there])
            + "\nNothing was written. Move them away, or overwrite them with --force."
        )
    return there


def _differs(path: Path, content: bytes) -> bool:
    return path.exists() and not (path.is_file() and path.read_bytes() == content)


def write(place: Place, written: Mapping[str, bytes]) -> None:
    """Write files; where one cannot be written, those that were not there before are taken back."""
    made: list[Path] = []
    try:
        for path, content in written.items():
            target = place.folder / path
            was_there = target.exists()
            whole = _merged(target, content) if path in MERGED and was_there else content
            with files.replacing(target) as temporary:
                temporary.write_bytes(whole)
            if not was_there:
                made.append(target)
    except OSError:
        for target in made:
            target.unlink(missing_ok=True)
        raise


def _merged(path: Path, content: bytes) -> bytes:
    """Return a file's lines with those of `content` behind that it lacks."""
    own = path.read_bytes()
    lines = own.splitlines()
    more = [line for line in content.splitlines() if line and line not in lines]
    if not more:
        return own
    separated = own if own.endswith(b"\n") or not own else own + b"\n"
    return separated + b"\n".join(more) + b"\n"


def prepare(place: Place) -> None:
    """Set DVC up where it is not yet."""
    if place.new:
        from dvc.repo import Repo

        with _quiet():
            Repo.init(str(place.folder), subdir=place.below).close()


def configure(place: Place) -> None:
    """Have `dvc plots` draw its page with the library that works offline."""
    from dvc.repo import Repo

    with Repo(str(place.folder)) as repo, repo.config.edit("repo") as config:
        config.setdefault("plots", {})["html_template"] = "plots.html"


def inside(place: Place, table: Path) -> str | None:
    """Return a table's path in the project, None where it lies elsewhere."""
    try:
        return table.resolve().relative_to(place.folder.resolve()).as_posix()
    except ValueError:
        return None


def ignored(place: Place, paths: Iterable[str]) -> list[str]:
    """Return which files git ignores, though it should hold them."""
    told = repository.git(place.folder, "check-ignore", "--", *paths, literal=False)
    return os.fsdecode(told).splitlines() if told else []


def track(place: Place, path: str) -> str:
    """Have DVC keep the table, unless git or DVC does already, and say who does."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    if repository.git(place.folder, "ls-files", "--error-unmatch", "--", path) is not None:
        return "git"
    if (place.folder / f"{path}.dvc").is_file():
        return "DVC"
    try:
        with _quiet(), Repo(str(place.folder)) as repo:
            repo.add(str(place.folder / path))
    except DvcException as error:
        raise TableError(f"`dvc add {path}` failed: {error}") from None
    return "DVC"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep DVC's hints on what to do next to itself: we have our own."""
    logger = logging.getLogger("dvc")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
