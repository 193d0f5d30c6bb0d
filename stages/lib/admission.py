"""Which batches may enter training, and what to try for those that may not."""

from collections.abc import Sequence
from typing import Any

from .base.errors import ParamsError, nearest
from .base.params import Section
from .batches import Batch


class Admit(Section):
    """The section `admit` of params.yaml."""

    exclude: list[str]
    """Batches that no model shall train on, whatever the gates say."""


def decide(every: list[Batch], found: dict[str, Any], exclude: Sequence[str]) -> dict[str, Any]:
    """Admit for each slice the first batch that passed; quarantine those that did not.

    `every` lists the batches in the order of `generators`, simplest first; `found` holds their
    validations. A batch that passed behind the admitted one is `passed`: the sweep shows it
    beside the choice, and the final model is trained on it only where `blend.batches` names it.
    Those in `exclude` are neither: the next that passed stands in for them. Raises ParamsError
    where that names no batch.

    Keys of metrics/admit.json:

    - `admitted`: for each slice the first batch that passed the gates; training takes these
    - `passed`: batches that passed behind an admitted one
    - `quarantined`: batches that did not pass
    - `excluded`: batches named in `admit.exclude`
    - `batches`: for each its `status`, its `slice`, the `reasons` against it, heaviest first, and
      what to `try`
    """
    names = [batch.name for batch in every]
    for name in exclude:
        if name not in names:
            raise ParamsError(
                f"params.yaml: `admit.exclude` {name!r} is no batch; {nearest(name, names)}"
            )
    admitted: dict[str, str] = {}
    told = {}
    for batch in every:
        validation = found[batch.name]
        excluded = batch.name in exclude
        passed = validation["verdict"] == "pass" and not excluded
        first = passed and admitted.setdefault(batch.slice, batch.name) == batch.name
        checks = {check["name"]: check for check in validation["checks"]}
        against = [checks[name] for name in validation["against"]]  # the heaviest first
        by_hand = ["named in `admit.exclude` of params.yaml"] if excluded else []
        status = "admitted" if first else "passed" if passed else "quarantined"
        told[batch.name] = {
            "status": "excluded" if excluded else status,
            "slice": batch.slice,
            "reasons": [*by_hand, *(_reason(check) for check in against)],
            "try": list(dict.fromkeys(check["back_to"] for check in against)),
        }
    others = ("passed", "quarantined", "excluded")
    return {
        "admitted": list(admitted.values()),
        **{one: [name for name, own in told.items() if own["status"] == one] for one in others},
        "batches": told,
    }


def mixed(asked: Sequence[str] | None, decision: dict[str, Any]) -> list[str]:
    """Return the batches to train on: those admitted, or those `asked` for in their place.

    They come in the order of `decision`, however they were asked for. Raises ParamsError where
    one is unknown or did not pass the gates.
    """
    if asked is None:
        return decision["admitted"]
    usable = [*decision["admitted"], *decision["passed"]]
    choices = nearest("", usable) if usable else "no batch may be used"
    for name in asked:
        if name not in decision["batches"]:
            closest = nearest(name, usable) if usable else choices
            raise ParamsError(f"params.yaml: `blend.batches` {name!r} is no batch; {closest}")
        if name in decision["excluded"]:
            raise ParamsError(
                f"params.yaml: `blend.batches` {name!r} is excluded; take it out of "
                f"`admit.exclude`, or of `blend.batches` ({choices})"
            )
        if name not in usable:
            why = decision["batches"][name]["reasons"][:1]
            raise ParamsError(
                f"params.yaml: `blend.batches` {name!r} did not pass the gates"
                f"{''.join(f' ({reason})' for reason in why)}; {choices}"
            )
    return [name for name in decision["batches"] if name in asked]


def _reason(check: dict[str, Any]) -> str:
    return f"{check['reason']} ({check['note']})" if check["note"] else check["reason"]
