"""Stage handoff: what was found, for the reviewer in git and for people who would rather look."""

from .lib import batches, charts, document, files, params, story, vega, words
from .lib.batches import Slices
from .lib.errors import run
from .lib.evidence import Evidence
from .lib.generators.registry import Specs

JSON = ("brief", "ingest", "freeze", "baseline", "admit", "sweep", "blend", "drift")
BY_BATCH = ("preview", "provenance", "validate")
BY_TABLE = ("columns", "pairs", "tails", "classes", "attacks", "distances")


def main() -> None:
    """Write HANDOFF.md, report.html and metrics/curve.svg; the last line is the verdict."""
    every = batches.every(params.load("generators", Specs), params.load("slices", Slices))
    tables = {
        name: files.read_csv(f"metrics/{name}.csv") for name in ("curve", "learning", *BY_TABLE)
    }
    found = Evidence(
        **{name: files.read_json(f"metrics/{name}.json") for name in JSON},
        curve=tables["curve"],
        learning=tables["learning"],
        **{
            kind: {one.name: files.read_json(f"metrics/{kind}/{one.name}.json") for one in every}
            for kind in BY_BATCH
        },
    )
    told = story.tell(found)
    pictures = _pictures(found, tables)
    files.write_text(pictures["curve"], "metrics/curve.svg")
    files.write_text(document.markdown(m=found, told=told), "HANDOFF.md")
    files.write_text(document.html(m=found, told=told, pictures=pictures), "report.html")
    print(f"{told['verdict']} Read HANDOFF.md, or open report.html.")


def _pictures(found: Evidence, tables: dict) -> dict[str, str]:
    """Return the charts as SVG; those with one panel a batch as one picture each."""
    metric, ratio = words.metric(found.blend["metric"]), found.blend["ratio"]
    drawn = {
        "curve": charts.curve(tables["curve"], metric=metric, chosen=ratio),
        "learning": charts.learning(
            tables["learning"],
            metric=metric,
            score=found.blend["score"],
            threshold=found.brief["threshold"],
        ),
        **{
            draw.__name__: draw(tables[draw.__name__])
            for draw in (charts.columns, charts.tails, charts.classes, charts.attacks)
        },
    }
    for name in found.validate:
        for kind, draw in (("pairs", charts.pairs), ("distances", charts.distances)):
            table = tables[kind]
            drawn[f"{kind}-{name}"] = draw(table[table["batch"] == name])
    titles = story.titles(found)
    return {name: vega.svg(chart, name, titles[name]) for name, chart in drawn.items()}


if __name__ == "__main__":
    run(main)
