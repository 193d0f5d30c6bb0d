"""The record of a batch: written with it, in it and beside it, and checked when it is read."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from .base import files
from .base.errors import ProvenanceError
from .tables import rows
from .tables.table import BATCH, ORIGIN

_KEY = "dvc_synth.provenance"
_PACKAGES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy")  # all shape the numbers


# What a batch takes over from the record of its generator's fit.
LEARNED = ("generator", "train", "schema_sha256", "versions", "synthetic_share", "privacy")


class Record(NamedTuple):
    """Everything that made a batch; every field must be given."""

    batch: str
    generator: dict[str, Any]  # name, family, parameters, seed
    slice: dict[str, Any]  # name, purpose, and the condition that its rows meet
    seed: int  # of the sampling
    rows: dict[str, int]  # asked, held where finite, generated, met the condition, kept
    verifiers: dict[str, dict[str, int]]  # for each, in their order: rows seen, rows kept
    train: dict[str, Any]  # rows, sha256
    schema_sha256: str
    code_sha256: dict[str, str]  # of the modules that fit and generate ran, and of user's files
    versions: dict[str, str]
    preview: dict[str, Any]  # the verdict on the rows that a person saw first, and who approved
    synthetic_share: float  # of the rows that the generator learned from
    privacy: dict[str, Any] | None  # mechanism, epsilon and delta, where they are promised


def write(
    frames: Iterable[pd.DataFrame],
    complete: Callable[[], Record],
    path: str | Path,
    beside: str | Path,
) -> None:
    """Write a batch with its labels and record; the only function that writes one.

    The rows come in parts, and `complete` is asked for their record when all have come. It goes
    into the Parquet file's metadata and, as JSON, to `beside`, both with the SHA-256 of the rows.
    Raises ProvenanceError, and leaves no file, where the record is incomplete or does not fit.

    Keys of metrics/provenance/<batch>.json:

    - `batch`: its name
    - `generator`, `train`, `schema_sha256`, `versions`, `synthetic_share`: as in
      `metrics/fit/<generator>.json`
    - `slice`: its `name`, its `purpose`, and the condition `where`
    - `seed`: of the sampling
    - `rows`: how many were `asked` for, `generated`, `met` the condition and were `kept`; and
      `held`, where the generator has only so many
    - `verifiers`: for each, in their order, the rows `seen` and `kept`
    - `code_sha256`: of the modules that `fit` and `generate` ran, and of files of yours
    - `preview`: the `verdict` on the preview, its hash, and who approved it
    - `privacy`: as in the fit, with the verifiers left out for it; else null
    - `sha256`: hash of the rows
    """
    told: dict[str, Any] = {}
    digest = rows.Digest()
    batch = Path(path).stem

    def labelled() -> Iterator[pd.DataFrame]:
        for frame in frames:
            digest.update(frame)
            marks = {ORIGIN: "synthetic", BATCH: batch}
            yield frame.assign(
                **{name: pd.Categorical([mark] * len(frame)) for name, mark in marks.items()}
            )

    def metadata() -> dict[str, str]:
        record = complete()
        _check(record, digest.rows, batch, path)
        told.update(record._asdict(), sha256=digest.hexdigest())
        return {_KEY: json.dumps(told, sort_keys=True)}

    files.write_parquet_parts(labelled(), path, metadata)
    files.write_json(told, beside, exact=True)


def _check(record: Record, count: int, batch: str, path: str | Path) -> None:
    empty = [
        name
        for name, value in record._asdict().items()
        if value in ("", {}) or _hollow(value) or (value is None and name != "privacy")
    ]
    if empty:
        raise ProvenanceError(f"{path}: the record lacks {', '.join(empty)}; nothing was written")
    if record.batch != batch:
        raise ProvenanceError(f"{path}: the record is that of {record.batch}; nothing was written")
    if record.rows.get("kept") != count:
        raise ProvenanceError(
            f"{path}: the record says {record.rows.get('kept')} rows and the batch has {count}"
        )


def read(path: str | Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a batch and its record.

    Raises ProvenanceError where the record is absent or the rows no longer match it.
    """
    labelled = files.read_parquet(path)
    told = files.read_parquet_metadata(path).get(_KEY)
    if told is None:
        raise ProvenanceError(f"{path} has no provenance; make it with `dvc repro generate`")
    record = json.loads(told)
    if rows.digest(labelled.drop(columns=[ORIGIN, BATCH])) != record["sha256"]:
        raise ProvenanceError(
            f"{path}: the rows are not those of its provenance (sha256 {record['sha256'][:16]}…); "
            f"bring them back with `dvc checkout {path}` or `dvc repro generate`"
        )
    return labelled, record


def code() -> str:
    """Return the SHA-256 of every module of this package that the process has imported."""
    package = __name__.split(".", 1)[0]
    sources = {}
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)  # of the stage itself too, which is __main__
        if spec and spec.origin and spec.name.split(".", 1)[0] == package:
            sources[spec.name.partition(".")[2]] = Path(spec.origin).read_bytes()
    state = hashlib.sha256()
    for name in sorted(sources):
        state.update(f"{name}\x1f".encode() + sources[name])
    return state.hexdigest()


def of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of `packages`, and of those that shape the numbers of everything."""
    return {package: version(package) for package in (*_PACKAGES, *packages)}


def _hollow(value: Any) -> bool:
    return isinstance(value, dict) and any(item is None for item in value.values())
