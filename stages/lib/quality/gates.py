"""Gates: a batch enters training only if no check says that it should not."""

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np

from ..measure import Measure
from .thresholds import MEASURES, Priority, Rules

Verdict = Literal["pass", "fail", "inconclusive", "reported"]

_POWER = 0.84  # of a normal variable four fifths lie below so many standard deviations


class Check(NamedTuple):
    """A measure with the greatest excess that is allowed, and what comes of it."""

    measure: Measure
    threshold: float | None  # None: reported only
    verdict: Verdict
    admits: bool


def check(found: Iterable[Measure], held: Rules) -> list[Check]:
    """Judge every measure; a gate that could tell nothing at all admits no batch unasked."""
    found = list(found)
    told = {
        measure.gate
        for measure in found
        if held.thresholds[measure.name] is not None and not math.isnan(measure.excess.value)
    }
    judged = []
    for measure in found:
        threshold = held.thresholds[measure.name]
        verdict = judge(measure, threshold)
        unsure = held.unsure if measure.gate in told else held.blind
        admits = verdict in ("pass", "reported") or (
            verdict == "inconclusive" and unsure[measure.gate] == "pass"
        )
        judged.append(Check(measure, threshold, verdict, admits))
    return judged


def judge(measure: Measure, threshold: float | None) -> Verdict:
    """Judge by the bound of the excess's interval, not by its middle.

    What could not be computed fails: it shows nothing in the batch's favour. What too few rows
    tell nothing of is inconclusive.
    """
    if threshold is None:
        return "reported"
    if math.isnan(measure.excess.lower):
        return "fail"
    if math.isnan(measure.excess.value):
        return "inconclusive"
    if measure.excess.upper <= threshold:
        return "pass"
    if measure.excess.lower > threshold:
        return "fail"
    return "inconclusive"


def smallest(measure: Measure, threshold: float) -> float:
    """Return the excess that would have failed four times in five, at this size.

    So often a normal excess has its lower bound, as far below it as here, above the threshold.
    """
    excess = measure.excess
    return threshold + (excess.value - excess.lower) + _POWER * excess.se


def told(found: Check) -> dict[str, Any]:
    """Return a check as it is written: the numbers, the verdict, and why in words.

    Keys of metrics/validate/<batch>.json, checks:

    - `name`, `gate`: the measure and its gate
    - `verdict`: pass, fail, inconclusive or reported
    - `admits`: whether it lets the batch pass
    - `value`, `ceiling`, `excess`: of the batch, of real rows, and the difference
    - `lower`, `upper`, `method`: the excess's 95 % interval, and how it was found
    - `threshold`: the greatest excess allowed; null where it is reported only
    - `smallest_shown`: the excess that would have failed four times in five at this size
    - `reason`: all of that in a sentence
    - `note`: which column, pair, class or attack it was
    - `back_to`: the step to go back to, where the batch is kept out
    """
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
