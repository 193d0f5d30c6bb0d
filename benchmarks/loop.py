"""The loop over ratios, models and seeds that a person would write with scikit-learn.

`python -m benchmarks.loop FOLDER NAME` reads what `benchmarks.sweep` wrote there, and writes the
mean of each ratio, model and slice to scores/NAME.json. Of this project it takes which rows are
drawn.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from stages.lib import mixing


def main(folder: Path) -> dict[str, float]:
    """Train and score every model at every ratio with every seed, one after the other."""
    task = json.loads((folder / "task.json").read_text("utf-8"))
    features, target = task["categories"] + task["numbers"], task["target"]
    train, synthetic, tune, holdout = (
        pd.read_parquet(folder / f"{name}.parquet")
        for name in ("train", "synthetic", "tune", "holdout")
    )
    both = pd.concat([train, synthetic]).astype(dict.fromkeys(task["categories"], object))
    scored = {"tune": tune, "holdout": holdout}
    stock = mixing.whole(len(train), len(synthetic))
    found = {}
    for ratio in task["ratios"]:
        mix = mixing.plan([ratio], stock, "add")
        for name, model in task["models"].items():
            scores: dict[str, list[float]] = {split: [] for split in scored}
            for seed in range(task["seeds"]):
                rows = both.iloc[mixing.draw(mix, stock, seed=seed)]
                pipeline = build(model, task["categories"], task["numbers"], seed)
                pipeline.fit(rows[features], rows[target] == task["positive"])
                for split, frame in scored.items():
                    told = pipeline.predict_proba(frame[features])[:, 1]
                    scores[split].append(roc_auc_score(frame[target] == task["positive"], told))
            found |= {f"{ratio:g} {name} {split}": np.mean(own) for split, own in scores.items()}
    return found


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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / f"scores/{sys.argv[2]}.json").write_text(json.dumps(main(folder)), "utf-8")
