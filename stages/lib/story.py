"""What the metrics say, in sentences: the verdict first, then what stands behind it.

The sentences hold numbers, and names that params.yaml restricts to letters, digits and
underscores, so they need no escaping in Markdown. What comes from the table or from a person's
pen (columns, classes, reasons) is left to the documents' own templates.
"""

from math import isclose
from typing import Any

from .evidence import Evidence, by_hand, checks, gain, learned, rows_to, score
from .verdict import more_rows, remedies, verdict
from .words import count, interval, listed, metric, number

TRIGGERS = [
    "The real table grew, or was corrected.",
    "Packages that shape the numbers differ from those in metrics/provenance/.",
    "The brief changed: its metric, its threshold, or what the data are for.",
    "Rows that arrived have drifted from those the generators learned from.",
    "The sweep is older than its data or its generators: dvc status shows it.",
]

PROMISE = (
    "Whatever the other rows are, the model and its rows hardly depend on whether any one real row "
    "was learned from (neighbouring tables differ by one row, added or removed). Not covered: the "
    "metrics and gates in git, which read the real rows without noise, and the SHA-256 of train, "
    "which shows a guess at all of it right or wrong."
)


def tell(m: Evidence) -> dict[str, Any]:
    """Return all that the documents say beside the numbers themselves."""
    return {
        "verdict": verdict(m),
        "metric": metric(m.blend["metric"]),
        "score": interval(score(m)),
        "gain": interval(gain(m), sign=True),
        "remedies": remedies(m),
        "more_rows": more_rows(m),
        "learning": learned(m).rename(columns={"mean": "value"}).to_dict("records"),
        "ratios": ratios(m),
        "choice": choice(m),
        "checks": {
            check["name"]: check["reason"].partition(":")[0]
            for found in m.validate.values()
            for check in checks(found)
        },
        "promise": PROMISE,
        "gates": {name: list(checks(found)) for name, found in m.validate.items()},
        "drift": drift(m),
        "next": next_steps(m),
        "limitations": limitations(m),
        "triggers": TRIGGERS,
    }


def titles(m: Evidence) -> dict[str, str]:
    """Return what each picture shows, in words for those who do not see it."""
    of = metric(m.blend["metric"])
    return {
        "curve": f"{of} on holdout and tune over the synthetic part of the training rows, with "
        f"95 % intervals; taken: {m.blend['ratio']:g}",
        "learning": f"{of} on the holdout over the number of real rows, beside the final model's "
        "score and the threshold",
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


def ratios(m: Evidence) -> dict[str, list[dict[str, Any]]]:
    """Return each mix's curve by ratio, with why the ratio was taken or not."""
    wide = m.curve.set_index("split")
    told: dict[str, list[dict[str, Any]]] = {}
    admitted = m.curve["batch"].iloc[0]  # the mix that the choice is made on comes first
    for _, both in wide.groupby(["batch", "ratio"], sort=False):
        split = {
            str(name): {"value": row["mean"], "lower": row["lower"], "upper": row["upper"]}
            for name, row in both.iterrows()
        }
        line = both.iloc[0]
        mix, ratio = str(line["batch"]), float(line["ratio"])
        real, synthetic = int(line["rows_real"]), int(line["rows_synthetic"])
        told.setdefault(mix, []).append(
            {
                "ratio": ratio,
                "rows_real": real,
                "rows_synthetic": synthetic,
                "model": line["model"],
                "tune": interval(split["tune"]),
                "holdout": interval(split["holdout"]),
                "why": _why(m, ratio),
                "taken": mix == admitted and isclose(ratio, m.blend["ratio"], rel_tol=1e-5),
            }
        )
    return told


def choice(m: Evidence) -> list[str]:
    """Say how the ratio was chosen, and how sharp the choice is."""
    sweep = m.sweep
    if not m.admit["admitted"]:
        return ["There was nothing to sweep."]
    said = [
        f"The smallest ratio within one standard error of the best on {sweep['decided_on']} is "
        f"{sweep['ratio']:g}; the best there is {sweep['best_ratio']:g}.",
        f"The curve is {sweep['shape']}: not shown worse than the best are "
        f"{listed([f'{ratio:g}' for ratio in sweep['plateau']])}.",
    ]
    falls = {"below": sweep["fall_one_step_below"], "above": sweep["fall_one_step_above"]}
    steps = [f"{number(fall)} one step {side}" for side, fall in falls.items() if fall is not None]
    if steps:
        said.append(f"From the best the score falls by {listed(steps)}.")
    if by_hand(m):
        said.append(f"The ratio {m.blend['ratio']:g} was set by hand in blend.ratio.")
    if _goes_on(m):
        said.append("The best ratio is the last that was tried, so the sweep should go on.")
    return said


def drift(m: Evidence) -> str:
    """Say whether rows arrived, and whether they still look like train."""
    if not m.drift["arrived"]:
        return "No rows have arrived since, so drift was not checked."
    arrived = f"{count(m.drift['rows'], 'row')} in {count(m.drift['files'], 'file')} arrived"
    if m.drift["drift"]:
        return f"{arrived}; the distribution of {count(len(m.drift['moved']), 'column')} moved."
    return f"{arrived}; no column's distribution is shown to have moved."


def next_steps(m: Evidence) -> list[str]:
    """Say what to try next."""
    steps = []
    if m.blend["ratio"] > 0 and m.blend["verdict"] != "helps":
        steps.append(
            "Train on real rows alone: synthetic ones are not shown to add anything. "
            "models/final.skops is the mix's; dvc exp run -S blend.ratio=0 makes the other."
        )
    if _goes_on(m):
        steps.append(
            f"Go on with the sweep: {m.sweep['best_ratio']:g} is its last ratio and its best on "
            f"{m.sweep['decided_on']}. Add larger ones to sweep.ratios."
        )
    for name, batch in m.admit["batches"].items():
        if batch["try"]:
            steps.append(f"For {name}, which is quarantined, try: {'; '.join(batch['try'])}.")
    needed = rows_to(m, m.brief["threshold"])
    if m.blend["score"] < m.brief["threshold"] and needed:
        steps.append(f"Collect real rows: about {needed:,} in all reach the threshold.")
    if m.freeze["locked"] is None:
        steps.append("Lock the holdout: write its sha256, who and why to freeze.locked.")
    if m.drift["drift"]:
        steps.append("Take the rows that arrived into the table, and run the pipeline again.")
    return steps


def limitations(m: Evidence) -> list[str]:
    """Say what the pipeline itself knows to be weak in its evidence."""
    said = []
    if m.freeze["locked"] is None:
        said.append("The holdout is not locked: nothing shows that it is the one first carved.")
    if m.freeze["optimistic"]:
        said.append("There is no tune slice: every choice was made on the holdout (optimistic).")
    for name in m.admit["admitted"]:
        told = list(checks(m.validate[name]))
        unsure = [_unsure(check) for check in told if check["verdict"] == "inconclusive"]
        if unsure:
            said.append(f"{name} was admitted with inconclusive checks: {listed(unsure)}.")
        copied = next(check for check in told if check["name"] == "copies")
        if copied["value"]:
            said.append(f"Rows of {name} equal training rows: {copied['note']}.")
    unread = [name for name, made in m.provenance.items() if "approved_by" not in made["preview"]]
    if unread:
        said.append(
            f"No person's review is on record for the previews of {listed(unread)}: rules checked "
            "them. Read data/preview/."
        )
    if not m.drift["arrived"]:
        said.append("No rows arrived to check for drift.")
    said.append(
        "Each generator was fitted once and made one batch: the intervals do not cover how much "
        "another fit would differ."
    )
    return said


def _goes_on(m: Evidence) -> bool:
    """Return whether larger ratios promise more: the curve still rises at its end."""
    return m.sweep["best_is_last_ratio"] and m.sweep["shape"] == "rising"


def _unsure(check: dict[str, Any]) -> str:
    """Name a check, and the smallest excess that it would have shown."""
    if check["gate"] != "privacy" or check["smallest_shown"] is None:
        return check["name"]
    return f"{check['name']} (a leak below {number(check['smallest_shown'], 2)} might go unseen)"


def _why(m: Evidence, ratio: float) -> str:
    sweep, close = m.sweep, lambda other: isclose(ratio, other, rel_tol=1e-5)
    if close(m.blend["ratio"]):
        return "taken, by hand" if by_hand(m) else "taken"
    if close(sweep["ratio"]):
        return "the sweep's choice"
    if close(sweep["best_ratio"]):
        return "best, by less than a standard error"
    if not any(close(other) for other in sweep["plateau"]):
        return "shown worse than the best"
    if ratio > sweep["ratio"]:
        return "not shown worse, but takes more rows"
    return "over a standard error behind the best"
