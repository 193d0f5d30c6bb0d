"""Names and cells that would run, break out or climb somewhere: all through they are data."""

import hashlib
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import surroundings, written
from test_report import Visit, browser  # noqa: F401  (a fixture)

from stages.lib.base import files

IMAGE = "<img src=x onerror=alert(1)>"
TARGET = f"</title></script>{IMAGE}"
FORMULA = "=cmd|' /C calc'!A0"
NAMES = (
    FORMULA, "<script>alert(1)</script>", "$(touch pwned)", "`x`|y", "../../etc/passwd",
    "[x](javascript:alert(1))", "two\nlines\r# head", '"; touch pwned; "', "\u202eevil\u2066",
    "\U0001f986", "__class__",
)  # fmt: skip
CELLS = (
    "=1+1", IMAGE, "`touch pwned`", "a|b", "; touch pwned", "../x", "one\ntwo", "# head", "\u200b",
    "</script><script>alert(2)</script>", "{{ 7 * 7 }}", "@SUM(1)", "\x1b[31mred",
)  # fmt: skip
STAGES = (
    "brief", "ingest", "freeze", "baseline", "fit naive_bayes", "preview naive_bayes-all",
    "generate naive_bayes-all", "validate naive_bayes-all", "admit", "sweep", "blend", "monitor",
    "handoff",
)  # fmt: skip


def table(rows: int = 400) -> pd.DataFrame:
    """Return a table whose columns are named by NAMES: categories of CELLS, and numbers."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for place, name in enumerate(NAMES):
        pool = [CELLS[(place // 2 * 3 + step) % len(CELLS)] for step in range(3)]
        columns[name] = rng.choice(pool, rows) if place % 2 else rng.normal(size=rows).round(2)
    chance = (
        columns[FORMULA] + (columns[NAMES[1]] == columns[NAMES[1]][0]) + rng.logistic(size=rows)
    )
    label = np.where(chance > 0.5, "<b>yes</b>", "no|no").astype(object)
    label[0] = "@SUM(1+1)"  # a class of one row
    return pd.DataFrame({**columns, TARGET: label})


def recorded(folder: Path) -> None:
    """Write the dvc.lock that lets the fitted model be loaded."""
    path = "models/naive_bayes.pkl"
    md5 = hashlib.md5((folder / path).read_bytes(), usedforsecurity=False).hexdigest()
    told = {"stages": {"fit": {"outs": [{"path": path, "md5": md5}]}}}
    (folder / "dvc.lock").write_text(yaml.safe_dump(told))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run every stage on the table in this process, beside a file that nothing may touch."""
    outside = tmp_path_factory.mktemp("hostile")
    (outside / "etc").mkdir()
    (outside / "etc/passwd").write_text("ada")
    folder = outside / "some/project"
    purpose = f"{IMAGE} [p](javascript:alert(3)) `touch pwned` $(touch pwned)"
    where = "`$(touch pwned)` > -1"
    project = written(
        folder,
        models={"logistic": {"kind": "linear"}},
        generators={"naive_bayes": {"family": "naive_bayes"}},
        slices={"all": {"purpose": purpose, "rows": 150, "where": where}},
        freeze={"train": 150, "tune": 100, "holdout": 140, "seed": 1, "locked": None},
        data={"path": "data/hostile.csv"},
    )
    project.set("brief.gap", f"<script>alert(4)</script> | {purpose}")
    project.set("brief.metric", "f1_macro")
    project.set("sweep.seeds", 2)
    project.set("sweep.ratios", [0, 0.5])
    frame = table()
    frame.to_csv(folder / "data/hostile.csv", index=False, quoting=1)
    frame[:90].to_csv(folder / "data/incoming/may.csv", index=False, quoting=1)
    kinds = {name: "category" if frame[name].dtype == object else "number" for name in frame}
    declared: dict[str, Any] = {name: {"kind": kind} for name, kind in kinds.items()}
    declared[TARGET]["role"] = "target"
    (folder / "data/schema.yaml").write_text(yaml.safe_dump({"columns": declared}, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        for stage in STAGES:
            patch.setattr("sys.argv", stage.split(" "))
            importlib.import_module(f"stages.{stage.split(' ')[0]}").main()
            if stage.startswith("fit"):
                recorded(folder)
        yield folder


def test_every_name_and_cell_comes_through(folder: Path) -> None:
    """The table that was read is the one that was written, letter by letter."""
    found = files.read_parquet(folder / "data/real.parquet")
    frame = table()
    assert list(found.columns) == list(frame.columns)
    for name in frame:
        expected = frame[name].str.strip() if frame[name].dtype == object else frame[name]
        assert found[name].astype(expected.dtype).tolist() == expected.tolist()


def test_nothing_ran_and_nothing_climbed_out(folder: Path) -> None:
    """No command made a file, and none was written beside the project or over another."""
    outside = folder.parents[1]
    assert not list(outside.rglob("*pwned*"))
    assert (outside / "etc/passwd").read_text() == "ada"
    beside = [path for path in outside.rglob("*") if path.is_file() and folder not in path.parents]
    assert beside == [outside / "etc/passwd"]


def test_a_spreadsheet_finds_no_formula(folder: Path) -> None:
    """No cell or name of any CSV file that the pipeline writes begins as a formula."""
    paths = [*folder.glob("metrics/*.csv"), *folder.glob("data/[pv]*/**/*.csv")]
    assert any(path.name == "naive_bayes-all.csv" for path in paths) and len(paths) > 8
    for path in paths:
        plain = pd.read_csv(path, header=None, dtype=str, keep_default_na=False)
        cells = {cell for name in plain for cell in plain[name]}
        begun = [cell for cell in cells if re.match(r"[=+@\t\r-]", cell)]
        assert all(re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell) for cell in begun), path
    made = files.read_csv(folder / "data/preview/naive_bayes-all.csv")
    assert list(made)[: len(NAMES)] == list(NAMES)
    assert "=1+1" in set(made[NAMES[1]])


def test_the_handoff_document_has_no_markup_of_theirs(folder: Path) -> None:
    """Rendered, HANDOFF.md has neither a tag nor a link of a name's making, and all its tables."""
    from markdown_it import MarkdownIt

    text = (folder / "HANDOFF.md").read_text(encoding="utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    for tag in ("<script", "<img src=x", "<b>", "</title", 'href="javascript'):
        assert tag not in rendered
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert "# head" not in headings


def test_the_report_runs_no_script_of_theirs(folder: Path, browser: Any) -> None:  # noqa: F811
    """Opened in a browser and read through, the report shows no dialogue, and no complaint."""
    visit = Visit(browser, folder / "report.html")
    dialogues: list[str] = []
    visit.page.on("dialog", lambda dialog: (dialogues.append(dialog.message), dialog.dismiss()))
    visit.page.reload()
    visit.read_through()
    assert dialogues == []
    # A chart in which no ratio is marked as chosen says so; nothing else is said.
    assert [line for line in visit.said if "WARN Infinite extent" not in line] == []
    assert visit.page.locator("img[src=x]").count() == 0
    assert {url for url in visit.asked if not url.startswith("data:")} == {
        (folder / "report.html").as_uri()
    }
    visit.context.close()
