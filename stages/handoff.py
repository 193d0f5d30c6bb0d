"""Stage handoff: what was found, for the reviewer in git and for people who would rather look."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib import batches, provenance
from .lib.base import files, params
from .lib.base.errors import run
from .lib.batches import Slices
from .lib.generators.registry import Specs
from .lib.report import ancestry, document, histograms, page, pictures, sample, story, tradeoff
from .lib.report.evidence import Evidence
from .lib.report.triggers import Triggers
from .lib.tables import schema

JSON = ("brief", "ingest", "freeze", "baseline", "admit", "sweep", "blend", "drift")
BY_BATCH = ("preview", "provenance", "validate")
TABLES = ("curve", "learning", "alternatives", "calibration")
BY_TABLE = ("columns", "pairs", "tails", "classes", "attacks", "distances")


def main() -> None:
    """Write HANDOFF.md, report.html and metrics/sweep.svg; the last line is the verdict."""
    every = batches.every(params.load("generators", Specs), params.load("slices", Slices))
    tables = {name: files.read_csv(f"metrics/{name}.csv") for name in (*TABLES, *BY_TABLE)}
    by_batch = {
        kind: {one.name: files.read_json(f"metrics/{kind}/{one.name}.json") for one in every}
        for kind in BY_BATCH
    }
    found = Evidence(
        **{name: files.read_json(f"metrics/{name}.json") for name in JSON},
        notes=files.read_text("NOTES.md"),
        curve=tables["curve"],
        learning=tables["learning"],
        alternatives=tables["alternatives"],
        calibration=tables["calibration"],
        **by_batch,
        triggers=params.load("triggers", Triggers),
    )
    told = story.tell(found)
    declared = schema.load("data/schema.yaml")
    bins = histograms.count(
        files.read_parquet("data/train.parquet"),
        ((one.name, provenance.read(f"data/synthetic/{one.name}.parquet")[0]) for one in every),
        histograms.shown(tables["columns"], declared),
        declared,
    )
    sums = {path: provenance.of_file(path) for path in ancestry.files(found)}
    nodes = ancestry.trace(found, sums)
    drawn = pictures.draw(found, tables, bins, ancestry.draw(nodes))
    real = files.read_parquet("data/real.parquet")
    samples = {
        one.name: sample.take(sample.read(f"data/preview/{one.name}.csv"), real, declared)
        for one in every
    }
    files.write_text(drawn["sweep"].svg, "metrics/sweep.svg")
    files.write_text(document.markdown(m=found, told=told), "HANDOFF.md")
    text = document.html(
        m=found,
        told=told,
        pictures=drawn,
        lineage=ancestry.told(nodes),
        nearest=tradeoff.nearest(found.validate),
        samples=samples,
        library=page.library(),
    )
    files.write_text(text, "report.html")
    print(f"{told['verdict']} Read HANDOFF.md, or open report.html.")


if __name__ == "__main__":
    run(main)
