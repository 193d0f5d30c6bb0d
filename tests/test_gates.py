"""Gates judge by the bound of the interval, with the priority's defaults, and say why."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from stages.lib.base import files
from stages.lib.base.errors import ParamsError
from stages.lib.intervals import Estimate
from stages.lib.measure import Measure, untold
from stages.lib.quality import gates, thresholds
from stages.lib.quality.gates import Check
from stages.lib.quality.thresholds import MEASURES, Gates, Priority


def measure(lower: float, upper: float, name: str = "marginals") -> Measure:
    """Return a measure whose excess has these bounds."""
    middle = (lower + upper) / 2
    excess = Estimate(middle, lower, upper, (upper - lower) / 4, "m")
    return Measure(MEASURES[name].gate, name, 0.2, 0.05, excess)


def judged(*measures: Measure, priority: Priority = "utility", **asked: dict) -> list[Check]:
    """Return the checks of measures by gates that ask for this."""
    return gates.check(measures, thresholds.rules(Gates.model_validate(asked), priority, "roc_auc"))


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (0.0, 0.1, "pass"),  # the upper bound is allowed to lie on the threshold
        (0.02, 0.11, "inconclusive"),  # the middle, 0.065, would have passed
        (0.09, 0.2, "inconclusive"),
        (0.1, 0.2, "inconclusive"),  # a lower bound on the threshold is not above it
        (0.11, 0.2, "fail"),
    ],
)
def test_a_check_is_judged_by_its_bounds(lower: float, upper: float, expected: str) -> None:
    """It passes if the whole interval is allowed, and fails if none of it is."""
    assert gates.judge(measure(lower, upper), 0.1) == expected


def test_without_a_threshold_a_measure_is_reported() -> None:
    """It is never judged, and keeps no batch out."""
    (one,) = judged(measure(5, 6), fidelity={"marginals": None})
    assert (one.verdict, one.admits, one.threshold) == ("reported", True, None)
    assert gates.told(one)["reason"].endswith("[5, 6] is reported only")


@pytest.mark.parametrize(("asked", "admits"), [("pass", True), ("fail", False)])
def test_an_inconclusive_check_passes_or_fails_by_choice(asked: str, admits: bool) -> None:
    """What cannot be told is the person's to decide, gate by gate."""
    limits = {"inconclusive": asked, "marginals": 0.1}
    unsure, leak = judged(measure(0, 0.2), measure(0, 0.2, "copies"), fidelity=limits)
    assert (unsure.verdict, unsure.admits) == ("inconclusive", admits)
    assert (leak.verdict, leak.admits) == ("inconclusive", True)


def test_with_privacy_first_an_attack_too_weak_to_tell_does_not_admit() -> None:
    """The priority decides what the inconclusive means where params.yaml does not."""
    weak = measure(-0.1, 0.1, "membership")
    assert [one.admits for one in judged(weak, priority="privacy")] == [False]
    assert [one.admits for one in judged(weak, priority="utility")] == [True]
    (allowed,) = judged(weak, priority="privacy", privacy={"inconclusive": "pass"})
    assert allowed.admits


def test_defaults_follow_the_priority() -> None:
    """What the brief puts first has the strictest thresholds; params.yaml has the last word."""
    priorities: tuple[Priority, ...] = ("fidelity", "privacy", "utility")
    rules = {name: thresholds.rules(Gates(), name, "roc_auc") for name in priorities}
    for name, meaning in MEASURES.items():
        own = rules[meaning.gate].thresholds[name]
        for other in rules.values():
            theirs = other.thresholds[name]
            assert theirs is None or (own is not None and own <= theirs), name
    asked = Gates.model_validate({"privacy": {"copies": 0.3}})
    assert thresholds.rules(asked, "privacy", "roc_auc").thresholds["copies"] == 0.3


def test_gates_without_an_entry_are_all_defaults() -> None:
    """A gate whose lines are all commented out is null in YAML."""
    given = Gates.model_validate({"fidelity": None, "privacy": None})
    assert given == Gates()


def test_every_mistake_in_gates_is_told_at_once() -> None:
    """An unknown threshold is told with the nearest known, a bad one with what it was."""
    asked = Gates.model_validate(
        {"fidelity": {"marginal": 0.1, "coverage": -1}, "privacy": {"copies": "few"}}
    )
    with pytest.raises(ParamsError) as told:
        thresholds.rules(asked, "utility", "roc_auc")
    text = str(told.value)
    assert "`gates.fidelity.marginal` is unknown; did you mean 'marginals'" in text
    assert "`gates.fidelity.coverage`: expected a number of at least 0, or null; got -1" in text
    assert "`gates.privacy.copies`: expected a number of at least 0, or null; got 'few'" in text


def test_a_check_tells_its_numbers_and_where_to_go_back_to() -> None:
    """A reader gets value, ceiling, excess, threshold and the verdict in one sentence."""
    told = gates.told(judged(measure(0.2, 0.3))[0])
    assert told["reason"] == (
        "mean distance of a column's distribution: 0.2 where real rows have 0.05; the excess of "
        "0.25 [0.2, 0.3] is above 0.1"
    )
    assert told["back_to"] == "fit: another generator"
    assert (told["value"], told["ceiling"], told["excess"]) == (0.2, 0.05, 0.25)
    assert (told["lower"], told["upper"], told["threshold"]) == (0.2, 0.3, 0.1)
    assert gates.told(judged(measure(0, 0.1))[0])["back_to"] is None


def test_the_smallest_leak_shown_is_shown_four_times_in_five() -> None:
    """An excess of that size has its lower bound above the threshold with 80 % probability."""
    one = measure(-0.02, 0.02, "membership")  # se 0.01, and a bound of two of them
    leak = gates.smallest(one, 0.005)
    assert leak == pytest.approx(0.005 + 0.02 + 0.0084)
    above = norm.sf(0.005 + 0.02, loc=leak, scale=0.01)
    assert above == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize("threshold", [0.1, 500.0])
def test_too_few_rows_are_inconclusive(threshold: float) -> None:
    """With a handful of rows the excess may be anything, however much is allowed."""
    nothing = untold("fidelity", "coverage", "7 rows, too few to tell")
    (one,) = judged(nothing, fidelity={"coverage": threshold})
    told = files.rounded(gates.told(one))
    assert told["verdict"] == "inconclusive"
    assert told["reason"].endswith(": 7 rows, too few to tell")
    assert (told["value"], told["excess"], told["lower"], told["upper"]) == (None, None, -1, 1)


def test_a_gate_that_could_tell_nothing_admits_no_batch_unasked() -> None:
    """Not one of its checks says anything in the batch's favour; a person may still let it pass."""
    nothing = untold("fidelity", "coverage", "7 rows"), untold("fidelity", "recall", "7 rows")
    assert not any(one.admits for one in judged(*nothing))
    assert all(one.admits for one in judged(*nothing, fidelity={"inconclusive": "pass"}))
    assert all(one.admits for one in judged(*nothing, measure(0, 0.01)))


def test_losses_without_a_scale_have_no_default() -> None:
    """A loss in units of a table is judged as a share, unless a person sets a threshold."""
    rules = thresholds.rules(Gates(), "utility", "neg_mean_absolute_error")
    assert rules.thresholds["tax"] is None
    assert rules.thresholds["tax_share"] == 0.04
    asked = Gates.model_validate({"utility": {"tax": 2.5}})
    rules = thresholds.rules(asked, "utility", "neg_mean_absolute_error")
    assert rules.thresholds["tax"] == 2.5


def test_what_could_not_be_computed_fails() -> None:
    """Without bounds nothing speaks for the batch, whatever is made of the inconclusive."""
    nothing = Measure("utility", "tax", 0.5, np.nan, Estimate(*[np.nan] * 4, "one class alone"))
    (one,) = judged(nothing, utility={"tax": 1.0, "inconclusive": "pass"})
    assert (one.verdict, one.admits) == ("fail", False)
    assert gates.told(one)["reason"].endswith(": one class alone")


def test_reasons_are_weighed() -> None:
    """The priority's gate comes first, then privacy; what fails, and most surely, leads."""
    found = judged(
        measure(0.3, 0.5),  # 0.3 above its threshold of 0.1: 6 standard errors
        measure(0.3, 0.35, "associations"),  # 0.175 above: 14 standard errors
        measure(0.0, 0.9, "coverage"),  # inconclusive
        measure(0.4, 0.8, "tax"),
        measure(0.1, 0.3, "copies"),
        measure(0.0, 0.0, "linkability"),  # passes
        untold("privacy", "membership", "few"),
        fidelity={"inconclusive": "fail"},
        privacy={"inconclusive": "fail"},
    )
    order = [one.measure.name for one in gates.weighed(found, "utility")]
    assert order == ["tax", "copies", "membership", "associations", "marginals", "coverage"]
    order = [one.measure.name for one in gates.weighed(found, "fidelity")]
    assert order == ["associations", "marginals", "coverage", "copies", "membership", "tax"]
    assert math.isnan(found[-1].measure.excess.se)
