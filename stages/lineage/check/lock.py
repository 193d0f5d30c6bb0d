"""The lock: the rows that results are reported on stay the same."""

from .. import parameters
from .condition import Condition
from .ground import Ground

_RECORD = "metrics/freeze.json"
_KEYS = ("who", "why", "sha256")


def look(ground: Ground) -> list[Condition]:
    """Compare `freeze.locked` with the holdout that stage freeze carved."""
    at = ground.at
    carved = parameters.text(parameters.at(at.record(_RECORD), "slices.holdout.sha256"))
    locked = parameters.at(at.params, "freeze.locked")
    if locked is None and carved is None:
        said = "The holdout is neither carved nor locked."
        return [Condition("lock", False, said, "dvc repro freeze")]
    if locked is None:
        said = "The holdout is not locked: another one may take its place unseen."
        return [Condition("lock", False, said, "dvc-synth lock")]
    who, why, sha256 = (parameters.at(at.params, f"freeze.locked.{key}") for key in _KEYS)
    if not all(isinstance(one, str) for one in (who, why, sha256)):
        said = "`freeze.locked` in params.yaml is no lock: who, why and sha256 are needed."
        return [Condition("lock", False, said, "dvc repro freeze")]
    if carved is None:
        said = f"{who} locked a holdout ({why}), and none is carved yet."
        return [Condition("lock", None, said, "dvc repro freeze")]
    if sha256 != carved:
        said = f"{who} locked a holdout ({why}), and {_RECORD} is of another one."
        return [Condition("lock", False, said, "dvc repro freeze")]
    return [Condition("lock", True, f"{who} locked the holdout: {why}.", "")]
