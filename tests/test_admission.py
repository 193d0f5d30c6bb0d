"""The simplest generator that passes is admitted; every other batch is told why it is not."""

from typing import Any

from stages.lib import admission, batches


def validation(verdict: str, **excess: float | None) -> dict[str, Any]:
    """Return what validate writes; those named in `excess` failed with it, of 0.1 allowed."""

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
    decision = admission.decide(every, found)
    assert decision["admitted"] == ["a-all", "b-rare"]
    assert decision["passed"] == ["b-all", "c-all", "c-rare"]
    assert decision["quarantined"] == ["a-rare"]


def test_reasons_come_worst_first() -> None:
    """A quarantined batch tells its failed checks, the farthest above its threshold first."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("fail", marginals=0.2, copies=0.9)}
    told = admission.decide(every, found)["batches"]["a-all"]
    assert told["reasons"] == ["copies too far", "marginals too far"]
    assert told["try"] == ["back of copies", "back of marginals"]


def test_what_could_not_be_computed_comes_first() -> None:
    """A check without an excess cannot be ordered, and is the first thing to mend."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("fail", marginals=0.2, coverage=None, copies=0.9)}
    found["a-all"]["fidelity"]["coverage"]["verdict"] = "inconclusive"
    told = admission.decide(every, found)["batches"]["a-all"]
    assert told["reasons"] == ["coverage too far", "copies too far", "marginals too far"]


def test_a_batch_that_passed_tells_no_reasons() -> None:
    """An inconclusive check that params.yaml lets pass is no reason."""
    every = batches.every(["a"], ["all"])
    found = {"a-all": validation("pass", coverage=None)}
    decision = admission.decide(every, found)
    assert decision["admitted"] == ["a-all"]
    assert decision["batches"]["a-all"]["reasons"] == []
    assert decision["batches"]["a-all"]["try"] == []
