"""Stage preview: a few hundred rows of a batch, for a person to read before there are many."""

import sys

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import batches, files, models, params, preview, schema
from .lib.batches import Generate
from .lib.errors import run


def main() -> None:
    """Write data/preview/<batch>.csv and metrics/preview/<batch>.json."""
    batch = batches.named(sys.argv[1])
    generate = params.load("generate", Generate)
    declared = schema.load("data/schema.yaml")
    train = files.read_parquet("data/train.parquet")
    generator = models.load(f"models/{batch.generator}.pkl")
    made = generator.sample(generate.preview_rows, seed=generate.seed)
    findings = preview.inspect(made, train[declared.modelled], declared)
    files.write_csv(made, f"data/preview/{batch.name}.csv")
    files.write_json(
        {"verdict": preview.verdict(findings), **findings}, f"metrics/preview/{batch.name}.json"
    )
    print(f"preview of {batch.name}: {preview.verdict(findings)}")


if __name__ == "__main__":
    run(main)
