"""What the sweep chose and why, in sentences and by ratio."""

from math import isclose
from typing import Any

from ..words import interval, listed, number
from .evidence import Evidence, best, by_hand, by_region

_SHAPES = {
    "rising": "The curve rises",
    "falling": "The curve falls",
    "peak": "The curve has a peak",
    "flat": "The curve is flat",
}

_POLICIES = {
    "replace": "Synthetic rows take the place of real ones: the total is held (blend.policy).",
    "balance": "Synthetic rows go to the rarest classes only, which they raise towards the "
    "largest (blend.policy: balance); the ratio says how many there are.",
}


def ratios(m: Evidence) -> dict[str, list[dict[str, Any]]]:
    """Return each mix's curve by ratio, with why the ratio was taken or not."""
    wide = best(m).set_index("split")
    told: dict[str, list[dict[str, Any]]] = {}
    first = m.curve["batch"].iloc[0]  # the mix that the choice is made on
    for _, both in wide.groupby(["batch", "ratio"], sort=False):
        split = {
            str(name): {"value": row["mean"], "lower": row["lower"], "upper": row["upper"]}
            for name, row in both.iterrows()
        }
        line = both.iloc[0]
        mix, ratio = str(line["batch"]), float(line["ratio"])
        real, synthetic = int(line["rows_real"]), int(line["rows_synthetic"])
        told.setdefault(mix, []).append(
            {
                "ratio": ratio,
                "rows_real": real,
                "rows_synthetic": synthetic,
                "model": line["model"],
                "tune": interval(split["tune"]),
                "holdout": interval(split["holdout"]),
                "why": _why(m, ratio),
                "taken": mix == first and not by_region(m) and _same(ratio, m.blend["ratio"]),
            }
        )
    return told


def choice(m: Evidence) -> list[str]:
    """Say how the ratio was chosen, and how sharp the choice is."""
    sweep = m.sweep
    if not sweep["batches"]:
        return ["There was nothing to sweep."]
    said = [f"The best single ratio on {sweep['decided_on']} is {sweep['best_ratio']:g}."]
    if sweep["per_slice"] != "kept":
        said.append(
            f"The smallest within one standard error of it is {sweep['ratio']:g}, the sweep's "
            "choice."
        )
    plateau = [f"{ratio:g}" for ratio in sweep["plateau"]]
    said.append(f"{_SHAPES[sweep['shape']]}: {_plateau(plateau, sweep['plateau_width'])}")
    falls = {"below": sweep["fall_one_step_below"], "above": sweep["fall_one_step_above"]}
    steps = [f"{number(fall)} one step {side}" for side, fall in falls.items() if fall is not None]
    if steps:
        said.append(f"From the best the score falls by {listed(steps)}.")
    if sweep["policy"] in _POLICIES:
        said.append(_POLICIES[sweep["policy"]])
    if sweep["per_slice"] == "kept":
        said.append(
            f"A ratio for each region is shown better on {sweep['decided_on']} than the single "
            f"one: {sweep['ratio']:g} in all, by region as in the table."
        )
    elif sweep["per_slice"] is not None:
        said.append(
            "Ratios by region (in the table) were searched and are not shown better on "
            f"{sweep['decided_on']} than the single ratio, which is kept."
        )
    if m.blend["batches"] != m.admit["admitted"]:
        said.append("The batches were named by hand in blend.batches, not those admitted.")
    if by_hand(m):
        said.append(f"The ratio {m.blend['ratio']:g} was set by hand in blend.ratio.")
    elif sweep["mix_ratio"] is not None:
        said.append(
            "Gains are told of a mix trained anew, with seeds that took no part in choosing it, so "
            "they differ a little from the curve."
        )
    if sweep["best_is_last_ratio"]:
        on = "so the sweep should go on" if goes_on(m) else "not shown better than none"
        said.append(f"The best ratio is the last that was tried, {on}.")
    return said


def better_mixes(m: Evidence) -> list[str]:
    """Return the other mixes whose best ratio does better on tune than all of the first mix."""
    lines = best(m)
    top = lines[lines["split"] == "tune"].groupby("batch", sort=False)["mean"].max()
    return [str(mix) for mix, mean in top.iloc[1:].items() if mean > top.iloc[0]]


def goes_on(m: Evidence) -> bool:
    """Return whether larger ratios promise more: the curve still rises at its end."""
    return m.sweep["best_is_last_ratio"] and m.sweep["shape"] == "rising"


def sharp(m: Evidence) -> bool:
    """Return whether the best ratio stands alone between two that are shown worse."""
    return m.sweep["shape"] == "peak" and m.sweep["plateau_width"] == 0


def _plateau(ratios: list[str], width: float) -> str:
    """Say which ratios are not shown worse than the best, and what that leaves to choose."""
    if len(ratios) == 1:
        return f"every ratio but {ratios[0]} is shown worse than the best."
    text = f"not shown worse than the best are {listed(ratios)}"
    if width == 0:
        return f"{text}, though the best one's neighbours are."
    return f"{text}; around the best that is a stretch of {width:g}."


def _why(m: Evidence, ratio: float) -> str:
    sweep = m.sweep
    if not by_region(m) and _same(ratio, m.blend["ratio"]):
        return "taken, by hand" if by_hand(m) else "taken"
    if sweep["per_slice"] != "kept" and _same(ratio, sweep["ratio"]):
        return "the sweep's choice"
    if _same(ratio, sweep["best_ratio"]):
        return "best, by less than a standard error"
    if not any(_same(ratio, other) for other in sweep["plateau"]):
        return "shown worse than the best"
    if ratio > sweep["ratio"]:
        return "not shown worse, but takes more rows"
    return "over a standard error behind the best"


def _same(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=1e-5)
