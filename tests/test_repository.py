"""What is committed: no real row, no value of a sensitive column, nothing that nobody wrote."""

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from stages.lib.tables import schema, table

ROOT = Path(__file__).resolve().parents[1]
TABLE = "data/adult.csv.gz"


def committed() -> dict[str, str]:
    """Return the text of every committed file but the real table itself."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in listed
        if name and name != TABLE and (ROOT / name).is_file()
    }


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    """Return the example's real table."""
    return table.read(ROOT / TABLE, schema.load(ROOT / "data/schema.yaml"))


def test_no_sensitive_value_is_committed(real: pd.DataFrame) -> None:
    """No category of a sensitive column stands in a committed file as a word of its own."""
    declared = schema.load(ROOT / "data/schema.yaml")
    sensitive = [name for name, column in declared.columns.items() if column.sensitive]
    assert sensitive
    values = {value for name in sensitive for value in real[name].cat.categories}
    words = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(values)))})(?![\w-])")
    found = {name: words.findall(text) for name, text in committed().items()}
    assert {name: set(hits) for name, hits in found.items() if hits} == {}


def test_no_real_row_is_committed(real: pd.DataFrame) -> None:
    """No committed line holds the cells of a real row, whatever separates them."""
    shown = real.astype(object).map(lambda cell: f"{cell:g}" if isinstance(cell, float) else cell)
    width = len(shown.columns)
    rows = {tuple(map(str, row)) for row in shown.itertuples(index=False)}
    for name, text in committed().items():
        for line in text.splitlines():
            cells = [cell.strip(" \"'`[]{}") for cell in re.split(r"[,;|\t]", line)]
            for start in range(len(cells) - width + 1):
                assert tuple(cells[start : start + width]) not in rows, f"{name}: {line[:60]}"


def test_data_and_metrics_hold_nothing_that_no_stage_wrote() -> None:
    """Committed files of data/ are the table, its schema and notes; those of metrics/ are outs."""
    import yaml

    lock = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))
    written = {out["path"] for stage in lock["stages"].values() for out in stage.get("outs", [])}
    names = set(committed())
    assert {name for name in names if name.startswith("metrics/")} <= written
    assert {name for name in names if name.startswith("data/")} == {
        "data/README.md",
        "data/incoming/.gitignore",
        "data/schema.yaml",
    }


def test_the_page_of_plots_is_what_the_library_makes() -> None:
    """The page of `dvc plots` is made by the code that inlines the library into the report."""
    from stages.lib.report import page

    assert (ROOT / ".dvc/plots.html").read_text(encoding="utf-8") == page.plots()


def test_plot_templates_are_the_charts_of_the_report() -> None:
    """The templates of `dvc plots` are made by the code that draws the report's charts."""
    from stages.lib.report import charts

    for name, text in charts.templates().items():
        assert (ROOT / f".dvc/plots/{name}.json").read_text(encoding="utf-8") == text
