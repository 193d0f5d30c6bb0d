"""Columns, pairs of columns and tails of a batch against real rows: all that counting tells."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ... import intervals
from ...measure import FEWEST, Findings, Measure, untold
from ...tables import table
from ...tables.schema import Schema
from . import associations, cleanliness, marginals, tails
from .absences import absences
from .coded import Coded
from .outliers import outlying
from .tails import Cells

NAMES = (
    "marginals", "worst_column", "missingness", "associations", "worst_pair", "tails", "absent",
    "outliers",
)  # fmt: skip
HALVED = tuple(name for name in NAMES if name != "absent")  # have intervals from half samples
COLUMNS = ("column", "distance", "ceiling", "wasserstein", "missing", "missing_real")


class Sample(NamedTuple):
    """Rows of one table, with what else is counted of them."""

    rows: Coded
    tails: np.ndarray  # the tail cell of each value, shape (rows, columns)
    outlying: np.ndarray  # whether each number is an outlier, shape (rows, numeric columns)

    def take(self, places: np.ndarray) -> "Sample":
        """Return the rows at `places`."""
        others = (part.take(places, axis=0) for part in (self.tails, self.outlying))
        return Sample(self.rows.take(places), *others)


class Counted(NamedTuple):
    """What is counted of one sample, to be compared with another."""

    rows: Coded
    missing: np.ndarray  # share of each column's values
    association: np.ndarray  # shape (columns, columns)
    tails: np.ndarray  # share of the rows in each tail cell
    outliers: float  # share of all numbers


class Gaps(NamedTuple):
    """How far one sample is from another, in every respect."""

    columns: np.ndarray
    missing: np.ndarray
    pairs: np.ndarray  # those that enough rows tell of, in the lower triangle, row by row
    tails: float
    outliers: float


def compare(
    made: pd.DataFrame,
    real: pd.DataFrame,
    apart: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> Findings:
    """Compare rows of a batch with the real rows `apart`, beside as many `real` ones.

    Intervals are from half samples. Noise raises the greatest difference of both sides alike; what
    it is among real rows is the ceiling. Pairs that too few real rows tell of are left out.

    Columns of metrics/columns.csv:

    - `column`, `batch`: of which batch
    - `distance`, `ceiling`: Kolmogorov-Smirnov or total variation to tune; of the batch, of train
    - `wasserstein`: as a share of the real range; of numbers alone
    - `missing`, `missing_real`: the shares of missing cells of the batch and of tune
    - `giveaway`: how much of the discriminator's ROC AUC is lost where the column is shuffled
    """
    every = table.stack([made, real, apart])
    coded = Coded.of(every, schema)
    sizes = [len(made), len(real), len(apart)]
    parts = [coded.take(own) for own in np.split(np.arange(len(every)), np.cumsum(sizes)[:-1])]
    cells = tails.cells(parts[2], _labels(every, apart, schema))
    samples = [Sample(own, tails.placed(own, cells), outlying(own, parts[2])) for own in parts]

    known = associations.told(parts[1]) & associations.told(parts[2])
    counted = [_count(one, cells, known) for one in samples]
    gaps = [_gaps(one, counted[2]) for one in counted[:2]]
    column, tied = int(gaps[0].columns.argmax()), len(gaps[0].pairs) > 0
    pair = int(gaps[0].pairs.argmax()) if tied else 0

    def summaries(*drawn: np.ndarray) -> np.ndarray:
        halves = [
            _count(one.take(own), cells, known) for one, own in zip(samples, drawn, strict=True)
        ]
        own, theirs = (_gaps(one, halves[2]) for one in halves[:2])
        return np.concatenate(
            [_summary(own), _summary(theirs), [own.columns[column], own.pairs[pair] if tied else 0]]
        )

    found = _measures(*intervals.halves(summaries, sizes, rng))
    made_with, real_with, goal = (one.association for one in counted)
    pairs = associations.pairs(made_with, real_with, goal, coded.names)
    never = absences(*parts)
    found["absent"] = Measure("fidelity", "absent", *never[:3])
    notes = _notes(gaps[0], pairs, counted, never.column)
    columns = pd.DataFrame(
        {
            "column": coded.names,
            "distance": gaps[0].columns,
            "ceiling": gaps[1].columns,
            "wasserstein": marginals.wasserstein(parts[0], parts[2]),
            "missing": counted[0].missing,
            "missing_real": counted[2].missing,
        }
    )
    told = tails.table(cells, *(one.tails for one in counted))
    tables = {"columns": columns, "pairs": pairs, "tails": told}
    if not tied:
        why = f"no pair of columns that {FEWEST} rows of each side tell of"
        found |= {name: untold("fidelity", name, why) for name in ("associations", "worst_pair")}
    if not cells.labels:
        why = f"no rare value or outer quantile holds {tails.FEWEST} real rows"
        found["tails"] = untold("fidelity", "tails", why)
    measures = [found[name]._replace(note=notes.get(name, "")) for name in NAMES]
    return Findings(measures, tables, cleanliness.findings(*parts))


def _measures(whole: np.ndarray, drawn: np.ndarray) -> dict[str, Measure]:
    """Return what half samples tell, by name.

    The last axis holds the numbers of the batch, those of real rows, and the distance of the
    column and the difference of the pair that are the worst of the batch.
    """
    size = len(HALVED)
    value, ceiling = whole[:size], whole[size : 2 * size]
    made, real, one = np.split(drawn, [size, 2 * size], axis=2)
    excess = intervals.over_halves(value - ceiling, made - real)
    for place, name in enumerate(("worst_column", "worst_pair")):
        at = HALVED.index(name)
        excess[at] = intervals.over_halves_of_greatest(
            value[at] - ceiling[at],
            made[..., at] - real[..., at],
            one[..., place] - real[..., at],
            float((one[..., place] == made[..., at]).all(axis=0).mean()),
        )
    parts = zip(HALVED, value.tolist(), ceiling.tolist(), excess, strict=True)
    return {name: Measure("fidelity", name, *own) for name, *own in parts}


def _notes(gaps: Gaps, pairs: pd.DataFrame, counted: list[Counted], absent: str) -> dict[str, str]:
    """Return what a reader needs to know beside the numbers, by measure."""
    names = counted[0].rows.names
    made, _, real = (one.outliers for one in counted)
    return {
        "worst_column": names[int(gaps.columns.argmax())] if gaps.columns.any() else "",
        "missingness": names[int(gaps.missing.argmax())] if gaps.missing.any() else "",
        "worst_pair": "{} with {}".format(*pairs[["left", "right"]].iloc[0])
        if gaps.pairs.any()
        else "",
        "absent": f"most in {absent}" if absent else "",
        "outliers": f"{made:.2%} of the batch's numbers, {real:.2%} of real ones"
        if counted[0].rows.values
        else "no column holds numbers",
    }


def _labels(every: pd.DataFrame, apart: pd.DataFrame, schema: Schema) -> list[list[str]]:
    """Return what each category is called in a committed file, by column and code.

    Those of a sensitive column are numbered among the real rows `apart`, so that a number is the
    same value for every batch; one that none of them holds has no name.
    """
    found = []
    for name in schema.categorical(schema.modelled):
        held = list(apart[name].cat.remove_unused_categories().cat.categories)
        called = dict(zip(held, schema.shown(name, held, held), strict=True))
        found.append([called.get(level, "") for level in every[name].cat.categories])
    return found


def _count(sample: Sample, cells: Cells, known: np.ndarray) -> Counted:
    rows, far = sample.rows, sample.outlying
    return Counted(
        rows,
        marginals.missing(rows),
        np.where(known, associations.association(rows), np.nan),
        tails.shares(sample.tails, cells),
        float(far.mean()) if far.size else 0.0,
    )


def _gaps(one: Counted, real: Counted) -> Gaps:
    below = np.tril(np.ones(real.association.shape, bool), -1) & ~np.isnan(real.association)
    return Gaps(
        marginals.distances(one.rows, real.rows),
        np.abs(one.missing - real.missing),
        np.abs(one.association - real.association)[below],
        tails.lack(one.tails, real.tails),
        abs(one.outliers - real.outliers),
    )


def _summary(gaps: Gaps) -> np.ndarray:
    """Return the numbers that are measures, in the order of `HALVED`."""
    means = [gaps.columns.mean(), gaps.columns.max(), gaps.missing.max()]
    pairs = gaps.pairs if len(gaps.pairs) else np.zeros(1)
    means += [pairs.mean(), pairs.max(), gaps.tails, gaps.outliers]
    return np.array(means)
