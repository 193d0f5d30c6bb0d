"""The learning curve: what fewer and more real rows reach."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from . import runs, trials
from .learners import Learners
from .runs import Runs
from .tables import table
from .tables.schema import Schema
from .trials import Bench, Trial

LARGEST = 20_000  # real rows that the curve goes up to, or twice those of train
SMALLEST = 20
PREFIX = "learning/"  # of the names of runs
_ROWS, _SEEDS = 40_000, 5  # rows over all seeds, above which fewer seeds but these are run


class Size(NamedTuple):
    """A number of real rows: the model that does best on tune with them, and its runs by slice."""

    rows: int
    model: str
    scores: dict[str, Runs]


def fewer(bench: Bench, seeds: int, on: tuple[str, ...]) -> list[Size]:
    """Score an eighth, a quarter and half of the rows, drawn at random for each seed.

    The rows of a smaller number are among those of a larger one of the same seed. A number is
    left out where it is below SMALLEST, or where one of its draws has a single class.
    """
    whole = len(bench.y)
    orders = [np.random.default_rng([seed, 0]).permutation(whole) for seed in range(seeds)]
    sizes = sorted({whole // part for part in (8, 4, 2)})
    found = []
    for size in sizes:
        drawn = [order[:size] for order in orders[: _enough(size, seeds)]]
        mixed = bench.task == "regression" or all(len(set(bench.y[rows])) > 1 for rows in drawn)
        if size >= SMALLEST and mixed:
            found.append(_best(bench, drawn, on))
    return found


def more(
    train: pd.DataFrame,
    pool: pd.DataFrame,
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    seeds: int,
) -> list[Size]:
    """Score the rows of `train` with those of `pool` behind, drawn at random for each seed.

    Their number doubles up to LARGEST, twice the rows of train, or all there are.
    """
    first = len(train)
    limit = min(first + len(pool), max(LARGEST, 2 * first))
    if limit == first:
        return []
    orders = [
        np.random.default_rng([seed, 1]).permutation(len(pool))[: limit - first]
        for seed in range(seeds)
    ]
    used = np.unique(np.concatenate(orders))  # a pool of any length: what no seed draws stays out
    orders = [first + np.searchsorted(used, order) for order in orders]
    bench = trials.bench(schema, models, metric, train, scored, [table.rows(pool, used)])
    found = []
    for size in _doubled(first, limit):
        drawn = [
            np.concatenate([np.arange(first), order[: size - first]])
            for order in orders[: _enough(size, seeds)]
        ]
        found.append(_best(bench, drawn, tuple(scored)))
    return found


def tidy(curve: Sequence[Size]) -> pd.DataFrame:
    """Return one line per number of rows and slice, with the mean score and its interval.

    Columns of metrics/learning.csv:

    - `rows`: real rows that the model learned from
    - `model`: the best on tune with so many
    - `split`: tune or holdout
    - `mean`, `lower`, `upper`: the mean over the draws of rows, and its interval
    """
    lines = []
    for size in curve:
        for split, own in size.scores.items():
            point = runs.estimate(own)
            lines.append((size.rows, size.model, split, point.value, point.lower, point.upper))
    return pd.DataFrame(lines, columns=["rows", "model", "split", "mean", "lower", "upper"])


def learned(of: Mapping[str, Mapping[str, Runs]], split: str) -> list[tuple[int, Runs]]:
    """Return each number of rows with its runs on a slice, among what stage baseline kept."""
    return [
        (int(name.removeprefix(PREFIX)), own[split])
        for name, own in of.items()
        if name.startswith(PREFIX)
    ]


def _doubled(first: int, limit: int) -> list[int]:
    """Return numbers above `first`, each about twice the one before, the last of them `limit`."""
    sizes = [2 * first]
    while sizes[-1] * 2 <= limit:
        sizes.append(sizes[-1] * 2)
    # One that is not far below the limit says little that the limit does not.
    return [*(size for size in sizes if size * 1.5 <= limit), limit]


def _enough(size: int, seeds: int) -> int:
    """Return for how many seeds so many rows are drawn."""
    return min(seeds, max(_ROWS // size, _SEEDS))


def _best(bench: Bench, drawn: list[np.ndarray], on: tuple[str, ...]) -> Size:
    """Return what the model that does best on tune reaches with the rows drawn for each seed."""
    jobs = [
        Trial(model, rows, seed, on) for model in bench.models for seed, rows in enumerate(drawn)
    ]
    scores = iter(trials.run(bench, jobs))
    found = {model: runs.gather([next(scores) for _ in drawn]) for model in bench.models}
    # A score that is not a number is no better than any other.
    model = max(found, key=lambda name: np.nan_to_num(found[name]["tune"].mean, nan=-np.inf))
    return Size(len(drawn[0]), model, found[model])
