"""The verdict: whether synthetic data helps, whether it is enough, and what else would help."""

from typing import Any

from ..words import about, count, interval, like, listed, metric, number
from .evidence import Evidence, at_hand, by_hand, estimate, gain, learned, of_kind, rows_to, score

NO_DIFFERENCE = "no difference shown"  # as lib/mixes/curve.py says it

_OPENINGS = {
    "helps": "Synthetic data helps",
    "hurts": "Synthetic data hurts, so train on real rows alone",
    NO_DIFFERENCE: "No difference shown",
}


def verdict(m: Evidence) -> str:
    """Say in a few plain sentences whether synthetic data helps, and whether it is enough."""
    if not m.blend["batches"]:
        text = f"Nothing admitted: train on real data. {_refused(m)} "
        text += _alone(m).replace("They", "Real rows alone", 1) + _cheaper(m)
    elif m.blend["ratio"] == 0:
        text = f"Train on real rows alone: {_reason(m)}. {_alone(m)}{_tried(m)}{_cheaper(m)}"
    else:
        parts = [_mixed(m), _models(m), worth(m), f"The score is {_reach(m)}."]
        text = " ".join(filter(None, parts)) + _cheaper(m)
        if by_hand(m):
            text += f" The ratio was set by hand; the sweep took {m.sweep['ratio']:g}."
    if m.freeze["optimistic"]:
        text += " All of this is optimistic: the choices were made on the holdout itself."
    return text


def headline(m: Evidence) -> str:
    """Say the verdict in one sentence, to stand over the picture."""
    if not m.blend["batches"]:
        return "Nothing admitted: train on real data."
    if m.blend["ratio"] == 0:
        return f"Train on real rows alone: {_reason(m)}."
    rows = f"{count(m.blend['rows_synthetic'], 'synthetic row')} beside {_real(m)}"
    text = (
        f"{_OPENINGS[m.blend['verdict']]}: {rows} change {metric(m.blend['metric'])} on the "
        f"holdout by {interval(gain(m), sign=True)}"
    )
    other = f", with {m.blend['model']} on both sides by {_own(m)}"
    return f"{text}{other if _by_model(m) else ''}."


def remedies(m: Evidence) -> list[str]:
    """Say for each cheap remedy what it does to real rows alone, and what the mix does beyond."""
    less = {way["way"]: estimate(way, "mix_less_this") for way in _paired(m)}
    mix = "".join(way["way"] for way in of_kind(m, "synthetic"))
    said = []
    for found in m.baseline["remedies"]:
        change = estimate(found, "gain", "")
        text = f"{found['name']}: {interval(change, sign=True)}, {_side(change)}"
        if mix and found["name"] in less:
            more = less[found["name"]]
            how = {"helps": "better", "hurts": "worse"}.get(_side(more), NO_DIFFERENCE)
            text += f"; the mix of {mix} less this: {interval(more, sign=True)}, {how}"
        said.append(text)
    return said


def worth(m: Evidence) -> str:
    """Say how many real rows the final mix's synthetic rows are worth, or why that is not told."""
    if by_hand(m) or m.blend["ratio"] == 0:
        return ""
    found = in_rows(m)
    rows = f"The {count(m.blend['rows_synthetic'], 'synthetic row')}"
    ends = _ends(found["lower"], found["upper"])
    value, further = found["value"], int(learned(m)["rows"].max()) - at_hand(m)
    if value is not None and value < 0:
        return f"{rows} do as much as taking away about {about(-value)} real ones{ends}."
    if value is not None:
        return f"{rows} are worth about {about(value)} more real ones{ends}."
    if m.blend["gain"] < 0:
        few = int(learned(m)["rows"].min())
        return f"{rows} leave the model below what {few:,} real rows alone reach{ends}."
    if further > 0:
        return f"{rows} are worth more than the {further:,} further real rows tried{ends}."
    least = f", but at least {about(found['lower'])}" if (found["lower"] or 0) > 0 else ""
    return (
        f"How many real rows the synthetic ones are worth cannot be told{least}: no further real "
        "rows were at hand."
    )


def short_worth(m: Evidence) -> str:
    """Say the same in a few words, to stand over the learning curve; "" where it is not told."""
    if by_hand(m) or m.blend["ratio"] == 0:
        return ""
    found = in_rows(m)
    value, ends = found["value"], _ends(found["lower"], found["upper"])
    if value is not None:
        which = "fewer" if value < 0 else "more"
        return f"about {about(abs(value))} {which} real rows do as well{ends}"
    few = "fewer real rows than were tried do as well"
    return few if m.blend["gain"] < 0 else "as many real rows as do as well were not at hand"


def in_rows(m: Evidence) -> dict[str, Any]:
    """Return how many real rows the sweep's mix is worth; None where that was not measured."""
    names = {"value": "worth_rows", "lower": "worth_lower", "upper": "worth_upper"}
    return {key: m.sweep[name] for key, name in names.items()}


def more_rows(m: Evidence) -> list[str]:
    """Say what more real rows would buy: how many reach the blend's score, and the threshold."""
    sizes, here = learned(m), at_hand(m)
    most = sizes.iloc[-1]
    if most["rows"] <= here:
        return ["No further real rows were at hand, so what they would buy was not measured."]
    blend, threshold = m.blend["score"], m.brief["threshold"]
    goals = [(threshold, f"the threshold of {number(threshold)}")]
    if m.blend["ratio"] > 0:
        goals.insert(0, (blend, f"the final model's {like(blend, score(m))}"))
    said = []
    for goal, name in goals:
        needed = rows_to(m, goal)
        if needed is None:
            said.append(f"More than {int(most['rows']):,} real rows would be needed for {name}.")
        elif needed == here:
            said.append(f"The {needed:,} real rows at hand reach {name} by themselves.")
        elif needed < here:
            said.append(f"As few as {needed:,} of the real rows at hand reach {name}.")
        else:
            said.append(f"{needed:,} real rows reach {name} without a synthetic one.")
    last = {"value": most["mean"], "lower": most["lower"], "upper": most["upper"]}
    said.append(f"The most that was tried, {int(most['rows']):,}, reaches {interval(last)}.")
    return said


def cheaper(m: Evidence) -> list[dict[str, Any]]:
    """Return the remedies that help, and that the final mix is not shown to do better than."""
    helping = [found for found in m.baseline["remedies"] if found["lower"] > 0]
    if m.blend["verdict"] != "helps":
        return helping
    if by_hand(m):  # such a mix was not paired with the remedies
        return [found for found in helping if found["gain"] >= m.blend["gain"]]
    less = {way["way"]: way["mix_less_this_lower"] for way in _paired(m)}
    return [found for found in helping if less[found["name"]] <= 0]


def _refused(m: Evidence) -> str:
    """Say what became of all batches, where none is trained on."""
    tried, excluded = len(m.validate), len(m.admit["excluded"])
    if not excluded:
        return f"Of {count(tried, 'batch')} none passed the gates."
    out = f"Of {count(tried, 'batch')} {excluded:,} {'is' if excluded == 1 else 'are'} excluded by "
    return out + ("hand." if excluded == tried else "hand and no other passed the gates.")


def _reason(m: Evidence) -> str:
    """Say why the ratio is 0."""
    if by_hand(m):
        return f"the ratio was set to 0 by hand, where the sweep took {m.sweep['ratio']:g}"
    if m.sweep["ratio"] == 0 and not m.sweep["batches"]:
        return "there was no synthetic row to sweep"
    return f"no ratio did better on {m.sweep['decided_on']} by more than a standard error"


def _alone(m: Evidence) -> str:
    of = metric(m.blend["metric"])
    return f"They reach {of} {interval(score(m))} on the holdout, {_reach(m)}."


def _tried(m: Evidence) -> str:
    """Say what the best mix would have changed, where the sweep took none."""
    mixes = of_kind(m, "synthetic")
    if by_hand(m) or not mixes:
        return ""
    change = estimate(mixes[0], "gain")
    return (
        f" The best mix on {m.sweep['decided_on']}, {mixes[0]['way']}, changes that by "
        f"{interval(change, sign=True)}: {_side(change)}."
    )


def _mixed(m: Evidence) -> str:
    """Say what the final mix is, and what it changes."""
    blend, change = m.blend, gain(m)
    if blend["verdict"] == "hurts":
        loss = {"value": -change["value"], "lower": -change["upper"], "upper": -change["lower"]}
        what = f"a loss of {interval(loss)} against"
    elif blend["verdict"] == "helps":
        what = f"a gain of {interval(change, sign=True)} over"
    else:
        what = f"a change of {interval(change, sign=True)} from"
    return (
        f"{_OPENINGS[blend['verdict']]}: with {count(blend['rows_synthetic'], 'synthetic row')} "
        f"from {listed(blend['batches'])} beside {_real(m)} (ratio {blend['ratio']:g}), "
        f"{metric(blend['metric'])} on the holdout is {like(blend['score'], score(m))}, {what} "
        "real rows alone."
    )


def _models(m: Evidence) -> str:
    """Say what part of the change is the synthetic rows', where the model changed as well."""
    if m.blend["model"] == m.baseline["model"]:
        return ""
    if _by_model(m):
        return (
            f"That change comes with another model: over {m.blend['model']} on real rows alone, "
            f"synthetic rows change it by {_own(m)}."
        )
    return f"With {m.blend['model']} on both sides the change is {_own(m)}."


def _by_model(m: Evidence) -> bool:
    """Return whether a change is shown, but not one that the synthetic rows make."""
    shown = _side(estimate(m.blend, "gain")) != NO_DIFFERENCE
    return shown and m.blend["verdict"] == NO_DIFFERENCE


def _own(m: Evidence) -> str:
    return interval(estimate(m.blend, "own_gain"), sign=True)


def _real(m: Evidence) -> str:
    return f"{m.blend['rows_real']:,} real {'one' if m.blend['rows_real'] == 1 else 'ones'}"


def _cheaper(m: Evidence) -> str:
    """Say how the mix stands against remedies that need no synthetic row."""
    said = [
        f"{found['name']} without synthetic rows gains "
        f"{interval(estimate(found, 'gain', ''), sign=True)}"
        for found in cheaper(m)
    ]
    if said and m.blend["verdict"] == "helps":
        return f" But {listed(said)}{'' if by_hand(m) else ', and the mix is not shown better'}."
    if said:
        return f" What does help: {listed(said)}."
    rivals = of_kind(m, "remedy")
    beaten = [way["way"] for way in rivals if way.get("mix_less_this_lower", 0) > 0]
    if m.blend["verdict"] == "helps" and not by_hand(m) and beaten and len(beaten) == len(rivals):
        return f" The mix is shown better than {listed(beaten)}."
    return ""


def _reach(m: Evidence) -> str:
    """Say where the final score is from the threshold, to go behind "The score is"."""
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


def _ends(lower: float | None, upper: float | None) -> str:
    """Write an interval of rows, either end of which may lie outside of what was measured."""
    if lower is not None and upper is not None:
        return f" [{about(lower)}, {about(upper)}]"
    if lower is not None:
        return f" [{about(lower)} or more]"
    return "" if upper is None else f" [{about(upper)} or less]"


def _paired(m: Evidence) -> list[dict[str, Any]]:
    """Return the remedies that the mix was held against: none where there was no mix."""
    return [way for way in of_kind(m, "remedy") if "mix_less_this" in way]
