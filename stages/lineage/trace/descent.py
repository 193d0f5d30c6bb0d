"""Forwards: in which commits a batch was mixed in, at which ratio, and what came of it."""

import json
from typing import Any, NamedTuple

from .. import parameters, repository
from ..repository import Repository
from ..snapshot import Snapshot

_BLEND = "metrics/blend.json"
_ID = 9  # letters of a commit's id that are shown


class Use(NamedTuple):
    """A commit whose final mix could draw on a batch."""

    commit: str  # its id, cut short
    author: str
    subject: str
    ratio: float | None  # 0: the mix took no synthetic row
    policy: str | None
    rows_synthetic: int | None  # of all its batches
    batches: list[str]
    model: str | None
    metric: str | None
    score: float | None
    lower: float | None
    upper: float | None
    verdict: str | None


def uses(repo: Repository, at: Snapshot, batch: str) -> list[Use]:
    """Return the commits, before `at` or after it, whose mix had this very batch, the oldest first.

    Of merges the first parent's side is followed; a commit whose mix is that of the one before it
    is left out. Experiments are no commits of a branch, and not looked at.
    """
    digest = (at.provenance(batch) or {}).get("sha256")
    head = repository.resolve(repo, "HEAD")
    here = at.commit or head
    path = f"metrics/provenance/{batch}.json"
    commits = [
        *repository.log(repo, here, [_BLEND, path]),
        *repository.log(repo, head, [_BLEND, path], since=here),
    ]
    places = [(commit.id, name) for commit in commits for name in (_BLEND, path)]
    held = repository.contents(repo, places)
    found: list[Use] = []
    last = None
    for commit in commits:
        mixed, made = (_parsed(held.get((commit.id, name))) for name in (_BLEND, path))
        names = mixed.get("batches")
        same = digest and made.get("sha256") == digest
        using = bool(same and isinstance(names, list) and batch in names)
        if using and mixed != last:
            known: dict[str, Any] = {key: mixed.get(key) for key in Use._fields[3:]}
            found.append(Use(commit.id[:_ID], commit.author, commit.subject, **known))
        last = mixed if using else None
    return found


def batches(at: Snapshot, generator: str) -> list[str]:
    """Return the batches that a generator made, as far as they are on record."""
    return [
        name
        for name in at.batches
        if parameters.at(at.provenance(name) or {}, "generator.name") == generator
    ]


def _parsed(content: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except (RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
