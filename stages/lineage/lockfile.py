"""dvc.lock: by which bytes and parameters each stage's outputs were made."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml


class Entry(NamedTuple):
    """A stage as it last ran; hashes are DVC's, MD5 in hexadecimal, a folder's end in `.dir`."""

    command: str
    deps: dict[str, str]  # hash by path
    params: dict[str, Any]  # value by dotted key of params.yaml
    outs: dict[str, str]  # hash by path


def parse(text: str | None) -> dict[str, Entry]:
    """Return the entries of a dvc.lock by stage (`fit@cart`), in their order; none of no file.

    Raises ValueError where that is YAML, but no dvc.lock.
    """
    if not text:
        return {}
    found = load(text)
    try:
        return {str(name): _entry(stage) for name, stage in (found.get("stages") or {}).items()}
    except (AttributeError, KeyError, TypeError):
        raise ValueError("not as DVC writes it; `dvc repro` makes it anew") from None


def load(text: str) -> Any:
    """Return what YAML holds, by libyaml where PyYAML has it: dvc.lock is long.

    Raises YAMLError or ValueError where it holds nothing that can be read.
    """
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError) as error:
        # PyYAML does not check what a tag such as !!int stands before.
        raise ValueError(f"no YAML that can be read ({type(error).__name__})") from None


def makers(lock: Mapping[str, Entry]) -> dict[str, str]:
    """Return for each output's path the stage that made it."""
    return {path: name for name, entry in lock.items() for path in entry.outs}


def _entry(stage: dict[str, Any]) -> Entry:
    by_file = stage.get("params", {})
    return Entry(
        command=stage.get("cmd", ""),
        deps={str(one["path"]): str(one.get("md5", "")) for one in stage.get("deps", [])},
        params={key: value for values in by_file.values() for key, value in values.items()},
        outs={str(one["path"]): str(one.get("md5", "")) for one in stage.get("outs", [])},
    )
