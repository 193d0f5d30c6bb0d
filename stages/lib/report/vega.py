"""Building blocks of the charts: the look, the data, and how a chart becomes a picture."""

import json
import re
import textwrap
from typing import Any, Literal, NamedTuple

import altair as alt
import pandas as pd

VERSION = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])  # of Vega-Lite

# Told apart by colour-blind readers, and 3:1 or more against white and against near-black;
# shapes say the same as colours.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#b34f9a", "#a07a00", "#7f7f7f"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]]  # one per revision
GREY = "#7f7f7f"
SYNTHETIC, REAL, REMEDY = COLOURS[0], COLOURS[3], COLOURS[2]  # what is added to the real rows

# Fonts of one width: the picture's bytes do not hang on which of them is installed.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH = 310  # of a plot: with its axis it fits a phone nearly unscaled
LONGEST = 150  # pixels of a column's name
_UNDRAWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

# Altair would copy a chart for each part of the look, so it is added when the chart is done.
_LOOK = {
    "view": {"continuousWidth": 300, "continuousHeight": 300, "stroke": None},
    "aria": False,
    "axis": {
        "domainColor": GREY,
        "gridColor": "#e3e3e3",
        "labelFontSize": 12,
        "tickColor": GREY,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "background": "#ffffff",
    "font": FONT,
    "header": {"labelFontSize": 13, "labelFontWeight": "bold"},
    "legend": {
        "labelFontSize": 12,
        "symbolStrokeWidth": 2,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}

Side = Literal["left", "right"]


class Picture(NamedTuple):
    """A chart as it stands in a page: still, and as what draws it anew where scripts run."""

    svg: str
    width: int  # pixels
    spec: str = ""  # Vega-Lite as JSON that a script element can hold; empty: it stays still


def spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return a chart as Vega-Lite, its data where they are used and not under a hashed name."""
    with alt.data_transformers.enable("default", consolidate_datasets=False):
        return _unpacked({**chart.to_dict(validate=False), "config": _LOOK})


def picture(chart: alt.TopLevelMixin, name: str, title: str) -> Picture:
    """Return a chart as an SVG picture that says what it shows, and as its specification.

    `name` makes its ids its own, so that many pictures can stand in one page; `title` is read
    out to those who do not see it.
    """
    import vl_convert

    told = spec(chart)
    drawn = vl_convert.vegalite_to_svg(told, vl_version=VERSION)
    drawn = re.sub(r'\bid="', f'id="{name}-', drawn)
    drawn = re.sub(r"url\(#", f"url(#{name}-", drawn)
    width = re.search(r'\bwidth="(\d+)', drawn)
    assert width is not None
    return Picture(named(drawn, name, title), int(width[1]), script_json(told))


def named(svg: str, name: str, title: str) -> str:
    """Give an SVG picture the title that is read out to those who do not see it."""
    from markupsafe import escape

    label = f'<title id="{name}-title">{escape(_drawable(title))}</title>'
    front = f'<svg role="img" aria-labelledby="{name}-title"'
    return re.sub(r"<svg([^>]*)>", rf"{front}\1>" + label.replace("\\", "\\\\"), svg, count=1)


def script_json(value: Any) -> str:
    """Return JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def data(table: pd.DataFrame | None, *numbers: str) -> alt.InlineData:
    """Return rows, or DVC's anchor for them; DVC hands all values over as text.

    The rows are packed as one text until the chart is done: Altair copies and checks what it is
    given, each time that charts are put together.
    """
    values: Any = "<DVC_METRIC_DATA>"
    if table is not None:
        values = table.to_json(orient="records", double_precision=15)
    parse = dict.fromkeys(numbers, "number")
    return alt.InlineData(values=values, format=alt.DataFormat(parse=parse))


def _unpacked(value: Any) -> Any:
    """Return a specification with the rows that `data` packed as rows."""
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if isinstance(value, str):
        return _drawable(value)
    if not isinstance(value, dict):
        return value
    told = {key: _unpacked(item) for key, item in value.items()}
    if isinstance(rows := told.get("values"), str) and rows.startswith("["):
        told["values"] = _unpacked(json.loads(rows))
    return told


def _drawable(text: str) -> str:
    """Return text without letters that no picture can hold, or that turn those around them.

    vl-convert ends the whole process on a control character.
    """
    return _UNDRAWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def tips(table: pd.DataFrame | None, *fields: str) -> list[alt.Tooltip]:
    """Show these fields as they are written in the table."""
    return [alt.Tooltip(field, type="nominal") for field in (*fields, *rev(table))]


def rev(table: pd.DataFrame | None) -> list[str]:
    """Return the field that tells revisions apart, which only DVC's data have."""
    return ["rev"] if table is None else []


def dashed(table: pd.DataFrame | None) -> dict[str, Any]:
    """Encode the revision by dashes, where there is one."""
    legend = alt.Legend(orient="top", columns=1, symbolType="stroke", symbolSize=400)
    dash = alt.StrokeDash(
        "rev:N", title="revision", sort=None, scale=alt.Scale(range=DASHES), legend=legend
    )
    return {"strokeDash": dash} if table is None else {}


def batch(channel: str, table: pd.DataFrame | None = None) -> Any:
    """Encode the batch; in the order of the table, which is that of `generators`.

    A table that has a single one needs no legend.
    """
    kind = {"color": alt.Color, "fill": alt.Fill, "stroke": alt.Stroke, "shape": alt.Shape}[channel]
    values = SHAPES if channel == "shape" else COLOURS
    shown = alt.Legend(orient="top", columns=1, labelLimit=WIDTH)
    single = table is not None and table["batch"].nunique() == 1
    return kind(
        "batch:N",
        title=None,
        sort=None,
        scale=alt.Scale(range=values),
        legend=None if single or channel in ("fill", "stroke") else shown,
    )


def picked(marks: Any, table: pd.DataFrame | None) -> Any:
    """Let a click in the legend single out a batch; DVC's page, without a table, has none."""
    if table is None:
        return marks
    pick = alt.selection_point(name="picked", fields=["batch"], bind="legend")
    faint = alt.when(pick).then(alt.value(1)).otherwise(alt.value(0.12))
    return marks.encode(opacity=faint).add_params(pick)


def rule(
    axis: str,
    at: float,
    text: str,
    color: str = GREY,
    align: Side = "right",
    *,
    below: bool = False,
) -> list[alt.Chart]:
    """Draw a line across the plot at a value, with a word beside it.

    The word of an upright line stands at its top, on the side that `align` runs away from; that
    of a level line at the plot's end named by `align`, above the line or `below` it.
    """
    here = alt.Chart(alt.InlineData(values=[{"at": at}]))
    across: dict[str, Any]
    if axis == "x":
        dx = -5 if align == "right" else 5
        across, end, dy = {"x": alt.XDatum(at)}, {"y": alt.value(0)}, 9
    else:
        side = alt.value("width" if align == "right" else 0)
        across, end, dy = {"y": alt.YDatum(at)}, {"x": side}, 10 if below else -8
        dx = -3 if align == "right" else 4
    rule = here.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=color).encode(**across)
    word = here.mark_text(
        text=text, color=color, fontSize=12, align=align, baseline="middle", dx=dx, dy=dy
    ).encode(**across, **end)
    return [rule, word] if text else [rule]


def panel(chart: Any, title: str, below: str = "") -> Any:
    """Put a plain title over a chart, and under it a line of what is drawn."""
    return chart.properties(
        title=alt.TitleParams(
            title,
            subtitle=textwrap.wrap(below, 56),
            anchor="start",
            frame="group",
            fontSize=14,
            subtitleFontSize=12,
            subtitlePadding=4,
            offset=10,
        )
    )


def mark(at: float) -> alt.Chart:
    """Draw an upright line at a value."""
    return alt.Chart().mark_rule(strokeDash=[4, 3], color=GREY).encode(x=alt.XDatum(at))


def ranges(
    table: pd.DataFrame | None,
    *,
    x: alt.X,
    bounds: tuple[str, str],
    y: str,
    fields: tuple[str, ...],
    at: float,
) -> Any:
    """Draw a value with its interval for each of many things, a line for each batch.

    `y` is the expression that names a thing, `fields` are shown of it, and `at` is marked.
    """
    field = str(x.shorthand).removesuffix(":Q")
    axis = alt.Axis(labelLimit=LONGEST + 60, grid=True)
    name = alt.Y("thing:N", title=None, sort=[], axis=axis)
    apart = alt.YOffset("batch:N", sort=None)
    base = alt.Chart().encode(y=name, yOffset=apart)
    line = base.mark_rule(strokeWidth=2).encode(
        x=f"{bounds[0]}:Q", x2=bounds[1], stroke=batch("stroke")
    )
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=x, color=batch("color"), shape=batch("shape"), tooltip=tips(table, *fields)
    )
    of = alt.layer(mark(at), line, picked(dots, table), data=data(table, field, *bounds))
    return of.transform_calculate(thing=y).properties(width=WIDTH - 130, height={"step": 12})


def faceted(chart: Any, column: str | None, row: str | None = None) -> Any:
    """Repeat a chart beside itself for each value of `column`, below itself for `row`."""
    if column is None:
        return chart
    channels: dict[str, Any] = {"column": alt.Column(f"{column}:N", title=None, sort=[])}
    if row:
        channels["row"] = alt.Row(f"{row}:N", title=None, sort=[])
    data, chart = chart.data, chart.copy()
    chart.data = alt.Undefined
    return chart.facet(data=data, **channels)


def by_revision(chart: Any, table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Finish a chart that a template repeats for each revision; a table has one."""
    return finish(faceted(chart, None if table is not None else "rev"), table)


def finish(chart: Any, table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Give a chart the look of all, and a template its title."""
    if table is None:
        chart = chart.properties(title="<DVC_METRIC_TITLE>")
    return chart
