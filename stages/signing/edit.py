"""A value in a YAML text, replaced without touching another byte: comments are a person's."""

from collections.abc import Mapping
from typing import Any

import yaml

from ..lib.base.errors import ParamsError
from ..lineage import parameters

Value = Mapping[str, str] | None  # what is set here: a few texts by name, or null


def put(text: str, key: str, value: Value) -> str:
    """Return a YAML text in which the value of a dotted key is another one.

    A key that is not there becomes the last of its section, which must be there. Comments keep
    their columns; those inside of a value that is replaced go with it. Raises ParamsError where the
    text is not laid out so that this can be done, and says what to write by hand.
    """
    section, _, last = key.rpartition(".")
    try:
        changed = _changed(text, section.split("."), last, value)
        if _only(key, value, text, changed):
            return changed
    except (ValueError, yaml.YAMLError):
        pass
    raise ParamsError(
        f"params.yaml is laid out so that `{key}` cannot be set from here; set it yourself:\n"
        f"  {last}: {_flow(value)}"
    )


def _only(key: str, value: Value, before: str, after: str) -> bool:
    """Return whether a key has its value, and no other changed: an alias may carry it further."""
    told = yaml.safe_load(after)
    found = parameters.changed(yaml.safe_load(before), told)
    others = [one for one in found if one.key != key and not one.key.startswith(f"{key}.")]
    return parameters.at(told, key) == value and not others


def _changed(text: str, section: list[str], last: str, value: Value) -> str:
    root = yaml.compose(text, yaml.SafeLoader)
    depth, parent = 0, root
    for part in section:
        depth = _found(parent, part)[0].start_mark.column
        parent = _found(parent, part)[1]
    if not isinstance(parent, yaml.MappingNode) or not parent.value:
        raise ValueError("no section")
    newline = "\r\n" if "\r\n" in text else "\n"
    inner = parent.value[0][0].start_mark.column
    step = " " * (inner - depth if inner > depth else 2)
    indent = " " * inner
    block = [] if value is None else [f"{indent}{step}{line}" for line in _block(value)]
    pair = next((one for one in parent.value if one[0].value == last), None)
    if pair is None:
        end = _end(text, parent.value[-1][1])
        if parent.flow_style:
            return f"{text[:end]}, {last}: {_flow(value)}{text[end:]}"
        lines = [f"{indent}{last}:{'' if block else ' null'}", *block]
        return _inserted(text, end, lines, newline)

    start, end = pair[0].end_mark.index + 1, _end(text, pair[1])  # from behind the colon
    if parent.flow_style:
        return f"{text[:start]} {_flow(value)}{text[end:]}"
    # What stands behind the colon, up to the value or the line's end, is a comment if anything.
    first, broken, _ = text[start:end].partition("\n")
    nested = bool(broken) and not first.strip().partition("#")[0]
    comment = first.rstrip("\r") if nested else ""
    rest = text[end : _line_end(text, end)]
    if not block:
        padding = comment.removeprefix("     ") if comment.startswith("      ") else comment
        return f"{text[:start]} null{padding}{text[end:]}"
    if nested:
        head = f"{text[:start]}{comment}"
    elif rest.strip():
        head = f"{text[:start]}{' ' * (end - start)}{rest}"
    else:
        head = text[:start]
    return newline.join([head, *block]) + (text[end:] if nested else text[_line_end(text, end) :])


def _found(node: Any, key: str) -> tuple[Any, Any]:
    """Return the nodes of a key and its value; raises ValueError where it is not there once."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    (pair,) = [pair for pair in pairs if pair[0].value == key]
    return pair


def _end(text: str, node: Any) -> int:
    """Return where the last letter of a value ends; PyYAML ends a block at the next one's start."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return len(text[: node.end_mark.index].rstrip())


def _line_end(text: str, place: int) -> int:
    """Return the end of the line that `place` is on, without what breaks it."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end - text[place:end].endswith("\r")


def _inserted(text: str, place: int, lines: list[str], newline: str) -> str:
    end = _line_end(text, place)
    return newline.join([text[:end], *lines]) + text[end:]


def _block(value: Mapping[str, str]) -> list[str]:
    return yaml.safe_dump(
        dict(value), sort_keys=False, allow_unicode=True, width=10**6
    ).splitlines()  # fmt: skip


def _flow(value: Value) -> str:
    if value is None:
        return "null"
    return yaml.safe_dump(
        dict(value), sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True
    ).strip()  # fmt: skip
