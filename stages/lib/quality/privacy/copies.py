"""Exact copies: rows of a batch that equal a training row, beyond those that chance explains."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom, norm

from ... import intervals
from ...intervals import Estimate
from ...measure import Measure, untold
from ...tables import rows


class Copies(NamedTuple):
    """Distinct rows of the batch that equal a real one, by the side on which that one is."""

    rows: int  # of the batch, repeated ones included, that equal a training row
    train: int  # distinct profiles of train that the batch holds, and unseen rows do not
    of_train: int  # distinct profiles of train that it could hold
    unseen: int
    of_unseen: int
    shared: int  # distinct rows of the batch that equal a training row, and tell nothing by it
    of: int  # distinct rows of the batch

    @property
    def scale(self) -> float:
        """How many profiles of train there are for one unseen profile."""
        return self.of_train / self.of_unseen

    @property
    def by_chance(self) -> float:
        """How many distinct rows of the batch would equal one of as many unseen rows."""
        return self.scale * self.unseen + self.shared


def measures(batch: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame) -> list[Measure]:
    """Return the share of the batch that equals a training row, and of train that is so equalled.

    `copies` counts among the batch's distinct rows, `reproduced` among train's: a large batch may
    hold most of train and still be mostly new. The ceiling is what as many unseen rows would
    explain.
    """
    found = count(batch, train, unseen)
    if not (found.of and found.of_train and found.of_unseen):
        why = "no profiles that only one side holds"
        return [untold("privacy", name, why) for name in ("copies", "reproduced")]
    excess, note = beyond_chance(found), _told(found)
    share, known = found.of / found.of_train, found.train / found.of_train
    chance = found.scale * found.unseen / found.of_train
    value, lower, upper, se = (share * one for one in excess[:4])
    of_train = Estimate(value, lower, upper, se, excess.method)
    value = (found.train + found.shared) / found.of
    return [
        Measure("privacy", "copies", value, value - excess.value, excess, note),
        Measure("privacy", "reproduced", known, chance, of_train, note),
    ]


def count(batch: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame) -> Copies:
    """Count the distinct rows of the batch that equal a training row, and an unseen one.

    A row that the batch repeats is one copy: what repeats is drawn more than once for one reason.
    Real rows that are alike stay on one side of the split, so on which side a profile is was
    chance. Where some are on both sides, they were split row by row (rows of different groups may
    be alike), and a profile of many rows may be all on the larger side because it is frequent:
    then only profiles of one row tell anything.
    """
    made = rows.keys(batch[train.columns])
    (known, in_train), (other, in_unseen) = (
        np.unique(rows.keys(side[train.columns]), return_counts=True) for side in (train, unseen)
    )
    both = np.intersect1d(known, other)
    telling = [
        one[(counts == 1) & ~np.isin(one, both)] if len(both) else one
        for one, counts in ((known, in_train), (other, in_unseen))
    ]
    distinct = np.unique(made)
    train_matched, unseen_matched = (int(np.isin(one, distinct).sum()) for one in telling)
    return Copies(
        rows=int(np.isin(made, known).sum()),
        train=train_matched,
        of_train=len(telling[0]),
        unseen=unseen_matched,
        of_unseen=len(telling[1]),
        shared=int(np.isin(distinct, known).sum()) - train_matched,
        of=len(distinct),
    )


def p_value(found: Copies) -> float:
    """Return how likely chance alone matches as many profiles of train, given all that match.

    Fisher's exact test, one-sided: if the batch keeps no training row, which of the real profiles
    that it matches are in train is a draw without replacement.
    """
    return _at_least(found, 0)


def beyond_chance(found: Copies) -> Estimate:
    """Return by what share of the batch the copies of train exceed chance, with its interval.

    The interval inverts the exact test: it holds every number c of copies for which the other
    matches with train, less c, are as many as chance may draw. So its lower bound is above 0 if
    and only if the one-sided p-value is below 2.5 %. It is about this batch, not about others
    that the generator may make: chance is on which side of the split real rows fell. Its coverage
    is at least 95 %, and more where few match. The standard error is that of chance matches, with
    two added as in Wilson's interval, since none that match by chance is no proof that none can.
    """
    tail = (1 - intervals.LEVEL) / 2
    low = _first(lambda c: _at_least(found, c) >= tail, -found.unseen, found.train)
    high = -_first(lambda c: _at_most(found, -c) >= tail, -found.train, found.unseen)
    z = norm.isf(tail)
    se = np.sqrt(found.scale * (1 + found.scale) * (found.unseen + z**2 / 2))
    value = found.train - found.scale * found.unseen
    # Copies are whole numbers, and scaled chance need not be.
    lower, upper = min(_excess(found, low), value), max(_excess(found, high), value)
    value, lower, upper, se = (float(one / found.of) for one in (value, lower, upper, se))
    return Estimate(value, lower, upper, se, "Fisher's exact test, inverted")


def _excess(found: Copies, copied: int) -> float:
    """Return how many of `copied` profiles exceed chance, which matches some of them anyway."""
    matched, profiles = found.train + found.unseen, found.of_train + found.of_unseen
    kept = copied if copied > 0 else found.scale * copied
    missed = profiles - matched
    return kept * missed / max(profiles - abs(copied), 1)


def _at_least(found: Copies, copied: int) -> float:
    """Return the chance of as many matches with train, or more, if `copied` of them are copies."""
    return float(hypergeom.sf(found.train - max(copied, 0) - 1, *_chance(found, copied)))


def _at_most(found: Copies, copied: int) -> float:
    """Return the chance of as many matches with train, or fewer, if `copied` of them are copies."""
    return float(hypergeom.cdf(found.train - max(copied, 0), *_chance(found, copied)))


def _chance(found: Copies, copied: int) -> tuple[int, int, int]:
    """Return of how many profiles how many match, and are in train, besides `copied` of them.

    Fewer copies than none mean that so many of the matches with unseen rows are no chance either.
    """
    profiles = found.of_train + found.of_unseen - abs(copied)
    matched = found.train + found.unseen - abs(copied)
    return profiles, matched, found.of_train - max(copied, 0)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the least number from `low` to `high` for which `holds`; it does for all above."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _told(found: Copies) -> str:
    p = p_value(found)  # of some hundred copies less than a float can hold
    return (
        f"{found.train:,} training profiles matched, {found.scale * found.unseen:.3g} of as many "
        f"unseen; exact p {f'= {p:.2g}' if p else '< 1e-300'}"
    )
