"""Whether probabilities say how often a class comes true, and values what is observed on average.

All of it is told of one model's predictions at a time. To average the predictions of several seeds
first would tell of a mixture of models that nobody is handed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from .. import scoring
from ..intervals import LEVEL
from ..scoring import Score

BINS = 10  # of the rows, as equally many in each as ties allow

COLUMNS = ["class", "bin", "rows", "predicted", "observed", "lower", "upper"]


class Error(NamedTuple):
    """The expected calibration error, and what a perfectly calibrated model would show."""

    value: float
    by_chance: float


def table(truth: np.ndarray, predicted: np.ndarray, labels: Sequence[str]) -> pd.DataFrame:
    """Return one line per class and bin: its rows, the mean probability, the share observed.

    `truth` and `predicted` are as `scoring.score` takes them, `labels` the classes' names. Of two
    classes the positive one is told, which says as much of the other; values have no line. The
    interval of a share is Wilson's (1927, doi:10.1080/01621459.1927.10502953).
    """
    lines = []
    for one in _told(predicted):
        number = bins(predicted[:, one])
        rows = np.bincount(number)
        sums = np.bincount(number, predicted[:, one])
        hits = np.bincount(number, truth == one).astype(int)
        for place, (hit, of) in enumerate(zip(hits.tolist(), rows.tolist(), strict=True)):
            limits = binomtest(hit, of).proportion_ci(LEVEL, method="wilson")
            own = (labels[one], place + 1, of, sums[place] / of, hit / of, limits.low, limits.high)
            lines.append(dict(zip(COLUMNS, own, strict=True)))
    return pd.DataFrame(lines, columns=COLUMNS)


def error(truth: np.ndarray, predicted: np.ndarray) -> Error:
    """Return the expected calibration error over bins of equally many rows.

    The mean over the rows of |mean probability − share observed| in a row's bin (Naeini et al.
    2015, doi:10.1609/aaai.v29i1.9602), of two classes that of the positive one, of more the mean
    over the classes (class-wise: Kull et al. 2019, arXiv:1910.12656). It is above 0 by chance too,
    the more so the fewer rows (Roelofs et al. 2022, arXiv:2012.08668): were each probability p
    right, the sum of p − outcome over a bin would have mean 0 and variance Σ p (1 − p), and,
    being about normal, the mean size √(2/π) of its standard deviation.
    """
    found = [_error(truth == one, predicted[:, one]) for one in _told(predicted)]
    return Error(*np.mean(found, axis=0).tolist())


def score(truth: np.ndarray, predicted: np.ndarray) -> Score:
    """Score probabilities by less their Brier score, values by their mean residual.

    A residual is what is observed less what is predicted: above 0 the model predicts too little.
    """
    if predicted.ndim > 1:
        return scoring.score("neg_brier_score", truth, predicted)
    residual = truth - predicted
    return Score(float(residual.mean()), residual - residual.mean())


def bins(probable: np.ndarray) -> np.ndarray:
    """Return the number of each row's bin from 0, shape (rows,); equal probabilities share one."""
    _, value, count = np.unique(probable, return_inverse=True, return_counts=True)
    middle = count.cumsum() - (count + 1) / 2  # the rank from 0 of the middle row of each value
    return np.unique((BINS * middle // len(probable))[value], return_inverse=True)[1]


def _told(predicted: np.ndarray) -> range:
    """Return the numbers of the classes that are told of."""
    if predicted.ndim == 1:
        return range(0)
    return range(1, 2) if predicted.shape[1] == 2 else range(predicted.shape[1])


def _error(actual: np.ndarray, probable: np.ndarray) -> Error:
    number = bins(probable)
    gaps = np.abs(np.bincount(number, probable - actual))
    spread = np.sqrt(np.bincount(number, np.clip(probable * (1 - probable), 0, None)))
    rows = len(actual)
    return Error(gaps.sum() / rows, np.sqrt(2 / np.pi) * spread.sum() / rows)
