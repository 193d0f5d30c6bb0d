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
from scipy.stats import false_discovery_control, norm

from .. import condition, distance, intervals, table
from ..condition import Condition
from ..errors import GeneratorError
from ..generators.protocol import Generator, Private
from ..intervals import Estimate
from ..measure import FEWEST, Findings, Measure, untold
from ..params import Section
from ..schema import Schema

CAP = 10_000  # rows of train that isolation is measured among, and of a sample, at most
POOL = 10  # unseen rows for each of train that are drawn from, at most
NEAREST = 5  # neighbours that isolation and nearness are taken over
CELLS = 20  # equally filled, that numbers are cut into to count them
FITS = 16  # shadow models, and a quarter of them with and without a row, that tell anything
RATES = (0.01, 0.1)  # of false positives; the second where too few cells make up the first
LEAST = 0.2  # by how much being learned from is taken to raise a score, in its spreads
FLOOR = 0.1  # of a score's usual spread, the least that it is taken to vary by
UNLEARNED = {
    "rules": "its rows come from a function that learns nothing from real ones",
    "file": "its rows were made elsewhere, where it cannot be fitted again",
}

Make = Callable[[], Generator]  # returns the unfitted generator; other processes call it too


class Shadow(Section):
    """The option `gates.privacy.shadow` of params.yaml; null leaves the attack out."""

    fits: int = Field(64, ge=FITS, multiple_of=2)  # half of them with each target, half without
    targets: int = Field(100, ge=FEWEST)  # rows of train whose risk is found


class Drawn(NamedTuple):
    """The targets, and which fits learn from them."""

    places: np.ndarray  # (targets,), in train, the most isolated first
    isolation: np.ndarray  # (targets,), Gower's distance to the fifth nearest row of train
    members: np.ndarray  # (targets, fits), whether the fit learns from the target
    size: int  # rows that each fit learns from


class Verdict(NamedTuple):
    """What the scores of all targets in all shadow samples tell."""

    exposure: Measure
    auc: Measure
    risk: pd.DataFrame  # auc, auc_lower, auc_upper, q, batch: a row per target


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
    verdict = judge(scores[told], members[told])
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


def judge(scores: np.ndarray, members: np.ndarray) -> Verdict:
    """Return what scores tell of membership, where greater ones mean that a sample is closer.

    `scores` has the shape (targets, fits and 1, ways to score), the batch at hand last; `members`,
    shape (targets, fits), says which fits learned from the target. Nothing that judges a pair
    knows it: weights of the scores come from other targets, likelihoods from other fits.
    """
    combined = combine(scores, members)
    ratios = likelihood_ratio(combined, members)
    rate = next((one for one in RATES if (~members).sum() * one >= FEWEST), RATES[-1])
    exposure = _exposure(ratios[:, :-1], members, rate)
    cells = np.array([_auc(*one) for one in zip(combined[:, :-1], members, strict=True)])
    over = _over_targets_and_fits(cells - 0.5)
    risk = _risk(cells.mean(axis=1), members).assign(batch=ratios[:, -1])
    return Verdict(
        Measure(
            "privacy", "exposure", exposure.value + rate, rate, exposure, _told(risk, members, rate)
        ),
        Measure("privacy", "exposure_auc", over.value + 0.5, 0.5, over),
        risk,
    )


def combine(scores: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return one score for each target and fit, shape (targets, fits and 1).

    Each way to score is taken in spreads of its own over the target's fits, and weighs as much as
    membership moves it among all other targets: as in a discriminant of independent scores, by
    the difference of the means over the variance within. No weight is below what `LEAST` gives,
    so that where nothing leaks the weights are the same for all targets.
    """
    shadows = scores[:, :-1]
    spread = shadows.std(axis=1, keepdims=True)
    apart = scores - shadows.mean(axis=1, keepdims=True)
    # What varies by less than rounding does not vary.
    standard = np.divide(apart, spread, out=np.zeros_like(apart, float), where=spread > 1e-7)
    inside = members[:, :, None]
    moved = np.mean(standard[:, :-1], axis=1, where=inside)
    moved -= np.mean(standard[:, :-1], axis=1, where=~inside)
    others = np.maximum((moved.sum(axis=0) - moved) / (len(moved) - 1), LEAST)
    weights = others / np.maximum(1 - others**2 / 4, FLOOR**2)
    weights /= weights.sum(axis=1, keepdims=True)
    return (standard * weights[:, None, :]).sum(axis=2)


def likelihood_ratio(score: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return how much likelier each score is with the target than without, as a logarithm.

    Both are normal, with means from the target's other fits and a variance that they share: too
    few fits would tell two. `score` has the shape (targets, fits and 1), and in the last place a
    sample that no mean is taken from. The variance is at least a hundredth of all scores'.
    """
    none = np.zeros((len(members), 1))
    inside, outside = np.hstack([members, none]), np.hstack([~members, none])
    known = inside + outside
    squares = (known * score**2).sum(axis=1, keepdims=True) - known * score**2
    degrees = known.sum(axis=1, keepdims=True) - known - 2
    apart = []
    for side in (outside, inside):
        count = side.sum(axis=1, keepdims=True) - side
        mean = ((side * score).sum(axis=1, keepdims=True) - side * score) / count
        squares -= count * mean**2
        # A mean of fewer fits lies further off by chance: a fit's own side lacks the fit itself.
        apart.append((score - mean) ** 2 / (1 + 1 / count))
    floor = FLOOR**2 * np.mean(score**2, where=known > 0)
    variance = np.maximum(squares / degrees, floor)
    top = apart[0] - apart[1]
    return np.divide(top, 2 * variance, out=np.zeros_like(top), where=variance > 0)


def auc_limits(
    auc: np.ndarray, ones: np.ndarray, zeros: np.ndarray, level: float = intervals.LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of areas under the ROC curve, each of so many ones and zeros.

    The score method that keeps within 0 and 1 and also holds at them (Newcombe 2006, method 5,
    doi:10.1002/sim.2324): an area is within its limits while it is no further off than `level`
    of the normal allow at the variance that the limit itself has.
    """
    z = norm.ppf(0.5 + level / 2)
    found = []
    for end in (0.0, 1.0):
        near, far = np.array(auc, float), np.full(len(auc), end)
        for _ in range(50):  # bisection, to a float's precision
            middle = (near + far) / 2
            within = np.abs(middle - auc) <= z * np.sqrt(_auc_variance(middle, ones, zeros))
            near, far = np.where(within, middle, near), np.where(within, far, middle)
        found.append(near)
    return found[0], found[1]


def _auc_variance(auc: np.ndarray, ones: np.ndarray, zeros: np.ndarray) -> np.ndarray:
    """Return Hanley and McNeil's variance, with both sizes their mean (Newcombe 2006)."""
    spread = (1 - auc) / (2 - auc) + auc / (1 + auc)
    return auc * (1 - auc) * (1 + ((ones + zeros) / 2 - 1) * spread) / (ones * zeros)


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


def _exposure(ratios: np.ndarray, members: np.ndarray, rate: float) -> Estimate:
    """Return by how much the true positive rate exceeds the false one, `rate`.

    Its limits are Wilson's, since a small rate is skewed, and stretched by how much more or less
    the rate varies for its threshold, which hangs on the same targets and fits.
    """
    found = _called(ratios, members, rate)
    true = found[members].mean()
    # How fast the ROC curve rises there: what an error in the threshold costs.
    ends = [_called(ratios, members, one)[members].mean() for one in (rate / 2, 2 * rate)]
    slope = (ends[1] - ends[0]) / (1.5 * rate)
    inside = true + np.where(members, (found - true) / members.mean(), 0)
    outside = np.where(members, 0, (found - rate) / (1 - members.mean()))
    own, whole = (_over_targets_and_fits(one) for one in (inside, inside - slope * outside))
    low, high = _wilson(own, int(members.sum()))
    if own.se > 0:
        below, above = ((true - low) * whole.se / own.se, (high - true) * whole.se / own.se)
    else:  # every member is found, or none
        below, above = (np.hypot(one, whole.upper - true) for one in (true - low, high - true))
    return Estimate(
        value=float(true - rate),
        lower=float(max(true - below, 0) - rate),
        upper=float(min(true + above, 1) - rate),
        se=whole.se,
        method="Wilson over targets and fits",
    )


def _wilson(share: Estimate, most: int) -> tuple[float, float]:
    """Return the limits of a share by Wilson, for as many pairs as would vary so by themselves.

    A small share of few pairs is skewed: limits about it as far on both sides would miss too high
    truths. Effective sizes are those of Korn and Graubard 1998 (Survey Methodology 24), and at
    most that of all pairs.
    """
    p, se = min(max(share.value, 0.0), 1.0), share.se
    pairs, z = float(most), float(norm.ppf(0.5 + intervals.LEVEL / 2))
    if 0 < p < 1 and se > 0:
        pairs, z = min(p * (1 - p) / se**2, pairs), (share.upper - share.value) / se
    middle = (p + z**2 / (2 * pairs)) / (1 + z**2 / pairs)
    half = z / (1 + z**2 / pairs) * np.sqrt(p * (1 - p) / pairs + z**2 / (4 * pairs**2))
    return float(middle - half), float(middle + half)


def _called(ratios: np.ndarray, members: np.ndarray, rate: float) -> np.ndarray:
    """Return how often each pair is called a member, at just this rate among the others.

    Pairs at the threshold are called so in part: as by a coin, without its noise.
    """
    others = np.sort(ratios[~members])[::-1]
    limit = others[ceil(rate * len(others)) - 1]
    above, at = (others > limit).sum(), (others == limit).sum()
    return (ratios > limit) + (ratios == limit) * (rate * len(others) - above) / at


def _auc(score: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return what each fit says of one target's area under the ROC curve, which is their mean.

    By how the fit ranks among those of the other side (DeLong et al. 1988, doi:10.2307/2531595).
    """
    wins = (np.sign(score[members][:, None] - score[~members]) + 1) / 2
    auc, cell = wins.mean(), np.empty(len(score))
    cell[members] = auc + (wins.mean(axis=1) - auc) / members.mean()
    cell[~members] = auc + (wins.mean(axis=0) - auc) / (1 - members.mean())
    return cell


def _over_targets_and_fits(cells: np.ndarray) -> Estimate:
    """Return the mean of what pairs say, shape (targets, fits), both of them random."""
    values = cells.mean(axis=0)
    found = intervals.over_rows_and_seeds(values, cells.T - values[:, None])
    return found._replace(method="t over targets and fits")


def _risk(auc: np.ndarray, members: np.ndarray) -> pd.DataFrame:
    ones, zeros = members.sum(axis=1), (~members).sum(axis=1)
    lower, upper = auc_limits(auc, ones, zeros)
    z = (auc - 0.5) / np.sqrt(_auc_variance(np.full(len(auc), 0.5), ones, zeros))
    q = false_discovery_control(norm.sf(z), method="bh")
    return pd.DataFrame({"auc": auc, "auc_lower": lower, "auc_upper": upper, "q": q})


def _told(risk: pd.DataFrame, members: np.ndarray, rate: float) -> str:
    level = intervals.LEVEL
    shown = int((risk["q"] <= 1 - level).sum())
    sides = members.sum(axis=1), (~members).sum(axis=1)
    least, _ = auc_limits(risk["auc"].to_numpy(), *sides, level=1 - (1 - level) / len(risk))
    told = (
        f"{shown} of {len(risk)} rows are shown to be at risk (AUC above 0.5, Benjamini-Hochberg "
        f"at 5 %); the greatest AUC is {risk['auc'].max():.2f}, at least {least.max():.2f} "
        "(Bonferroni)"
    )
    if rate > RATES[0]:
        told += f"; at {rate:.0%} false positives, since the fits are too few for {RATES[0]:.0%}"
    return told


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
