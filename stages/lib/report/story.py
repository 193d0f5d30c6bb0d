"""What the metrics say, in sentences: the verdict first, then what stands behind it.

The sentences hold numbers, and names that params.yaml restricts to letters, digits and
underscores, so they need no escaping in Markdown. What comes from the table or from a person's
pen (columns, classes, regions, reasons) is left to the documents' own templates.
"""

from typing import Any

from ..words import count, interval, like, listed, metric, number, percent
from .arrivals import arrived, moved, pairs
from .evidence import (
    Evidence,
    at_hand,
    by_region,
    checks,
    estimate,
    few,
    gain,
    learned,
    rows_to,
    score,
)
from .limitations import FEW, limitations, notes
from .selection import better_mixes, choice, goes_on, ratios, sharp
from .verdict import cheaper, headline, more_rows, remedies, short_worth, verdict

PROMISE = (
    "Whatever the other rows are, the model and its rows hardly depend on whether any one real row "
    "was learned from (neighbouring tables differ by one row, added or removed). Not covered: the "
    "metrics and gates in git, which read the real rows without noise, and the SHA-256 of train, "
    "which shows a guess at all of it right or wrong."
)


def tell(m: Evidence) -> dict[str, Any]:
    """Return all that the documents say beside the numbers themselves."""
    classes, of = m.blend["classes"], ("score", "gain")
    return {
        "verdict": verdict(m),
        "headline": headline(m),
        "worth": short_worth(m),
        "metric": metric(m.blend["metric"]),
        "score": interval(score(m)),
        "gain": interval(gain(m), sign=True),
        "remedies": remedies(m),
        "more_rows": more_rows(m),
        "learning": learned(m).rename(columns={"mean": "value"}).to_dict("records"),
        "classes": [_intervals(own, "recall", "recall_gain", "precision") for own in classes],
        "slices": [
            _intervals({**own, "score_lower": own["lower"], "score_upper": own["upper"]}, *of)
            for own in m.blend["slices"]
        ],
        "regions": m.blend["regions"] if by_region(m) else m.sweep["regions"],
        "calibration": calibration(m),
        "without": without(m),
        "ratios": ratios(m),
        "choice": choice(m),
        "checks": {
            check["name"]: check["reason"].partition(":")[0]
            for found in m.validate.values()
            for check in checks(found)
        },
        "promise": PROMISE,
        "gates": {name: list(checks(found)) for name, found in m.validate.items()},
        "passed": {name: _tally(found) for name, found in m.validate.items()},
        "drift": arrived(m),
        "moved": moved(m),
        "pairs": pairs(m),
        "next": next_steps(m),
        "limitations": limitations(m),
        "few": few(m, FEW),
        "notes": notes(m),
        "triggers": triggers(m),
        "install": "'.[private]'" if "mbi" in _packages(m) else ".",  # dp_tree needs the extra
        "unrepeatable": [
            name for name, made in m.provenance.items() if "seed" not in made["generator"]
        ],
    }


def titles(m: Evidence) -> dict[str, str]:
    """Return what each picture shows, in words for those who do not see it."""
    of = metric(m.blend["metric"])
    on = "the holdout" if m.freeze["optimistic"] else "holdout and tune"
    decided = "the holdout" if m.freeze["optimistic"] else "tune"
    return {
        "curve": f"{of} on {on} over the synthetic part of the training rows, with "
        f"95 % intervals; taken: {m.blend['ratio']:g}",
        "learning": f"{of} on the holdout over the number of real rows, beside the final model's "
        "score and the threshold",
        "alternatives": f"Change of {of} on the holdout from real rows alone: the mix, cheap "
        "remedies and more real rows, with paired 95 % intervals",
        "calibration": "Share of the holdout's rows that came true over the predicted probability, "
        "of the final model and of real rows alone, with intervals",
        "regions": f"{of} on {decided} over the ratio of each region, the others' held, with "
        "intervals",
        "sweep": f"{headline(m)} Four charts: {of} on {on} over the synthetic "
        "part of the training rows; over the number of real rows; and the change by other means",
        "columns": "Distance of each column's distribution from unseen real rows, by batch, "
        "beside what real rows reach",
        "tails": "How often each batch has each rare value and outer quantile, beside unseen real "
        "rows",
        "classes": f"What training on synthetic rows alone costs in {of} and recall, by class and "
        "slice, with intervals",
        "attacks": "Share of training rows that each attack finds at 1 % false positives, with "
        "intervals, beside chance",
        **{f"pairs-{name}": f"Error of each pair's association in {name}" for name in m.validate},
        **{
            f"distances-{name}": f"Distance of the rows of {name} to the closest real row, in "
            "train and among as many unseen rows"
            for name in m.validate
        },
    }


def calibration(m: Evidence) -> list[str]:
    """Say how far predictions are from what came true, of the final model and of real rows."""
    final, alone = m.blend["calibration"]
    if "residual" in final:
        off, before = (interval(estimate(one, "residual"), sign=True) for one in (final, alone))
        return [
            f"What is observed less what is predicted is {off} on average; with real rows alone it "
            f"is {before}."
        ]
    said = [
        f"Its probabilities are off by {number(final['error'])} on average (right ones would show "
        f"{number(final['by_chance'])} by chance); those of real rows alone by "
        f"{number(alone['error'])} ({number(alone['by_chance'])})."
    ]
    if m.blend["ratio"] > 0:
        change = interval(estimate(final, "brier_gain"), sign=True)
        said.append(f"The Brier score, turned so that more is better, changes by {change}.")
    return said


def without(m: Evidence) -> list[str]:
    """Say for each batch what the final mix gains from having it."""
    if len(m.blend["batches"]) == 1 and m.blend["ratio"] > 0:
        return [f"{m.blend['batches'][0]} is all that was mixed in: the change is its own."]
    if m.blend["batches"] and m.blend["ratio"] == 0:
        return ["No batch: the final model learned from real rows alone."]
    return [
        f"{one['batch']} ({count(one['rows'], 'row')}): having it changes the score by "
        f"{interval(estimate(one, 'gain', ''), sign=True)}."
        for one in m.blend["without"]
    ]


def triggers(m: Evidence) -> list[str]:
    """Say with numbers what asks for a new run; `dvc-synth check` looks at each."""
    growth, floor = m.triggers.growth, m.triggers.floor
    rows = m.ingest["rows_read"]
    least = like(m.blend["lower"], score(m)) if floor is None else number(floor)
    why = "the lower end of the final score's interval" if floor is None else "triggers.floor"
    schemas = sorted({f"{made['schema_sha256'][:16]}…" for made in m.provenance.values()})
    said = [
        f"The real table grew by more than {percent(growth)} (triggers.growth): to more than "
        f"{int(rows * (1 + growth)):,} rows, from the {rows:,} that were read.",
        f"The brief or the task changed from {metric(m.brief['metric'])} of "
        f"{number(m.brief['threshold'])} or more, priority {m.brief['priority']}, and "
        f"data/schema.yaml{f' (sha256 {listed(schemas)})' if schemas else ''}.",
        f"{metric(m.blend['metric'])} in production is below {least} ({why}).",
        "Rows that arrived in data/incoming have drifted from those the generators learned from.",
        "A stage, the sweep above all, is older than its code, its parameters or its data: the "
        f"real rows have the sha256 {m.freeze['table_sha256'][:16]}… now.",
    ]
    packages = [f"{package} {' or '.join(found)}" for package, found in _packages(m).items()]
    if packages:
        said.insert(1, f"A package has another version than made the batches: {listed(packages)}.")
    return said


def next_steps(m: Evidence) -> list[str]:
    """Say what to try next."""
    steps = []
    if m.blend["ratio"] > 0 and m.blend["verdict"] != "helps":
        hurts = m.blend["verdict"] == "hurts"
        shown = "shown to cost" if hurts else "not shown to add anything"
        steps.append(
            f"Train on real rows alone: synthetic ones are {shown}. "
            "models/final.skops is the mix's; dvc exp run -S blend.ratio=0 makes the other."
        )
    if cheaper(m):
        first = listed([found["name"] for found in cheaper(m)], "or")
        steps.append(f"Try {first} first: that needs no synthetic row.")
    if goes_on(m):
        steps.append(
            f"Go on with the sweep: {m.sweep['best_ratio']:g} is its last ratio and its best on "
            f"{m.sweep['decided_on']}. Raise slices.*.rows, and add larger ratios to sweep.ratios "
            "or set sweep.refine: true."
        )
    if sharp(m):
        steps.append(
            "Look closer at the peak, which is sharp: sweep.refine: true adds ratios around it. "
            "Sweep again whenever the data or a generator changes."
        )
    for one in m.blend["without"]:
        if one["tune_gain_upper"] < 0:
            by_name = m.blend["batches"] != m.admit["admitted"]
            how = (
                "Leave its name out of blend.batches"
                if by_name
                else "Add its name to admit.exclude; the next that passed stands in for it"
            )
            steps.append(
                f"Take {one['batch']} out: the mix does better on {m.sweep['decided_on']} without "
                f"it. {how}."
            )
    for name in better_mixes(m):
        steps.append(
            f"Try {name}, which passed too and does better on {m.sweep['decided_on']}: "
            f"dvc exp run -S 'blend.batches=[{name}]'."
        )
    for name, batch in m.admit["batches"].items():
        if batch["status"] == "quarantined" and batch["try"]:
            steps.append(f"For {name}, which is quarantined, try: {'; '.join(batch['try'])}.")
    steps += _waiting(m)
    needed = rows_to(m, m.brief["threshold"])
    if m.blend["score"] < m.brief["threshold"] and needed and needed > at_hand(m):
        steps.append(f"Collect real rows: about {needed:,} in all reach the threshold.")
    if m.brief["drafts"]:
        steps.append("Answer the brief in params.yaml: what stands there is a draft.")
    if m.freeze["locked"] is None:
        steps.append("Lock the holdout: dvc-synth lock --why, and what it stands for.")
    if m.drift["drift"]:
        steps.append(
            "Take the rows that arrived into the table, and run the pipeline again: they have "
            "drifted from those that were learned from."
        )
    elif m.drift["arrived"] and (m.drift["model"] or {}).get("worse"):
        steps.append(
            "Look at the labels of the rows that arrived: the final model does worse on them, "
            "though no drift is shown."
        )
    return steps


def _waiting(m: Evidence) -> list[str]:
    """Say that the pool has real rows, where more of them are seen to do better than the mix."""
    pool, most = m.freeze["slices"].get("pool"), learned(m).iloc[-1]
    if not pool or most["rows"] <= at_hand(m) or most["mean"] <= m.blend["score"]:
        return []
    waiting = count(pool["rows"], "labelled real row")
    return [
        f"Learn from what is there: {waiting} wait in the pool, and {int(most['rows']):,} in all "
        f"reach {number(most['mean'])}. Where they may be used, raise freeze.train."
    ]


def _intervals(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what is told of a class or a slice, its estimates as intervals in words."""
    told = {name: interval(estimate(found, name), sign=name.endswith("gain")) for name in names}
    return {"name": found["name"], "rows": found["rows"], **told}


def _tally(found: dict[str, Any]) -> dict[str, str]:
    """Count by gate what its checks came to, those first that a reader must look at."""
    told = {}
    for gate in ("fidelity", "utility", "privacy"):
        verdicts = [check["verdict"] for check in found["checks"] if check["gate"] == gate]
        counts = [(verdicts.count(one), one) for one in ("fail", "inconclusive", "pass")]
        told[gate] = ", ".join(f"{number} {one}" for number, one in counts if number) or "–"
    return told


def _packages(m: Evidence) -> dict[str, list[str]]:
    """Return the versions of each package that made a batch, by name."""
    found: dict[str, dict[str, None]] = {}
    for made in m.provenance.values():
        for package, version in made["versions"].items():
            found.setdefault(package, {})[version] = None
    return {package: sorted(found[package]) for package in sorted(found)}
