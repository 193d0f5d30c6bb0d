"""Where the final model comes from, as a graph: table, train, generators, batches, gates, blend."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from markupsafe import escape

from ..words import count, listed
from . import vega
from .evidence import Evidence
from .vega import Picture

_WIDE, _HIGH = 132, 58  # pixels of a node
_ASIDE, _BELOW = 24, 14  # and between nodes
_LETTERS = 18  # of a name that fit into a node
_BLEND, _FINAL = "data/blend.parquet", "models/final.skops"
_HASH = 10  # characters shown of a hash, as git does


class Node(NamedTuple):
    """A thing that was made, and what from."""

    key: str
    column: int
    kind: str
    name: str
    told: str  # rows or a verdict
    sha256: str
    parents: tuple[str, ...]
    used: bool = True  # whether the final model learned from it


def files(m: Evidence) -> list[str]:
    """Return the files whose SHA-256 no stage wrote down: models, validations, blend."""
    models = (f"models/{made['generator']['name']}.pkl" for made in m.provenance.values())
    checked = (f"metrics/validate/{name}.json" for name in m.provenance)
    return list(dict.fromkeys([*models, *checked, _BLEND, _FINAL]))


def trace(m: Evidence, sums: Mapping[str, str]) -> list[Node]:
    """Return the nodes, parents first; `sums` has the SHA-256 of each of `files`."""
    return [*_real(m), *_fits(m, sums), *_batches(m, sums), *_end(m, sums)]


def told(nodes: list[Node]) -> list[str]:
    """Say each node in a sentence, for those who read rather than look."""
    names = {node.key: f"{node.kind} {node.name}" for node in nodes}
    said = []
    for node in nodes:
        origin = listed([names[key] for key in node.parents])
        made = f", from {origin}" if origin else ""
        unused = "" if node.used else "; not in the final model"
        of = f" ({node.told})" if node.told else ""
        said.append(f"{names[node.key]}{of}, {node.sha256[:_HASH]}{made}{unused}.")
    return said


def draw(nodes: list[Node]) -> Picture:
    """Return the graph as SVG, from left to right; colours are the page's."""
    columns = [[node for node in nodes if node.column == at] for at in range(_last(nodes) + 1)]
    tallest = max(len(column) for column in columns)
    wide = len(columns) * (_WIDE + _ASIDE) - _ASIDE
    high = tallest * (_HIGH + _BELOW) - _BELOW + 2 * _BELOW
    at = {
        node.key: (number * (_WIDE + _ASIDE), row * (_HIGH + _BELOW))
        for number, column in enumerate(columns)
        for row, node in enumerate(column)
    }
    by_key = {node.key: node for node in nodes}
    lines = [
        _line(at[key], at[node.key], used=node.used and by_key[key].used, floor=high - 6)
        for node in nodes
        for key in node.parents
    ]
    boxes = [_box(node, *at[node.key]) for node in nodes]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="-2 -2 {wide + 4} '
        f'{high + 4}" width="{wide + 4}" height="{high + 4}">{"".join(lines + boxes)}</svg>'
    )
    title = "From the real table to the final model, left to right; the list below says the same."
    return Picture(vega.named(svg, "lineage", title), wide + 4)


def _real(m: Evidence) -> Iterator[Node]:
    rows = count(m.ingest["rows"], "row")
    yield Node("table", 0, "table", "data/real.parquet", rows, m.freeze["table_sha256"], ())
    for name, part in m.freeze["slices"].items():
        rows = count(part["rows"], "row")
        used = name == "train"
        yield Node(name, 1, "slice", name, rows, part["sha256"], ("table",), used)


def _fits(m: Evidence, sums: Mapping[str, str]) -> Iterator[Node]:
    """Yield every generator and the model that it became, in the order of their batches."""
    done = set()
    for made in m.provenance.values():
        own = made["generator"]
        name, used = own["name"], _used(m, own["name"])
        if name in done:
            continue
        done.add(name)
        code = made["code_sha256"]["fit"]
        yield Node(f"{name}:", 2, "generator", name, own["family"], code, ("train",), used)
        path = f"models/{name}.pkl"
        yield Node(path, 3, "model", f"{name}.pkl", "", sums[path], (f"{name}:",), used)


def _batches(m: Evidence, sums: Mapping[str, str]) -> Iterator[Node]:
    for name, made in m.provenance.items():
        used = name in _mixed(m)
        rows = count(made["rows"]["kept"], "row")
        parent = f"models/{made['generator']['name']}.pkl"
        yield Node(name, 4, "batch", name, rows, made["sha256"], (parent,), used)
        status = m.admit["batches"][name]["status"]
        path = f"metrics/validate/{name}.json"
        yield Node(path, 5, "gates", status, "", sums[path], (name,), used)


def _end(m: Evidence, sums: Mapping[str, str]) -> Iterator[Node]:
    gates = tuple(f"metrics/validate/{name}.json" for name in _mixed(m))
    rows = f"ratio {m.blend['ratio']:g}"
    yield Node(_BLEND, 6, "blend", _BLEND, rows, sums[_BLEND], ("train", *gates))
    yield Node(_FINAL, 7, "model", _FINAL, m.blend["model"], sums[_FINAL], (_BLEND,))


def _used(m: Evidence, generator: str) -> bool:
    return any(m.provenance[name]["generator"]["name"] == generator for name in _mixed(m))


def _mixed(m: Evidence) -> list[str]:
    """Return the batches of which the final model learned from rows."""
    return m.blend["batches"] if m.blend["ratio"] > 0 else []


def _last(nodes: list[Node]) -> int:
    return max(node.column for node in nodes)


def _line(start: tuple[int, int], end: tuple[int, int], *, used: bool, floor: int) -> str:
    """Draw from one node to another, below all others where there are any between."""
    x, y = start[0] + _WIDE, start[1] + _HIGH // 2
    to_x, to_y = end[0], end[1] + _HIGH // 2
    half = _ASIDE // 2
    if to_x - x <= _ASIDE:
        path = f"M{x},{y}C{x + half},{y} {to_x - half},{to_y} {to_x},{to_y}"
    else:
        path = (
            f"M{x},{y}C{x + half},{y} {x},{floor} {x + _ASIDE},{floor}H{to_x - _ASIDE}"
            f"C{to_x},{floor} {to_x - half},{to_y} {to_x},{to_y}"
        )
    return f'<path class="{"used" if used else "unused"}" d="{path}" fill="none"/>'


def _box(node: Node, x: int, y: int) -> str:
    name = node.name if len(node.name) <= _LETTERS else f"{node.name[: _LETTERS - 1]}…"
    above = f"{node.kind}, {node.told}" if node.told else node.kind
    lines = ((17, "kind", above), (34, "name", name), (50, "hash", node.sha256[:_HASH]))
    words = "".join(
        f'<text x="{x + 8}" y="{y + down}" class="{kind}">{escape(text)}</text>'
        for down, kind, text in lines
    )
    state = (
        f"{'used' if node.used else 'unused'} {f'is-{node.name}' if node.kind == 'gates' else ''}"
    )
    box = f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="5"/>{words}'
    return f'<g class="{escape(state)}">{box}</g>'
