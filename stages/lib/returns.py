"""Rows that come back: which batches there were, and whether a real table holds rows of theirs.

A line of metrics/batches.idx stands for an admitted batch. It holds fingerprints of the batch's
rows, none of a real row, and how the real table of that time compared with them.
"""

import json
from collections.abc import Iterable, Sequence
from math import isqrt
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from . import fingerprints
from .base.errors import ProvenanceError, TableError, listed
from .base.params import Section
from .tables import condition
from .tables.condition import Condition
from .tables.table import ORIGIN, numbered

PATH = "metrics/batches.idx"
LEVEL = 1e-3  # matches that chance explains less often than this are no chance

_ENOUGH = 30  # unseen rows: where none of so many coincides, none is expected to
_BALANCES = 16


class Ingest(Section):
    """The section `ingest` of params.yaml."""

    drop_duplicates: bool
    """Whether a row that equals another in every column is left out."""
    generated: Literal["refuse", "count"] = "refuse"
    """Rows that an earlier cycle made: refuse the table, or count them as synthetic."""
    min_real_fraction: float = Field(default=0.5, ge=0, le=1)
    """The part of the table's rows that no generator made, at least."""


class Line(NamedTuple):
    """What the record says of a batch."""

    batch: str
    sha256: str  # of its rows
    columns: list[str]  # that were hashed
    rows: int  # that differ
    held: int  # of these; all, or the million chosen by hash
    rate: float  # share of other rows that the fingerprints take for rows of the batch
    table: int  # rows of the real table then
    equal: int  # of them, those that equal a row of the batch
    unseen: int  # of them, those of the batch's slice unlike all that a generator learned from
    coincide: int  # of these, those that equal a row of the batch: by chance
    balances: list[int]  # of that table, rounded: see `balances` and `grain`
    bits: int  # of a fingerprint
    fingerprints: str


class Match(NamedTuple):
    """How a table compares with one batch."""

    batch: str
    found: int  # rows that equal one of the batch, beyond those of the table of its time
    chance: float  # how often real rows would give as many
    suspects: np.ndarray  # which rows these are, shape (rows,); the last ones that match
    lacking: list[str]  # columns of the batch that the table has not: nothing was compared

    @property
    def returned(self) -> bool:
        """Whether chance does not explain them."""
        return self.found > 0 and self.chance < LEVEL


def line(
    batch: str,
    sha256: str,
    made: pd.DataFrame,
    *,
    table: pd.DataFrame,
    train: pd.DataFrame,
    where: Condition | None,
) -> Line:
    """Return the line of a batch whose rows are `made`, for a slice of the rows that meet `where`.

    `table` is what stage ingest wrote, `train` what generators learned from. A row that equals one
    of `train` may have been copied; where another real row equals one of the batch, that is
    chance, and tells how often to expect it of new ones, be they all of the batch's slice.
    """
    columns = sorted(made.columns)
    rows, real, learned = (fingerprints.of(frame, columns) for frame in (made, table, train))
    known = fingerprints.held(rows)
    equal = fingerprints.among(real, known)
    unseen = ~np.isin(real, learned)
    if where is not None:
        unseen &= condition.holds(where, table)
    if ORIGIN in table.columns:
        unseen &= (table[ORIGIN] == "real").to_numpy()
    return Line(
        batch=batch,
        sha256=sha256,
        columns=columns,
        rows=len(np.unique(rows)),
        held=len(known.rising),
        rate=known.rate,
        table=len(real),
        equal=int(equal.sum()),
        unseen=int(unseen.sum()),
        coincide=int((equal & unseen).sum()),
        balances=(np.rint(balances(real) / grain(len(real))) * grain(len(real)))
        .astype(int)
        .tolist(),
        bits=known.bits,
        fingerprints=fingerprints.pack(known),
    )


def grown(text: str, new: Iterable[Line]) -> str:
    """Return the record's text with the lines of batches that it lacks, sorted by their hash.

    What is there stays as it is. A merge may leave two lines of one batch: one of them stays.
    """
    lines = {one.sha256: json.dumps(one._asdict(), ensure_ascii=False) for one in new}
    there = zip(parse(text), text.splitlines(), strict=True)
    for sha256, told in sorted(((one.sha256, told) for one, told in there), reverse=True):
        lines[sha256] = told
    return "".join(f"{lines[sha256]}\n" for sha256 in sorted(lines))


def parse(text: str) -> list[Line]:
    """Return the lines of the record; raises ProvenanceError where one cannot be read."""
    lines = []
    for number, told in enumerate(text.splitlines(), start=1):
        try:
            data: dict[str, Any] = json.loads(told)
            one = Line(**{name: data[name] for name in Line._fields})
            fingerprints.unpack(one.fingerprints, one.bits, one.held)
        except (ValueError, TypeError, KeyError) as error:
            raise ProvenanceError(
                f"{PATH}: line {number} is no record of a batch ({str(error).strip()[:60]}); "
                f"bring it back with `git checkout {PATH}`, or, where two branches were merged, "
                "keep the lines of both"
            ) from None
        lines.append(one)
    return lines


def compare(table: pd.DataFrame, lines: Sequence[Line]) -> list[Match]:
    """Return how a table compares with each batch on record."""
    hashes: dict[tuple[str, ...], np.ndarray] = {}
    found = []
    for one in lines:
        lacking = [name for name in one.columns if name not in table.columns]
        if lacking:
            found.append(Match(one.batch, 0, 1.0, np.zeros(len(table), bool), lacking))
            continue
        key = tuple(one.columns)
        if key not in hashes:
            hashes[key] = fingerprints.of(table, one.columns)
        found.append(_match(one, hashes[key]))
    return found


def _match(one: Line, hashes: np.ndarray) -> Match:
    known = fingerprints.unpack(one.fingerprints, one.bits, one.held)
    places = np.flatnonzero(fingerprints.among(hashes, known))
    found = max(len(places) - one.equal, 0)
    suspects = np.zeros(len(hashes), bool)
    suspects[places[len(places) - found :]] = True
    if not found:
        return Match(one.batch, 0, 1.0, suspects, [])
    new = max(fresh(hashes, one), found)
    return Match(one.batch, found, chance(found, new, one), suspects, [])


def chance(found: int, new: int, one: Line) -> float:
    """Return how often `new` real rows hold as many as `found` that equal a row of the batch.

    Fisher's exact test, one-sided (Fisher 1935, doi:10.2307/2342435), of the new rows against the
    unseen ones of the batch's time. Where none of thirty unseen rows or more coincided, the table
    is taken to be one in which none does, and only the fingerprints err: a test could not tell a
    single row that comes back.
    """
    from scipy.stats import binom, hypergeom  # half of the stage's imports; most runs need neither

    if one.coincide == 0 and one.unseen >= _ENOUGH:
        return float(binom.sf(found - 1, new, one.rate))
    return float(hypergeom.sf(found - 1, one.unseen + new, one.coincide + found, new))


def fresh(hashes: np.ndarray, one: Line) -> int:
    """Return how many rows of a table are new since the batch's time, at most.

    The squared differences of the balances add up to the number of rows that were added or
    removed, times a chi-squared variable: its 0.1 % quantile gives the bound. Those on record are
    rounded, so each difference may be larger by half a grain.
    """
    from scipy.stats import chi2

    apart = np.abs(balances(hashes) - np.array(one.balances)) + grain(one.table) / 2
    changed = float((apart**2).sum()) / float(chi2.ppf(LEVEL, _BALANCES))
    return int(min(max(np.ceil((changed + len(hashes) - one.table) / 2), 0), len(hashes)))


def balances(hashes: np.ndarray) -> np.ndarray:
    """Return sums over a table's rows, each of which counts as 1 or -1 by a bit of its hash.

    They tell how many rows two tables do not share (Alon, Matias, Szegedy 1999,
    doi:10.1006/jcss.1997.1545). A row that is there again has other signs.
    """
    again = pd.Series(hashes).groupby(hashes).cumcount().to_numpy().astype(np.uint64)
    signs = fingerprints.mixed(hashes + again)
    ones = [int(((signs >> np.uint64(bit)) & np.uint64(1)).sum()) for bit in range(_BALANCES)]
    return 2 * np.array(ones) - len(hashes)


def grain(rows: int) -> int:
    """Return what the balances of a table are rounded to on record.

    Exact ones of two tables that differ by one row would tell 16 bits of its hash, enough to
    guess a value of it. Rounded, half of them tell one at most.
    """
    return max(32, isqrt(rows) // 4)


def told(match: Match) -> str:
    """Say what was found of a batch, or why nothing was."""
    if match.lacking:
        lacking = ", ".join(map(repr, match.lacking))
        return f"not compared with {match.batch}: it has columns that the table lacks ({lacking})"
    more = "1 row equals" if match.found == 1 else f"{match.found:,} rows equal"
    if match.returned:
        return f"{more} one of the earlier batch {match.batch}, and chance does not explain it"
    return (
        f"{more} one of the earlier batch {match.batch}, as real rows do by chance "
        f"(p = {match.chance:.2g}): counted as real"
    )


def refuse(path: str, returned: Sequence[Match], places: np.ndarray, read: int) -> None:
    """Raise TableError that tells every batch of which rows came back; `places` in the file.

    `places` holds for each row of the table its place among the `read` rows of the file.
    """
    problems = []
    for match in returned:
        wrong = np.zeros(read, bool)
        wrong[places[match.suspects]] = True
        problems.append(f"{told(match)}; {numbered(wrong)}")
    if problems:
        raise TableError(
            f"{listed(path, problems)}\n"
            "  Synthetic rows must not come back as real ones: remove them, or set "
            "`ingest.generated: count` in params.yaml, which keeps them as synthetic: generators "
            "may learn from them, nothing is judged on them. docs/collapse.md says more."
        )


def check_fraction(path: str, made: np.ndarray, least: float) -> float:
    """Return the part of a table's rows that is real; raises TableError where it is too small.

    `made` says for each row whether a generator made it.
    """
    real, rows = int((~made).sum()), len(made)
    fraction = real / rows
    if fraction < least:
        raise TableError(
            f"{path}: {real:,} of its {rows:,} rows are real, a part of {fraction:.3g}, and "
            f"`ingest.min_real_fraction` in params.yaml asks for {least:g}; remove synthetic rows "
            "or collect real ones: generators that learn mostly from their like collapse"
        )
    return fraction
