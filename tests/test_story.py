"""What the documents say of the example's evidence, and of that evidence turned otherwise."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.lib import document, story, words
from stages.lib.evidence import Evidence

METRICS = Path(__file__).resolve().parents[1] / "metrics"
BATCHES = ["naive_bayes-everything", "cart-everything", "gaussian_copula-everything"]
STAGES = ["brief", "ingest", "freeze", "baseline", "admit", "sweep", "blend", "drift"]


def evidence(change: Callable[[dict[str, Any]], None] = lambda found: None) -> Evidence:
    """Return the example's evidence after a change."""
    found: dict[str, Any] = {name: read(f"{name}.json") for name in STAGES}
    found |= {name: pd.read_csv(METRICS / f"{name}.csv") for name in ("curve", "learning")}
    for kind in ("preview", "provenance", "validate"):
        found[kind] = {name: read(f"{kind}/{name}.json") for name in BATCHES}
    found = copy.deepcopy(found)
    change(found)
    return Evidence(**found)


def read(path: str) -> Any:
    """Read a JSON file of the example's metrics."""
    return json.loads((METRICS / path).read_text(encoding="utf-8"))


def gained(value: float, lower: float, upper: float, verdict: str) -> Callable:
    """Return a change to a blend with this gain."""

    def change(found: dict[str, Any]) -> None:
        gain = {"gain": value, "gain_lower": lower, "gain_upper": upper}
        found["blend"].update(verdict=verdict, ratio=0.5, rows_synthetic=300, **gain)
        found["sweep"].update(ratio=0.5)

    return change


def test_help_is_said_with_its_interval() -> None:
    """A gain whose interval is above 0 helps."""
    told = story.tell(evidence(gained(0.012, 0.004, 0.02, "helps")))["verdict"]
    assert told.startswith("Synthetic data helps: with 300 synthetic rows")
    assert "a gain of +0.0120 [+0.0040, +0.0200] over real rows alone" in told


def test_harm_is_said_as_harm() -> None:
    """A gain whose interval is below 0 hurts, and the reader is told what to do."""
    told = story.tell(evidence(gained(-0.012, -0.02, -0.004, "hurts")))
    assert told["verdict"].startswith("Synthetic data hurts, so train on real rows alone")
    assert told["next"][0].startswith("Train on real rows alone")


def test_no_difference_is_never_called_better() -> None:
    """An interval on both sides of 0 shows no difference, whatever its middle."""
    told = story.tell(evidence(gained(0.012, -0.004, 0.028, "no difference shown")))["verdict"]
    assert told.startswith("No difference shown")
    assert "better" not in told
    assert "helps" not in told


def test_nothing_admitted_says_so_first() -> None:
    """Where every batch is quarantined the verdict is to train on real data."""

    def change(found: dict[str, Any]) -> None:
        found["admit"].update(admitted=[], passed=[], quarantined=BATCHES)
        found["blend"].update(ratio=0.0, batches=[], rows_synthetic=0, gain=0.0)
        found["sweep"].update(ratio=0.0, best_ratio=0.0, plateau=[0.0], batches=[])

    told = story.tell(evidence(change))["verdict"]
    assert told.startswith("Nothing admitted: train on real data. Of 3 batches none passed")


def test_a_choice_made_on_the_holdout_is_called_optimistic() -> None:
    """Without a tune slice every report says optimistic."""

    def change(found: dict[str, Any]) -> None:
        found["freeze"].update(optimistic=True)

    told = story.tell(evidence(change))
    assert "optimistic" in told["verdict"]
    assert any("optimistic" in line for line in told["limitations"])


def test_an_unlocked_holdout_is_a_limitation_and_a_next_step() -> None:
    """Nothing shows that an unlocked holdout is the one first carved."""

    def change(found: dict[str, Any]) -> None:
        found["freeze"].update(locked=None)

    told = story.tell(evidence(change))
    assert any("not locked" in line for line in told["limitations"])
    assert any(line.startswith("Lock the holdout") for line in told["next"])


def test_hostile_names_stay_text() -> None:
    """What comes from the table or a person cannot break a Markdown table or the page."""

    def change(found: dict[str, Any]) -> None:
        classes = found["blend"]["classes"]
        found["blend"]["classes"] = {"a|b`c\n<script>alert(1)</script>": classes.popitem()[1]}
        found["brief"]["gap"] = "x | <b>y</b>\n`z` [l](javascript:alert(1))"
        found["drift"].update(arrived=True, rows=1, files=1, drift=True, moved=["co|l`"])

    found = evidence(change)
    told = story.tell(found)
    page = document.html(m=found, told=told, pictures=dict.fromkeys(story.titles(found), ""))
    assert "<script" not in page
    assert "<b>y</b>" not in page
    text = document.markdown(m=found, told=told)
    [line] = [line for line in text.splitlines() if "alert(1)</script>" in line]
    assert line.count("|") - line.count("\\|") == 6  # five cells
    assert "[l](javascript" not in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0123456, "0.0123"), (12345.6, "12,346"), (0, "0"), (None, "–"), (-0.5, "-0.5")],
)
def test_numbers_are_short(value: float | None, expected: str) -> None:
    """Three significant digits, no powers of ten."""
    assert words.number(value) == expected


def test_intervals_show_as_many_digits_as_they_are_wide() -> None:
    """Two digits of the half width: more would pretend."""
    found = {"value": 0.881107, "lower": 0.873246, "upper": 0.888968}
    assert words.interval(found) == "0.8811 [0.8732, 0.8890]"
