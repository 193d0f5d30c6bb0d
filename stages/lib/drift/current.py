"""How the final model does on rows that arrived with labels, beside what the holdout promised."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

from .. import intervals, learners, scoring
from ..base.errors import StaleError
from ..intervals import LEVEL, Estimate
from ..tables.schema import Schema

FEWEST = 20  # labelled rows that a score is told from
FEWEST_OF_CLASS = 5  # and of these, rows of each of two classes


class Standing(NamedTuple):
    """A model's score on rows that arrived, and on the holdout."""

    metric: str
    rows: int
    score: Estimate
    expected: Estimate
    worse: bool  # whether it is shown to be less than on the holdout


def classes(trained: pd.Series, real: pd.Series, deciding: pd.Series) -> list[str]:
    """Return the labels in the order of the numbers that the final model knows them by.

    Sorted; of two the one that is rarer among `real` rows is last. `trained` holds the labels of
    the rows that it was trained on, `deciding` those of tune.
    """
    found = sorted({*trained.dropna().astype(str), *deciding.dropna().astype(str)})
    if len(found) == 2:
        counts = real.astype(str).value_counts()
        found.sort(key=lambda label: (-counts.get(label, 0), label))
    return found


def score(
    model: Any,
    arrived: pd.DataFrame,
    known: Sequence[str],
    told: Mapping[str, Any],
    schema: Schema,
) -> tuple[Standing | None, str]:
    """Score the final model on rows that arrived, or say why that tells nothing.

    `known` are the classes in order, none for a target that is a number; `told` is what
    metrics/blend.json says. The two scores are of independent samples, so their variances add:
    `worse` is a difference whose 95 % interval lies below 0. Raises StaleError where the model
    has classes that `known` has not.
    """
    if schema.target not in arrived:
        return None, ""
    lacking = [name for name in schema.features if name not in arrived]
    if lacking:
        return None, f"The model was not scored: it needs {', '.join(map(repr, lacking))}."
    rows = arrived[arrived[schema.target].notna()]
    if len(rows) < FEWEST:
        return None, f"The model was not scored: {len(rows)} rows with labels, {FEWEST} are needed."
    labels, y = list(known), rows[schema.target].to_numpy()
    if known:
        if max(model[-1].classes_) >= len(known):
            raise StaleError(
                "models/final.skops has more classes than data/blend.parquet; run `dvc repro` to "
                "make both anew"
            )
        labels += sorted(set(rows[schema.target].astype(str)) - set(known))
        y = rows[schema.target].astype(str).map({n: i for i, n in enumerate(labels)}).to_numpy()
        counts = np.sort(np.bincount(y, minlength=2))
        if counts[-2] < FEWEST_OF_CLASS:
            return None, (
                "The model was not scored: fewer than two classes have "
                f"{FEWEST_OF_CLASS} rows with labels."
            )
    x = model[:-1].transform(rows[schema.features])
    width = max(len(known), int(y.max()) + 1) if known else 0
    predicted = learners.predict(model[-1], x, width)
    found = scoring.score(told["metric"], y, predicted, labels)
    if not np.isfinite(found.value):
        return None, f"The model was not scored: {told['metric']} is not defined on these rows."
    own = intervals.over_rows_and_seeds(np.array([found.value]), found.influence[None, :])
    half = (told["upper"] - told["lower"]) / 2
    error = half / float(ndtri(0.5 + LEVEL / 2))
    expected = Estimate(told["score"], told["lower"], told["upper"], error, "of the holdout")
    gap = intervals.of_parts(
        own.value - expected.value,
        np.array([own.se**2, error**2]),
        np.array([len(rows) - 1, np.inf]),
        "independent rows",
    )
    return Standing(told["metric"], len(rows), own, expected, gap.upper < 0), ""
