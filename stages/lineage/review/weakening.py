"""What became laxer: a threshold, a verifier, an approval or an alarm; and what may be wider."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...lib.base.errors import DvcSynthError, LineageError
from ...lib.words import count
from .. import parameters, schema_change
from ..parameters import at, number
from ..snapshot import Snapshot
from .verdicts import checks

# What a lower number lets through, with the value where a key is not there.
_FLOORS = {
    "brief.threshold": None,
    "triggers.floor": None,
    "generate.least_yield": None,
    "ingest.min_real_fraction": 0.5,
    "verify.copies.distance": 0.0,
    "verify.label.floor": None,
    "verify.realism.floor": None,
    "gates.privacy.shadow.fits": 64,
    "gates.privacy.shadow.targets": 100,
    "monitor.level": 0.05,  # how often monitor may alarm for nothing: the less, the more it misses
}
_CEILINGS = {"privacy.epsilon_budget": None, "privacy.delta": None, "triggers.growth": 0.2}
_FLOOR = "triggers.floor"  # null is another floor than a number, and no lower one
_OF_METRIC = ("brief.threshold", _FLOOR)  # of another metric they are not to be compared
_OPTIONS = (
    "verify.copies",
    "verify.label",
    "verify.realism",
    "verify.python",
    "gates.privacy.shadow",
)
# What turns a guard on, and what is so where the key is not there.
_GUARDS = {
    "preview.require_approval": (True, False),
    "verify.duplicates": (True, False),
    "ingest.generated": ("refuse", "refuse"),
}


class Weakened(NamedTuple):
    """Something that lets through what it did not."""

    what: str  # a dotted key
    before: str
    after: str
    why: str = ""  # where the key itself does not show it


def weakened(base: Snapshot, head: Snapshot) -> list[Weakened]:
    """Return what became laxer between two sides, thresholds first.

    Thresholds are those in force: of params.yaml with the defaults of brief.priority, and those
    that metrics/validate/ says batches were held against. Raises LineageError where the gates of
    a side cannot be resolved.
    """
    if not base.params:  # there was nothing to weaken
        return []
    found = [*_thresholds(base, head)]
    seen = {one.what for one in found}
    found += [one for one in _recorded(base, head) if one.what not in seen]
    found += [*_numbers(base, head), *_switches(base, head)]
    return [*found, *_sensitive(base, head), *_rules_of_rows(base, head)]


def wider(base: Snapshot, head: Snapshot) -> list[str]:
    """Return the ranges of columns that hold more than they did, as `age.max`, without values.

    New ranges are what new real rows bring, so these are told and fail nothing.
    """
    old, new = schema_change.columns(base), schema_change.columns(head)
    return [
        f"{name}.{what}"
        for name, column in old.items()
        if name in new
        for what in ("min", "max", "categories")
        if _is_wider(what, column.get(what), new[name].get(what))
    ]


def _is_wider(what: str, before: Any, after: Any) -> bool:
    if what == "categories":
        if not isinstance(before, list):
            return False
        return not isinstance(after, list) or not {*map(str, after)} <= {*map(str, before)}
    old, new = number(before), number(after)
    if old is None or new is None:
        return old is not None
    return new < old if what == "min" else new > old


def _thresholds(base: Snapshot, head: Snapshot) -> Iterator[Weakened]:
    """Compare the resolved gates, if what resolves them differs at all."""
    keys = ("gates", "brief.priority", "brief.metric")
    if all(at(base.params, key) == at(head.params, key) for key in keys):
        return
    if "gates" not in base.params or "gates" not in head.params:
        return
    from ...lib.quality.thresholds import MEASURES  # imports what the gates compute with

    before, after = (_rules(side) for side in (base, head))
    old, new = (at(side.params, "brief.priority") for side in (base, head))
    why = "" if old == new else f"brief.priority: {old} → {new}"
    for name, meaning in MEASURES.items():
        key = f"gates.{meaning.gate}.{name}"
        own = at(base.params, key) == at(head.params, key)
        yield from _raised(key, before.thresholds[name], after.thresholds[name], why if own else "")
    for gate in before.unsure:
        key = f"gates.{gate}.inconclusive"
        if (before.unsure[gate], after.unsure[gate]) == ("fail", "pass"):
            yield Weakened(key, "fail", "pass", why)
        elif (before.blind[gate], after.blind[gate]) == ("fail", "pass"):
            yield Weakened(key, "fail", "pass", "of a gate of which nothing could be told")


def _rules(side: Snapshot) -> Any:
    from pydantic import ValidationError

    from ...lib.quality.thresholds import Gates, rules

    try:
        gates = Gates.model_validate(side.params["gates"] or {})
        return rules(gates, side.section("brief")["priority"], str(side.section("brief")["metric"]))
    except (ValidationError, DvcSynthError, KeyError, AttributeError, TypeError) as error:
        raise LineageError(f"gates at {side.name} cannot be resolved: {error}") from None


def _raised(key: str, before: Any, after: Any, why: str = "") -> Iterator[Weakened]:
    old, new = number(before), number(after)
    if old is not None and (new is None or new > old):
        yield Weakened(key, f"{old:g}", "reported only" if new is None else f"{new:g}", why)


def _recorded(base: Snapshot, head: Snapshot) -> Iterator[Weakened]:
    """Compare what the same batches were held against; a check that vanished judges no more."""
    found: dict[str, tuple[Any, Any, list[str]]] = {}
    for batch in base.batches:
        old, new = checks(base, batch), checks(head, batch)
        if batch not in head.batches or not old or not new:
            continue
        private = [(side.provenance(batch) or {}).get("privacy") for side in (base, head)]
        for name, check in old.items():
            if name.startswith("exposure") and private[1] and not private[0]:
                continue  # a private generator is not attacked so: its bound stands for it
            after = new.get(name, {}).get("threshold")
            key = f"gates.{check.get('gate')}.{name}"
            if any(_raised(key, check.get("threshold"), after)):
                found.setdefault(key, (check["threshold"], after, []))[2].append(batch)
    for key, (before, after, batches) in found.items():
        why = f"what {', '.join(batches)} was held against"
        yield from _raised(key, before, after, why)


def _numbers(base: Snapshot, head: Snapshot) -> Iterator[Weakened]:
    for key, default in _FLOORS.items():
        if key in _OF_METRIC and _differs(base, head, "brief.metric"):
            continue
        over = key.rpartition(".")[0]
        if over in _OPTIONS and None in (at(base.params, over), at(head.params, over)):
            continue  # told as a whole
        old, new = (_given(side, key, default) for side in (base, head))
        if old is not None and (new < old if new is not None else key != _FLOOR):
            yield Weakened(key, f"{old:g}", "null" if new is None else f"{new:g}")
    for key, default in _CEILINGS.items():
        old, new = (_given(side, key, default) for side in (base, head))
        if old is not None and new is not None and new > old:
            yield Weakened(key, f"{old:g}", f"{new:g}")


def _given(side: Snapshot, key: str, default: float | None) -> float | None:
    found = at(side.params, key)
    return number(default if found is None else found)


def _switches(base: Snapshot, head: Snapshot) -> Iterator[Weakened]:
    for key, (guards, default) in _GUARDS.items():
        given = (at(side.params, key) for side in (base, head))
        old, new = (default if value is None else value for value in given)
        if old == guards and new != guards:
            yield Weakened(key, _word(key, old), _word(key, new))
    for key in _OPTIONS:
        old, new = at(base.params, key), at(head.params, key)
        if old is not None and new is None:
            yield Weakened(key, "asked for", "null")


def _sensitive(base: Snapshot, head: Snapshot) -> Iterator[Weakened]:
    old, new = schema_change.columns(base), schema_change.columns(head)
    for name, column in old.items():
        if column.get("sensitive") and name in new and not new[name].get("sensitive"):
            yield Weakened(
                f"data/schema.yaml: {name}.sensitive", "true", "false",
                "its values may now be in committed files, and no attack guesses them",
            )  # fmt: skip


def _rules_of_rows(base: Snapshot, head: Snapshot) -> Iterator[Weakened]:
    """Compare the schema's rules, which are only counted: they may quote values."""
    old, new = (_list(side.yaml(schema_change.PATH), "rules") for side in (base, head))
    gone = sum(rule not in new for rule in old)
    if gone:
        why = f"{count(gone, 'rule')} taken out, or worded otherwise"
        yield Weakened(f"{schema_change.PATH}: rules", f"{len(old)}", f"{len(new)}", why)


def _list(found: Any, key: str) -> list[Any]:
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, list) else []


def _differs(base: Snapshot, head: Snapshot, key: str) -> bool:
    return bool(at(base.params, key) != at(head.params, key))


def _word(key: str, value: Any) -> str:
    return parameters.shown(key, value) or "another"
