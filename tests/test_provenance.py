"""The record of a batch: complete or nothing is written, and checked when it is read."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from stages.lib import files, provenance
from stages.lib.errors import ProvenanceError, StaleError
from stages.lib.provenance import Record

BATCH = pd.DataFrame({"n": [1.5, 2.5, 3.5], "c": pd.Categorical(["a", "b", "a"])})
RECORD = Record(
    batch="cart-everything",
    generator={"name": "cart", "family": "cart", "parameters": {"min_leaf": 5}, "seed": 1},
    slice={"name": "everything", "purpose": "more of the same"},
    seed=101,
    rows={"asked": 3, "generated": 4, "kept": 3},
    preview="pass",
    verifiers={"schema": {"seen": 4, "kept": 3}},
    train={"rows": 300, "sha256": "ab" * 32},
    schema_sha256="cd" * 32,
    code_sha256={"fit": "ef" * 32, "generate": "01" * 32},
    versions={"numpy": "2.4.6"},
    synthetic_share=0.0,
    privacy=None,
)


def kept(folder):
    """Return the files that are in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_round_trip(tmp_path):
    """The rows come back labelled, with the record that is also beside them."""
    provenance.write(BATCH, RECORD, tmp_path / "b.parquet", tmp_path / "b.json")
    found, record = provenance.read(tmp_path / "b.parquet")
    assert found["n"].tolist() == [1.5, 2.5, 3.5]
    assert found["c"].tolist() == ["a", "b", "a"]
    assert found["_origin"].tolist() == ["synthetic"] * 3
    assert found["_batch"].tolist() == ["cart-everything"] * 3
    assert record == json.loads((tmp_path / "b.json").read_text())
    assert record["generator"] == RECORD.generator
    assert record["privacy"] is None
    assert set(record) == {*Record._fields, "sha256"}
    assert list(BATCH) == ["n", "c"]


def test_same_batch_same_bytes(tmp_path):
    """Writing twice gives the same files, byte for byte."""
    for name in ("one", "two"):
        provenance.write(BATCH, RECORD, tmp_path / f"{name}.parquet", tmp_path / f"{name}.json")
    for end in ("parquet", "json"):
        one, two = ((tmp_path / f"{name}.{end}").read_bytes() for name in ("one", "two"))
        assert one == two


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schema_sha256": ""}, "schema_sha256"),
        ({"versions": {}}, "versions"),
        ({"train": {"rows": 300, "sha256": None}}, "train"),
        ({"batch": "", "verifiers": {}}, "batch, verifiers"),
    ],
)
def test_incomplete_record_writes_nothing(tmp_path, change, named):
    """What the record lacks is named, and no file appears."""
    with pytest.raises(ProvenanceError, match=f"the record lacks {named}; nothing was written"):
        provenance.write(
            BATCH, RECORD._replace(**change), tmp_path / "b.parquet", tmp_path / "b.json"
        )
    assert kept(tmp_path) == []


@pytest.mark.parametrize("name", [name for name in Record._fields if name != "privacy"])
def test_absent_field_is_incomplete(tmp_path, name):
    """No field but the privacy promise may be None."""
    with pytest.raises(ProvenanceError, match=f"the record lacks {name}"):
        provenance.write(
            BATCH, RECORD._replace(**{name: None}), tmp_path / "b.parquet", tmp_path / "b.json"
        )
    assert kept(tmp_path) == []


def test_every_field_must_be_given():
    """A record cannot be made without all of its fields."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'privacy'"):
        Record(**{name: value for name, value in RECORD._asdict().items() if name != "privacy"})


def test_row_count_must_fit(tmp_path):
    """A record of another number of rows is refused."""
    with pytest.raises(ProvenanceError, match="the record says 3 rows and the batch has 2"):
        provenance.write(BATCH.iloc[:2], RECORD, tmp_path / "b.parquet", tmp_path / "b.json")
    assert kept(tmp_path) == []


def test_changed_rows_are_refused(tmp_path):
    """A value changed in the file, its metadata kept, no longer matches the record."""
    path = tmp_path / "b.parquet"
    provenance.write(BATCH, RECORD, path, tmp_path / "b.json")
    stored = pq.read_table(path)
    place = stored.schema.get_field_index("n")
    poisoned = stored.set_column(place, stored.schema.field("n"), [[1.5, 2.5, 3.25]])
    pq.write_table(poisoned, path)
    assert provenance._KEY in files.read_parquet_metadata(path)
    with pytest.raises(ProvenanceError, match="the rows are not those of its provenance"):
        provenance.read(path)


def test_rewritten_but_equal_rows_are_accepted(tmp_path):
    """The hash is of the values: another compression is the same batch."""
    path = tmp_path / "b.parquet"
    provenance.write(BATCH, RECORD, path, tmp_path / "b.json")
    pq.write_table(pq.read_table(path), path, compression="snappy")
    assert provenance.read(path)[0]["n"].tolist() == [1.5, 2.5, 3.5]


def test_batch_without_a_record_is_refused(tmp_path):
    """A plain Parquet file is no batch, nor is one that is not there."""
    files.write_parquet(BATCH, tmp_path / "b.parquet")
    with pytest.raises(ProvenanceError, match="has no provenance; make it with `dvc repro"):
        provenance.read(tmp_path / "b.parquet")
    with pytest.raises(StaleError, match="is not there"):
        provenance.read(tmp_path / "c.parquet")


def test_code_is_a_hash_of_what_was_imported():
    """The code's hash does not vary from call to call."""
    assert provenance.code() == provenance.code()
    assert len(provenance.code()) == 64
