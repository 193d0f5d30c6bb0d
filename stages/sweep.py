"""Stage sweep: the metric over the synthetic ratio, the ratio to take, and what it is worth."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib import admission, holdout, provenance, runs
from .lib.base import files, params
from .lib.base.errors import run
from .lib.batches import Slices
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.mixes.ground import prepare
from .lib.mixes.mixing import Policy
from .lib.ratios import checkpoint, conclusion, regional, sweep
from .lib.ratios.sweep import Sweep
from .lib.tables import schema

UNFINISHED = "data/unfinished/sweep"  # what a run that was killed leaves to the next


def main() -> None:
    """Write metrics/curve.csv, metrics/alternatives.csv and metrics/sweep.json."""
    metric = params.load("brief.metric", str)
    asked = params.load("sweep", Sweep)
    policy = params.load("blend.policy", Policy)
    slices = params.load("slices", Slices)
    declared = schema.load("data/schema.yaml")
    train, tune = (files.read_parquet(f"data/{name}.parquet") for name in ("train", "tune"))
    held = holdout.read(params.load("freeze.locked", Lock | None))
    decision = files.read_json("metrics/admit.json")
    chosen = admission.mixed(params.load("blend.batches", list[str] | None), decision)
    mixes = {" + ".join(chosen) or "none": chosen}
    mixes |= {name: [name] for name in decision["passed"] if [name] != chosen}
    batches = {
        name: provenance.read(f"data/synthetic/{name}.parquet")[0]
        for name in dict.fromkeys(name for mix in mixes.values() for name in mix)
    }
    with checkpoint.kept(UNFINISHED) as kept:
        ground = prepare(
            train,
            batches,
            {"tune": holdout.deciding(tune, held), "holdout": held},
            declared,
            params.load("models", Learners),
            metric,
            asked=asked.models,
            real_only=files.read_json("metrics/baseline.json")["model"],
            policy=policy,
            seeds=asked.seeds,
            run=kept,
        )
        parts = None
        if asked.per_slice and chosen:
            parts = regional.assign(ground, asked.regions, train, batches, declared, slices)
        found = sweep.measure(ground, mixes, asked, parts)
        real_rows = runs.unpack(files.read_arrays("data/baseline.npz"))
        drawn = conclusion.conclude(found, real_rows, len(train), policy)
        told = conclusion.record(
            drawn,
            metric=metric,
            threshold=params.load("brief.threshold", float),
            decided_on=holdout.decided_on(tune),
            batches=chosen,
            policy=policy,
        )
        files.write_csv(sweep.tidy(ground, mixes, found), "metrics/curve.csv")
        files.write_csv(conclusion.tidy(drawn), "metrics/alternatives.csv")
        files.write_json(told, "metrics/sweep.json")
    print(told["sentence"])


if __name__ == "__main__":
    run(main)
