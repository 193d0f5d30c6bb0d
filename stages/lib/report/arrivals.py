"""What the documents say of rows that arrived since: whether they have drifted, and the model."""

from typing import Any

from ..words import count, interval, listed, metric, number, percent
from .evidence import Evidence, estimate


def arrived(m: Evidence) -> str:
    """Say whether rows arrived, and whether they still look like train; names are not in it."""
    if not m.drift["arrived"]:
        return "No rows have arrived since, so drift was not checked."
    tested, moved = len(m.drift["columns"]), len(m.drift["moved"])
    said = [f"{count(m.drift['rows'], 'row')} in {count(m.drift['files'], 'file')} arrived."]
    if not tested:
        said.append("No column could be compared.")
    elif moved:
        said.append(
            f"Of {count(tested, 'column')} {moved} moved; a table in which none did would show "
            f"one in at most {percent(m.drift['level'])} of cases."
        )
    else:
        said.append(f"None of {count(tested, 'column')} is shown to have moved.")
    said += filter(None, [_together(m), _scored(m)])
    return " ".join(said)


def moved(m: Evidence) -> list[dict[str, Any]]:
    """Return a line for each column that moved, in words but for its name."""
    return [
        {
            "column": one["column"],
            "why": listed(one["why"]),
            "distance": f"{one['test']} {number(one['distance'])}",
            "psi": number(one["psi"]),
            "p_value": _chance(one["p_value"]).removeprefix("= "),
            "missing": f"{percent(one['missing_before'])} → {percent(one['missing_now'])}",
            "new_categories": f"{one['new_categories']:,}",
            "out_of_range": f"{one['out_of_range']:,}",
        }
        for one in (m.drift["columns"] if m.drift["arrived"] else [])
        if one["moved"]
    ]


def pairs(m: Evidence) -> list[dict[str, Any]]:
    """Return the pairs of columns whose association changed, with by how much in words."""
    found = (m.drift["joint"] or {}).get("pairs", [])
    return [{**pair, "change": number(pair["change"], 2)} for pair in found]


def _together(m: Evidence) -> str:
    """Say whether all columns together tell the rows that arrived from train."""
    joint = m.drift["joint"]
    if joint is None:
        return ""
    auc, chance = f"ROC AUC {number(joint['auc'])}", f"p {_chance(joint['p_value'])}"
    if not joint["moved"]:
        return f"All columns together do not show which rows are new ({auc}, {chance})."
    if joint["pairs"]:  # the chance is that of the pairs; the AUC may tell nothing
        return f"Columns go together otherwise than they did ({chance})."
    alone = "" if m.drift["moved"] else ", though no column by itself"
    return f"All columns together show which rows are new ({auc}, {chance}){alone}."


def _scored(m: Evidence) -> str:
    """Say how the final model does on those rows that arrived with labels; notes say why not."""
    model = m.drift["model"]
    if model is None:
        return ""
    names = {"value": "expected", "lower": "expected_lower", "upper": "expected_upper"}
    before = {key: model[name] for key, name in names.items()}
    how = {True: "shown worse", False: "not shown worse", None: "too few to tell"}[model["worse"]]
    return (
        f"On the {model['rows']:,} of them with labels the final model reaches "
        f"{metric(model['metric'])} {interval(estimate(model, 'score', ''))}, where "
        f"{interval(before)} was expected: {how}."
    )


def _chance(p_value: float | None) -> str:
    """Write a p-value as people read it: with its sign, and never as 0."""
    if p_value is None:
        return "–"
    return "< 0.001" if p_value < 0.001 else f"= {number(p_value, 2)}"
