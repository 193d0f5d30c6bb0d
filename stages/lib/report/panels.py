"""Charts of what synthetic rows are good for, alone and as the one picture of the handoff.

Like those of charts.py, each that takes None for its table is a template of `dvc plots`.
"""

import textwrap
from collections.abc import Sequence
from functools import partial
from math import isclose
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from . import vega

# What DVC hands over is text, and tables of older revisions have neither column.
_BEST = "!isDefined(datum.best) || lower(toString(datum.best)) == 'true'"
_WHOLE = "!isDefined(datum.slice) || datum.slice == 'all'"

_TALL, _LOW = 210, 130  # pixels of a panel
_HALF = 325  # and how wide it is in the one picture
_NAMES = 110  # pixels that the names of ways take
_LINE = 102  # letters of the sentence on top
_APART: Any = {"color": "independent", "shape": "independent"}
_NEARBY = 3  # sizes with more real rows that the one picture shows; the report shows all


class Mix(NamedTuple):
    """The mix with synthetic rows, as the learning curve over real rows shows it."""

    real: int  # real rows at hand
    score: float | None  # on the holdout; None where the final model has no synthetic row
    worth: dict[str, float | None] | None  # value, lower and upper in real rows; None: open
    words: str  # what it is worth


def sweep(
    curve: pd.DataFrame,
    learning: pd.DataFrame,
    alternatives: pd.DataFrame,
    *,
    headline: str,
    metric: str,
    chosen: float,
    plateau: Sequence[float],
    mix: Mix,
    threshold: float,
) -> alt.TopLevelMixin:
    """Draw the one picture: the curve on both slices, more real rows, and what else would help.

    `headline` is the sentence on top. Only the mix that the choice was made on is drawn.
    """
    own = curve[curve["batch"] == curve["batch"].iloc[0]]
    more = alternatives[alternatives["kind"] == "real rows"]
    near = more[more["rows_real"] > mix.real].nsmallest(_NEARBY, "rows_real")
    ways = pd.concat([alternatives.drop(more.index), near])
    held, tune = _splits(own, metric, chosen, plateau, _HALF)
    rows = [
        alt.hconcat(*panels, spacing=30).resolve_scale(**_APART)
        for panels in (
            [held, _learning(learning, metric, mix, threshold, _HALF)],
            [tune, *([_alternatives(ways, metric, _HALF + 35)] if len(ways) else [])],
        )
    ]
    lines = _even(headline)
    title = alt.TitleParams(
        lines[0],
        subtitle=lines[1:],
        anchor="start",
        fontSize=15,
        subtitleFontSize=15,
        subtitleFontWeight="bold",
        subtitlePadding=4,
        offset=18,
    )
    of = alt.vconcat(*rows, spacing=28, title=title).resolve_scale(**_APART)
    return vega.finish(of, own)


def curve(
    table: pd.DataFrame | None,
    *,
    metric: str = "score",
    chosen: float | None = None,
    plateau: Sequence[float] = (),
) -> alt.TopLevelMixin:
    """Draw the metric over the synthetic ratio, on the holdout and below it on tune.

    `chosen` is the ratio to mark. On tune the ratios outside of `plateau`, which are shown worse
    than the best, are hollow.
    """
    panels = _splits(table, metric, chosen, plateau, vega.WIDTH)
    return vega.finish(alt.vconcat(*panels, spacing=24), table)


def regions(table: pd.DataFrame, *, metric: str) -> alt.TopLevelMixin:
    """Draw the metric on tune over each region's own ratio, the others' held."""
    own = table[(table["slice"] != "all") & (table["split"] == "tune")]
    layers = _band(own, metric, "ratio of the region", 30)
    of = alt.layer(*layers).transform_filter(_BEST).properties(width=150, height=110)
    grid = alt.Facet("slice:N", title=None, sort=[])
    grids = of.facet(facet=grid, columns=2, data=_rows(own), spacing=18)
    return vega.finish(grids.resolve_axis(x="independent"), own)


def learning(
    table: pd.DataFrame | None,
    *,
    metric: str = "score",
    mix: Mix | None = None,
    threshold: float | None = None,
) -> alt.TopLevelMixin:
    """Draw what more or fewer real rows reach alone, beside the mix and the threshold."""
    return vega.finish(_learning(table, metric, mix, threshold, vega.WIDTH), table)


def alternatives(table: pd.DataFrame | None, *, metric: str = "score") -> alt.TopLevelMixin:
    """Draw what each way changes against real rows alone, with paired intervals."""
    return vega.by_revision(_alternatives(table, metric, vega.WIDTH), table)


def calibration(table: pd.DataFrame | None) -> alt.TopLevelMixin:
    """Draw how often a class came true over the probability that a model gave it."""
    names = alt.Scale(domain=["final", "real rows alone"], range=[vega.SYNTHETIC, vega.REAL])
    shapes = alt.Scale(domain=["final", "real rows alone"], range=vega.SHAPES[:2])
    legend = alt.Legend(title=None, orient="top")
    whole = alt.Scale(domain=[0, 1])
    x = alt.X("predicted:Q", title="predicted probability", scale=whole)
    y = alt.Y("observed:Q", title="share that came true", scale=whole)
    color = alt.Color("model:N", scale=names, legend=legend)
    tips = vega.tips(table, "model", "class", "predicted", "observed", "lower", "upper", "rows")
    base = alt.Chart().encode(x=x)
    diagonal = (
        alt.Chart()
        .transform_aggregate(least="min(bin)")
        .transform_calculate(from_="0", to="1")
        .mark_rule(color=vega.GREY, strokeDash=[4, 3])
        .encode(
            x=alt.X("from_:Q", scale=whole), y=alt.Y("from_:Q", scale=whole), x2="to:Q", y2="to:Q"
        )
    )
    bars = base.mark_rule(strokeWidth=1.5, opacity=0.6).encode(
        y=alt.Y("lower:Q", scale=whole), y2="upper:Q", color=color, detail="model:N"
    )
    line = base.mark_line(strokeWidth=1.5).encode(y=y, color=color)
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(
        y=y, color=color, shape=alt.Shape("model:N", scale=shapes, legend=legend), tooltip=tips
    )
    data = vega.data(table, "bin", "rows", "predicted", "observed", "lower", "upper")
    of = alt.layer(diagonal, bars, line, dots).properties(width=150, height=150)
    if table is None:
        of.data = data
        return vega.finish(vega.faceted(of, "class", "rev"), table)
    grid = alt.Facet("class:N", title=None, sort=[])
    grids = of.facet(facet=grid, columns=2, data=data, spacing=18)
    return vega.finish(grids.resolve_axis(x="independent"), table)


def _even(text: str) -> list[str]:
    """Wrap a sentence into as few lines as it needs, of about one length."""
    wrap = partial(textwrap.wrap, text, break_on_hyphens=False)
    fewest = len(wrap(width=_LINE))
    tried = (wrap(width=width) for width in range(len(text) // fewest, _LINE + 1))
    return next(lines for lines in tried if len(lines) == fewest)


def _rows(table: pd.DataFrame | None) -> alt.InlineData:
    return vega.data(table, "ratio", "mean", "lower", "upper", "rows_synthetic")


def _band(table: pd.DataFrame | None, title: str | None, below: str, size: int) -> list[Any]:
    """Return the layers of a curve: its band, its line, and a dot for each ratio."""
    y = alt.Y("mean:Q", scale=alt.Scale(zero=False), title=title)
    apart = [alt.Detail(f"{name}:N") for name in vega.rev(table)]
    base = alt.Chart().encode(
        x=alt.X("ratio:Q", title=below, axis=alt.Axis(tickCount=6)), detail=apart
    )
    band = base.mark_area(opacity=0.14).encode(
        y=alt.Y("lower:Q"), y2="upper:Q", fill=vega.batch("fill")
    )
    line = base.mark_line(strokeWidth=2.2).encode(
        y=y, stroke=vega.batch("stroke"), **vega.dashed(table)
    )
    tips = ("batch", "slice", "ratio", "model", "mean", "lower", "upper", "rows_synthetic")
    dots = base.mark_point(size=size, filled=True, opacity=1).encode(
        y=y,
        color=vega.batch("color", table),
        shape=vega.batch("shape", table),
        tooltip=vega.tips(table, *tips),
    )
    return [band, line, dots]


def _splits(
    table: pd.DataFrame | None,
    metric: str,
    chosen: float | None,
    plateau: Sequence[float],
    width: int,
) -> list[Any]:
    """Return the curve on the holdout, and on tune where the ratio is chosen."""
    panels = []
    for split, height in (("holdout", _TALL), ("tune", _LOW)):
        title = None if table is not None else f"{metric} on {split}"
        layers = _band(table, title, "synthetic part of the training rows →", 55)
        if table is not None:
            layers += _marks(table, split, chosen, plateau)
        of = alt.layer(*layers, data=_rows(table))
        for test in (f"datum.split == '{split}'", _WHOLE, _BEST):
            of = of.transform_filter(test)
        of = of.properties(width=width, height=height)
        if table is not None and split == "holdout":
            of = vega.panel(of, "More synthetic rows →", f"{metric} on the holdout, 95 % bands")
        elif table is not None:
            tried = table.loc[table["slice"].eq("all") & table["best"], "ratio"].unique()
            worse = len(plateau) and not all(_among(ratio, plateau) for ratio in tried)
            hollow = "hollow: shown worse than the best" if worse else ""
            of = vega.panel(of, "The same on tune, where the ratio is chosen", hollow)
        panels.append(of)
    return panels


def _marks(
    table: pd.DataFrame, split: str, chosen: float | None, plateau: Sequence[float]
) -> list[alt.Chart]:
    """Return the level of real rows alone, the ratio taken, and what is shown worse on tune."""
    held = split == "holdout"
    mix = table[(table["split"] == split) & (table["batch"] == table["batch"].iloc[0])]
    mix = mix[(mix["slice"] == "all") & mix["best"]].sort_values("ratio")
    alone, last = mix["mean"].iloc[0], mix["mean"].iloc[-1]
    text = "real rows alone" if held else ""
    layers = vega.rule("y", alone, text, vega.REAL, below=bool(last >= alone))
    if chosen is not None:
        side: vega.Side = "left" if chosen < mix["ratio"].max() / 2 else "right"
        layers += vega.rule("x", chosen, f"taken: {chosen:g}" if held else "", align=side)
    if not held and len(plateau):
        far = [not _among(ratio, plateau) for ratio in mix["ratio"]]
        hole = alt.Chart(_rows(mix[far])).mark_point(filled=True, size=16, opacity=1)
        layers.append(hole.encode(x="ratio:Q", y="mean:Q", color=alt.value("#ffffff")))
    return layers


def _among(ratio: float, others: Sequence[float]) -> bool:
    return any(isclose(ratio, other, rel_tol=1e-5) for other in others)


def _learning(
    table: pd.DataFrame | None,
    metric: str,
    mix: Mix | None,
    threshold: float | None,
    width: int,
) -> Any:
    # Models are chosen on tune; what is shown is what they reach on the holdout.
    x = alt.X(
        "rows:Q",
        title="real rows to train on →",
        scale=alt.Scale(type="log", nice=False, padding=8),
        axis=alt.Axis(format="~s", tickCount=6, labelOverlap=True, grid=False),
    )
    title = None if table is not None else f"{metric} on holdout"
    y = alt.Y("mean:Q", scale=alt.Scale(zero=False), title=title)
    base = alt.Chart().encode(x=x, detail=[alt.Detail(f"{name}:N") for name in vega.rev(table)])
    band = base.mark_area(opacity=0.14, color=vega.REAL).encode(y=alt.Y("lower:Q"), y2="upper:Q")
    line = base.mark_line(
        point={"size": 50, "filled": True, "color": vega.REAL}, strokeWidth=2.2, color=vega.REAL
    ).encode(
        y=y,
        tooltip=vega.tips(table, "rows", "model", "mean", "lower", "upper"),
        **vega.dashed(table),
    )
    layers = [band, line]
    if threshold is not None:
        layers += vega.rule("y", threshold, "threshold", vega.GREY, align="left")
    if mix is not None and table is not None:
        layers += _crossing(table[table["split"] == "holdout"].sort_values("rows"), mix)
    of = alt.layer(*layers, data=vega.data(table, "rows", "mean", "lower", "upper"))
    of = of.transform_filter(alt.datum.split == "holdout").properties(width=width, height=_TALL)
    return (
        of
        if mix is None
        else vega.panel(
            of, "More real rows instead →", mix.words or f"{metric} on the holdout, 95 % band"
        )
    )


def _crossing(learned: pd.DataFrame, mix: Mix) -> list[alt.Chart]:
    """Return the rows at hand, the level of the mix, and where real rows alone cross it."""
    side: vega.Side = "left" if mix.real < learned["rows"].max() else "right"
    layers = vega.rule("x", mix.real, "at hand", vega.GREY, align=side)
    if mix.score is None:
        return layers
    below = bool(learned["mean"].iloc[-1] >= mix.score)
    layers += vega.rule("y", mix.score, "with synthetic rows", vega.SYNTHETIC, below=below)
    if mix.worth is None or all(value is None for value in mix.worth.values()):
        return layers
    ends = {"lower": learned["rows"].iloc[0], "upper": learned["rows"].iloc[-1]}
    span = {
        name: float(end) if (own := mix.worth[name]) is None else mix.real + own
        for name, end in ends.items()
    }
    here = alt.Chart(alt.InlineData(values=[span])).encode(y=alt.YDatum(mix.score))
    layers.append(
        here.mark_rule(strokeWidth=5, opacity=0.6, color=vega.SYNTHETIC).encode(
            x="lower:Q", x2="upper:Q"
        )
    )
    if mix.worth["value"] is not None:
        dot = here.mark_point(shape="diamond", filled=True, size=110, opacity=1)
        layers.append(
            dot.encode(x=alt.XDatum(mix.real + mix.worth["value"]), color=alt.value(vega.SYNTHETIC))
        )
    return layers


def _alternatives(table: pd.DataFrame | None, metric: str, width: int) -> Any:
    kinds = ["synthetic", "remedy", "real rows"]
    colours = alt.Scale(domain=kinds, range=[vega.SYNTHETIC, vega.REMEDY, vega.REAL])
    shapes = alt.Scale(domain=kinds, range=[*vega.SHAPES[:2], vega.SHAPES[3]])
    axis = alt.Axis(labelLimit=vega.LONGEST, minExtent=_NAMES, grid=True)
    y = alt.Y("thing:N", title=None, sort=[], axis=axis)
    color = alt.Color("kind:N", scale=colours, legend=None)
    base = alt.Chart().encode(y=y)
    line = base.mark_rule(strokeWidth=2).encode(x="lower:Q", x2="upper:Q", color=color)
    fields = ("way", "kind", "rows_real", "rows_synthetic", "gain", "lower", "upper")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=alt.X(
            "gain:Q",
            title="change from real rows alone",
            axis=alt.Axis(tickCount=5, labelOverlap=True),
        ),
        color=color,
        shape=alt.Shape("kind:N", scale=shapes, legend=None),
        tooltip=vega.tips(table, *fields),
    )
    of = alt.layer(vega.mark(0), line, dots, data=vega.data(table, "gain", "lower", "upper"))
    of = of.transform_calculate(
        thing="datum.kind == 'synthetic' ? 'synthetic, ' + datum.way : datum.way"
    ).properties(width=width - _NAMES, height={"step": 21})
    if table is None:
        return of
    return vega.panel(of, "What else would help", f"{metric} on the holdout, 95 % intervals")
