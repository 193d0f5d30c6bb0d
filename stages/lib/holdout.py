"""The real slices: carved once, the holdout locked by the hash of its content."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from .base import files
from .base.errors import LockError, ParamsError
from .base.params import Section
from .tables import rows, table
from .tables.schema import Schema

PATH = "data/holdout.parquet"


class Lock(Section):
    """Who locked which holdout, and why."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Hash of the holdout's rows, as `freeze` prints it and metrics/freeze.json has it."""
    who: str
    """Who locked it."""
    why: str
    """What the holdout stands for."""


class Freeze(Section):
    """The section `freeze` of params.yaml: sizes of the slices, as counts or fractions."""

    train: float = Field(gt=0)
    """Rows that generators and models learn from: a count, or a fraction where it is below 1."""
    tune: float = Field(ge=0)
    """Rows that every choice is made on; at 0 the holdout stands in, and reports say optimistic."""
    holdout: float = Field(gt=0)
    """Rows that are only ever reported."""
    seed: int = Field(ge=0)
    """Of the random split."""
    locked: Lock | None = None
    """The lock of the holdout; null where it is not locked."""
    released: Lock | None = None
    """The lock that was released last: who released it, and why."""


class Slices(NamedTuple):
    """Disjoint parts of the real table; `pool` is what no slice asked for."""

    train: pd.DataFrame
    tune: pd.DataFrame
    holdout: pd.DataFrame
    pool: pd.DataFrame


def carve(real: pd.DataFrame, schema: Schema, freeze: Freeze, kept: pd.DataFrame | None) -> Slices:
    """Split the real table; `kept` is the holdout of an earlier run, if there is one.

    Rows of one group (identical rows, where no column is a group) never fall on both sides. The
    split is by time where a column has that role (the latest rows are the holdout, the next latest
    tune, then train), else stratified by a categorical target. Under a lock `kept` stays the
    holdout while the table grows; rows that came later than it wait in the pool, for models to be
    chosen on what was before. Raises LockError where the lock cannot be honoured, ParamsError
    where the sizes do not fit the table.
    """
    sizes = _sizes(freeze, len(real))
    if freeze.locked and kept is not None:
        verify(kept, freeze.locked)
        held, rest = kept, _without(real, kept, schema)
    else:
        _fits({"holdout": sizes["holdout"]}, len(real))
        chosen = _assign(real, schema, {"holdout": sizes["holdout"]}, freeze.seed) == "holdout"
        held, rest = table.rows(real, np.flatnonzero(chosen)), np.flatnonzero(~chosen)
        verify(held, freeze.locked)
    # The rest is split by itself, so that a kept holdout and the same one carved anew leave the
    # same rows in train and tune.
    early = ~_after(real, held, schema)[rest]
    sizes = _sizes(freeze, len(real) - int((~early).sum()))
    others = {name: sizes[name] for name in ("tune", "train")}
    _fits(others, int(early.sum()))
    part = np.full(len(rest), "pool", object)
    part[early] = _assign(real.iloc[rest[early]], schema, others, freeze.seed + 1)
    slices = {name: table.rows(real, rest[part == name]) for name in ("train", "tune", "pool")}
    for name, found in (("train", slices["train"]), ("holdout", held)):
        if found.empty:
            raise ParamsError(
                f"params.yaml: `freeze.{name}` leaves no row; raise it (rows of one group, and "
                "rows that models cannot tell apart, stay together: the smallest set is larger)"
            )
    return Slices(holdout=held, **slices)


def apart(whole: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the real rows of a table, and those that stage ingest counted as synthetic."""
    if table.ORIGIN not in whole.columns:
        return whole, table.rows(whole, np.arange(0))
    made = (whole[table.ORIGIN] == "synthetic").to_numpy()
    frame = whole.drop(columns=table.ORIGIN)
    return table.rows(frame, np.flatnonzero(~made)), table.rows(frame, np.flatnonzero(made))


def learnable(made: pd.DataFrame, slices: Slices, schema: Schema, seed: int) -> pd.DataFrame:
    """Return the rows among those `made` by earlier generators that new ones learn from.

    As large a part of them, at random, as train is of the real rows, so that train with them is
    like the table. Rows that share a unit with tune, holdout or pool, or look to models like one
    of theirs, are left out: what is judged on shall not be learned from.
    """
    if made.empty:
        return made
    others = table.stack([made, slices.tune, slices.holdout, slices.pool])
    free = np.ones(len(made), bool)
    for unit in (_units(others, schema), rows.keys(others[schema.modelled])):
        free &= ~np.isin(unit[: len(made)], unit[len(made) :])
    part = len(slices.train) / sum(map(len, slices))
    places = np.random.default_rng([seed, 2]).permutation(np.flatnonzero(free))
    return table.rows(made, np.sort(places[: round(part * len(places))]))


def verify(holdout: pd.DataFrame, lock: Lock | None) -> None:
    """Raise LockError if the holdout's content is not what the lock says."""
    if lock is None:
        return
    found = rows.digest(holdout)
    if found != lock.sha256:
        raise LockError(
            f"{PATH}: the holdout is locked and this is another one\n"
            f"  locked by {lock.who} ({lock.why}): sha256 {lock.sha256[:16]}…\n"
            f"  at hand: {len(holdout):,} rows, sha256 {found[:16]}…\n"
            "  The table, `freeze` in params.yaml or the file itself changed since. Bring them "
            f"back (`git diff`, `dvc checkout {PATH}`, or `dvc pull {PATH}` in a fresh clone), "
            "or release the lock (`dvc-synth lock --release --why TEXT`), and lock the new one."
        )


def manner(schema: Schema) -> str:
    """Say in words how the slices are carved."""
    roles = {column.role: name for name, column in schema.columns.items()}
    together = (
        f"{roles['group']!r} kept together" if "group" in roles else "identical rows together"
    )
    if "time" in roles:
        order = "the holdout after tune after train, what is later still in the pool"
        return f"by time, {roles['time']!r}: {order}; {together}"
    if schema.columns[schema.target].numeric:
        return f"at random; {together}"
    return f"at random, stratified by {schema.target!r}; {together}"


def deciding(tune: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that choices are made on: tune, or the holdout where there is no tune."""
    return held if tune.empty else tune


def decided_on(tune: pd.DataFrame) -> str:
    """Say which slice `deciding` takes, for the reports."""
    return "holdout (optimistic)" if tune.empty else "tune"


def read(lock: Lock | None, path: str | Path = PATH) -> pd.DataFrame:
    """Read the holdout, verified against the lock."""
    holdout = files.read_parquet(path)
    verify(holdout, lock)
    return holdout


def _sizes(freeze: Freeze, available: int) -> dict[str, int]:
    sizes = {"train": freeze.train, "tune": freeze.tune, "holdout": freeze.holdout}
    # Fractions round down: those that add up to 1 then fit.
    return {
        name: int(size * available + 1e-9) if size < 1 else round(size)
        for name, size in sizes.items()
    }


def _fits(sizes: dict[str, int], available: int) -> None:
    if sum(sizes.values()) > available:
        asked = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
        raise ParamsError(
            f"params.yaml: `freeze` asks for {asked} rows and {available:,} are left to split; "
            "lower one of them"
        )


def _without(real: pd.DataFrame, kept: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Return the places of the rows that share no unit with a locked row."""
    if list(kept.columns) != list(real.columns):
        raise LockError(
            f"{PATH}: the locked rows have the columns {', '.join(kept.columns)} and the real "
            f"table has {', '.join(real.columns)}. Bring data/schema.yaml back, or release the "
            "lock (`dvc-synth lock --release --why TEXT`), and lock the new holdout."
        )
    locked, found = rows.keys(kept), rows.keys(real)
    lost = ~np.isin(locked, found)
    if lost.any():
        raise LockError(
            f"{PATH}: {lost.sum():,} of the {len(kept):,} locked rows are no longer in the real "
            "table (removed, or a value of theirs changed). Bring them back, or release the lock "
            "(`dvc-synth lock --release --why TEXT`), and lock the new holdout."
        )
    unit = _units(real, schema)
    return np.flatnonzero(~np.isin(unit, unit[np.isin(found, locked)]))


def _after(real: pd.DataFrame, held: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Return which rows, or others of their unit, are later than the holdout begins, (rows,)."""
    times = [name for name, column in schema.columns.items() if column.role == "time"]
    if not times or held.empty:
        return np.zeros(len(real), bool)
    begins = held[times[0]].groupby(_units(held, schema)).max().min()
    latest = real[times[0]].groupby(_units(real, schema)).transform("max")
    return (latest > begins).to_numpy()


def _assign(real: pd.DataFrame, schema: Schema, sizes: dict[str, int], seed: int) -> np.ndarray:
    """Return the slice's name for each row, shape (rows,); "pool" where no slice took it."""
    unit = _units(real, schema)
    first = np.unique(unit, return_index=True)[1]  # one row stands for its unit
    times = [name for name, column in schema.columns.items() if column.role == "time"]
    strata = np.zeros(len(first), int)
    if times:
        # An undated row is not known to be late: it ranks below all others.
        latest = real[times[0]].groupby(unit).max().rank(na_option="top").to_numpy()
        order = np.argsort(latest, kind="stable")[::-1]
    else:
        order = np.random.default_rng(seed).permutation(len(first))
        if not schema.columns[schema.target].numeric:
            strata = pd.factorize(real[schema.target].iloc[first], sort=True)[0]
    weight = np.bincount(unit)[order]
    part = np.empty(len(first), object)
    part[order] = _fill(strata[order], weight, sizes, in_order=bool(times))
    return part[unit]


def _units(real: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Return for each row the number of the unit that must stay together, from 0."""
    groups = [name for name, column in schema.columns.items() if column.role == "group"]
    if groups:
        unit = pd.factorize(real[groups[0]], sort=True)[0]
        unknown = unit < 0  # a row whose group is missing stands alone
        unit[unknown] = unit.max() + 1 + np.arange(unknown.sum())
        return unit
    return pd.factorize(rows.keys(real[schema.modelled]))[0]  # alike, but for an id or a time


def _fill(
    strata: np.ndarray, weight: np.ndarray, sizes: dict[str, int], *, in_order: bool
) -> np.ndarray:
    """Hand out units in their order to each slice in turn, every stratum in proportion.

    A unit larger than what a slice still wants is passed over, unless the order is that of time.
    """
    part = np.full(len(strata), "pool", object)
    for name, size in sizes.items():
        # Shares of what is left: no quota is then larger than its stratum.
        left = weight * (part == "pool")
        share = {s: left[strata == s].sum() / max(left.sum(), 1) for s in np.unique(strata)}
        quota = _proportional(size, share)
        for stratum, wanted in quota.items():
            free = np.flatnonzero((part == "pool") & (strata == stratum))
            if in_order or weight.max(initial=1) == 1:
                part[free[np.cumsum(weight[free]) <= wanted]] = name
                continue
            for unit in free:
                if weight[unit] <= wanted:
                    part[unit] = name
                    wanted -= weight[unit]
    return part


def _proportional(size: int, share: dict[int, float]) -> dict[int, int]:
    """Split `size` by largest remainder, so that the parts add up to it."""
    exact = {stratum: size * part for stratum, part in share.items()}
    quota = {stratum: int(value) for stratum, value in exact.items()}
    by_remainder = sorted(exact, key=lambda stratum: quota[stratum] - exact[stratum])
    for stratum in by_remainder[: size - sum(quota.values())]:
        quota[stratum] += 1
    return quota
