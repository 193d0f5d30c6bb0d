"""What changed in data/schema.yaml, without a value that a sensitive column holds or may hold."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .snapshot import Snapshot

PATH = "data/schema.yaml"
_DEFAULTS = {"kind": "text", "role": "feature", "missing": True, "discrete": False}
_DEFAULTS |= {"sensitive": False, "min": None, "max": None, "categories": None, "bins": None}
_VALUES = ("min", "max")  # what is read off the rows
_LISTS = ("categories", "bins")


class Changed(NamedTuple):
    """One property of a column; None where it is not there, or may not be shown."""

    column: str
    what: str  # "column" where it appeared or vanished, else the property
    before: str | None
    after: str | None


def compare(base: Snapshot, head: Snapshot) -> list[Changed]:
    """Return what the two schemas declare differently, in the columns' order."""
    old, new = columns(base), columns(head)
    found = [one for name in dict.fromkeys([*new, *old]) for one in _column(name, old, new)]
    rules = [_rules(side) for side in (base, head)]
    if rules[0] != rules[1]:  # they may quote values, so they are only counted
        found.append(Changed("rules", "rules", *(f"{len(told)}" for told in rules)))
    return found


def columns(at: Snapshot) -> dict[str, dict[str, Any]]:
    """Return what each column is declared as, none where there is no schema."""
    declared = at.yaml(PATH)
    found = declared.get("columns") if isinstance(declared, dict) else None
    named = found if isinstance(found, dict) else {}
    return {str(name): one for name, one in named.items() if isinstance(one, dict)}


def _column(
    name: str, old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]
) -> Iterator[Changed]:
    if name not in old or name not in new:
        told = [_kind(side[name]) if name in side else None for side in (old, new)]
        yield Changed(name, "column", *told)
        return
    before, after = ({**_DEFAULTS, **side[name]} for side in (old, new))
    sensitive = before["sensitive"] or after["sensitive"]
    for what in dict.fromkeys([*before, *after]):
        left, right = before.get(what), after.get(what)
        if left == right:
            continue
        if what in _LISTS:
            yield Changed(name, what, _length(left), _length(right))
        elif what in _VALUES and sensitive:
            yield Changed(name, what, None, None)
        else:
            yield Changed(name, what, _word(left), _word(right))


def _kind(column: dict[str, Any]) -> str:
    found = {**_DEFAULTS, **column}
    return f"{found['kind']}, {found['role']}{', sensitive' if found['sensitive'] else ''}"


def _length(values: Any) -> str:
    return f"{len(values)} values" if isinstance(values, list) else "not declared"


def _word(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rules(at: Snapshot) -> list[Any]:
    declared = at.yaml(PATH)
    found = declared.get("rules") if isinstance(declared, dict) else None
    return found if isinstance(found, list) else []
