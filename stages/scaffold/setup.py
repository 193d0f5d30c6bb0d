"""Setting a project up: everything is decided before the first file is written."""

from collections.abc import Callable
from pathlib import Path

from ..lib.base.errors import TableError
from ..lib.words import count, listed
from ..lineage.terminal import printable
from . import parameters, plan, project, reading, template
from .plan import Plan
from .project import Place

SCHEMA, PARAMS = "data/schema.yaml", "params.yaml"
_FEW = 4  # columns that are told by name


def own(
    place: Place,
    table: Path,
    target: str,
    *,
    force: bool,
    ask: Callable[[str, str], str] | None,
) -> list[str]:
    """Set a project up for a table, and return what to say of it.

    `ask` puts a question with its default to a person; without it the brief is a draft. Raises
    TableError where the table or its target does not serve, LineageError where the folder does not.
    """
    if not table.is_file():
        what = "is a folder" if table.is_dir() else "is not there"
        raise TableError(f"{table} {what}; hand in a table: CSV, Parquet or Excel")
    found = plan.of(table, target)
    answers = parameters.draft(found.task)
    if ask:
        from . import interview

        answers = interview.hold(ask, answers, found)
    inside = project.inside(place, table)
    path = inside or f"{project.TABLES}/{table.name}"
    written = {
        **template.files(),
        SCHEMA: found.schema.encode(),
        PARAMS: parameters.text(path, found.task, found.sizes, answers).encode(),
    }
    copied = {} if inside else {path: table.read_bytes()}
    overwritten = project.check(place, {**written, **copied}, force=force)
    project.prepare(place)
    project.write(place, {**written, **copied})
    project.configure(place)
    keeper = project.track(place, path)
    tracked = [*written, path if keeper == "git" else f"{path}.dvc"]
    return [
        *_overwrote(overwritten),
        *_told(found, path, target, keeper),
        *_ignored(project.ignored(place, tracked)),
    ]


def example(place: Place, *, force: bool) -> list[str]:
    """Set the example up, and return what to say of it."""
    written = {**template.files(), **template.example()}
    overwritten = project.check(place, written, force=force)
    project.prepare(place)
    project.write(place, written)
    project.configure(place)
    return [
        *_overwrote(overwritten),
        "The example is set up: who earns more than 50,000 dollars, by the census of 1994.",
        "Next: `dvc repro` (some minutes), then read HANDOFF.md or open report.html.",
    ]


def _overwrote(paths: list[str]) -> list[str]:
    return [f"Overwritten: {', '.join(paths)}"] * bool(paths)


def _ignored(paths: list[str]) -> list[str]:
    few = f"{', '.join(paths[:_FEW])}{', …' * (len(paths) > _FEW)}"
    return [f"MEND    .gitignore: git would not keep {few}"] * bool(paths)


def _told(found: Plan, path: str, target: str, keeper: str) -> list[str]:
    """Return five lines: the table, the task, the columns, the slices, and what to do next."""
    guessed = found.read.encoding not in reading.CERTAIN
    unlabelled = f"{found.unlabelled:,} without a label left out, " * bool(found.unlabelled)
    return [
        f"table   {printable(path)}: {count(found.rows, 'labelled row')}, none twice, {unlabelled}"
        f"{count(len(found.columns), 'column')}; {keeper} keeps it"
        + f"; GUESSED: its encoding is {found.read.encoding}"
        * guessed,
        f"target  {printable(target)}: {_task(found)}",
        f"columns {_columns(found)}",
        f"slices  {_slices(found)}",
        f"next    read {SCHEMA} and the TODOs in {PARAMS}; `dvc repro`; `dvc-synth check`",
    ]


def _task(found: Plan) -> str:
    metric = parameters.METRICS[found.task]
    if not found.classes:
        return f"{found.task}, scored by {metric}"
    fewest = min(found.classes.values())
    share = fewest / found.rows
    return (
        f"{found.task}, {len(found.classes)} classes, the rarest with {count(fewest, 'row')} "
        f"({share:.2g} of all); scored by {metric}"
    )


def _columns(found: Plan) -> str:
    kinds = [guess.column for guess in found.columns.values() if guess.column.role == "feature"]
    numeric = sum(column.numeric for column in kinds)
    categories = count(len(kinds) - numeric, "category")
    parts = [f"{count(numeric, 'number')} and {categories} to learn from"]
    for role in ("id", "group", "time", "ignore"):
        names = [name for name, one in found.columns.items() if one.column.role == role]
        if names:
            parts.append(f"{role}: {_names(names)}")
    sensitive = [name for name, one in found.columns.items() if one.column.sensitive]
    if sensitive:
        parts.append(f"sensitive: {_names(sensitive)}")
    if found.leaks:
        parts.append(f"LEAK? nearly the target by itself: {_names(found.leaks)}")
    doubts = [
        name for name, one in found.columns.items() if one.doubt and one.column.role == "ignore"
    ]
    if doubts:
        parts.append(f"IN DOUBT, see the schema: {_names(doubts)}")
    return "; ".join(parts)


def _slices(found: Plan) -> str:
    by_time = any(one.column.role == "time" for one in found.columns.values())
    how = "the latest rows in the holdout" if by_time else "at random"
    asked = found.sizes.slices
    sizes = ", ".join(
        f"{name} {f'{size:.0%}' if size < 1 else f'{size:,}'}" for name, size in asked.items()
    )
    pool = (
        f"; {found.sizes.pooled:,} wait in the pool: raise freeze.train to learn from more"
        if found.sizes.pooled
        else ""
    )
    return f"{sizes}, {how}{pool}"


def _names(names: list[str]) -> str:
    shown = [printable(name) for name in names[:_FEW]]
    more = len(names) - len(shown)
    return listed([*shown, f"{more} more"] if more else shown)
