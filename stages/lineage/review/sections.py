"""The sections of a review: for each thing that changed, what it was and is."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...lib.words import count, interval, number
from ..causes import Cause
from ..schema_change import Changed
from .change import Review
from .holding import Held, Step
from .results import Chosen
from .spans import NONE, SHOWN, cell, digest, fenced, name, names, table, whole
from .verdicts import Excess

if TYPE_CHECKING:
    from .row_change import Moved

_ID = 9  # letters of a commit's id


def _holdout(found: Review) -> list[str]:
    held = found.holdout
    before, after = held.before, held.after
    if held.what == "same" and (before.who, before.why) == (after.who, after.why):
        return []
    freed = after.released if after.released != before.released else None
    lines = [
        table(
            ["", "before", "after"],
            [
                ["sha256 of its rows", digest(before.content), digest(after.content)],
                ["MD5 of its file", digest(before.file), digest(after.file)],
                ["rows", whole(before.rows), whole(after.rows)],
                ["locked", _lock(before), _lock(after)],
                ["by", cell(before.who), cell(after.who)],
                ["because", cell(before.why), cell(after.why)],
            ],
        )
    ]
    if freed:
        said = f"{name(freed.who or NONE)}: {name(freed.why or NONE)}"
        lines.append(f"The lock of {digest(freed.lock)} was released by {said}.")
    elif held.what != "same" and not held.steps and found.head_commit is None:
        lines.append("No commit did this yet: say why in the one that will.")
    return [*lines, *(part for step in held.steps for part in _step(step))]


_STEPS = {
    "locked": "set the lock",
    "released": "released the lock",
    "replaced": "replaced the lock by another in one step",
    "recorded": "recorded another holdout",
}


def _step(step: Step) -> list[str]:
    commit = step.commit
    line = (
        f"`{commit.id[:_ID]}` by {name(commit.author)} {_STEPS[step.what]}: {name(commit.subject)}"
    )
    return [line, fenced(commit.body)] if commit.body.strip() else [line]


def _real(found: Review) -> list[str]:
    if found.table is None:
        return []
    before, after, rows, drift = found.table
    lines = [
        table(
            ["", "before", "after"],
            [
                ["file", cell(before.source), cell(after.source)],
                [
                    "MD5 of the file",
                    digest(before.source_md5),
                    digest(after.source_md5),
                ],
                ["rows", whole(before.rows), whole(after.rows)],
                ["sha256 of the rows", digest(before.sha256), digest(after.sha256)],
            ],
        )
    ]
    if rows is None:
        lines.append("The rows themselves are not both at hand, so they were not compared.")
        return lines
    by = f", told apart by {name(rows.by)}" if rows.by else "; a changed row counts as both"
    changed = "" if rows.changed is None else f", {count(rows.changed, 'row')} changed"
    lines.append(
        f"By content: {count(rows.added, 'row')} added, {count(rows.removed, 'row')} removed"
        f"{changed}{by}."
    )
    for what, columns in (("added", rows.columns_added), ("removed", rows.columns_removed)):
        if columns:
            lines.append(f"Columns {what}: {names(columns)}.")
    if rows.cells:
        cells = [[cell(column), f"{changed_in:,}"] for column, changed_in in rows.cells.items()]
        lines.append(table(["column", "rows changed in it"], cells, numbers=1))
    return [*lines, *(_drift(drift) if drift else [])]


def _drift(found: "Moved") -> list[str]:
    of = f"The {count(found.rows, 'row')} added, compared with the table before:"
    if not found.columns and not found.together:
        return [f"{of} no column is shown to have moved."]
    rows = [[cell(column), ", ".join(why)] for column, why in found.columns.items()]
    said = f"{of} {count(len(rows), 'column')} moved" if rows else f"{of} columns moved together"
    more = " and columns moved together" if rows and found.together else ""
    return [f"{said}{more}.", *([table(["column", "in its"], rows)] if rows else [])]


def _schema(found: Review) -> list[str]:
    lines = [[cell(one.column), cell(one.what), *_declared(one)] for one in found.schema]
    return [table(["column", "what", "before", "after"], lines)] if lines else []


def _declared(one: Changed) -> list[str]:
    if one.before is None and one.after is None:
        return ["not shown", "not shown"]
    absent = "not there" if one.what == "column" else NONE
    return [cell(value) if value is not None else absent for value in (one.before, one.after)]


def _batches(found: Review) -> list[str]:
    lines = [
        f"Generators that {what}: {names(given)}."
        for what, given in zip(
            ("appeared", "vanished", "are declared otherwise"), found.generators, strict=True
        )
        if given
    ]
    if found.batches:
        said = {"remade": "made anew, the same rows", "lost": "has no record any more"}
        rows = [
            [
                cell(one.batch),
                said.get(one.what, one.what),
                whole(one.rows_before),
                whole(one.rows_after),
                _because(one.causes)
                or {"changed": "noise drawn anew" if one.private else "**nothing recorded**"}.get(
                    one.what, NONE
                ),
            ]
            for one in found.batches
        ]
        lines.append(table(["batch", "what", "rows before", "after", "cause"], rows))
    return lines


def _gates(found: Review) -> list[str]:
    lines = []
    if found.weakened:
        rows = [
            [
                cell(one.what),
                cell(one.before),
                cell(one.after),
                cell(one.why or None),
            ]
            for one in found.weakened
        ]
        lines += ["Weakened:", table(["gate", "before", "after", "by"], rows)]
    if found.statuses:
        rows = [[cell(one.batch), cell(one.before), cell(one.after)] for one in found.statuses]
        lines += ["What became of batches:", table(["batch", "before", "after"], rows)]
    if found.flips:
        rows = [
            [cell(one.batch), cell(one.check), _excess(one.before), _excess(one.after)]
            for one in found.flips
        ]
        lines += [
            "Verdicts that differ, with the excess over real rows and what it may be at most:",
            table(["batch", "check", "before", "after"], rows),
        ]
    return lines


def _excess(found: Excess) -> str:
    if found.verdict is None:
        return "not checked"
    told = interval({"value": found.value, "lower": found.lower, "upper": found.upper})
    most = "" if found.threshold is None else f", at most {number(found.threshold)}"
    return f"{cell(found.verdict)}: {told}{most}"


def _results(found: Review) -> list[str]:
    before, after, change, note, curve = found.results
    lines = []
    if before != after:
        rows = [
            [title, tell(before) if before else NONE, tell(after) if after else NONE]
            for title, tell in _CHOSEN.items()
            if title == _SCORE or not (before and after and tell(before) == tell(after))
        ]
        lines.append(table(["", "before", "after"], rows))
        if change:
            lines.append(f"The score changes by {interval(change, sign=True)}. {note}")
        elif note:
            lines.append(note)
    if curve:
        means = [
            [f"{one['ratio']:g}", number(one["before"], 4), number(one["after"], 4)]
            for one in curve
        ]
        lines += [
            "The curve on the holdout, of the first mix, with the best model of each ratio:",
            table(["ratio", "before", "after"], means, numbers=0),
        ]
    return lines


_SCORE = "score on the holdout"
_YES: dict[bool | None, str] = {True: "yes", False: "no"}
_CHOSEN: dict[str, Callable[[Chosen], str]] = {
    "verdict": lambda one: cell(one.verdict),
    "ratio": lambda one: number(one.ratio),
    "policy": lambda one: cell(one.policy),
    "batches": lambda one: ", ".join(map(cell, one.batches)) or "none",
    "model": lambda one: cell(one.model),
    "metric": lambda one: cell(one.metric),
    _SCORE: lambda one: interval(one.score),
    "gain over real rows alone": lambda one: interval(one.gain, sign=True),
    "reaches the threshold": lambda one: cell(_YES.get(one.reaches_threshold)),
}


def _cycles(found: Review) -> list[str]:
    rows = [
        [cell(one.name), f"{one.rows_real:,}", f"{one.rows_synthetic:,}"]
        + [f"{100 * one.share:.1f} %", f"{100 * one.learned:.1f} %"]
        for one in found.cycles
    ]
    titles = ["commit", "real rows", "synthetic rows", "synthetic", "generators learned from"]
    return [table(titles, rows, numbers=1)] if rows else []


def _parameters(found: Review) -> list[str]:
    if not found.parameters:
        return []
    rows = [
        [
            cell(one.key),
            *(cell(value) if value is not None else "not shown" for value in one[1:]),
        ]
        for one in found.parameters
    ]
    return [table(["parameter", "before", "after"], rows)]


def _stale(found: Review) -> list[str]:
    alike: dict[str, list[str]] = {}
    for stage, causes in found.stale.items():
        alike.setdefault(_because(causes), []).append(cell(stage))
    rows = [[", ".join(stages), why] for why, stages in alike.items()]
    if not rows:
        return []
    return [
        "`dvc repro` runs these, and what depends on them; then commit `dvc.lock`, `metrics/` and "
        "`HANDOFF.md`.",
        table(["stages", "because of"], rows),
    ]


SECTIONS: dict[str, Callable[[Review], list[str]]] = {
    "Holdout": _holdout,
    "Gates": _gates,
    "Real table": _real,
    "Schema": _schema,
    "Generators and batches": _batches,
    "Choice and curve": _results,
    "Synthetic rows in training": _cycles,
    "Must run again": _stale,
    "Parameters": _parameters,
}


def _because(causes: Sequence[Cause]) -> str:
    told = [
        f"{one.kind} {cell(one.what)}" + (f" ({cell(one.told)})" if one.told else "")
        for one in causes[:SHOWN]
    ]
    more = [f"and {len(causes) - SHOWN} more"] if len(causes) > SHOWN else []
    return "; ".join([*told, *more])


def _lock(held: Held) -> str:
    return "no" if held.lock is None else digest(held.lock or "not a SHA-256")
