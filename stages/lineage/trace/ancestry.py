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
    decided = _at(admit, "batches", name) or {}
    return {
        "batch": name,
        "file": _file(at, f"data/synthetic/{name}.parquet"),
        "sha256": made.get("sha256"),
        "rows": made.get("rows"),
        "slice": made.get("slice"),
        "seed": made.get("seed"),
        "made_in": _first(repo, at, path, made.get("sha256")),
        "status": decided.get("status"),
        "reasons": decided.get("reasons") or None,
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
    declared = made.get("generator") or {}
    return {
        "generator": name,
        "family": declared.get("family"),
        "parameters": declared.get("parameters"),
        "seed": declared.get("seed"),
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
    path = str((at.params.get("data") or {}).get("path"))
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
        "batches": [batch(repo, at, str(name)) for name in mixed.get("batches") or []],
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
    told: Told = {"verdict": found.get("verdict"), "decided_on": found.get("decided_on")}
    for check in found.get("checks") or []:
        told.setdefault(str(check.get("gate")), {})[str(check.get("name"))] = check.get("verdict")
    return told


def _first(repo: Repository, at: Snapshot, path: str, digest: str | None) -> Told | None:
    """Return the first commit in which a file holds this hash, None where none has it yet."""
    if not digest:
        return None
    until = at.commit or repository.resolve(repo, "HEAD")
    commits = repository.changes(repo, until, [path])
    held = repository.contents(repo, [(commit.id, path) for commit in commits])
    for commit in commits:
        if digest.encode() in held.get((commit.id, path), b""):
            return {"commit": commit.id[:_ID], "author": commit.author, "subject": commit.subject}
    return None


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


def _at(record: Any, *keys: str) -> Any:
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record
