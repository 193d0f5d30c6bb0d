"""Stage sweep: the metric over the synthetic ratio, and the ratio to take."""

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import curve, files, holdout, params, provenance, runs, schema, sweep
from .lib.errors import run
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.mixing import Policy
from .lib.sweep import Sweep


def main() -> None:
    """Write metrics/curve.csv and metrics/sweep.json."""
    metric = params.load("brief.metric", str)
    threshold = params.load("brief.threshold", float)
    asked = params.load("sweep", Sweep)
    models = params.load("models", Learners)
    policy = params.load("blend.policy", Policy)
    declared = schema.load("data/schema.yaml")
    train, tune = (files.read_parquet(f"data/{name}.parquet") for name in ("train", "tune"))
    held = holdout.read(params.load("freeze.locked", Lock | None))
    decision = files.read_json("metrics/admit.json")
    real_only = files.read_json("metrics/baseline.json")["model"]
    batches = {
        name: provenance.read(f"data/synthetic/{name}.parquet")[0]
        for name in [*decision["admitted"], *decision["passed"]]
    }
    mixes = {" + ".join(decision["admitted"]) or "none": decision["admitted"]}
    mixes |= {name: [name] for name in decision["passed"]}

    scored = {"tune": holdout.deciding(tune, held), "holdout": held}
    curves = sweep.curves(
        train, batches, mixes, scored, declared, models, metric, real_only, asked, policy
    )
    files.write_csv(sweep.tidy(curves, len(train), policy), "metrics/curve.csv")
    choice = curve.choose(curves[next(iter(mixes))])
    alone = next(point for point in curves[next(iter(mixes))] if point.ratio == 0)
    gain = runs.difference(choice.chosen.scores["holdout"], alone.scores["holdout"])
    tried = runs.difference(choice.best.scores["holdout"], alone.scores["holdout"])
    verdict = curve.verdict(gain, choice.chosen.ratio)
    score = runs.estimate(choice.chosen.scores["holdout"])
    files.write_json(
        {
            "metric": metric,
            "ratio": choice.chosen.ratio,
            "score": score.value,
            "gain": gain.value,
            "gain_lower": gain.lower,
            "gain_upper": gain.upper,
            "verdict": verdict,
            "reaches_threshold": score.value >= threshold,
            "model": choice.chosen.model,
            "best_ratio": choice.best.ratio,
            "best_ratio_gain": runs.told(tried),
            "shape": choice.shape,
            "plateau": choice.plateau,
            "fall_one_step_below": choice.fall_below,
            "fall_one_step_above": choice.fall_above,
            "best_is_last_ratio": choice.at_edge,
            "batches": decision["admitted"],
            "decided_on": holdout.decided_on(tune),
            "method": gain.method,
        },
        "metrics/sweep.json",
    )
    print(f"ratio {choice.chosen.ratio:g} ({choice.shape}): {verdict}")


if __name__ == "__main__":
    run(main)
