"""What `dvc-synth init` makes of a table: its schema, its parameters, and what to say of both."""

from pathlib import Path
from typing import NamedTuple

from ..lib.base.errors import TableError
from ..lib.tables import raw, rows, table
from ..lib.tables import schema as schemas
from ..lib.tables.schema import Read, Schema, Task
from . import declaration, inference, leaks, reading, sizes
from .inference import Guess
from .sizes import Sizes


class Plan(NamedTuple):
    """A table as it was looked at."""

    schema: str  # the text of data/schema.yaml
    read: Read
    columns: dict[str, Guess]
    leaks: list[str]
    task: Task
    classes: dict[str, int]  # rows of each class, rarest first; none of a number
    rows: int  # labelled, without duplicates
    unlabelled: int
    sizes: Sizes


def of(path: Path, target: str) -> Plan:
    """Look at a table, and return what to do with it.

    Raises TableError where it cannot be read, where the target cannot be learned, or where a cell
    is not what its column seems to hold.
    """
    read = reading.sniff(path)
    try:
        cells = raw.cells(path, read)
        found = inference.infer(cells, target, categorical=_categorical(path))
    except TableError as error:
        raise TableError(f"{path} {error}") from None
    columns = {name: guess.column for name, guess in found.columns.items()}
    suspected = leaks.suspects(cells, columns, target)
    told = {**read.model_dump(), "missing": found.missing, "decimal": found.decimal}
    declared = Schema(read=Read.model_validate(told), columns=columns)
    typed = table.checked(cells, str(path), declared)
    labelled = typed[typed[target].notna()]
    known = labelled.loc[~rows.repeated(labelled), target]
    counts = {} if columns[target].numeric else known.astype(str).value_counts().to_dict()
    return Plan(
        schema=declaration.text(declared.read, found.columns, suspected),
        read=declared.read,
        columns=found.columns,
        leaks=suspected,
        task=schemas.task(declared, known),
        classes=dict(sorted(counts.items(), key=lambda one: (one[1], one[0]))),
        rows=len(known),
        unlabelled=len(typed) - len(labelled),
        sizes=sizes.choose(len(known), list(counts.values())),
    )


def _categorical(path: Path) -> list[str]:
    """Return the columns that the file itself calls categories."""
    if path.suffix != ".parquet":
        return []
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = pq.read_schema(path)
    return [str(one.name) for one in fields if pa.types.is_dictionary(one.type)]
