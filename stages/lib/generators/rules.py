"""Rules: rows from a function that a person wrote, in a Python file of the folder `rules/`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from .. import script
from ..base.errors import GeneratorError, listed
from ..tables import condition, raw, table
from ..tables.condition import Condition
from ..tables.schema import Schema

_FEW = 20  # rows that are made twice, to see that the seed decides them


@dataclass
class Rules:
    """Calls `function(n, rng)` of `file`, which returns a DataFrame of `n` rows.

    It draws from `rng`, a numpy.random.Generator, and from nothing else. Values that the schema
    does not allow are left to the verifiers; cells that have no type of it are refused.
    """

    file: str
    """A Python file in the folder `rules/`."""
    function: str = "generate"
    """Its function of a number of rows and a random generator."""

    schema: Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        script.check(self.file)
        if not isinstance(self.function, str) or not self.function.isidentifier():
            raise ValueError(f"`function` must be a function's name, got {self.function!r}")

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Keep the schema: neither the real rows nor the file are read."""
        self.schema = schema
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Call the function, type its rows, and keep those that meet `where`.

        Raises GeneratorError that names the file and what is wrong with it or with its rows.
        """
        few = min(n, _FEW)
        if not self._made(few, seed).equals(self._made(few, seed)):
            raise GeneratorError(
                f"{self.file}: {self.function}({few}, rng) made other rows with the same `rng`; "
                "draw from `rng` only, not from numpy.random, random or the time"
            )
        return condition.keep(self._made(n, seed), where)

    def sources(self) -> dict[str, str]:
        """Return the SHA-256 of every Python file in `rules/`."""
        return script.sources()

    def _made(self, n: int, seed: int) -> pd.DataFrame:
        """Return the rows of one call in the table's order and types, or raise GeneratorError."""
        made: Any = script.call(self.file, self.function, n, np.random.default_rng(seed))
        called = f"{self.file}: {self.function}({n}, rng)"
        if not isinstance(made, pd.DataFrame):
            raise GeneratorError(f"{called} must return a DataFrame, got {type(made).__name__}")
        problems = list(_shape_problems(made, n, self.schema))
        if problems:
            raise GeneratorError(listed(called, problems))
        made = made[self.schema.modelled].reset_index(drop=True)
        frame, untyped = table.typed(raw.texts(made, self.schema.read), self.schema)
        for name in frame.columns:
            if wrong := int(untyped[name].sum()):
                kind = self.schema.columns[name].kind
                problems.append(f"column {name!r}: {wrong} of {n} cells are no {kind}")
        if problems:
            raise GeneratorError(listed(called, problems))
        return frame


def _shape_problems(made: pd.DataFrame, n: int, schema: Schema) -> Iterator[str]:
    if len(made) != n:
        yield f"{n} rows were asked for and {len(made)} returned"
    for name in made.columns[made.columns.duplicated()].unique():
        yield f"column {name!r} is there more than once"
    for name in schema.modelled:
        if name not in made.columns:
            yield f"column {name!r} is missing"
    for name in made.columns.difference(schema.modelled, sort=False):
        yield f"column {name!r} is no feature and no label in data/schema.yaml; leave it out"
