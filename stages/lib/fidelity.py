"""How a batch's distribution differs from the real one, beside what two real samples reach."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import distance, intervals, table
from .intervals import Estimate
from .schema import Schema

NEIGHBOURS = 5  # k of coverage and density, as Naeem et al. (2020) chose
CAP = 10_000  # rows of each sample that are compared; more would only cost time
NEAR_CAP = 2_000  # rows of each that nearest neighbours are sought among
FEWEST = 20  # rows of each that anything is told from


class Fidelity(NamedTuple):
    """Each statistic of the batch, the same of real rows, and the excess with its interval.

    All are distances to `tune` of a sample as large as `train`, or 1 less a coverage: 0 is best,
    and `ceiling` is what the real rows of `train` reach, so a perfect generator has excess 0.
    """

    value: dict[str, float]
    ceiling: dict[str, float]
    excess: dict[str, Estimate]
    columns: pd.DataFrame  # column, distance, ceiling
    pairs: pd.DataFrame  # left, right, difference, ceiling


def compare(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    tune: pd.DataFrame,
    schema: Schema,
    rng: np.random.Generator,
) -> Fidelity:
    """Compare a batch with `tune`, beside `train` compared with `tune`.

    The batch is cut to as many random rows as `train` has, or `train` to as many as the batch;
    of large samples `CAP` random rows are compared, and of fewer than `FEWEST` nothing is told:
    the interval is all that the excess could be.
    """
    size = min(len(batch), len(train), CAP)
    if min(size, len(tune)) < FEWEST:
        return _untold(schema, min(size, len(tune)))
    frames = [
        table.rows(frame[schema.modelled], rng.permutation(len(frame))[:count])
        for frame, count in ((batch, size), (train, size), (tune, CAP))
    ]
    every = table.stack(frames)
    starts = np.cumsum([0, size, size])
    coded = Coded.of(every, schema)
    space = distance.embed(every, schema, train)
    capped = [min(len(frame), NEAR_CAP) for frame in frames]
    near = [space.take(start + np.arange(n)) for start, n in zip(starts, capped, strict=True)]

    def distributions(*places: np.ndarray) -> np.ndarray:
        made, real, apart = (coded.take(start + p) for start, p in zip(starts, places, strict=True))
        goal = association(apart)
        return np.array(
            [[marginals(one, apart).mean(), _gap(association(one), goal)] for one in (made, real)]
        ).ravel()

    def neighbours(*places: np.ndarray) -> np.ndarray:
        made, real, apart = (part.take(p) for part, p in zip(near, places, strict=True))
        return 1 - np.array([coverage(made, apart), coverage(real, apart)])

    sizes = [len(frame) for frame in frames]
    value, ceiling, excess = {}, {}, {}
    found = _with_excess(distributions, sizes, rng)
    for place, name in enumerate(("marginals", "associations")):
        value[name], ceiling[name] = found[place].value, found[place + 2].value
        excess[name] = found[place + 4]
    found = _with_excess(neighbours, capped, rng)
    value["coverage"], ceiling["coverage"], excess["coverage"] = (
        found[0].value,
        found[1].value,
        found[2],
    )
    parts = [coded.take(start + np.arange(n)) for start, n in zip(starts, sizes, strict=True)]
    return Fidelity(value, ceiling, excess, _columns(*parts), _pairs(*parts))


def _untold(schema: Schema, rows: int) -> Fidelity:
    unknown = Estimate(np.nan, -1.0, 1.0, np.nan, f"{rows} rows, too few to tell")
    names = ("marginals", "associations", "coverage")
    nothing = dict.fromkeys(names, np.nan)
    columns = pd.DataFrame({"column": schema.modelled, "distance": np.nan, "ceiling": np.nan})
    pairs = pd.DataFrame(columns=["left", "right", "difference", "ceiling"])
    return Fidelity(nothing, nothing, dict.fromkeys(names, unknown), columns, pairs)


class Coded(NamedTuple):
    """Rows as numbers: numeric columns first, then categories as codes (missing: a level)."""

    numbers: np.ndarray  # (rows, numeric columns), float64, NaN where missing
    codes: np.ndarray  # (rows, categorical columns), int
    levels: list[int]  # how many codes each categorical column can have
    names: list[str]

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> "Coded":
        """Code every row that will be compared at once: the levels are those of `frame`."""
        numeric = schema.numeric(schema.modelled)
        labels = schema.categorical(schema.modelled)
        codes = [frame[name].cat.codes.to_numpy(int) + 1 for name in labels]
        return cls(
            frame[numeric].to_numpy("float64"),
            np.column_stack(codes) if codes else np.empty((len(frame), 0), int),
            [len(frame[name].cat.categories) + 1 for name in labels],
            numeric + labels,
        )

    def take(self, places: np.ndarray) -> "Coded":
        """Return the rows at `places`."""
        return self._replace(numbers=self.numbers[places], codes=self.codes[places])


def marginals(one: Coded, other: Coded) -> np.ndarray:
    """Return each column's distance, shape (columns,), in [0, 1].

    Kolmogorov-Smirnov for numbers (a missing one lies below all others), total variation for
    categories.
    """
    numeric = [ks(a, b) for a, b in zip(one.numbers.T, other.numbers.T, strict=True)]
    labels = zip(one.codes.T, other.codes.T, one.levels, strict=True)
    return np.array(numeric + [total_variation(a, b, levels) for a, b, levels in labels])


def ks(one: np.ndarray, other: np.ndarray) -> float:
    """Return the greatest difference of two empirical distribution functions."""
    a, b = (np.sort(np.where(np.isnan(x), -np.inf, x)) for x in (one, other))
    at = np.concatenate([a, b])
    below = [np.searchsorted(x, at, side="right") / len(x) for x in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def total_variation(one: np.ndarray, other: np.ndarray, levels: int) -> float:
    """Return half the summed difference of two frequency tables of codes below `levels`."""
    a, b = (np.bincount(x, minlength=levels) / len(x) for x in (one, other))
    return float(np.abs(a - b).sum() / 2)


def association(rows: Coded) -> np.ndarray:
    """Return how strongly each pair of columns goes together, shape (columns, columns).

    Spearman's rank correlation of numbers (in [-1, 1]; ranks within the column, rows where both
    are present), Cramér's V of categories with Bergsma's bias correction
    (doi:10.1016/j.jkss.2012.10.002), and the correlation ratio of a number given a category (both
    in [0, 1]). A pair with a constant column has 0; the diagonal is 1. All pairs come from one
    product of the indicator, rank and value matrices with itself.
    """
    present = ~np.isnan(rows.numbers)
    there = present.astype(float)
    ranks = pd.DataFrame(rows.numbers).rank().to_numpy()
    ranks = np.where(present, ranks - len(ranks) / 2, 0)
    filled = np.where(present, rows.numbers, 0)
    values = np.where(present, filled - filled.sum(axis=0) / there.sum(axis=0).clip(1), 0)
    offsets = np.concatenate([[0], np.cumsum(rows.levels)]).astype(int)
    flags = np.zeros((len(rows.codes), offsets[-1]))
    for column, start in enumerate(offsets[:-1]):
        flags[np.arange(len(flags)), start + rows.codes[:, column]] = 1
    count = rows.numbers.shape[1]
    result = np.eye(count + len(rows.levels))
    result[:count, :count] = _correlation(ranks, there)
    tables = flags.T @ flags
    sums, sizes = flags.T @ values, flags.T @ there
    squares = (values**2).sum(axis=0)
    for a in range(len(rows.levels)):
        own = slice(offsets[a], offsets[a + 1])
        ratio = _correlation_ratio(sums[own], sizes[own], squares)
        result[count + a, :count] = result[:count, count + a] = ratio
        for b in range(a):
            both = tables[own, offsets[b] : offsets[b + 1]]
            result[count + a, count + b] = result[count + b, count + a] = cramers_v(both)
    return result


def cramers_v(counts: np.ndarray) -> float:
    """Return Cramér's V of a table of counts, corrected for its bias, in [0, 1]."""
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    n, (r, c) = counts.sum(), counts.shape
    if min(r, c) < 2 or n < 2:
        return 0.0
    margin = counts.sum(axis=1)[:, None] * counts.sum(axis=0)[None, :] / n
    phi = ((counts - margin) ** 2 / margin).sum() / n
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    r, c = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(min(1.0, np.sqrt(phi / (min(r, c) - 1)))) if min(r, c) > 1 else 0.0


def coverage(made: distance.Space, real: distance.Space) -> float:
    """Return the share of real rows with a made one nearer than their own k-th neighbour.

    Naeem et al. 2020 (arXiv 2002.09797), with Gower's distance and k = 5.
    """
    radius = distance.nearest(real, real, k=NEIGHBOURS, others=True)
    return float((distance.nearest(real, made) <= radius).mean())


def _with_excess(
    statistic: Callable[..., np.ndarray], sizes: list[int], rng: np.random.Generator
) -> list[Estimate]:
    """Estimate a statistic of (batch, then real) halves, and the first half less the second."""

    def extended(*places: np.ndarray) -> np.ndarray:
        found = statistic(*places)
        half = len(found) // 2
        return np.concatenate([found, found[:half] - found[half:]])

    return intervals.half_samples(extended, sizes, rng)


def _gap(one: np.ndarray, other: np.ndarray) -> float:
    pairs = np.tril_indices(len(one), -1)
    return float(np.abs(one - other)[pairs].mean()) if len(pairs[0]) else 0.0


def _correlation(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation over the rows where both of a pair are present."""
    n = there.T @ there
    sums, squares = values.T @ there, (values**2).T @ there
    with np.errstate(invalid="ignore", divide="ignore"):
        cross = values.T @ values - sums * sums.T / n
        spread = squares - sums**2 / n
        found = cross / np.sqrt(spread * spread.T)
    found = np.where(np.isfinite(found), np.clip(found, -1, 1), 0)
    np.fill_diagonal(found, 1)
    return found


def _correlation_ratio(sums: np.ndarray, sizes: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Return the correlation ratio of each number given one category, shape (numbers,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        between = np.nansum(sums**2 / sizes, axis=0)
        ratio = np.sqrt(np.clip(between / squares, 0, 1))
    return np.where(np.isfinite(ratio), ratio, 0)


def _columns(made: Coded, real: Coded, apart: Coded) -> pd.DataFrame:
    found = {"distance": marginals(made, apart), "ceiling": marginals(real, apart)}
    return pd.DataFrame({"column": made.names, **found})


def _pairs(made: Coded, real: Coded, apart: Coded) -> pd.DataFrame:
    goal = association(apart)
    left, right = np.tril_indices(len(made.names), -1)
    return pd.DataFrame(
        {
            "left": np.array(made.names, object)[left],
            "right": np.array(made.names, object)[right],
            "difference": np.abs(association(made) - goal)[left, right],
            "ceiling": np.abs(association(real) - goal)[left, right],
        }
    ).sort_values(["difference", "left", "right"], ascending=[False, True, True])
