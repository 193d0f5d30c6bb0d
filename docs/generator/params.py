"""The page of params.yaml: every section from the model that reads it."""

import inspect
from importlib import import_module
from typing import Any, get_args, get_origin

from stages.lib import learners, scoring
from stages.lib.generators import registry
from stages.scaffold.sections import SECTIONS

from . import fields, markdown

_INTRO = """`params.yaml` holds every decision of a project. `dvc-synth init` writes one that fits
the table; a key without a default must be there. `dvc exp run -S section.key=value` changes one
for one run. A key that is unknown is refused, with the nearest that is known."""

_ENTRIES = "Each entry has a name of your own, and:"

_GATES = """Besides, each gate takes a threshold for each of its measures, the greatest excess
that it allows, or `null`: [measures.md](measures.md)."""

_TASKS = {"binary": "two classes", "multiclass": "more classes", "regression": "a number"}


def page() -> str:
    """Return the page."""
    parts = [_INTRO]
    for section, kind in SECTIONS.items():
        parts += [f"## {section}", *([_ENTRIES] if get_origin(kind) is dict else [])]
        for inside, rows in fields.tables(model(kind)).items():
            parts += [f"### {section}.{inside}"] if inside else []
            parts.append(markdown.table(fields.HEAD, rows))
        parts += _BEHIND[section]() if section in _BEHIND else []
    return markdown.page("params.yaml, key by key", *parts)


def model(kind: Any) -> Any:
    """Return the model of a section, or that of each entry where entries have names."""
    return next((one for one in get_args(kind) if hasattr(one, "model_fields")), kind)


def _metrics() -> list[str]:
    rows = [
        (f"`{name}`", ", ".join(_TASKS[task] for task in tasks))
        for name, (tasks, _) in scoring.METRICS.items()
    ]
    of_class = markdown.listed((f"{name}@<label>" for name in scoring.BY_CLASS), "and")
    intro = (
        "`brief.metric` is one of scikit-learn's scorer names; greater is always better.\n"
        f"{of_class}\nare of one class against the others, as in `recall@'yes'`."
    )
    return [intro, markdown.table(("metric", "for a target of"), rows)]


def _kinds() -> list[str]:
    return [f"`kind` is one of {markdown.listed(learners.KINDS)}."]


def _families() -> list[str]:
    parts = ["`family` is one of these; [generators.md](../generators.md) says how to choose."]
    for name, family in registry.FAMILIES.items():
        build = getattr(import_module(f"stages.lib.generators.{name}"), family.name)
        told = (inspect.getdoc(build) or "").partition("\n\n")[0].replace("\n", " ")
        rows = fields.parameters(build)
        head = ("parameter", "default", "meaning")
        parts += [
            f"### {name}",
            told,
            markdown.table(head, rows) if rows else "It has no parameter.",
        ]
    return parts


_BEHIND = {
    "brief": _metrics,
    "models": _kinds,
    "generators": _families,
    "gates": lambda: [_GATES],
}
