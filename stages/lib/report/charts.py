"""Charts of the pipeline's tables in Vega-Lite: in the report, and as DVC's plot templates.

Here are those of the batches and their gates; panels.py has those of what the batches are good
for. Each takes its table from metrics/, or None: then it is the template of the same chart, whose
data DVC fills in and whose revisions are told apart. What `templates` returns is committed under
.dvc/plots; after a change here or there, write it again with

    python -c "from stages.lib.base import files; from stages.lib.report import charts
    for name, text in charts.templates().items():
        files.write_text(text, f'.dvc/plots/{name}.json')"
"""

import json

import altair as alt
import pandas as pd

from . import histograms, panels, vega

# DVC's own page loads Vega-Lite 5; the charts use nothing that is newer.
_TEMPLATE_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def columns(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw each column's distance from unseen real rows, beside what real rows reach."""
    y = alt.Y(
        "column:N",
        title=None,
        sort=alt.EncodingSortField("distance", op="max", order="descending"),
        axis=alt.Axis(labelLimit=vega.LONGEST, grid=True),
    )
    tips = vega.tips(table, "batch", "column", "distance", "ceiling")
    ceiling = (
        alt.Chart().mark_tick(color=vega.GREY, thickness=3, size=15).encode(x="ceiling:Q", y=y)
    )
    dots = (
        alt.Chart()
        .mark_point(filled=True, size=65, opacity=0.85)
        .encode(
            x=alt.X("distance:Q", title=["distance from unseen real rows", "(bar: real rows)"]),
            y=y,
            color=vega.batch("color"),
            shape=vega.batch("shape"),
            tooltip=tips,
        )
    )
    layers = (ceiling, vega.picked(dots, table))
    of = alt.layer(*layers, data=vega.data(table, "distance", "ceiling")).properties(
        width=vega.WIDTH - 70, height={"step": 21}
    )
    return vega.by_revision(of, table)


def pairs(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw by how much each pair's association differs from that of unseen real rows."""
    shade = alt.Color(
        "difference:Q",
        title="error of a pair's association",
        scale=alt.Scale(scheme="blues", domain=[0, 0.5], clamp=True),
        legend=alt.Legend(
            orient="bottom", gradientLength=160, values=[0, 0.1, 0.2, 0.3, 0.4, 0.5], titleLimit=260
        ),
    )
    tips = vega.tips(table, "batch", "left", "right", "difference", "ceiling")
    axis = alt.Axis(labelLimit=vega.LONGEST - 30, labelAngle=0, grid=False)
    upright = alt.Axis(labelLimit=vega.LONGEST - 30, labelAngle=-90, grid=False)
    # The table has each pair once; drawn both ways a column is found in its row.
    halves = [
        alt.Chart()
        .mark_rect(stroke="#ffffff", strokeWidth=0.5)
        .encode(
            x=alt.X(f"{one}:N", title=None, axis=upright, sort="ascending"),
            y=alt.Y(f"{other}:N", title=None, axis=axis, sort="ascending"),
            color=shade,
            tooltip=tips,
        )
        for one, other in (("left", "right"), ("right", "left"))
    ]
    of = alt.layer(*halves, data=vega.data(table, "difference", "ceiling")).properties(
        width={"step": 19}, height={"step": 19}
    )
    return vega.finish(vega.faceted(of, "batch", *vega.rev(table)), table)


def distances(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw how near synthetic rows come to rows of train, against as many unseen rows."""
    names, colours = ("train", "unseen"), [vega.COLOURS[1], vega.COLOURS[0]]
    legend = alt.Legend(title="closest among real rows of", orient="bottom", titleLimit=260)
    of = (
        alt.Chart(vega.data(table, "quantile", "train", "unseen"))
        .transform_fold([*names], as_=["to", "distance"])
        .mark_line(strokeWidth=2.2)
        .encode(
            x=alt.X(
                "distance:Q",
                title="distance to the closest real row",
                axis=alt.Axis(tickCount=5, format="~g"),
            ),
            y=alt.Y("quantile:Q", title="share at most as far", axis=alt.Axis(format=".0%")),
            color=alt.Color("to:N", scale=alt.Scale(domain=[*names], range=colours), legend=legend),
            strokeDash=alt.StrokeDash(
                "to:N", scale=alt.Scale(domain=[*names], range=vega.DASHES[:2]), legend=legend
            ),
            order="quantile:Q",
            tooltip=vega.tips(table, "batch", "to", "quantile", "distance"),
        )
        .properties(width=vega.WIDTH - 70, height=170)
    )
    return vega.finish(vega.faceted(of, "batch", *vega.rev(table)), table)


def tails(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw how often a batch has each rare value and outer number, against unseen real rows."""
    axis = alt.Axis(labelLimit=vega.LONGEST + 60, grid=True)
    order = alt.EncodingSortField("real", op="max", order="descending")
    y = alt.Y("value:N", title=None, sort=order, axis=axis)
    dots = (
        alt.Chart()
        .mark_point(filled=True, size=55, opacity=0.85)
        .encode(
            x=alt.X("times:Q", title=["as often as in real rows", "(line: 1; at most 3 is shown)"]),
            y=y,
            color=vega.batch("color"),
            shape=vega.batch("shape"),
            tooltip=vega.tips(table, "batch", "column", "cell", "real", "share", "ceiling"),
        )
    )
    layers = (vega.mark(1), vega.picked(dots, table))
    of = alt.layer(*layers, data=vega.data(table, "real", "share", "ceiling"))
    of = of.transform_calculate(
        value="datum.column + ': ' + datum.cell", times="min(datum.share / datum.real, 3)"
    )
    of = of.properties(width=vega.WIDTH - 130, height={"step": 17})
    return vega.by_revision(of, table)


def attacks(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw how many training rows each attack finds at 1 % false positives, with intervals."""
    x = alt.X("tpr_1:Q", title=["found at 1 % false positives", "(line: by chance)"])
    of = vega.ranges(
        table,
        x=x,
        bounds=("tpr_1_lower", "tpr_1_upper"),
        y="datum.attack + ', ' + datum.rows",
        fields=("batch", "attack", "rows", "members", "auc", "tpr_10", "tpr_1", "tpr_01"),
        at=0.01,
    ).transform_filter("isValid(datum.tpr_1)")
    return vega.by_revision(of, table)


def rates(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw the low end of each attack's ROC curve: what it finds at three false positive rates.

    Both axes are roots of the rates, so that the strict ones, which count, have room.
    """
    own = table[table["rows"] == "all"]
    root = alt.Scale(type="sqrt", domainMin=0, nice=False)
    axis = alt.Axis(values=[0.001, 0.01, 0.1], format=".1~%", grid=True)
    x = alt.X("fpr:Q", title="unseen rows named", scale=root, axis=axis)
    y = alt.Y("tpr:Q", title="training rows found", scale=root, axis=alt.Axis(format="~%"))
    points = vega.data(_points(own), "fpr", "tpr", "lower", "upper")
    base = alt.Chart().encode(x=x)
    chance = alt.Chart().mark_line(color=vega.GREY, strokeDash=[4, 3]).encode(x=x, y="fpr:Q")
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.5).encode(
        y=alt.Y("lower:Q"), y2="upper:Q", stroke=vega.batch("stroke")
    )
    line = base.mark_line(strokeWidth=1.5).encode(y=y, stroke=vega.batch("stroke"))
    dots = base.mark_point(filled=True, size=50, opacity=1).encode(
        y=y,
        color=vega.batch("color"),
        shape=vega.batch("shape"),
        tooltip=vega.tips(table, "batch", "attack", "auc", "fpr", "tpr", "lower", "upper"),
    )
    of = alt.layer(chance, bars, line, vega.picked(dots, table))
    of = of.properties(width=150, height=150)
    grid = alt.Facet("attack:N", title=None, sort=[])
    grids = of.facet(facet=grid, columns=2, data=points, spacing=18)
    return vega.finish(grids.resolve_axis(x="independent"), table)


def marginal(table: pd.DataFrame) -> alt.TopLevelMixin:
    """Draw one column's distribution: bars are the real rows, marks the batches."""
    y = alt.Y("bin:N", title=None, sort=[], axis=alt.Axis(labelLimit=vega.LONGEST, grid=False))
    x = alt.X("share:Q", title="share of rows", axis=alt.Axis(format="~%", tickCount=4))
    base = alt.Chart().encode(x=x, y=y)
    real = (
        base.transform_filter(alt.datum.batch == histograms.REAL)
        .mark_bar(color=vega.GREY, opacity=0.45)
        .encode(tooltip=vega.tips(table, "batch", "bin", "share"))
    )
    dots = (
        base.transform_filter(alt.datum.batch != histograms.REAL)
        .mark_point(filled=True, size=40)
        .encode(
            color=vega.batch("color"),
            shape=vega.batch("shape"),
            tooltip=vega.tips(table, "batch", "bin", "share"),
        )
    )
    of = alt.layer(real, vega.picked(dots, table), data=vega.data(table, "share"))
    of = of.properties(
        width=vega.WIDTH - 130, height={"step": 16}, title=str(table["column"].iloc[0])
    )
    return vega.finish(of, table)


def classes(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw what training on synthetic rows alone costs, by class and slice, with intervals."""
    x = alt.X("difference:Q", title=["lost by synthetic rows", "alone (holdout)"])
    of = vega.ranges(
        table,
        x=x,
        bounds=("lower", "upper"),
        y="datum.name + ', ' + replace(datum.metric, /_/g, ' ')",
        fields=("batch", "kind", "name", "metric", "rows", "trtr", "tstr", "difference", "ratio"),
        at=0,
    ).transform_filter(alt.datum.split == "holdout")
    return vega.by_revision(of, table)


def _points(attacks: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each rate of each attack."""
    rates = {"tpr_01": 0.001, "tpr_1": 0.01, "tpr_10": 0.1}
    parts = [
        attacks[["batch", "attack", "auc"]].assign(
            fpr=rate,
            tpr=attacks[name],
            lower=attacks[f"{name}_lower"],
            upper=attacks[f"{name}_upper"],
        )
        for name, rate in rates.items()
    ]
    return pd.concat(parts).dropna(subset=["tpr"])


def templates() -> dict[str, str]:
    """Return the DVC plot templates as JSON text, by name."""
    every = (
        *(panels.curve, panels.learning, panels.alternatives, panels.calibration),
        *(columns, pairs, tails, classes, attacks, distances),
    )
    drawn = {make.__name__: make(None) for make in every}
    return {
        name: json.dumps({**vega.spec(chart), "$schema": _TEMPLATE_SCHEMA}, indent=2) + "\n"
        for name, chart in drawn.items()
    }
