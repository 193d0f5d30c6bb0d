"""Charts of the pipeline's tables in Vega-Lite: in the report, and as DVC's plot templates.

Each takes its table from metrics/, or None: then it is the template of the same chart, whose data
DVC fills in and whose revisions are told apart. What `templates` returns is committed under
.dvc/plots; after a change here, write it there again with

    python -c "from stages.lib import charts, files
    for name, text in charts.templates().items():
        files.write_text(text, f'.dvc/plots/{name}.json')"
"""

import json

import altair as alt
import pandas as pd

from . import vega

# DVC's own page loads Vega-Lite 5; the charts use nothing that is newer.
_TEMPLATE_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def curve(
    table: pd.DataFrame | None, *, metric: str = "score", chosen: float | None = None
) -> alt.TopLevelMixin:
    """Draw the metric over the synthetic ratio, large on the holdout and below it on tune.

    `chosen` is the ratio to mark.
    """
    below = "synthetic part of the training rows (0: real rows alone)"
    y = alt.Y("mean:Q", scale=alt.Scale(zero=False))
    tips = vega.tips(table, "batch", "ratio", "model", "mean", "lower", "upper", "rows_synthetic")
    apart = [alt.Detail(f"{name}:N") for name in vega.rev(table)]
    panels = []
    for split, height in (("holdout", 230), ("tune", 120)):
        solid = split == "holdout"
        base = alt.Chart().encode(x=alt.X("ratio:Q", title=None if solid else below), detail=apart)
        band = base.mark_area(opacity=0.14 if solid else 0.08).encode(
            y=alt.Y("lower:Q"), y2="upper:Q", fill=vega.batch("fill")
        )
        line = base.mark_line(
            strokeWidth=2.5 if solid else 1.2, opacity=1 if solid else 0.75
        ).encode(
            y=y.title(f"{metric} on {split}"), stroke=vega.batch("stroke"), **vega.dashed(table)
        )
        dots = base.mark_point(size=55 if solid else 30, filled=True, opacity=1).encode(
            y=y, color=vega.batch("color"), shape=vega.batch("shape"), tooltip=tips
        )
        layers = [band, line, dots]
        if chosen is not None and table is not None:
            side: vega.Side = "left" if chosen < table["ratio"].max() / 2 else "right"
            layers += vega.rule("x", chosen, f"taken: {chosen:g}" if solid else "", align=side)
        of = alt.layer(*layers).transform_filter(alt.datum.split == split)
        panels.append(of.properties(width=vega.WIDTH, height=height))
    data = vega.data(table, "ratio", "mean", "lower", "upper", "rows_synthetic")
    return vega.finish(alt.vconcat(*panels, data=data, spacing=14), table)


def learning(
    table: pd.DataFrame | None,
    *,
    metric: str = "score",
    score: float | None = None,
    threshold: float | None = None,
) -> alt.TopLevelMixin:
    """Draw what more real rows reach; `score` is the blend's, beside the threshold."""
    x = alt.X(
        "rows:Q",
        title="real rows to train on",
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=alt.Axis(format="~s", tickCount=6, labelOverlap=True),
    )
    y = alt.Y("mean:Q", scale=alt.Scale(zero=False), title=f"{metric} on holdout")
    base = alt.Chart().encode(x=x, detail=[alt.Detail(f"{name}:N") for name in vega.rev(table)])
    band = base.mark_area(opacity=0.14, color=vega.COLOURS[0]).encode(
        y=alt.Y("lower:Q"), y2="upper:Q"
    )
    line = base.mark_line(
        point={"size": 55, "filled": True, "color": vega.COLOURS[0]},
        strokeWidth=2.5,
        color=vega.COLOURS[0],
    ).encode(
        y=y,
        tooltip=vega.tips(table, "rows", "model", "mean", "lower", "upper"),
        **vega.dashed(table),
    )
    layers = [band, line]
    if score is not None:
        layers += vega.rule("y", score, "blend", vega.COLOURS[1])
    if threshold is not None:
        layers += vega.rule("y", threshold, "threshold", vega.GREY)
    # Models are chosen on tune; what is shown is what they reach on the holdout.
    of = alt.layer(*layers, data=vega.data(table, "rows", "mean", "lower", "upper"))
    of = of.transform_filter(alt.datum.split == "holdout").properties(width=vega.WIDTH, height=220)
    return vega.finish(of, table)


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
            x=alt.X("distance:Q", title="distance from unseen real rows (bar: real rows)"),
            y=y,
            color=vega.batch("color"),
            shape=vega.batch("shape"),
            tooltip=tips,
        )
    )
    of = alt.layer(ceiling, dots, data=vega.data(table, "distance", "ceiling")).properties(
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
            x=alt.X("times:Q", title="as often as in real rows (line: 1; at most 3 is shown)"),
            y=y,
            color=vega.batch("color"),
            shape=vega.batch("shape"),
            tooltip=vega.tips(table, "batch", "column", "cell", "real", "share", "ceiling"),
        )
    )
    of = alt.layer(vega.mark(1), dots, data=vega.data(table, "real", "share", "ceiling"))
    of = of.transform_calculate(
        value="datum.column + ': ' + datum.cell", times="min(datum.share / datum.real, 3)"
    )
    of = of.properties(width=vega.WIDTH - 130, height={"step": 17})
    return vega.by_revision(of, table)


def attacks(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw how many training rows each attack finds at 1 % false positives, with intervals."""
    x = alt.X("tpr_1:Q", title="found at 1 % false positives (line: by chance)")
    of = vega.ranges(
        table,
        x=x,
        bounds=("tpr_1_lower", "tpr_1_upper"),
        y="datum.attack + ', ' + datum.rows",
        fields=("batch", "attack", "rows", "members", "auc", "tpr_10", "tpr_1", "tpr_01"),
        at=0.01,
    ).transform_filter("isValid(datum.tpr_1)")
    return vega.by_revision(of, table)


def classes(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw what training on synthetic rows alone costs, by class and slice, with intervals."""
    x = alt.X("difference:Q", title="lost by synthetic rows alone (holdout)")
    of = vega.ranges(
        table,
        x=x,
        bounds=("lower", "upper"),
        y="datum.name + ', ' + replace(datum.metric, /_/g, ' ')",
        fields=("batch", "kind", "name", "metric", "rows", "trtr", "tstr", "difference", "ratio"),
        at=0,
    ).transform_filter(alt.datum.split == "holdout")
    return vega.by_revision(of, table)


def templates() -> dict[str, str]:
    """Return the DVC plot templates as JSON text, by name."""
    every = (curve, learning, columns, pairs, tails, classes, attacks, distances)
    drawn = {make.__name__: make(None) for make in every}
    return {
        name: json.dumps({**vega.spec(chart), "$schema": _TEMPLATE_SCHEMA}, indent=2) + "\n"
        for name, chart in drawn.items()
    }
