"""Stage blend: the training table at the chosen ratio, and the final model against the baseline."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import numpy as np

from .lib import admission, holdout, models, provenance
from .lib.base import files, params
from .lib.base.errors import run
from .lib.base.params import Name
from .lib.batches import Slices
from .lib.final import appraisal, blend
from .lib.final.blend import Blend
from .lib.holdout import Lock
from .lib.learners import Learners
from .lib.mixes import regions
from .lib.mixes.ground import prepare, rows_of
from .lib.mixes.mixing import Stock
from .lib.mixes.regions import Regions
from .lib.tables import schema


def main() -> None:
    """Write data/blend.parquet, models/final.skops, metrics/blend.json and calibration.csv."""
    asked = params.load("blend", Blend)
    kind = params.load("sweep.regions", Regions)
    parts = params.load("slices", Slices)
    declared = schema.load("data/schema.yaml")
    train, tune = (files.read_parquet(f"data/{name}.parquet") for name in ("train", "tune"))
    held = holdout.read(params.load("freeze.locked", Lock | None))
    decision = files.read_json("metrics/admit.json")
    batches = {
        name: provenance.read(f"data/synthetic/{name}.parquet")[0]
        for name in admission.mixed(asked.batches, decision)
    }
    made = list(batches.values())

    ground = prepare(
        train,
        batches,
        {"tune": holdout.deciding(tune, held), "holdout": held},
        declared,
        params.load("models", Learners),
        params.load("brief.metric", str),
        asked=params.load("sweep.models", list[Name] | None),
        real_only=files.read_json("metrics/baseline.json")["model"],
        policy=asked.policy,
        seeds=params.load("sweep.seeds", int),
    )
    recipe = blend.recipe(asked, files.read_json("metrics/sweep.json"), ground.models)
    stock = rows_of(ground, list(batches))[1]
    if recipe.regional:
        found = regions.by(kind, train, made, declared, parts, ground.bench.classes)
        stock = Stock(found.train, np.concatenate(found.frames), tuple(found.names))
    slices, notes = appraisal.slices(ground.bench, held, parts)
    final = blend.train(ground, stock, recipe, slices)

    files.write_parquet(blend.rows(final, train, made), "data/blend.parquet")
    models.save_skops(final.pipeline, "models/final.skops")
    files.write_csv(blend.reliability(final), "metrics/calibration.csv")
    told = blend.told(final, ground, params.load("brief.threshold", float))
    files.write_json({**told, "notes": notes}, "metrics/blend.json")
    print(
        f"ratio {told['ratio']:g}: {told['metric']} {told['score']:.4f}, gain {told['gain']:+.4f}"
    )


if __name__ == "__main__":
    run(main)
