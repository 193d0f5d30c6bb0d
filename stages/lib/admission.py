"""Which batches may enter training, and what to try for those that may not."""

from typing import Any

import numpy as np

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
        failed = [] if passed else _failed(validation)
        told[batch.name] = {
            "status": "admitted" if first else "passed" if passed else "quarantined",
            "slice": batch.slice,
            "reasons": [check["reason"] for check in failed],
            "try": list(dict.fromkeys(check["back_to"] for check in failed)),
        }
    return {
        "admitted": list(admitted.values()),
        "passed": [name for name, one in told.items() if one["status"] == "passed"],
        "quarantined": [name for name, one in told.items() if one["status"] == "quarantined"],
        "batches": told,
    }


def _failed(validation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the checks that did not pass, the one farthest above its threshold first."""
    checks = [*validation["fidelity"].values(), validation["utility"]["tax"]]
    checks.append(validation["privacy"]["copies"])
    failing = [check for check in checks if check["verdict"] != "pass"]
    # Without an excess there is nothing to order by: what could not be computed comes first.
    return sorted(
        failing,
        key=lambda check: (
            -np.inf if check["excess"] is None else check["threshold"] - check["excess"]
        ),
    )
