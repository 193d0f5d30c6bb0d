"""Stage fit: one generator learns from the real rows of train."""

import sys
from pathlib import Path

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import files, ledger, losses, models, params, provenance, rows, schema
from .lib.errors import run
from .lib.generators import registry
from .lib.generators.protocol import Finite, Private, Trained
from .lib.generators.registry import Specs
from .lib.ledger import Privacy


def main() -> None:
    """Write models/<generator>.pkl, metrics/fit/<generator>.json and data/training/<generator>/."""
    name = sys.argv[1]
    spec = params.load("generators", Specs)[name]
    declared = schema.load("data/schema.yaml")
    train = files.read_parquet("data/train.parquet")
    generator, digest = registry.make(name, spec), rows.digest(train)
    if isinstance(generator, Finite):
        generator.name = name
    privacy = None
    if isinstance(generator, Private):  # paid for before any noise is drawn
        spent = generator.spends(declared)
        budget = params.load("privacy", Privacy)
        line = ledger.spend(name, spent, table=digest, privacy=budget, project=Path.cwd())
        privacy = {**spent._asdict(), "ledger": line.name}
    generator.fit(train, declared, seed=spec.seed)
    models.save(generator, f"models/{name}.pkl")
    learned = generator.losses if isinstance(generator, Trained) else None
    losses.write(learned, f"data/training/{name}")
    files.write_json(
        {
            "generator": {
                "name": name,
                "family": spec.family,
                "parameters": spec.parameters,
                **({} if privacy else {"seed": spec.seed}),  # no seed replays a private fit
            },
            "train": {"rows": len(train), "sha256": digest},
            "schema_sha256": provenance.of_file("data/schema.yaml"),
            "code_sha256": provenance.code(),
            "versions": provenance.versions(registry.FAMILIES[spec.family].packages),
            "synthetic_share": 0.0,
            "privacy": privacy,
        },
        f"metrics/fit/{name}.json",
        exact=True,
    )
    if isinstance(generator, Finite):
        print(f"{name} has its rows already and learned nothing from ours")
    else:
        print(f"{name} learned from {len(train):,} real rows")


if __name__ == "__main__":
    run(main)
