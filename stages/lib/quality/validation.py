"""A validation: one batch asked everything, and the record of the answers.

metrics/validate/<batch>.json holds the record; docs/validation.md says how to read it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed

from ..learners import Learners
from ..measure import Findings
from ..tables import condition, table
from ..tables.condition import Condition
from ..tables.schema import Schema
from . import gates, utility
from .fidelity import comparison
from .gates import Check
from .privacy import attacks
from .thresholds import Rules

# What `dvc metrics show` and `dvc metrics diff` tell of a batch, as excess over real rows.
HEADLINES = ("marginals", "associations", "discriminator", "tax", "copies", "membership")


class Real(NamedTuple):
    """The slices of the real table that a batch is held against."""

    train: pd.DataFrame
    tune: pd.DataFrame  # what is decided on
    holdout: pd.DataFrame
    pool: pd.DataFrame


def examine(
    batch: pd.DataFrame,
    real: Real,
    schema: Schema,
    *,
    where: Condition | None,
    slices: Mapping[str, Condition],
    models: Learners,
    metric: str,
    seeds: int,
    promise: dict[str, Any] | None,
    seed: int,
) -> dict[str, list[Findings]]:
    """Return what is found of a batch with `tune`, and what of it is reported on the holdout.

    `where` is what the rows of the batch meet, `slices` the conditions that utility is told by.
    Fidelity and privacy are found at once in processes of their own, which changes no number.
    """
    about = [condition.keep(frame, where) for frame in (real.train, real.tune)]
    rngs = np.random.default_rng(seed).spawn(2)
    jobs = [
        delayed(comparison.compare)(batch, *about, schema, rngs[0]),
        delayed(attacks.attack)(
            batch, real.train, real.tune, real.pool, schema,
            where=where, promise=promise, rng=rngs[1],
        ),
    ]  # fmt: skip
    likeness, leaks = Parallel(min(cpu_count(), len(jobs)))(jobs)
    taxes = utility.compare(
        batch,
        real.train,
        {"tune": real.tune, "holdout": real.holdout},
        schema,
        models,
        metric,
        within=condition.holds(where, real.train),
        slices=slices,
        seeds=seeds,
    )
    by_class = table.below([taxes[name].tables["classes"] for name in ("tune", "holdout")])
    useful = taxes["tune"]._replace(tables={"classes": by_class})
    copied = attacks.copied(batch, real.train, real.holdout)
    return {"tune": [likeness, useful, leaks], "holdout": [taxes["holdout"], copied]}


def record(
    found: Mapping[str, list[Findings]], held: Rules, rows: Mapping[str, int], *, decided_on: str
) -> dict[str, Any]:
    """Return the record: the verdict and few numbers first, then everything in lists.

    DVC tells the numbers of dictionaries and leaves lists out.

    Keys of metrics/validate/<batch>.json:

    - `batch`: `<generator>-<slice>`
    - `verdict`: pass or fail
    - `failed`, `inconclusive`: how many checks are so
    - `marginals`, `associations`, `discriminator`, `tax`, `copies`, `membership`: the excess of
      these six measures
    - `decided_on`: tune, or `holdout (optimistic)` where there is no tune
    - `against`: the checks that keep the batch out, heaviest first
    - `checks`: a record for each measure, below
    - `on_holdout`: the same for what is reported on the holdout, without verdicts
    - `notes`: findings in words, samples that were taken, and what differential privacy bounds
    - `rows`: for each real slice, `of` and the `rows` that meet the batch's condition
    """
    checks, reported = (judged(found[name], held) for name in ("tune", "holdout"))
    against = gates.weighed(checks, held.priority)
    excess = {check.measure.name: check.measure.excess.value for check in checks}
    return {
        "verdict": "fail" if against else "pass",
        "failed": sum(check.verdict == "fail" for check in checks),
        "inconclusive": sum(check.verdict == "inconclusive" for check in checks),
        **{name: excess[name] for name in HEADLINES if name in excess},
        "decided_on": decided_on,
        "against": [check.measure.name for check in against],
        "checks": [gates.told(check) for check in checks],
        "on_holdout": [_reported(check) for check in reported],
        "notes": [note for one in found["tune"] for note in one.notes],
        "rows": [{"of": name, "rows": count} for name, count in rows.items()],
    }


def judged(found: list[Findings], held: Rules) -> list[Check]:
    """Return the checks of all gates in their order."""
    return gates.check([measure for one in found for measure in one.measures], held)


def _reported(check: Check) -> dict[str, Any]:
    """Return a check on the holdout: nothing is decided there."""
    told = gates.told(check)
    kept = ("name", "gate", "value", "ceiling", "excess", "lower", "upper", "note", "method")
    return {key: told[key] for key in kept}
