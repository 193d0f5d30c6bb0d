"""Batches and generators that appeared, vanished or changed, and by which cause."""

from typing import Any, Literal, NamedTuple

from .. import causes
from ..causes import Cause
from ..snapshot import Snapshot
from .verdicts import status

What = Literal["appeared", "vanished", "changed", "remade", "lost"]


class Batch(NamedTuple):
    """What became of a batch.

    remade: its record changed and its rows did not; lost: it is still asked for and has no record.
    """

    batch: str
    what: What
    rows_before: int | None
    rows_after: int | None
    causes: list[Cause]
    private: bool  # its noise is drawn anew in each fit: it needs no cause to change


class Generators(NamedTuple):
    """Names in `generators` of params.yaml."""

    appeared: list[str]
    vanished: list[str]
    changed: list[str]  # another family, parameter or seed


def compare(base: Snapshot, head: Snapshot) -> list[Batch]:
    """Return the batches that are not as they were, those of `head` first."""
    found = [_changed(base, head, batch) for batch in [*head.batches, *_gone(base, head)]]
    return [one for one in found if one is not None]


def generators(base: Snapshot, head: Snapshot) -> Generators:
    """Return which generators appeared, vanished or are declared otherwise."""
    old, new = base.section("generators"), head.section("generators")
    return Generators(
        appeared=[str(name) for name in new if name not in old],
        vanished=[str(name) for name in old if name not in new],
        changed=[str(name) for name in new if name in old and new[name] != old[name]],
    )


def unexplained(found: list[Batch]) -> list[str]:
    """Return the batches whose rows changed while nothing that makes them did."""
    return [
        one.batch for one in found if one.what == "changed" and not one.causes and not one.private
    ]


def unrecorded(head: Snapshot) -> list[str]:
    """Return the batches that may be trained on and have no provenance."""
    usable = [batch for batch, said in status(head).items() if said in ("admitted", "passed")]
    return [batch for batch in usable if not _record(head, batch)]


def _gone(base: Snapshot, head: Snapshot) -> list[str]:
    return [batch for batch in base.batches if batch not in head.batches]


def _changed(base: Snapshot, head: Snapshot, batch: str) -> Batch | None:
    old = _record(base, batch) if batch in base.batches else {}
    new = _record(head, batch) if batch in head.batches else {}
    if old == new and (batch in base.batches) == (batch in head.batches):
        return None
    what: What = "changed"
    if batch not in base.batches or batch not in head.batches:
        what = "appeared" if batch in head.batches else "vanished"
    elif not old or not new:
        what = "appeared" if new else "lost"
    elif old.get("sha256") == new.get("sha256"):
        what = "remade"
    both = what in ("changed", "remade")
    return Batch(
        batch=batch,
        what=what,
        rows_before=_rows(old),
        rows_after=_rows(new),
        causes=causes.between(base, head, batch) if both else [],
        private=bool(new.get("privacy") or old.get("privacy")),
    )


def _record(at: Snapshot, batch: str) -> dict[str, Any]:
    return at.record(f"metrics/provenance/{batch}.json")


def _rows(record: dict[str, Any]) -> int | None:
    rows = record.get("rows")
    kept = rows.get("kept") if isinstance(rows, dict) else None
    return kept if isinstance(kept, int) else None
