"""Stage preview: a few hundred rows of a batch, for a person to read before there are many."""

import sys

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import batches, files, models, params, preview, schema
from .lib.batches import Generate
from .lib.errors import run
from .lib.table import BATCH, ORIGIN


def main() -> None:
    """Write data/preview/<batch>.csv and metrics/preview/<batch>.json."""
    batch = batches.named(sys.argv[1])
    generate = params.load("generate", Generate)
    declared = schema.load("data/schema.yaml")
    train = files.read_parquet("data/train.parquet")
    generator = models.load(f"models/{batch.generator}.pkl")
    seed = batches.seed(batch, generate.seed, "preview")
    made = generator.sample(generate.preview_rows, seed=seed)
    findings = preview.inspect(made, train[declared.modelled], declared)
    labelled = made.assign(**{ORIGIN: "synthetic", BATCH: batch.name})
    files.write_csv(labelled, f"data/preview/{batch.name}.csv")
    files.write_json(
        {"verdict": preview.verdict(findings), **findings}, f"metrics/preview/{batch.name}.json"
    )
    print(f"preview of {batch.name}: {preview.verdict(findings)}")


if __name__ == "__main__":
    run(main)
