"""The verdict: whether synthetic data helps, whether it is enough, and what else would help."""

from typing import Any

from .evidence import Evidence, by_hand, gain, learned, rows_to, score
from .words import count, interval, like, listed, metric, number

NO_DIFFERENCE = "no difference shown"  # as lib/curve.py says it


def verdict(m: Evidence) -> str:
    """Say in a few plain sentences whether synthetic data helps, and whether it is enough."""
    if not m.admit["admitted"]:
        tried = count(len(m.validate), "batch")
        text = f"Nothing admitted: train on real data. Of {tried} none passed the gates. "
        text += _alone(m).replace("They", "Real rows alone", 1)
    elif m.blend["ratio"] == 0:
        reason = (
            f"the ratio was set to 0 by hand, where the sweep took {m.sweep['ratio']:g}"
            if by_hand(m)
            else f"no ratio did better on {m.sweep['decided_on']} by more than a standard error"
        )
        text = f"Train on real rows alone: {reason}. {_alone(m)}"
    else:
        text = f"{_mixed(m)} It is {_reach(m)}.{_cheaper(m)}"
        if by_hand(m):
            text += f" The ratio was set by hand; the sweep took {m.sweep['ratio']:g}."
    if m.freeze["optimistic"]:
        text += " All of this is optimistic: the choices were made on the holdout itself."
    return text


def remedies(m: Evidence) -> list[str]:
    """Say for each cheap remedy what it does to the baseline."""
    return [
        f"{name}: {interval(change, sign=True)}, {_side(change)}"
        for name, change in m.baseline["remedies"].items()
    ]


def more_rows(m: Evidence) -> list[str]:
    """Say what more real rows would buy: how many reach the blend's score, and the threshold."""
    sizes = learned(m)
    at_hand, most = int(sizes["rows"].iloc[0]), sizes.iloc[-1]
    if len(sizes) == 1:
        return ["No further real rows were at hand, so what they would buy was not measured."]
    blend, threshold = m.blend["score"], m.brief["threshold"]
    said = []
    for goal, name in (
        (blend, f"the final model's {like(blend, score(m))}"),
        (threshold, f"the threshold of {number(threshold)}"),
    ):
        needed = rows_to(m, goal)
        if needed is None:
            said.append(f"More than {int(most['rows']):,} real rows would be needed for {name}.")
        elif needed == at_hand:
            said.append(f"The {needed:,} real rows at hand reach {name} by themselves.")
        else:
            said.append(f"{needed:,} real rows reach {name} without a synthetic one.")
    last = {"value": most["mean"], "lower": most["lower"], "upper": most["upper"]}
    said.append(f"The most that was tried, {int(most['rows']):,}, reaches {interval(last)}.")
    return said


def _alone(m: Evidence) -> str:
    of = metric(m.blend["metric"])
    return f"They reach {of} {interval(score(m))} on the holdout, {_reach(m)}."


def _mixed(m: Evidence) -> str:
    """Say what the final mix is, and what it changes."""
    blend = m.blend
    opening = {
        "helps": "Synthetic data helps",
        "hurts": "Synthetic data hurts, so train on real rows alone",
        NO_DIFFERENCE: "No difference shown",
    }[blend["verdict"]]
    kind, against = ("gain", "over") if blend["verdict"] == "helps" else ("change", "from")
    return (
        f"{opening}: with {count(blend['rows_synthetic'], 'synthetic row')} from "
        f"{listed(blend['batches'])} beside {blend['rows_real']:,} real ones (ratio "
        f"{blend['ratio']:g}), {metric(blend['metric'])} on the holdout is "
        f"{like(blend['score'], score(m))}, a {kind} of {interval(gain(m), sign=True)} {against} "
        "real rows alone."
    )


def _cheaper(m: Evidence) -> str:
    """Say so where a remedy that needs no synthetic rows gains as much as they do."""
    if m.blend["verdict"] != "helps":
        return ""
    changes = m.baseline["remedies"].items()
    return "".join(
        f" But {name} without synthetic rows gains {interval(change, sign=True)}."
        for name, change in changes
        if _side(change) == "helps" and change["value"] >= m.blend["gain"]
    )


def _reach(m: Evidence) -> str:
    """Say where the final score is from the threshold, to go behind "It is"."""
    final, threshold = score(m), m.brief["threshold"]
    if final["value"] >= threshold:
        text = f"at or above the threshold of {number(threshold)}"
        within = final["lower"] < threshold
        return f"{text}, though its interval begins below" if within else text
    text = f"{number(threshold - final['value'])} below the threshold of {number(threshold)}"
    if final["upper"] >= threshold:
        return f"{text}, which lies in its interval"
    needed = rows_to(m, threshold)
    return f"{text}, which {needed:,} real rows would reach" if needed else text


def _side(change: dict[str, Any]) -> str:
    if change["lower"] > 0:
        return "helps"
    return "hurts" if change["upper"] < 0 else NO_DIFFERENCE
