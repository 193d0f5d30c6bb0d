"""The problem statement: what is missing, why real data cannot fill it, and what would do."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StringConstraints, model_validator

from .base.params import Section


def _answered(value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("this question is unanswered; answer it")
    return value


Answer = Annotated[
    str, BeforeValidator(_answered), StringConstraints(strip_whitespace=True, min_length=1)
]
YesNo = Annotated[bool, BeforeValidator(_answered)]

COLLECT = "collect more real data"
DRAFT = "TODO:"  # how an answer begins that `dvc-synth init` wrote and nobody has replaced


class Decision(Section):
    """The decision rule's five questions, in the order in which a yes decides."""

    real_data_inaccessible: YesNo
    """Real rows may not be used, or cannot be had."""
    labelling_is_bottleneck: YesNo
    """There are rows enough, and labels are what is dear."""
    only_rare_class_missing: YesNo
    """Real rows are enough but for one rare class or case."""
    slightly_underfit_on_abundant_data: YesNo
    """There are many real rows, and the model does not learn all of what they hold."""
    none_of_these: YesNo
    """None of the four: the rule then says to collect more real data."""

    @model_validator(mode="after")
    def _one_way(self) -> "Decision":
        reasons = [getattr(self, name) for name in ROUTES]
        if any(reasons) == self.none_of_these:
            raise ValueError("answer yes to `none_of_these` or to a question above it, not both")
        return self


ROUTES = {
    "real_data_inaccessible": "synthetic or simulated data",
    "labelling_is_bottleneck": "synthetic data with free labels",
    "only_rare_class_missing": "targeted synthesis for the class",
    "slightly_underfit_on_abundant_data": "augmentation of real rows",
}


class Brief(Section):
    """The section `brief` of params.yaml; every question must be answered."""

    gap: Answer
    """What is missing, in one sentence."""
    why_not_real: Answer
    """Why real rows cannot fill the gap."""
    metric: Answer
    """What models are scored by: a name from the list below."""
    threshold: Annotated[float, BeforeValidator(_answered)]
    """What the metric must reach on the holdout for the model to be of use."""
    priority: Annotated[Literal["fidelity", "privacy", "utility"], BeforeValidator(_answered)]
    """Which of the three gates' defaults are strict, and whose reasons are told first."""
    decision: Decision
    """The decision rule's five questions."""
    proceed_because: str | None = None
    """Why to go on where the rule says to collect more real data."""

    @model_validator(mode="after")
    def _against_the_rule(self) -> "Brief":
        if route(self) == COLLECT and not (self.proceed_because or "").strip():
            raise ValueError(
                f"the decision rule says: {COLLECT}; to go on all the same, "
                "say why in `brief.proceed_because`"
            )
        return self


def drafts(brief: Brief) -> list[str]:
    """Return the dotted keys of the answers that are still drafts of `dvc-synth init`."""
    answers = brief.model_dump()
    return [f"brief.{name}" for name, told in answers.items() if str(told).startswith(DRAFT)]


def route(brief: Brief) -> str:
    """Return what the decision rule recommends."""
    yes = (path for name, path in ROUTES.items() if getattr(brief.decision, name))
    return next(yes, COLLECT)
