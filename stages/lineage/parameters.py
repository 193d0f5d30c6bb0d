"""Parameters by their dotted keys, and which of them differ between two sides."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple

_LONGEST = 60  # characters of a value that is worth reading in a comment
_NOT_SHOWN = ("where",)  # a condition may quote values of a sensitive column


class Changed(NamedTuple):
    """A parameter that differs; None where it is not there, or null."""

    key: str  # dotted, as `dvc exp run -S` takes it
    before: Any
    after: Any


def flat(value: Any, key: str = "") -> dict[str, Any]:
    """Return the values below `value` by dotted key; a list is one value, an empty section too."""
    if not isinstance(value, Mapping) or not value:
        return {key: value} if key else {}
    return {
        below: found
        for name, part in value.items()
        for below, found in flat(part, f"{key}.{name}" if key else str(name)).items()
    }


def changed(before: Any, after: Any, key: str = "") -> list[Changed]:
    """Return the parameters that differ, in their order of before, then of after."""
    left, right = flat(before, key), flat(after, key)
    return [
        Changed(name, left.get(name), right.get(name))
        for name in dict.fromkeys([*left, *right])
        if left.get(name) != right.get(name)
        and not (_empty(left.get(name)) and _empty(right.get(name)))
    ]


def _empty(value: Any) -> bool:
    """Return whether nothing is said: what is below an empty section is told by its own key."""
    return value is None or value == {}


def told(change: Changed) -> str:
    """Return "1 → 2", or nothing where the values are long or may not be shown."""
    values = [shown(change.key, value) for value in (change.before, change.after)]
    return "" if None in values else f"{values[0]} → {values[1]}"


def shown(key: str, value: Any) -> str | None:
    """Return a value as params.yaml has it, None where it is long or may not be shown."""
    if key.rpartition(".")[2] in _NOT_SHOWN:
        return None
    names = {None: "null", True: "true", False: "false"}
    text = names[value] if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST else None


def number(value: Any) -> float | None:
    """Return a number, also one that YAML 1.1 takes for text (1e-5), else None."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return found if isfinite(found) else None


def text(value: Any) -> str | None:
    """Return a text, None for anything else."""
    return value if isinstance(value, str) else None


def at(params: Mapping[str, Any], key: str) -> Any:
    """Return the value of a dotted key, None where it is not there."""
    found: Any = params
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def among(changes: Iterable[Changed], *, but: tuple[str, ...]) -> list[Changed]:
    """Return the changes whose key does not end in one of `but`."""
    return [change for change in changes if not change.key.endswith(but)]
