"""The loop over ratios, models and seeds that a person would write with scikit-learn.

`python -m benchmarks.loop FOLDER NAME` reads what `benchmarks.sweep` wrote there, and writes the
mean of each ratio, model and slice to scores/NAME.json. Of this project it takes which rows are
drawn.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from stages.lib.mixes import mixing

from .estimators import build


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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / f"scores/{sys.argv[2]}.json").write_text(json.dumps(main(folder)), "utf-8")
