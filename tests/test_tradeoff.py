"""The gate that stands for each family, and the triangle of them."""

import math

import pytest

from stages.lib.report import tradeoff, vega


def check(gate: str, name: str, excess: float | None, threshold: float | None) -> dict:
    """Return a check of a validation."""
    told = {"gate": gate, "name": name, "excess": excess, "threshold": threshold}
    return {**told, "verdict": "pass"}


FOUND = {
    "cart-all": {
        "checks": [
            check("fidelity", "marginals", 0.02, 0.1),
            check("fidelity", "tails", 0.3, 0.5),
            check("fidelity", "worst_pair", 0.9, None),
            check("utility", "tax", -0.01, 0.03),
            check("privacy", "copies", 0.01, 0.0),
        ]
    },
    "bayes-all": {"checks": [check("utility", "tax", None, 0.03)]},
}


def test_the_nearest_gate_is_that_of_the_greatest_part() -> None:
    """0.3 of 0.5 is more than 0.02 of 0.1; what is only reported has no gate."""
    fidelity, privacy, utility = tradeoff.nearest(FOUND)["cart-all"]
    assert fidelity == tradeoff.Nearest("fidelity", "tails", pytest.approx(0.6), "pass")
    assert privacy.part == math.inf
    assert utility.part == 0  # no worse than real rows
    assert {one.verdict for one in tradeoff.nearest(FOUND)["bayes-all"]} == {"not measured"}


@pytest.mark.parametrize("priority", tradeoff.FAMILIES)
def test_the_priority_is_on_top(priority: str) -> None:
    """The brief's priority is the bold corner above the others, and is called that."""
    told = vega.spec(tradeoff.draw(tradeoff.nearest(FOUND), priority=priority))
    words = next(
        layer["data"]["values"] for layer in told["layer"] if layer["mark"]["type"] == "text"
    )
    top = max(words, key=lambda word: word["y"])
    assert top["text"] == f"{priority}: the brief's priority"
    assert [word["text"] for word in words if word["bold"]] == [top["text"]]


def test_corners_lie_as_far_out_as_the_threshold_is_used() -> None:
    """0.6 of the way to the gate, and never beyond the rim."""
    told = vega.spec(tradeoff.draw(tradeoff.nearest(FOUND), priority="fidelity"))
    points = told["layer"][-1]["data"]["values"]
    by_family = {point["family"]: math.hypot(point["x"], point["y"]) for point in points}
    assert by_family == pytest.approx({"fidelity": 0.6, "privacy": 2.0, "utility": 0.0}, abs=1e-5)


def test_nothing_measured_is_drawn_too() -> None:
    """Without any corner the frame stands alone."""
    found = {"bayes-all": tradeoff.nearest(FOUND)["bayes-all"]}
    picture = vega.picture(tradeoff.draw(found, priority="utility"), "tradeoff", "a triangle")
    assert "utility: the brief's priority" in picture.svg
