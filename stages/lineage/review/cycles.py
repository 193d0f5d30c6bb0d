"""The share of synthetic rows in training over the last cycles."""

import json
from typing import Any, NamedTuple

from .. import repository
from ..parameters import number
from ..repository import Repository
from ..snapshot import Snapshot, at

_BLEND = "metrics/blend.json"


class Cycle(NamedTuple):
    """A commit that changed the final mix, or the working tree."""

    name: str  # the commit's id, cut short
    rows_real: int
    rows_synthetic: int
    share: float  # of the training rows that are synthetic
    learned: float  # the greatest share of synthetic rows that a batch's generator learned from


def last(repo: Repository, head: Snapshot, until: str, count: int = 5) -> list[Cycle]:
    """Return the last cycles up to `head`, the oldest first; `until` is its last commit."""
    commits = repository.log(repo, until, [_BLEND])[-count:]
    sides = [at(repo, commit.id) for commit in commits]
    if head.commit is None and (not sides or head.text(_BLEND) != sides[-1].text(_BLEND)):
        sides.append(head)
    found = [_cycle(side) for side in sides]
    return [one for one in found if one is not None][-count:]


def _cycle(side: Snapshot) -> Cycle | None:
    blend = _record(side, _BLEND)
    real, synthetic = (number(blend.get(f"rows_{kind}")) for kind in ("real", "synthetic"))
    if real is None or synthetic is None or real + synthetic <= 0:
        return None
    batches = blend.get("batches")
    records = [
        _record(side, f"metrics/provenance/{batch}.json")
        for batch in (batches if isinstance(batches, list) else [])
    ]
    learned = [number(record.get("synthetic_share")) or 0.0 for record in records]
    return Cycle(
        name=side.name,
        rows_real=int(real),
        rows_synthetic=int(synthetic),
        share=synthetic / (real + synthetic),
        learned=max(learned, default=0.0),
    )


def _record(side: Snapshot, path: str) -> dict[str, Any]:
    """Return what an earlier commit's file holds, empty where nobody can read it any more."""
    try:
        found = json.loads(side.text(path) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
