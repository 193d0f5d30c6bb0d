"""The packages that generators and batches were made with, and those that are installed."""

from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from .snapshot import Snapshot


class Package(NamedTuple):
    """A package as one record has it."""

    name: str
    then: str  # the version that was recorded
    now: str | None  # the version that is installed; None: not installed here
    generator: str


def recorded(at: Snapshot) -> list[Package]:
    """Return the packages in the records of fits and batches, by name, each once a generator."""
    found = set()
    for generator in map(str, at.section("generators")):
        batches = [name for name in at.batches if name.partition("-")[0] == generator]
        paths = [f"fit/{generator}", *(f"provenance/{batch}" for batch in batches)]
        for path in paths:
            told = at.record(f"metrics/{path}.json").get("versions")
            if isinstance(told, dict):
                found |= {(name, str(then), generator) for name, then in told.items()}
    return [Package(name, then, _installed(name), who) for name, then, who in sorted(found)]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):  # ValueError: an empty name
        return None
