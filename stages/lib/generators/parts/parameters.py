"""Checks of the parameters that a person gives a family."""

from typing import Any


def whole(name: str, value: Any, *, least: int = 1) -> None:
    """Raise ValueError where a parameter is not a whole number from `least` up."""
    if not isinstance(value, int) or not number(value) or value < least:
        raise ValueError(f"`{name}` must be a whole number from {least} up, got {value!r}")


def number(value: object) -> bool:
    """Return whether a parameter is a number, which True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
