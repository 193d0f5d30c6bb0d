"""The choice, its score and the curve before and after."""

import csv
import io
from math import sqrt
from typing import Any, NamedTuple

from ..parameters import number, text
from ..snapshot import Snapshot
from .holding import held

_BLEND, _CURVE = "metrics/blend.json", "metrics/curve.csv"
_SAME_ROWS = (
    "Both scores are of the same holdout rows, and the interval on the difference takes them as "
    "independent: it is wider than a paired one would be."
)


class Chosen(NamedTuple):
    """What was chosen at one side, and what it reaches on the holdout."""

    ratio: float | None
    model: str | None
    policy: str | None
    batches: list[str]
    metric: str | None
    score: dict[str, float | None]  # value, lower, upper
    gain: dict[str, float | None]  # over real rows alone
    verdict: str | None
    reaches_threshold: bool | None


class Results(NamedTuple):
    """Both sides and the difference between them."""

    before: Chosen | None  # None where there is no blend
    after: Chosen | None
    difference: dict[str, float] | None  # after less before, on the holdout
    note: str  # what the difference is worth, or why there is none
    curve: list[dict[str, float | None]]  # ratio, before, after: the first mix on the holdout


def compare(base: Snapshot, head: Snapshot) -> Results:
    """Return the choice before and after; scores are compared on the same holdout only."""
    before, after = _chosen(base), _chosen(head)
    found, note = None, ""
    if before and after:
        one, other = held(base).content, held(head).content
        if before.metric != after.metric:
            note = "The metric differs: the scores are not comparable."
        elif one is None or one != other:
            note = "The holdout differs: the scores are not comparable."
        else:
            found = difference(before.score, after.score)
            note = _SAME_ROWS if found else ""
    return Results(before, after, found, note, _curves(base, head))


def difference(
    before: dict[str, float | None], after: dict[str, float | None]
) -> dict[str, float] | None:
    """Return after less before with an interval, from the two intervals alone.

    By the method of variance estimates recovery (Zou and Donner 2008, doi:10.1002/sim.3095) as if
    they were independent; None where one of the numbers is not there.
    """
    known = [
        found[name]
        for found in (before, after)
        for name in ("value", "lower", "upper")
        if found[name] is not None
    ]
    if len(known) < 6:
        return None
    old, old_lower, old_upper, new, new_lower, new_upper = (float(one or 0) for one in known)
    value = new - old
    return {
        "value": value,
        "lower": value - sqrt((new - new_lower) ** 2 + (old_upper - old) ** 2),
        "upper": value + sqrt((new_upper - new) ** 2 + (old - old_lower) ** 2),
    }


def _chosen(at: Snapshot) -> Chosen | None:
    blend = at.record(_BLEND)
    if not blend:
        return None
    batches, reaches = blend.get("batches"), blend.get("reaches_threshold")
    return Chosen(
        ratio=number(blend.get("ratio")),
        model=text(blend.get("model")),
        policy=text(blend.get("policy")),
        batches=[str(name) for name in batches] if isinstance(batches, list) else [],
        metric=text(blend.get("metric")),
        score=_estimate(blend, "score", ""),
        gain=_estimate(blend, "gain", "gain_"),
        verdict=text(blend.get("verdict")),
        reaches_threshold=reaches if isinstance(reaches, bool) else None,
    )


def _estimate(blend: dict[str, Any], name: str, front: str) -> dict[str, float | None]:
    names = {"value": name, "lower": f"{front}lower", "upper": f"{front}upper"}
    return {key: number(blend.get(own)) for key, own in names.items()}


def _curves(base: Snapshot, head: Snapshot) -> list[dict[str, float | None]]:
    """Return both curves by ratio, nothing where they are the same."""
    if base.text(_CURVE) == head.text(_CURVE):
        return []
    old, new = _curve(base), _curve(head)
    return [
        {"ratio": ratio, "before": old.get(ratio), "after": new.get(ratio)}
        for ratio in sorted({*old, *new})
    ]


def _curve(at: Snapshot) -> dict[float, float]:
    """Return the score of the best model of each ratio, of the mix that the curve begins with."""
    lines = list(csv.DictReader(io.StringIO(at.text(_CURVE) or "")))
    wanted = {"slice": "all", "best": "True", "split": "holdout"}
    if lines:
        wanted["batch"] = lines[0].get("batch") or ""
    pairs = [
        (number(line.get("ratio")), number(line.get("mean")))
        for line in lines
        if all(line.get(name) == value for name, value in wanted.items())
    ]
    return {ratio: mean for ratio, mean in pairs if ratio is not None and mean is not None}
