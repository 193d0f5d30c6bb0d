"""The simplest generator that passes is admitted; every other batch is told why it is not."""

from typing import Any

from stages.lib import admission, batches


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
    decision = admission.decide(every, found)
    assert decision["admitted"] == ["a-all", "b-rare"]
    assert decision["passed"] == ["b-all", "c-all", "c-rare"]
    assert decision["quarantined"] == ["a-rare"]


def test_reasons_come_heaviest_first() -> None:
    """A quarantined batch tells its reasons in the order of their weight, and the steps to try."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("copies", "marginals")}
    told = admission.decide(every, found)["batches"]["a-all"]
    assert told["reasons"] == ["copies too far", "marginals too far"]
    assert told["try"] == ["back of copies", "back of marginals"]


def test_a_reason_tells_the_note_beside_it() -> None:
    """Which column, pair or attack it was is part of the reason."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("copies", note="18 rows of train")}
    told = admission.decide(every, found)["batches"]["a-all"]
    assert told["reasons"] == ["copies too far (18 rows of train)"]


def test_a_batch_that_passed_tells_no_reasons() -> None:
    """An inconclusive check that params.yaml lets pass is no reason."""
    every = batches.every(["a"], ["all"])
    decision = admission.decide(every, {"a-all": validation()})
    assert decision["admitted"] == ["a-all"]
    assert decision["batches"]["a-all"]["reasons"] == []
    assert decision["batches"]["a-all"]["try"] == []
