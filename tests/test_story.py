"""What the documents say of evidence: that of one small run, and the same turned otherwise."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import vl_convert

from stages.lib import words
from stages.lib.report import charts, document, panels, pictures, story, vega
from stages.lib.report.evidence import Evidence
from stages.lib.report.triggers import Triggers

CART, BAYES = "cart-everything", "bayes-everything"
Change = Callable[[dict[str, Any]], None]


def check(name: str = "tax", gate: str = "utility", verdict: str = "pass") -> dict[str, Any]:
    """Return a check of a validation."""
    return {
        **{"name": name, "gate": gate, "verdict": verdict, "value": 0.0, "ceiling": 0.01},
        **{"excess": 0.01, "lower": -0.01, "upper": 0.03, "threshold": 0.05, "note": ""},
        **{"smallest_shown": 0.06, "reason": f"{name}: 0.01 where real rows have 0"},
    }


def made(name: str) -> dict[str, dict[str, Any]]:
    """Return what the stages wrote of one batch."""
    shown = {"verdict": "pass", "rows": 30, "repeated_rows": 0, "copied_real_rows": 0}
    learned = {"train": {"rows": 100, "sha256": "a" * 64}, "schema_sha256": "5" * 64}
    generator = {"name": name, "family": name, "parameters": {"depth": 3}, "seed": 1}
    return {
        "preview": {**shown, "crowded_columns": []},
        "provenance": {
            **{"generator": generator, "seed": 77, "synthetic_share": 0.0, **learned},
            **{
                "versions": {"numpy": "2.4.6"},
                "code_sha256": {"fit": "c" * 64},
                "sha256": "b" * 64,
            },
            "slice": {"name": "everything", "purpose": "more of the same"},
            "rows": {"asked": 600, "generated": 600, "kept": 600},
            "verifiers": {"schema": {"seen": 600, "kept": 600}},
            "preview": {"verdict": "pass"},
            "privacy": None,
        },
        "validate": {
            "checks": [check(), check("copies", "privacy")],
            "notes": ["Compared with tune were 300 rows."],
            "rows": [{"of": "train", "rows": 100}],
        },
    }


def spread(name: str, value: float, half: float = 0.01, bounds: str | None = None) -> dict:
    """Return an estimate as the stages write it under a name."""
    front = f"{name}_" if bounds is None else bounds
    return {name: value, f"{front}lower": value - half, f"{front}upper": value + half}


def way(name: str, kind: str, gain: float, less: float | None = None) -> dict[str, Any]:
    """Return a line of the sweep's comparisons."""
    own = {} if less is None else spread("mix_less_this", less)
    return {"way": name, "kind": kind, **spread("gain", gain), **own}


def curve() -> pd.DataFrame:
    """Return a curve of two mixes over three ratios, scored by two models."""
    means = {(CART, 0.0): 0.80, (CART, 0.5): 0.83, (CART, 0.8): 0.82}
    means |= {(BAYES, 0.0): 0.80, (BAYES, 0.5): 0.79, (BAYES, 0.8): 0.78}
    return pd.DataFrame(
        {
            **{"ratio": ratio, "batch": batch, "slice": "all", "model": model},
            **{"best": model == "logistic", "split": split, "rows_real": 100},
            **{"mean": mean - lag, "lower": mean - 0.05, "upper": mean + 0.05},
            "rows_synthetic": round(100 * ratio / (1 - ratio)),
        }
        for (batch, ratio), mean in means.items()
        for model, lag in (("logistic", 0.0), ("boosting", 0.02))
        for split in ("tune", "holdout")
    )


def learned(*sizes: tuple[int, float]) -> pd.DataFrame:
    """Return a learning curve on the holdout and tune."""
    return pd.DataFrame(
        {"rows": rows, "model": "logistic", "split": split, **spread("mean", mean, 0.02, "")}
        for rows, mean in sizes
        for split in ("tune", "holdout")
    )


def complete() -> dict[str, Any]:
    """Return the evidence of a run in which synthetic rows help."""
    names = {"admitted": [CART], "passed": [BAYES], "quarantined": [], "excluded": []}
    remedies = [way("class weights", "remedy", 0.005, 0.025)]
    ways = [way("ratio 0.5", "synthetic", 0.03), *remedies, way("200 real rows", "real rows", 0.06)]
    of_class = [spread("recall", 0.7), spread("precision", 0.6), spread("recall_gain", 0.1)]
    classes = {key: value for one in of_class for key, value in one.items()}
    probable = {"error": 0.02, "by_chance": 0.01}
    sizes = {"rows_real": [100, 100, 200], "rows_synthetic": [100, 0, 0]}
    batches = {name: made(name) for name in (CART, BAYES)}
    return {
        "brief": {
            **{"gap": "too few rows", "why_not_real": "they are dear", "metric": "roc_auc"},
            **{"threshold": 0.9, "priority": "utility", "route": "synthetic data"},
            **{"drafts": [], "proceed_because": None},
        },
        "ingest": {
            **{"rows_read": 900, "rows": 900, "duplicates": 0, "duplicates_dropped": True},
            **{"rows_without_target": 0, "missing_cells": 0, "columns": 4},
        },
        "freeze": {
            "slices": {
                name: {"rows": rows, "sha256": sha * 64, "classes": {"no": rows}}
                for name, rows, sha in (
                    ("train", 100, "a"),
                    ("tune", 200, "d"),
                    ("holdout", 300, "e"),
                )
            },
            **{"split": "at random", "seed": 1, "locked": None, "optimistic": False},
            "table_sha256": "f" * 64,
        },
        "baseline": {
            **{"model": "logistic", **spread("score", 0.8, bounds="")},
            "tune": spread("value", 0.8, bounds=""),
            "cross_validation": [{"model": "logistic", "mean": 0.8}],
            "remedies": [{"name": "class weights", **spread("gain", 0.005, bounds="")}],
            "notes": [],
        },
        "admit": {
            **names,
            "batches": {
                name: {"status": status, "slice": "everything", "reasons": [], "try": []}
                for name, status in ((CART, "admitted"), (BAYES, "passed"))
            },
        },
        "sweep": {
            **{
                "ratio": 0.5,
                "mix_ratio": 0.5,
                "best_ratio": 0.5,
                "shape": "peak",
                "plateau": [0.5, 0.8],
            },
            **{"plateau_width": 0.3, "fall_one_step_below": 0.03, "fall_one_step_above": 0.01},
            **{"best_is_last_ratio": False, "per_slice": None, "decided_on": "tune"},
            **{"worth_rows": 43.2, "worth_lower": 11.0, "worth_upper": 130.0, "policy": "add"},
            **{"batches": [CART], "comparisons": ways, "regions": []},
        },
        "blend": {
            **{"ratio": 0.5, "metric": "roc_auc", "verdict": "helps", "model": "logistic"},
            **{**spread("score", 0.83, bounds=""), **spread("gain", 0.03)},
            **{**spread("own_gain", 0.03), "rows_real": 100, "rows_synthetic": 100},
            **{"batches": [CART], "regions": [], "notes": [], "slices": []},
            "classes": [{"name": "no", "rows": 300, **classes}],
            "calibration": [
                {"model": "final", **probable, **spread("brier_gain", 0.001)},
                {"model": "real rows alone", **probable},
            ],
            "without": [],
        },
        "drift": {
            **{"arrived": False, "rows": 0, "files": 0, "drift": None, "moved": [], "columns": []},
            **{"dependence": None, "regenerate": None, "joint": None, "model": None, "notes": []},
        },
        "notes": "What this is.\n\n---\n\n- The survey is old.\n",
        "curve": curve(),
        "learning": learned((25, 0.7), (50, 0.75), (100, 0.8), (200, 0.86), (400, 0.91)),
        "alternatives": pd.DataFrame(ways)
        .assign(**sizes)
        .rename(columns={"gain_lower": "lower", "gain_upper": "upper"}),
        "calibration": pd.DataFrame(
            {
                **{"model": model, "class": "no", "bin": number, "rows": 30},
                **{"predicted": number / 10, **spread("observed", number / 10, 0.05, "")},
            }
            for model in ("final", "real rows alone")
            for number in range(1, 10)
        ),
        **{kind: {name: own[kind] for name, own in batches.items()} for kind in made("")},
        "triggers": Triggers(),
    }


def evidence(*changes: Change) -> Evidence:
    """Return that evidence after changes."""
    found = copy.deepcopy(complete())
    for change in changes:
        change(found)
    return Evidence(**found)


def told(*changes: Change) -> dict[str, Any]:
    """Return what is said after changes."""
    return story.tell(evidence(*changes))


def updated(stage: str, **keys: Any) -> Change:
    """Return a change of some keys of what a stage wrote."""

    def change(found: dict[str, Any]) -> None:
        assert keys.keys() <= found[stage].keys()
        found[stage].update(keys)

    return change


def gained(value: float, half: float, verdict: str) -> Change:
    """Return a change to a blend with this gain."""
    return updated("blend", verdict=verdict, **spread("gain", value, half))


def none_taken(found: dict[str, Any]) -> None:
    """Let the sweep take ratio 0, though a batch was admitted."""
    found["sweep"].update(ratio=0.0, worth_rows=None, worth_lower=None, worth_upper=None)
    found["sweep"]["comparisons"][0].update(spread("gain", 0.004))
    found["blend"].update(ratio=0.0, rows_synthetic=0, without=[], verdict="no difference shown")
    found["blend"].update(**spread("gain", 0, 0), **spread("own_gain", 0, 0))
    found["blend"].update(spread("score", 0.8, bounds=""))


def none_admitted(found: dict[str, Any]) -> None:
    """Let no batch pass."""
    none_taken(found)
    found["admit"].update(admitted=[], passed=[], quarantined=[CART, BAYES])
    for batch in found["admit"]["batches"].values():
        batch.update(status="quarantined", reasons=["tax: too much"], **{"try": ["fit: another"]})
    found["blend"].update(batches=[])
    found["sweep"].update(best_ratio=0.0, plateau=[0.0], plateau_width=0.0, batches=[])
    found["sweep"].update(fall_one_step_below=None, fall_one_step_above=None, shape="flat")
    found["sweep"]["comparisons"] = found["sweep"]["comparisons"][1:]
    found["curve"] = found["curve"].query("ratio == 0").assign(batch="none").drop_duplicates()
    found["alternatives"] = found["alternatives"].iloc[1:]


def regression(found: dict[str, Any]) -> None:
    """Let the target be a number: no classes, no probabilities, no remedy, scores below 0."""
    found["baseline"].update(remedies=[], **spread("score", -5400.0, 300, ""))
    found["brief"].update(metric="neg_root_mean_squared_error", threshold=-5000.0)
    found["blend"].update(metric="neg_root_mean_squared_error", classes=[])
    found["blend"].update(**spread("score", -5200.0, 300, ""), **spread("gain", 200.0, 50))
    residuals = {"final": 10.0, "real rows alone": -3.0}
    found["blend"]["calibration"] = [
        {"model": name, **spread("residual", value, 5)} for name, value in residuals.items()
    ]
    ways = found["sweep"]["comparisons"]
    found["sweep"]["comparisons"] = [one for one in ways if one["kind"] != "remedy"]
    found["alternatives"] = found["alternatives"].query("kind != 'remedy'")
    found["calibration"] = found["calibration"].iloc[:0]
    for part in found["freeze"]["slices"].values():
        part.pop("classes")


def no_pool(found: dict[str, Any]) -> None:
    """Let there be no further real rows, which leaves the worth open."""
    found["learning"] = learned((25, 0.7), (50, 0.75), (100, 0.8))
    found["sweep"].update(worth_rows=None, worth_lower=None, worth_upper=None)
    found["alternatives"] = found["alternatives"].query("kind != 'real rows'")


def two_batches(found: dict[str, Any]) -> None:
    """Let two batches be mixed, the second of which costs more than it brings on tune."""
    found["admit"].update(admitted=[CART, BAYES], passed=[])
    found["admit"]["batches"][BAYES]["status"] = "admitted"
    good = {"batch": CART, "rows": 100, **spread("gain", 0.03, bounds="")}
    harm = {"batch": BAYES, "rows": 50, **spread("gain", -0.02, bounds="")}
    found["blend"]["batches"] = [CART, BAYES]
    found["blend"]["without"] = [
        {**good, **spread("tune_gain", 0.03)},
        {**harm, **spread("tune_gain", -0.03)},
    ]


def regional(kept: bool) -> Change:
    """Return a change to a sweep that searched a ratio for each region."""

    def change(found: dict[str, Any]) -> None:
        rows = {"rows_real": 50, "rows_synthetic": 50}
        regions = [{"name": name, "ratio": 0.5, **rows} for name in ("<rare>", "rest")]
        found["sweep"].update(per_slice="kept" if kept else "not shown better", regions=regions)
        found["blend"].update(regions=regions if kept else [])
        parts = [found["curve"].query("best").assign(slice=one["name"]) for one in regions]
        found["curve"] = pd.concat([found["curve"], *parts])

    return change


def nothing_else(found: dict[str, Any]) -> None:
    """Let neither remedies nor other sizes have been tried."""
    found["alternatives"] = found["alternatives"].iloc[:0]
    found["sweep"]["comparisons"] = found["baseline"]["remedies"] = []


def drifted(found: dict[str, Any]) -> None:
    """Let rows arrive in which one of three columns moved, and which the model does worse on."""
    quiet = {"kind": "number", "test": "KS", "distance": 0.02, "psi": 0.01, "p_value": 0.8}
    quiet |= {"missing_before": 0.0, "missing_now": 0.0, "new_categories": 0, "out_of_range": 0}
    moved = {"p_value": 0.00001, "missing_before": 0.01, "missing_now": 0.25, "out_of_range": 1300}
    why = ["distribution", "missingness"]
    expected = {"expected": 0.83, "expected_lower": 0.82, "expected_upper": 0.84}
    found["drift"] = {
        **{"arrived": True, "rows": 1200, "files": 2, "drift": True, "moved": ["age"]},
        **{"dependence": True, "regenerate": True, "level": 0.05, "notes": ["hours came late"]},
        "advice": "Take the rows that arrived into the table.",
        "columns": [
            {**quiet, **moved, "column": "age", "moved": True, "why": why},
            *({**quiet, "column": name, "moved": False, "why": []} for name in ("hours", "job")),
        ],
        "joint": {
            **{"auc": 0.713, "p_value": 0.0004, "moved": True},
            "pairs": [{"left": "age", "right": "hours", "change": -0.214}],
        },
        "model": {
            **{"metric": "roc_auc", "rows": 400, "worse": True, **expected},
            **spread("score", 0.7, 0.03, ""),
        },
    }


def no_tune(found: dict[str, Any]) -> None:
    """Let there be no tune slice, so that the holdout decides."""
    found["freeze"]["optimistic"] = True
    found["freeze"]["slices"]["tune"] = {"rows": 0, "sha256": "0" * 64, "classes": {}}
    found["sweep"]["decided_on"] = "holdout (optimistic)"


def lock(found: dict[str, Any]) -> None:
    """Lock the holdout."""
    found["freeze"]["locked"] = {"sha256": "e" * 64, "who": "Ada | Co", "why": "the next survey"}


def html(found: Evidence, drawn: dict[str, vega.Picture]) -> str:
    """Return the report with these pictures, and nothing in place of all others."""
    names = [*story.titles(found), "lineage", "tradeoff"]
    beside = {"lineage": [], "nearest": {}, "samples": {}, "library": ""}
    every = {**dict.fromkeys(names, vega.Picture("", 1)), **drawn}
    return document.html(m=found, told=story.tell(found), pictures=every, **beside)


EVERY: dict[str, list[Change]] = {
    "helps": [],
    "none taken": [none_taken],
    "none admitted, no pool": [none_admitted, no_pool],
    "regression": [regression],
    "two batches, not kept by region": [two_batches, regional(False)],
    "kept by region": [regional(True)],
    "by hand, nothing else tried": [updated("blend", ratio=0.8), nothing_else],
}


@pytest.mark.parametrize("name", EVERY)
def test_every_case_can_be_told_and_drawn(name: str) -> None:
    """Whatever was found, both documents and all their pictures are made, and say no None."""
    found = evidence(*EVERY[name])
    said = story.tell(found)
    drawn = pictures.answers(found)
    text = document.markdown(m=found, told=said)
    page = html(found, drawn)
    assert all(picture.svg in page for name, picture in drawn.items() if name != "sweep")
    assert drawn.keys() >= {"sweep", "curve", "learning"}
    for one in (text, page, *(picture.svg for picture in drawn.values())):
        assert not re.search(r"\b(None|nan|NaN|undefined|inf)\b", one)
    assert not re.search(r"\n\n\n|\.\.| ,", text)


@pytest.mark.parametrize("name", ["drifted", "no tune, locked"])
def test_the_record_says_no_none(name: str) -> None:
    """Rows that arrived, a lock and a lacking tune change sentences, and no picture."""
    text = markdown(*{"drifted": [drifted], "no tune, locked": [no_tune, lock]}[name])
    assert not re.search(r"\b(None|nan|NaN|undefined|inf)\b", text)
    assert not re.search(r"\n\n\n|\.\.| ,", text)


def test_help_is_said_with_its_interval() -> None:
    """A gain whose interval is above 0 helps."""
    said = told()["verdict"]
    assert said.startswith("Synthetic data helps: with 100 synthetic rows from cart-everything")
    assert "a gain of +0.030 [+0.020, +0.040] over real rows alone" in said


def test_harm_is_said_as_a_loss() -> None:
    """A gain whose interval is below 0 hurts, and the reader is told what to do."""
    said = told(gained(-0.012, 0.008, "hurts"))
    assert said["verdict"].startswith("Synthetic data hurts, so train on real rows alone")
    assert "a loss of 0.0120 [0.0040, 0.0200] against real rows alone" in said["verdict"]
    assert said["next"][0].startswith("Train on real rows alone")


def test_no_difference_is_never_called_better() -> None:
    """An interval on both sides of 0 shows no difference, whatever its middle."""
    said = told(gained(0.012, 0.016, "no difference shown"))["verdict"]
    assert said.startswith("No difference shown")
    assert "better" not in said
    assert "helps" not in said


def test_a_gain_of_another_model_is_not_sold_as_one_of_synthetic_rows() -> None:
    """Where the mix gains and its own model does not, the change of model is said."""
    other = {"model": "boosting", **spread("own_gain", 0.001)}
    said = told(gained(0.03, 0.01, "no difference shown"), updated("blend", **other))
    assert said["verdict"].startswith("No difference shown")
    assert "comes with another model: over boosting on real rows alone" in said["verdict"]
    assert "with boosting on both sides by +0.001 [-0.009, +0.011]" in said["headline"]


def test_another_model_that_gains_too_is_said_beside_the_gain() -> None:
    """Where both gains are shown, the reader still learns how much is the model's."""
    said = told(updated("blend", model="boosting", **spread("own_gain", 0.02, 0.01)))["verdict"]
    assert "With boosting on both sides the change is +0.020 [+0.010, +0.030]." in said


@pytest.mark.parametrize(
    ("worth", "expected"),
    [
        ((1234.0, 620.0, 3890.0), "are worth about 1,200 more real ones [620, 3,900]."),
        ((43.2, None, 130.0), "are worth about 43 more real ones [130 or less]."),
        ((43.2, -11.0, None), "are worth about 43 more real ones [-11 or more]."),
        ((43.2, None, None), "are worth about 43 more real ones."),
        ((-20.0, -60.0, 5.0), "do as much as taking away about 20 real ones [-60, 5]."),
        ((None, 250.0, None), "worth more than the 300 further real rows tried [250 or more]."),
    ],
)
def test_worth_in_real_rows_has_its_ends(worth: tuple, expected: str) -> None:
    """An end outside of what was measured stays open, and a count is rounded."""
    keys = dict(zip(("worth_rows", "worth_lower", "worth_upper"), worth, strict=True))
    assert expected in told(updated("sweep", **keys))["verdict"]


def test_a_worth_below_all_sizes_is_no_gain() -> None:
    """Where the mix scores below the fewest real rows tried, that is what is said."""
    keys = {"worth_rows": None, "worth_lower": None, "worth_upper": -75.0}
    said = told(updated("sweep", **keys), gained(-0.2, 0.01, "hurts"))["verdict"]
    assert "leave the model below what 25 real rows alone reach [-75 or less]" in said


def test_without_further_real_rows_the_worth_is_not_told() -> None:
    """No pool, no upper end: the reader is told why."""
    said = told(no_pool)
    assert "cannot be told: no further real rows were at hand" in said["verdict"]
    assert said["more_rows"] == [
        "No further real rows were at hand, so what they would buy was not measured."
    ]


def test_a_cheaper_remedy_that_does_as_well_is_named() -> None:
    """A mix that is not shown better than a remedy is not praised alone."""

    def change(found: dict[str, Any]) -> None:
        found["baseline"]["remedies"][0].update(spread("gain", 0.028, bounds=""))
        found["sweep"]["comparisons"][1].update(spread("mix_less_this", 0.002))

    said = told(change)
    assert "But class weights without synthetic rows gains +0.028" in said["verdict"]
    assert said["verdict"].endswith("and the mix is not shown better.")
    assert "Try class weights first: that needs no synthetic row." in said["next"]
    assert "no difference shown" in said["remedies"][0]


def test_a_mix_that_beats_the_remedies_is_said_to() -> None:
    """The paired difference from each remedy is given."""
    said = told()
    assert said["verdict"].endswith("The mix is shown better than class weights.")
    assert said["remedies"] == [
        "class weights: +0.005 [-0.005, +0.015], no difference shown; the mix of ratio 0.5 less "
        "this: +0.025 [+0.015, +0.035], better"
    ]


def test_nothing_admitted_says_so_first() -> None:
    """Where every batch is quarantined the verdict is to train on real data."""
    said = told(none_admitted)["verdict"]
    assert said.startswith("Nothing admitted: train on real data. Of 2 batches none passed")


def test_batches_taken_out_by_hand_are_not_called_failures() -> None:
    """What a person excluded did not fail the gates."""
    out = told(none_admitted, updated("admit", excluded=[CART], quarantined=[BAYES]))
    expected = "Of 2 batches 1 is excluded by hand and no other passed the gates."
    assert expected in out["verdict"]
    assert any("admit.exclude" in line and CART in line for line in out["limitations"])


def test_ratio_0_says_what_was_tried() -> None:
    """Where real rows alone are taken, the reader sees what the best mix would have changed."""
    said = told(none_taken)
    assert said["verdict"].startswith("Train on real rows alone: no ratio did better on tune")
    assert "ratio 0.5, changes that by +0.004 [-0.006, +0.014]: no difference" in said["verdict"]
    assert "worth" not in said["verdict"]


def test_a_sharp_peak_and_a_rising_end_ask_for_more() -> None:
    """What the shape means for the reader is said."""
    sharp = told(updated("sweep", plateau=[0.5], plateau_width=0.0))
    assert any("sweep.refine" in step for step in sharp["next"])
    assert "every ratio but 0.5 is shown worse" in " ".join(sharp["choice"])
    rising = told(updated("sweep", shape="rising", best_is_last_ratio=True, best_ratio=0.8))
    assert any("Raise slices.*.rows" in step for step in rising["next"])
    assert not any("sweep.refine" in step for step in told()["next"])


def test_ratios_by_region_are_told_as_kept_or_not() -> None:
    """The table of regions is there in both cases, and its sentence says which."""
    kept, not_kept = (evidence(regional(value)) for value in (True, False))
    assert "is shown better on tune than the single one" in " ".join(story.tell(kept)["choice"])
    assert "not shown better" in " ".join(story.tell(not_kept)["choice"])
    text = document.markdown(m=not_kept, told=story.tell(not_kept))
    assert "found, not kept:" in text
    assert "| `<rare>` | 0.5 | 50 | 50 |" in text
    assert len(story.tell(kept)["ratios"][CART]) == 3  # regions are not ratios of the whole


def test_a_batch_that_costs_more_than_it_brings_is_named() -> None:
    """Leaving a batch out is advised by tune, and each batch's part is told."""
    said = told(two_batches)
    assert len(said["without"]) == 2
    assert [step for step in said["next"] if "admit.exclude" in step] == [
        f"Take {BAYES} out: the mix does better on tune without it. Add its name to admit.exclude; "
        "the next that passed stands in for it."
    ]


def test_balancing_is_said_in_words() -> None:
    """A ratio means something else where synthetic rows go to rare classes only."""
    assert any(
        "rarest classes" in line for line in told(updated("sweep", policy="balance"))["choice"]
    )


def test_only_the_best_model_stands_for_a_ratio() -> None:
    """The table by ratio has one line per ratio though each model has its own."""
    lines = told()["ratios"][CART]
    assert [line["ratio"] for line in lines] == [0.0, 0.5, 0.8]
    assert {line["model"] for line in lines} == {"logistic"}
    assert [line["taken"] for line in lines] == [False, True, False]


def test_the_curve_of_dvc_plots_has_the_best_models_only() -> None:
    """DVC hands all values over as text; models that are not best and regions are not drawn."""
    table = curve()
    table[["mean", "lower", "upper"]] *= 100  # 73 to 88: ticks that are no ratio
    table.loc[~table["best"], ["mean", "lower", "upper"]] = 20
    table = pd.concat([table, table.iloc[:2].assign(slice="rare", lower=40)])
    rows = [{key: str(value) for key, value in row.items()} for row in table.to_dict("records")]
    data = json.dumps([{**row, "rev": "HEAD"} for row in rows])
    drawn = vl_convert.vegalite_to_svg(
        charts.templates()["curve"].replace('"<DVC_METRIC_DATA>"', data)
    )
    ticks = [float(text) for text in re.findall(r">([\d.]+)</text>", drawn)]
    assert min(tick for tick in ticks if tick > 1) > 60


def test_a_choice_made_on_the_holdout_is_called_optimistic() -> None:
    """Without a tune slice every report says optimistic."""
    said = told(updated("freeze", optimistic=True))
    assert "optimistic" in said["verdict"]
    assert any("optimistic" in line for line in said["limitations"])


def test_an_unlocked_holdout_is_a_limitation_and_a_next_step() -> None:
    """Nothing shows that an unlocked holdout is the one first carved."""
    said = told()
    assert any("not locked" in line for line in said["limitations"])
    assert any(line.startswith("Lock the holdout") for line in said["next"])


def markdown(*changes: Change) -> str:
    """Return HANDOFF.md after changes."""
    found = evidence(*changes)
    return document.markdown(m=found, told=story.tell(found))


def test_the_holdout_is_described_and_so_is_who_may_change_it() -> None:
    """Its size, sampling, hash, and the person of the lock with the act that releases it."""
    text = markdown(lock).partition("## The holdout")[2].partition("\n## ")[0]
    assert "300 of the 900 rows taken" in text
    assert "at random; seed 1; from the table of sha256 `ffffffffffffffff…`" in text
    assert "`" + "e" * 64 + "`" in text
    assert "Locked by Ada \\| Co, because: the next survey." in text
    assert "Who may change it: Ada \\| Co." in text
    assert "`dvc-synth lock --release --why` releases it with a reason" in text


def test_an_unlocked_holdout_comes_with_what_locks_it() -> None:
    """The command that locks it is there, and the hash that it will write."""
    section = markdown().partition("## The holdout")[2].partition("\n## ")[0]
    assert "`dvc-synth lock --why`" in section and f"`{'e' * 64}`" in section


def test_every_batch_has_its_provenance() -> None:
    """What it was made from, by which seeds, code and packages, and what its rows are."""
    for name in (CART, BAYES):
        text = markdown().partition(f"### {name}:")[2].partition("###")[0]
        assert (
            "| learned from | 100 rows, 0 % of them synthetic, sha256 `aaaaaaaaaaaaaaaa…` |" in text
        )
        assert "| seeds | fit 1, sampling 77 |" in text
        assert "| schema | sha256 `5555555555555555…` |" in text
        assert "| code | `fit` `cccccccccccccccc…` |" in text
        assert "| packages | numpy 2.4.6 |" in text
        assert "schema kept 600 of 600" in text
        assert "`" + "b" * 64 + "`" in text


def test_batches_are_counted_by_gate_before_they_are_told() -> None:
    """The table that all batches share has what each gate came to, the worst first."""

    def change(found: dict[str, Any]) -> None:
        found["validate"][CART]["checks"] += [
            check("attribute", "privacy", "inconclusive"),
            check("membership", "privacy", "fail"),
        ]

    [line] = [line for line in markdown(change).splitlines() if line.startswith(f"| `{CART}` |")]
    assert line.endswith("| pass | – | 1 pass | 1 fail, 1 inconclusive, 1 pass |")


def test_checks_without_a_threshold_are_reported_by_the_batch() -> None:
    """A number that judges nothing is still there to read."""
    told = updated_check("discriminator", threshold=None, value=0.907, ceiling=0.549)
    assert "Reported, not judged: discriminator 0.907 (real rows 0.549).\n" in markdown(told)


def updated_check(name: str, **keys: Any) -> Change:
    """Return a change that adds a check to the first batch."""

    def change(found: dict[str, Any]) -> None:
        found["validate"][CART]["checks"].append({**check(name, "fidelity"), **keys})

    return change


def test_what_asks_for_a_new_run_is_told_with_its_numbers() -> None:
    """Growth, versions, brief and floor are facts; without a floor the interval's end is it."""
    said = " ".join(told()["triggers"])
    assert "grew by more than 20 % (triggers.growth): to more than 1,080 rows, from the 900" in said
    assert "than made the batches: numpy 2.4.6." in said
    assert "ROC AUC of 0.9 or more, priority utility, and data/schema.yaml (sha256 55555" in said
    assert "ROC AUC in production is below 0.820 (the lower end of the final score's" in said

    def own(found: dict[str, Any]) -> None:
        found["triggers"] = Triggers(growth=0.5, floor=0.75)

    said = " ".join(told(own)["triggers"])
    assert "more than 50 % (triggers.growth): to more than 1,350 rows" in said
    assert "in production is below 0.75 (triggers.floor)" in said


def test_batches_of_two_versions_show_both() -> None:
    """A package at one version here and another there is named once."""

    def change(found: dict[str, Any]) -> None:
        found["provenance"][BAYES]["versions"] = {"numpy": "2.4.5", "sdv": "2.0.0"}

    assert "batches: numpy 2.4.5 or 2.4.6 and sdv 2.0.0." in " ".join(told(change)["triggers"])


def test_drift_is_told_with_what_moved_and_what_it_does_to_the_model() -> None:
    """The columns that moved and why, the joint finding, the model's score, and advice."""
    text = markdown(drifted).partition("## Drift")[2].partition("\n## ")[0]
    assert "1,200 rows in 2 files arrived. Of 3 columns 1 moved" in text
    assert "would show one in at most 5 % of cases" in text
    assert (
        "| `age` | distribution and missingness | KS 0.02 | 0.01 | < 0.001 | 1 % → 25 % |" in text
    )
    assert "| 0 | 1,300 |" in text
    assert "`hours` |" not in text
    assert "- `age` with `hours`: -0.21" in text
    assert "Columns go together otherwise than they did (p < 0.001)." in text
    assert (
        "On the 400 of them with labels the final model reaches ROC AUC 0.700 [0.670, 0.730]"
        in text
    )
    assert "where 0.830 [0.820, 0.840] was expected: shown worse" in text
    assert "Take the rows that arrived into the table." in text
    limits = " ".join(told(drifted)["limitations"])
    assert "have drifted" in limits
    assert "shown worse than expected: ROC AUC 0.700 [0.670, 0.730]" in limits
    assert any(step.startswith("Take the rows that arrived") for step in told(drifted)["next"])


def test_quiet_columns_and_a_changed_dependence_are_told_apart() -> None:
    """That no column moved by itself is said where all together did."""

    def change(found: dict[str, Any]) -> None:
        drifted(found)
        found["drift"].update(moved=[], model=None)
        found["drift"]["columns"][0].update(moved=False, why=[])
        found["drift"]["joint"]["pairs"] = []

    said = told(change)
    assert "None of 3 columns is shown to have moved." in said["drift"]
    assert (
        "which rows are new (ROC AUC 0.713, p < 0.001), though no column by itself."
        in said["drift"]
    )
    assert "final model" not in said["drift"]
    assert said["moved"] == []


def test_a_worse_model_without_drift_asks_for_a_look_at_the_labels() -> None:
    """Rows made anew from the same table would not help there."""

    def change(found: dict[str, Any]) -> None:
        drifted(found)
        found["drift"].update(drift=False, moved=[], joint=None)

    steps = told(change)["next"]
    assert any(step.startswith("Look at the labels of the rows that arrived") for step in steps)
    assert not any(step.startswith("Take the rows that arrived") for step in steps)


def test_small_classes_and_slices_are_named_with_their_rows() -> None:
    """A class of the table that the holdout lacks is one of no rows."""

    def change(found: dict[str, Any]) -> None:
        found["freeze"]["slices"]["train"]["classes"]["lost|"] = 4
        found["freeze"]["slices"]["holdout"]["classes"]["rare"] = 99
        found["freeze"]["slices"]["holdout"]["classes"]["common"] = 100
        late = {**spread("score", 0.8), **spread("gain", 0.0), "lower": 0.7, "upper": 0.9}
        found["blend"]["slices"] = [{"name": "late", "rows": 40, **late}]

    text = markdown(change)
    assert "Fewer than 100 rows make up 2 classes and 1 slice (the smallest has 0)" in text
    table = text.partition("| few rows in the holdout |")[2].partition("\n\n")[0]
    assert table.splitlines()[2:] == [
        "| `lost\\|` | class | 0 |",
        "| `late` | slice | 40 |",
        "| `rare` | class | 99 |",
    ]
    assert "| few rows" not in markdown()


def test_rows_that_generators_made_are_a_limitation_where_they_count_as_real() -> None:
    """Their number and the share that each generator learned from are told."""

    def change(found: dict[str, Any]) -> None:
        found["ingest"].update(rows_generated=90, real_fraction=0.9)
        found["provenance"][CART]["synthetic_share"] = 0.25

    said = " ".join(told(change)["limitations"])
    assert "90 rows of the real table (10 %) came from generators" in said
    assert f"learned from synthetic rows: {CART} (25 %)." in said
    text = markdown(change)
    assert "90 of these rows came from generators of earlier cycles" in text
    assert "100 rows, 25 % of them synthetic" in text
    assert "synthetic rows: " not in " ".join(told()["limitations"])


def test_without_tune_no_number_is_said_to_be_of_tune() -> None:
    """What falls back on the holdout is not shown a second time under another name."""
    text = markdown(no_tune)
    assert "| ratio | real | synthetic | model | holdout | why, or why not |" in text
    assert "on tune" not in text
    assert "tune" not in story.titles(evidence(no_tune))["curve"]
    assert "| model | tune | holdout |" in markdown()


def test_packages_of_private_trees_are_installed_where_they_made_a_batch() -> None:
    """They are an extra, and without it the fit would stop."""

    def change(found: dict[str, Any]) -> None:
        found["provenance"][CART]["versions"]["mbi"] = "2.0"

    assert "pip install -c constraints.txt -e '.[private]'\n" in markdown(change)
    assert "pip install -c constraints.txt -e .\n" in markdown()


def test_a_private_batch_is_said_to_come_out_otherwise() -> None:
    """Whoever reproduces it is told to fetch what no seed can make again."""

    def change(found: dict[str, Any]) -> None:
        found["provenance"][CART]["generator"].pop("seed")

    assert f"{CART} cannot be made again from a seed" in markdown(change)
    assert "cannot be made again" not in markdown()


HOSTILE = {
    "backticks": "```\nnever closed",
    "html": "a </blockquote> <details><summary>x</summary>\n<!-- never closed",
    "escaped html": "\\<b> \\\\<i>",
    "headings and rules": "# One\n\nTwo\n===\n---\n\n***",
    "table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "definitions": "[drift]: http://x\n[^1]: note\n- [a\\]b]: http://y",
    "odd line ends": "one\r\ntwo\x0bthree\u2028# four\rfive",
    "indented": "    code\n\n\n1. one\n   - two",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_notes_stay_inside_their_quotation(name: str) -> None:
    """Whatever a person writes, each line begins as a quotation, and nothing opens in HTML."""
    text = markdown(notes_of(f"About.\n---\n{HOSTILE[name]}\n"))
    before, _, rest = text.partition("What a person wrote down in `NOTES.md`:\n\n")
    quoted, _, after = rest.partition("\n\n## When to run it again\n")
    assert before
    assert after == markdown().partition("## When to run it again\n")[2]
    assert all(line.startswith(">") for line in quoted.splitlines())
    assert not re.search(r"(?<!\\)(\\\\)*<[A-Za-z/!?]", quoted)
    assert not re.search(r"\]:", quoted)


def notes_of(text: str) -> Change:
    """Return a change of NOTES.md."""

    def change(found: dict[str, Any]) -> None:
        found["notes"] = text

    return change


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("About.\n\n---\n\n- one\n  two\n\n---\n", ["- one", "  two", "", "---"]),
        ("No rule,\nbut words.\n", ["No rule,", "but words."]),
        ("---\nall of it", ["all of it"]),
        ("About.\n---\n\n \n", []),
        ("", []),
    ],
    ids=["below the first rule", "no rule", "rule first", "nothing below", "empty"],
)
def test_notes_are_what_lies_below_the_first_rule(text: str, expected: list[str]) -> None:
    """Lines come as they are; a file without a rule is quoted whole rather than lost."""
    found = evidence(notes_of(text))
    assert story.tell(found)["notes"] == expected
    said = document.markdown(m=found, told=story.tell(found))
    assert ("No person has written any down" in said) is (expected == [])


def test_lists_in_notes_stay_lists() -> None:
    """What cannot get out of the quotation is not escaped."""
    lines = ["- *one*, `two` < 3 and a|b", "  1. [l](x#y)", "", "# Head"]
    assert document.quotation(lines).split("\n") == [f"> {line}".rstrip() for line in lines]


def test_the_way_to_reproduce_it_is_complete() -> None:
    """From the clone to what the reader should see, in an order that works."""
    text = markdown().partition("## How to reproduce it")[2]
    steps = ["git clone", "-m venv", "-c constraints.txt", "dvc repro\n", "git status --short"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert f"$ dvc-synth trace {CART}\n" in text
    assert "$ dvc-synth check\n" in markdown()


def test_hostile_names_stay_text() -> None:
    """What comes from the table or a person cannot break a Markdown table or the page."""

    def change(found: dict[str, Any]) -> None:
        name = "a|b`c\n<script>alert(1)</script>"
        found["blend"]["classes"][0]["name"] = name
        found["calibration"]["class"] = name
        found["brief"]["gap"] = "x | <b>y</b>\n`z` [l](javascript:alert(1))"
        drifted(found)
        found["drift"]["columns"][0]["column"] = found["drift"]["joint"]["pairs"][0]["left"] = name

    found = evidence(change)
    said = story.tell(found)
    drawn = vega.picture(panels.calibration(found.calibration), "calibration", "")
    page = html(found, {"calibration": drawn})
    assert "alert(1)" in drawn.svg
    assert "<script>alert" not in page
    assert "<b>y</b>" not in page
    text = document.markdown(m=found, told=said)
    lines = [line for line in text.splitlines() if "alert(1)</script>" in line]
    cells = [line.count("|") - line.count("\\|") - 1 for line in lines]
    assert cells == [5, 8, 0]  # a class, a column that moved, and a pair in a list
    assert "[l](javascript" not in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0123456, "0.0123"), (12345.6, "12,346"), (0, "0"), (None, "–"), (-0.5, "-0.5")],
)
def test_numbers_are_short(value: float | None, expected: str) -> None:
    """Three significant digits, no powers of ten."""
    assert words.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(1234.5, "1,200"), (-0.4, "0"), (99.6, "100"), (-8.2, "-8")]
)
def test_rough_counts_have_two_digits(value: float, expected: str) -> None:
    """What is known roughly is written roughly."""
    assert words.about(value) == expected


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [
        (1, "category", "1 category"),
        (0, "category", "0 categories"),
        (2, "day", "2 days"),
        (3, "batch", "3 batches"),
        (1200, "row", "1,200 rows"),
    ],
)
def test_counts_are_told_in_their_number(number: int, noun: str, expected: str) -> None:
    """One is singular, and a plural is spelled as it should be."""
    assert words.count(number, noun) == expected


def test_intervals_show_as_many_digits_as_they_are_wide() -> None:
    """Two digits of the half width: more would pretend."""
    found = {"value": 0.881107, "lower": 0.873246, "upper": 0.888968}
    assert words.interval(found) == "0.8811 [0.8732, 0.8890]"


def test_a_draft_of_the_brief_is_told() -> None:
    """A brief that nobody answered stands among the limitations and the next steps."""
    drafted = told(updated("brief", drafts=["brief.gap"]))
    assert any("The brief is a draft" in line for line in drafted["limitations"])
    assert any("Answer the brief" in line for line in drafted["next"])
    assert not any("draft" in line for line in told()["limitations"])


def test_rows_that_wait_in_the_pool_are_a_next_step() -> None:
    """Real rows that no slice uses come before synthetic ones, where more of them do better."""

    def pooled(found: dict[str, Any]) -> None:
        found["freeze"]["slices"]["pool"] = {"rows": 5_000, "sha256": "f" * 64}

    def worse(found: dict[str, Any]) -> None:
        found["learning"]["mean"] -= 0.5

    waits = "5,000 labelled real rows wait in the pool"
    assert any(waits in line for line in told(pooled)["next"])
    assert not any(waits in line for line in told(pooled, worse)["next"])
    assert not any("pool" in line for line in told()["next"])


def test_a_perfect_score_makes_one_look_for_a_leak() -> None:
    """Where real rows alone all but predict the target, a feature may give it away."""
    perfect = told(updated("baseline", score=0.9998))
    assert any("too well to be true" in line for line in perfect["limitations"])
    error = (updated("baseline", score=-0.0), updated("brief", metric="neg_brier_score"))
    assert not any(
        "too well" in line for line in [*told()["limitations"], *told(*error)["limitations"]]
    )
