"""Stage fit: one generator learns from the real rows of train."""

from pathlib import Path

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib import ledger, losses, models, provenance
from .lib.base import files, params
from .lib.base.errors import argument, run
from .lib.generators import registry
from .lib.generators.protocol import Finite, Private, Trained
from .lib.generators.registry import Specs
from .lib.ledger import Privacy
from .lib.tables import rows, schema, table


def main() -> None:
    """Write models/<generator>.pkl, metrics/fit/<generator>.json and data/training/<generator>/.

    Keys of metrics/fit/<generator>.json:

    - `generator`: its `name`, `family`, `parameters`, and the `seed` where it is not private
    - `train`: how many `rows` it learned from, and their hash `sha256`
    - `schema_sha256`: hash of data/schema.yaml
    - `code_sha256`: hash of every module of this package that the fit imported
    - `versions`: of the packages that shape the numbers
    - `synthetic_share`: the part of the rows learned from that earlier generators made
    - `privacy`: null, or what a private fit spent (`mechanism`, `epsilon`, `delta`, `rho`,
      `slack`), and the name of its line in the `ledger`
    """
    name = argument("a generator")
    spec = registry.spec(name, params.load("generators", Specs))
    declared = schema.load("data/schema.yaml")
    train = files.read_parquet("data/train.parquet")
    generator = registry.make(name, spec)
    if isinstance(generator, Finite):
        generator.name = name
    returned = files.read_parquet("data/returned.parquet")
    # Those rows were learned from real ones: a promise on each real row would no longer hold.
    alone = isinstance(generator, Finite | Private) or returned.empty
    learned = train if alone else table.stack([train, returned])
    digest = rows.digest(learned)
    privacy = None
    if isinstance(generator, Private):  # paid for before any noise is drawn
        spent = generator.spends(declared)
        budget = params.load("privacy", Privacy)
        line = ledger.spend(name, spent, table=digest, privacy=budget, project=Path.cwd())
        privacy = {**spent._asdict(), "ledger": line.name}
    generator.fit(learned, declared, seed=spec.seed)
    models.save(generator, f"models/{name}.pkl")
    course = generator.losses if isinstance(generator, Trained) else None
    losses.write(course, f"data/training/{name}")
    files.write_json(
        {
            "generator": {
                "name": name,
                "family": spec.family,
                "parameters": spec.parameters,
                **({} if privacy else {"seed": spec.seed}),  # no seed replays a private fit
            },
            "train": {"rows": len(learned), "sha256": digest},
            "schema_sha256": provenance.of_file("data/schema.yaml"),
            "code_sha256": provenance.code(),
            "versions": provenance.versions(registry.FAMILIES[spec.family].packages),
            "synthetic_share": 1 - len(train) / len(learned),
            "privacy": privacy,
        },
        f"metrics/fit/{name}.json",
        exact=True,
    )
    if isinstance(generator, Finite):
        print(f"{name} has its rows already and learned nothing from ours")
    else:
        print(f"{name} learned from {len(train):,} real rows")
        if not alone:
            print(f"and from {len(returned):,} that earlier generators made")


if __name__ == "__main__":
    run(main)
