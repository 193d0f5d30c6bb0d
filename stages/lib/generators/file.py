"""A file: rows that another tool made, judged as those of any generator."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from .. import provenance
from ..base.errors import GeneratorError, TableError, listed
from ..tables import condition, table
from ..tables.condition import Condition
from ..tables.schema import Schema

FOLDER = "external"  # the stages that hand out these rows depend on this folder


@dataclass
class File:
    """Hands out the rows of a CSV (also compressed) or Parquet file in the folder `external/`.

    What else is said of them goes into the record of each batch, and is not checked. Values that
    the schema does not allow are left to the verifiers; cells that have no type of it are refused.
    """

    path: str
    """A CSV (also compressed) or Parquet file in the folder `external/`."""
    made_by: str
    """The tool and its version, or whoever handed the rows over."""
    learned_from: str
    """The real rows behind them, as far as anybody knows."""
    claims: str = ""
    """What is promised of them: a licence, an ε."""
    note: str = ""
    """Anything else."""

    name: str = field(default="*", init=False)  # of its entry in params.yaml
    schema: Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        parts = Path(self.path).parts if isinstance(self.path, str) else ()
        if len(parts) < 2 or parts[0] != FOLDER or ".." in parts:
            raise ValueError(
                f"`path` must be a file in the folder {FOLDER}/, which the stages depend on, "
                f"got {self.path!r}"
            )
        for parameter in ("made_by", "learned_from", "claims", "note"):
            if not isinstance(getattr(self, parameter), str):
                raise ValueError(f"`{parameter}` must be a text, got {getattr(self, parameter)!r}")
        for parameter in ("made_by", "learned_from"):
            if not getattr(self, parameter).strip():
                raise ValueError(f"`{parameter}` is empty; a reviewer needs it")

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Keep the schema: neither the real rows nor the file are read."""
        self.schema = schema
        return self

    def held(self) -> pd.DataFrame:
        """Return all rows in the file's order, or raise GeneratorError that tells every problem."""
        key = f"params.yaml: `generators.{self.name}.path`"
        if not Path(self.path).is_file():
            raise GeneratorError(f"{key}: {self.path} is not there; put it there, or mend the path")
        try:
            cells = table.cells(self.path, self.schema)
        except TableError as error:
            raise GeneratorError(f"{key}: {error}") from None
        problems = list(_shape_problems(cells, self.schema))
        if problems:
            raise GeneratorError(listed(f"{key}: {self.path}", problems))
        frame, untyped = table.typed(cells[self.schema.modelled], self.schema)
        for name in frame.columns:
            if untyped[name].any():
                problems.append(
                    f"column {name!r}: {untyped[name].sum():,} of {len(frame):,} cells are no "
                    f"{self.schema.columns[name].kind}; {table.numbered(untyped[name])}"
                )
        if problems:
            raise GeneratorError(listed(f"{key}: {self.path}", problems))
        return frame

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Draw `n` of the rows that meet `where`, none of them twice; fewer if there are no more.

        Raises GeneratorError where the file cannot be read, or is no table of the schema.
        """
        found = condition.keep(self.held(), where)
        places = np.random.default_rng(seed).permutation(len(found))[:n]
        return table.rows(found, places)

    def sources(self) -> dict[str, str]:
        """Return the SHA-256 of the file's bytes."""
        return {self.path: provenance.of_file(self.path)}


def _shape_problems(cells: pd.DataFrame, schema: Schema) -> Iterator[str]:
    for name in schema.modelled:
        if name not in cells.columns:
            yield f"column {name!r} is missing"
    for name in cells.columns.difference(list(schema.columns), sort=False):
        yield f"column {name!r} is not declared in data/schema.yaml; leave it out"
    if cells.empty:
        yield "it has a header and no rows"
