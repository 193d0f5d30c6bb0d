"""Stage baseline: what real rows alone reach, with the cheap remedies and with more real rows."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib import baseline, holdout, learning, runs
from .lib.base import files, params
from .lib.base.errors import run
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.tables import schema


def main() -> None:
    """Write metrics/baseline.json, metrics/learning.csv and data/baseline.npz.

    Keys of metrics/baseline.json:

    - `metric`: the metric of the brief; greater is better
    - `model`: the best of `models` on train alone, by cross-validation
    - `score`, `lower`, `upper`: its mean on the holdout over the seeds, and the 95 % interval
    - `threshold`, `short_of_threshold`: `brief.threshold`, and how far the score is below it
    - `tune`: the same score on tune: `value`, `lower`, `upper`, `method`
    - `method`: how the interval was found
    - `cross_validation`: for each `model` its `mean`
    - `remedies`: for each cheap remedy its `name`, the `gain` on the holdout over real rows alone
      with `lower` and `upper`, and the `method` of that
    - `notes`: what was left out, and why
    """
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
    changes = {
        name: runs.difference(part["holdout"], found.best["holdout"])
        for name, part in found.remedies.items()
    }
    files.write_arrays(runs.pack(baseline.named(found)), "data/baseline.npz")
    files.write_csv(learning.tidy(found.learning), "metrics/learning.csv")
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
            "method": best["holdout"].method,
            "cross_validation": [
                {"model": model, "mean": mean} for model, mean in found.cross_validation.items()
            ],
            "remedies": [
                {
                    "name": name,
                    "gain": gain.value,
                    "lower": gain.lower,
                    "upper": gain.upper,
                    "method": gain.method,
                }
                for name, gain in changes.items()
            ],
            "notes": found.notes,
        },
        "metrics/baseline.json",
    )
    print(f"real rows alone: {metric} {best['holdout'].value:.3f} with {found.model}")


if __name__ == "__main__":
    run(main)
