"""Stage handoff: what was found, for the reviewer in git and for people who would rather look."""

from .lib import batches, document, files, params, pictures, story
from .lib.batches import Slices
from .lib.errors import run
from .lib.evidence import Evidence
from .lib.generators.registry import Specs

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
    )
    told = story.tell(found)
    drawn = pictures.draw(found, tables)
    files.write_text(drawn["sweep"], "metrics/sweep.svg")
    files.write_text(document.markdown(m=found, told=told), "HANDOFF.md")
    files.write_text(document.html(m=found, told=told, pictures=drawn), "report.html")
    print(f"{told['verdict']} Read HANDOFF.md, or open report.html.")


if __name__ == "__main__":
    run(main)
