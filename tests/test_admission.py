"""The simplest generator that passes is admitted; every other batch is told why it is not."""

from typing import Any

import pytest

from stages.lib import admission, batches
from stages.lib.base.errors import ParamsError


def validation(*against: str, note: str = "") -> dict[str, Any]:
    """Return what validate writes of a batch against which these checks speak, in this order."""
    names = ["marginals", "tax", "copies"]
    return {
        "verdict": "fail" if against else "pass",
        "against": list(against),
        "checks": [
            {
                "name": name,
                "reason": f"{name} too far",
                "note": note,
                "back_to": f"back of {name}" if name in against else None,
            }
            for name in names
        ],
    }


def test_the_first_that_passes_is_admitted_for_each_slice() -> None:
    """Generators come in the order of params.yaml, and each slice is decided by itself."""
    every = batches.every(["a", "b", "c"], ["all", "rare"])
    found = {batch.name: validation() for batch in every}
    found["a-rare"] = validation("tax")
    decision = admission.decide(every, found, [])
    assert decision["admitted"] == ["a-all", "b-rare"]
    assert decision["passed"] == ["b-all", "c-all", "c-rare"]
    assert decision["quarantined"] == ["a-rare"]


def test_reasons_come_heaviest_first() -> None:
    """A quarantined batch tells its reasons in the order of their weight, and the steps to try."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("copies", "marginals")}
    told = admission.decide(every, found, [])["batches"]["a-all"]
    assert told["reasons"] == ["copies too far", "marginals too far"]
    assert told["try"] == ["back of copies", "back of marginals"]


def test_a_reason_tells_the_note_beside_it() -> None:
    """Which column, pair or attack it was is part of the reason."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("copies", note="18 rows of train")}
    told = admission.decide(every, found, [])["batches"]["a-all"]
    assert told["reasons"] == ["copies too far (18 rows of train)"]


def test_a_batch_that_passed_tells_no_reasons() -> None:
    """An inconclusive check that params.yaml lets pass is no reason."""
    every = batches.every(["a"], ["all"])
    decision = admission.decide(every, {"a-all": validation()}, [])
    assert decision["admitted"] == ["a-all"]
    assert decision["batches"]["a-all"]["reasons"] == []
    assert decision["batches"]["a-all"]["try"] == []


def test_an_excluded_batch_makes_way_for_the_next_that_passed() -> None:
    """It is neither admitted nor passed, whatever the gates say, and the others are as before."""
    every = batches.every(["a", "b", "c", "d"], ["all"])
    found = {batch.name: validation() for batch in every}
    found["b-all"] = validation("tax")
    decision = admission.decide(every, found, ["a-all", "d-all"])
    assert decision["admitted"] == ["c-all"]
    assert decision["passed"] == []
    assert decision["quarantined"] == ["b-all"]
    assert decision["excluded"] == ["a-all", "d-all"]
    assert decision["batches"]["a-all"]["status"] == "excluded"
    assert decision["batches"]["a-all"]["reasons"] == ["named in `admit.exclude` of params.yaml"]


def test_excluding_a_batch_that_failed_keeps_its_reasons() -> None:
    """Why it failed stands behind who took it out."""
    every = batches.every(["a"], ["all"])
    told = admission.decide(every, {"a-all": validation("tax")}, ["a-all"])["batches"]["a-all"]
    assert (told["status"], told["reasons"][1:]) == ("excluded", ["tax too far"])
    assert told["try"] == ["back of tax"]


def test_excluding_what_is_no_batch_is_a_mistake() -> None:
    """The message names the nearest batch: a slip would else leave the batch in."""
    every = batches.every(["naive_bayes", "cart"], ["all"])
    found = {batch.name: validation() for batch in every}
    with pytest.raises(ParamsError, match=r"`admit.exclude` 'cart_all'.*did you mean 'cart-all'"):
        admission.decide(every, found, ["cart_all"])


@pytest.fixture
def decision() -> dict[str, Any]:
    """Return a decision on four batches: admitted, passed, quarantined and excluded."""
    every = batches.every(["a", "b", "c", "d"], ["all"])
    found = {batch.name: validation() for batch in every}
    found["c-all"] = validation("tax", note="by 0.2")
    return admission.decide(every, found, ["d-all"])


def test_a_mix_is_of_the_admitted_batches_or_of_those_asked_for(decision: dict[str, Any]) -> None:
    """Asked for in whatever order and however often, the same batches make the same mix."""
    assert admission.mixed(None, decision) == ["a-all"]
    assert admission.mixed([], decision) == []
    assert admission.mixed(["b-all"], decision) == ["b-all"]
    assert admission.mixed(["b-all", "a-all", "b-all"], decision) == ["a-all", "b-all"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b_all", "`blend.batches` 'b_all' is no batch; did you mean 'b-all'"),
        (
            "c-all",
            r"'c-all' did not pass the gates \(tax too far \(by 0.2\)\); choices: a-all, b-all",
        ),
        ("d-all", "'d-all' is excluded; take it out of `admit.exclude`"),
    ],
)
def test_a_mix_takes_no_batch_that_may_not_enter(
    decision: dict[str, Any], name: str, message: str
) -> None:
    """Unknown, quarantined and excluded batches are refused in words."""
    with pytest.raises(ParamsError, match=message):
        admission.mixed(["a-all", name], decision)


def test_where_nothing_passed_no_choice_is_named() -> None:
    """The message does not end in an empty list."""
    every = batches.every(["a"], ["all"])
    decision = admission.decide(every, {"a-all": validation("tax")}, [])
    with pytest.raises(ParamsError, match="no batch may be used"):
        admission.mixed(["a-all"], decision)
