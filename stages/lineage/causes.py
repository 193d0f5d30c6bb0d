"""Why something differs from what was recorded: data, a parameter, code or a package."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from . import parameters
from .lockfile import Entry
from .snapshot import Snapshot

_NO_CAUSE = (".purpose", "preview.require_approval")  # parameters that no row depends on
_NOBODY = Entry("", {}, {}, {})
_LEARNED = ("data/train.parquet", "data/returned.parquet")  # what a generator learns from


class Cause(NamedTuple):
    """One thing that changed under a stage or a batch."""

    kind: Literal["data", "schema", "parameter", "code", "package", "output", "missing"]
    what: str  # a path, a dotted key of params.yaml, or a package's name
    told: str = ""  # what it was and is, where that is short and may be shown


def between(base: Snapshot, head: Snapshot, batch: str) -> list[Cause]:
    """Return what changed under a batch that both sides have: nothing, if it ought to be the same.

    Read from its provenance, and from what dvc.lock records of its fit and its making. Files that
    dvc.lock lists and neither ran are no cause: the record has the hash of the code that ran.
    """
    before, after = base.provenance(batch) or {}, head.provenance(batch) or {}
    return [
        *_data(base, head, batch),
        *_schema(before, after),
        *_parameters(base, head, batch),
        *_code(base, head, batch),
        *_packages(_section(before, "versions"), _section(after, "versions")),
    ]


def makers(batch: str) -> tuple[str, str]:
    """Return the stages whose inputs a batch's rows depend on, as dvc.lock names them."""
    return f"fit@{batch.partition('-')[0]}", f"generate@{batch}"


def _data(base: Snapshot, head: Snapshot, batch: str) -> Iterator[Cause]:
    left, right = (_section(side.provenance(batch) or {}, "train") for side in (base, head))
    if left.get("sha256") == right.get("sha256"):
        return
    old, new = (side.lock.get(makers(batch)[0], _NOBODY).deps for side in (base, head))
    differ = [path for path in _LEARNED if old.get(path) != new.get(path)]
    rows = [one.get("rows") for one in (left, right)]
    told = f"{rows[0]} → {rows[1]} rows" if rows[0] != rows[1] else f"{rows[0]} other rows"
    yield Cause("data", " and ".join(differ or _LEARNED[:1]), told)


def _schema(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Cause]:
    if before.get("schema_sha256") != after.get("schema_sha256"):
        yield Cause("schema", "data/schema.yaml")


def _parameters(base: Snapshot, head: Snapshot, batch: str) -> Iterator[Cause]:
    for stage in makers(batch):
        old, new = (side.lock.get(stage, _NOBODY).params for side in (base, head))
        for change in parameters.among(parameters.changed(old, new), but=_NO_CAUSE):
            yield Cause("parameter", change.key, parameters.told(change))


def _code(base: Snapshot, head: Snapshot, batch: str) -> Iterator[Cause]:
    sides = [side.provenance(batch) or {} for side in (base, head)]
    ran = [_section(side, "code_sha256") for side in sides]
    from_file = any(_section(side, "generator").get("family") == "file" for side in sides)
    paths = _differing(base, head, batch)
    if from_file and "external" in paths:
        yield Cause("data", "external")
    if ran[0] == ran[1] and ran[0]:
        return
    code = [path for path in paths if path == "rules" or path.startswith("stages/")]
    yield from (Cause("code", path) for path in code)
    if not code and ran[0] and ran[1]:
        yield Cause("code", "stages", "the hash of the code that ran differs")


def _differing(base: Snapshot, head: Snapshot, batch: str) -> list[str]:
    """Return the paths whose hashes differ between the two dvc.locks."""
    found: dict[str, None] = {}
    for stage in makers(batch):
        left, right = (side.lock.get(stage, _NOBODY).deps for side in (base, head))
        found |= {
            path: None for path in sorted({*left, *right}) if left.get(path) != right.get(path)
        }
    return list(found)


def _packages(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Cause]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            told = f"{before.get(name, 'not used')} → {after.get(name, 'not used')}"
            yield Cause("package", name, told)


def _section(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = record.get(name)
    return found if isinstance(found, dict) else {}
