"""Which batches may enter training, and what to try for those that may not."""

from typing import Any

from .batches import Batch


def decide(every: list[Batch], found: dict[str, Any]) -> dict[str, Any]:
    """Admit for each slice the first batch that passed; quarantine those that did not.

    `every` lists the batches in the order of `generators`, simplest first; `found` holds their
    validations. A batch that passed behind the admitted one is `passed`: the sweep shows it
    beside the choice and never trains the final model on it.
    """
    admitted: dict[str, str] = {}
    told = {}
    for batch in every:
        validation = found[batch.name]
        passed = validation["verdict"] == "pass"
        first = passed and admitted.setdefault(batch.slice, batch.name) == batch.name
        checks = {check["name"]: check for check in validation["checks"]}
        against = [checks[name] for name in validation["against"]]  # the heaviest first
        told[batch.name] = {
            "status": "admitted" if first else "passed" if passed else "quarantined",
            "slice": batch.slice,
            "reasons": [_reason(check) for check in against],
            "try": list(dict.fromkeys(check["back_to"] for check in against)),
        }
    return {
        "admitted": list(admitted.values()),
        "passed": [name for name, one in told.items() if one["status"] == "passed"],
        "quarantined": [name for name, one in told.items() if one["status"] == "quarantined"],
        "batches": told,
    }


def _reason(check: dict[str, Any]) -> str:
    return f"{check['reason']} ({check['note']})" if check["note"] else check["reason"]
