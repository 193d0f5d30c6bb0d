"""How the default pipeline grows with the rows and the columns of a table, stage by stage."""

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import altair as alt
import networkx
import numpy as np
import pandas as pd
from dvc.repo import Repo

from stages.lib.base import files
from stages.lib.report import vega
from stages.scaffold.sizes import LARGE

from . import cost, mixed, newcomer

PICTURE = Path(__file__).with_name("growth.svg")
ROWS, WIDTH = (1_000, 10_000, 100_000, 1_000_000, 3_000_000), 20
COLUMNS, HEIGHT = (5, 20, 50, 100, 200), 10_000
QUICK = (300,)
LEAST = {"rows": 10_000, "columns": 20}  # of a slope: below it, imports are most of what is seen
LIMIT = 900.0  # seconds of one stage
WHOLE = sum(LARGE.values())  # rows that `init` still gives out whole
TARGET = "churned"
TOTAL = "all stages"
DRAWN = 4  # the most expensive stages
# The total's colour, and one for each stage: eight, where the panels have none in common.
PALETTE = ["#222222", *vega.COLOURS, "#6b3f1d", "#2f3e9e"]
PLOT, APART = 250, 14  # pixels: the height of a panel, and of a label

Run = dict[str, Any]  # its `rows` and `columns`, and the cost of each of `stages`


def measure(*, quick: bool) -> dict[str, Any]:
    """Run the pipeline on tables of every size, and draw the picture unless `quick`."""
    asked = {"rows": [(rows, WIDTH) for rows in (QUICK if quick else ROWS)]}
    if not quick:
        asked["columns"] = [(HEIGHT, columns) for columns in COLUMNS]
    known: dict[tuple[int, int], Run] = {}  # one size is in both series
    found: dict[str, list[Run]] = {axis: [] for axis in asked}
    for axis, sizes in asked.items():
        for size in sizes:
            if size not in known:
                known[size] = pipeline(*size, last="freeze" if quick else "handoff")
            found[axis].append(known[size])
            if not _ended(known[size]):  # nor would a larger table
                break
    if not quick:
        files.write_text(picture(found), PICTURE)
    return found


def pipeline(rows: int, columns: int, last: str) -> Run:
    """Return what `init` and each stage cost, up to one of `last`, in a project of their own."""
    print(f"  {rows:,} rows, {columns} columns …", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project, log = folder / "project", folder / "printed.log"
        around: dict[str, Any] = newcomer.surroundings(folder / "home")
        begun = newcomer.begin(project, table(rows, columns), TARGET, log, around)
        spent = {"init": begun._asdict()}
        for stage, command in stages_of(project).items():
            took = cost.run(command, project, limit=LIMIT, log=log, **around)
            spent[stage] = took._asdict()
            if not took.ended or stage.partition("@")[0] == last:
                break
            if stage.startswith("fit"):  # a model is loaded only where dvc.lock records it
                commit = cost.python("dvc", "commit", "--quiet", "--force", stage)
                cost.run(commit, project, log=log, **around)
    return {"rows": rows, "columns": columns, "stages": spent}


def stages_of(folder: Path) -> dict[str, list[str]]:
    """Return each stage's command for this interpreter, by its name, in the pipeline's order."""
    with Repo(folder) as repo:
        every = [stage for stage in networkx.dfs_postorder_nodes(repo.index.graph) if stage.cmd]
        return {one.name: [sys.executable, *shlex.split(one.cmd)[1:]] for one in every}


def table(rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """Return the mixed table with some of its features, or with noisy copies of them besides."""
    real, rng = mixed.table(rows, seed), np.random.default_rng(seed)
    first, *features, last = real.columns
    wanted = columns - 2
    kept = features[:: max(1, len(features) // wanted)][:wanted]
    copies = {}
    for place in range(wanted - len(kept)):
        copy, which = divmod(place, len(features))
        copies[f"{features[which]}_{copy + 2}"] = _noisy(real[features[which]], rng)
    parts = [real[[first, *kept]], pd.DataFrame(copies, index=real.index), real[last]]
    return pd.concat(parts, axis=1)


def _noisy(values: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Return a column like `values`: numbers moved, three categories in ten exchanged."""
    if values.dtype == object:
        other = pd.Series(rng.permutation(values.to_numpy()), values.index)
        return values.where(rng.random(len(values)) < 0.7, other)
    moved = values + rng.normal(0, values.std() / 2, len(values))
    return moved.round(2) if values.dtype.kind == "f" else moved.round().astype(int)


def _ended(run: Run) -> bool:
    return all(one["ended"] for one in run["stages"].values())


def slope(sizes: list[int], values: list[float], least: int) -> float | None:
    """Return by which power of the size a value grows: least squares in logarithms."""
    pairs = [(x, y) for x, y in zip(sizes, values, strict=True) if x >= least and y > 0]
    if len(pairs) < 2:
        return None
    x, y = np.log(np.array(pairs)).T
    return float(np.polyfit(x, y, 1)[0])


def series(runs: list[Run], axis: str, key: str) -> dict[str, tuple[list[int], list[float]]]:
    """Return the sizes at which each stage ended and its figures there; last those of all.

    Of all stages, seconds are added up, and memory is that of the stage which holds most.
    """
    found: dict[str, tuple[list[int], list[float]]] = {}
    for run in runs:
        own = {name: one[key] for name, one in run["stages"].items() if one["ended"]}
        if _ended(run):
            own[TOTAL] = sum(own.values()) if key == "seconds" else max(own.values())
        for name, value in own.items():
            sizes, values = found.setdefault(name, ([], []))
            sizes.append(run[axis])
            values.append(value)
    if TOTAL in found:
        found[TOTAL] = found.pop(TOTAL)
    return found


def picture(found: dict[str, list[Run]]) -> str:
    """Return the total and the most expensive stages over both sizes, as SVG."""
    drawn = {axis: _dearest(series(runs, axis, "seconds")) for axis, runs in found.items()}
    names = list(dict.fromkeys(name for lines in drawn.values() for name in lines))
    values = [value for lines in drawn.values() for _, own in lines.values() for value in own]
    ends = min(values) / 1.3, max(values) * 1.3
    titles = {"rows": f"rows, at {WIDTH} columns", "columns": f"columns, at {HEIGHT:,} rows"}
    panels = [
        _panel(lines, names, ends, titles[axis], [run[axis] for run in found[axis]])
        for axis, lines in drawn.items()
    ]
    # A viewer's font may be wider than the one that labels were measured with.
    chart = alt.hconcat(
        *panels, spacing=30, padding={"left": 5, "top": 5, "right": 40, "bottom": 5}
    )
    told = "Seconds of the default pipeline and of its most expensive stages, over rows and columns"
    return vega.picture(chart, "growth", told).svg


def _dearest(lines: dict[str, Any]) -> dict[str, Any]:
    """Return the total and the stages that take longest, at the last size where all ended."""
    last = lines[TOTAL][0][-1]
    at = {name: values[sizes.index(last)] for name, (sizes, values) in lines.items()}
    dearest = sorted(at, key=lambda name: -at[name])[: DRAWN + 1]
    return {name: lines[name] for name in sorted(dearest, key=lambda name: -lines[name][1][-1])}


def _panel(
    lines: dict[str, Any], names: list[str], ends: tuple[float, float], title: str, ticks: list[int]
) -> Any:
    points = pd.DataFrame(
        [
            {"stage": _told(name), "size": size, "seconds": value}
            for name, (sizes, values) in lines.items()
            for size, value in zip(sizes, values, strict=True)
        ]
    )
    labels = pd.DataFrame(
        {"stage": _told(name), "size": sizes[-1], "seconds": values[-1]}
        for name, (sizes, values) in lines.items()
    )
    labels["seconds"] = _spread(labels["seconds"].to_numpy(), ends)
    known = [_told(name) for name in names]
    colour = alt.Color(
        "stage:N", legend=None, scale=alt.Scale(domain=known, range=PALETTE[: len(known)])
    )
    x = alt.X(
        "size:Q",
        title=title,
        scale=alt.Scale(type="log", domain=[ticks[0], ticks[-1]], nice=False),
        axis=alt.Axis(values=ticks, format="~s", grid=False, labelFlush=False),
    )
    y = alt.Y(
        "seconds:Q",
        title="seconds",
        scale=alt.Scale(type="log", domain=[*ends], nice=False),
        axis=alt.Axis(values=[10.0**power for power in range(-1, 6)], format=",~f"),
    )
    base = alt.Chart(vega.data(points, "size", "seconds")).encode(x=x, y=y, color=colour)
    words = alt.Chart(vega.data(labels, "size", "seconds")).encode(x=x, y=y, color=colour)
    panel = alt.layer(
        base.mark_line(strokeWidth=2),
        base.mark_point(filled=True, size=30, opacity=1),
        words.mark_text(align="left", baseline="middle", dx=8, fontSize=12).encode(text="stage:N"),
    )
    return panel.properties(width=vega.WIDTH - 60, height=PLOT)


def _spread(values: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Return where labels stand: at these values, greatest first, or below the one above."""
    gap = APART / PLOT * np.log10(ends[1] / ends[0])
    places = np.log10(values)
    for place in range(1, len(places)):
        places[place] = min(places[place], places[place - 1] - gap)
    return 10**places


def section(found: dict[str, Any]) -> str:
    """Return the tables, and the picture where both series were measured."""
    parts = [_table(found["rows"], "rows")]
    if "columns" in found:
        parts += [_table(found["columns"], "columns"), f"![{_ALT}]({PICTURE.name})"]
    return _SECTION.format(
        parts="\n\n".join(parts), limit=LIMIT, width=WIDTH, height=HEIGHT, whole=WHOLE
    )


def _table(runs: list[Run], axis: str) -> str:
    seconds, memory = (series(runs, axis, key) for key in ("seconds", "peak_mb"))
    sizes = [run[axis] for run in runs]
    stopped = {
        (name, run[axis]) for run in runs for name, one in run["stages"].items() if not one["ended"]
    }
    least = LEAST[axis]
    head = [f"seconds at {axis}:", *(f"{size:,}" for size in sizes), "slope", "slope of memory"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, own in seconds.items():
        at = dict(zip(*own, strict=True))
        cells = [
            f"> {LIMIT:.0f}" if (name, size) in stopped else _cell(at.get(size)) for size in sizes
        ]
        lines.append([_told(name), *cells, _power(own, least), _power(memory[name], least)])
    if TOTAL in memory:
        held = dict(zip(*memory[TOTAL], strict=True))
        cells = [f"{held[size]:,.0f}" if size in held else "–" for size in sizes]
        lines.append(["peak memory, MB", *cells, "", _power(memory[TOTAL], least)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _told(name: str) -> str:
    """Return a stage's name without what all batches have in common."""
    return name.replace("@", " ").removesuffix("-everything")


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _power(line: tuple[list[int], list[float]], least: int) -> str:
    found = slope(*line, least)
    return "–" if found is None else f"{round(found, 2) + 0:.2f}"  # and no -0.00


_ALT = "Seconds over rows and over columns, of all stages and of the four that take longest"

_SECTION = """\
## Growth

A project as `init` sets it up for a table of mixed columns, its stages run one after the other.
The table has an id, a label, numbers and categories. Over rows it has {width} columns; over columns
it has {height:,} rows, and a wider table has noisy copies of the {width}. Of more than {whole:,}
rows `init` takes slices of one size, and the rest waits in the pool.

{parts}

Slopes are powers of the size, by least squares in logarithms from 10,000 rows or 20 columns up: at
1 a table of ten times the size takes ten times as long, at 0 as long. Memory in the last line is
that of the stage which holds most. A stage of more than {limit:.0f} seconds is stopped, and larger
tables are then left out.
"""
