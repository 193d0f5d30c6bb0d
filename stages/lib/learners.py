"""The models that scores are taken from: scikit-learn estimators on one shared encoding."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ConfigDict

from .base.errors import ParamsError, nearest
from .base.params import Name, Section
from .tables.schema import Schema, Task

MAX_LEVELS = 255  # more categories than this are split as numbers by histogram boosting


class Learner(Section):
    """One model of the section `models`: its kind, and the estimator's own parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    """What it is; further keys are parameters of scikit-learn's estimator, by its names."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What is handed to the estimator."""
        return dict(self.model_extra or {})


Learners = dict[Name, Learner]  # the section `models`


def encoder(frame: pd.DataFrame, schema: Schema, names: list[str] | None = None) -> Any:
    """Return a fitted transformer from columns to a float64 matrix, categories first.

    The columns are `names`, or the features.

    A category becomes its place in sorted order, one not in `frame` -1, a missing one NaN.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    names = schema.features if names is None else names
    categories = schema.categorical(names)
    ordinal = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=np.nan
    )
    numbers = schema.numeric(names)
    parts = [("category", ordinal, categories), ("number", "passthrough", numbers)]
    return ColumnTransformer(parts, verbose_feature_names_out=False).fit(frame[names])


def levels(fitted: Any) -> list[int]:
    """Return how many categories each encoded column has, 0 for a number."""
    ordinal = fitted.named_transformers_["category"]
    counts = [len(found) for found in getattr(ordinal, "categories_", [])]  # unfitted without any
    return counts + [0] * (fitted.n_features_in_ - len(counts))


def check(learners: Learners, task: Task) -> None:
    """Raise ParamsError where a model is unknown, takes other parameters, or does not fit."""
    if not learners:
        raise ParamsError("params.yaml: `models` is empty; name at least one model")
    for name, learner in learners.items():
        if learner.kind not in KINDS:
            raise ParamsError(
                f"params.yaml: `models.{name}.kind` {learner.kind!r} is unknown; "
                f"{nearest(learner.kind, KINDS)}"
            )
        try:
            made = make(learner, task, [], seed=0)
            # scikit-learn looks at the values when it fits, which is late.
            getattr(made, "steps", [("", made)])[-1][1]._validate_params()
        except (TypeError, ValueError) as error:
            raise ParamsError(f"params.yaml: `models.{name}`: {error}") from None


def make(learner: Learner, task: Task, levels: list[int], *, seed: int) -> Any:
    """Return an unfitted estimator for matrices of `encoder`."""
    return KINDS[learner.kind](task, learner.parameters, levels, seed)


def fit(
    learner: Learner, task: Task, levels: list[int], x: np.ndarray, y: np.ndarray, *, seed: int
) -> Any:
    """Return an estimator fitted on rows of `encoder`; of one class, one that predicts it."""
    if task != "regression" and (y == y[0]).all():
        return constant(int(y[0])).fit(x, y)  # scikit-learn takes no float
    empty = np.isnan(x).all(axis=0)
    if empty.any():  # such a column says nothing, and boosting cannot bin it
        x = np.where(empty, 0, x)
    try:
        return make(learner, task, levels, seed=seed).fit(x, y)
    except (ValueError, TypeError, OverflowError) as error:
        if not learner.parameters:
            raise
        told = ", ".join(f"{name}: {value!r}" for name, value in learner.parameters.items())
        raise ParamsError(
            f"params.yaml: {learner.kind} of `models` with {told} cannot be trained: {error}"
        ) from None


def constant(label: Any) -> Any:
    """Return an unfitted model for rows of one class: it predicts that class."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="constant", constant=label)


def predict(estimator: Any, x: np.ndarray, classes: int) -> np.ndarray:
    """Return probabilities, shape (rows, classes), or values, shape (rows,) where classes is 0.

    A class that the estimator never saw has probability 0.
    """
    if not classes:
        return estimator.predict(x)
    wide = np.zeros((len(x), classes))
    wide[:, estimator.classes_.astype(int)] = estimator.predict_proba(x)
    return wide


def _boosting(task: Task, parameters: dict[str, Any], levels: list[int], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    build = (
        HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    )
    most = min(MAX_LEVELS, parameters.get("max_bins", MAX_LEVELS))
    categorical = [place for place, count in enumerate(levels) if 0 < count <= most]
    # Early stopping sets rows aside by class, which a class of one row cannot bear.
    options = {"early_stopping": False, "random_state": seed, **parameters}
    return build(categorical_features=categorical or None, **options)


def _forest(task: Task, parameters: dict[str, Any], levels: list[int], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    build = RandomForestRegressor if task == "regression" else RandomForestClassifier
    return build(random_state=seed, **parameters)


def _linear(task: Task, parameters: dict[str, Any], levels: list[int], seed: int) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    labels = [place for place, count in enumerate(levels) if count]
    numbers = [place for place, count in enumerate(levels) if not count]
    scaled = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    columns = ColumnTransformer(
        [
            ("category", OneHotEncoder(handle_unknown="ignore"), labels),
            ("number", scaled, numbers),
        ]
    )
    if task == "regression":
        return make_pipeline(columns, Ridge(**parameters))
    return make_pipeline(columns, LogisticRegression(**{"max_iter": 1000, **parameters}))


KINDS: dict[str, Callable[[Task, dict[str, Any], list[int], int], Any]] = {
    "hist_gradient_boosting": _boosting,
    "random_forest": _forest,
    "linear": _linear,
}
