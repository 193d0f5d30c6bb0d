"""The simplest generator that passes is admitted; every other batch is told why it is not."""

from typing import Any

from stages.lib import admission, batches

PASSED = {"verdict": "pass"}


def validation(verdict: str, **excess: float) -> dict[str, Any]:
    """Return what validate writes; checks named in `excess` failed by that much over 0.1."""

    def one(name: str) -> dict[str, Any]:
        bad = name in excess
        return {
            "verdict": "fail" if bad else "pass",
            "reason": f"{name} too far",
            "back_to": f"back of {name}" if bad else None,
            "threshold": 0.1,
            "excess": excess.get(name, 0.0),
        }

    return {
        "verdict": verdict,
        "fidelity": {name: one(name) for name in ("marginals", "associations", "coverage")},
        "utility": {"tax": one("tax"), "by_model": {}},
        "privacy": {"copies": one("copies"), "rows": 10},
    }


def test_the_first_that_passes_is_admitted_for_each_slice() -> None:
    """Generators come in the order of params.yaml, and each slice is decided by itself."""
    every = batches.every(["a", "b", "c"], ["all", "rare"])
    found = {batch.name: validation("pass") for batch in every}
    found["a-rare"] = validation("fail", tax=0.3)
    decision = admission.decide(every, found, dict.fromkeys(found, PASSED))
    assert decision["admitted"] == ["a-all", "b-rare"]
    assert decision["passed"] == ["b-all", "c-all", "c-rare"]
    assert decision["quarantined"] == ["a-rare"]


def test_reasons_come_worst_first() -> None:
    """A quarantined batch tells its failed checks, the farthest above its threshold first."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("fail", marginals=0.2, copies=0.9)}
    told = admission.decide(every, found, {"a-all": PASSED})["batches"]["a-all"]
    assert told["reasons"] == ["copies too far", "marginals too far"]
    assert told["try"] == ["back of copies", "back of marginals"]


def test_a_failed_preview_quarantines_a_batch_that_passed_its_gates() -> None:
    """What a person would catch in a page is a reason, and the next generator takes over."""
    every = batches.every(["a", "b"], ["all"])
    found = {batch.name: validation("pass") for batch in every}
    broken = {
        "verdict": "fail",
        "rows": 300,
        "repeated_rows": 200,
        "constant_columns": ["age"],
        "impossible_cells": {},
    }
    decision = admission.decide(every, found, {"a-all": broken, "b-all": PASSED})
    assert decision["admitted"] == ["b-all"]
    [reason] = decision["batches"]["a-all"]["reasons"]
    assert "200 of 300 rows repeated" in reason
    assert "constant columns: age" in reason
