"""Gates judge by the bound of the interval, and say why."""

import numpy as np
import pytest

from stages.lib import fidelity, files, gates
from stages.lib.gates import Check, Gates
from stages.lib.intervals import Estimate
from stages.lib.schema import Column, Schema


def check(lower: float, upper: float, *, threshold: float = 0.1) -> Check:
    """Return a check of marginals whose excess has these bounds."""
    middle = (lower + upper) / 2
    return Check("marginals", 0.2, 0.05, Estimate(middle, lower, upper, 0.01, "m"), threshold)


def limits(inconclusive: str) -> Gates:
    """Return gates of which only the treatment of inconclusive checks matters."""
    section = {"marginals": 0.1, "associations": 0.1, "coverage": 0.1}
    return Gates.model_validate(
        {
            "inconclusive": inconclusive,
            "fidelity": section,
            "utility": {"tax": 0.1},
            "privacy": {"copies": 0.1},
        }
    )


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
    assert gates.judge(check(lower, upper)) == expected


def test_an_inconclusive_check_passes_or_fails_by_choice() -> None:
    """What cannot be told is the person's to decide; a failed check is not."""
    unsure, bad, good = check(0.0, 0.2), check(0.2, 0.3), check(0.0, 0.05)
    assert gates.admits([good, unsure], limits("pass"))
    assert not gates.admits([good, unsure], limits("fail"))
    assert gates.admits([good], limits("fail"))
    assert not gates.admits([good, bad], limits("pass"))


def test_a_check_tells_its_numbers_and_where_to_go_back_to() -> None:
    """A reader gets value, ceiling, excess, threshold and the verdict in one sentence."""
    told = gates.told(check(0.2, 0.3))
    assert told["reason"] == (
        "mean distance of a column's distribution: 0.2 where real rows have 0.05; the excess of "
        "0.25 [0.2, 0.3] is above 0.1"
    )
    assert told["back_to"] == "fit: another generator"
    assert gates.told(check(0.0, 0.05))["back_to"] is None


@pytest.mark.parametrize(("threshold", "verdict"), [(0.1, "inconclusive"), (1.0, "pass")])
def test_too_few_rows_are_inconclusive(threshold: float, verdict: str) -> None:
    """With a handful of rows the excess may be anything, unless anything is allowed."""
    schema = Schema(
        columns={"n": Column(kind="number"), "c": Column(kind="category", role="target")}
    )
    found = fidelity._untold(schema, 7)
    one = Check("coverage", np.nan, np.nan, found.excess["coverage"], threshold)
    told = files.rounded(gates.told(one))
    assert told["verdict"] == verdict
    assert (
        told["reason"] == "share of real rows with no synthetic row near: 7 rows, too few to tell"
    )
    assert (told["value"], told["excess"], told["lower"], told["upper"]) == (None, None, -1, 1)
    assert gates.admits([one], limits("pass"))
    assert gates.admits([one], limits("fail")) == (verdict == "pass")


def test_what_could_not_be_computed_fails() -> None:
    """Without bounds nothing speaks for the batch, whatever is made of the inconclusive."""
    nothing = Check("tax", 0.5, np.nan, Estimate(*[np.nan] * 4, "one class alone"), 1.0)
    assert gates.judge(nothing) == "fail"
    assert gates.told(nothing)["reason"].endswith(": one class alone")
    assert not gates.admits([nothing], limits("pass"))
