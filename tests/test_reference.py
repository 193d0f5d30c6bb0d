"""The pages of docs/reference/ are what the code says, and leave nothing out."""

import json
from pathlib import Path
from typing import get_origin

import pandas as pd
import pytest
import yaml

from docs.generator import fields, params, records
from docs.generator.__main__ import HERE, PAGES
from stages.lib.tables.schema import Column, Combinations, Read
from stages.scaffold.sections import SECTIONS

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_what_the_code_says(name):
    """A page that the code has left behind is made anew by `make docs`."""
    assert (HERE / name).read_text("utf-8") == PAGES[name](), f"run `make docs` for {name}"


def test_every_section_and_key_of_the_example_is_told():
    """Each section of params.yaml has its table; a key that the models lack would be refused."""
    example = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    assert list(SECTIONS) == list(example)
    for section, kind in SECTIONS.items():
        told = {row.key.strip("`") for row in fields.tables(params.model(kind))[""]}
        if get_origin(kind) is not dict:
            assert set(example[section]) <= told


def test_every_key_means_something():
    """No key of params.yaml or data/schema.yaml has an empty line, and no parameter."""
    for model in (*map(params.model, SECTIONS.values()), Read, Column, Combinations):
        rows = [row for table in fields.tables(model).values() for row in table]
        assert all(row.meaning.endswith(".") for row in rows)


def test_every_file_of_metrics_is_told_key_by_key(finished):
    """The files that a run wrote have the keys and columns that the page explains, no others."""
    found = {one.file: one for one in records.records() if one.columns or one.part is None}
    declared = {path for paths in records.outs().values() for path in paths}
    assert set(found) == {path for path in declared if Path(path).suffix in (".json", ".csv")}
    for file, record in found.items():
        written = sorted(finished.glob(file.replace("<batch>", "*").replace("<generator>", "*")))
        assert written, file
        for path in written:
            told = {name for names, _ in record.keys for name in names}
            if record.columns:
                assert told == set(pd.read_csv(path).columns), file
            else:
                assert told == set(json.loads(path.read_text("utf-8"))), file


def test_records_in_lists_are_told_key_by_key(finished):
    """So are the records that lists in them hold, where the run has any."""
    parts = [one for one in records.records() if one.part and not one.columns]
    assert len(parts) == 4
    for one in parts:
        told = {name for names, _ in one.keys for name in names}
        assert one.names <= told, one
        for path in finished.glob(one.file.replace("<batch>", "*")):
            for record in json.loads(path.read_text("utf-8"))[one.part] or []:
                assert set(record) <= told, one


def test_a_word_in_a_meaning_that_is_a_key_is_one(finished):
    """A meaning that names the keys of what is inside names those that are there."""
    blend = json.loads((finished / "metrics/blend.json").read_text("utf-8"))
    [record] = [one for one in records.records() if one.file == "metrics/blend.json"]
    inner = dict((names[0], meaning) for names, meaning in record.keys)
    for name in ("classes", "calibration"):
        keys = {key for one in blend[name] for key in one}
        ends = ("", "_lower", "_upper")
        said = {word + end for word in inner[name].split("`")[1::2] for end in ends}
        assert keys <= said, name


def test_a_docstring_without_items_is_an_error():
    """An item that does not name its key in backticks is not left out in silence."""
    with pytest.raises(ValueError, match="no item of the form"):
        records._item("- rows: how many")
