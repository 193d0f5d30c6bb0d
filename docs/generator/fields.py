"""The fields of a model or dataclass: what each takes, its default, and what it means."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from pydantic import TypeAdapter

HEAD = ("key", "takes", "default", "meaning")
NEEDED = "–"

_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
}
_KINDS = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "`true` or `false`",
    "null": "`null`",
    "object": "keys and values",
}


class Row(NamedTuple):
    """A line of a table."""

    key: str
    takes: str
    default: str
    meaning: str


def tables(model: Any) -> dict[str, list[Row]]:
    """Return the keys of a pydantic model under "", and those of models inside under their keys."""
    told = TypeAdapter(model).json_schema()
    return dict(_tables(told, told.get("$defs", {}), ""))


def _tables(
    told: dict[str, Any], models: dict[str, Any], name: str
) -> Iterator[tuple[str, list[Row]]]:
    rows, below = [], []
    needed = told.get("required", [])
    for key, field in told["properties"].items():
        inner = [one["$ref"] for one in [field, *field.get("anyOf", [])] if "$ref" in one]
        default = _code({} if inner and "anyOf" not in field else field.get("default"))
        default = NEEDED if key in needed else default
        rows.append(Row(f"`{key}`", takes(field, models), default, field["description"]))
        below += [(f"{name}.{key}".lstrip("."), one.rpartition("/")[2]) for one in inner]
    yield name, rows
    for key, one in below:
        yield from _tables(models[one], models, key)


def takes(field: dict[str, Any], models: dict[str, Any]) -> str:
    """Say what a JSON schema allows, as in "whole number, at least 1"."""
    if "$ref" in field:
        return "the keys below"
    if "anyOf" in field:
        return " or ".join(takes(one, models) for one in field["anyOf"])
    choices = field.get("enum", [field["const"]] if "const" in field else [])
    if choices:
        return ", ".join(f"`{one}`" for one in choices)
    if "pattern" in field:
        return "a name" if "A-Z" in field["pattern"] else "64 hexadecimal digits"
    if field["type"] == "array":
        of, *bounds = takes(field["items"], models).split(", ")
        return ", ".join([f"list of {of.removeprefix('a ')}s", *bounds])
    bounds = [said.format(_number(field[key])) for key, said in _BOUNDS.items() if key in field]
    return ", ".join([_KINDS[field["type"]], *bounds])


def parameters(family: type) -> list[tuple[str, str, str]]:
    """Return a dataclass's parameters: name, default, and meaning."""
    own = {}
    for one in reversed(family.__mro__[:-1]):
        own |= below(one)
    found = []
    for field in fields(family):
        if not field.init:
            continue
        default = NEEDED
        if field.default is not MISSING:
            default = _code(field.default)
        elif field.default_factory is not MISSING:
            default = _code(field.default_factory())
        found.append((f"`{field.name}`", default, own[field.name]))
    return found


def below(model: type) -> dict[str, str]:
    """Return what stands as a string below each field of a class."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id: inspect.cleandoc(told.value.value)
        for field, told in zip(body, body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(told, ast.Expr)
        and isinstance(told.value, ast.Constant)
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _code(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"
