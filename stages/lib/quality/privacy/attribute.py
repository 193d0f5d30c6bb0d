"""Attribute inference: what a batch tells of the sensitive columns of the rows learned from.

An attacker knows all other columns of a target and learns from the batch to tell the sensitive
one: one of the three risks that the opinion on anonymisation names (Article 29 Working Party 2014,
opinion 05/2014).

Against what is success held? Three numbers are told for each column: success on members with the
batch, without it (the same attack, learned from real rows that were in no slice), and with the
batch on others, whom the generator never saw. Members with the batch against members without it is
what the batch teaches, but most of that is about the population: that a column goes with another is
what data are released for, it holds for people who are not in train, and no one can keep out of it
(Stadler, Oprisanu and Troncoso 2022, arXiv 2011.07018; Houssiau et al. 2022, arXiv 2211.06550). It
also depends on how many rows either attack learned from: a large batch of unseen real rows would
beat a small reference. What is a leak is that the same attack tells more of a member than of
another. So that is judged, as Giomi et al. 2023 (doi:10.56553/popets-2023-0055) do. That members
may be harder or easier to tell than others is taken out by how well either are told without the
batch.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from ... import distance, intervals, learners
from ...intervals import Estimate
from ...learners import Learner
from ...measure import FEWEST, Measure, untold
from ...tables import table
from ...tables.schema import Schema
from .sides import Sides

CAP = 2_000  # targets of each side
KNOWN_CAP = 4_000  # rows that an attack learns from
FOREST = {"kind": "random_forest", "n_estimators": 40, "class_weight": "balanced"}
MODEL = Learner.model_validate(FOREST)
CLASSES = 10  # that a number is cut into, at quantiles

COLUMNS = ("column", "with_batch", "without", "on_others", "excess", "lower", "upper")


class Success(NamedTuple):
    """Which targets an attack told rightly, members first and as many others, shape (targets,)."""

    batch: np.ndarray  # learned from the batch
    reference: np.ndarray  # learned from real rows
    group: np.ndarray  # what is weighed alike: the truth, -1 where too few targets have it


class Told(NamedTuple):
    """How well one attack tells one column."""

    column: str
    with_batch: float
    without: float
    on_others: float
    excess: Estimate  # of members over others, adjusted


def attack(
    batch: pd.DataFrame, sides: Sides, schema: Schema, rng: np.random.Generator
) -> tuple[list[Measure], pd.DataFrame]:
    """Return how well the worst sensitive column of members is told, and all of them in a table.

    Success is balanced accuracy: the mean over the column's values of the share of targets with it
    that are told rightly, since a frequent value is no secret. Values that fewer than 20 targets of
    a side have are weighed together, as one. A number counts as told rightly if it is put between
    the right two tenths of the reference rows; a missing value is a value.

    A forest and the nearest row of the batch attack each column. Bounds are simultaneous: the lower
    ones are Bonferroni's over columns and attacks, so that the greatest is above 0 for 2.5 % of
    harmless batches at most; the upper ones need no correction, since the greatest is at least that
    of the worst column. Without a sensitive column there is no measure.
    """
    names = [name for name in schema.modelled if schema.columns[name].sensitive]
    size = min(len(sides.members), len(sides.others), CAP)
    if not names:
        return [], _table([])
    if min(size, len(batch), len(sides.reference)) < FEWEST:
        why = f"fewer than {FEWEST} rows to learn from or to attack"
        return [untold("privacy", "attribute", why)], _table([])
    drawn = [
        table.rows(frame[schema.modelled], rng.permutation(len(frame))[:count])
        for frame, count in (
            (batch, KNOWN_CAP),
            (sides.reference, KNOWN_CAP),
            (sides.members, size),
            (sides.others, size),
        )
    ]
    both = table.stack(drawn)
    parts = np.split(np.arange(len(both)), np.cumsum([len(frame) for frame in drawn])[:-1])
    known, targets = parts[:2], np.concatenate(parts[2:])
    attacks = {name: _successes(name, both, known, targets, schema) for name in names}
    told = [
        [_told(name, one, 2 * len(names)) for one in found if len(np.unique(one.group)) > 1]
        for name, found in attacks.items()
    ]
    if not any(told):
        why = f"no sensitive column has two values that {FEWEST} rows of each side have"
        return [untold("privacy", "attribute", why)], _table([])
    strongest = [_strongest(found) for found in told if found]
    worst = _strongest(strongest)
    value = worst.with_batch
    note = f"{worst.column!r}; {worst.without:.3g} without the batch"
    ceiling = value - worst.excess.value
    measure = Measure("privacy", "attribute", value, ceiling, worst.excess, note)
    return [measure], _table(strongest)


def _successes(
    name: str, both: pd.DataFrame, known: list[np.ndarray], targets: np.ndarray, schema: Schema
) -> list[Success]:
    """Attack one column by a model and by the nearest row."""
    rest = [other for other in schema.modelled if other != name]
    truth = classes(both[name], known[1])
    group = _groups(truth[targets])
    encoder = learners.encoder(both, schema, rest)
    x = encoder.transform(both[rest])
    part = Schema(columns={other: schema.columns[other] for other in rest})
    space = distance.embed(both[rest], part, both.iloc[known[1]])
    found = []
    for rows in known:
        model = learners.fit(
            MODEL, "multiclass", learners.levels(encoder), x[rows], truth[rows], seed=0
        )
        nearest = distance.neighbours(space.take(targets), space.take(rows), 1)[1][:, 0]
        found.append((model.predict(x[targets]), truth[rows][nearest]))
    return [
        Success(with_batch == truth[targets], without == truth[targets], group)
        for with_batch, without in zip(*found, strict=True)
    ]


def classes(values: pd.Series, reference: np.ndarray) -> np.ndarray:
    """Return what an attack must tell: categories, or the tenth of the reference a number is in.

    A missing value is a class. Where many rows hold one number, there are fewer than ten.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(np.int64) + 1
    known = values.iloc[reference].dropna().to_numpy()
    at = np.linspace(0, 1, CLASSES + 1)[1:-1]
    edges = np.unique(np.quantile(known, at)) if len(known) else np.empty(0)
    return np.where(values.isna(), 0, 1 + np.searchsorted(edges, values, side="left"))


def _groups(truth: np.ndarray) -> np.ndarray:
    """Return each target's class, those that too few targets of a side have as one, or as -1."""
    size = len(truth) // 2
    wide = int(truth.max()) + 2
    group = truth.copy()
    for rare in (wide - 1, -1):
        counts = [np.bincount(side[side >= 0], minlength=wide) for side in np.split(group, [size])]
        few = np.minimum(*counts) < FEWEST
        group[(group >= 0) & few[group]] = rare
    return group


def _told(name: str, success: Success, attacks: int) -> Told:
    size = len(success.group) // 2
    member = np.arange(2 * size) < size
    told = success.group >= 0
    with_batch, without = (one.astype(float) for one in (success.batch, success.reference))

    def balanced(values: np.ndarray, side: np.ndarray) -> float:
        rows = side & told
        return float(pd.Series(values[rows]).groupby(success.group[rows]).mean().mean())

    return Told(
        name,
        balanced(with_batch, member),
        balanced(without, member),
        balanced(with_batch, ~member),
        excess(with_batch[told], without[told], member[told], success.group[told], attacks),
    )


def _strongest(told: list[Told]) -> Told:
    """Return what shows the most for sure, with the greatest upper bound of all."""
    first = max(told, key=lambda one: one.excess.lower)
    upper = max(one.excess.upper for one in told)
    return first._replace(excess=first.excess._replace(upper=upper))


def excess(
    success: np.ndarray, control: np.ndarray, member: np.ndarray, group: np.ndarray, attacks: int
) -> Estimate:
    """Return by how much members' balanced success exceeds others', adjusted for their control's.

    All have shape (targets,): whether the batch tells a target, whether the reference does, its
    side, and its group. A row's success less a share of its control has the same mean difference
    if the batch gives nothing away, and less variance (a control variate; the share is that of
    least variance, the slope within groups and sides). The lower bound is for the greatest of so
    many `attacks`. Every group must have two rows on either side.
    """
    _, group = np.unique(group, return_inverse=True)
    cell = 2 * group + member
    count = np.bincount(cell).astype(float)
    sign = np.where(member, 1.0, -1.0)
    # Each row's weight in the difference of means over groups, and in its variance.
    weight = 2 / len(count) / count[cell]
    unbiased = weight**2 * (count / (count - 1))[cell]

    def within(values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(cell, values) / count)[cell]

    own, other = within(success), within(control)
    spread = (unbiased * other**2).sum()
    slope = (unbiased * own * other).sum() / spread if spread else 0.0
    value = float((sign * weight * (success - slope * control)).sum())
    se = float(np.sqrt((unbiased * (own - slope * other) ** 2).sum()))
    tail = (1 - intervals.LEVEL) / 2
    low, high = norm.isf(tail / attacks) * se, norm.isf(tail) * se
    method = f"normal over rows, the lower bound for {attacks} attacks at once"
    return Estimate(value, value - low, value + high, se, method)


def _table(told: list[Told]) -> pd.DataFrame:
    rows = [(*one[:4], one.excess.value, one.excess.lower, one.excess.upper) for one in told]
    return pd.DataFrame(rows, columns=list(COLUMNS))
