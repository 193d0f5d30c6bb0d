"""The holdout and its lock: what became of them, by whom, and why."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import yaml

from .. import causes, lockfile, parameters, repository
from ..lockfile import Entry
from ..repository import Commit, Repository
from ..snapshot import Snapshot

FILE = "data/holdout.parquet"
_RECORD = "metrics/freeze.json"
_WRITERS = ("pandas", "pyarrow")  # packages that decide how the same rows are encoded
_UNKNOWN = "unknown"  # no such file, or nobody could read it

What = Literal["same", "locked", "changed", "unlocked", "rewritten", "broken"]


class Held(NamedTuple):
    """The holdout at one side; None where that side does not say."""

    content: str | None  # SHA-256 of its values, of metrics/freeze.json
    file: str | None  # MD5 of data/holdout.parquet, of dvc.lock
    rows: int | None
    lock: str | None  # the SHA-256 in freeze.locked; "" where that is no lock as it should be
    who: str | None
    why: str | None


class Step(NamedTuple):
    """A commit that changed the lock, or what is recorded of the holdout."""

    commit: Commit
    what: Literal["locked", "released", "replaced", "recorded"]


class Holding(NamedTuple):
    """What became of the holdout.

    same; locked: for the first time; changed: it had no lock; unlocked: it was released first;
    rewritten: other bytes for what is recorded as the same rows, by other packages; broken: it was
    locked, and changed without a release.
    """

    what: What
    before: Held
    after: Held
    steps: list[Step]


def compare(repo: Repository, base: Snapshot, head: Snapshot, until: str) -> Holding:
    """Return what became of the holdout; `until` is the last commit of `head`'s side.

    It counts as released where `freeze.locked` is null at `head`, or a commit since `base` took
    the lock away.
    """
    before, after = held(base), held(head)
    differs = _differing(before, after)
    if not differs:
        return Holding("same", before, after, [])
    assert base.commit is not None  # what is compared with is a commit
    commits = repository.between(repo, base.commit, until, ["params.yaml", _RECORD])
    steps = [step for commit in commits for step in _steps(repo, commit)]
    if differs == ["file"] and before.lock is not None:
        steps = [
            Step(commit, "recorded")
            for commit in repository.between(repo, base.commit, until, ["dvc.lock"])
            if _file(repo, commit.id) != _file(repo, f"{commit.id}^")
        ]
        return Holding(
            "rewritten" if _other_packages(base, head) else "broken", before, after, steps
        )
    return Holding(_what(before, after, differs, steps), before, after, steps)


def held(at: Snapshot) -> Held:
    """Return the holdout as a side records it."""
    described = _section(parameters.at(at.record(_RECORD), "slices.holdout"))
    locked = parameters.at(at.params, "freeze.locked")
    lock = _section(locked)
    rows = described.get("rows")
    return Held(
        content=_text(described, "sha256"),
        file=at.lock.get("freeze", Entry("", {}, {}, {})).outs.get(FILE),
        rows=rows if isinstance(rows, int) else None,
        lock=None if locked is None else _text(lock, "sha256") or "",
        who=_text(lock, "who"),
        why=_text(lock, "why"),
    )


def _differing(before: Held, after: Held) -> list[str]:
    """Return what differs; what only one side has recorded is the business of `stale`."""
    found = [
        name
        for name in ("content", "file")
        if None not in (getattr(before, name), getattr(after, name))
        and getattr(before, name) != getattr(after, name)
    ]
    return [*found, "lock"] if before.lock != after.lock else found


def _what(before: Held, after: Held, differs: list[str], steps: list[Step]) -> What:
    if before.lock is None:
        return "locked" if differs == ["lock"] else "changed"
    if before.lock == after.lock:  # another holdout under the lock of the first
        return "broken"
    released = after.lock is None or any(step.what == "released" for step in steps)
    return "unlocked" if released else "broken"


def _other_packages(base: Snapshot, head: Snapshot) -> bool:
    return any(
        cause.kind == "package" and cause.what in _WRITERS
        for batch in base.batches
        if base.provenance(batch) and head.provenance(batch)
        for cause in causes.between(base, head, batch)
    )


def _steps(repo: Repository, commit: Commit) -> Iterator[Step]:
    """Say what a commit did, compared with its first parent."""
    before, after = (_lock(repo, name) for name in (f"{commit.id}^", commit.id))
    if after is None and before not in (None, _UNKNOWN):
        yield Step(commit, "released")
    elif after not in (None, _UNKNOWN, before):
        yield Step(commit, "locked" if before in (None, _UNKNOWN) else "replaced")
    elif _content(repo, commit.id) != _content(repo, f"{commit.id}^"):
        yield Step(commit, "recorded")


def _lock(repo: Repository, commit: str) -> str | None:
    params = _parsed(repo, commit, "params.yaml")
    if not isinstance(params, dict):
        return _UNKNOWN
    locked = parameters.at(params, "freeze.locked")
    return None if locked is None else _text(_section(locked), "sha256") or ""


def _content(repo: Repository, commit: str) -> str | None:
    found = _parsed(repo, commit, _RECORD)  # JSON is YAML
    return _text(_section(parameters.at(_section(found), "slices.holdout")), "sha256")


def _file(repo: Repository, commit: str) -> str | None:
    content = repository.read(repo, commit, "dvc.lock")
    try:
        lock = lockfile.parse(content.decode("utf-8", "replace") if content else None)
    except (ValueError, yaml.YAMLError):
        return None
    return lock.get("freeze", Entry("", {}, {}, {})).outs.get(FILE)


def _parsed(repo: Repository, commit: str, path: str) -> Any:
    """Return what a file holds, None where it is not there or nobody can read it."""
    content = repository.read(repo, commit, path)
    try:
        return lockfile.load(content.decode("utf-8", "replace")) if content else None
    except yaml.YAMLError:
        return None


def _section(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: dict[str, Any], name: str) -> str | None:
    value = found.get(name)
    return value if isinstance(value, str) else None
