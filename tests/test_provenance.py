"""The record of a batch: complete or nothing is written, and checked when it is read."""

import ast
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from stages.lib import provenance
from stages.lib.base import files
from stages.lib.base.errors import GeneratorError, ProvenanceError, StaleError
from stages.lib.provenance import Record
from stages.lib.tables import rows, table

ROOT = Path(__file__).resolve().parents[1]
NAME = "cart-everything"
BATCH = pd.DataFrame({"n": [1.5, 2.5, 3.5], "c": pd.Categorical(["a", "b", "a"])})
RECORD = Record(
    batch=NAME,
    generator={"name": "cart", "family": "cart", "parameters": {"min_leaf": 5}, "seed": 1},
    slice={"name": "everything", "purpose": "more of the same"},
    seed=101,
    rows={"asked": 3, "generated": 4, "met": 4, "kept": 3},
    preview={"verdict": "pass", "sha256": "23" * 32},
    verifiers={"schema": {"seen": 4, "kept": 3}},
    train={"rows": 300, "sha256": "ab" * 32},
    schema_sha256="cd" * 32,
    code_sha256={"fit": "ef" * 32, "generate": "01" * 32},
    versions={"numpy": "2.4.6"},
    synthetic_share=0.0,
    privacy=None,
)


@pytest.fixture
def place(tmp_path):
    """Return where a batch goes: its Parquet file, and the JSON beside it."""
    return tmp_path / f"{NAME}.parquet", tmp_path / f"{NAME}.json"


def write(place, record=RECORD, parts=(BATCH,)):
    """Write parts of a batch with a record that is complete when they have come."""
    provenance.write(iter(parts), lambda: record, *place)


def kept(folder):
    """Return the files that are in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_round_trip(place):
    """The rows come back labelled, with the record that is also beside them."""
    write(place)
    found, record = provenance.read(place[0])
    assert found["n"].tolist() == [1.5, 2.5, 3.5]
    assert found["c"].tolist() == ["a", "b", "a"]
    assert found["_origin"].tolist() == ["synthetic"] * 3
    assert found["_batch"].tolist() == ["cart-everything"] * 3
    assert record == json.loads(place[1].read_text())
    assert record["generator"] == RECORD.generator
    assert record["privacy"] is None
    assert set(record) == {*Record._fields, "sha256"}
    assert list(BATCH) == ["n", "c"]


def test_same_batch_same_bytes(tmp_path):
    """Writing twice gives the same files, byte for byte."""
    for folder in ("one", "two"):
        write((tmp_path / folder / f"{NAME}.parquet", tmp_path / folder / "b.json"))
    for name in (f"{NAME}.parquet", "b.json"):
        one, two = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert one == two


def test_parts_are_one_batch(place):
    """Parts with categories of their own give the rows, and the hash, of the whole."""
    write(place, parts=(table.rows(BATCH, np.arange(1)), table.rows(BATCH, np.array([1, 2]))))
    found, record = provenance.read(place[0])
    assert found["c"].tolist() == ["a", "b", "a"]
    assert found["c"].cat.categories.tolist() == ["a", "b"]
    assert record["sha256"] == rows.digest(BATCH)


def test_record_is_asked_for_when_all_rows_have_come(place):
    """What it took to make them is known then, and not before."""
    come = []

    def parts():
        for start in range(3):
            come.append(start)
            yield table.rows(BATCH, np.array([start]))

    def complete():
        assert come == [0, 1, 2]
        return RECORD

    provenance.write(parts(), complete, *place)
    assert provenance.read(place[0])[0]["n"].tolist() == [1.5, 2.5, 3.5]


def test_rows_that_stop_coming_leave_no_file(place):
    """A generator that fails half way leaves nothing behind, nor does one without rows."""

    def parts():
        yield BATCH
        raise GeneratorError("no more")

    with pytest.raises(GeneratorError):
        write(place, parts=parts())
    with pytest.raises(ValueError, match="there is no part to write"):
        write(place, parts=())
    assert kept(place[0].parent) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"schema_sha256": ""}, "schema_sha256"),
        ({"versions": {}}, "versions"),
        ({"train": {"rows": 300, "sha256": None}}, "train"),
        ({"batch": "", "verifiers": {}}, "batch, verifiers"),
        ({"preview": {"verdict": "pass", "sha256": None}}, "preview"),
    ],
)
def test_incomplete_record_writes_nothing(place, change, named):
    """What the record lacks is named, and no file appears."""
    with pytest.raises(ProvenanceError, match=f"the record lacks {named}; nothing was written"):
        write(place, RECORD._replace(**change))
    assert kept(place[0].parent) == []


@pytest.mark.parametrize("name", [name for name in Record._fields if name != "privacy"])
def test_absent_field_is_incomplete(place, name):
    """No field but the privacy promise may be None."""
    with pytest.raises(ProvenanceError, match=f"the record lacks {name}"):
        write(place, RECORD._replace(**{name: None}))
    assert kept(place[0].parent) == []


def test_every_field_must_be_given():
    """A record cannot be made without all of its fields."""
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'privacy'"):
        Record(**{name: value for name, value in RECORD._asdict().items() if name != "privacy"})


def test_record_of_another_batch_is_refused(place):
    """A file's record is that of its own name."""
    with pytest.raises(ProvenanceError, match="the record is that of cart-rare; nothing was"):
        write(place, RECORD._replace(batch="cart-rare"))
    assert kept(place[0].parent) == []


def test_row_count_must_fit(place):
    """A record of another number of rows is refused."""
    with pytest.raises(ProvenanceError, match="the record says 3 rows and the batch has 2"):
        write(place, parts=(BATCH.iloc[:2],))
    assert kept(place[0].parent) == []


def with_record(path):
    """Return what is stored, with the record, which pyarrow alone would leave behind."""
    told = {provenance._KEY: files.read_parquet_metadata(path)[provenance._KEY]}
    stored = pq.read_table(path)
    return stored.replace_schema_metadata({**stored.schema.metadata, **told})


def test_changed_rows_are_refused(place):
    """A value changed in the file, its metadata kept, no longer matches the record."""
    path = place[0]
    write(place)
    stored = with_record(path)
    column = stored.schema.get_field_index("n")
    poisoned = stored.set_column(column, stored.schema.field("n"), [[1.5, 2.5, 3.25]])
    pq.write_table(poisoned, path)
    assert provenance._KEY in files.read_parquet_metadata(path)
    with pytest.raises(ProvenanceError, match="the rows are not those of its provenance"):
        provenance.read(path)


def test_rewritten_but_equal_rows_are_accepted(place):
    """The hash is of the values: another compression is the same batch."""
    path = place[0]
    write(place)
    pq.write_table(with_record(path), path, compression="snappy")
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


# Who may call what writes a file; a library file under `lib/` is told by its path.
WRITERS = {
    "provenance.write": {"generate.py"},
    "write_parquet_parts": {"lib/base/files.py", "lib/provenance.py"},
    "write_parquet": {"ingest.py", "freeze.py", "blend.py"},
    "ParquetWriter": {"lib/base/files.py"},
    "write_table": {"lib/base/files.py"},
    "write_to_dataset": set(),
    "write_dataset": set(),
    "to_parquet": set(),
    "to_pickle": set(),
    "to_feather": set(),
    "to_csv": {"lib/base/files.py"},
    # Models, files of the template, and params.yaml: bytes that are there already.
    "write_bytes": {
        "lib/models.py", "scaffold/project.py", "scaffold/upgrade.py", "signing/lock.py",
    },
}  # fmt: skip
MOVES = ("shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.copytree", "shutil.move")
MOVES += ("os.rename", "os.replace", "os.link", "os.symlink")
FOLDER = "synthetic"


def offences(source, name):
    """Return what in a module's source may write a batch without its record."""
    tree = ast.parse(source)
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            last = called.rpartition(".")[2]
            allowed = WRITERS.get(called, WRITERS.get(last))
            if allowed is not None and name not in allowed:
                found.append(called)
            if called in MOVES and name != "lib/base/files.py":
                found.append(called)
            member = (name, called) == (
                "lib/base/files.py",
                "archive.open",
            )  # of an archive of arrays
            if (
                last == "open"
                and not member
                and any(mode in ast.unparse(node) for mode in ("'w", "'a", "'x"))
            ):
                found.append(called)
        # A docstring is a statement of its own.
        if not isinstance(node, ast.Constant) or isinstance(parent[node], ast.Expr):
            continue
        if node.value == provenance._KEY and name != "lib/provenance.py":
            found.append(node.value)
        if FOLDER in str(node.value).split("/") and not _harmless(node, parent, name):
            found.append(node.value)
    return found


def _harmless(node, parent, name):
    """Return whether a path's text is read from, or is the mark of a row and no path."""
    if name.startswith("lineage/"):
        return True  # there a path is a name in dvc.lock: writers were looked for above
    if "/" not in node.value:
        while isinstance(node, ast.expr) and not isinstance(parent.get(node), ast.stmt):
            around = parent[node]
            if isinstance(around, ast.BinOp) or (
                isinstance(around, ast.Call) and ast.unparse(around.func).endswith(("Path", "join"))
            ):
                return False
            node = around
        return True
    while node in parent and not isinstance(node, ast.Call | ast.stmt):
        node = parent[node]
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "provenance.read"
    assigned = ast.unparse(node)
    return (name, assigned.split(" = ")[0]) in {
        ("generate.py", "rows, record"),  # what provenance.write takes
        ("admit.py", "BY_BATCH"),  # what params.yaml no longer asks for is removed
    }


MODULES = sorted((ROOT / "stages").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_writes_a_batch_without_its_record(path):
    """Files are written by few modules, and data/synthetic by provenance.write alone."""
    name = path.relative_to(ROOT / "stages").as_posix()
    assert offences(path.read_text(encoding="utf-8"), name) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("blend.py", "files.write_parquet(rows, f'data/synthetic/{name}.parquet')"),
        ("blend.py", "path = f'data/synthetic/{name}.parquet'\nfiles.write_parquet(rows, path)"),
        ("blend.py", "files.write_parquet(rows, Path('data') / 'synthetic' / name)"),
        ("blend.py", "files.write_parquet(rows, os.path.join('data', 'synthetic', name))"),
        ("fit.py", "files.write_parquet(rows, target)"),
        ("sweep.py", "frame.to_parquet(target)"),
        ("lib/final/blend.py", "pq.write_table(rows, target)"),
        ("lib/final/blend.py", "files.write_parquet_parts(parts, target, dict)"),
        ("preview.py", "provenance.write(made, complete, rows, record)"),
        ("generate.py", "files.write_parquet(made, rows)"),
        ("generate.py", "made.to_parquet('data/synthetic/a.parquet')"),
        ("admit.py", "shutil.copy(path, target)"),
        ("admit.py", "with open(target, 'wb') as file:\n    file.write(content)"),
        ("admit.py", "Path(target).open('w')"),
        ("admit.py", "Path(target).write_bytes(content)"),
        ("lib/base/files.py", "metadata = {'dvc_synth.provenance': '{}'}"),
    ],
)
def test_such_a_module_would_be_found(name, source):
    """The search finds what somebody might write."""
    assert offences(source, name)


def test_generate_alone_puts_out_batches():
    """No other stage of dvc.yaml has an output in data/synthetic, or the whole of data."""
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    found = {
        name
        for name, stage in declared.items()
        for out in [*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])]
        for path in ([out] if isinstance(out, str) else out)
        if path.rstrip("/") == "data" or path.startswith("data/synthetic")
    }
    assert found == {"generate"}


def test_record_is_asked_for_by_name():
    """Neither a table alone nor a dict instead of a record gets a file written."""
    with pytest.raises(TypeError):
        provenance.write(BATCH, "a.parquet", "a.json")
    assert not Path("a.parquet").exists()


def test_dict_is_no_record(place):
    """What merely looks like a record is refused before there is a file."""
    with pytest.raises(AttributeError):
        provenance.write([BATCH], RECORD._asdict, *place)
    assert kept(place[0].parent) == []
