"""The notebook that a person would write instead, with SDV, SDMetrics and scikit-learn alone.

`python -m benchmarks.notebook FOLDER` reads train.parquet, tune.parquet, holdout.parquet and
task.json there, one step after the other, and writes notebook.json: scores, and seconds by step.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sdmetrics.reports import QualityReport
from sdmetrics.single_table import DCROverfittingProtection
from sdv.metadata import Metadata
from sdv.single_table import GaussianCopulaSynthesizer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score

from .estimators import build

TABLE = "table"
DCR_ROWS = 10_000  # at most, of each table: on all its time grows with the square of them
FOLDS = 5


def main(folder: Path) -> dict[str, Any]:
    """Do every step, and return what each found and took."""
    task = json.loads((folder / "task.json").read_text("utf-8"))
    train, tune, holdout = (_read(folder, name) for name in ("train", "tune", "holdout"))
    model = next(iter(task["models"].values()))
    seconds: dict[str, float] = {}

    def step(name: str, do: Callable[..., Any], *given: Any) -> Any:
        start = time.perf_counter()
        done = do(*given)
        seconds[name] = time.perf_counter() - start
        return done

    made, metadata = step("synthesize", synthesize, train, task)
    scores = {
        "quality": step("quality", quality, train, made, metadata),
        "dcr": step("dcr", dcr, train, made, holdout, metadata),
        "discriminator": step("discriminator", discriminator, train, made, task),
        "utility": step("utility", utility, train, made, holdout, task, model),
        "sweep": step("sweep", sweep, train, made, {"tune": tune, "holdout": holdout}, task),
    }
    return {"seconds": seconds, "scores": scores}


def synthesize(train: pd.DataFrame, task: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return rows of SDV's Gaussian copula, and SDV's metadata of them."""
    metadata = Metadata.detect_from_dataframes({TABLE: train}, infer_keys=None)
    metadata.update_columns([*task["categories"], task["target"]], sdtype="categorical")
    metadata.update_columns(task["numbers"], sdtype="numerical")
    synthesizer = GaussianCopulaSynthesizer(metadata)
    synthesizer.fit({TABLE: train})
    made = synthesizer.sample(task["synthetic"])[TABLE]
    return made[train.columns], metadata.to_dict()


def quality(train: pd.DataFrame, made: pd.DataFrame, metadata: dict[str, Any]) -> float:
    """Return the score of SDMetrics' QualityReport, on all rows."""
    report = QualityReport()
    report.generate({TABLE: train}, {TABLE: made}, metadata, verbose=False)
    return report.get_score()


def dcr(
    train: pd.DataFrame, made: pd.DataFrame, holdout: pd.DataFrame, metadata: dict[str, Any]
) -> dict[str, float]:
    """Return the score of SDMetrics' DCROverfittingProtection, and the rows it is of.

    So many of each table: with more of train than of the holdout, train would be nearer by chance.
    """
    rows = min(DCR_ROWS, len(train), len(made), len(holdout))
    np.random.seed(0)  # noqa: NPY002  (SDMetrics has no other way)
    found = DCROverfittingProtection.compute_breakdown(
        train, made, holdout, metadata, TABLE, num_rows_subsample=rows
    )
    return {"score": found["score"], "rows": rows}


def discriminator(train: pd.DataFrame, made: pd.DataFrame, task: dict[str, Any]) -> float:
    """Return the ROC AUC of boosting that tells real from as many synthetic rows."""
    both = pd.concat([train, made.sample(len(train), random_state=0)])
    real = np.repeat([True, False], len(train))
    model = build(
        {"kind": "hist_gradient_boosting"}, [*task["categories"], task["target"]],
        task["numbers"], seed=0,
    )  # fmt: skip
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return cross_val_score(model, both, real, cv=folds, scoring="roc_auc").mean()


def utility(
    train: pd.DataFrame,
    made: pd.DataFrame,
    holdout: pd.DataFrame,
    task: dict[str, Any],
    model: dict[str, Any],
) -> dict[str, float]:
    """Return what a model reaches that learned from real rows, or from as many synthetic ones."""
    taught = {"trtr": train, "tstr": made.sample(len(train), random_state=0)}
    return {
        name: score(fitted(rows, task, model, 0), holdout, task) for name, rows in taught.items()
    }


def sweep(
    train: pd.DataFrame, made: pd.DataFrame, scored: dict[str, pd.DataFrame], task: dict[str, Any]
) -> dict[str, float]:
    """Return the mean score over the seeds of each ratio, model and slice."""
    found: dict[str, float] = {}
    for ratio in task["ratios"]:
        count = round(ratio / (1 - ratio) * len(train))  # the ratio is synthetic rows of all
        for name, model in task["models"].items():
            scores: dict[str, list[float]] = {split: [] for split in scored}
            for seed in range(task["seeds"]):
                drawn = np.random.default_rng(seed).choice(len(made), count, replace=False)
                pipeline = fitted(pd.concat([train, made.iloc[drawn]]), task, model, seed)
                for split, frame in scored.items():
                    scores[split].append(score(pipeline, frame, task))
            for split, own in scores.items():
                found[f"{ratio:g} {name} {split}"] = float(np.mean(own))
    return found


def fitted(rows: pd.DataFrame, task: dict[str, Any], model: dict[str, Any], seed: int) -> Any:
    """Return a model that has learned the target from rows."""
    pipeline = build(model, task["categories"], task["numbers"], seed)
    return pipeline.fit(rows, rows[task["target"]] == task["positive"])


def score(pipeline: Any, rows: pd.DataFrame, task: dict[str, Any]) -> float:
    """Return the ROC AUC of a model on rows."""
    told = pipeline.predict_proba(rows)[:, 1]
    return roc_auc_score(rows[task["target"]] == task["positive"], told)


def _read(folder: Path, name: str) -> pd.DataFrame:
    """Return a table with categories as texts, which is how SDV and SDMetrics know them."""
    frame = pd.read_parquet(folder / f"{name}.parquet")
    return frame.astype({name: object for name in frame.select_dtypes("category")})


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # what SDV and SDMetrics advise
    here = Path(sys.argv[1])
    (here / "notebook.json").write_text(json.dumps(main(here)), "utf-8")
