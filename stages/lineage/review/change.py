"""What a change does to data, gates and results, and what of it needs a person's attention."""

from typing import Any, Literal, NamedTuple

from ...lib.words import listed
from .. import parameters, repository, schema_change, staleness
from ..causes import Cause
from ..repository import Repository
from ..schema_change import Changed as Declared
from ..snapshot import Snapshot, at, workspace
from . import batches, cycles, holding, results, table_change, verdicts, weakening
from .batches import Batch, Generators
from .cycles import Cycle
from .holding import Holding
from .results import Results
from .table_change import TableChange
from .verdicts import Flip, Status
from .weakening import Weakened

_DRIFT = "metrics/drift.json"


class Sides(NamedTuple):
    """What is compared with what."""

    base: Snapshot
    head: Snapshot
    until: str  # the last commit of head's side
    note: str  # where the base is not the one that was named


class Finding(NamedTuple):
    """Something that a reviewer has to know; the names come from the repository as they are."""

    kind: Literal["holdout", "gate", "batch", "stale", "brief", "drift", "choice"]
    fails: bool
    text: str
    names: list[str]


class Parameter(NamedTuple):
    """A parameter that differs; None where its value is long or may not be shown."""

    key: str
    before: str | None
    after: str | None


class Review(NamedTuple):
    """Everything that differs between two sides."""

    base: str
    base_commit: str
    head: str
    head_commit: str | None  # None: the working tree
    note: str
    findings: list[Finding]
    holdout: Holding
    table: TableChange | None  # None: the same
    schema: list[Declared]
    generators: Generators
    batches: list[Batch]
    statuses: list[Status]
    flips: list[Flip]
    weakened: list[Weakened]
    results: Results
    cycles: list[Cycle]  # none where the mix did not change
    parameters: list[Parameter]
    stale: dict[str, list[Cause]]


def sides(repo: Repository, base: str | None, head: str | None) -> Sides:
    """Return what to compare: where `base` and `head` parted, with `head`.

    As `git diff base...head` does, so that what others did on `base` meanwhile is not taken for
    this change. No base is where the work left the main branch, no head the working tree. Raises
    LineageError where a name is no commit.
    """
    until = repository.resolve(repo, head or "HEAD")
    after = at(repo, head) if head else workspace(repo)
    if base is None:
        return Sides(at(repo, repository.base(repo)), after, until, "")
    tip = repository.resolve(repo, base)
    parted = repository.merge_base(repo, tip, until)
    if parted in (None, tip):
        note = "" if parted else f"{base} and this have no history in common"
        return Sides(at(repo, base), after, until, note)
    note = f"{base} went on since; the base is the commit where the two parted"
    return Sides(at(repo, parted or tip), after, until, note)


def compare(repo: Repository, given: Sides) -> Review:
    """Return what differs, and what of it needs attention."""
    base, head = given.base, given.head
    if base.commit is None:
        raise ValueError("the base is a commit")
    mixed = base.text("metrics/blend.json") != head.text("metrics/blend.json")
    found = Review(
        base=base.name,
        base_commit=base.commit,
        head=head.name,
        head_commit=head.commit,
        note=given.note,
        findings=[],
        holdout=holding.compare(repo, base, head, given.until),
        table=table_change.compare(repo, base, head),
        schema=schema_change.compare(base, head),
        generators=batches.generators(base, head),
        batches=batches.compare(base, head),
        statuses=verdicts.statuses(base, head),
        flips=verdicts.flips(base, head),
        weakened=weakening.weakened(base, head),
        results=results.compare(base, head),
        cycles=cycles.last(repo, head, given.until) if mixed else [],
        parameters=_parameters(base, head),
        stale=staleness.stale(head, repo),
    )
    told = [*_of_holdout(found), *_of_gates(found), *_of_batches(found, head), *_of_stages(found)]
    told += [*_of_checks(base, head), *_of_brief(base, head), *_of_drift(base, head)]
    told += _of_choice(found.results)
    return found._replace(findings=told)


def fails(found: Review) -> bool:
    """Return whether something needs a person's attention before this may be merged."""
    return any(one.fails for one in found.findings)


def plain(value: Any) -> Any:
    """Return a review, or a part of one, as what JSON can hold."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def _parameters(base: Snapshot, head: Snapshot) -> list[Parameter]:
    return [
        Parameter(one.key, *(parameters.shown(one.key, value) for value in (one.before, one.after)))
        for one in parameters.changed(base.params, head.params)
    ]


_HOLDOUT = {
    "changed": "The holdout changed, and had no lock",
    "unlocked": "The holdout or its lock changed, after the lock was released",
    "rewritten": "The holdout's file has other bytes, written by other packages; its recorded "
    "content is the same",
    "broken": "The holdout was locked, and it or its lock changed without a release",
}


def _of_holdout(found: Review) -> list[Finding]:
    what, before, after, _ = found.holdout
    if what not in _HOLDOUT:
        return []
    freed = after.released if what == "unlocked" and after.released != before.released else None
    names = [freed.why] if freed and freed.why else []
    return [Finding("holdout", what == "broken", _HOLDOUT[what], names)]


def _of_gates(found: Review) -> list[Finding]:
    return [
        Finding("gate", True, "A gate was weakened", [f"{one.what}: {one.before} → {one.after}"])
        for one in found.weakened
    ]


def _of_batches(found: Review, head: Snapshot) -> list[Finding]:
    unexplained, unrecorded = batches.unexplained(found.batches), batches.unrecorded(head)
    told = []
    if unexplained:
        text = "Rows changed, and nothing recorded that makes them did"
        told.append(Finding("batch", True, text, unexplained))
    if unrecorded:
        text = "No provenance of a batch that models may train on"
        told.append(Finding("batch", True, text, unrecorded))
    return told


def _of_stages(found: Review) -> list[Finding]:
    if not found.stale:
        return []
    stages = list(dict.fromkeys(name.partition("@")[0] for name in found.stale))
    return [Finding("stale", True, "Outputs are not those of their inputs", stages)]


def _of_checks(base: Snapshot, head: Snapshot) -> list[Finding]:
    """Tell where rows are held to something else, of which nobody can say that it is laxer."""
    told = []
    wider = weakening.wider(base, head)
    if wider:
        text = "The schema allows values that it did not, also to made rows"
        told.append(Finding("gate", False, text, wider))
    key = "verify.python"
    old, new = (parameters.at(side.params, key) for side in (base, head))
    if None not in (old, new) and old != new:
        names = [
            f"{one.key}: {parameters.told(one)}" if parameters.told(one) else one.key
            for one in parameters.changed(old, new, key)
        ]
        told.append(Finding("gate", False, "Made rows are checked by another function", names))
    return told


def _of_drift(base: Snapshot, head: Snapshot) -> list[Finding]:
    """Tell what rows that arrived show, where that is news."""
    before, after = (side.record(_DRIFT) for side in (base, head))
    if before == after:
        return []
    worse = parameters.at(after, "model.worse") is True
    if after.get("drift") is not True and not worse:
        was = before.get("drift") is True or parameters.at(before, "model.worse") is True
        text = "The rows that arrived show no drift any more"
        return [Finding("drift", False, text, [])] if was and after else []
    moved = [str(name) for name in _names(after.get("moved"))]
    facts = [
        *(["columns moved"] if moved else []),
        *(["columns go together otherwise"] if after.get("dependence") is True else []),
        *(["the final model does worse"] if worse else []),
    ]
    text = f"In the rows that arrived, {listed(facts or ['drift is shown'])}"
    told = [Finding("drift", False, text, moved)]
    advice = after.get("advice")
    if isinstance(advice, str) and advice:
        told.append(Finding("drift", False, "What `monitor` advises", [advice]))
    return told


def _of_choice(found: Results) -> list[Finding]:
    """Tell where another mix or model was chosen, or the verdict is another one."""
    if found.before is None or found.after is None:
        return []
    names = [
        f"{what}: {_said(before)} → {_said(after)}"
        for what in ("ratio", "batches", "model", "policy", "verdict")
        if (before := getattr(found.before, what)) != (after := getattr(found.after, what))
    ]
    return [Finding("choice", False, "The choice is another one", names)] if names else []


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_brief(base: Snapshot, head: Snapshot) -> list[Finding]:
    """Tell what is no weaker gate, and changes what the gates and scores mean."""
    told = []
    metrics = [parameters.at(side.params, "brief.metric") for side in (base, head)]
    if None not in metrics and metrics[0] != metrics[1]:
        names = [f"{metrics[0]} → {metrics[1]}"]
        told.append(Finding("brief", False, "The metric is another one", names))
    old, new = (parameters.at(side.params, "admit.exclude") for side in (base, head))
    back = [str(name) for name in _names(old) if name not in _names(new)]
    if back:
        told.append(Finding("brief", False, "No longer excluded by hand", back))
    tune = [parameters.number(parameters.at(side.params, "freeze.tune")) for side in (base, head)]
    if tune[0] and tune[1] == 0:
        text = "Without a tune slice choices are made on the holdout: every score is optimistic"
        told.append(Finding("brief", False, text, ["freeze.tune: 0"]))
    return told


def _names(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
