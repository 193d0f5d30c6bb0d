"""Stage preview: a few hundred rows of a batch, for a person to read before there are many."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib import batches, models, preview, production, provenance
from .lib.base import files, params
from .lib.base.errors import argument, run
from .lib.batches import Slices
from .lib.generators.protocol import Finite
from .lib.preview import Preview
from .lib.production import Generate, Tally
from .lib.tables import schema, table
from .lib.tables.table import BATCH, ORIGIN


def main() -> None:
    """Write data/preview/<batch>.csv and metrics/preview/<batch>.json."""
    batch = batches.named(argument("a batch"))
    generate = params.load("generate", Generate)
    declared = schema.load("data/schema.yaml")
    part = batches.asked(batch, params.load("slices", Slices), declared)
    train = files.read_parquet("data/train.parquet")[declared.modelled]
    real = preview.like(train, part.condition)
    generator = models.load(f"models/{batch.generator}.pkl")
    count = params.load("preview", Preview).rows
    if isinstance(generator, Finite):
        count = min(count, part.rows)  # it may have no more
    parts = production.make(
        generator,
        count,
        where=part.condition,
        verifiers={},
        unique=False,
        seed=batches.seed(batch, generate.seed, "preview"),
        asked=generate,
        tally=Tally(),
    )
    made = table.stack(list(parts))
    page = f"data/preview/{batch.name}.csv"
    labelled = made.assign(**{ORIGIN: "synthetic", BATCH: batch.name})
    files.write_csv(labelled, page, digits=15)  # whole numbers whole: a person reads them
    findings = preview.inspect(made, real, train, declared)
    verdict = "fail" if findings["failures"] else "pass"
    told = {"verdict": verdict, "sha256": provenance.of_file(page), **findings}
    files.write_json(told, f"metrics/preview/{batch.name}.json")
    print(f"preview of {batch.name}: {verdict}", *findings["failures"], sep="\n")


if __name__ == "__main__":
    run(main)
