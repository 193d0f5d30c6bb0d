"""The questions of the brief, put to a person."""

from collections.abc import Callable

from ..lib import scoring
from ..lib.base.errors import ParamsError
from ..lib.problem import COLLECT, DRAFT, ROUTES, Brief, Decision
from .parameters import Answers
from .plan import Plan

Ask = Callable[[str, str], str]


def hold(ask: Ask, drafted: Answers, found: Plan) -> Answers:
    """Return a person's answers to the brief; an empty one keeps what was drafted.

    `ask` puts a question, with its default, and returns the answer. Raises ParamsError where an
    answer does not do.
    """
    gap = ask(_question(Brief, "gap"), "") or drafted.gap
    why = ask(_question(Brief, "why_not_real"), "") or drafted.why_not_real
    metric = ask(_question(Brief, "metric"), drafted.metric)
    scoring.check(metric, found.task, list(found.classes))
    threshold = _number(ask(_question(Brief, "threshold"), str(drafted.threshold)))
    priority = _choice(
        ask(f"{_question(Brief, 'priority')} (fidelity, privacy, utility)", drafted.priority),
        ("fidelity", "privacy", "utility"),
    )
    decision = next(
        (name for name in ROUTES if _yes(ask(f"{_question(Decision, name)} (yes, no)", "no"))),
        "none_of_these",
    )
    because = None
    if decision == "none_of_these":
        said = ask(f"Then the rule says: {COLLECT}. Why go on all the same?", "")
        because = said or f"{DRAFT} say why to go on."
    return Answers(gap, why, metric, threshold, priority, decision, because)


def _question(section: type, name: str) -> str:
    return str(section.model_fields[name].description)  # type: ignore[attr-defined]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ParamsError(f"the threshold must be a number, got {text!r}") from None


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ParamsError(f"{text!r} is none of {', '.join(choices)}")
    return text


def _yes(text: str) -> bool:
    return _choice(text.lower(), ("yes", "no", "y", "n")) in ("yes", "y")
