"""Whether rows that arrived still look like those that the generators learned from."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from ..base.params import Section
from ..measure import FEWEST
from ..tables import table
from ..tables.schema import Schema
from ..words import count
from . import columns, pairs, pool, together
from .columns import Reason
from .incoming import Incoming
from .pairs import Pair
from .pool import Part

SEED = 0  # of the deals, of the rows that are compared, and of the halves a model learns from
CAP = 10_000  # rows of each sample that a column's null is dealt from
CAP_TOGETHER = 2_000  # rows of each sample that pairs and the discriminator are asked of
NAMED = 10  # pairs at most

_OF_COLUMNS = 2  # what corrected p-values are multiplied by: columns have half of the level,
_OF_JOINT = 4  # the discriminator and the pairs a quarter each


class Monitor(Section):
    """The section `monitor` of params.yaml."""

    incoming: str
    """The folder where rows of the real process arrive."""
    level: float = Field(ge=0.01, le=0.2)
    """How often rows that did not drift may raise an alarm."""


class Shift(NamedTuple):
    """What is told of one column."""

    column: str
    numeric: bool
    distance: float
    psi: float
    p_value: float  # corrected for all that is tested
    missing: tuple[float, float]  # shares: before and now
    new: list[str]  # categories that no row learned from holds; not for committed files
    outside: int  # cells that are not what the column declares
    why: list[Reason]
    moved: bool


class Joint(NamedTuple):
    """What is told of all columns together."""

    auc: float
    p_value: float
    moved: bool
    pairs: list[Pair]  # whose association changed beyond chance


class Drift(NamedTuple):
    """How rows that arrived differ from those that were learned from."""

    columns: list[Shift]
    joint: Joint | None  # None: too few rows to tell
    notes: list[str]

    @property
    def moved(self) -> list[str]:
        """The columns that moved."""
        return [shift.column for shift in self.columns if shift.moved]

    @property
    def shown(self) -> bool:
        """Whether anything is shown to have changed."""
        return bool(self.moved) or (self.joint is not None and self.joint.moved)

    @property
    def dependence(self) -> bool | None:
        """Whether columns are shown to go together otherwise than before."""
        if self.joint is None:
            return None
        return self.joint.moved and (bool(self.joint.pairs) or not self.moved)


def compare(learned: pd.DataFrame, arrived: Incoming, schema: Schema, level: float) -> Drift:
    """Compare rows that arrived with those that generators learned from.

    All that is shown together is shown by chance at most so often as `level` says: half of it goes
    to the columns, a quarter each to the discriminator and the pairs (Bonferroni), and within each
    the p-values are corrected by dealing out rows anew. There must be a row that arrived.
    """
    rng = np.random.default_rng(SEED)
    first, second = len(learned), len(arrived.frame)
    parts = pool.pooled(learned, arrived.frame, arrived.outside, schema)
    places, kept = _sample(first, second, CAP, rng)
    notes = list(_notes(parts, first, schema))
    if len(places) < first + second:
        notes.append(f"P-values are from at most {CAP:,} random rows of each side.")
    found = columns.tests([part.take(places) for part in parts], kept, rng)
    shifts = [
        _shift(part, first, [test for test in found if test.column == place], level)
        for place, part in enumerate(parts)
    ]
    joint, more = _joint(learned, arrived.frame, parts, schema, level, rng)
    return Drift(shifts, joint, notes + more)


def _sample(first: int, second: int, cap: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Return places of at most `cap` random rows of each sample, and how many of the first."""
    one, two = (rng.permutation(size)[:cap] for size in (first, second))
    return np.concatenate([one, first + two]), len(one)


def _shift(part: Part, first: int, tests: list[columns.Test], level: float) -> Shift:
    p = {test.reason: min(_OF_COLUMNS * test.p_value, 1.0) for test in tests}
    outside = int(part.outside.sum())
    why = [
        reason
        for reason, value in p.items()
        if value <= level or (reason == "out of range" and outside)
    ]
    least = min(p.values())
    return Shift(
        column=part.name,
        numeric=part.numeric,
        distance=columns.distance(part, first),
        psi=columns.stability(part, first),
        p_value=least,
        missing=(float(part.absent[:first].mean()), float(part.absent[first:].mean())),
        new=[str(part.values[code - 1]) for code in columns.new(part, first)],
        outside=outside,
        why=why,
        moved=least <= level,
    )


def _joint(
    learned: pd.DataFrame,
    arrived: pd.DataFrame,
    parts: list[Part],
    schema: Schema,
    level: float,
    rng: np.random.Generator,
) -> tuple[Joint | None, list[str]]:
    """Ask the discriminator and the pairs; a target that some rows lack is left out."""
    notes = []
    names = list(arrived.columns)
    target = schema.target
    if target in names and arrived[target].isna().any():
        names.remove(target)
        notes.append(
            "Not every row has its label, so labels were left out of what columns do together."
        )
    first, second = len(learned), len(arrived)
    fewest = min(first, second)
    if fewest < FEWEST or len(names) < 2:
        why = count(fewest, "row") if fewest < FEWEST else count(len(names), "column")
        return None, [*notes, f"What columns do together was not compared: {why}, too few to tell."]
    places, kept = _sample(first, second, CAP_TOGETHER, rng)
    if len(places) < first + second:
        notes.append(f"Columns together: at most {CAP_TOGETHER:,} random rows of each side.")
    both = table.stack(
        [
            table.rows(learned[names], places[:kept]),
            table.rows(arrived[names], places[kept:] - first),
        ]
    )
    told = together.tell(both, kept, schema, rng)
    every = pairs.compare([part.take(places) for part in parts if part.name in names], kept, rng)
    changed = [
        pair._replace(p_value=_OF_JOINT * pair.p_value)
        for pair in every
        if _OF_JOINT * pair.p_value <= level
    ]
    least = min([told.p_value, *(pair.p_value for pair in every)])
    p_value = min(_OF_JOINT * least, 1.0)
    return Joint(told.auc, p_value, p_value <= level, changed[:NAMED]), notes


def _notes(parts: list[Part], first: int, schema: Schema) -> Iterator[str]:
    outside = sum(int(part.outside.sum()) for part in parts)
    if outside:
        yield (
            f"{count(outside, 'cell')} outside what data/schema.yaml declares, which ingest would "
            "refuse: correct the cells, or the schema."
        )
    gaps = sum(
        int(part.absent[first:].sum())
        for part in parts
        if not (schema.columns[part.name].missing or part.target)
    )
    if gaps:
        yield (
            f"{count(gaps, 'cell')} missing where data/schema.yaml allows none, which ingest would "
            "refuse: fill them in, or correct the schema."
        )
    for part in parts:
        if not (part.codes[first:] > 0).any():
            yield f"Column {part.name!r} has no value in any row that arrived."
