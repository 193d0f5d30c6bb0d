"""Rows made in chunks and verified, until there are enough."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from math import ceil
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from pydantic import Field
from tqdm import tqdm

from .base.errors import GeneratorError
from .base.params import Section
from .generators.protocol import Finite, Generator
from .tables import condition, rows, table
from .tables.condition import Condition
from .verify import Verifier

CHUNK = 100_000  # rows made at once: few enough to hold, enough to be quick
DUPLICATES = "duplicates"  # counted last, and over all chunks

Draw = Callable[[], pd.DataFrame]  # gives the rows of a chunk that meet the condition


class Generate(Section):
    """The section `generate` of params.yaml."""

    seed: int = Field(ge=0)
    """Of all batches and previews; each has a seed of its own from it."""
    budget: float = Field(ge=1, le=1e6)
    """Rows made for each that is asked for, at most."""
    least_yield: float = Field(ge=0, le=1)
    """Of the rows that meet the slice's condition, the share that verifiers must keep."""


@dataclass
class Tally:
    """What it took to make the rows, counted while they are made."""

    held: int | None = None  # rows that a finite generator has
    generated: int = 0  # or taken of those
    met: int = 0  # rows that meet the slice's condition
    verifiers: dict[str, dict[str, int]] = field(default_factory=dict)  # seen and kept

    def add(self, name: str, seen: int, kept: int) -> None:
        """Add what one verifier saw and kept."""
        counts = self.verifiers.setdefault(name, {"seen": 0, "kept": 0})
        counts["seen"] += seen
        counts["kept"] += kept


class _Chunk(NamedTuple):
    frame: pd.DataFrame
    met: int
    counts: dict[str, tuple[int, int]]  # for each verifier: rows seen, rows kept


def make(
    generator: Generator,
    n: int,
    *,
    where: Condition | None,
    verifiers: Mapping[str, Verifier],
    unique: bool,
    seed: int,
    asked: Generate,
    tally: Tally,
) -> Iterator[pd.DataFrame]:
    """Yield parts of `n` rows that meet `where`, pass every verifier and, if asked, differ.

    Each chunk has a seed of its own, and how many are made depends on what came of those before,
    so the rows are the same for any number of workers. The rows of a finite generator are shuffled
    once, and chunks are consecutive parts of them. Raises GeneratorError where the budget is
    spent, or all rows of a finite generator are, or where the verifiers keep less than
    `least_yield` of the rows.
    """
    held, most, budget = None, int(asked.budget * n), asked.budget
    if isinstance(generator, Finite):
        held = _shuffled(generator.held(), seed)
        tally.held = most = len(held)
        budget = max(1.0, most / n)  # they are there already: all may be looked at
    found = chunks = 0
    known = np.empty(0, np.uint64)
    with tqdm(total=n, unit=" rows", disable=None, leave=False) as bar:
        while found < n:
            left = most - tally.generated
            if left < 1:
                raise GeneratorError(_too_few(n, found, where, tally))
            share = max(found / tally.generated, 1 / budget) if tally.generated else 1.0
            wanted = min(ceil((n - found) / share), left)
            sizes = [min(CHUNK, wanted - start) for start in range(0, wanted, CHUNK)]
            if held is None:
                draws = _made(generator, sizes, chunks, where, seed)
            else:
                draws = _taken(held, sizes, tally.generated, where)
            for chunk in _chunks(draws, len(sizes), verifiers):
                frame = chunk.frame
                tally.met += chunk.met
                for name, (seen, kept) in chunk.counts.items():
                    tally.add(name, seen, kept)
                if unique:
                    keys = rows.keys(frame)
                    new = ~pd.Series(keys).duplicated().to_numpy() & ~_among(known, keys)
                    known = np.sort(np.concatenate([known, keys[new]]), kind="stable")
                    frame = table.rows(frame, np.flatnonzero(new))
                    tally.add(DUPLICATES, len(keys), len(frame))
                if part := min(len(frame), n - found):
                    yield table.rows(frame, np.arange(part))
                    found += part
                    bar.update(part)
            chunks, tally.generated = chunks + len(sizes), tally.generated + wanted
            if found < n and found < asked.least_yield * tally.met:
                raise GeneratorError(_too_few(n, found, where, tally))


def _shuffled(held: pd.DataFrame, seed: int) -> pd.DataFrame:
    return table.rows(held, np.random.default_rng(seed).permutation(len(held)))


def _made(
    generator: Generator, sizes: list[int], first: int, where: Condition | None, seed: int
) -> Iterator[Draw]:
    for chunk, size in enumerate(sizes, start=first):
        yield partial(generator.sample, size, where=where, seed=_seed(seed, chunk))


def _taken(
    held: pd.DataFrame, sizes: list[int], first: int, where: Condition | None
) -> Iterator[Draw]:
    for size in sizes:
        yield partial(condition.keep, table.rows(held, np.arange(first, first + size)), where)
        first += size


def _chunks(
    draws: Iterator[Draw], count: int, verifiers: Mapping[str, Verifier]
) -> Iterator[_Chunk]:
    """Yield the chunks of one round in their order, as many in memory as there are workers."""
    if count == 1:
        yield _chunk(next(draws), verifiers)
        return
    workers = min(cpu_count(), count)
    with Parallel(n_jobs=workers) as parallel:
        while some := list(islice(draws, workers)):
            yield from parallel(delayed(_chunk)(draw, verifiers) for draw in some)


def _chunk(draw: Draw, verifiers: Mapping[str, Verifier]) -> _Chunk:
    frame = draw()
    met, counts = len(frame), {}
    for name, verifier in verifiers.items():
        good = np.flatnonzero(verifier(frame))
        counts[name] = len(frame), len(good)
        if len(good) < len(frame):
            frame = table.rows(frame, good)
    return _Chunk(frame, met, counts)


def _seed(seed: int, chunk: int) -> int:
    return int(np.random.SeedSequence([seed, chunk]).generate_state(1)[0])


def _among(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return for each key whether it is in `known`, which is sorted."""
    if not len(known):
        return np.zeros(len(keys), bool)
    return known[np.searchsorted(known, keys).clip(max=len(known) - 1)] == keys


def _too_few(n: int, found: int, where: Condition | None, tally: Tally) -> str:
    dropped = {name: own["seen"] - own["kept"] for name, own in tally.verifiers.items()}
    unmet = tally.generated - tally.met
    if tally.generated == tally.held:
        reasons = [f"{unmet:,} do not meet {where.text!r}"] if where and unmet else []
        reasons += [f"`{name}` drops {count:,}" for name, count in dropped.items() if count]
        return (
            f"the generator holds {tally.held:,} rows and {n:,} were asked for"
            + (f"; {', '.join(reasons)}, which leaves {found:,}" if reasons else "")
            + (f": ask for {found:,} at most in `slices.*.rows`" if found else "")
        )
    made = f"{tally.generated:,} rows were made and {found:,} of the {n:,} asked for were kept"
    if where and unmet >= max(dropped.values(), default=0):
        return (
            f"{made}: only {tally.met:,} meet {where.text!r}, so the condition is too rare for "
            "this generator; ask for fewer rows, take one that can condition on it "
            "(docs/generators.md), or raise `generate.budget`"
        )
    if unmet >= max(dropped.values(), default=0):
        return (
            f"{made}: the generator itself gave only {tally.met:,}; loosen the rules in "
            "data/schema.yaml, or take another generator"
        )
    worst = max(dropped, key=dropped.__getitem__)
    return (
        f"{made}: the verifier `{worst}` drops most, {dropped[worst]:,} of "
        f"{tally.verifiers[worst]['seen']:,}; read the preview for what is wrong with the rows, "
        "or ask less of `verify` in params.yaml"
    )
