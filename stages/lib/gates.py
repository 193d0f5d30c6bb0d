"""Gates: a batch enters training only if no check says that it should not."""

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from .measure import Measure
from .thresholds import MEASURES, Priority, Rules

Verdict = Literal["pass", "fail", "inconclusive", "reported"]

_BOUND, _POWER = 1.96, 0.84  # normal quantiles: of a 95 % interval, and of four fifths


class Check(NamedTuple):
    """A measure with the greatest excess that is allowed, and what comes of it."""

    measure: Measure
    threshold: float | None  # None: reported only
    verdict: Verdict
    admits: bool


def check(found: Iterable[Measure], held: Rules) -> list[Check]:
    """Judge every measure."""
    judged = []
    for measure in found:
        threshold = held.thresholds[measure.name]
        verdict = judge(measure, threshold)
        admits = verdict in ("pass", "reported") or (
            verdict == "inconclusive" and held.unsure[measure.gate] == "pass"
        )
        judged.append(Check(measure, threshold, verdict, admits))
    return judged


def judge(measure: Measure, threshold: float | None) -> Verdict:
    """Judge by the bound of the excess's interval, not by its middle.

    What could not be computed fails: it shows nothing in the batch's favour. With too few rows to
    tell, the bounds are all that could be.
    """
    if threshold is None:
        return "reported"
    if math.isnan(measure.excess.lower):
        return "fail"
    if measure.excess.upper <= threshold:
        return "pass"
    if measure.excess.lower > threshold:
        return "fail"
    return "inconclusive"


def smallest(measure: Measure, threshold: float) -> float:
    """Return the excess that would have failed four times in five, at this size.

    A normal excess with this standard error has its lower bound above the threshold so often.
    """
    return threshold + (_BOUND + _POWER) * measure.excess.se


def told(found: Check) -> dict[str, Any]:
    """Return a check as it is written: the numbers, the verdict, and why in words."""
    measure, excess = found.measure, found.measure.excess
    meaning = MEASURES[measure.name]
    threshold = found.threshold
    return {
        "name": measure.name,
        "gate": measure.gate,
        "verdict": found.verdict,
        "admits": found.admits,
        "value": measure.value,
        "ceiling": measure.ceiling,
        "excess": excess.value,
        "lower": excess.lower,
        "upper": excess.upper,
        "threshold": threshold,
        "smallest_shown": None if threshold is None else smallest(measure, threshold),
        "reason": f"{meaning.text}: {_reason(found)}",
        "note": measure.note,
        "back_to": None if found.admits else meaning.back_to,
        "method": excess.method,
    }


def weighed(checks: Iterable[Check], priority: Priority) -> list[Check]:
    """Return the checks that do not admit a batch, the heaviest first.

    The gate of the priority comes first, then privacy, utility and fidelity; within a gate what
    fails comes before what is inconclusive, and what exceeds its threshold most surely first.
    """
    gates = list(dict.fromkeys([priority, "privacy", "utility", "fidelity"]))

    def weight(one: Check) -> tuple[int, bool, float]:
        excess, threshold = one.measure.excess, one.threshold or 0.0
        # What could not be computed has no excess to order by: it comes first.
        surely = np.nan_to_num((excess.value - threshold) / (excess.se or np.inf), nan=np.inf)
        return gates.index(one.measure.gate), one.verdict != "fail", -float(surely)

    return sorted((one for one in checks if not one.admits), key=weight)


def _reason(found: Check) -> str:
    measure, excess = found.measure, found.measure.excess
    if math.isnan(excess.value):
        return excess.method
    text = (
        f"{measure.value:.3g} where real rows have {measure.ceiling:.3g}; the excess of "
        f"{excess.value:.3g} [{excess.lower:.3g}, {excess.upper:.3g}]"
    )
    side = {"pass": "is at most", "fail": "is above", "inconclusive": "is on both sides of"}
    if found.threshold is None:
        return f"{text} is reported only"
    return f"{text} {side[found.verdict]} {found.threshold:g}"
