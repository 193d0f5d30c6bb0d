"""The page of params.yaml: every section from the model that reads it."""

import inspect
from importlib import import_module

from stages.ingest import Data
from stages.lib import learners, scoring
from stages.lib.admission import Admit
from stages.lib.batches import Slice
from stages.lib.blend import Blend
from stages.lib.drift.comparison import Monitor
from stages.lib.generators import registry
from stages.lib.holdout import Freeze
from stages.lib.ledger import Privacy
from stages.lib.preview import Preview
from stages.lib.problem import Brief
from stages.lib.production import Generate
from stages.lib.returns import Ingest
from stages.lib.sweep import Sweep
from stages.lib.thresholds import Gates
from stages.lib.triggers import Triggers
from stages.lib.verify import Verify

from . import fields, markdown

SECTIONS = {  # in the order of params.yaml; `<name>.` where the section holds entries by name
    "data": Data,
    "brief": Brief,
    "ingest": Ingest,
    "freeze": Freeze,
    "models.<name>": learners.Learner,
    "generators.<name>": registry.Spec,
    "privacy": Privacy,
    "slices.<name>": Slice,
    "preview": Preview,
    "generate": Generate,
    "verify": Verify,
    "gates": Gates,
    "admit": Admit,
    "sweep": Sweep,
    "blend": Blend,
    "monitor": Monitor,
    "triggers": Triggers,
}

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
    for name, model in SECTIONS.items():
        section, _, entry = name.partition(".")
        parts += [f"## {section}", *([_ENTRIES] if entry else [])]
        for inside, rows in fields.tables(model).items():
            parts += [f"### {section}.{inside}"] if inside else []
            parts.append(markdown.table(fields.HEAD, rows))
        parts += _BEHIND[section]() if section in _BEHIND else []
    return markdown.page("params.yaml, key by key", *parts)


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
