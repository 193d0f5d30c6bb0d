"""The pages of docs/: the keys and columns that they explain are those that files have."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]


def explained(start):
    """Return the names in the first column of the table behind `start` in docs/sweep.md."""
    page = (ROOT / "docs/sweep.md").read_text("utf-8")
    assert page.count(start) == 1
    table = page.split(start)[1].split("|---|", 1)[1].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    return {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}


@pytest.mark.parametrize("name", ["sweep", "blend"])
def test_every_key_is_explained_and_no_other(name):
    """docs/sweep.md has the keys of a record, no more and no fewer."""
    found = json.loads((ROOT / f"metrics/{name}.json").read_text("utf-8"))
    assert explained(f"## metrics/{name}.json, key by key") == set(found)


def test_every_key_of_a_comparison_is_explained():
    """The records of `comparisons` have the keys that their table names."""
    found = json.loads((ROOT / "metrics/sweep.json").read_text("utf-8"))["comparisons"]
    assert explained("A record of `comparisons`:") == {key for one in found for key in one}


@pytest.mark.parametrize("name", ["classes", "calibration"])
def test_every_key_of_the_lists_is_explained(name):
    """A line of blend.json's table that tells of a list names what its records hold."""
    page = (ROOT / "docs/sweep.md").read_text("utf-8").split("## metrics/blend.json")[1]
    line = next(one for one in page.splitlines() if one.startswith(f"| `{name}` |"))
    told = set(re.findall(r"`([a-z_]+)`", line.split("|")[2]))
    bounds = {f"{one}{end}" for one in told for end in ("_lower", "_upper")}
    found = json.loads((ROOT / "metrics/blend.json").read_text("utf-8"))[name]
    assert {key for one in found for key in one} <= told | bounds


@pytest.mark.parametrize("name", ["curve", "alternatives", "calibration"])
def test_every_column_is_explained_and_no_other(name):
    """docs/sweep.md has the columns of a table, no more and no fewer."""
    columns = set(pd.read_csv(ROOT / f"metrics/{name}.csv").columns)
    assert explained(f"`metrics/{name}.csv`, a line for each") == columns
