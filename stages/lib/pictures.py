"""All charts of the report, as pictures."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from . import charts, evidence, panels, story, vega, verdict, words
from .evidence import Evidence


def draw(found: Evidence, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Return the report's pictures as SVG by name; `tables` holds those of all batches."""
    drawn = {
        chart.__name__: chart(tables[chart.__name__])
        for chart in (charts.columns, charts.tails, charts.classes, charts.attacks)
    }
    for name in found.validate:
        for kind, chart in (("pairs", charts.pairs), ("distances", charts.distances)):
            table = tables[kind]
            drawn[f"{kind}-{name}"] = chart(table[table["batch"] == name])
    return answers(found) | _pictures(found, drawn)


def answers(found: Evidence) -> dict[str, str]:
    """Return the pictures of the sweep and the final model; what was not measured has none."""
    metric, threshold = words.metric(found.blend["metric"]), found.brief["threshold"]
    mixed = found.blend["ratio"] > 0
    mix = panels.Mix(
        real=evidence.at_hand(found),
        score=found.blend["score"] if mixed else None,
        worth=_beyond(found) if mixed and not evidence.by_hand(found) else None,
        words=verdict.short_worth(found),
    )
    marks: dict[str, Any] = {
        "metric": metric,
        "chosen": None if evidence.by_region(found) else found.blend["ratio"],
        "plateau": found.sweep["plateau"],
    }
    drawn = {
        "sweep": panels.sweep(
            found.curve,
            found.learning,
            found.alternatives,
            headline=verdict.headline(found),
            mix=mix,
            threshold=threshold,
            **marks,
        ),
        "curve": panels.curve(found.curve, **marks),
        "learning": panels.learning(found.learning, metric=metric, mix=mix, threshold=threshold),
    }
    if len(found.alternatives):
        drawn["alternatives"] = panels.alternatives(found.alternatives, metric=metric)
    if found.curve["slice"].ne("all").any():
        drawn["regions"] = panels.regions(found.curve, metric=metric)
    if len(found.calibration):
        drawn["calibration"] = panels.calibration(found.calibration)
    return _pictures(found, drawn)


def _pictures(found: Evidence, drawn: Mapping[str, alt.TopLevelMixin]) -> dict[str, str]:
    titles = story.titles(found)
    return {name: vega.svg(chart, name, titles[name]) for name, chart in drawn.items()}


def _beyond(found: Evidence) -> dict[str, Any]:
    """Return the mix's worth in real rows beyond those at hand, some of which it may leave out."""
    out = found.blend["rows_real"] - evidence.at_hand(found)
    return {
        key: None if rows is None else rows + out for key, rows in verdict.in_rows(found).items()
    }
