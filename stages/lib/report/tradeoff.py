"""Fidelity, privacy and utility of every batch, each as its nearest gate sees it.

A gate allows an excess over real rows up to a threshold; what is compared is the excess as part of
that. The greatest part in a family of gates stands for the family: at 1 that gate is reached, at 0
the batch is no worse than real rows.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from . import vega

FAMILIES = ("fidelity", "privacy", "utility")
_RIM = 2.0  # what lies further out is drawn here
_UNIT = 75  # pixels that a threshold is long


class Nearest(NamedTuple):
    """The gate of a family that a batch comes nearest to, or is furthest beyond."""

    family: str
    check: str | None  # None: nothing in the family was measured
    part: float | None  # the excess as part of the threshold, 0 or more; infinite at threshold 0
    verdict: str


def nearest(validations: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Nearest]]:
    """Return the gate that stands for each family, by batch and in the order of `FAMILIES`."""
    return {
        batch: [_worst(family, found["checks"]) for family in FAMILIES]
        for batch, found in validations.items()
    }


def draw(found: Mapping[str, list[Nearest]], *, priority: str) -> alt.TopLevelMixin:
    """Draw a triangle for each batch: a corner for each family, the brief's priority on top."""
    first = FAMILIES.index(priority)
    corners = [*FAMILIES[first:], *FAMILIES[:first]]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-2.3, 2.3]))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1.5, 2.4]))
    rings = pd.DataFrame(_rings(corners))
    lines = alt.Chart(vega.data(rings, "x", "y")).mark_line(color=vega.GREY, strokeWidth=1)
    dashes = alt.Scale(domain=["gate", "none"], range=[[5, 4], [1, 0]])
    lines = lines.encode(
        x=x,
        y=y,
        order="order:Q",
        detail="ring:N",
        strokeDash=alt.StrokeDash("kind:N", scale=dashes, legend=None),
    )
    texts = pd.DataFrame(_texts(corners, priority))
    words = alt.Chart(vega.data(texts, "x", "y")).encode(x=x, y=y, text="text:N")
    layers: list[Any] = [lines]
    for bold in (True, False):
        own = words.transform_filter(alt.datum.bold == bold)
        layers.append(own.mark_text(fontSize=12, fontWeight="bold" if bold else "normal"))
    points = pd.DataFrame(_points(found, corners))
    if len(points):
        base = alt.Chart(vega.data(points, "x", "y")).encode(x=x, y=y)
        layers.append(
            base.mark_line(strokeWidth=2, opacity=0.8).encode(
                order="order:Q", stroke=vega.batch("stroke")
            )
        )
        dots = base.mark_point(filled=True, size=70, opacity=1).encode(
            color=vega.batch("color"),
            shape=vega.batch("shape"),
            tooltip=vega.tips(points, "batch", "family", "check", "part", "verdict"),
        )
        layers.append(vega.picked(dots, points))
    return vega.finish(alt.layer(*layers).properties(width=4.6 * _UNIT, height=3.9 * _UNIT), points)


def _worst(family: str, checks: list[Mapping[str, Any]]) -> Nearest:
    own = [
        (_part(check["excess"], check["threshold"]), check)
        for check in checks
        if check["gate"] == family and None not in (check["excess"], check["threshold"])
    ]
    if not own:
        return Nearest(family, None, None, "not measured")
    part, check = max(own, key=lambda one: one[0])
    return Nearest(family, check["name"], part, check["verdict"])


def _part(excess: float, threshold: float) -> float:
    if excess <= 0:
        return 0.0
    return excess / threshold if threshold > 0 else math.inf


def _at(corner: int, part: float) -> dict[str, float]:
    angle = math.radians(90 - 120 * corner)
    return {
        "x": round(part * math.cos(angle), 6) + 0.0,
        "y": round(part * math.sin(angle), 6) + 0.0,
    }


def _rings(corners: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the triangles at 1 and at the rim, and the spokes."""
    for part, kind in ((1.0, "gate"), (_RIM, "none")):
        for order in range(4):
            yield {"ring": str(part), "kind": kind, "order": order, **_at(order % 3, part)}
    for corner, name in enumerate(corners):
        for order, part in enumerate((0.0, _RIM)):
            yield {"ring": name, "kind": "none", "order": order, **_at(corner, part)}


def _texts(corners: list[str], priority: str) -> Iterator[dict[str, Any]]:
    """Yield the names of the corners, and what the dashed triangle is."""
    for corner, name in enumerate(corners):
        at = _at(corner, _RIM)
        at["y"] += 0.2 if corner == 0 else -0.25
        text = f"{name}: the brief's priority" if name == priority else name
        yield {"text": text, "bold": name == priority, **at}
    yield {"text": "gate", "bold": False, "x": 0.0, "y": -0.68}


def _points(found: Mapping[str, list[Nearest]], corners: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the corners of every batch's triangle, the first of them again at the end."""
    for batch, gates in found.items():
        own = {one.family: one for one in gates}
        for order in range(4):
            one = own[corners[order % 3]]
            if one.part is not None:
                at = _at(order % 3, min(one.part, _RIM))
                told = {**one._asdict(), "part": f"{one.part:.0%} of the threshold"}
                yield {"batch": batch, **told, "order": order, **at}
