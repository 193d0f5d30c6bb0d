"""The holdout and its lock: what became of them, by whom, and why."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import yaml

from ...lib.base.errors import LineageError
from .. import causes, lockfile, parameters, repository
from ..lockfile import Entry
from ..repository import Commit, Repository
from ..snapshot import Snapshot

FILE = "data/holdout.parquet"
_RECORD = "metrics/freeze.json"
_WRITERS = ("pandas", "pyarrow")  # packages that decide how the same rows are encoded
_UNKNOWN = "unknown"  # no such file or key, or nobody could read it: neither lock nor release

What = Literal["same", "locked", "changed", "unlocked", "rewritten", "broken"]


class Held(NamedTuple):
    """The holdout at one side; None where that side does not say."""

    content: str | None  # SHA-256 of its values, of metrics/freeze.json
    file: str | None  # MD5 of data/holdout.parquet, of dvc.lock
    rows: int | None
    lock: str | None  # the SHA-256 in freeze.locked; "" where that is no lock as it should be
    who: str | None
    why: str | None
    released: "Released | None"  # what freeze.released says


class Released(NamedTuple):
    """The lock that was released last, as `dvc-synth lock --release` leaves it in params.yaml."""

    lock: str | None
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

    It counts as released where `freeze.locked` is null at `head`, or a commit since `base` made it
    so and every lock that was set since belongs to that release: a lock set again, as by `git
    revert`, has to be released again, and a release on another line of history than the lock that
    took its place releases nothing.
    """
    before, after = held(base), held(head)
    differs = _differing(before, after)
    if not differs:
        return Holding("same", before, after, [])
    assert base.commit is not None  # what is compared with is a commit
    commits = repository.between(repo, base.commit, until, ["params.yaml", _RECORD])
    steps = [step for commit in commits for step in _steps(repo, base.commit, commit)]
    if differs == ["file"] and before.lock is not None:
        steps = [
            Step(commit, "recorded")
            for commit in repository.between(repo, base.commit, until, ["dvc.lock"])
            if _file(repo, commit.id) != _file(repo, f"{commit.id}^")
        ]
        return Holding(
            "rewritten" if _other_packages(base, head) else "broken", before, after, steps
        )
    if before.lock is None:
        return Holding("locked" if differs == ["lock"] else "changed", before, after, steps)
    # another holdout under the lock of the first is no release, whatever came between
    free = before.lock != after.lock and _released(repo, base.commit, head, until, steps)
    return Holding("unlocked" if free else "broken", before, after, steps)


def held(at: Snapshot) -> Held:
    """Return the holdout as a side records it."""
    described = _section(parameters.at(at.record(_RECORD), "slices.holdout"))
    locked = parameters.at(at.params, "freeze.locked")
    lock, freed = _section(locked), parameters.at(at.params, "freeze.released")
    rows = described.get("rows")
    return Held(
        content=parameters.text(described.get("sha256")),
        file=at.lock.get("freeze", Entry("", {}, {}, {})).outs.get(FILE),
        rows=rows if isinstance(rows, int) else None,
        lock=None if locked is None else parameters.text(lock.get("sha256")) or "",
        who=parameters.text(lock.get("who")),
        why=parameters.text(lock.get("why")),
        released=_freed(freed) if isinstance(freed, dict) else None,
    )


def _freed(found: dict[str, Any]) -> Released:
    return Released(*(parameters.text(found.get(key)) for key in ("sha256", "who", "why")))


def _differing(before: Held, after: Held) -> list[str]:
    """Return what differs; what only one side has recorded is the business of `stale`."""
    found = [
        name
        for name in ("content", "file")
        if None not in (getattr(before, name), getattr(after, name))
        and getattr(before, name) != getattr(after, name)
    ]
    return [*found, "lock"] if before.lock != after.lock else found


def _released(repo: Repository, base: str, head: Snapshot, until: str, steps: list[Step]) -> bool:
    """Return whether the lock at `base` was released before another took its place."""
    now = _stated(head.params)
    if now is None:
        return True
    before = _standing(repo, base, [until])
    if now not in (_UNKNOWN, *before) and None not in before:
        return False  # replaced in the working tree
    releases = [step.commit.id for step in steps if step.what == "released"]
    setting = [step for step in steps if step.what in ("locked", "replaced")]
    after = [
        step.commit.id
        for step in setting
        if step.what == "locked"
        and any(_precedes(repo, release, step.commit.id) for release in releases)
    ]
    # a release that a merge dropped led to no lock that is in force now
    holds = before if now == _UNKNOWN else {now}
    led_here = None in before or any(_lock(repo, commit) in holds for commit in after)
    return bool(releases and led_here) and all(
        step.commit.id in after
        or any(_precedes(repo, step.commit.id, release) for release in releases)
        for step in setting
    )


def _precedes(repo: Repository, one: str, other: str) -> bool:
    return repository.merge_base(repo, one, other) == one


def _other_packages(base: Snapshot, head: Snapshot) -> bool:
    return any(
        cause.kind == "package" and cause.what in _WRITERS
        for batch in base.batches
        if base.provenance(batch) and head.provenance(batch)
        for cause in causes.between(base, head, batch)
    )


def _steps(repo: Repository, base: str, commit: Commit) -> Iterator[Step]:
    """Say what a commit did; a merge did what none of its parents had."""
    parents = _parents(repo, commit.id)
    before, after = _standing(repo, base, parents), _lock(repo, commit.id)
    if after is None and before and None not in before:
        yield Step(commit, "released")
    elif after not in (None, _UNKNOWN, *before):
        yield Step(commit, "locked" if not before or None in before else "replaced")
    elif _content(repo, commit.id) not in [_content(repo, parent) for parent in parents]:
        yield Step(commit, "recorded")


def _standing(repo: Repository, base: str, commits: list[str]) -> set[str | None]:
    """Return the locks in force at some commits, None for a released one.

    Where a commit says nothing of its lock, those in force before it stay so.
    """
    found: set[str | None] = set()
    left, seen = list(commits), set(commits)
    while left:
        commit = left.pop()
        lock = _lock(repo, commit)
        if lock != _UNKNOWN:
            found.add(lock)
        elif repository.between(repo, base, commit, ["params.yaml"]):
            parents = [one for one in _parents(repo, commit) if one not in seen]
            left += parents
            seen.update(parents)
    return found


def _parents(repo: Repository, commit: str) -> list[str]:
    found: list[str] = []
    try:
        while True:
            found.append(repository.resolve(repo, f"{commit}^{len(found) + 1}"))
    except LineageError:  # there are no more
        return found


def _lock(repo: Repository, commit: str) -> str | None:
    return _stated(_parsed(repo, commit, "params.yaml"))


def _stated(params: Any) -> str | None:
    """Return the lock that parameters state: None only where they say `locked: null`.

    A key that is not there may be a misspelt one, so that it releases nothing.
    """
    freeze = parameters.at(params, "freeze") if isinstance(params, dict) else None
    if not isinstance(freeze, dict) or "locked" not in freeze:
        return _UNKNOWN
    locked = freeze["locked"]
    return None if locked is None else parameters.text(_section(locked).get("sha256")) or ""


def _content(repo: Repository, commit: str) -> str | None:
    found = _parsed(repo, commit, _RECORD)  # JSON is YAML
    return parameters.text(_section(parameters.at(_section(found), "slices.holdout")).get("sha256"))


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
