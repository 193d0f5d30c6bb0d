"""A project as it was at a commit, or as it lies in the working tree: what git holds of it."""

import json
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from ..lib.base.errors import LineageError
from . import lockfile, repository
from .lockfile import Entry
from .repository import Repository

WORKSPACE = "workspace"  # as DVC calls the working tree


class Snapshot:
    """A project at one point; each file is read when it is asked for, and once."""

    def __init__(self, name: str, commit: str | None, read: Callable[[str], bytes | None]) -> None:
        """Take a name for people, the commit's id (None: the working tree), and a reader."""
        self.name = name
        self.commit = commit
        self.read = read

    def text(self, path: str) -> str | None:
        """Return a file as text, None where it is not there."""
        content = self.read(path)
        return None if content is None else content.decode("utf-8", errors="replace")

    def json(self, path: str) -> Any:
        """Return what a JSON file holds, None where it is not there."""
        return self._parsed(path, json.loads)

    def yaml(self, path: str) -> Any:
        """Return what a YAML file holds, None where it is not there."""
        return self._parsed(path, lockfile.load)

    @cached_property
    def params(self) -> dict[str, Any]:
        """What params.yaml holds."""
        found = self.yaml("params.yaml") or {}
        if not isinstance(found, dict):
            raise LineageError(f"params.yaml at {self.name} holds no sections")
        return found

    @cached_property
    def lock(self) -> dict[str, Entry]:
        """What dvc.lock holds, by stage."""
        return self._parsed("dvc.lock", lockfile.parse) or {}

    @cached_property
    def batches(self) -> list[str]:
        """The names of all batches that params.yaml asks for, in their order."""
        return [
            f"{generator}-{part}"
            for part in self.section("slices")
            for generator in self.section("generators")
        ]

    def provenance(self, batch: str) -> dict[str, Any] | None:
        """Return the record of a batch, None where it has none."""
        return self.record(f"metrics/provenance/{batch}.json") or None

    def validation(self, batch: str) -> dict[str, Any] | None:
        """Return what the gates said of a batch, None where they were not asked."""
        return self.record(f"metrics/validate/{batch}.json") or None

    def section(self, name: str) -> dict[str, Any]:
        """Return a section of params.yaml, empty where there is none."""
        found = self.params.get(name)
        return found if isinstance(found, dict) else {}

    def record(self, path: str) -> dict[str, Any]:
        """Return the object that a JSON file holds, empty where there is none."""
        found = self.json(path)
        return found if isinstance(found, dict) else {}

    def _parsed(self, path: str, parse: Callable[[str], Any]) -> Any:
        content = self.read(path)
        if content is None:
            return None
        try:
            return parse(content.decode("utf-8"))
        except (ValueError, RecursionError, yaml.YAMLError) as error:
            raise LineageError(f"{path} at {self.name} cannot be read: {error}") from None


def at(repo: Repository, revision: str) -> Snapshot:
    """Return the project at a commit; raises LineageError where `revision` names none."""
    commit = repository.resolve(repo, revision)
    name = revision if len(revision) < 40 else commit[:9]
    return Snapshot(name, commit, cache(lambda path: repository.read(repo, commit, path)))


def workspace(repo: Repository) -> Snapshot:
    """Return the project as it lies in the working tree, committed or not."""
    return Snapshot(WORKSPACE, None, cache(lambda path: _file(repo.project / path)))


def _file(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise LineageError(f"{path} cannot be read: {error.strerror}") from None
