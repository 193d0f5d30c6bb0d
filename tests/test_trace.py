"""dvc-synth trace: where things come from and what came of them, in repositories made by hand."""

import hashlib
import json

import pandas as pd
import pytest
import yaml
from conftest import Project

from stages.__main__ import main

BATCH = "cart-everything"
SECRET = "Ruritania"  # a value in the rows, which nothing may print
PARAMS = {
    "data": {"path": "data/people.csv"},
    "generators": {"cart": {"family": "cart", "seed": 1}, "bayes": {"family": "naive_bayes"}},
    "slices": {"everything": {"purpose": "more of the same", "rows": 60}},
}


class Traced(Project):
    """A repository with what a run leaves in git."""

    def write(self, path, told):
        """Write a JSON or YAML file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told) if path.endswith(".json") else yaml.safe_dump(told)
        file.write_text(text, encoding="utf-8")

    def run_once(self, number, message, *, ratio=0.5, blend="b" * 32):
        """Commit what the `number`-th run leaves."""
        generator = {"name": "cart", "family": "cart", "parameters": {"min_leaf": 7}, "seed": 1}
        made = {
            "generator": generator,
            "train": {"rows": 40, "sha256": f"train {number}"},
            "schema_sha256": "the schema",
            "versions": {"numpy": f"2.{number}"},
            "synthetic_share": 0.25,
            "privacy": None,
        }
        self.write("metrics/fit/cart.json", {**made, "code_sha256": "of the fit"})
        self.write(
            f"metrics/provenance/{BATCH}.json",
            {
                **made,
                "batch": BATCH,
                "slice": {"name": "everything", "purpose": "more of the same"},
                "seed": 11,
                "rows": {"asked": 60, "kept": 58},
                "code_sha256": {"fit": "of the fit", "generate": "of generate"},
                "preview": {"verdict": "pass", "approved_by": "Ada Lovelace"},
                "sha256": f"rows {number}",
            },
        )
        checks = [
            {"name": "coverage", "gate": "fidelity", "verdict": "pass"},
            {"name": "copies", "gate": "privacy", "verdict": "inconclusive"},
        ]
        self.write(f"metrics/validate/{BATCH}.json", {"verdict": "pass", "checks": checks})
        admit = {"admitted": [BATCH], "batches": {BATCH: {"status": "admitted"}}}
        self.write("metrics/admit.json", admit)
        self.write("metrics/ingest.json", {"rows": 200, "sha256": "the table"})
        mixed = {"ratio": ratio, "batches": [BATCH], "metric": "roc_auc", "score": 0.8}
        self.write("metrics/blend.json", {**mixed, "rows_real": 40, "rows_synthetic": 40})
        entries = {
            "ingest": ({"data/people.csv": "1" * 32}, {"data/real.parquet": "2" * 32}),
            "fit@cart": ({"stages/fit.py": f"{number}" * 32}, {"models/cart.pkl": "4" * 32}),
            f"generate@{BATCH}": (
                {"models/cart.pkl": "4" * 32, "stages/generate.py": "6" * 32},
                {f"data/synthetic/{BATCH}.parquet": f"{number}" * 32},
            ),
            "blend": ({}, {"data/blend.parquet": blend, "models/final.skops": "9" * 32}),
        }
        stages = {
            name: {
                kind: [{"path": path, "hash": "md5", "md5": md5} for path, md5 in files.items()]
                for kind, files in zip(("deps", "outs"), both, strict=True)
            }
            for name, both in entries.items()
        }
        self.write("dvc.lock", {"schema": "2.0", "stages": stages})
        self.commit(message)

    def id(self, revision="HEAD"):
        """Return a commit's id as traces show it."""
        return self.run("git", "rev-parse", revision)[:9]


@pytest.fixture
def traced(tmp_path, monkeypatch):
    """Return a repository with one run, and work in it."""
    project = Traced(tmp_path)
    project.write("params.yaml", PARAMS)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / ".gitignore").write_text("/data/\n")
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run_once(1, "the first run")
    monkeypatch.chdir(tmp_path)
    return project


def ask(capsys, *arguments):
    """Return what a trace says as JSON."""
    assert main(["trace", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    """Return the message of a trace that cannot be told."""
    assert main(["trace", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_batch_backwards(traced, capsys):
    """A batch says its table, slice, generator, code, versions, gates, approval and commit."""
    made = ask(capsys, BATCH)["made_from"]
    assert made["sha256"] == "rows 1"
    assert made["slice"]["purpose"] == "more of the same"
    assert made["preview"]["approved_by"] == "Ada Lovelace"
    assert made["gates"]["privacy"] == {"copies": "inconclusive"}
    assert made["status"] == "admitted"
    assert made["code"] == {"stages/generate.py": "6" * 32}
    assert made["versions"] == {"numpy": "2.1"}
    assert made["made_in"] == {
        "commit": traced.id(), "author": "test", "subject": "the first run",
    }  # fmt: skip
    generator = made["generator"]
    assert generator["parameters"] == {"min_leaf": 7}
    assert generator["file"] == {"path": "models/cart.pkl", "md5": "4" * 32}
    assert generator["code"] == {"stages/fit.py": "1" * 32}
    assert generator["schema"]["sha256"] == "the schema"
    learned = generator["learned_from"]
    assert (learned["rows"], learned["synthetic_share"]) == (40, 0.25)
    table = {"path": "data/people.csv", "md5": "1" * 32, "rows": 200, "sha256": "the table"}
    assert learned["table"] == table


def test_batch_forwards(traced, capsys):
    """Each mix of this very batch is told once; those of the batch that took its name are not."""
    traced.run_once(1, "another ratio", ratio=0.8)
    (traced.folder / "README.md").write_text("read me")
    traced.commit("no mix")
    traced.run_once(2, "another batch")
    now = ask(capsys, BATCH)
    assert [one["subject"] for one in now["used_in"]] == ["another batch"]
    assert now["made_from"]["made_in"]["subject"] == "another batch"
    then = ask(capsys, BATCH, "--rev", "HEAD~2")
    used = [(one["subject"], one["ratio"], one["score"]) for one in then["used_in"]]
    assert used == [("the first run", 0.5, 0.8), ("another ratio", 0.8, 0.8)]
    assert ask(capsys, BATCH, "--rev", "HEAD~3")["used_in"] == then["used_in"]


def test_who_made_it_is_found_behind_the_merge(traced, capsys):
    """The commit told is that on the branch, not the merge that brought it."""
    traced.run("git", "switch", "--quiet", "--create", "work")
    traced.run_once(2, "made on a branch")
    traced.run("git", "switch", "--quiet", "main")
    traced.run("git", "merge", "--quiet", "--no-ff", "--message", "merged", "work")
    assert ask(capsys, BATCH)["made_from"]["made_in"]["subject"] == "made on a branch"


def test_uncommitted_batch_has_no_commit_yet(traced, capsys):
    """What only the working tree has says so."""
    path = f"metrics/provenance/{BATCH}.json"
    traced.edit(path, lambda text: text.replace("rows 1", "rows 9"))
    assert main(["trace", BATCH]) == 0
    assert "made in: no commit yet" in capsys.readouterr().out


@pytest.mark.parametrize(("depth", "known"), [(1, False), (2, True), (3, True)])
def test_who_made_it_is_not_known_in_a_shallow_clone(
    traced, capsys, monkeypatch, tmp_path, depth, known
):
    """The first commit that such a clone has made nothing that it holds; later ones did."""
    (traced.folder / "README.md").write_text("read me")
    traced.commit("no mix")
    traced.run_once(2, "made here")
    if not known:
        (traced.folder / "README.md").write_text("read me again")
        traced.commit("no mix either")
    clone = tmp_path / "clone"
    address = f"file://{traced.folder}"
    traced.run("git", "clone", "--quiet", "--depth", f"{depth}", address, str(clone))
    monkeypatch.chdir(clone)
    made = ask(capsys, BATCH)["made_from"]["made_in"]
    assert made["subject"] == ("made here" if known else None)
    assert made["commit"] == (traced.id() if known else None)
    assert main(["trace", BATCH]) == 0
    out = capsys.readouterr().out
    assert ("unknown in a shallow clone; `git fetch --unshallow`" in out) != known
    assert "a shallow clone" in out


@pytest.mark.parametrize("name", ["bayes", "cart"])
def test_generator_without_a_lock(traced, capsys, name):
    """One that was asked for and has not run is told by what there is."""
    (traced.folder / "dvc.lock").unlink()
    assert main(["trace", name]) == 0
    assert f"generator: {name}" in capsys.readouterr().out


ODD = {
    "params.yaml": ["generators: {cart: {}, 1: {}}\nslices: {everything: {}}\ndata: foo\n"],
    f"metrics/provenance/{BATCH}.json": [
        '{"generator": 5, "train": [1], "sha256": 7, "verifiers": {"code": 5}}',
        '{"generator": {"family": [1, {"a": 2}]}, "sha256": "\\ud800", "slice": [{}, 1]}',
    ],
    "metrics/blend.json": ['{"batches": 5}', '{"batches": ["a\\u0000b", null, {}]}'],
    "metrics/admit.json": ['{"batches": [1]}', "[1]", f'{{"batches": {{"{BATCH}": 5}}}}'],
    f"metrics/validate/{BATCH}.json": ['{"checks": [5, {"gate": "verdict"}]}', '{"checks": 5}'],
    "metrics/fit/cart.json": ["[1]", '{"generator": [1], "versions": 5}'],
    "dvc.lock": ["stages: {1: {outs: [{path: 5, md5: 6}], deps: [{path: 7}]}}"],
}


@pytest.mark.parametrize(
    ("path", "text"),
    [(path, text) for path, texts in ODD.items() for text in texts],
    ids=[f"{path}-{number}" for path, texts in ODD.items() for number in range(len(texts))],
)
def test_odd_records(traced, capsys, path, text):
    """A record of another form than ours costs its own facts, and no more."""
    (traced.folder / path).write_text(text)
    traced.commit()
    for name in (BATCH, "cart", "blend"):
        assert main(["trace", name]) == 0
        assert capsys.readouterr().out


@pytest.mark.parametrize("path", ["params.yaml", "dvc.lock", "metrics/blend.json"])
def test_files_that_are_not_utf8(traced, capsys, path):
    """Such a file is named, in one message."""
    (traced.folder / path).write_bytes(b"a: caf\xe9")
    assert refused(capsys, "blend").startswith(f"error: {path} at workspace cannot be read")


@pytest.mark.parametrize("name", ["cart", "models/cart.pkl"])
def test_generator(traced, capsys, name):
    """A generator, by name or file, says how it was fitted, and its batches with their uses."""
    told = ask(capsys, name)
    assert told["kind"] == "generator"
    assert told["made_from"]["code_sha256"] == "of the fit"
    [batch] = told["batches"]
    assert (batch["batch"], len(batch["used_in"])) == (BATCH, 1)


@pytest.mark.parametrize("name", ["blend", "data/blend.parquet", "final", "models/final.skops"])
def test_blend_and_model(traced, capsys, name):
    """The mix and its model share their lineage: ratio, score, and each batch in full."""
    made = ask(capsys, name)["made_from"]
    assert (made["ratio"], made["model"]["score"]) == (0.5, 0.8)
    assert made["model"]["file"]["md5"] == "9" * 32
    assert made["made_in"]["subject"] == "the first run"
    assert made["batches"][0]["generator"]["family"] == "cart"


def with_blend(traced, rows=6):
    """Write a blend in several row groups, of which the last two rows are synthetic."""
    labels = ["real"] * (rows - 2) + ["synthetic"] * 2
    frame = pd.DataFrame(
        {
            "town": pd.Categorical([SECRET] * rows),
            "_origin": pd.Categorical(labels),
            "_batch": pd.Categorical([BATCH if one == "synthetic" else None for one in labels]),
        }
    )
    path = traced.folder / "data/blend.parquet"
    path.parent.mkdir()
    frame.to_parquet(path, row_group_size=2)
    traced.run_once(1, "with rows", blend=hashlib.md5(path.read_bytes()).hexdigest())
    return path


def test_row_of_a_batch(traced, capsys):
    """A synthetic row leads to its batch; rows are counted from 1."""
    with_blend(traced)
    told = ask(capsys, "blend:5")
    assert (told["origin"], told["batch"]) == ("synthetic", BATCH)
    assert told["made_from"]["sha256"] == "rows 1"
    assert ask(capsys, "data/blend.parquet:4")["origin"] == "real"


def test_no_value_of_a_row_is_printed(traced, capsys):
    """Of a real row only its origin and table are told."""
    with_blend(traced)
    for number in range(1, 7):
        assert main(["trace", f"blend:{number}"]) == 0
    out = capsys.readouterr().out
    assert SECRET not in out
    assert out.count("origin: real") == 4
    assert "data/people.csv" in out


@pytest.mark.parametrize("row", ["7", "0", "1000000"])
def test_row_that_is_not_there(traced, capsys, row):
    """Neither row 0 nor one below the last exists."""
    with_blend(traced)
    assert "row" in refused(capsys, f"blend:{row}")


def test_rows_of_another_blend_are_not_taken_for_it(traced, capsys):
    """Where the file at hand is not the recorded one, it says how to get that."""
    path = with_blend(traced)
    path.write_bytes(path.read_bytes() + b" ")
    assert "`dvc pull data/blend.parquet`" in refused(capsys, "blend:1")
    path.unlink()
    assert "is not at hand" in refused(capsys, "blend:1")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cart-evrything", "did you mean 'cart-everything'?"),
        ("models/crt.pkl", "did you mean 'cart'?"),
        ("cart:3", "only rows of a blend are traced"),
        ("bayes-everything", "has no record at workspace; `dvc repro` makes it"),
        ("", "choices: bayes"),
    ],
)
def test_unknown_target(traced, capsys, name, said):
    """What names nothing ends in one message with what could be meant."""
    assert said in refused(capsys, name)


def test_unknown_revision(traced, capsys):
    """A revision that is not there is named."""
    assert "'v9' names no commit" in refused(capsys, BATCH, "--rev", "v9")


def test_commit_messages_cannot_steer_the_terminal(traced, capsys):
    """Escape sequences in a subject are not printed."""
    traced.run_once(2, "red \x1b[31m alert")
    assert main(["trace", BATCH]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "red ?[31m alert" in out
