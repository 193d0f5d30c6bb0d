"""What asks for a new run: each trigger with its evidence and the command that answers it."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from ...lib.base.errors import ParamsError, SchemaError, TableError
from ...lib.tables import schema, table
from ...lib.words import count, listed, metric, number, percent
from .. import asked, contents, parameters, repository, schema_change, snapshot, versions
from ..repository import Repository
from ..snapshot import Snapshot
from ..terminal import few
from .ground import Ground

_TASK = ("column", "kind", "role")  # what of a column makes another task


class Trigger(NamedTuple):
    """A reason to run again, and whether it holds."""

    name: str
    fired: bool | None  # None: it cannot be known here
    evidence: str
    answer: str  # a command; "" where there is nothing to do


def look(ground: Ground) -> list[Trigger]:
    """Return every trigger; raises ParamsError where the metric handed in cannot be one."""
    return [find(ground) for find in ALL]


def packages(ground: Ground) -> Trigger:
    """Compare installed packages with those that the generators and batches were made with."""
    at = ground.at
    found = versions.recorded(at)
    if not found:
        return Trigger("packages", None, "No generator has a record yet.", "dvc repro")
    absent = list(dict.fromkeys(one.name for one in found if one.now is None))
    moved = [one for one in found if one.now not in (one.then, None)]
    if not moved and absent:
        said = f"{listed(absent)}: not installed here, so not compared."
        return Trigger("packages", None, said, "")
    if not moved:
        known = count(len({one.name for one in found}), "package")
        return Trigger("packages", False, f"{known} as in the records of fits and batches.", "")
    told = dict.fromkeys(f"{one.name} {one.then} → {one.now}" for one in moved)
    behind = {one.generator for one in moved}
    names = [name for name in at.section("generators") if name in behind]
    private = [name for name in names if at.record(f"metrics/fit/{name}.json").get("privacy")]
    spends = f" A new fit of {listed(private)} spends from the privacy budget." * bool(private)
    said = f"{', '.join(told)} since {listed(few(names))} learned.{spends}"
    again = f"dvc repro --single-item --force {_again(at, names)}"
    return Trigger("packages", True, said, f"{again} && dvc repro")


def growth(ground: Ground) -> Trigger:
    """Compare the real table's rows with those that ingest read."""
    at, path = ground.at, parameters.at(ground.at.params, "data.path")
    entry, told = at.lock.get("ingest"), at.record("metrics/ingest.json")
    if entry is None or not isinstance(path, str) or "rows_read" not in told:
        return Trigger("growth", None, "No real table was ingested yet.", "dvc repro")
    before = parameters.number(told["rows_read"]) or 0
    now = contents.of(path, contents.files(at, ground.repo, [path]))
    if now == entry.deps.get(entry.params.get("data.path", path)):
        return Trigger("growth", False, f"{path} is the file that ingest read.", "")
    if not (ground.repo.project / path).is_file():
        return Trigger("growth", None, f"{path} is not at hand.", "dvc pull")
    try:
        rows = _rows(ground.repo, path)
    except (TableError, SchemaError):  # the message may quote cells
        return Trigger("growth", None, f"{path} cannot be read.", "dvc repro ingest")
    grown = rows / before - 1 if before else 1.0
    change = f"{percent(abs(grown))} {'more' if grown >= 0 else 'fewer'}"
    evidence = (
        f"{path} has {count(rows, 'row')} and had {before:,.0f} when ingest read it: {change} "
        f"(asked about above {percent(ground.limits.growth)})."
    )
    fired = grown > ground.limits.growth
    return Trigger("growth", fired, evidence, "dvc repro" if fired else "")


def task(ground: Ground) -> Trigger:
    """Look for a change of the brief, or of what the schema makes the target and the columns."""
    causes = {cause for found in ground.stale.values() for cause in found}
    brief = sorted(
        f"{cause.what}{cause.told and f' ({cause.told})'}"
        for cause in causes
        if cause.kind == "parameter" and cause.what.partition(".")[0] == "brief"
    )
    told = [f"{listed(few(brief))} changed in params.yaml."] * bool(brief)
    if any(cause.what == schema_change.PATH for cause in causes):
        old = _old_schema(ground)
        if old is None:
            told.append("data/schema.yaml changed, and git does not hold the one that was used.")
        else:
            found = schema_change.compare(old, ground.at)
            columns = dict.fromkeys(one.column for one in found if one.what in _TASK)
            if columns:
                named = listed(few(columns))
                told.append(
                    f"In data/schema.yaml, {named} came, went, or got another kind or role."
                )
    if told:
        return Trigger("task", True, " ".join(told), "dvc repro")
    if "brief" in ground.stale and "brief" not in ground.at.lock:
        return Trigger("task", None, "No brief was recorded yet.", "dvc repro")
    return Trigger(
        "task", False, "The brief, the target and the columns' kinds are as recorded.", ""
    )


def drift(ground: Ground) -> Trigger:
    """Read what monitor said of incoming rows, and whether others have arrived since."""
    told, folder = ground.at.record("metrics/drift.json"), ground.at.section("monitor")
    incoming = folder.get("incoming", "data/incoming")
    if any(cause.what == incoming for cause in ground.stale.get("monitor", [])):
        said = f"What lies in {incoming} is not what monitor last looked at."
        return Trigger("drift", True, said, "dvc repro monitor")
    if not told:
        return Trigger("drift", None, "monitor has not run yet.", "dvc repro monitor")
    if not told.get("arrived"):
        return Trigger("drift", False, "No rows have arrived.", "")
    model = told.get("model") or {}
    moved = [
        *([f"{listed(few(told['moved']))} moved"] if told.get("moved") else []),
        *(["the columns' dependence changed"] if told.get("dependence") else []),
    ]
    worse = [f"the model's {metric(model['metric'])} fell"] if model.get("worse") else []
    rows = f"In {count(told.get('rows', 0), 'row')} that arrived"
    absent = [str(name) for name in told.get("absent", [])]
    lacks = [f"{listed(few(absent))} did not arrive"] if absent else []
    if not moved and not worse and not lacks:
        return Trigger("drift", False, f"{rows}, no change is shown.", "")
    if lacks:
        then, answer = "Mend what delivers them.", "dvc repro monitor"
    elif moved:
        then, answer = "Take them into the real table, with labels.", "dvc repro"
    else:  # rows made anew from the same table would teach the model the same
        then, answer = "Look at their labels first.", "dvc repro monitor"
    return Trigger("drift", True, f"{rows}, {listed([*lacks, *moved, *worse])}. {then}", answer)


def production(ground: Ground) -> Trigger:
    """Compare the metric in production with its floor."""
    told, floor = ground.at.record("metrics/blend.json"), ground.limits.floor
    name = metric(str(told.get("metric", parameters.at(ground.at.params, "brief.metric"))))
    whose = "triggers.floor"
    if floor is None:
        floor = parameters.number(told.get("lower"))
        whose = "the lower end of the final model's interval on the holdout"
    if ground.metric is None:
        return Trigger("metric", None, f"No {name} from production was handed in (--metric).", "")
    if floor is None:
        return Trigger(
            "metric", None, "There is no floor: no final model was scored yet.", "dvc repro"
        )
    raw = str(parameters.at(ground.at.params, "brief.metric"))
    most = 0 if raw.startswith("neg_") else 1
    if ground.metric > most:
        hint = f"; for an error of {ground.metric:g} hand in --metric=-{ground.metric:g}"
        raise ParamsError(
            f"--metric {ground.metric:g}: {raw} is never above {most}{hint if most == 0 else ''}"
        )
    fell = ground.metric < floor
    said = f"{name} in production: {number(ground.metric, 4)}, {'' if fell else 'not '}below"
    return Trigger(
        "metric", fell, f"{said} {number(floor, 4)}, {whose}.", "dvc repro monitor" if fell else ""
    )


def sweep(ground: Ground) -> Trigger:
    """Look for anything that the sweep was made from and that is no longer so."""
    behind = [name for name in asked.upstream(ground.wanted, "sweep") if name in ground.stale]
    if not behind:
        return Trigger("sweep", False, "The sweep is of these data and these generators.", "")
    causes = dict.fromkeys(cause.what for name in behind for cause in ground.stale[name])
    said = f"{listed(few(behind))}: {listed(few(list(causes)))} changed since."
    return Trigger("sweep", True, said, "dvc repro")


ALL: tuple[Callable[[Ground], Trigger], ...] = (packages, growth, task, drift, production, sweep)


def _again(at: Snapshot, names: list[str]) -> str:
    """Return the stages that make the models and batches of these generators."""
    if names == list(at.section("generators")):
        return "fit preview generate"
    batches = [batch for batch in at.batches if batch.partition("-")[0] in names]
    fits = [f"fit@{name}" for name in names]
    return " ".join(
        [*fits, *(f"{stage}@{one}" for stage in ("preview", "generate") for one in batches)]
    )


def _rows(repo: Repository, path: str) -> int:
    return len(table.cells(repo.project / path, schema.load(repo.project / schema_change.PATH)))


def _old_schema(ground: Ground) -> Snapshot | None:
    """Return the last commit with the schema that ingest used, None where git lacks it."""
    entry = ground.at.lock.get("ingest")
    used = entry.deps.get(schema_change.PATH) if entry else None
    head = repository.resolve(ground.repo, "HEAD")
    for commit in reversed(repository.log(ground.repo, head, [schema_change.PATH])):
        content = repository.read(ground.repo, commit.id, schema_change.PATH)
        if content is not None and hashlib.md5(content).hexdigest() == used:
            return snapshot.at(ground.repo, commit.id)
    return None
