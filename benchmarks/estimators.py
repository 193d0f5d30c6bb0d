"""The models of `params.yaml`, as a person would build them with scikit-learn alone."""

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler


def build(model: dict[str, Any], categories: list[str], numbers: list[str], seed: int) -> Any:
    """Return an unfitted pipeline from a table of features to predictions."""
    parameters = {key: value for key, value in model.items() if key != "kind"}
    if model["kind"] == "linear":
        scaled = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
        one_hot = OneHotEncoder(handle_unknown="ignore")
        columns = ColumnTransformer([("c", one_hot, categories), ("n", scaled, numbers)])
        return make_pipeline(columns, LogisticRegression(**{"max_iter": 1000, **parameters}))
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("c", ordinal, categories), ("n", "passthrough", numbers)])
    boosting = HistGradientBoostingClassifier(
        categorical_features=list(range(len(categories))),
        early_stopping=False,
        random_state=seed,
        **parameters,
    )
    return make_pipeline(columns, boosting)
