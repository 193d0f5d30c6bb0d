"""Stage generate: the rows of a batch, verified, with the record of how they were made."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib import batches, models, preview, production, provenance, script, verify
from .lib.base import files, params
from .lib.base.errors import argument, run
from .lib.batches import Slices
from .lib.generators.protocol import Sourced
from .lib.production import Generate, Tally
from .lib.provenance import LEARNED, Record
from .lib.tables import schema
from .lib.verify import Verify


def main() -> None:
    """Write data/synthetic/<batch>.parquet and metrics/provenance/<batch>.json."""
    batch = batches.named(argument("a batch"))
    generate = params.load("generate", Generate)
    asked = params.load("verify", Verify)
    declared = schema.load("data/schema.yaml")
    part = batches.asked(batch, params.load("slices", Slices), declared)
    page = files.read_json(f"metrics/preview/{batch.name}.json")
    required = params.load("preview.require_approval", bool)
    seen = preview.seen(batch.name, page, f"reviews/{batch.name}.yaml", required=required)
    fitted = files.read_json(f"metrics/fit/{batch.generator}.json")
    generator = models.load(f"models/{batch.generator}.pkl")
    prepared = verify.prepare(
        asked,
        generator,
        files.read_parquet("data/train.parquet")[declared.modelled],
        declared,
        where=part.condition,
        private=fitted["privacy"] is not None,
        seed=batches.seed(batch, generate.seed, "verify"),
    )
    learned = {key: fitted[key] for key in LEARNED}
    if learned["privacy"]:
        learned["privacy"] = {**learned["privacy"], "verifiers_left_out": prepared.left_out}
    seed = batches.seed(batch, generate.seed, "generate")
    tally = Tally()
    made = production.make(
        generator,
        part.rows,
        where=part.condition,
        verifiers=prepared.verifiers,
        unique=asked.duplicates,
        seed=seed,
        asked=generate,
        tally=tally,
    )

    def complete() -> Record:
        sources = generator.sources() if isinstance(generator, Sourced) else {}
        if asked.python:
            sources |= script.sources()
        return Record(
            batch=batch.name,
            slice={"name": batch.slice, **part.told},
            seed=seed,
            rows={
                "asked": part.rows,
                **({"held": tally.held} if tally.held else {}),
                "generated": tally.generated,
                "met": tally.met,
                "kept": part.rows,
            },
            verifiers=tally.verifiers,
            code_sha256={
                "fit": fitted["code_sha256"],
                "generate": provenance.code(),
                **sources,
            },
            preview=seen,
            **learned,
        )

    rows, record = f"data/synthetic/{batch.name}.parquet", f"metrics/provenance/{batch.name}.json"
    provenance.write(made, complete, rows, record)
    print(f"{batch.name}: {part.rows:,} rows kept of {tally.generated:,}")
    if tally.held and tally.generated < tally.held:
        print(f"these are a random part, by the seed, of the {tally.held:,} that it holds")
    if prepared.left_out:
        told = ", ".join(prepared.left_out)
        print(f"not verified, as the generator is private and these read real rows: {told}")


if __name__ == "__main__":
    run(main)
