"""The real table before and after: its rows by what git records, and by content where at hand."""

from typing import TYPE_CHECKING, NamedTuple

from .. import cache, parameters, schema_change
from ..lockfile import Entry
from ..repository import Repository
from ..snapshot import Snapshot

if TYPE_CHECKING:  # reading rows takes imports that git's record does not need
    from .row_change import Moved, Rows

PATH = "data/real.parquet"
_LEVEL = 0.05  # of the test for drift, where params.yaml has none


class Table(NamedTuple):
    """The real table at one side; None where that side does not say."""

    source: str | None  # data.path
    source_md5: str | None  # of the file that ingest read
    rows: int | None
    sha256: str | None  # of its values
    md5: str | None  # of data/real.parquet


class TableChange(NamedTuple):
    """Both tables, and what differs by content where both are in DVC's cache."""

    before: Table
    after: Table
    rows: "Rows | None"
    drift: "Moved | None"  # None also where too few rows were added to tell


def compare(repo: Repository, base: Snapshot, head: Snapshot) -> TableChange | None:
    """Return what became of the real table, None where it is the same."""
    before, after = table(base), table(head)
    if before == after:
        return None
    return TableChange(before, after, *_by_content(repo, base, head, before.md5, after.md5))


def table(at: Snapshot) -> Table:
    """Return the real table as a side records it."""
    told = at.record("metrics/ingest.json")
    entry = at.lock.get("ingest", Entry("", {}, {}, {}))
    source = parameters.at(at.params, "data.path")
    count, sha256 = told.get("rows"), told.get("sha256")
    return Table(
        source=source if isinstance(source, str) else None,
        source_md5=entry.deps.get(str(source)),
        rows=count if isinstance(count, int) else None,
        sha256=sha256 if isinstance(sha256, str) else None,
        md5=entry.outs.get(PATH),
    )


def _by_content(
    repo: Repository, base: Snapshot, head: Snapshot, before: str | None, after: str | None
) -> "tuple[Rows | None, Moved | None]":
    """Return what differs row by row; nothing where DVC's cache lacks one of the tables."""
    if not before or not after or before == after:
        return None, None
    paths = [cache.find(repo, md5) for md5 in (before, after)]
    if None in paths:
        return None, None
    import pandas as pd
    from pydantic import ValidationError

    from ...lib.tables.schema import Schema
    from . import row_change

    old, new = (pd.read_parquet(path) for path in paths if path)
    by = _id(base, head)
    found = row_change.compare(old, new, by)
    level = parameters.number(parameters.at(head.params, "monitor.level")) or _LEVEL
    try:
        schema = Schema.model_validate(head.yaml(schema_change.PATH))
    except ValidationError:  # `ingest` says what is wrong with it
        return found, None
    return found, row_change.drift(old, new, by, schema, level)


def _id(base: Snapshot, head: Snapshot) -> str | None:
    """Return the column that is an id at both sides."""
    found = [
        [name for name, column in schema_change.columns(side).items() if column.get("role") == "id"]
        for side in (base, head)
    ]
    return found[0][0] if found[0] and found[0] == found[1] else None
