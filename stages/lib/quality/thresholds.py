"""What each measure says, and the greatest excess that a gate allows, by priority."""

import math
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, ConfigDict

from .. import scoring
from ..base.errors import ParamsError, listed, nearest
from ..base.params import Section
from ..measure import Gate
from .privacy.shadow import Shadow

Priority = Literal["fidelity", "privacy", "utility"]
Choice = Literal["pass", "fail"]


class Meaning(NamedTuple):
    """What a measure says, where to go back to if it is too high, and what it may exceed.

    The last three are the default thresholds by `brief.priority`; None is reported and never
    judged.
    """

    gate: Gate
    text: str
    back_to: str
    fidelity: float | None = None
    privacy: float | None = None
    utility: float | None = None


_GENERATOR = "fit: another generator"
_DEPENDENCE = "fit: a generator that keeps dependence, such as cart"
_RICHER = "fit: a richer generator"
_SLICE = "params.yaml: a slice for the rows that are missing"
_LARGER = "fit: a larger min_leaf, verify.copies, or a generator with differential privacy"
_PRIVATE = "fit: a generator with differential privacy"

MEASURES: dict[str, Meaning] = {
    "marginals": Meaning(
        "fidelity", "mean distance of a column's distribution", _GENERATOR, 0.03, 0.1, 0.1
    ),
    "worst_column": Meaning(
        "fidelity", "greatest distance of a column's distribution", _GENERATOR, 0.1, 0.4, 0.4
    ),
    "missingness": Meaning(
        "fidelity", "greatest error of a column's share of missing cells", _GENERATOR,
        0.03, 0.1, 0.1,
    ),
    "associations": Meaning(
        "fidelity", "mean error of a pair's association", _DEPENDENCE, 0.05, 0.15, 0.15
    ),
    "worst_pair": Meaning(
        "fidelity", "greatest error of a pair's association", _DEPENDENCE, 0.15
    ),
    "tails": Meaning(
        "fidelity", "share of the mass of rare values and outer quantiles that is lacking", _SLICE,
        0.2, 0.5, 0.5,
    ),
    "absent": Meaning(
        "fidelity", "share of real rows with a value that no synthetic row reaches", _SLICE,
        0.01, 0.1, 0.1,
    ),
    "outliers": Meaning(
        "fidelity", "error of the share of numbers beyond Tukey's outer fences", _GENERATOR
    ),
    "repeats": Meaning("fidelity", "share of rows that equal a row above them", _GENERATOR),
    "coverage": Meaning(
        "fidelity", "share of real rows with no synthetic row near", _RICHER, 0.1, 0.6, 0.6
    ),
    "density": Meaning(
        "fidelity", "how much thinner than real rows synthetic ones lie about them", _GENERATOR
    ),
    "precision": Meaning(
        "fidelity", "1 less integrated α-precision (rows that are not typical)", _GENERATOR,
        0.1, 0.3, 0.3,
    ),
    "recall": Meaning(
        "fidelity", "1 less integrated β-recall (real rows that are not reached)", _RICHER,
        0.1, 0.6, 0.6,
    ),
    "discriminator": Meaning(
        "fidelity", "ROC AUC of a model that tells synthetic from real rows", _DEPENDENCE, 0.1
    ),
    "tax": Meaning(
        "utility", "metric after training on synthetic rows alone", _GENERATOR, 0.03, 0.05, 0.03
    ),
    "tax_share": Meaning(
        "utility", "share of the metric that is lost on synthetic rows alone", _GENERATOR,
        0.04, 0.06, 0.04,
    ),
    "tax_probabilities": Meaning(
        "utility", "Brier score after training on synthetic rows alone", _GENERATOR,
        0.006, 0.015, 0.006,
    ),
    "tax_worst_class": Meaning(
        "utility", "greatest loss of a class's recall", _SLICE, 0.1, 0.15, 0.1
    ),
    "tax_worst_slice": Meaning(
        "utility", "greatest loss of the metric in a slice", _SLICE, 0.08, 0.12, 0.08
    ),
    "copies": Meaning(
        "privacy", "share of the batch's distinct rows that equal a training row", _LARGER,
        0.01, 0.001, 0.02,
    ),
    "reproduced": Meaning(
        "privacy", "share of training rows that a row of the batch equals", _LARGER, 0.1, 0.01, 0.2
    ),
    "membership": Meaning(
        "privacy", "training rows found by an attack at 1 % false positives", _LARGER,
        0.02, 0.01, 0.05,
    ),
    "membership_auc": Meaning(
        "privacy", "ROC AUC of the strongest membership attack", _PRIVATE, 0.05, 0.03, 0.2
    ),
    "exposure": Meaning(
        "privacy", "exposed training rows found by shadow models", _PRIVATE, 0.1, 0.02, 0.2
    ),
    "exposure_auc": Meaning("privacy", "ROC AUC of shadow models on exposed rows", _PRIVATE),
    "attribute": Meaning(
        "privacy", "success at guessing a sensitive value", _PRIVATE, 0.2, 0.2, 0.2
    ),
    "singling_out": Meaning(
        "privacy", "guesses that single out one training row", _LARGER, 0.03, 0.025, 0.05
    ),
    "linkability": Meaning(
        "privacy", "training rows whose two halves are linked", _LARGER, 0.03, 0.02, 0.05
    ),
    "dcr_share": Meaning("privacy", "share of rows nearer to train than to unseen rows", _LARGER),
    "nndr": Meaning("privacy", "mean ratio of distances to nearest and second row", _LARGER),
}  # fmt: skip

# What an interval on both sides of a threshold means where params.yaml does not say it.
INCONCLUSIVE: dict[Priority, dict[Gate, Choice]] = {
    "fidelity": {"fidelity": "fail", "utility": "pass", "privacy": "pass"},
    "privacy": {"fidelity": "pass", "utility": "pass", "privacy": "fail"},
    "utility": {"fidelity": "pass", "utility": "pass", "privacy": "pass"},
}


class Limits(Section):
    """One gate of params.yaml: thresholds by measure, and what the inconclusive means."""

    model_config = ConfigDict(extra="allow", frozen=True)

    inconclusive: Choice | None = None
    """What a check does whose interval is on both sides of its threshold; null: by priority."""


class Privacy(Limits):
    """The gate of privacy, with the attack that has to be asked for."""

    shadow: Shadow | None = None
    """Refits that find exposed rows; null leaves them out."""


_EMPTY = BeforeValidator(lambda given: {} if given is None else given)  # all commented out


class Gates(Section):
    """The section `gates` of params.yaml: where it departs from the defaults of the priority."""

    fidelity: Annotated[Limits, _EMPTY] = Limits()
    """Whether batches are like real rows."""
    utility: Annotated[Limits, _EMPTY] = Limits()
    """Whether batches teach a model what real rows teach."""
    privacy: Annotated[Privacy, _EMPTY] = Privacy()
    """Whether batches give away the rows that they were learned from."""


class Rules(NamedTuple):
    """The gates with every default filled in."""

    thresholds: dict[str, float | None]  # by measure; None: reported only
    unsure: dict[Gate, Choice]  # what an inconclusive check of a gate does
    blind: dict[Gate, Choice]  # what a gate does of which nothing could be told
    priority: Priority


def rules(gates: Gates, priority: Priority, metric: str) -> Rules:
    """Return the thresholds of `gates`, and the defaults of `priority` where it has none.

    Losses in units of a `metric` that has no bounds have no default. Raises ParamsError that names
    everything that `gates` has wrong.
    """
    asked = _asked(gates)
    thresholds = {
        name: asked.get(name, getattr(meaning, priority)) for name, meaning in MEASURES.items()
    }
    if not scoring.bounded(metric):
        thresholds |= {name: asked.get(name) for name in ("tax", "tax_worst_slice")}
    said = {gate: getattr(gates, gate).inconclusive for gate in INCONCLUSIVE[priority]}
    unsure = {gate: said[gate] or default for gate, default in INCONCLUSIVE[priority].items()}
    blind: dict[Gate, Choice] = {gate: own or "fail" for gate, own in said.items()}
    return Rules(thresholds, unsure, blind, priority)


def _asked(gates: Gates) -> dict[str, float | None]:
    """Return the thresholds that a person set, by measure."""
    asked: dict[str, float | None] = {}
    problems = []
    for gate, limits in ((name, getattr(gates, name)) for name in Gates.model_fields):
        known = [name for name, meaning in MEASURES.items() if meaning.gate == gate]
        for name, threshold in (limits.model_extra or {}).items():
            where = f"`gates.{gate}.{name}`"
            if name not in known:
                problems.append(f"{where} is unknown; {nearest(name, known)}")
            elif threshold is not None and not _is_threshold(threshold):
                problems.append(
                    f"{where}: expected a number of at least 0, or null; got {threshold!r}"
                )
            asked[name] = threshold
    if problems:
        raise ParamsError(listed("params.yaml", problems))
    return asked


def _is_threshold(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
