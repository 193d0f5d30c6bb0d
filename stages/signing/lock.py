"""The lock of the holdout, set and released in params.yaml."""

from typing import Any, NamedTuple

from ..lib import holdout
from ..lib.base import files, params
from ..lib.base.errors import LockError, StaleError, listed
from ..lib.holdout import Freeze, Lock
from ..lib.tables import rows
from ..lineage import parameters, snapshot, staleness
from ..lineage.repository import Repository
from . import edit

_RECORD = "metrics/freeze.json"


class Carved(NamedTuple):
    """The holdout that the last run of stage freeze carved."""

    sha256: str  # of its values
    rows: int


def carved(repo: Repository) -> Carved:
    """Return the holdout as it is on record; raises StaleError where stage freeze never ran."""
    found = snapshot.workspace(repo).record(_RECORD)
    sha256, count = (parameters.at(found, f"slices.holdout.{key}") for key in ("sha256", "rows"))
    if not isinstance(sha256, str) or not isinstance(count, int):
        raise StaleError(f"{_RECORD} names no holdout; `dvc repro freeze` carves one")
    return Carved(sha256, count)


def verify(repo: Repository, held: Carved) -> bool:
    """Return whether the holdout's file is at hand, and so was compared with its record.

    Raises StaleError where what stage freeze read changed since it ran, and LockError where
    data/holdout.parquet is not what it wrote.
    """
    stale = staleness.stale(snapshot.workspace(repo), repo)
    causes = [
        f"{name}: {cause.what}" + (f" ({cause.told})" if cause.told else "")
        for name in ("ingest", "freeze")
        for cause in stale.get(name, [])
    ]
    if causes:
        where = "the holdout is not that of what lies here; run `dvc repro freeze`, then lock"
        raise StaleError(listed(where, causes))
    path = repo.project / holdout.PATH
    if path.is_file() and (found := rows.digest(files.read_parquet(path))) != held.sha256:
        raise LockError(
            f"{holdout.PATH}: its rows have the sha256 {found[:16]}… and {_RECORD} says "
            f"{held.sha256[:16]}…; bring both back with `dvc checkout {holdout.PATH}` and "
            f"`git checkout {_RECORD}`, or run `dvc repro freeze`"
        )
    return path.is_file()


def current(repo: Repository) -> Lock | None:
    """Return the lock that params.yaml states; raises ParamsError where `freeze` is not valid."""
    return params.load("freeze", Freeze, repo.project / params.FILE).locked


def put(repo: Repository, lock: Lock) -> None:
    """Write the lock into params.yaml, every other byte as it was."""
    _write(repo, {"locked": lock.model_dump()})


def release(repo: Repository, lock: Lock, *, who: str, why: str) -> None:
    """Take the lock out of params.yaml, and leave there who released it and why."""
    _write(repo, {"locked": None, "released": {"sha256": lock.sha256, "who": who, "why": why}})


def _write(repo: Repository, values: dict[str, Any]) -> None:
    path = repo.project / params.FILE
    text = path.read_bytes().decode("utf-8")
    for key, value in values.items():
        text = edit.put(text, f"freeze.{key}", value)
    with files.replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
