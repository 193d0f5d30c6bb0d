"""What may be printed of text that anybody could have written into a commit, and how much of it."""

from collections.abc import Iterable

_NAMED = 4  # stages, columns, parameters or files that are told by name


def printable(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def few(names: Iterable[str]) -> list[str]:
    """Return the first names, and how many more there are."""
    found = list(names)
    more = len(found) - _NAMED
    return [*found[:_NAMED], f"{more} more"] if more > 1 else found
