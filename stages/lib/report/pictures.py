"""All charts of the report, as pictures."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from .. import words
from . import charts, evidence, panels, story, tradeoff, vega, verdict
from .evidence import Evidence
from .vega import Picture

_RARE = 40  # rare values and outer numbers that are drawn


def draw(
    found: Evidence, tables: Mapping[str, pd.DataFrame], bins: pd.DataFrame, graph: Picture
) -> dict[str, Picture]:
    """Return the report's pictures by name.

    `tables` holds those of all batches, `bins` is of histograms.count, and `graph` the lineage.
    """
    worst = tradeoff.nearest(found.validate)
    drawn: dict[str, alt.TopLevelMixin] = {
        "tradeoff": tradeoff.draw(worst, priority=found.brief["priority"]),
        "columns": charts.columns(tables["columns"]),
        "classes": charts.classes(tables["classes"]),
    }
    tails, attacks = tables["tails"], tables["attacks"]
    if len(tails):  # a chart of nothing has no size
        drawn["tails"] = charts.tails(_farthest(tails))
    if attacks["tpr_1"].notna().any():
        drawn["attacks"] = charts.attacks(attacks)
    if attacks["tpr_10"].notna().any():
        drawn["rates"] = charts.rates(attacks)
    names = list(dict.fromkeys(bins["column"]))
    for number, name in enumerate(names):
        drawn[f"marginal-{number}"] = charts.marginal(bins[bins["column"] == name])
    for name in found.validate:
        for kind, chart in (("pairs", charts.pairs), ("distances", charts.distances)):
            table = tables[kind]
            drawn[f"{kind}-{name}"] = chart(table[table["batch"] == name])
    return {"lineage": graph} | answers(found) | _pictures(found, drawn, _titles(names))


def answers(found: Evidence) -> dict[str, Picture]:
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
    return _pictures(found, drawn, {})


def _pictures(
    found: Evidence, drawn: Mapping[str, alt.TopLevelMixin], more: Mapping[str, str]
) -> dict[str, Picture]:
    titles = {**story.titles(found), **more}
    return {name: vega.picture(chart, name, titles[name]) for name, chart in drawn.items()}


def _titles(columns: list[str]) -> dict[str, str]:
    """Return what the pictures show that only the report has."""
    return {
        "tradeoff": "A triangle for each batch: how much of its nearest gate of fidelity, privacy "
        "and utility it uses up; the table below says the same",
        "rates": "Share of training rows that each attack finds at 0.1 %, 1 % and 10 % false "
        "positives, by batch, beside chance",
        **{
            f"marginal-{number}": f"Distribution of {name} in the real rows and in each batch"
            for number, name in enumerate(columns)
        },
    }


def _farthest(tails: pd.DataFrame) -> pd.DataFrame:
    """Return the rare values that any batch gets most wrong, in their order."""
    off = (tails["share"] - tails["real"]).abs()
    each = off.groupby([tails["column"], tails["cell"]]).transform("max")
    kept = pd.DataFrame({"column": tails["column"], "cell": tails["cell"], "off": each})
    kept = kept.drop_duplicates(["column", "cell"]).sort_values(
        ["off", "column", "cell"], ascending=[False, True, True]
    )
    return tails.merge(kept.head(_RARE)[["column", "cell"]], on=["column", "cell"], how="inner")


def _beyond(found: Evidence) -> dict[str, Any]:
    """Return the mix's worth in real rows beyond those at hand, some of which it may leave out."""
    out = found.blend["rows_real"] - evidence.at_hand(found)
    return {
        key: None if rows is None else rows + out for key, rows in verdict.in_rows(found).items()
    }
