"""What must hold before results are handed on: each condition with its evidence."""

from collections.abc import Callable, Iterator
from pathlib import Path

from . import approvals, brief, data, gates, lock, outputs, remote
from .condition import Condition
from .ground import Ground

DECIDED: tuple[Callable[[Ground], list[Condition]], ...] = (
    brief.look,
    lock.look,
    approvals.schema,
    gates.look,
    approvals.previews,
)


def look(ground: Ground, *, online: bool = True) -> list[Condition]:
    """Return every condition; a name stands more than once where several things are amiss.

    The network is asked only where it may be (`online`). Raises LineageError where a file cannot
    be read.
    """
    return [told for find in DECIDED for told in find(ground)] + list(_stored(ground, online))


def _stored(ground: Ground, online: bool) -> Iterator[Condition]:
    """Yield what is to be said of the data, and of the remote."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(ground.repo.project)) as dvc:
            place = dvc.cache.local.oid_to_path
            wanted = outputs.recorded(ground.at, ground.wanted)
            found = outputs.find(wanted, ground.repo, ground.at, lambda oid: Path(place(oid)))
            yield from data.look(found, ground.repo, remote=bool(dvc.config["core"].get("remote")))
            yield from remote.look(dvc, found, online=online)
    except DvcException as error:
        answer = "dvc doctor" if (ground.repo.project / ".dvc").is_dir() else "dvc init"
        yield Condition("data", False, f"DVC does not open this project: {error}.", answer)
