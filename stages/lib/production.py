"""Rows made in chunks and verified, until there are enough."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from pydantic import Field
from tqdm import tqdm

from . import rows, table
from .condition import Condition
from .errors import GeneratorError
from .generators.protocol import Generator
from .params import Section
from .verify import Verifier

CHUNK = 100_000  # rows made at once: few enough to hold, enough to be quick
DUPLICATES = "duplicates"  # counted last, and over all chunks


class Generate(Section):
    """The section `generate` of params.yaml."""

    seed: int = Field(ge=0)
    budget: float = Field(ge=1)  # rows made for each that is asked for, at most
    least_yield: float = Field(ge=0, le=1)  # of those that meet the condition, the share verified


@dataclass
class Tally:
    """What it took to make the rows, counted while they are made."""

    generated: int = 0
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
    so the rows are the same for any number of workers. Raises GeneratorError where the budget
    is spent, or where the verifiers keep less than `least_yield` of the rows.
    """
    found = chunks = 0
    known = np.empty(0, np.uint64)
    with tqdm(total=n, unit=" rows", disable=None, leave=False) as bar:
        while found < n:
            left = int(asked.budget * n) - tally.generated
            if left < 1:
                raise GeneratorError(_too_few(n, found, where, tally))
            share = max(found / tally.generated, 1 / asked.budget) if tally.generated else 1.0
            wanted = min(ceil((n - found) / share), left)
            sizes = [min(CHUNK, wanted - start) for start in range(0, wanted, CHUNK)]
            for chunk in _chunks(generator, sizes, chunks, where, verifiers, seed):
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


def _chunks(
    generator: Generator,
    sizes: list[int],
    first: int,
    where: Condition | None,
    verifiers: Mapping[str, Verifier],
    seed: int,
) -> Iterator[_Chunk]:
    """Yield the chunks of one round in their order, as many in memory as there are workers."""
    jobs = [
        (generator, size, where, verifiers, _seed(seed, first + place))
        for place, size in enumerate(sizes)
    ]
    if len(jobs) == 1:
        yield _chunk(*jobs[0])
        return
    workers = min(cpu_count(), len(jobs))
    with Parallel(n_jobs=workers) as parallel:
        for start in range(0, len(jobs), workers):
            yield from parallel(delayed(_chunk)(*job) for job in jobs[start : start + workers])


def _chunk(
    generator: Generator,
    size: int,
    where: Condition | None,
    verifiers: Mapping[str, Verifier],
    seed: int,
) -> _Chunk:
    frame = generator.sample(size, where=where, seed=seed)
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
    made = f"{tally.generated:,} rows were made and {found:,} of the {n:,} asked for were kept"
    dropped = {name: own["seen"] - own["kept"] for name, own in tally.verifiers.items()}
    unmet = tally.generated - tally.met
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
