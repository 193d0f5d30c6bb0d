"""What is weak in the evidence: what the pipeline knows of itself, and what a person wrote down."""

from typing import Any

from ..words import count, interval, listed, metric, number, percent
from .evidence import Evidence, checks, estimate, few

FEW = 100  # rows of the holdout: 1.96 standard errors of a share of 0.5 are 0.1 there
PERFECT = 0.995  # a score that makes one look for a leak


def limitations(m: Evidence) -> list[str]:
    """Say what the pipeline itself knows to be weak in its evidence."""
    said = []
    if m.brief["drafts"]:
        said.append(
            "The brief is a draft of dvc-synth init, and its threshold a placeholder. To be "
            f"answered in params.yaml: {listed(m.brief['drafts'])}."
        )
    if m.baseline["score"] >= PERFECT and not m.brief["metric"].startswith("neg_"):
        said.append(
            f"Real rows alone score {number(m.baseline['score'])}, too well to be true of most "
            "tasks: look for a feature that is known only with the target, or from which it is "
            "made, and give it `role: ignore` in data/schema.yaml."
        )
    if m.freeze["locked"] is None:
        said.append("The holdout is not locked: nothing shows that it is the one first carved.")
    if m.freeze["optimistic"]:
        said.append("There is no tune slice: every choice was made on the holdout (optimistic).")
    said += [*_small(m), *_batches(m)]
    unread = [name for name, made in m.provenance.items() if "approved_by" not in made["preview"]]
    if unread:
        said.append(
            f"No person's review is on record for the previews of {listed(unread)}: rules checked "
            "them. Read data/preview/."
        )
    said += _origin(m)
    if m.blend["ratio"] > 0 or m.sweep["worth_rows"] is not None:
        said.append(
            "What synthetic rows are worth in real ones holds for these real rows and these "
            "batches; between the sizes tried it is interpolated."
        )
    said += _drift(m)
    said.append(
        "Each generator was fitted once and made one batch: the intervals do not cover how much "
        "another fit would differ."
    )
    return said


def notes(m: Evidence) -> list[str]:
    """Return the lines of NOTES.md below its first `---`, or all of them where it has none.

    Empty lines before and behind are left out.
    """
    lines = m.notes.splitlines()
    rules = [place for place, line in enumerate(lines) if line.strip() == "---"]
    own = lines[rules[0] + 1 :] if rules else lines
    full = [place for place, line in enumerate(own) if line.strip()]
    return own[full[0] : full[-1] + 1] if full else []


def _small(m: Evidence) -> list[str]:
    """Say how many parts of the holdout are small; the documents name them."""
    parts = few(m, FEW)
    if not parts:
        return []
    kinds = [part["kind"] for part in parts]
    found = [count(kinds.count(kind), kind) for kind in ("class", "slice") if kind in kinds]
    if "holdout" in kinds:
        found.insert(0, "the holdout as a whole")
    return [
        f"Fewer than {FEW} rows make up {listed(found)} (the smallest has {parts[0]['rows']:,}): "
        "a share of so few is off by up to 0.1 and more by chance alone."
    ]


def _batches(m: Evidence) -> list[str]:
    """Say what the gates leave open of the batches that the final model learned from."""
    said = []
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
    return said


def _origin(m: Evidence) -> list[str]:
    """Say where what counts as real holds generated rows."""
    said = []
    generated = m.ingest.get("rows_generated", 0)
    if generated:
        part = percent(generated / m.ingest["rows"])
        said.append(
            f"{count(generated, 'row')} of the real table ({part}) came from generators of earlier "
            "cycles (ingest.generated: count)."
        )
    shares = {name: made["synthetic_share"] for name, made in m.provenance.items()}
    learned = [f"{name} ({percent(share)})" for name, share in shares.items() if share > 0]
    if learned:
        said.append(
            f"Generators learned from synthetic rows: {listed(learned)}. Errors of theirs add up "
            "from one generation to the next; dvc-synth history shows it."
        )
    return said


def _drift(m: Evidence) -> list[str]:
    """Say whether the evidence is known to hold for what arrives."""
    if not m.drift["arrived"]:
        return ["No rows arrived to check for drift."]
    said = []
    if m.drift["drift"]:
        said.append("Rows that arrived have drifted: scores on the holdout may not hold for them.")
    model = m.drift["model"]
    if model and model["worse"]:
        said.append(
            f"On {count(model['rows'], 'row')} that arrived with labels the final model is shown "
            f"worse than expected: {metric(model['metric'])} "
            f"{interval(estimate(model, 'score', ''))}."
        )
    return said


def _unsure(check: dict[str, Any]) -> str:
    """Name a check, and the smallest excess that it would have shown."""
    if check["gate"] != "privacy" or check["smallest_shown"] is None:
        return check["name"]
    return f"{check['name']} (a leak below {number(check['smallest_shown'], 2)} might go unseen)"
