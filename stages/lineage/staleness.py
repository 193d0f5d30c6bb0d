"""Which stages are to run again: what dvc.lock recorded of them is not what is there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Literal, NamedTuple

import yaml

from . import asked, contents, parameters, schema_change
from .asked import Asked
from .causes import Cause
from .lockfile import Entry
from .repository import Repository
from .snapshot import Snapshot

_ABSENT = object()
_POWER = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")


class _Held(NamedTuple):
    """What is known of the files that stages read and write: MD5 by path."""

    now: dict[str, str]  # read where git holds it, else as recorded by the stages asked for
    before: dict[str, str]  # the same, and what stages made that are no longer asked for
    cached: set[str]  # outputs that DVC holds
    arriving: set[str]  # the real table and the incoming rows, which git and DVC need not hold


def stale(
    at: Snapshot, repo: Repository, wanted: Mapping[str, Asked] | None = None
) -> dict[str, list[Cause]]:
    """Return the stages that are to run again, in dvc.yaml's order, each with why.

    `wanted` is what `asked.stages` returns, for who has it already: it takes its time.

    What git holds is compared by its content with what dvc.lock recorded; what DVC's cache holds,
    by what the stages that write and read it recorded. Of the working tree the real table and the
    incoming rows are read too, where they are at hand; its other files of DVC are left to
    `dvc status`. A stage behind one of these is not told for that alone. Not seen is what changed
    in a folder of folders (data/validation) and nowhere else.

    Raises LineageError where dvc.yaml does not resolve.
    """
    wanted = asked.stages(at) if wanted is None else wanted
    held = _held(at, repo, wanted)
    found = {
        name: list(_causes(stage, at.lock.get(name), at.params, held))
        for name, stage in wanted.items()
    }
    return {name: causes for name, causes in found.items() if causes}


def kind(path: str) -> Literal["data", "schema", "code"]:
    """Return the kind of cause that a change of the file or folder at `path` is."""
    if path == schema_change.PATH:
        return "schema"
    code = path.endswith(".py") or path.split("/")[0] in ("stages", "rules")
    return "code" if code else "data"


def _held(at: Snapshot, repo: Repository, wanted: Mapping[str, Asked]) -> _Held:
    cached = {path for stage in wanted.values() for path, of_dvc in stage.outs.items() if of_dvc}
    places = {path for stage in wanted.values() for path in (*stage.deps, *stage.outs)} - cached
    # dvc.lock does not say which outputs of a stage that is gone DVC holds: those beside its own.
    beside = {PurePath(path).parent for path in cached}
    every = {
        path: md5
        for entry in at.lock.values()
        for path, md5 in entry.outs.items()
        if path not in places and PurePath(path).parent in beside
    }
    current = {
        path: md5
        for name in wanted
        if name in at.lock
        for path, md5 in at.lock[name].outs.items()
        if path in cached
    }
    read = contents.files(at, repo, sorted(places), leave=every.keys() | cached)
    named = (at.section("data").get("path"), at.section("monitor").get("incoming"))
    arriving = {path for path in named if isinstance(path, str)}
    return _Held({**read, **current}, {**read, **every, **current}, cached, arriving)


def _causes(
    stage: Asked, entry: Entry | None, params: Mapping[str, Any], held: _Held
) -> Iterator[Cause]:
    if entry is None:
        yield Cause("missing", "dvc.lock", "asked for, and never run")
        return
    if stage.command != entry.command:
        yield Cause("code", "dvc.yaml", "the command is another")
    for path in stage.deps:
        if path not in entry.deps:
            yield Cause(kind(path), path, "not read before")
        else:
            told = _changed(path, entry.deps[path], held)
            if told is not None:
                yield Cause(kind(path), path, told)
    for key in stage.params:
        yield from _parameter(key, entry, params)
    for path, cached in stage.outs.items():
        if path not in entry.outs:
            yield Cause("output", path, "not written before")
        elif not cached:
            told = _changed(path, entry.outs[path], held)
            if told is not None:
                yield Cause("output", path, told or "not as the stage wrote it")


def _changed(path: str, recorded: str, held: _Held) -> str | None:
    """Return what is to be said of a file that is not as recorded, None where nothing is."""
    found = {contents.of(path, known) for known in (held.now, held.before)} - {None}
    if recorded in found:
        return None
    if path in held.arriving and not _at_hand(path, held.now):
        return None
    if found:
        return ""
    of_dvc = any(
        f"{one}/".startswith(f"{path}/") or f"{path}/".startswith(f"{one}/") for one in held.cached
    )
    return None if of_dvc else "is not there"


def _at_hand(path: str, known: Mapping[str, str]) -> bool:
    """Return whether a file, or a folder with more than hidden files, is known."""
    inside = [name for name in known if name.startswith(f"{path}/")]
    return path in known or any(not PurePath(name).name.startswith(".") for name in inside)


def _parameter(key: str, entry: Entry, params: Mapping[str, Any]) -> Iterator[Cause]:
    """Tell each value at or below a key that differs from what was recorded."""
    recorded = _plain(entry.params.get(key, _ABSENT))
    now = _plain(_value(params, key))
    if recorded is _ABSENT or now is _ABSENT:
        yield Cause("parameter", key, "no longer there" if now is _ABSENT else "not read before")
    elif recorded != now:
        found = parameters.changed(recorded, now, key)
        yield from (Cause("parameter", one.key, parameters.told(one)) for one in found)
        if not found:  # null, and no value at all
            yield Cause("parameter", key)


def _value(params: Mapping[str, Any], key: str) -> Any:
    """Return the value of a dotted key, `_ABSENT` where it is not there; null is a value."""
    found: Any = params
    for part in key.split("."):
        found = found.get(part, _ABSENT) if isinstance(found, Mapping) else _ABSENT
    return found


def _plain(value: Any) -> Any:
    """Read a string as YAML reads it without quotes, which dvc.lock does not keep."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    if _POWER.fullmatch(value):
        return float(value)  # YAML 1.2, as DVC reads it
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, value, (True, False))
    try:
        return loader.construct_object(yaml.ScalarNode(tag, value))
    except (ValueError, yaml.YAMLError):  # "=", or a date that there is not: text, as it stands
        return value
