"""The data: what DVC holds is what dvc.lock records, in the working tree and in DVC's cache."""

import shlex
from collections.abc import Iterable
from pathlib import Path

from ...lib.words import count, listed
from ..repository import Repository
from ..terminal import few
from .condition import Condition
from .outputs import Found


def look(found: list[Found], repo: Repository, *, remote: bool) -> list[Condition]:
    """Return a condition for each way in which outputs are not right, or one that all are.

    What is not at hand is no failure: a fresh clone has nothing yet. `remote` is whether there is
    one to bring things from.
    """
    if not found:
        return [Condition("data", None, "DVC holds nothing yet.", "dvc repro")]
    cases: dict[str, list[Found]] = {}
    for one in found:
        cases.setdefault(_case(one), []).append(one)
    wrong = [
        Condition("data", False, *told)
        for told in (
            *(_edited(one) for one in cases.get("edited", [])),
            *([_changed(cases["changed"])] if "changed" in cases else []),
            *([_lost(cases["lost"], repo, remote)] if "lost" in cases else []),
            *([_damaged(cases["damaged"], repo)] if "damaged" in cases else []),
            *([_uncached(cases["uncached"])] if "uncached" in cases else []),
        )
    ]
    return wrong or [_right(found, remote)]


def _case(one: Found) -> str:
    if one.here == "other" and one.cached == "right":
        return "edited" if one.output.pointer else "changed"
    if one.here == "other" or (one.here == "absent" and one.cached == "damaged"):
        return "lost"
    if one.here == "right" and one.cached != "right":
        return "damaged" if one.cached == "damaged" else "uncached"
    return "right"  # or not at hand


def _edited(one: Found) -> tuple[str, str]:
    path, pointer = one.output.path, one.output.pointer
    said = f"{path} is not what {pointer} records. Take it in, or undo it by `dvc checkout {path}`."
    return said, f"dvc add {shlex.quote(path)}"


def _changed(found: list[Found]) -> tuple[str, str]:
    said = f"Not as dvc.lock records: {_named(found)}. To bring back what it records:"
    # Removed first: what DVC brought from a remote it takes for right, whatever is in it.
    return said, f"rm -rf {_paths(found)} && dvc checkout {_targets(found)}"


def _lost(found: list[Found], repo: Repository, remote: bool) -> tuple[str, str]:
    said = f"Not as dvc.lock records, nor is there a right copy in DVC's cache: {_named(found)}."
    objects = _objects(found, repo)
    remove = f"rm -rf {_paths(found)}{' ' * bool(objects)}{objects}"
    if remote:
        return said, f"{remove} && dvc pull {_targets(found)}"
    added = [one for one in found if one.output.pointer]
    if added:
        return f"{said} No remote has them; put {_named(added)} there again from where it is.", ""
    return f"{said} No remote has them, but they can be made again.", f"{remove} && dvc repro"


def _damaged(found: list[Found], repo: Repository) -> tuple[str, str]:
    said = f"Right in the working tree, but damaged in DVC's cache: {_named(found)}."
    # Removed first: `dvc commit` alone would bring the damage into the working tree.
    return said, f"rm -f {_objects(found, repo)} && dvc commit --force {_targets(found)}"


def _uncached(found: list[Found]) -> tuple[str, str]:
    said = f"Right in the working tree, but not whole in DVC's cache: {_named(found)}."
    return said, f"dvc commit --force {_targets(found)}"


def _right(found: list[Found], remote: bool) -> Condition:
    here = [one for one in found if one.here == "right"]
    away = [one for one in found if one.here == "absent"]
    answer = "dvc pull" if remote else "dvc repro"
    if all(one.cached == "right" for one in away):
        answer = "dvc checkout" if away else ""
    if not here:
        said = f"Not at hand: {_named(away)}."
        return Condition("data", None, said, answer)
    lacks = f" Not at hand: {_named(away)}." if away else ""
    said = f"{count(len(here), 'output')} read, here and in DVC's cache: as dvc.lock records."
    return Condition("data", True, said + lacks, answer)


def _named(found: list[Found]) -> str:
    return listed(few(one.output.path for one in found))


def _paths(found: list[Found]) -> str:
    return _quoted(one.output.path for one in found)


def _targets(found: list[Found]) -> str:
    return _quoted(one.output.pointer or one.output.path for one in found)


def _objects(found: list[Found], repo: Repository) -> str:
    return _quoted(_short(path, repo) for one in found for path in one.damaged)


def _short(path: Path, repo: Repository) -> str:
    """Return a path as it is called from the project; the cache may be elsewhere."""
    inside = path.is_relative_to(repo.project)
    return path.relative_to(repo.project).as_posix() if inside else str(path)


def _quoted(paths: Iterable[str]) -> str:
    return " ".join(shlex.quote(path) for path in dict.fromkeys(paths))
