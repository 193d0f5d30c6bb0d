"""Gates: a batch enters training only if no check says that it should not."""

import math
from typing import Any, Literal, NamedTuple

from pydantic import Field

from .intervals import Estimate
from .params import Section

Verdict = Literal["pass", "fail", "inconclusive"]


class Fidelity(Section):
    """How much farther than real rows a batch may be from unseen real ones."""

    marginals: float = Field(ge=0, le=1)
    associations: float = Field(ge=0, le=1)
    coverage: float = Field(ge=0, le=1)


class Utility(Section):
    """How much of the metric a model may lose on synthetic rows alone."""

    tax: float = Field(ge=0)


class Privacy(Section):
    """How large a share of the batch may copy training rows beyond chance."""

    copies: float = Field(ge=0, le=1)


class Gates(Section):
    """The section `gates` of params.yaml: the greatest excess that each check allows."""

    inconclusive: Literal["pass", "fail"]
    fidelity: Fidelity
    utility: Utility
    privacy: Privacy


class Check(NamedTuple):
    """One question asked of a batch: by how much it exceeds what real rows reach."""

    name: str
    value: float
    ceiling: float  # the same number for real rows
    excess: Estimate
    threshold: float


MEANING = {
    "marginals": ("mean distance of a column's distribution", "fit: another generator"),
    "associations": (
        "mean error of a pair's association",
        "fit: a generator that keeps dependence",
    ),
    "coverage": ("share of real rows with no synthetic row near", "fit: a richer generator"),
    "tax": ("metric after training on synthetic rows alone", "fit: another generator"),
    "copies": ("share of rows that copy a training row", "fit: a larger leaf, or privacy"),
}


def judge(check: Check) -> Verdict:
    """Judge by the bound of the excess's interval, not by its middle.

    What could not be computed fails: it shows nothing in the batch's favour. With too few rows to
    tell, the bounds are all that could be.
    """
    if math.isnan(check.excess.lower):
        return "fail"
    if check.excess.upper <= check.threshold:
        return "pass"
    if check.excess.lower > check.threshold:
        return "fail"
    return "inconclusive"


def admits(checks: list[Check], gates: Gates) -> bool:
    """Return whether a batch with these checks may enter training."""
    verdicts = {judge(check) for check in checks}
    return "fail" not in verdicts and not (
        "inconclusive" in verdicts and gates.inconclusive == "fail"
    )


def told(check: Check) -> dict[str, Any]:
    """Return a check as it is written: the numbers, the verdict, and why in words."""
    verdict = judge(check)
    meaning, back_to = MEANING[check.name]
    side = {"pass": "is at most", "fail": "is above", "inconclusive": "is on both sides of"}
    return {
        "value": check.value,
        "ceiling": check.ceiling,
        "excess": check.excess.value,
        "lower": check.excess.lower,
        "upper": check.excess.upper,
        "threshold": check.threshold,
        "verdict": verdict,
        "reason": f"{meaning}: {_reason(check, side[verdict])}",
        "back_to": None if verdict == "pass" else back_to,
        "method": check.excess.method,
    }


def _reason(check: Check, side: str) -> str:
    if math.isnan(check.excess.value):
        return check.excess.method
    return (
        f"{check.value:.3g} where real rows have {check.ceiling:.3g}; the excess of "
        f"{check.excess.value:.3g} [{check.excess.lower:.3g}, {check.excess.upper:.3g}] "
        f"{side} {check.threshold:g}"
    )
