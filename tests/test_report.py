"""The report in a browser: thirty columns, six batches; a phone, keys alone, or no script."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages import handoff
from stages.lib.base import files
from stages.lib.report import (
    ancestry,
    charts,
    document,
    histograms,
    page,
    pictures,
    sample,
    story,
    tradeoff,
    vega,
)
from stages.lib.report.evidence import Evidence
from stages.lib.report.triggers import Triggers
from stages.lib.tables import schema

ROOT = Path(__file__).resolve().parents[1]
MADE = [f"copy{number}-everything" for number in (1, 2, 3)]  # beside the example's three batches
MORE = [f"extra {number}" for number in range(1, 17)]  # beside the example's 14 columns
SECRET, KEPT = "Atlantis", "Lemuria"  # of a sensitive column, and of another
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DRIFT = {
    **{"arrived": True, "rows": 900, "files": 1, "drift": True, "moved": ["age"]},
    **{"dependence": True, "regenerate": True, "level": 0.05, "advice": "Regenerate."},
    "columns": [
        {
            **{"column": name, "kind": "number", "test": "KS", "distance": 0.4, "psi": 0.5},
            **{"p_value": 0.001, "missing_before": 0.0, "missing_now": 0.1, "moved": moved},
            **{"new_categories": 0, "out_of_range": 0, "why": ["distribution"] if moved else []},
        }
        for name, moved in (("age", True), ("hours-per-week", False))
    ],
    "joint": {
        **{"auc": 0.8, "p_value": 0.01, "moved": True},
        "pairs": [{"left": "age", "right": "education", "change": 0.3}],
    },
    "model": {
        **{"metric": "roc_auc", "rows": 900, "score": 0.8, "lower": 0.78, "upper": 0.82},
        **{"expected": 0.88, "expected_lower": 0.87, "expected_upper": 0.89, "worse": True},
    },
    "notes": ["One file had no labels."],
}


def read(name: str) -> Any:
    """Return what the example's run wrote to a file of metrics/."""
    path = ROOT / "metrics" / name
    return files.read_json(path) if path.suffix == ".json" else files.read_csv(path)


def evidence() -> Evidence:
    """Return what the example's run found, three batches counted twice, and a made-up drift."""
    by_batch: dict[str, dict[str, Any]] = {}
    for kind in handoff.BY_BATCH:
        found = {
            path.stem: read(f"{kind}/{path.name}") for path in (ROOT / "metrics" / kind).iterdir()
        }
        found = {name: found[name] for name in sorted(found)}
        by_batch[kind] = found | dict(zip(MADE, found.values(), strict=True))
    admit = read("admit.json")
    admit["batches"] |= dict(zip(MADE, admit["batches"].values(), strict=True))
    alone = {name: read(f"{name}.json") for name in handoff.JSON}
    notes = "For the reviewer.\n\n---\n\n- The survey asks whom it reaches.\n"
    tables = {name: read(f"{name}.csv") for name in handoff.TABLES}
    alone |= {"admit": admit, "drift": DRIFT}
    return Evidence(**alone, notes=notes, triggers=Triggers(), **tables, **by_batch)


def of_six(name: str) -> pd.DataFrame:
    """Return the example's table of a kind for six batches, and for thirty columns."""
    table = read(f"{name}.csv")
    rng = np.random.default_rng(1)
    if name in ("columns", "tails"):
        like = table[table["column"] == "age"]
        table = pd.concat([table, *(like.assign(column=other) for other in MORE)])
    if name == "pairs":
        every = pd.DataFrame(
            combinations([*dict.fromkeys(read("columns.csv")["column"]), *MORE], 2)
        )
        every.columns = pd.Index(["left", "right"])
        parts = [every.assign(batch=batch, ceiling=0.05) for batch in table["batch"].unique()]
        table = pd.concat(parts)
        table["difference"] = rng.random(len(table)).round(6)
    old = list(table["batch"].unique())
    copies = [
        table[table["batch"] == batch].assign(batch=other)
        for batch, other in zip(old, MADE, strict=True)
    ]
    return pd.concat([table, *copies], ignore_index=True)


def rows(count: int, seed: int) -> pd.DataFrame:
    """Return rows of the declared columns: numbers, and categories of which one is sensitive."""
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=count).round(3) for name in MORE}
    values["age"] = rng.integers(17, 91, count)
    return pd.DataFrame({**values, "native-country": SECRET, "town": KEPT})


def declared() -> schema.Schema:
    """Return the schema of `rows`."""
    return schema.Schema.model_validate(
        {
            "columns": {
                **{name: {"kind": "number"} for name in MORE},
                "age": {"kind": "integer", "role": "target"},
                "native-country": {"kind": "category", "sensitive": True},
                "town": {"kind": "category"},
            }
        }
    )


def written(found: Evidence, folder: Path) -> str:
    """Return the report of evidence, with distributions and previews that are made up."""
    names, shape = list(found.validate), declared()
    real, preview = rows(400, 0), rows(12, 1)
    preview.iloc[0] = real.iloc[3]
    preview.to_csv(folder / "preview.csv", index=False)
    one = sample.take(sample.read(folder / "preview.csv"), real, shape)
    drawn_columns = [*MORE, "age", "town"]
    batches = ((name, rows(200, 2)) for name in names)
    bins = histograms.count(real, batches, drawn_columns, shape)
    nodes = ancestry.trace(found, {path: "0123456789abcdef" for path in ancestry.files(found)})
    tables = {kind: of_six(kind) for kind in handoff.BY_TABLE}
    return document.html(
        m=found,
        told=story.tell(found),
        pictures=pictures.draw(found, tables, bins, ancestry.draw(nodes)),
        lineage=ancestry.told(nodes),
        nearest=tradeoff.nearest(found.validate),
        samples={names[0]: one},
        library=page.library(),
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a table of thirty columns and six batches."""
    folder = tmp_path_factory.mktemp("report")
    files.write_text(written(evidence(), folder), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the system's Chromium; CI has to have one."""
    path = shutil.which("chromium")
    if path is None and os.environ.get("CI"):
        pytest.fail("there is no chromium on the PATH, and CI must look at the report")
    if path is None:
        pytest.skip("there is no chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Visit:
    """A page that somebody opened, with what it asked the network for and complained of."""

    def __init__(self, browser: Any, path: Path, *, width: int = 1400, **options: Any) -> None:
        """Open a file; `options` are those of a browser context."""
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda line: self.said.append(f"{line.type}: {line.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(path.as_uri())

    def read_through(self) -> None:
        """Scroll to the end, so that every chart has come near the screen."""
        self.page.evaluate(
            """async () => {
              for (let y = 0; y < document.body.scrollHeight; y += 800) {
                window.scrollTo(0, y);
                await new Promise(requestAnimationFrame);
              }
            }"""
        )
        waiting = "!document.querySelector('figure[data-chart]:not([data-drawn=live])')"
        self.page.wait_for_function(waiting, timeout=60_000)


@pytest.fixture(scope="module")
def phone(browser: Any, report: Path) -> Iterator[Visit]:
    """Open the report on a screen of 360 pixels and read it through."""
    visit = Visit(browser, report, width=360)
    visit.read_through()
    yield visit
    visit.context.close()


def test_nothing_leaves_the_page(phone: Visit, report: Path) -> None:
    """The file is all that is loaded, nothing is complained of, and it is below 5 MB."""
    assert {url for url in phone.asked if not url.startswith("data:")} == {report.as_uri()}
    assert phone.said == []
    assert report.stat().st_size < 5_000_000


def test_every_chart_is_drawn(phone: Visit) -> None:
    """Each chart becomes a live view that holds marks, names itself, and tells its numbers."""
    found = phone.page.eval_on_selector_all(
        "figure[data-chart]",
        """figures => figures.map(figure => ({
          name: figure.dataset.chart,
          marks: figure.querySelectorAll('.view [class*=mark-] :is(path, line)').length,
          label: figure.querySelector('.view').getAttribute('aria-label'),
          numbers: figure.querySelectorAll('details.numbers').length,
        }))""",
    )
    assert {one["name"] for one in found} >= {
        "curve",
        "tradeoff",
        "rates",
        *(f"pairs-{name}" for name in MADE),
    }
    assert sum(one["name"].startswith("marginal-") for one in found) == len(MORE) + 2
    assert [one["name"] for one in found if one["marks"] < 3 or not one["label"]] == []
    assert all(one["numbers"] == 1 for one in found)


def test_numbers_behind_a_chart_are_a_table(phone: Visit) -> None:
    """Opened, the numbers are a table with a line for each row that is drawn."""
    details = phone.page.locator("figure[data-chart=learning] details.numbers")
    details.evaluate("element => { element.open = true; }")
    phone.page.wait_for_function("document.querySelector('[data-chart=learning] details table')")
    lines = details.locator("tbody tr").count()
    assert lines == len(read("learning.csv"))


def test_a_phone_scrolls_down_only(phone: Visit) -> None:
    """Nothing makes the page wider than a screen of 360 pixels."""
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 360


def test_headings_landmarks_and_tables_are_in_order(phone: Visit) -> None:
    """No level of heading is skipped, there is one main part, and header cells have a scope."""
    levels = phone.page.eval_on_selector_all(
        "h1,h2,h3,h4", "all => all.map(one => +one.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    assert phone.page.locator("main").count() == 1
    assert phone.page.locator("th:not([scope])").count() == 0
    places = phone.page.eval_on_selector_all("nav a", "all => all.map(a => a.getAttribute('href'))")
    assert all(phone.page.locator(place).count() == 1 for place in places)


def test_nothing_sensitive_and_no_real_row_is_shown(phone: Visit, report: Path) -> None:
    """A sensitive column's values and a preview row that a real row equals are nowhere in it."""
    text = report.read_text(encoding="utf-8")
    assert SECRET not in text
    assert KEPT in text
    table = phone.page.locator("table.rows")
    shown = table.locator("tbody tr").all_inner_texts()
    assert len(shown) == sample.ROWS
    copied = [f"{value:g}" for value in rows(400, 0).iloc[3][MORE]]
    assert not any(line.split("\t")[:16] == copied for line in shown)
    assert "1 left out because a real row has the same cells" in text


def test_drift_and_notes_are_told(phone: Visit) -> None:
    """What moved is a table; a person's notes are quoted."""
    text = phone.page.locator("main").inner_text()
    assert "The survey asks whom it reaches." in text
    moved = phone.page.locator("[aria-label='Columns that moved'] tbody tr").all_inner_texts()
    assert [line.split("\t")[0] for line in moved] == ["age"]


def test_without_scripts_the_charts_stand_still(browser: Any, report: Path) -> None:
    """Where no script runs every chart is there as a picture with a title."""
    visit = Visit(browser, report, java_script_enabled=False)
    drawn = visit.page.locator("figure svg")
    assert drawn.count() == visit.page.locator("figure").count()
    for one in drawn.all():
        box = one.bounding_box()
        assert box is not None and box["width"] > 100 and box["height"] > 50
    titles = visit.page.locator("figure svg > title").all_text_contents()
    assert len(titles) == drawn.count() == len(set(titles))
    visit.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["live", "still"])
def test_dark_pages_have_dark_charts(browser: Any, report: Path, scripts: bool) -> None:
    """Where darkness is preferred, charts are light on dark too, still or live."""
    visit = Visit(browser, report, color_scheme="dark", java_script_enabled=scripts)
    if scripts:
        visit.page.wait_for_selector("figure[data-chart=curve][data-drawn=live]")
    paper, ink, behind = visit.page.evaluate(
        """() => {
          const svg = document.querySelector('figure[data-chart=curve] svg');
          const light = (value) => Math.max(...value.match(/\\d+/g).slice(0, 3).map(Number));
          const back = svg.querySelector(':scope > rect');
          return [
            light(getComputedStyle(document.body).backgroundColor),
            light(getComputedStyle(svg.querySelector('text')).fill),
            getComputedStyle(svg).backgroundColor + (back ? getComputedStyle(back).fill : ''),
          ];
        }"""
    )
    assert paper < 60
    assert ink > 180
    assert "255" not in behind
    visit.context.close()


def test_keys_reach_all_that_scrolls(browser: Any, report: Path) -> None:
    """The first stop skips to the findings, and all that is too wide can be reached and left."""
    visit = Visit(browser, report, width=360)
    visit.read_through()
    visit.page.evaluate("() => { window.scrollTo(0, 0); window.reached = new Set(); }")
    note = """() => {
      window.reached.add(document.activeElement);
      return document.activeElement.className;
    }"""
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate(note) == "skip"
    stops = visit.page.locator("a, summary, [tabindex='0']").count()
    for _ in range(stops + 5):
        visit.page.keyboard.press("Tab")
        visit.page.evaluate(note)
    missed = visit.page.evaluate(
        """() => [...document.querySelectorAll('.drawn, .scroll, pre')]
          .filter(one => one.offsetParent && one.scrollWidth > one.clientWidth + 1)
          .filter(one => !window.reached.has(one)).map(one => one.outerHTML.slice(0, 80))"""
    )
    assert missed == []
    visit.context.close()


def test_paper_shows_whole_tables(browser: Any, report: Path) -> None:
    """On paper nothing is cut off at the right, and the ink is dark."""
    visit = Visit(browser, report, width=760, color_scheme="dark")
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 760
    assert visit.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    visit.context.close()


MAKE = """
import hashlib, sys
sys.path.insert(0, "tests")
import test_report as made
found = made.evidence()
triangle = made.tradeoff.draw(made.tradeoff.nearest(found.validate), priority="privacy")
columns = made.charts.columns(made.read("columns.csv"))
drawn = [made.vega.picture(chart, "chart", "a chart") for chart in (triangle, columns)]
parts = (part for one in drawn for part in (one.svg, one.spec))
for text in (made.page.library(), *parts):
    print(hashlib.sha256(text.encode()).hexdigest())
"""


def test_bytes_are_the_same_in_every_process() -> None:
    """Library, pictures and specifications do not hang on the process or its hash order."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    one, other = (process.communicate()[0] for process in started)
    assert len(one.splitlines()) == 5
    assert one == other


def test_hostile_text_ends_no_script() -> None:
    """A name that would end a script element stays inside a chart's specification."""
    name = "</script><script>alert(1)</script>\u2028"
    table = read("columns.csv").assign(column=name)
    drawn = vega.picture(charts.columns(table), "columns", "a chart")
    assert "<" not in drawn.spec
    assert json.loads(drawn.spec)["data"]["values"][0]["column"] == name
    assert "<script" not in drawn.svg


@pytest.fixture(scope="module")
def plotted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository whose DVC draws two of the example's tables with the scaffold's page."""
    folder = tmp_path_factory.mktemp("plots")
    for path in (
        ".dvc/config",
        ".dvc/plots.html",
        ".dvc/plots",
        "metrics/curve.csv",
        "metrics/pairs.csv",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, folder / path)
        else:
            shutil.copy(ROOT / path, folder / path)
    told = "plots:\n" + "".join(
        f"  - metrics/{name}.csv: {{template: {name}, x: {x}, y: {y}}}\n"
        for name, x, y in (("curve", "ratio", "mean"), ("pairs", "left", "difference"))
    )
    (folder / "dvc.yaml").write_text(told)
    return folder


@pytest.mark.parametrize("command", [("show",), ("diff", "HEAD")])
def test_the_page_of_dvc_plots_needs_no_network(
    browser: Any, plotted: Path, command: tuple[str, ...]
) -> None:
    """`dvc plots show` and `dvc plots diff` draw every plot, and ask nobody for anything."""
    run = {"cwd": plotted, "check": True, "capture_output": True}
    if not (plotted / ".git").exists():
        subprocess.run(["git", "init", "-q"], **run)
        subprocess.run(["git", "add", "."], **run)
        subprocess.run(["git", "commit", "-qm", "plots"], **run)
    subprocess.run(["dvc", "plots", *command, "-o", f"out-{command[0]}"], **run)
    visit = Visit(browser, plotted / f"out-{command[0]}/index.html", offline=True)
    visit.page.wait_for_function("document.querySelectorAll('main svg.marks').length == 2")
    assert visit.page.locator("main svg.marks .mark-rect path").count() > 100
    assert all(url.startswith(("file:", "data:")) for url in visit.asked)
    assert visit.said == []
    assert re.search(r"BSD-3-Clause", (plotted / ".dvc/plots.html").read_text(encoding="utf-8"))
    visit.context.close()
