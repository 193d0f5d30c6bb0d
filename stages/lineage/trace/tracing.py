"""A trace: what a thing was made from, and what was made from it."""

from ...lib.base.errors import LineageError
from .. import repository
from ..repository import Repository
from ..snapshot import Snapshot
from . import ancestry, descent, row
from .ancestry import Told
from .target import BLEND, Target


def trace(repo: Repository, at: Snapshot, asked: Target) -> Told:
    """Return both directions, as JSON takes them; raises LineageError as `row.look` does."""
    start: Told = {"target": asked.name, "kind": asked.kind, "at": at.name}
    if repository.shallow(repo):
        start["note"] = "a shallow clone: what the commits before it did is not told"
    if asked.kind == "batch":
        if not at.provenance(asked.name):
            raise LineageError(
                f"{asked.name} is asked for and has no record at {at.name}; `dvc repro` makes it"
            )
        return {
            **start,
            "made_from": ancestry.batch(repo, at, asked.name),
            "used_in": _used(repo, at, asked.name),
        }
    if asked.kind == "generator":
        made = descent.batches(at, asked.name)
        return {
            **start,
            "made_from": ancestry.generator(at, asked.name),
            "batches": [{"batch": name, "used_in": _used(repo, at, name)} for name in made],
        }
    if asked.row is not None:
        return {**start, "target": f"{BLEND}:{asked.row}", **_of_row(repo, at, asked.row)}
    if not at.record("metrics/blend.json"):
        raise LineageError(f"{at.name} has no metrics/blend.json; `dvc repro` makes the blend")
    return {**start, "made_from": ancestry.blend(repo, at)}


def _of_row(repo: Repository, at: Snapshot, number: int) -> Told:
    found = row.look(repo, at, number)
    if found.origin == "real" or found.batch is None:
        file = {"file": "data/train.parquet", "table": ancestry.table(at)}
        return {"origin": found.origin, "made_from": file}
    return {
        "origin": found.origin,
        "batch": found.batch,
        "made_from": ancestry.batch(repo, at, found.batch),
        "used_in": _used(repo, at, found.batch),
    }


def _used(repo: Repository, at: Snapshot, batch: str) -> list[Told]:
    return [one._asdict() for one in descent.uses(repo, at, batch)]
