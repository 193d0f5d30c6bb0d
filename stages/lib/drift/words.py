"""What metrics/drift.json says of rows that arrived: counts and names of columns, no value."""

from typing import Any

from ..tables.schema import Schema
from ..words import count
from .comparison import Drift, Shift
from .current import Standing
from .incoming import Incoming


def told(
    arrived: Incoming,
    drift: Drift | None,
    standing: Standing | None,
    level: float,
    schema: Schema,
    notes: list[str],
) -> dict[str, Any]:
    """Return the record of what arrived; `drift` is None where no row did.

    Keys of metrics/drift.json:

    - `arrived`: whether any row did
    - `rows`, `files`: how many rows there are, in how many files
    - `drift`: whether anything is shown to have moved; null where nothing arrived
    - `moved`: the columns that did
    - `dependence`: whether columns go together otherwise than before; null with too few rows
    - `absent`: columns that models learned from and that no row which arrived has
    - `regenerate`: whether to make synthetic rows anew
    - `advice`: what to do, in one sentence
    - `level`: `monitor.level`
    - `columns`: a record for each column that was compared, below
    - `joint`: of all columns together, null with too few rows: the `auc` of a model that tells the
      new rows, its `p_value`, whether it or a pair `moved`, and the `pairs` that changed
      (`left`, `right`, `change`)
    - `model`: of the final model on rows that carry labels, below; null without enough of them
    - `notes`: what was left out or seen besides
    """
    shown = drift.shown if drift else None
    joint = drift.joint if drift else None
    needed = [name for name in schema.modelled if name != schema.target]
    absent = [name for name in needed if name not in arrived.frame] if drift else []
    labelled = schema.target in arrived.frame and bool(arrived.frame[schema.target].notna().any())
    return {
        "arrived": drift is not None,
        "rows": len(arrived.frame),
        "files": arrived.files,
        "drift": shown,
        "moved": drift.moved if drift else [],
        "dependence": drift.dependence if drift else None,
        "absent": absent,
        "regenerate": shown,
        "advice": advice(drift, standing, labelled=labelled, absent=len(absent)),
        "level": level,
        "columns": [_column(shift) for shift in drift.columns] if drift else [],
        "joint": joint
        and {
            "auc": joint.auc,
            "p_value": joint.p_value,
            "moved": joint.moved,
            "pairs": [
                {"left": pair.left, "right": pair.right, "change": pair.change}
                for pair in joint.pairs
            ],
        },
        "model": standing and _standing(standing),
        "notes": notes,
    }


def advice(
    drift: Drift | None, standing: Standing | None, *, labelled: bool, absent: int = 0
) -> str:
    """Say in one sentence whether to make synthetic rows anew, and why; `absent` columns lack."""
    if drift is None:
        return "Nothing has arrived, so there is nothing to compare."
    if drift.shown:
        first, then = ("take", "") if labelled else ("label", ", take them")
        return (
            f"Regenerate: {_changed(drift)}, so generators learned what no longer holds; {first} "
            f"the rows that arrived{then} into the real table, and run the pipeline again."
        )
    if standing is not None and standing.worse:
        return (
            "Look at the labels first: the final model does worse on the rows that arrived, though "
            "no drift is shown, and rows made anew from the same table would teach it the same."
        )
    if absent:
        return (
            f"Look at where the rows come from: {count(absent, 'column')} that models learned from "
            "did not arrive; no drift is shown in the others."
        )
    return "No need to regenerate: no drift is shown."


def unseen(drift: Drift, schema: Schema) -> list[str]:
    """Name the new categories of columns that are not sensitive, for the terminal alone."""
    return [
        f"{shift.column}: {', '.join(shift.new[:5])}" + ", …" * (len(shift.new) > 5)
        for shift in drift.columns
        if shift.new and not schema.columns[shift.column].sensitive
    ]


def _changed(drift: Drift) -> str:
    parts = [f"{count(len(drift.moved), 'column')} moved"] if drift.moved else []
    if drift.dependence:
        parts.append("columns go together otherwise than they did")
    return " and ".join(parts)


def _column(shift: Shift) -> dict[str, Any]:
    """Return a column as it is written.

    Keys of metrics/drift.json, columns:

    - `column`, `kind`: its name, and number or category
    - `test`, `distance`: KS (Kolmogorov-Smirnov) or TV (total variation), from train
    - `psi`: the population stability index; decides nothing
    - `p_value`: corrected for all that is asked, to be compared with `level` as it stands
    - `missing_before`, `missing_now`: the shares of missing cells
    - `new_categories`: how many categories no row of train has
    - `out_of_range`: cells that the schema does not allow
    - `moved`, `why`: whether it did, and by which of the questions
    """
    return {
        "column": shift.column,
        "kind": "number" if shift.numeric else "category",
        "test": "KS" if shift.numeric else "TV",
        "distance": shift.distance,
        "psi": shift.psi,
        "p_value": shift.p_value,
        "missing_before": shift.missing[0],
        "missing_now": shift.missing[1],
        "new_categories": len(shift.new),
        "out_of_range": shift.outside,
        "moved": shift.moved,
        "why": shift.why,
    }


def _standing(one: Standing) -> dict[str, Any]:
    """Return how the final model does on the rows that arrived, as it is written.

    Keys of metrics/drift.json, model:

    - `metric`, `rows`: the metric of the brief, and the rows with labels
    - `score`, `lower`, `upper`: on these rows, and its interval
    - `expected`, `expected_lower`, `expected_upper`: on the holdout
    - `worse`: whether the interval of the difference lies below 0
    """
    return {
        "metric": one.metric,
        "rows": one.rows,
        "score": one.score.value,
        "lower": one.score.lower,
        "upper": one.score.upper,
        "expected": one.expected.value,
        "expected_lower": one.expected.lower,
        "expected_upper": one.expected.upper,
        "worse": one.worse,
    }
