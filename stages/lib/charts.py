"""Charts of the pipeline's tables in Vega-Lite: in the report, and as DVC's plot templates.

Each takes its table from metrics/, or None: then it is the template of the same chart, whose data
DVC fills in and whose revisions are told apart. What `templates` returns is committed under
.dvc/plots; after a change here, write it there again with

    python -c "from stages.lib import charts, files
    for name, text in charts.templates().items():
        files.write_text(text, f'.dvc/plots/{name}.json')"
"""

import json
import re
from typing import Any, Literal

import altair as alt
import pandas as pd

# Told apart by colour-blind readers, and 3:1 or more against white and against near-black;
# shapes say the same as colours.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#b34f9a", "#a07a00", "#7f7f7f"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]]  # one per revision
GREY = "#7f7f7f"

# Fonts of one width: the picture's bytes do not hang on which of them is installed.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH = 370  # of a plot: with its axis it fits a phone nearly unscaled
LONGEST = 150  # pixels of a column's name

Side = Literal["left", "right"]

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
    tips = _tips(table, "batch", "ratio", "model", "mean", "lower", "upper", "rows_synthetic")
    apart = [alt.Detail(f"{name}:N") for name in _rev(table)]
    panels = []
    for split, height in (("holdout", 230), ("tune", 120)):
        solid = split == "holdout"
        base = alt.Chart().encode(x=alt.X("ratio:Q", title=None if solid else below), detail=apart)
        band = base.mark_area(opacity=0.14 if solid else 0.08).encode(
            y=alt.Y("lower:Q"), y2="upper:Q", fill=_batch("fill")
        )
        line = base.mark_line(
            strokeWidth=2.5 if solid else 1.2, opacity=1 if solid else 0.75
        ).encode(y=y.title(f"{metric} on {split}"), stroke=_batch("stroke"), **_dashed(table))
        dots = base.mark_point(size=55 if solid else 30, filled=True, opacity=1).encode(
            y=y, color=_batch("color"), shape=_batch("shape"), tooltip=tips
        )
        layers = [band, line, dots]
        if chosen is not None and table is not None:
            side: Side = "left" if chosen < table["ratio"].max() / 2 else "right"
            layers += _rule("x", chosen, f"taken: {chosen:g}" if solid else "", align=side)
        of = alt.layer(*layers).transform_filter(alt.datum.split == split)
        panels.append(of.properties(width=WIDTH, height=height))
    data = _data(table, "ratio", "mean", "lower", "upper", "rows_synthetic")
    return _finish(alt.vconcat(*panels, data=data, spacing=14), table)


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
    base = alt.Chart().encode(x=x, detail=[alt.Detail(f"{name}:N") for name in _rev(table)])
    band = base.mark_area(opacity=0.14, color=COLOURS[0]).encode(y=alt.Y("lower:Q"), y2="upper:Q")
    line = base.mark_line(
        point={"size": 55, "filled": True, "color": COLOURS[0]}, strokeWidth=2.5, color=COLOURS[0]
    ).encode(y=y, tooltip=_tips(table, "rows", "model", "mean", "lower", "upper"), **_dashed(table))
    layers = [band, line]
    if score is not None:
        layers += _rule("y", score, "blend", COLOURS[1])
    if threshold is not None:
        layers += _rule("y", threshold, "threshold", GREY)
    # Models are chosen on tune; what is shown is what they reach on the holdout.
    of = alt.layer(*layers, data=_data(table, "rows", "mean", "lower", "upper"))
    of = of.transform_filter(alt.datum.split == "holdout").properties(width=WIDTH, height=220)
    return _finish(of, table)


def columns(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw each column's distance from unseen real rows, beside what real rows reach."""
    y = alt.Y(
        "column:N",
        title=None,
        sort=alt.EncodingSortField("distance", op="max", order="descending"),
        axis=alt.Axis(labelLimit=LONGEST, grid=True),
    )
    tips = _tips(table, "batch", "column", "distance", "ceiling")
    ceiling = alt.Chart().mark_tick(color=GREY, thickness=3, size=15).encode(x="ceiling:Q", y=y)
    dots = (
        alt.Chart()
        .mark_point(filled=True, size=65, opacity=0.85)
        .encode(
            x=alt.X("distance:Q", title="distance from unseen real rows (bar: real rows)"),
            y=y,
            color=_batch("color"),
            shape=_batch("shape"),
            tooltip=tips,
        )
    )
    of = alt.layer(ceiling, dots, data=_data(table, "distance", "ceiling")).properties(
        width=WIDTH - 70, height={"step": 21}
    )
    return _finish(_faceted(of, column=None if table is not None else "rev"), table)


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
    tips = _tips(table, "batch", "left", "right", "difference", "ceiling")
    axis = alt.Axis(labelLimit=LONGEST - 30, labelAngle=0, grid=False)
    upright = alt.Axis(labelLimit=LONGEST - 30, labelAngle=-90, grid=False)
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
    of = alt.layer(*halves, data=_data(table, "difference", "ceiling")).properties(
        width={"step": 19}, height={"step": 19}
    )
    return _finish(_faceted(of, "batch", *_rev(table)), table)


def distances(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw how near synthetic rows come to rows of train, against as many unseen rows."""
    names, colours = ("train", "unseen"), [COLOURS[1], COLOURS[0]]
    legend = alt.Legend(title="closest among real rows of", orient="bottom", titleLimit=260)
    of = (
        alt.Chart(_data(table, "quantile", "train", "unseen"))
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
                "to:N", scale=alt.Scale(domain=[*names], range=DASHES[:2]), legend=legend
            ),
            order="quantile:Q",
            tooltip=_tips(table, "batch", "to", "quantile", "distance"),
        )
        .properties(width=WIDTH - 70, height=170)
    )
    return _finish(_faceted(of, "batch", *_rev(table)), table)


def templates() -> dict[str, str]:
    """Return the DVC plot templates as JSON text, by name."""
    drawn = {make.__name__: make(None) for make in (curve, learning, columns, pairs, distances)}
    return {
        name: json.dumps({**spec(chart), "$schema": _TEMPLATE_SCHEMA}, indent=2) + "\n"
        for name, chart in drawn.items()
    }


def spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as Vega-Lite, its data where they are used and not under a hashed name."""
    with alt.data_transformers.enable("default", consolidate_datasets=False):
        return chart.to_dict()


def svg(chart: alt.TopLevelMixin, name: str, title: str) -> str:
    """Return a chart as an SVG picture that says what it shows.

    `name` makes its ids its own, so that many pictures can stand in one page; `title` is read
    out to those who do not see it.
    """
    import vl_convert
    from markupsafe import escape

    drawn = vl_convert.vegalite_to_svg(spec(chart))
    drawn = re.sub(r'\bid="', f'id="{name}-', drawn)
    drawn = re.sub(r"url\(#", f"url(#{name}-", drawn)
    label = f'<title id="{name}-title">{escape(title)}</title>'
    named = f'<svg role="img" aria-labelledby="{name}-title"'
    return re.sub(r"<svg([^>]*)>", rf"{named}\1>" + label.replace("\\", "\\\\"), drawn, count=1)


def _data(table: pd.DataFrame | None, *numbers: str) -> alt.InlineData:
    """Return rows, or DVC's anchor for them; DVC hands all values over as text."""
    values: Any = "<DVC_METRIC_DATA>"
    if table is not None:
        values = json.loads(table.to_json(orient="records", double_precision=15))
    parse = dict.fromkeys(numbers, "number")
    return alt.InlineData(values=values, format=alt.DataFormat(parse=parse))


def _tips(table: pd.DataFrame | None, *fields: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(field, type="nominal") for field in (*fields, *_rev(table))]


def _rev(table: pd.DataFrame | None) -> list[str]:
    """Return the field that tells revisions apart, which only DVC's data have."""
    return ["rev"] if table is None else []


def _dashed(table: pd.DataFrame | None) -> dict[str, Any]:
    legend = alt.Legend(orient="top", columns=1, symbolType="stroke", symbolSize=400)
    dash = alt.StrokeDash(
        "rev:N", title="revision", sort=None, scale=alt.Scale(range=DASHES), legend=legend
    )
    return {"strokeDash": dash} if table is None else {}


def _batch(channel: str) -> Any:
    """Encode the batch; in the order of the table, which is that of `generators`."""
    kind = {"color": alt.Color, "fill": alt.Fill, "stroke": alt.Stroke, "shape": alt.Shape}[channel]
    values = SHAPES if channel == "shape" else COLOURS
    legend = None if channel in ("fill", "stroke") else _legend()
    return kind("batch:N", title=None, sort=None, scale=alt.Scale(range=values), legend=legend)


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", columns=1, labelLimit=WIDTH)


def _rule(
    axis: str, at: float, text: str, color: str = GREY, align: Side = "right"
) -> list[alt.Chart]:
    """Draw a line across the plot at a value, with a word beside it."""
    here = alt.Chart(alt.InlineData(values=[{"at": at}]))
    across: dict[str, Any]
    if axis == "x":
        across, end, dx, dy = {"x": alt.XDatum(at)}, {"y": alt.value(0)}, 5, 9
    else:
        across, end, dx, dy = {"y": alt.YDatum(at)}, {"x": alt.value(WIDTH)}, 0, -7
    rule = here.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=color).encode(**across)
    word = here.mark_text(
        text=text, color=color, fontSize=12, align=align, dx=-dx if align == "right" else dx, dy=dy
    ).encode(**across, **end)
    return [rule, word] if text else [rule]


def _faceted(chart: Any, column: str | None, row: str | None = None) -> Any:
    """Repeat a chart beside itself for each value of `column`, below itself for `row`."""
    if column is None:
        return chart
    channels: dict[str, Any] = {"column": alt.Column(f"{column}:N", title=None, sort=[])}
    if row:
        channels["row"] = alt.Row(f"{row}:N", title=None, sort=[])
    data, chart = chart.data, chart.copy()
    chart.data = alt.Undefined
    return chart.facet(data=data, **channels)


def _finish(chart: Any, table: pd.DataFrame | None) -> alt.TopLevelMixin:
    if table is None:
        chart = chart.properties(title="<DVC_METRIC_TITLE>")
    words = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    return (
        chart.configure(font=FONT, background="#ffffff", aria=False)
        .configure_axis(**words, gridColor="#e3e3e3", domainColor=GREY, tickColor=GREY)
        .configure_legend(**words, symbolStrokeWidth=2)
        .configure_header(labelFontSize=13, labelFontWeight="bold")
        .configure_view(stroke=None)
    )
