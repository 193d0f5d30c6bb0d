"""params.yaml for a table that nobody has tried yet: every key, with its comment."""

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..lib.problem import DRAFT
from ..lib.tables.schema import Task
from . import template
from .sizes import Sizes

METRICS: dict[Task, str] = {"binary": "roc_auc", "multiclass": "roc_auc_ovr", "regression": "r2"}
THRESHOLDS: dict[Task, float] = {"binary": 0.9, "multiclass": 0.9, "regression": 0.8}


class Answers(NamedTuple):
    """The brief, as a person answered it or as a draft."""

    gap: str
    why_not_real: str
    metric: str
    threshold: float
    priority: str
    decision: str  # the question of the decision rule that is answered with yes
    proceed_because: str | None


def draft(task: Task) -> Answers:
    """Return a brief that runs, and that `dvc-synth check` asks a person to answer."""
    return Answers(
        gap=f"{DRAFT} say in one sentence what is missing, and for whom.",
        why_not_real=f"{DRAFT} say why more real rows cannot fill it, or not in time.",
        metric=METRICS[task],
        threshold=THRESHOLDS[task],
        priority="utility",
        decision="none_of_these",
        proceed_because=f"{DRAFT} a first look, before anybody has answered the questions above.",
    )


def text(path: str, task: Task, sizes: Sizes, answers: Answers) -> str:
    """Return the text of params.yaml: the repository's own, its values fitted to a table.

    `path` is where the table lies.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.representer.add_representer(type(None), _null)
    params = yaml.load(template.text("params.yaml"))
    params["data"]["path"] = path
    _brief(params["brief"], answers)
    params["freeze"].update({**sizes.slices, "seed": 1, "locked": None})
    params.yaml_set_comment_before_after_key("models", before="\n")  # its last key had it behind
    del params["models"]["boosting_regularised"]
    if task == "regression":
        params["models"].insert(1, "linear", params["models"].pop("logistic"))
    del params["generators"]["gaussian_copula"]
    purpose = "more rows of the same kind"
    params["slices"]["everything"].update({"purpose": purpose, "rows": sizes.batch})
    params["sweep"]["ratios"][:] = sizes.ratios
    params["sweep"]["seeds"] = sizes.seeds
    stream = io.StringIO()
    yaml.dump(params, stream)
    return stream.getvalue()


def _brief(brief: Any, answers: Answers) -> None:
    decision = brief["decision"]
    told: Mapping[str, Any] = answers._asdict()
    brief.update({name: value for name, value in told.items() if name != "decision"})
    for question in decision:
        decision[question] = question == answers.decision


def _null(representer: Any, _: None) -> Any:
    """Write null as a person reads it: ruamel.yaml would leave it out."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")
