"""Membership inference: whether a batch gives away which real rows its generator learned from."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from ... import distance, intervals
from ...intervals import Estimate
from ...measure import FEWEST, Measure, untold
from ...tables import table
from ...tables.schema import Schema
from . import roc
from .sides import Sides

CAP = 30_000  # rows of the batch that the attacker looks at; more would only cost time
ISOLATED = 0.1  # share of the rows, the most exposed
RATES = {"tpr_10": 0.1, "tpr_1": 0.01, "tpr_01": 0.001}  # false positive rates, as columns

_JUDGED = "tpr_1"
_NAMES = ("membership", "membership_auc")
_DRAWS = 1_000  # permutations of who is a member
_AT_ONCE = 100
_NEAR = 10  # nearest reference rows that an attack looks at
_EXPECTED = 3  # the one of them whose distance is what a row's surroundings let expect
_SOFT = 0.1  # of one column's range: nearness beyond that says little more


class Attack(NamedTuple):
    """One score of some of the targets; greater means more likely a member."""

    name: str
    rows: str  # which: all or isolated
    score: np.ndarray  # (targets,)
    places: np.ndarray  # (targets,), where they stand among all


def attack(
    batch: pd.DataFrame, sides: Sides, schema: Schema, rng: np.random.Generator
) -> tuple[list[Measure], pd.DataFrame]:
    """Score members and others alike, and tell how far the strongest attack tells them apart.

    Returns the measures `membership`, the true positive rate at 1 % false positives, and
    `membership_auc`, the area under the ROC curve, and a table of all attacks with plain 95 %
    intervals. The measures' intervals hold for all attacks at once: they are as wide as the
    greatest excess among the attacks where it is permuted who is a member (Westfall and Young
    1993, ISBN 978-0-471-55761-6). The strongest attack is the one with the greatest lower bound;
    where none exceeds chance, the one of those on all rows.
    """
    if min(len(part) for part in (batch, *sides)) < FEWEST:
        why = f"fewer than {FEWEST} rows in the batch, or on a side"
        return [untold("privacy", name, why) for name in _NAMES], _table([], np.zeros(0, bool), 0)
    members = np.arange(len(sides.members) + len(sides.others)) < len(sides.members)
    attacks = _attacks(*_distances(batch, sides, schema, rng), rng)
    attacks = [one for one in attacks if _few(members[one.places]) >= FEWEST]
    measures = _measures(attacks, members, rng)
    return measures, _table(attacks, members, len(sides.reference))


def _distances(
    batch: pd.DataFrame, sides: Sides, schema: Schema, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return each target's distance to the batch, and to its nearest reference rows.

    In columns that differ, shapes (targets,) and (targets, neighbours).
    """
    made = table.rows(batch, rng.permutation(len(batch))[:CAP])
    parts = [frame[schema.modelled] for frame in (*sides, made)]
    whole = table.stack(parts)
    size = [len(frame) for frame in parts]
    space = distance.embed(whole, schema, whole[: sum(size[:3])])
    targets, known, seen = (
        space.take(places)
        for places in np.split(np.arange(len(whole)), np.cumsum([size[0] + size[1], size[2]]))
    )
    width = len(schema.modelled)
    near, _ = distance.neighbours(targets, known, min(_NEAR, size[2]))
    return width * distance.nearest(targets, seen), width * near


def _attacks(made: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> list[Attack]:
    """Return the attacks on all targets, and on the most isolated ones.

    Distance: to the nearest row of the batch. Calibrated distance: over that to the reference, as
    a row in a crowd is near to any sample (Watson et al. 2022, arXiv 2111.08440, calibrate losses
    alike). Density ratio: of the batch's density to the reference's (DOMIAS, van Breugel et al.
    2023, arXiv 2302.12580), by nearest neighbours: how many reference rows are no farther than the
    nearest row of the batch, and among equals how far that is within the reference's.
    """
    expected = known[:, min(_EXPECTED, known.shape[1]) - 1]
    inside = (made + _SOFT) / (made + known[:, -1] + 2 * _SOFT)
    scores = {
        "distance": -made,
        "calibrated distance": (expected + _SOFT) / (made + _SOFT),
        "density ratio": -((known <= made[:, None]).sum(axis=1) + inside),
    }
    # Isolation looks at the reference alone, and ties are drawn: neither asks who is a member.
    order = np.lexsort([rng.random(len(made)), -expected])
    groups = {"all": np.arange(len(made)), "isolated": np.sort(order[: _tenth(len(made))])}
    return [
        Attack(name, rows, score[places], places)
        for rows, places in groups.items()
        for name, score in scores.items()
    ]


def _tenth(rows: int) -> int:
    return int(np.ceil(ISOLATED * rows))


def _few(members: np.ndarray) -> int:
    """Return how many rows the smaller side has."""
    return min(members.sum(), (~members).sum())


def _told(members: np.ndarray, at: float) -> bool:
    """Return whether a false positive rate lets through others enough to tell anything."""
    return at * (~members).sum() >= roc.FEWEST


def _measures(
    attacks: list[Attack], members: np.ndarray, rng: np.random.Generator
) -> list[Measure]:
    at = RATES[_JUDGED]
    ranked = [(one, roc.rank(one.score)) for one in attacks if _told(members[one.places], at)]
    by_chance = np.concatenate(
        [
            _strongest(attacks, ranked, rng.permuted(np.tile(members, (_AT_ONCE, 1)), axis=1))
            for _ in range(_DRAWS // _AT_ONCE)
        ]
    )
    level = 0.5 + intervals.LEVEL / 2
    # What is but as great as by chance must not exceed it by the last digit; and where scores are
    # few the greatest by chance may be small, which makes no interval narrower than a plain one.
    by_chance = (1 + 1e-9) * np.quantile(by_chance, level, axis=0, method="higher")
    critical, critical_auc = np.maximum(by_chance, norm.ppf(level)).tolist()
    rates = [
        (one, roc.tpr(roc.rate(ranking, members[None, one.places], at), critical))
        for one, ranking in ranked
    ]
    areas = [
        (one, _area(one.score, members[one.places], critical_auc))
        for one in attacks
        if (one.score != one.score[0]).any()
    ]
    return [
        _measure(name, found, ceiling, len(attacks))
        for name, found, ceiling in zip(_NAMES, (rates, areas), (at, 0.5), strict=True)
    ]


def _strongest(
    attacks: list[Attack], ranked: list[tuple[Attack, roc.Ranking]], members: np.ndarray
) -> np.ndarray:
    """Return the greatest standardised excess of a rate and of an area, shape (draws, 2)."""
    at = RATES[_JUDGED]
    none = np.zeros(len(members))
    rates = [
        roc.standardised(roc.rate(ranking, members[:, one.places], at)) for one, ranking in ranked
    ]
    areas = [roc.rank_sums(one.score, members[:, one.places]) for one in attacks]
    return np.column_stack(
        [np.max([*found], axis=0) if found else none for found in (rates, areas)]
    )


def _area(score: np.ndarray, members: np.ndarray, critical: float) -> Estimate:
    """Return the area with an interval above 0.5 only where permuted labels say so too.

    DeLong's error is too small where few scores are unlike.
    """
    found = roc.auc(score, members, critical)
    beyond = roc.rank_sums(score, members[None])[0] > critical
    return found if beyond else found._replace(lower=min(found.lower, 0.5))


def _measure(name: str, found: list[tuple[Attack, Estimate]], ceiling: float, of: int) -> Measure:
    """Return the strongest attack's excess over what no knowledge of the batch reaches."""
    if not found:
        return untold("privacy", name, "too few rows, or all of them score alike")
    # Where none exceeds chance the isolated rows, ten times fewer, would only say so less surely.
    beyond = [one for one in found if one[1].lower > ceiling]
    everybody = [one for one in found if one[0].rows == "all"]
    best, told = max(beyond or everybody or found, key=lambda one: one[1].lower)
    excess = Estimate(
        told.value - ceiling,
        told.lower - ceiling,
        told.upper - ceiling,
        told.se,
        f"{told.method}; over all {of} attacks at once, by permuting who is a member",
    )
    rows = "all rows" if best.rows == "all" else "the most isolated tenth"
    return Measure("privacy", name, told.value, ceiling, excess, f"{best.name}, {rows}")


def _table(attacks: list[Attack], members: np.ndarray, reference: int) -> pd.DataFrame:
    """Return a row per attack; a rate that too few others tell of may be anything.

    Columns of metrics/attacks.csv:

    - `attack`, `rows`, `batch`: which, on all rows or the most isolated tenth, of which batch
    - `members`, `others`, `reference`: rows of train, unseen rows, and rows that calibrate
    - `auc`, `auc_lower`, `auc_upper`: ROC AUC of telling members, and its interval
    - `tpr_10`, `tpr_10_lower`, `tpr_10_upper`: members found at 10 % false positives
    - `tpr_1`, `tpr_1_lower`, `tpr_1_upper`: at 1 %
    - `tpr_01`, `tpr_01_lower`, `tpr_01_upper`: at 0.1 %
    """
    z = float(norm.ppf(0.5 + intervals.LEVEL / 2))
    lines = []
    for one in attacks:
        own = members[one.places]
        ranking = roc.rank(one.score)
        told = {"auc": roc.auc(one.score, own, z)}
        for name, at in RATES.items():
            told[name] = Estimate(np.nan, 0.0, 1.0, np.nan, "too few others")
            if _told(own, at):
                told[name] = roc.tpr(roc.rate(ranking, own[None], at), z)
        lines.append(
            {
                "attack": one.name,
                "rows": one.rows,
                "members": int(own.sum()),
                "others": int((~own).sum()),
                "reference": reference,
                **{
                    name + end: value
                    for name, found in told.items()
                    for end, value in (
                        ("", found.value),
                        ("_lower", found.lower),
                        ("_upper", found.upper),
                    )
                },
            }
        )
    return pd.DataFrame(lines, columns=_COLUMNS)


_COLUMNS = ["attack", "rows", "members", "others", "reference"]
_COLUMNS += [name + end for name in ("auc", *RATES) for end in ("", "_lower", "_upper")]
