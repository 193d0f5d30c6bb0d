"""A condition: what must hold before results are handed on."""

from typing import NamedTuple


class Condition(NamedTuple):
    """What must hold, and whether it does."""

    name: str
    holds: bool | None  # None: it cannot be known here
    evidence: str
    answer: str  # a command; "" where there is none, or nothing to do
