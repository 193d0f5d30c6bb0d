"""The page of the files in metrics/, from the docstrings of the functions that write them.

Such a docstring has a line "Keys of metrics/<file>:" (or "Columns of …"), and below it an item for
each key. A list of records has its own, behind a comma: "Keys of metrics/sweep.json, comparisons:".
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from . import markdown

ROOT = Path(__file__).resolve().parents[2]

_HEADING = re.compile(r"(Keys|Columns) of (metrics/\S+\.(?:json|csv))(?:, (.+))?:")
_ITEM = re.compile(r"- ((?:`\w+`(?:, )?)+): (.+)", re.DOTALL)

_INTRO = """What each stage writes into `metrics/`, which git holds. In JSON, single values come
first: `dvc metrics show`, `dvc metrics diff` and `dvc exp show` tell them, and leave lists out.
Scores are on the scale of `brief.metric`; greater is better. Names that end in `_lower` and
`_upper` are the ends of a 95 % interval. `null` is what could not be told."""

_BEHIND = """[validation.md](../validation.md) says how to read a validation,
[sweep.md](../sweep.md) the sweep and the final model, and [monitoring.md](../monitoring.md)
drift. `metrics/batches.idx`, which `admit` writes, is explained in [collapse.md](../collapse.md);
`metrics/sweep.svg` is the picture in `HANDOFF.md`."""


class Record(NamedTuple):
    """What one docstring says of a file."""

    file: str
    part: str | None  # the list in the file whose records these are, or what its lines are of
    columns: bool
    keys: list[tuple[list[str], str]]  # those that are told together, and their meaning
    names: set[str]  # keys that the function itself spells out


def page() -> str:
    """Return the page, stage by stage in the order of dvc.yaml."""
    found = list(records())
    parts = [_INTRO, _BEHIND]
    for stage, files in outs().items():
        told = [one for file in files for one in found if one.file == file]
        told.sort(key=lambda one: (files.index(one.file), one.part or ""))
        parts += [f"## {stage}"] if told else []
        for one in told:
            part = one.part if one.columns else f"`{one.part}`"
            parts.append(f"### `{one.file}`" + (f", {part}" if one.part else ""))
            rows = [(markdown.listed(names, "and"), meaning) for names, meaning in one.keys]
            parts.append(
                markdown.table(("column" if one.columns else "key", "what it holds"), rows)
            )
    return markdown.page("The files in metrics/, key by key", *parts)


def outs() -> dict[str, list[str]]:
    """Return the files in metrics/ that each stage writes, as dvc.yaml has them."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    found = {}
    for name, stage in stages.items():
        key = "<batch>" if "matrix" in stage else "<generator>"
        own = stage.get("do", stage)
        paths = [path for kind in ("metrics", "plots") for one in own.get(kind, []) for path in one]
        found[name] = [path.replace("${key}", key) for path in paths]
    return found


def records() -> Iterator[Record]:
    """Yield what the docstrings of all functions in stages/ say of files."""
    for path in sorted((ROOT / "stages").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                yield from _told(function)


def _told(function: ast.FunctionDef) -> Iterator[Record]:
    paragraphs = inspect.cleandoc(ast.get_docstring(function) or "").split("\n\n")
    for heading, items in zip(paragraphs, paragraphs[1:], strict=False):
        found = _HEADING.fullmatch(heading)
        if found:
            keys = [_item(item) for item in re.split(r"\n(?=- )", items)]
            yield Record(found[2], found[3], found[1] == "Columns", keys, _spelt(function))


def _item(text: str) -> tuple[list[str], str]:
    found = _ITEM.fullmatch(text)
    if not found:
        raise ValueError(f'no item of the form "- `key`: meaning": {text}')
    return re.findall(r"`(\w+)`", found[1]), re.sub(r"\s+", " ", found[2])


def _spelt(function: ast.FunctionDef) -> set[str]:
    """Return the keys of the dictionaries that the function itself writes out."""
    outer = [one for one in ast.walk(function) if isinstance(one, ast.Dict)]
    inner = {one for each in outer for value in each.values for one in ast.walk(value)}
    return {
        key.value
        for one in outer
        if one not in inner
        for key in one.keys
        if isinstance(key, ast.Constant)
    }
