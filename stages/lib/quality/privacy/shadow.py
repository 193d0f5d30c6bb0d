"""Shadow models: the generator fitted again and again, with and without chosen training rows.

The likelihood-ratio attack (LiRA) of Carlini et al. 2022 (arXiv:2112.03570), on synthetic samples
as in Stadler et al. 2022 (arXiv:2011.07018) and Houssiau et al. 2022 (arXiv:2211.06550). It is on
the generator: what verifiers drop from a batch afterwards does not count in its favour.
"""

from collections.abc import Callable, Iterator
from math import ceil
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from pydantic import Field

from ... import distance
from ...base.errors import GeneratorError
from ...base.params import Section
from ...generators.protocol import Generator, Private
from ...measure import FEWEST, Findings, untold
from ...tables import condition, table
from ...tables.condition import Condition
from ...tables.schema import Schema
from . import exposure

CAP = 10_000  # rows of train that isolation is measured among, and of a sample, at most
POOL = 10  # unseen rows for each of train that are drawn from, at most
NEAREST = 5  # neighbours that isolation and nearness are taken over
CELLS = 20  # equally filled, that numbers are cut into to count them
FITS = 16  # shadow models, and a quarter of them with and without a row, that tell anything
UNLEARNED = {
    "rules": "its rows come from a function that learns nothing from real ones",
    "file": "its rows were made elsewhere, where it cannot be fitted again",
}

Make = Callable[[], Generator]  # returns the unfitted generator; other processes call it too


class Shadow(Section):
    """The option `gates.privacy.shadow` of params.yaml; null leaves the attack out."""

    fits: int = Field(64, ge=FITS, multiple_of=2)
    """How often the generator is fitted anew, half of them with each target."""
    targets: int = Field(100, ge=FEWEST)
    """Rows of train whose risk is found, the isolated ones first."""


class Drawn(NamedTuple):
    """The targets, and which fits learn from them."""

    places: np.ndarray  # (targets,), in train, the most isolated first
    isolation: np.ndarray  # (targets,), Gower's distance to the fifth nearest row of train
    members: np.ndarray  # (targets, fits), whether the fit learns from the target
    size: int  # rows that each fit learns from


def left_out(family: str, generator: Generator) -> str | None:
    """Return why a generator is not attacked so, or None where it is."""
    if isinstance(generator, Private):
        return (
            "No shadow models: the generator is differentially private, so its bound holds for "
            "every row, and each further fit would spend from the budget."
        )
    if family in UNLEARNED:
        return f"No shadow models: the generator is of the family {family}, {UNLEARNED[family]}."
    return None


def seconds(
    make: Make, train: pd.DataFrame, schema: Schema, size: int, where: Condition | None = None
) -> float:
    """Return how long one shadow model of `size` sampled rows takes now, for a terminal only."""
    started = perf_counter()
    few = table.rows(train, np.arange(min(len(train), FEWEST)))
    _scores(make, train, schema, few, _span(train, schema), min(size, CAP), where, (0, 0))
    return perf_counter() - started


def cost(shadow: Shadow, seconds: float, workers: int) -> str:
    """Say what the attack will take if one shadow model takes so many seconds."""
    total = ceil(shadow.fits / workers) * seconds
    unit, of = next(one for one in (("h", 3600), ("min", 60), ("s", 0)) if total >= one[1])
    return (
        f"{shadow.fits} shadow models of about {_rounded(seconds)} s each, about "
        f"{_rounded(total / max(of, 1))} {unit} with {workers} worker{'s' * (workers > 1)}"
    )


def _rounded(number: float) -> str:
    return f"{number:.2g}" if number < 99.5 else f"{number:,.0f}"


def attack(
    make: Make,
    family: str,
    batch: pd.DataFrame,
    train: pd.DataFrame,
    pool: pd.DataFrame,
    schema: Schema,
    shadow: Shadow,
    rng: np.random.Generator,
    *,
    where: Condition | None = None,
) -> Findings:
    """Attack the generator of a batch with shadow models, over all processors.

    `pool` holds real rows that the generator never saw. Measured are `exposure`, the share of
    (target, fit) pairs with the target in the fit that are found at 1 % false positives, and
    `exposure_auc`; the table `risk` has a line per target. The numbers depend on `rng` alone,
    not on how many processes work.
    """
    if why := left_out(family, make()):
        return Findings([], {}, [why])
    pool = table.rows(pool, np.sort(rng.permutation(len(pool))[: POOL * len(train)]))
    drawn = draw(train, len(pool), schema, shadow, where, rng)
    size = min(len(batch), CAP)
    if len(drawn.places) < FEWEST or size < FEWEST:
        return _nothing(f"fewer than {FEWEST} rows to attack or in the batch")
    both = table.stack([train, pool])
    targets, span = table.rows(train, drawn.places), _span(train, schema)
    seeds = np.random.SeedSequence(int(rng.integers(2**63))).generate_state(2 * shadow.fits)
    # Rows are sent, not mapped: files of all fits' rows would stay until the last is done.
    found = Parallel(min(cpu_count(), shadow.fits), max_nbytes=None)(
        delayed(_scores)(make, learned, schema, targets, span, size, where, pair)
        for learned, pair in zip(
            _learned(both, drawn, rng), seeds.reshape(-1, 2).tolist(), strict=True
        )
    )
    good = np.array([one is not None for one in found])
    members = drawn.members[:, good]
    sides = np.minimum(members.sum(axis=1), (~members).sum(axis=1))
    told = np.flatnonzero(sides >= FITS // 4)
    if good.sum() < FITS or len(told) < FEWEST:
        return _nothing(f"{(~good).sum()} of {shadow.fits} fits on other rows failed")
    real = table.rows(batch, np.sort(rng.permutation(len(batch))[:size]))
    own = closeness(targets, real, schema, span)
    scores = np.stack([*(one for one in found if one is not None), own], axis=1)
    verdict = exposure.judge(scores[told], members[told])
    risk = pd.DataFrame({"row": drawn.places + 1, "isolation": drawn.isolation}).iloc[told]
    risk = pd.concat([risk.reset_index(drop=True), verdict.risk], axis=1)
    notes = _notes(drawn, good, size, len(train), len(batch))
    return Findings([verdict.exposure, verdict.auc], {"risk": risk}, notes)


def draw(
    train: pd.DataFrame,
    unseen: int,
    schema: Schema,
    shadow: Shadow,
    where: Condition | None,
    rng: np.random.Generator,
) -> Drawn:
    """Choose the targets among the rows of train that meet `where`, each for half of the fits.

    Each fit gets as many rows as train has, or half of train and the `unseen` rows where that is
    fewer, so that fits differ; targets are at most half of that.
    """
    size = min(len(train), (len(train) + unseen) // 2)
    among = np.sort(rng.permutation(len(train))[:CAP])
    space = distance.embed(table.rows(train, among), schema, train)
    apart = np.zeros(len(among), np.float32)
    if len(among) > 1:
        apart = distance.nearest(space, space, k=NEAREST, others=True)
    open_to = np.flatnonzero(condition.holds(where, train)[among])
    order = open_to[np.argsort(-apart[open_to], kind="stable")][: min(shadow.targets, size // 2)]
    half = np.arange(shadow.fits) < shadow.fits // 2
    members = rng.permuted(np.tile(half, (len(order), 1)), axis=1)
    return Drawn(among[order], apart[order], members, size)


def closeness(
    targets: pd.DataFrame, sample: pd.DataFrame, schema: Schema, span: pd.DataFrame
) -> np.ndarray:
    """Return how close a sample is to each target in three ways, shape (targets, 3).

    Whether a row equals it; how near the nearest five lie, as their mean Gower distance, negated;
    and how likely the sample makes the target: the product over columns of the share of its rows
    with the target's label that are alike (numbers in equally filled cells), as a logarithm. The
    last also sees generators that keep columns one by one. `span` holds quantiles of the numbers.
    """
    both = table.stack([targets[schema.modelled], sample[schema.modelled]])
    space = distance.embed(both, schema, span)
    ours, theirs = np.split(np.arange(len(both)), [len(targets)])
    apart, _ = distance.neighbours(space.take(ours), space.take(theirs), NEAREST)
    label = _cells(both, schema.target, schema, span)
    labels = label.max() + 1
    alike = np.bincount(label[theirs], minlength=labels)[label[ours]]
    likely = np.log((alike + 0.5) / (len(theirs) + 1))
    for name in schema.features:
        cell = _cells(both, name, schema, span) * labels + label
        count = np.bincount(cell[theirs], minlength=cell.max() + 1)[cell[ours]]
        likely += np.log((count + 0.5) / (alike + 1))
    return np.column_stack([apart[:, 0] == 0, -apart.mean(axis=1), likely])


def _learned(both: pd.DataFrame, drawn: Drawn, rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    """Yield the rows of each fit: its targets, and others of train and pool at random."""
    others = np.setdiff1d(np.arange(len(both)), drawn.places)
    for inside in drawn.members.T:
        own = drawn.places[inside]
        rest = rng.choice(others, drawn.size - len(own), replace=False)
        yield table.rows(both, rng.permutation(np.concatenate([own, rest])))


def _scores(
    make: Make,
    learned: pd.DataFrame,
    schema: Schema,
    targets: pd.DataFrame,
    span: pd.DataFrame,
    size: int,
    where: Condition | None,
    seeds: tuple[int, int],
) -> np.ndarray | None:
    """Return the scores of one shadow model's sample, None where it could not be made."""
    generator = make()
    if isinstance(generator, Private):
        raise TypeError("a private generator is fitted once, and never as a shadow model")
    try:
        generator.fit(learned, schema, seed=seeds[0])
        sample = generator.sample(size, where=where, seed=seeds[1])
    except GeneratorError:
        return None
    return closeness(targets, sample, schema, span) if len(sample) >= FEWEST else None


def _span(train: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the quantiles of the numbers of train, with their minimum and maximum."""
    at = np.linspace(0, 1, CELLS + 1)
    return train[schema.numeric(schema.modelled)].quantile(at, interpolation="lower")


def _cells(frame: pd.DataFrame, name: str, schema: Schema, span: pd.DataFrame) -> np.ndarray:
    """Return a number from 0 per row that alike values of a column share; 0: it is missing."""
    if not schema.columns[name].numeric:
        return frame[name].cat.codes.to_numpy().astype(int) + 1
    values = frame[name].to_numpy(float)
    cell = np.searchsorted(np.unique(span[name].dropna()), values, side="right") + 1
    return np.where(np.isnan(values), 0, cell)


def _notes(drawn: Drawn, good: np.ndarray, size: int, train: int, batch: int) -> list[str]:
    targets = len(drawn.places)
    told = [
        f"{good.sum()} shadow models, each of {drawn.size:,} real rows and {size:,} synthetic "
        f"ones; each of the {targets} most isolated rows of train is in half of them."
    ]
    if drawn.size < train:
        told.append(
            f"Shadow models learned from {drawn.size:,} rows where the generator had {train:,}, "
            "since few others are left: each row weighs more, and the risk is overstated."
        )
    if size < batch:
        told.append(
            f"Shadow samples have {size:,} rows where the batch has {batch:,}, which gives away "
            "no less: the risk may be understated."
        )
    if not good.all():
        told.append(f"{(~good).sum()} of {len(good)} shadow models could not be fitted.")
    return told


def _nothing(why: str) -> Findings:
    return Findings([untold("privacy", name, why) for name in ("exposure", "exposure_auc")], {}, [])
