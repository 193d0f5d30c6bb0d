"""Stage fit: one generator learns from the real rows of train."""

import sys

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import files, losses, models, params, provenance, rows, schema
from .lib.errors import run
from .lib.generators import registry
from .lib.generators.protocol import Trained
from .lib.generators.registry import Specs


def main() -> None:
    """Write models/<generator>.pkl, metrics/fit/<generator>.json and data/training/<generator>/."""
    name = sys.argv[1]
    spec = params.load("generators", Specs)[name]
    declared = schema.load("data/schema.yaml")
    train = files.read_parquet("data/train.parquet")
    generator = registry.make(name, spec).fit(train, declared, seed=spec.seed)
    models.save(generator, f"models/{name}.pkl")
    learned = generator.losses if isinstance(generator, Trained) else None
    losses.write(learned, f"data/training/{name}")
    files.write_json(
        {
            "generator": {
                "name": name,
                "family": spec.family,
                "parameters": spec.parameters,
                "seed": spec.seed,
            },
            "train": {"rows": len(train), "sha256": rows.digest(train)},
            "schema_sha256": provenance.of_file("data/schema.yaml"),
            "code_sha256": provenance.code(),
            "versions": provenance.versions(registry.FAMILIES[spec.family].packages),
            "synthetic_share": 0.0,
            "privacy": None,
        },
        f"metrics/fit/{name}.json",
    )
    print(f"{name} learned from {len(train):,} real rows")


if __name__ == "__main__":
    run(main)
