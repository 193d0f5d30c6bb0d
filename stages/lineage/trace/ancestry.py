"""Backwards: what a batch, a generator or a blend was made from, and by what.

All is read from git: the records in metrics/, and the hashes in dvc.lock.
"""

from typing import Any

from .. import repository
from ..lockfile import Entry
from ..repository import Repository
from ..snapshot import Snapshot
from .target import BLEND, MODEL

Told = dict[str, Any]  # facts by their name, as JSON takes them; None where git does not say

_NOBODY = Entry("", {}, {}, {})
_ID = 9  # letters of a commit's id that are shown


def batch(repo: Repository, at: Snapshot, name: str) -> Told:
    """Return how a batch was made, which gates it went through, and in which commit."""
    path = f"metrics/provenance/{name}.json"
    made, admit = at.record(path), at.record("metrics/admit.json")
    learner = _at(made, "generator", "name") or name.partition("-")[0]
    return {
        "batch": name,
        "file": _file(at, f"data/synthetic/{name}.parquet"),
        "sha256": made.get("sha256"),
        "rows": made.get("rows"),
        "slice": made.get("slice"),
        "seed": made.get("seed"),
        "made_in": _first(repo, at, path, made.get("sha256")),
        "status": _at(admit, "batches", name, "status"),
        "reasons": _at(admit, "batches", name, "reasons") or None,
        "gates": gates(at, name),
        "verifiers": made.get("verifiers"),
        "preview": made.get("preview"),
        "versions": made.get("versions"),
        "privacy": made.get("privacy"),
        "generator": generator(at, str(learner), made),
        "code_sha256": made.get("code_sha256"),
        "code": _code(at, f"generate@{name}"),
    }


def generator(at: Snapshot, name: str, record: Told | None = None) -> Told:
    """Return how a generator was fitted, by the `record` of a batch of it or that of its fit."""
    made = at.record(f"metrics/fit/{name}.json") if record is None else record
    return {
        "generator": name,
        "family": _at(made, "generator", "family"),
        "parameters": _at(made, "generator", "parameters"),
        "seed": _at(made, "generator", "seed"),
        "file": _file(at, f"models/{name}.pkl"),
        "versions": made.get("versions") if record is None else None,
        "privacy": made.get("privacy") if record is None else None,
        "learned_from": {
            "rows": _at(made, "train", "rows"),
            "sha256": _at(made, "train", "sha256"),
            "synthetic_share": made.get("synthetic_share"),
            "file": _file(at, "data/train.parquet"),
            "table": table(at),
        },
        "schema": {**_file(at, "data/schema.yaml"), "sha256": made.get("schema_sha256")},
        "code_sha256": made.get("code_sha256") if record is None else None,
        "code": _code(at, f"fit@{name}"),
    }


def table(at: Snapshot) -> Told:
    """Return the real table that everything comes from."""
    path = str(at.section("data").get("path"))
    ingested = at.record("metrics/ingest.json")
    return {**_file(at, path), "rows": ingested.get("rows"), "sha256": ingested.get("sha256")}


def blend(repo: Repository, at: Snapshot) -> Told:
    """Return how the final mix and its model were made, with each of its batches."""
    mixed = at.record("metrics/blend.json")
    keys = ("ratio", "policy", "rows_real", "rows_synthetic")
    return {
        "blend": _file(at, BLEND),
        **{key: mixed.get(key) for key in keys},
        "made_in": _first(repo, at, "dvc.lock", _file(at, BLEND)["md5"]),
        "model": model(at),
        "real_rows": {"file": _file(at, "data/train.parquet"), "table": table(at)},
        "batches": [batch(repo, at, str(name)) for name in _list(mixed.get("batches"))],
        "code": _code(at, "blend"),
    }


def model(at: Snapshot) -> Told:
    """Return the final model and what it reaches on the holdout."""
    mixed = at.record("metrics/blend.json")
    keys = ("model", "metric", "score", "lower", "upper", "gain", "gain_lower", "gain_upper")
    return {"file": _file(at, MODEL), **{key: mixed.get(key) for key in (*keys, "verdict")}}


def gates(at: Snapshot, name: str) -> Told | None:
    """Return the verdict on a batch, and by gate that of every check."""
    found = at.record(f"metrics/validate/{name}.json")
    if not found:
        return None
    by_gate: dict[str, Told] = {}
    for check in _list(found.get("checks")):
        verdicts = by_gate.setdefault(str(_at(check, "gate")), {})
        verdicts[str(_at(check, "name"))] = _at(check, "verdict")
    return {"verdict": found.get("verdict"), "decided_on": found.get("decided_on"), **by_gate}


def _first(repo: Repository, at: Snapshot, path: str, digest: Any) -> Told | None:
    """Return the first commit in which a file holds this hash, None where none has it yet.

    In a shallow clone that may be before the first that there is: which one is then unknown.
    """
    if not digest or not isinstance(digest, str):
        return None
    until = at.commit or repository.resolve(repo, "HEAD")
    commits = repository.changes(repo, until, [path])
    held = repository.contents(repo, [(commit.id, path) for commit in commits])
    sought = digest.encode(errors="replace")
    having = [one for one in commits if sought in held.get((one.id, path), b"")]
    if not having:
        return None
    if repository.boundary(repo) & {one.id for one in having}:
        unknown = "in a shallow clone; `git fetch --unshallow` brings the earlier commits"
        return {"commit": None, "author": None, "subject": None, "unknown": unknown}
    return {"commit": having[0].id[:_ID], "author": having[0].author, "subject": having[0].subject}


def _file(at: Snapshot, path: str) -> Told:
    """Return a file with the MD5 that dvc.lock has of it, as an output or else as a dependency."""
    made = (entry.outs for entry in at.lock.values())
    read = (entry.deps for entry in at.lock.values())
    known = (paths[path] for paths in (*made, *read) if path in paths)
    return {"path": path, "md5": next(known, None)}


def _code(at: Snapshot, stage: str) -> dict[str, str] | None:
    """Return the MD5 of each file of code that dvc.lock says a stage ran, by path."""
    deps = at.lock.get(stage, _NOBODY).deps
    own = ("stages/", "rules", "external", "reviews")
    return {path: md5 for path, md5 in deps.items() if path.startswith(own)} or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(record: Any, *keys: str) -> Any:
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record
