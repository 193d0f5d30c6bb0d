"""What (epsilon, delta) differential privacy bounds, whatever an attacker knows or computes."""

from typing import NamedTuple

import numpy as np

FALSE_POSITIVES = (0.1, 0.01, 0.001)  # rates at which true positives are reported


class Bound(NamedTuple):
    """The most that any attack on members can reach."""

    epsilon: float  # of one row replaced by another
    delta: float
    auc: float
    advantage: float
    tpr: dict[float, float]  # by the rate of false positives


def of(epsilon: float, delta: float) -> Bound:
    """Return what bounds attacks that tell members from as many rows that were not learned from.

    `epsilon` and `delta` are those of a generator: of one row added or removed, as everywhere in
    this project. The attacks compare a row inside a table of n rows with one outside a table of n
    rows, which is one row replaced by another: one removed and one added. So they are bounded at
    2 epsilon and (1 + e^epsilon) delta (group privacy; Vadhan 2017, lemma 2.2,
    doi:10.1007/978-3-319-57048-8_7). The advantage also bounds by how much any other attack on
    single rows, such as attribute inference or linkability, does better on members than on others.
    """
    twice, slack = 2 * epsilon, min((1 + _exp(epsilon)) * delta, 1.0)
    rates = {rate: float(tpr(rate, twice, slack)) for rate in FALSE_POSITIVES}
    return Bound(twice, slack, auc(twice, slack), advantage(twice, slack), rates)


def told(epsilon: float, delta: float) -> str:
    """Say in a sentence what a generator's epsilon and delta bound."""
    found = of(epsilon, delta)
    rates = ", ".join(f"{tpr:.3g} at {fpr:.1%}" for fpr, tpr in found.tpr.items())
    return (
        f"Differential privacy with epsilon {epsilon:g} and delta {delta:g} of one row added or "
        f"removed bounds every attack that tells rows of train from unseen ones, now and later: "
        f"ROC AUC {found.auc:.3g}, true positives {rates} false positives, and success on members "
        f"{found.advantage:.3g} above that on others."
    )


def tpr(fpr: np.ndarray | float, epsilon: float, delta: float) -> np.ndarray:
    """Return the greatest true positive rate at each rate of false positives, both in [0, 1].

    Kairouz, Oh and Viswanath 2015 (arXiv 1311.0776), theorem 2.1: both kinds of error are bounded,
    FNR ≥ 1 - delta - e^epsilon FPR and FPR ≥ 1 - delta - e^epsilon FNR.
    """
    fpr = np.asarray(fpr, float)
    rising = np.minimum(_exp(epsilon) * fpr, 1.0) + delta  # at first in proportion
    return np.minimum(np.minimum(rising, 1 - np.exp(-epsilon) * (1 - delta - fpr)), 1.0)


def auc(epsilon: float, delta: float) -> float:
    """Return the greatest area under the ROC curve, in [0.5, 1].

    The area under the curve of `tpr`. What is above it is a triangle without its tip, of legs
    1 - delta and a kink at (1 - delta) / (1 + e^epsilon) from both: (1 - delta)² / (1 + e^epsilon).
    """
    return 1 - (1 - delta) ** 2 / (1 + _exp(epsilon))


def advantage(epsilon: float, delta: float) -> float:
    """Return the greatest difference of true and false positive rates, in [0, 1].

    It is reached where the two bounds of `tpr` meet: 1 - 2 (1 - delta) / (1 + e^epsilon).
    """
    return 1 - 2 * (1 - delta) / (1 + _exp(epsilon))


def _exp(epsilon: float) -> float:
    """Return e^epsilon, infinite where it is too large for a float."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(epsilon)))
