"""Stage blend: the training table at the chosen ratio, and the final model against the baseline."""

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import blend, curve, files, holdout, models, params, provenance, runs, schema
from .lib.blend import Blend
from .lib.errors import run
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.table import ORIGIN


def main() -> None:
    """Write data/blend.parquet, models/final.skops and metrics/blend.json."""
    metric = params.load("brief.metric", str)
    threshold = params.load("brief.threshold", float)
    asked = params.load("blend", Blend)
    declared = schema.load("data/schema.yaml")
    train, tune = (files.read_parquet(f"data/{name}.parquet") for name in ("train", "tune"))
    held = holdout.read(params.load("freeze.locked", Lock | None))
    admitted = files.read_json("metrics/admit.json")["admitted"]
    swept = files.read_json("metrics/sweep.json")
    batches = [provenance.read(f"data/synthetic/{name}.parquet")[0] for name in admitted]

    final = blend.train(
        train,
        batches,
        {"tune": holdout.deciding(tune, held), "holdout": held},
        declared,
        params.load("models", Learners),
        metric,
        ratio=swept["ratio"] if asked.ratio == "auto" else asked.ratio,
        model=swept["model"] if asked.ratio == "auto" else None,
        real_only=files.read_json("metrics/baseline.json")["model"],
        policy=asked.policy,
        seeds=params.load("sweep.seeds", int),
    )
    score = runs.estimate(final.point.scores["holdout"])
    gain = runs.difference(final.point.scores["holdout"], final.alone.scores["holdout"])
    files.write_parquet(final.rows, "data/blend.parquet")
    models.save_skops(final.pipeline, "models/final.skops")
    files.write_json(
        {
            "ratio": final.point.ratio,
            "metric": metric,
            "score": score.value,
            "lower": score.lower,
            "upper": score.upper,
            "gain": gain.value,
            "gain_lower": gain.lower,
            "gain_upper": gain.upper,
            "verdict": curve.verdict(gain, final.point.ratio),
            "reaches_threshold": score.value >= threshold,
            "model": final.point.model,
            "rows_real": final.rows[ORIGIN].eq("real").sum(),
            "rows_synthetic": final.rows[ORIGIN].eq("synthetic").sum(),
            "batches": admitted,
            "classes": final.classes,
            "method": gain.method,
        },
        "metrics/blend.json",
    )
    print(f"ratio {final.point.ratio:g}: {metric} {score.value:.4f}, gain {gain.value:+.4f}")


if __name__ == "__main__":
    run(main)
