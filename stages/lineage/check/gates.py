"""The gates: every batch was judged, and nothing learns from one that did not pass."""

from ...lib.words import count, listed
from .. import asked
from ..terminal import few
from .condition import Condition
from .ground import Ground

_RECORD = "metrics/admit.json"
_STATUSES = ("admitted", "passed", "quarantined", "excluded")


def look(ground: Ground) -> list[Condition]:
    """Read the verdicts on the batches; that none was admitted is a result, and told."""
    told = ground.at.record(_RECORD)
    admitted, passed, quarantined, excluded = (_names(told.get(key)) for key in _STATUSES)
    if not told:
        return [Condition("gates", None, "No batch was judged yet.", "dvc repro admit")]
    behind = [one for one in asked.upstream(ground.wanted, "admit") if one in ground.stale]
    if behind:
        causes = dict.fromkeys(cause.what for name in behind for cause in ground.stale[name])
        said = f"{listed(few(causes))} changed since batches were judged."
        return [Condition("gates", None, said, "dvc repro admit")]
    used = _names(ground.at.record("metrics/blend.json").get("batches"))
    strange = [batch for batch in used if batch not in (*admitted, *passed)]
    if strange:
        said = f"The final model learned from {listed(few(strange))}, which did not pass."
        return [Condition("gates", False, said, "dvc repro")]
    others = [
        *([f"{listed(few(passed))} passed too"] if passed else []),
        *([f"{count(len(quarantined), 'batch')} did not"] if quarantined else []),
        *([f"{count(len(excluded), 'batch')} excluded in params.yaml"] if excluded else []),
    ]
    if not admitted:
        said = (
            f"No batch was admitted{_behind(others)}. That is a result: the final model learns "
            "from real rows alone, and HANDOFF.md says what to try."
        )
        return [Condition("gates", True, said, "")]
    said = f"{listed(few(admitted))} admitted{_behind(others)}."
    return [Condition("gates", True, said, "")]


def _behind(others: list[str]) -> str:
    return f" ({listed(others)})" if others else ""


def _names(found: object) -> list[str]:
    return [str(one) for one in found] if isinstance(found, list) else []
