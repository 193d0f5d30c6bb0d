"""Stage baseline: what real rows alone reach, with the cheap remedies and with more real rows."""

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import baseline, files, holdout, params, runs, schema
from .lib.errors import run
from .lib.holdout import Lock
from .lib.learners import Learners


def main() -> None:
    """Write metrics/baseline.json and metrics/learning.csv."""
    metric = params.load("brief.metric", str)
    threshold = params.load("brief.threshold", float)
    models = params.load("models", Learners)
    seeds = params.load("sweep.seeds", int)
    declared = schema.load("data/schema.yaml")
    train, tune, pool = (
        files.read_parquet(f"data/{name}.parquet") for name in ("train", "tune", "pool")
    )
    held = holdout.read(params.load("freeze.locked", Lock | None))
    scored = {"tune": holdout.deciding(tune, held), "holdout": held}

    found = baseline.measure(train, pool, scored, declared, models, metric, seeds=seeds)
    best = {name: runs.estimate(part) for name, part in found.best.items()}
    files.write_csv(found.learning, "metrics/learning.csv")
    files.write_json(
        {
            "metric": metric,
            "model": found.model,
            "score": best["holdout"].value,
            "lower": best["holdout"].lower,
            "upper": best["holdout"].upper,
            "threshold": threshold,
            "short_of_threshold": threshold - best["holdout"].value,
            "tune": runs.told(best["tune"]),
            "cross_validation": found.cross_validation,
            "remedies": {name: runs.told(gain) for name, gain in found.remedies.items()},
            "method": best["holdout"].method,
        },
        "metrics/baseline.json",
    )
    print(f"real rows alone: {metric} {best['holdout'].value:.3f} with {found.model}")


if __name__ == "__main__":
    run(main)
