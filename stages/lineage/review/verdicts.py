"""What the gates said of a batch before and after, and what became of it."""

from typing import Any, NamedTuple

from .. import parameters
from ..parameters import number
from ..snapshot import Snapshot


class Excess(NamedTuple):
    """What a check found, and what it was held against; None where it was not told."""

    verdict: str | None
    value: float | None
    lower: float | None
    upper: float | None
    threshold: float | None


class Flip(NamedTuple):
    """A check whose verdict differs."""

    batch: str
    check: str
    gate: str
    before: Excess
    after: Excess


class Status(NamedTuple):
    """A batch of which something else became: admitted, passed, quarantined or excluded."""

    batch: str
    before: str | None
    after: str | None


def flips(base: Snapshot, head: Snapshot) -> list[Flip]:
    """Return the checks whose verdict differs, of batches that both sides validated."""
    found = []
    for batch in head.batches:
        old, new = checks(base, batch), checks(head, batch)
        found += [
            Flip(batch, name, str((new.get(name) or old[name]).get("gate")), before, after)
            for name in dict.fromkeys([*old, *new])
            if old and new
            if (before := _excess(old.get(name))).verdict
            != (after := _excess(new.get(name))).verdict
        ]
    return found


def statuses(base: Snapshot, head: Snapshot) -> list[Status]:
    """Return the batches of which something else became, in their order."""
    old, new = status(base), status(head)
    return [
        Status(batch, old.get(batch), new.get(batch))
        for batch in dict.fromkeys([*old, *new])
        if old.get(batch) != new.get(batch)
    ]


def status(at: Snapshot) -> dict[str, str]:
    """Return by batch what became of it."""
    found = at.record("metrics/admit.json").get("batches")
    batches = found if isinstance(found, dict) else {}
    return {
        str(batch): str(parameters.at(one, "status"))
        for batch, one in batches.items()
        if isinstance(one, dict)
    }


def checks(at: Snapshot, batch: str) -> dict[str, dict[str, Any]]:
    """Return the checks of a batch by name, none where it was not validated."""
    told = at.validation(batch)
    found = told.get("checks") if isinstance(told, dict) else None
    listed = found if isinstance(found, list) else []
    return {str(one["name"]): one for one in listed if isinstance(one, dict) and "name" in one}


def _excess(check: dict[str, Any] | None) -> Excess:
    told = check or {}
    names = ("excess", "lower", "upper", "threshold")
    return Excess(told.get("verdict"), *(number(told.get(name)) for name in names))
