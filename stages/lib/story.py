"""What the metrics say, in sentences: the verdict first, then what stands behind it.

The sentences hold numbers, and names that params.yaml restricts to letters, digits and
underscores, so they need no escaping in Markdown. What comes from the table or from a person's
pen (columns, classes, regions, reasons) is left to the documents' own templates.
"""

from typing import Any

from .evidence import (
    Evidence,
    at_hand,
    by_region,
    checks,
    estimate,
    gain,
    learned,
    rows_to,
    score,
)
from .selection import better_mixes, choice, goes_on, ratios, sharp
from .verdict import cheaper, headline, more_rows, remedies, short_worth, verdict
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
        "alternatives": f"Change of {of} on the holdout from real rows alone: the mix, cheap "
        "remedies and more real rows, with paired 95 % intervals",
        "calibration": "Share of the holdout's rows that came true over the predicted probability, "
        "of the final model and of real rows alone, with intervals",
        "regions": f"{of} on tune over the ratio of each region, the others' held, with intervals",
        "sweep": f"{headline(m)} Four charts: {of} on the holdout and on tune over the synthetic "
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
    return [
        f"{one['batch']} ({count(one['rows'], 'row')}): having it changes the score by "
        f"{interval(estimate(one, 'gain', ''), sign=True)}."
        for one in m.blend["without"]
    ]


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
    needed = rows_to(m, m.brief["threshold"])
    if m.blend["score"] < m.brief["threshold"] and needed and needed > at_hand(m):
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
    for name in m.blend["batches"]:
        told = list(checks(m.validate[name]))
        unsure = [_unsure(check) for check in told if check["verdict"] == "inconclusive"]
        if unsure:
            said.append(f"{name} passed with inconclusive checks: {listed(unsure)}.")
        copied = next(check for check in told if check["name"] == "copies")
        if copied["value"]:
            said.append(f"Rows of {name} equal training rows: {copied['note']}.")
    if m.admit["excluded"]:
        out = listed(m.admit["excluded"])
        said.append(f"Left out by hand, whatever the gates said (admit.exclude): {out}.")
    unread = [name for name, made in m.provenance.items() if "approved_by" not in made["preview"]]
    if unread:
        said.append(
            f"No person's review is on record for the previews of {listed(unread)}: rules checked "
            "them. Read data/preview/."
        )
    if m.blend["ratio"] > 0 or m.sweep["worth_rows"] is not None:
        said.append(
            "What synthetic rows are worth in real ones holds for these real rows and these "
            "batches; between the sizes tried it is interpolated."
        )
    if not m.drift["arrived"]:
        said.append("No rows arrived to check for drift.")
    said.append(
        "Each generator was fitted once and made one batch: the intervals do not cover how much "
        "another fit would differ."
    )
    return said


def _unsure(check: dict[str, Any]) -> str:
    """Name a check, and the smallest excess that it would have shown."""
    if check["gate"] != "privacy" or check["smallest_shown"] is None:
        return check["name"]
    return f"{check['name']} (a leak below {number(check['smallest_shown'], 2)} might go unseen)"


def _intervals(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what is told of a class or a slice, its estimates as intervals in words."""
    told = {name: interval(estimate(found, name), sign=name.endswith("gain")) for name in names}
    return {"name": found["name"], "rows": found["rows"], **told}
