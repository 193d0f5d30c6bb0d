"""What arrived: files of the real process, read as they are, with what the schema says of them.

Where the table that a project starts from must keep to its schema, rows that arrive need not: a
cell of another kind, range or category is a finding.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..base.errors import TableError, listed
from ..tables import raw, rows, table
from ..tables.schema import Schema, valid
from ..tables.table import BATCH, ORIGIN, Typed
from ..words import count

CHUNK = 50_000  # rows that are text in memory at once

_SKIPPED = "readme"  # beginning of the names of files that hold no rows


class Incoming(NamedTuple):
    """The rows that arrived, in the order of their files."""

    frame: pd.DataFrame  # modelled columns that every file has; the target also if only some do
    outside: pd.DataFrame  # of the same shape: True where a cell is not what its column declares
    files: int
    notes: list[str]  # sentences; names of files and columns, and no value


def read(folder: str | Path, schema: Schema, *, drop_duplicates: bool) -> Incoming:
    """Read every table below a folder, CSV (also compressed) or Parquet, in sorted order.

    Hidden files and README files are passed over. A cell that its column's kind cannot hold is
    missing in `frame` and True in `outside`; one beyond `min`, `max` or `categories` is itself in
    `frame`. That a cell is missing is no matter of `outside`. With `drop_duplicates` a row equal
    to one above it is left out, as the table of real rows leaves it out, unless a column of it or
    its label is lacking: with them it might be another. Raises TableError, with
    every problem, where a file is no table, has none of the columns that models learn from, or
    has rows that an earlier cycle generated.
    """
    root, notes, problems = Path(folder), [], []
    if not root.is_dir():
        raise TableError(f"{folder} is no folder; set `monitor.incoming` in params.yaml to one")
    found: list[Typed] = []
    paths = [path for path in sorted(root.rglob("*")) if _holds_rows(path, root)]
    for path in paths:
        # A name that is no UTF-8 cannot be written down as it is.
        name = path.relative_to(root).as_posix().encode(errors="replace").decode()
        try:
            parts, undeclared = _typed(path, schema)
        except TableError as error:
            problems.append(f"{name}: {error}")
            continue
        if undeclared:
            said = ", ".join(map(repr, undeclared))
            notes.append(f"{name}: data/schema.yaml does not declare {said}; left out.")
        if sum(len(part.frame) for part in parts) == 0:
            notes.append(f"{name} holds no row.")
        found += parts
    if problems:
        raise TableError(listed(str(folder), problems))
    return _together(found, schema, len(paths), notes, drop_duplicates=drop_duplicates)


def _holds_rows(path: Path, root: Path) -> bool:
    inside = path.relative_to(root)
    hidden = any(part.startswith(".") for part in inside.parts)
    return path.is_file() and not hidden and not path.name.lower().startswith(_SKIPPED)


def _typed(path: Path, schema: Schema) -> tuple[list[Typed], list[str]]:
    """Return the cells of a file, in parts, and its columns that are not declared."""
    found: list[Typed] = []
    undeclared: list[str] = []
    for part in _parts(path, schema):
        if {ORIGIN, BATCH} & set(part.columns):
            raise TableError(
                f"column {ORIGIN if ORIGIN in part.columns else BATCH!r} marks rows that an "
                "earlier cycle generated, which are no news of the real process; move the file away"
            )
        if not set(schema.features) & set(part.columns):
            raise TableError(
                "has none of the columns that models learn from; is the first line a header, and "
                f"is {schema.read.delimiter!r} between its cells? Otherwise move the file away"
            )
        undeclared = [name for name in part.columns if name not in schema.columns]
        found.append(
            table.typed(part[[name for name in schema.kept if name in part.columns]], schema)
        )
    return found, undeclared


def _parts(path: Path, schema: Schema) -> Iterator[pd.DataFrame]:
    try:
        yield from raw.chunks(path, schema.read, rows=CHUNK)
    except TableError as error:
        raise TableError(f"{error}; mend the file, or move it away") from None


def _together(
    found: list[Typed], schema: Schema, files: int, notes: list[str], *, drop_duplicates: bool
) -> Incoming:
    """Return all parts as one, the columns that some lack left out but for the target."""
    target = schema.target
    held = [part for part in found if len(part.frame)] or found
    if not held:
        return Incoming(pd.DataFrame(), pd.DataFrame(dtype=bool), files, notes)
    some = {name for part in held for name in part.frame.columns}
    if target in some:
        held = [_with_target(part, schema) for part in held]
    every = [n for n in schema.kept if all(n in part.frame.columns for part in held)]
    for name in schema.modelled:
        if name in some and name not in every:
            notes.append(f"Column {name!r} is not in every file; it was not compared.")
        elif name not in some and name != target:
            notes.append(f"Column {name!r} did not arrive; it was not compared.")
    if target not in some:
        notes.append("The rows came without labels.")
    frame = table.stack([part.frame[every] for part in held])
    untyped = pd.concat([part.untyped[every] for part in held], ignore_index=True)
    # A cell of no number may be an infinite one, which nothing is to count with.
    frame = frame.mask(untyped & (frame.dtypes == "float64"))
    outside = untyped | (~valid(frame, schema) & frame.notna())
    modelled = [name for name in every if name in schema.modelled]
    keep = np.arange(len(frame))
    if drop_duplicates and len(frame) and set(schema.kept) <= set(every):
        keep = np.flatnonzero(~rows.repeated(frame) | frame[target].isna())
    if len(keep) < len(frame):
        dropped = count(len(frame) - len(keep), "exact duplicate")
        notes.append(f"Left out, as ingest does: {dropped}.")
    kept = outside[modelled].iloc[keep].reset_index(drop=True)
    return Incoming(table.rows(frame[modelled], keep), kept, files, notes)


def _with_target(part: Typed, schema: Schema) -> Typed:
    """Return a part with the target, missing where its file has none."""
    if schema.target in part.frame:
        return part
    cells = pd.DataFrame({schema.target: ""}, index=part.frame.index, dtype=object)
    blank = table.typed(cells, schema)
    return Typed(*(pd.concat(both, axis=1) for both in zip(part, blank, strict=True)))
