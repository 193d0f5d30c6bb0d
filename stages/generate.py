"""Stage generate: the rows of a batch, verified, with the record of how they were made."""

import sys

from .lib import threads  # noqa: F401  (before anything that loads a thread pool)

# isort: split
from .lib import batches, files, models, params, provenance, schema
from .lib.batches import Generate, Slices
from .lib.errors import run
from .lib.provenance import Record


def main() -> None:
    """Write data/synthetic/<batch>.parquet and metrics/provenance/<batch>.json."""
    batch = batches.named(sys.argv[1])
    generate = params.load("generate", Generate)
    part = batches.asked(batch, params.load("slices", Slices))
    declared = schema.load("data/schema.yaml")
    fitted = files.read_json(f"metrics/fit/{batch.generator}.json")
    generator = models.load(f"models/{batch.generator}.pkl")
    seed = batches.seed(batch, generate.seed, "generate")
    made = batches.make(generator, declared, part.rows, seed=seed)
    record = Record(
        batch=batch.name,
        generator={key: fitted[key] for key in ("name", "family", "parameters", "seed")},
        slice={"name": batch.slice, "purpose": part.purpose},
        seed=seed,
        rows={"asked": part.rows, "generated": made.generated, "kept": len(made.frame)},
        verifiers=made.verifiers,
        train=fitted["train"],
        schema_sha256=fitted["schema_sha256"],
        code_sha256={"fit": fitted["code_sha256"], "generate": provenance.code()},
        versions=fitted["versions"],
        preview=files.read_json(f"metrics/preview/{batch.name}.json")["verdict"],
        synthetic_share=fitted["synthetic_share"],
        privacy=fitted["privacy"],
    )
    provenance.write(
        made.frame,
        record,
        f"data/synthetic/{batch.name}.parquet",
        f"metrics/provenance/{batch.name}.json",
    )
    print(f"{batch.name}: {len(made.frame):,} rows kept of {made.generated:,}")


if __name__ == "__main__":
    run(main)
