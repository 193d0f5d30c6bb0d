"""Which batches may enter training, and what to try for those that may not."""

from typing import Any

from .batches import Batch


def decide(every: list[Batch], found: dict[str, Any], previews: dict[str, Any]) -> dict[str, Any]:
    """Admit for each slice the first batch that passed; quarantine those that did not.

    `every` lists the batches in the order of `generators`, simplest first; `found` holds their
    validations, and `previews` what was found on the page for a person: both must pass. A batch
    that passed behind the admitted one is `passed`: the sweep shows it beside the choice and
    never trains the final model on it.
    """
    admitted: dict[str, str] = {}
    told = {}
    for batch in every:
        validation = found[batch.name]
        failed = [*_broken(batch, previews[batch.name]), *_failed(validation)]
        passed = validation["verdict"] == "pass" and previews[batch.name]["verdict"] == "pass"
        first = passed and admitted.setdefault(batch.slice, batch.name) == batch.name
        failed = [] if passed else failed
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


def _broken(batch: Batch, preview: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the preview's findings as a reason, if it failed."""
    if preview["verdict"] == "pass":
        return []
    findings = [
        f"{preview['repeated_rows']} of {preview['rows']} rows repeated",
        f"constant columns: {', '.join(preview['constant_columns']) or 'none'}",
        f"columns with impossible values: {', '.join(preview['impossible_cells']) or 'none'}",
    ]
    reason = f"the preview failed ({'; '.join(findings)})"
    return [{"reason": reason, "back_to": f"preview: read data/preview/{batch.name}.csv"}]


def _failed(validation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the checks that did not pass, the one farthest above its threshold first."""
    checks = [*validation["fidelity"].values(), validation["utility"]["tax"]]
    checks.append(validation["privacy"]["copies"])
    failing = [check for check in checks if check["verdict"] != "pass"]
    return sorted(failing, key=lambda check: check["threshold"] - check["excess"])
