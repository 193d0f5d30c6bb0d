"""Stage validate: one batch against the gates of fidelity, utility and privacy."""

import sys

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
import numpy as np

from .lib import (
    condition,
    fidelity,
    files,
    gates,
    holdout,
    params,
    privacy,
    provenance,
    runs,
    schema,
    utility,
)
from .lib.errors import run
from .lib.gates import Check, Gates
from .lib.holdout import Lock
from .lib.learners import Learners

SEED = 0  # of the subsamples that statistics are taken on


def main() -> None:
    """Write metrics/validate/<batch>.json and data/validation/<batch>/, its tables."""
    name = sys.argv[1]
    limits = params.load("gates", Gates)
    declared = schema.load("data/schema.yaml")
    batch, record = provenance.read(f"data/synthetic/{name}.parquet")
    batch = batch[declared.modelled]
    train, tune = (
        files.read_parquet(f"data/{part}.parquet")[declared.modelled] for part in ("train", "tune")
    )
    held = holdout.read(params.load("freeze.locked", Lock | None))[declared.modelled]
    unseen = holdout.deciding(tune, held)

    asked = record["slice"].get("where")
    where = condition.parse(asked) if asked else None
    real = {"train": train, "tune": unseen, "holdout": held}
    about = {part: condition.keep(frame, where) for part, frame in real.items()}
    rng = np.random.default_rng(SEED)
    likeness = fidelity.compare(batch, about["train"], about["tune"], declared, rng)
    taxes = utility.compare(
        batch,
        train,
        {"tune": unseen, "holdout": held},
        declared,
        params.load("models", Learners),
        params.load("brief.metric", str),
        within=condition.holds(where, train),
        seeds=params.load("sweep.seeds", int),
    )
    copied = {
        part: privacy.copies(batch, train, real)
        for part, real in (("tune", unseen), ("holdout", held))
    }
    closeness = privacy.closeness(batch, train, held, declared, np.random.default_rng(SEED))
    checks = _checks(likeness, taxes["tune"], copied["tune"], limits)
    admitted = gates.admits(checks, limits)
    told = {check.name: gates.told(check) for check in checks}

    files.write_json(
        {
            "batch": name,
            "sha256": record["sha256"],
            "verdict": "pass" if admitted else "fail",
            "decided_on": holdout.decided_on(tune),
            "rows_of_slice": {part: len(rows) for part, rows in about.items()},
            "fidelity": {key: told[key] for key in ("marginals", "associations", "coverage")},
            "utility": {
                "tax": told["tax"],
                "by_model": {key: runs.told(tax) for key, tax in taxes["tune"].by_model.items()},
                "on_holdout": runs.told(taxes["holdout"].tax),
            },
            "privacy": {
                "copies": told["copies"],
                "rows": len(batch),
                "copies_of_train": copied["tune"].train,
                "copies_by_chance": privacy.by_chance(copied["holdout"]),
                "copies_beyond_holdout": runs.told(copied["holdout"].excess),
                "nearer_to_train_than_to_holdout": runs.told(closeness.share),
            },
        },
        f"metrics/validate/{name}.json",
    )
    for table, found in (
        ("columns", likeness.columns),
        ("pairs", likeness.pairs),
        ("distances", closeness.quantiles),
    ):
        files.write_csv(found.assign(batch=name), f"data/validation/{name}/{table}.csv")
    for check in checks:
        print(f"{gates.judge(check):>12}  {told[check.name]['reason']}")


def _checks(
    likeness: fidelity.Fidelity, tax: utility.Tax, copied: privacy.Copies, limits: Gates
) -> list[Check]:
    excess = likeness.excess
    found = [
        Check(key, likeness.value[key], likeness.ceiling[key], excess[key], threshold)
        for key, threshold in limits.fidelity
    ]
    found.append(Check("tax", tax.tstr, tax.trtr, tax.tax, limits.utility.tax))
    rate, chance = copied.train / copied.of, privacy.by_chance(copied) / copied.of
    return [*found, Check("copies", rate, chance, copied.excess, limits.privacy.copies)]


if __name__ == "__main__":
    run(main)
