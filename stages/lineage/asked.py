"""What dvc.yaml and params.yaml ask for: the stages, each with what it reads and writes."""

import io
import posixpath
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from ..lib.base.errors import LineageError
from .snapshot import Snapshot


class Asked(NamedTuple):
    """A stage as dvc.yaml declares it, its templates filled in from params.yaml."""

    command: str
    deps: list[str]  # paths
    params: list[str]  # dotted keys of params.yaml
    outs: dict[str, bool]  # whether DVC's cache holds it, by path; git holds the others


def stages(at: Snapshot) -> dict[str, Asked]:
    """Return the stages by name (`fit@cart`), in dvc.yaml's order.

    DVC's own resolver fills in `${...}`, foreach and matrix. Raises LineageError where dvc.yaml is
    not there, or does not resolve.
    """
    from dvc.exceptions import DvcException
    from dvc.parsing import DataResolver

    declared = at.yaml("dvc.yaml")
    if not isinstance(declared, dict):
        raise LineageError(f"dvc.yaml at {at.name}: not there, or empty; no stage is declared")
    held = SimpleNamespace(
        relpath=posixpath.relpath,
        normpath=posixpath.normpath,
        join=posixpath.join,
        suffix=lambda path: posixpath.splitext(path)[1],
        exists=lambda path: at.read(path) is not None,
        isdir=lambda path: False,
        open=lambda path, *_, **__: io.StringIO(at.text(path)),
    )
    try:
        resolver = DataResolver(SimpleNamespace(fs=held, config={}), "", declared)
        return {name: _stage(resolver.resolve_one(name)[name]) for name in resolver.get_keys()}
    except (DvcException, LookupError, AttributeError, TypeError, ValueError) as error:
        # The resolver does not check what it is given; `dvc status` would say more.
        raise LineageError(
            f"dvc.yaml at {at.name} does not resolve with its params.yaml: {error}"
        ) from None


def upstream(wanted: Mapping[str, Asked], name: str) -> list[str]:
    """Return a stage and all that it is made from, in the pipeline's order; none of no stage."""
    found, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one in wanted and one not in found:
            found.add(one)
            waiting += [maker for maker in wanted if _feeds(wanted[maker].outs, wanted[one].deps)]
    return [one for one in wanted if one in found]


def _feeds(outs: Mapping[str, bool], deps: Iterable[str]) -> bool:
    read = [f"{path}/" for path in deps]
    made = [f"{path}/" for path in outs]
    return any(one.startswith(other) or other.startswith(one) for one in made for other in read)


def _stage(resolved: dict[str, Any]) -> Asked:
    outs = [one for kind in ("outs", "metrics", "plots") for one in resolved.get(kind) or []]
    return Asked(
        command=resolved.get("cmd", ""),
        deps=[_named(one)[0] for one in resolved.get("deps") or []],
        params=[one for one in resolved.get("params") or [] if isinstance(one, str)],
        outs={path: options.get("cache", True) for path, options in map(_named, outs)},
    )


def _named(one: Any) -> tuple[str, dict[str, Any]]:
    """Return a path and its options, of an entry that is a path or a dict with one."""
    if isinstance(one, str):
        return one, {}
    path, options = list(one.items())[0]
    return str(path), options or {}
