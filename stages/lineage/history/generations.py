"""The generations of synthetic data in git's history, and whether one after another collapses."""

import json
from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, NamedTuple

from ...lib.base.errors import LineageError
from .. import parameters, repository
from ..repository import Repository
from . import collapse
from .collapse import Link, Number

# Each respect of a batch, by the check of metrics/validate/ that measures 1 less it.
CHECKS = {
    "coverage": "coverage",
    "density": "density",
    "recall": "recall",
    "distinct": "repeats",
    "tails": "tails",
}
_ADMIT, _BLEND, _FREEZE = (f"metrics/{name}.json" for name in ("admit", "blend", "freeze"))
_OF_ALL = (_ADMIT, _BLEND, _FREEZE)
_CHANGED = ("metrics/provenance", "metrics/validate", _ADMIT, _BLEND)
_ID = 9  # letters of a commit's id that are shown

Files = Mapping[str, dict[str, Any]]  # what a commit's files hold, by path


class Batch(NamedTuple):
    """An admitted batch as git records it; None where that does not say."""

    name: str
    sha256: str  # of its rows
    chain: str  # the same for batches that may be compared: slice, family, its parameters
    against: str  # the real rows that it was compared with
    learned: float | None  # the share of synthetic rows that its generator learned from
    numbers: dict[str, Number | None]  # by respect, the more the better


class Generation(NamedTuple):
    """A commit in which other batches were admitted, or another mix was trained on."""

    commit: str  # its id, cut short
    batches: list[Batch]
    ratio: float | None  # the synthetic part of the final mix
    metric: str | None
    score: dict[str, float | None]  # value, lower, upper


class Warned(NamedTuple):
    """A batch of a generation that looks like collapse."""

    commit: str
    batch: str
    told: str


def read(repo: Repository, revision: str) -> list[Generation]:
    """Return the generations up to a commit, the oldest first.

    Each has the name of its first commit, and the numbers of its last: a batch may have been asked
    again. Of merges the first parent's side is followed. Raises LineageError where there is none,
    and in a shallow clone, whose first commit would be taken for the first generation.
    """
    if repository.shallow(repo):
        raise LineageError(
            "this is a shallow clone, which lacks the earlier generations; `git fetch --unshallow` "
            "brings them (in a CI job: check out with the whole history)"
        )
    until = repository.resolve(repo, revision)
    commits = [commit.id for commit in repository.log(repo, until, _CHANGED)]
    files: dict[str, dict[str, dict[str, Any]]] = {commit: {} for commit in commits}

    def take(places: list[tuple[str, str]]) -> None:
        for (commit, path), content in repository.contents(repo, places).items():
            files[commit][path] = _parsed(content)

    take([(commit, path) for commit in commits for path in _OF_ALL])
    take(
        [
            (commit, f"metrics/{kind}/{name}.json")
            for commit in commits
            for name in _admitted(files[commit].get(_ADMIT, {}))
            for kind in ("provenance", "validate")
        ]
    )
    found: list[Generation] = []
    for commit in commits:
        one = _generation(commit, files[commit])
        if one and found and _made(one) == _made(found[-1]):
            found[-1] = one._replace(commit=found[-1].commit)
        elif one:
            found.append(one)
    if not found:
        raise LineageError(
            f"no commit up to {revision} has metrics/admit.json and metrics/blend.json; commit "
            "what `dvc repro` wrote"
        )
    return found


def warnings(generations: Sequence[Generation]) -> list[Warned]:
    """Return the batches that look like collapse, in the order of the generations.

    A chain holds the batches of one slice by one family with the same parameters; a batch that
    stands for several generations counts once.
    """
    chains: dict[str, list[tuple[Link, list[int]]]] = {}
    last: dict[str, str] = {}
    names: dict[tuple[int, str], str] = {}
    for place, generation in enumerate(generations):
        for batch in generation.batches:
            chain = chains.setdefault(batch.chain, [])
            names[place, batch.chain] = batch.name
            if last.get(batch.chain) == batch.sha256:
                chain[-1][1].append(place)
                continue
            last[batch.chain] = batch.sha256
            chain.append((_link(generation.commit, batch), [place]))
    found = [
        (place, Warned(generations[place].commit, names[place, key], flag.told))
        for key, chain in chains.items()
        for flag in collapse.flags([link for link, _ in chain])
        for place in chain[flag.place][1]
    ]
    return [warned for _, warned in sorted(found, key=lambda one: one[0])]


def _generation(commit: str, files: Files) -> Generation | None:
    """Return what a commit says of its batches and mix, None where it has not both."""
    admit, blend = files.get(_ADMIT), files.get(_BLEND)
    if not admit or not blend:
        return None
    metric = blend.get("metric")
    bounds = {"value": "score", "lower": "lower", "upper": "upper"}
    return Generation(
        commit=commit[:_ID],
        batches=[_batch(name, files) for name in _admitted(admit)],
        ratio=parameters.number(blend.get("ratio")),
        metric=metric if isinstance(metric, str) else None,
        score={key: parameters.number(blend.get(name)) for key, name in bounds.items()},
    )


def _batch(name: str, files: Files) -> Batch:
    made = files.get(f"metrics/provenance/{name}.json")
    told = _within(files.get(f"metrics/validate/{name}.json"), "checks")
    checks = {
        str(one.get("name")): one
        for one in (told if isinstance(told, list) else [])
        if isinstance(one, dict)
    }
    chain = [("slice", "name"), ("slice", "where"), ("generator", "family")]
    chain += [("generator", "parameters")]
    # How many rows there are decides which of the real ones are drawn.
    real = [_within(files.get(_FREEZE), "slices", one, "sha256") for one in ("train", "tune")]
    return Batch(
        name=name,
        sha256=str(_within(made, "sha256")),
        chain=json.dumps([_within(made, *keys) for keys in chain], sort_keys=True),
        against=json.dumps([*real, _within(made, "rows", "kept")]),
        learned=parameters.number(_within(made, "synthetic_share")),
        numbers={key: _number(checks.get(check)) for key, check in CHECKS.items()},
    )


def _number(check: dict[str, Any] | None) -> Number | None:
    """Return what a check lacks turned into what there is, None where nothing was told."""
    if check is None:
        return None
    found = [parameters.number(check.get(name)) for name in ("value", "ceiling", "lower", "upper")]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    value, ceiling, lower, upper = known
    return Number(1 - value, 1 - ceiling, (upper - lower) / 2 / collapse.TWO_SIDED)


def _link(commit: str, batch: Batch) -> Link:
    untold = Number(nan, nan, nan)
    return Link(
        name=commit,
        against=batch.against,
        coverage=batch.numbers["coverage"] or untold,
        density=batch.numbers["density"] or untold,
        distinct=batch.numbers["distinct"],
    )


def _made(one: Generation) -> tuple[object, ...]:
    """Return what makes a commit another generation than the one before it."""
    return one.ratio, *((batch.name, batch.sha256) for batch in one.batches)


def _admitted(admit: dict[str, Any]) -> list[str]:
    found = admit.get("admitted")
    return [str(name) for name in found] if isinstance(found, list) else []


def _within(record: Any, *keys: str) -> Any:
    """Return what stands below the keys, None where an earlier format had none of it."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _parsed(content: bytes) -> dict[str, Any]:
    """Return what an earlier commit's file holds, empty where nobody can read it any more."""
    try:
        found = json.loads(content)
    except (RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
