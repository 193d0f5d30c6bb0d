"""Rows that another tool made: read as declared, each handed out once, and recorded."""

import gzip
import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Project, customers

from stages.lib import production
from stages.lib.base.errors import GeneratorError, ParamsError
from stages.lib.generators import registry
from stages.lib.generators.file import File
from stages.lib.generators.registry import Spec
from stages.lib.production import Generate, Tally
from stages.lib.tables import condition, rows, table
from stages.lib.tables.schema import Column, Read, Schema, valid

SCHEMA = Schema(
    read=Read(missing=("?",)),
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="integer", min=18, max=90),
        "pay": Column(kind="number"),
        "town": Column(kind="category", categories=("north", "south")),
        "remark": Column(role="ignore"),
        "rich": Column(kind="category", role="target"),
    },
)
ASKED = {"path": "external/people.csv", "made_by": "Acme Synth 3.1", "learned_from": "nobody knows"}


def people(n=60):
    """Return a table whose rows all differ, its columns in another order than the schema's."""
    age = 18 + np.arange(n) % 73
    return pd.DataFrame(
        {
            "rich": np.where(age > 50, "yes", "no"),
            "town": np.where(np.arange(n) % 3 == 0, "south", "north"),
            "pay": np.arange(n) / 4,
            "age": age,
        }
    )


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a file and returns its fitted generator."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "external").mkdir()

    def written(content, name="people.csv"):
        path = tmp_path / "external" / name
        if isinstance(content, pd.DataFrame) and name.endswith(".parquet"):
            content.to_parquet(path, index=False)
        elif isinstance(content, pd.DataFrame):
            content.to_csv(path, index=False)
        else:
            path.write_bytes(content)
        generator = File(**{**ASKED, "path": f"external/{name}"})
        return generator.fit(pd.DataFrame(), SCHEMA, seed=1)

    return written


def refusal(generator):
    """Return the message with which a file is refused, once it knows its generator's name."""
    generator.name = "vendor"
    with pytest.raises(GeneratorError) as caught:
        generator.held()
    return str(caught.value)


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz", "people.csv.xz", "people.parquet"])
def test_rows_are_typed_and_ordered_like_real_ones(write, name):
    """Whatever the format and the order of columns, a table of the schema comes, row for row."""
    found = write(people(), name).held()
    assert list(found) == ["age", "pay", "town", "rich"]
    assert found.dtypes.astype(str).tolist() == ["float64", "float64", "category", "category"]
    assert list(found["town"].cat.categories) == ["north", "south"]
    assert valid(found, SCHEMA).all(axis=None)
    expected = people()[list(found)].astype({"age": float, "town": "category", "rich": "category"})
    pd.testing.assert_frame_equal(found, expected)


def test_cells_are_read_as_those_of_the_real_table(write):
    """Blanks are stripped, and empty cells and the declared marker are missing."""
    found = write(b"age,pay,town,rich\n 20 ,?, south ,yes\n,1.5,,no\n").held()
    assert found["age"].tolist()[0] == 20 and found["age"].isna().tolist() == [False, True]
    assert found["pay"].isna().tolist() == [True, False]
    assert found["town"].isna().tolist() == [False, True]
    assert list(found["town"].cat.categories) == ["south"]


def test_ids_and_ignored_columns_are_left_out(write):
    """Columns that generators do not make may be there, whatever they hold."""
    more = people().assign(id="x", remark=[None] * 60)
    pd.testing.assert_frame_equal(write(more).held(), write(people()).held())


def test_values_that_the_schema_forbids_are_left_to_the_verifiers(write):
    """A row out of range, or of an unknown category, is there; only it is not valid."""
    odd = people().assign(age=5, town="east")
    good = valid(write(odd).held(), SCHEMA)
    assert not good["age"].any() and not good["town"].any() and good["pay"].all()


def test_samples_are_parts_without_repetition(write):
    """The seed decides which rows come; none comes twice, and there are no more than there are."""
    generator = write(people())
    first = generator.sample(40, seed=2)
    pd.testing.assert_frame_equal(generator.sample(40, seed=2), first)
    assert not generator.sample(40, seed=3).equals(first)
    assert len(first) == 40 and not rows.repeated(first).any()
    assert rows.copies(first, generator.held()).all()
    assert len(generator.sample(1000, seed=2)) == 60


def test_samples_meet_the_condition(write):
    """Rows are drawn among those that meet it, as many as there are."""
    drawn = write(people()).sample(5, where=condition.parse("town == 'south'"), seed=1)
    assert drawn["town"].tolist() == ["south"] * 5
    assert len(write(people()).sample(50, where=condition.parse("town == 'south'"), seed=1)) == 20


def test_fit_reads_neither_rows_nor_file(write, tmp_path):
    """The fit stage depends on neither, so another file leaves the model as it is."""
    generator = write(people())
    before = pickle.dumps(generator)
    assert pickle.dumps(write(people(30))) == before
    (tmp_path / "external/people.csv").unlink()
    assert pickle.dumps(File(**ASKED).fit(None, SCHEMA, seed=9)) == before
    assert refusal(generator) == (
        "params.yaml: `generators.vendor.path`: external/people.csv is not there; put it there, "
        "or mend the path"
    )


def test_columns_are_told_together(write):
    """Every missing and every unknown column is named in one message."""
    wrong = people().rename(columns={"pay": "wage"}).drop(columns="town").assign(_origin="real")
    assert refusal(write(wrong)) == (
        "params.yaml: `generators.vendor.path`: external/people.csv: 4 problems\n"
        "  - column 'pay' is missing\n"
        "  - column 'town' is missing\n"
        "  - column 'wage' is not declared in data/schema.yaml; leave it out\n"
        "  - column '_origin' is not declared in data/schema.yaml; leave it out"
    )


def test_cells_of_another_type_are_told_without_their_values(write):
    """Cells that are no number are counted and numbered by column, and stay out of the message."""
    wrong = people().astype({"age": object, "pay": object})
    wrong.loc[[3, 8], "age"] = "old"
    wrong.loc[5, "pay"] = "inf"
    assert refusal(write(wrong)) == (
        "params.yaml: `generators.vendor.path`: external/people.csv: 2 problems\n"
        "  - column 'age': 2 of 60 cells are no integer; rows 4, 9\n"
        "  - column 'pay': 1 of 60 cells are no number; rows 6"
    )


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "a.csv", "external/a.csv cannot be read as CSV: No columns to parse from file"),
        (b"age,pay,town,rich\n", "a.csv", "external/a.csv: it has a header and no rows"),
        (b"age,pay\n1,2\n1,2,3\n", "a.csv", "external/a.csv cannot be read as CSV: "),
        (b"age,pay\n", "a.csv.gz", "external/a.csv.gz cannot be read as CSV: "),
        (b"age,pay\n", "a.csv.xz", "external/a.csv.xz cannot be read as CSV: "),
        (b"age,pay\n", "a.csv.zip", "external/a.csv.zip cannot be read as CSV: "),
        (
            gzip.compress(b"a" * 9999, mtime=0)[:-9],
            "a.csv.gz",
            "external/a.csv.gz cannot be read as CSV: ",
        ),
        (b"age,pay\n", "a.parquet", "external/a.parquet cannot be read as Parquet: "),
    ],
)
def test_what_is_no_table_is_told(write, content, name, told):
    """A file that is empty, broken or of another format is told in one sentence."""
    assert refusal(write(content, name)).startswith(
        f"params.yaml: `generators.vendor.path`: {told}"
    )


@pytest.mark.parametrize(
    "path", ["people.csv", "data/external/a.csv", "external/../a.csv", "/external/a.csv", 3, None]
)
def test_files_elsewhere_are_refused(path):
    """Only a change inside `external/` makes the rows anew, so the file must be there."""
    with pytest.raises(ParamsError, match="`generators.vendor`: `path` must be a file in the fol"):
        registry.make("vendor", Spec(family="file", **{**ASKED, "path": path}))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"made_by": None}, "`generators.vendor`: `made_by` must be a text, got None"),
        ({"made_by": " "}, "`generators.vendor`: `made_by` is empty; a reviewer needs it"),
        ({"learned_from": 3}, "`learned_from` must be a text, got 3"),
        ({"claims": 1.0}, "`generators.vendor`: `claims` must be a text, got 1.0"),
        ({"notes": "x"}, "did you mean 'note'?"),
        ({"name": "x"}, "`generators.vendor.name` is not a parameter of file"),
    ],
)
def test_what_a_reviewer_needs_is_required(asked, told):
    """Rows whose maker or source nobody names are refused when the generator is made."""
    with pytest.raises(ParamsError) as caught:
        registry.make("vendor", Spec(family="file", **{**ASKED, **asked}))
    assert told in str(caught.value)
    for absent in ("path", "made_by", "learned_from"):
        rest = {key: value for key, value in ASKED.items() if key != absent}
        with pytest.raises(ParamsError, match=f"`generators.vendor.{absent}` is missing"):
            registry.make("vendor", Spec(family="file", **rest))


def test_source_is_the_hash_of_the_bytes(write):
    """What sha256sum says of the file is what the record has."""
    generator = write(b"age,pay,town,rich\n20,1,south,yes\n")
    expected = hashlib.sha256(b"age,pay,town,rich\n20,1,south,yes\n").hexdigest()
    assert generator.sources() == {"external/people.csv": expected}


def test_a_batch_is_read_once(write, monkeypatch):
    """However many chunks a batch has, the file is read for the first alone."""
    generator = write(people())
    read = []
    cells = table.cells
    monkeypatch.setattr(table, "cells", lambda *asked: read.append(1) or cells(*asked))
    monkeypatch.setattr(production, "CHUNK", 7)
    parts = production.make(
        generator, 60, where=None, verifiers={}, unique=True, seed=3,
        asked=Generate(seed=0, budget=1, least_yield=1), tally=Tally(),
    )  # fmt: skip
    assert sum(map(len, parts)) == 60
    assert read == [1]


def vendor(folder, frame):
    """Write a vendor's table into a project and return the entry of its generator."""
    frame.drop(columns="id").to_csv(folder / "external/vendor.csv.gz", index=False)
    return {
        "family": "file",
        "path": "external/vendor.csv.gz",
        "made_by": "Acme Synth 3.1",
        "learned_from": "the trial of May",
        "claims": "ε = 1",
    }


def provenance(project: Project, name="vendor-everything") -> dict:
    """Return the record of a batch."""
    return json.loads((project.folder / f"metrics/provenance/{name}.json").read_text())


def test_a_vendor_s_rows_become_a_batch(project: Project) -> None:
    """The batch is the file's rows, and its record says where from; another file refits nothing.

    Of 800 rows 30 are impossible: they are dropped and counted.
    """
    made = customers(800, seed=5)
    made.loc[:29, "age"] = 130
    project.set("generators", {"vendor": vendor(project.folder, made)})
    project.set("slices.everything.rows", 770)
    project.repro("generate")
    batch = pd.read_parquet(project.folder / "data/synthetic/vendor-everything.parquet")
    assert sorted(batch["hours"].fillna(-1)) == sorted(made["hours"][30:].fillna(-1))
    record = provenance(project)
    assert record["generator"]["parameters"]["made_by"] == "Acme Synth 3.1"
    assert record["rows"] == {"asked": 770, "held": 800, "generated": 800, "met": 800, "kept": 770}
    assert record["verifiers"]["schema"] == {"seen": 800, "kept": 770}
    assert record["privacy"] is None
    content = (project.folder / "external/vendor.csv.gz").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    assert record["code_sha256"]["external/vendor.csv.gz"] == sha256
    vendor(project.folder, customers(800, seed=6))
    assert project.repro("generate") == ["preview", "generate"]
    assert provenance(project)["code_sha256"]["external/vendor.csv.gz"] != sha256


def test_a_vendor_s_copies_are_caught(project: Project) -> None:
    """A vendor who hands the training rows back is quarantined for it."""
    real = pd.read_parquet(project.folder / "data/train.parquet").astype({"age": int})
    made = pd.concat([customers(400, seed=5), real[list(customers(1))]])
    project.set("generators", {"vendor": vendor(project.folder, made)})
    project.set("slices.everything.rows", len(made))
    project.repro("admit")
    told = json.loads((project.folder / "metrics/admit.json").read_text())["batches"]
    assert told["vendor-everything"]["status"] == "quarantined"
    assert told["vendor-everything"]["reasons"][0].startswith("share of")
    assert "training profiles matched" in " ".join(told["vendor-everything"]["reasons"])


def test_a_vendor_s_rows_run_out(project: Project) -> None:
    """More rows than there are is told with how many there are, and a missing file by its key."""
    entry = vendor(project.folder, customers(200, seed=5))
    project.set("generators", {"vendor": entry})
    told = project.run("dvc", "repro", "generate", check=False)
    assert (
        "the generator holds 200 rows and 300 were asked for: ask for 200 at most in "
        "`slices.*.rows`" in told
    )
    project.set("slices.everything.rows", 150)
    project.repro("generate")
    assert provenance(project)["rows"]["held"] == 200
    page = pd.read_csv(project.folder / "data/preview/vendor-everything.csv")
    assert len(page) == 150
    project.set("slices.late", {"purpose": "late", "rows": 150, "where": "age > 60"})
    told = project.run("dvc", "repro", "generate", check=False)
    assert "do not meet 'age > 60', which leaves" in told
    Path(project.folder / "external/vendor.csv.gz").unlink()
    told = project.run("dvc", "repro", "generate", check=False)
    assert "`generators.vendor.path`: external/vendor.csv.gz is not there" in told
    assert "Traceback" not in told


def test_a_vendor_s_rows_pass_verifiers_that_read_real_rows(project: Project) -> None:
    """Copies, unlikely labels and unrealistic rows are dropped as from any generator."""
    real = pd.read_parquet(project.folder / "data/train.parquet").astype({"age": int})
    made = pd.concat([customers(600, seed=5), real[list(customers(1))]])
    project.set("generators", {"vendor": vendor(project.folder, made)})
    project.set("slices.everything.rows", 400)
    project.set("verify", {"copies": {"distance": 0}, "label": {"floor": 0.01}})
    project.set("verify.realism", {"floor": 0.01})
    project.set("verify.duplicates", True)
    project.repro("generate")
    record = provenance(project)
    assert list(record["verifiers"]) == ["schema", "copies", "label", "realism", "duplicates"]
    dropped = record["verifiers"]["copies"]
    assert dropped["kept"] < dropped["seen"] <= 720
    assert project.repro("generate") == []
