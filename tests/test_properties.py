"""Tables, params and schemas that nobody would think of: a right result, or one clear error."""

import contextlib
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import odd
import pandas as pd
import pytest
import yaml
from catalogue.case import TABLE, small
from conftest import ROOT
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from stages import ingest
from stages.lib import returns
from stages.lib.base import files, params
from stages.lib.base.errors import GeneratorError, ParamsError, SchemaError, TableError
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.learners import check
from stages.lib.quality import thresholds
from stages.lib.tables import schema, table
from stages.lib.tables.schema import valid
from stages.scaffold import plan
from stages.scaffold.sections import SECTIONS

few = settings(
    max_examples=40,
    derandomize=True,  # the same in every run, and no file beside the tests
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EXAMPLE = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
VALUES: list[Any] = [
    None, True, False, 0, -1, 3, 1.5, 1e308, float("nan"), float("inf"), "", " ", "x", "9", "1e3",
    "../x", "x" * 300, "\0", "$(touch pwned)", [], [None], ["x"], [float("nan")], {}, {"x": 1},
    {"kind": "linear"}, {1: 2}, [[]],
]  # fmt: skip


@few
@given(st.data())
def test_ingest_takes_what_it_says_or_says_why_not(data: st.DataObject) -> None:
    """Each cell comes out as the number, date or text that it is, or the table is refused."""
    header, rows = data.draw(odd.raw())
    declared = data.draw(odd.schemas(header))
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)
        small(folder)
        (folder / TABLE).write_text(odd.written(header, rows), encoding="utf-8", newline="")
        told = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True)
        (folder / "data/schema.yaml").write_text(told, encoding="utf-8")
        params.load("ingest", returns.Ingest)
        try:
            ingest.main()
        except (TableError, SchemaError) as error:
            note(str(error))
            assert len(str(error)) < 5_000
            assert not (folder / "data/real.parquet").exists()
            return
        found = files.read_parquet("data/real.parquet")
        read = table.read(TABLE, schema.load("data/schema.yaml"))
    markers = {"", *declared["read"]["missing"]}
    assert list(found.columns) == header
    for place, column in enumerate(header):
        kind = declared["columns"][column]["kind"]
        for row, cell in enumerate(line[place].strip() for line in rows):
            value = read[column][row]
            if cell in markers:
                assert pd.isna(value)
            elif kind in ("number", "integer"):
                assert value == float(cell)
            elif kind == "date":
                assert not pd.isna(value)
            else:
                assert value == cell
    labelled = read[read[header[-1]].notna()]
    distinct = {tuple(map(str, row)) for row in labelled.itertuples(index=False)}
    assert len(found) == len(distinct)


@few
@given(odd.raw(least=2))
def test_what_is_inferred_is_accepted(made: tuple[list[str], list[list[str]]]) -> None:
    """`init` reads its own schema back, and `ingest` the table with it; or init says why not."""
    header, rows = made
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "table.csv"
        path.write_text(odd.written(header, rows), encoding="utf-8", newline="")
        try:
            found = plan.of(path, header[-1])
        except TableError as error:
            note(str(error))
            return
        (Path(name) / "schema.yaml").write_text(found.schema, encoding="utf-8")
        declared = schema.load(Path(name) / "schema.yaml")
        read = table.read(path, declared)
    assert list(declared.columns) == header
    assert len(read) == len([row for row in rows if len(row) > 1 or row[0].strip()])


FAMILIES = {
    "naive_bayes": {"min_leaf": 2},
    "cart": {"min_leaf": 2},
    "oversample": {},
    "jitter": {},
    "smote": {"neighbours": 1},
    "dp_naive_bayes": {"epsilon": 5.0, "delta": 1e-5},
}


@pytest.mark.parametrize("family", FAMILIES)
@settings(few, max_examples=25)
@given(made=odd.typed())
def test_generators_make_what_they_learned_or_say_why_not(
    made: tuple[pd.DataFrame, Any], family: str
) -> None:
    """As many rows as asked for, all that the schema allows, the same for the same seed."""
    fitted_and_sampled(family, FAMILIES[family], *made)


@settings(few, max_examples=5)  # each takes half a second
@given(made=odd.typed())
def test_sdv_makes_what_it_learned_or_says_why_not(made: tuple[pd.DataFrame, Any]) -> None:
    """The same of a synthesizer that is not ours."""
    fitted_and_sampled("sdv", {"kind": "gaussian_copula"}, *made)


def fitted_and_sampled(
    family: str, parameters: dict[str, Any], train: pd.DataFrame, declared: Any
) -> None:
    """Assert what holds of every family."""
    generator = registry.make("one", Spec(family=family, **parameters))
    try:
        generator.fit(train, declared, seed=1)
        found = generator.sample(9, seed=2)
    except GeneratorError as error:
        note(str(error))
        return
    assert len(found) == 9
    assert list(found.columns) == declared.modelled
    assert valid(found, declared).to_numpy().all()
    for name in declared.modelled:
        assert found[name].dtype.kind == train[name].dtype.kind
    generator.sample(3, seed=5)
    pd.testing.assert_frame_equal(found, generator.sample(9, seed=2))


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Return the path of every entry below a section."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, below in value.items():
            found += places(below, (*path, key))
    return found


def spoiled(data: st.DataObject, good: Any) -> Any:
    """Return a copy of `good` with one entry set to another value, renamed or taken out."""
    told = deepcopy(good)
    *parents, last = data.draw(st.sampled_from(places(good)))
    section = told
    for part in parents:
        section = section[part]
    how = data.draw(st.sampled_from(["set", "set", "set", "rename", "remove"]))
    if how == "set":
        section[last] = data.draw(st.sampled_from(VALUES))
    else:
        value = section.pop(last)
        if how == "rename":
            section[data.draw(st.sampled_from([f"{last}s", "x", 1, None, "\u202e"]))] = value
    return told


@settings(few, max_examples=150)
@given(st.data())
def test_params_load_or_are_refused_in_words(data: st.DataObject) -> None:
    """One wrong entry of params.yaml: every section loads, or one ParamsError says which."""
    told = spoiled(data, EXAMPLE)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "params.yaml"
        path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
        changed = [part for part in EXAMPLE if told.get(part) != EXAMPLE[part]] or ["data"]
        try:
            for part in changed:
                loaded = params.load(part, SECTIONS[part], path)
                if part == "models":
                    check(loaded, "binary")
                elif part == "generators":
                    for one, spec in loaded.items():
                        registry.make(one, spec)
                elif part == "gates" and loaded:
                    thresholds.rules(loaded, "utility", "roc_auc")
        except ParamsError as error:
            note(str(error))
            assert "params.yaml" in str(error)
            assert len(str(error)) < 3_000


@few
@given(st.data())
def test_schemas_load_or_are_refused_in_words(data: st.DataObject) -> None:
    """One wrong entry of data/schema.yaml: the table is read with it, or one error says why not."""
    good = {
        "read": {"delimiter": ",", "encoding": "utf-8", "missing": ["?"], "decimal": "."},
        "columns": {
            "age": {"kind": "integer", "min": 0, "max": 99, "bins": [0, 50, 99]},
            "town": {"kind": "category", "categories": ["north", "south"], "missing": True},
            "bought": {"kind": "category", "role": "target", "sensitive": False},
        },
        "rules": ["age >= 0", {"combinations": ["town", "bought"]}],
    }
    told = spoiled(data, good)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small(folder)
        path = folder / "data/schema.yaml"
        path.write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
        try:
            read = table.read(folder / TABLE, schema.load(path))
            assert len(read) == 40
        except (SchemaError, TableError) as error:
            note(str(error))
            assert len(str(error)) < 3_000


@few
@given(
    st.lists(st.text(odd.LETTERS, max_size=5), min_size=1, max_size=8),
    st.text(odd.LETTERS, min_size=1, max_size=5),
)
def test_csv_files_hold_any_text(cells: list[str], name: str) -> None:
    """A text comes back from a CSV file as it was, and none of it is a formula to a spreadsheet."""
    frame = pd.DataFrame({name: cells, "n": np.arange(len(cells))})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        files.write_csv(frame, path)
        found = files.read_csv(path, dtype={name: str})
        plain = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert found[name].fillna("").tolist() == cells
    for text in [*plain.iloc[:, 0], plain.columns[0]]:
        if text[:1] in ("=", "+", "-", "@"):
            float(text.removesuffix("%"))
