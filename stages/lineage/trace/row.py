"""One row of a blend: whether it is real, and else of which batch. Its values are not read."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from ...lib.base.errors import LineageError
from ...lib.tables.table import BATCH, ORIGIN
from .. import cache
from ..repository import Repository
from ..snapshot import Snapshot
from .target import BLEND


class Row(NamedTuple):
    """Where a row comes from."""

    number: int  # in the blend, counted from 1
    origin: str  # real or synthetic
    batch: str | None


def look(repo: Repository, at: Snapshot, number: int) -> Row:
    """Return the labels of one row of the blend that `at` records.

    Raises LineageError where those rows are not at hand, or have no such row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _rows(repo, at)
    try:
        with pq.ParquetFile(path) as file:
            start, wanted = 0, number - 1
            for group in range(file.num_row_groups):
                size = file.metadata.row_group(group).num_rows
                if wanted < start + size:
                    labels = file.read_row_group(group, columns=[ORIGIN, BATCH])
                    told = labels.slice(wanted - start, 1).to_pylist()[0]
                    return Row(number, str(told[ORIGIN]), told[BATCH])
                start += size
    except (pa.ArrowException, KeyError, OSError) as error:
        raise LineageError(f"{path} is no blend that can be read: {error}") from None
    raise LineageError(f"{BLEND} at {at.name} has {start:,} rows; there is no row {number:,}")


def _rows(repo: Repository, at: Snapshot) -> Path:
    """Return the file that dvc.lock records: that of the working tree, or DVC's copy of it."""
    md5 = next((entry.outs[BLEND] for entry in at.lock.values() if BLEND in entry.outs), None)
    here = repo.project / BLEND
    if here.is_file() and md5 in (None, _md5(here)):
        return here
    kept = cache.find(repo, md5)
    if kept is None:
        raise LineageError(
            f"{BLEND} of {at.name} (md5 {md5 or 'not recorded'}) is not at hand; "
            f"`dvc pull {BLEND}` fetches it, or `dvc checkout {BLEND}` where DVC's cache has it"
        )
    return kept


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
