"""dvc-synth review: what it says of a change, and when it fails, in repositories made by hand."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT, Project

from stages.__main__ import main
from stages.lib.report import document
from stages.lib.tables.schema import Column, Schema
from stages.lineage import asked, repository, snapshot
from stages.lineage.review import comment, results, row_change
from stages.lineage.review.weakening import weakened

BATCH = "cart-everything"
LOCK = {"sha256": "a" * 64, "who": "Ada", "why": "stands for next year"}
PARAMS: dict[str, Any] = {
    "data": {"path": "data/people.csv"},
    "brief": {"metric": "roc_auc", "threshold": 0.9, "priority": "utility"},
    "ingest": {"generated": "refuse", "min_real_fraction": 0.5},
    "freeze": {"tune": 100, "locked": LOCK},
    "generators": {"cart": {"family": "cart", "seed": 1}},
    "privacy": {"epsilon_budget": 3.0, "delta": 1e-5},
    "slices": {"everything": {"purpose": "more of the same", "rows": 600}},
    "preview": {"require_approval": True},
    "generate": {"seed": 100, "least_yield": 0.05},
    "verify": {
        "copies": {"distance": 0.1},
        "label": {"floor": 0.01},
        "python": {"file": "rules/mine.py", "function": "plausible"},
        "duplicates": True,
    },
    "gates": {"fidelity": {}, "utility": {"inconclusive": "fail"}, "privacy": {"shadow": {}}},
    "admit": {"exclude": ["cart-rare"]},
    "monitor": {"level": 0.05},
    "triggers": {"growth": 0.2, "floor": 0.8},
}
SCHEMA = {
    "columns": {
        "id": {"kind": "text", "role": "id"},
        "age": {"kind": "integer", "min": 18, "max": 90},
        "origin": {"kind": "category", "sensitive": True, "categories": ["Ruritania", "Syldavia"]},
        "weight": {"kind": "number", "sensitive": True, "max": 123.75},
        "bought": {"kind": "category", "role": "target"},
    }
}
PIPELINE = """\
stages:
  ingest:
    cmd: ingest
    deps: ["${data.path}", data/schema.yaml, stages/ingest.py]
    params: [data.path, ingest]
    outs: [data/real.parquet]
    metrics: [metrics/ingest.json: {cache: false}]
  freeze:
    cmd: freeze
    deps: [data/real.parquet]
    params: [freeze]
    outs: [data/train.parquet, data/holdout.parquet: {persist: true}]
    metrics: [metrics/freeze.json: {cache: false}]
  fit:
    foreach: ${generators}
    do:
      cmd: fit ${key}
      deps: [data/train.parquet, stages/fit.py]
      params: ["generators.${key}"]
      outs: ["models/${key}.pkl"]
  generate:
    matrix:
      generator: ${generators}
      slice: ${slices}
    cmd: generate ${key}
    deps: ["models/${item.generator}.pkl", stages/generate.py]
    params: [generate, verify, preview, "slices.${item.slice}"]
    outs: ["data/synthetic/${key}.parquet"]
    metrics: ["metrics/provenance/${key}.json": {cache: false}]
  validate:
    matrix:
      generator: ${generators}
      slice: ${slices}
    cmd: validate ${key}
    deps: ["data/synthetic/${key}.parquet", data/holdout.parquet]
    params: [gates, brief]
    metrics: ["metrics/validate/${key}.json": {cache: false}]
  blend:
    cmd: blend
    deps: [data/holdout.parquet]
    params: [privacy, admit]
    metrics: [metrics/admit.json: {cache: false}, metrics/blend.json: {cache: false}]
    plots: [metrics/curve.csv: {cache: false}]
"""


def check(name: str, verdict: str = "pass", threshold: float | None = 0.1) -> dict[str, Any]:
    """Return a check of a validation, whose excess lies about 0.05."""
    gate = "privacy" if name.startswith(("copies", "exposure")) else "fidelity"
    told = {"name": name, "gate": gate, "verdict": verdict, "threshold": threshold}
    return {**told, "excess": 0.05, "lower": 0.01, "upper": 0.09}


def provenance(batch: str = BATCH) -> dict[str, Any]:
    """Return the record of a batch."""
    return {
        "batch": batch,
        "generator": {"name": "cart", "family": "cart", "parameters": {}, "seed": 1},
        "rows": {"asked": 600, "kept": 600},
        "train": {"rows": 300, "sha256": "1" * 64},
        "schema_sha256": "2" * 64,
        "code_sha256": {"fit": "3" * 64, "generate": "4" * 64},
        "versions": {"numpy": "2.4.6", "pyarrow": "20.0.0"},
        "synthetic_share": 0.0,
        "privacy": None,
        "sha256": "5" * 64,
    }


def blend(score: float = 0.88, ratio: float = 0.5) -> dict[str, Any]:
    """Return the final choice, its score within a hundredth."""
    return {
        **{"ratio": ratio, "model": "logistic", "metric": "roc_auc", "policy": "add"},
        **{"score": score, "lower": score - 0.01, "upper": score + 0.01},
        **{"gain": 0.01, "gain_lower": -0.01, "gain_upper": 0.03},
        **{"verdict": "no difference shown", "reaches_threshold": False, "batches": [BATCH]},
        **{"rows_real": 300, "rows_synthetic": round(300 * ratio / (1 - ratio))},
    }


def curve(**scores: float) -> str:
    """Return a curve on the holdout: r0=0.8 is a score of 0.8 at ratio 0, r5=… at 0.5."""
    lines = [
        f"{int(name[1:]) / 10},{BATCH},all,logistic,True,holdout,{score},0.7,0.9,300,300"
        for name, score in scores.items()
    ]
    titles = "ratio,batch,slice,model,best,split,mean,lower,upper,rows_real,rows_synthetic"
    return "\n".join([titles, *lines, ""])


def freeze(content: str = "a" * 64, lock: dict[str, str] | None = LOCK) -> dict[str, Any]:
    """Return the record of the slices."""
    return {"locked": lock, "slices": {"holdout": {"rows": 200, "sha256": content}}}


def write(project: Project, files: dict[str, Any]) -> None:
    """Write files: text as it is, anything else as JSON."""
    for path, content in files.items():
        target = project.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        target.write_text(text, encoding="utf-8")


def change(project: Project, path: str, **values: Any) -> None:
    """Change keys of a JSON file."""
    told = json.loads((project.folder / path).read_text(encoding="utf-8"))
    write(project, {path: {**told, **values}})


def record(project: Project, **made: str) -> None:
    """Write dvc.lock as a run would; `made` has MD5s of what DVC caches, / as __ and no suffix."""
    repo = repository.find(project.folder)
    found = asked.stages(snapshot.workspace(repo))

    def md5(path: str) -> str:
        place = project.folder / path
        if place.is_file():
            return hashlib.md5(place.read_bytes()).hexdigest()
        own = made.get(path.partition(".")[0].replace("/", "__"))
        return own or hashlib.md5(path.encode()).hexdigest()

    params = snapshot.workspace(repo).params
    lock = {
        name: {
            "cmd": stage.command,
            "deps": [{"path": path, "md5": md5(path)} for path in stage.deps],
            "params": {"params.yaml": {key: _value(params, key) for key in stage.params}},
            "outs": [{"path": path, "md5": md5(path)} for path in stage.outs],
        }
        for name, stage in found.items()
    }
    write(project, {"dvc.lock": yaml.safe_dump({"schema": "2.0", "stages": lock})})


def _value(params: Any, key: str) -> Any:
    for part in key.split("."):
        params = params[part]
    return params


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small project by hand, committed after a run."""
    folder = tmp_path_factory.mktemp("ran") / "project"
    folder.mkdir()
    project = Project(folder)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    write(
        project,
        {
            "params.yaml": yaml.safe_dump(PARAMS, sort_keys=False),
            "dvc.yaml": PIPELINE,
            "data/schema.yaml": yaml.safe_dump(SCHEMA, sort_keys=False),
            "data/people.csv": "id,age\nx,20\n",
            **{f"stages/{name}.py": f"# {name}\n" for name in ("ingest", "fit", "generate")},
            "metrics/ingest.json": {"rows": 900, "sha256": "6" * 64},
            "metrics/freeze.json": freeze(),
            f"metrics/provenance/{BATCH}.json": provenance(),
            f"metrics/validate/{BATCH}.json": {
                "checks": [check("marginals"), check("copies"), check("tails", "reported", None)]
            },
            "metrics/admit.json": {"batches": {BATCH: {"status": "admitted"}}},
            "metrics/blend.json": blend(),
            "metrics/curve.csv": curve(r0=0.87, r5=0.88),
        },
    )
    record(project)
    commit(project, "the first run")
    return folder


@pytest.fixture
def made(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a copy of it on a branch of its own, as the current folder."""
    shutil.copytree(ran, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    git(tmp_path / "project", "checkout", "--quiet", "-b", "work")
    return Project(tmp_path / "project")


def git(folder: Path, *arguments: str) -> str:
    """Run git."""
    roles = {f"GIT_{role}_{part}": f"{part.lower()}@x" for role in ("AUTHOR", "COMMITTER")
             for part in ("NAME", "EMAIL")}  # fmt: skip
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **roles}
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(project: Project, *message: str, author: str = "Grace <grace@example.org>") -> None:
    """Commit everything; each further message is a paragraph."""
    git(project.folder, "add", "--all")
    parts = [part for one in message for part in ("-m", one)]
    git(project.folder, "commit", "--quiet", "--allow-empty", "--author", author, *parts)


Review = Callable[..., tuple[int, str]]


@pytest.fixture
def review(capsys: pytest.CaptureFixture[str]) -> Review:
    """Return a function that runs the command and returns its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["review", *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def verdict(text: str) -> str:
    """Return the line that a reviewer reads first."""
    return text.splitlines()[2]


def told(review: Review, *arguments: str) -> dict[str, Any]:
    """Return the review as JSON."""
    return json.loads(review("--json", *arguments)[1])


# --- what is compared ---


def test_nothing_changed(made: Project, review: Review) -> None:
    """A branch without a change says so in two lines, and passes."""
    code, text = review("main", "work")
    assert code == 0
    assert verdict(text) == "**Nothing changed** in data, gates or results."
    assert "###" not in text


def test_a_merge_base(made: Project, review: Review) -> None:
    """What others did on the base meanwhile is not taken for this change, and that is said."""
    git(made.folder, "checkout", "--quiet", "main")
    made.set("brief.threshold", 0.95)
    record(made)
    commit(made, "a stricter brief")
    git(made.folder, "checkout", "--quiet", "work")
    code, text = review("main", "work")
    assert code == 0
    assert "Nothing changed" in verdict(text)
    assert "parted" in text


def test_the_working_tree(made: Project, review: Review) -> None:
    """Without HEAD what is not committed counts; without BASE the main branch is left from."""
    commit(made, "nothing yet")
    made.set("preview.require_approval", False)
    code, text = review()
    assert code == 1
    assert "the working tree" in text
    assert "`preview.require_approval: true → false`" in text
    assert git(made.folder, "rev-parse", "--short=9", "main") in text
    assert review("main", "work")[0] == 0


def test_a_first_review(made: Project, review: Review) -> None:
    """Where there is one commit, it is compared with the working tree."""
    git(made.folder, "checkout", "--quiet", "--orphan", "anew")
    git(made.folder, "branch", "-D", "main", "work")
    commit(made, "all in one")
    assert review()[0] == 0
    made.set("brief.threshold", 0.8)
    assert review()[0] == 1


def test_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, review: Review) -> None:
    """Without a commit there is no answer, but a message."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "dvc.yaml").write_text("stages: {}")
    monkeypatch.chdir(tmp_path)
    code, text = review()
    assert code == 2
    assert text.startswith("error:")


def test_histories_without_a_common_commit(made: Project, review: Review) -> None:
    """They are compared as they are, and that is said."""
    git(made.folder, "checkout", "--quiet", "--orphan", "anew")
    made.set("generate.least_yield", 0.01)
    record(made)
    commit(made, "from nothing")
    code, text = review("main", "anew")
    assert code == 1
    assert "no history in common" in text


def test_a_shallow_clone(made: Project, tmp_path: Path, monkeypatch: Any, review: Review) -> None:
    """Where the histories parted outside of a shallow clone, the command says how to go on."""
    commit(made, "one more")
    git(made.folder, "checkout", "--quiet", "main")
    commit(made, "another")
    source = f"file://{made.folder}"
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--no-single-branch", source, "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    code, text = review("origin/main", "origin/work")
    assert code == 2
    assert "--unshallow" in text


def test_a_project_in_a_subfolder(made: Project, review: Review, monkeypatch: Any) -> None:
    """A project need not be the root of its repository."""
    (made.folder / "inner").mkdir()
    for name in ("params.yaml", "dvc.yaml", "dvc.lock", "data", "metrics", "stages"):
        git(made.folder, "mv", name, f"inner/{name}")
    commit(made, "moved")
    monkeypatch.chdir(made.folder / "inner" / "metrics")
    inner = Project(made.folder / "inner")
    inner.set("generate.least_yield", 0.01)
    record(inner)
    commit(made, "laxer")
    code, text = review("HEAD~1", "HEAD")
    assert code == 1
    assert "`generate.least_yield: 0.05 → 0.01`" in text
    assert "must run again" not in verdict(text)


def test_a_pipeline_that_is_new(made: Project, review: Review) -> None:
    """Where the base has no project yet, everything appears and nothing is weakened."""
    git(made.folder, "checkout", "--quiet", "--orphan", "empty")
    git(made.folder, "rm", "--quiet", "-r", "--cached", ".")
    git(made.folder, "commit", "--quiet", "--allow-empty", "-m", "begin")
    commit(made, "the pipeline")
    code, text = review("HEAD~1", "HEAD")
    assert code == 0, text
    assert f"`{BATCH}` | appeared" in text
    assert "set the lock" in text


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("metrics/blend.json", "{"),
        ("params.yaml", "a: [1"),
        ("params.yaml", "- a list"),
        ("dvc.lock", "<<<<<<< HEAD\nstages:\n=======\n"),
        ("dvc.lock", "just words"),
        ("metrics/freeze.json", "<<<<<<< HEAD"),
    ],
    ids=["blend", "params", "no-sections", "conflict", "words", "freeze"],
)
def test_a_file_nobody_can_read(made: Project, review: Review, path: str, content: str) -> None:
    """One message names the file; there is no traceback."""
    write(made, {path: content})
    code, text = review()
    assert code == 2
    assert path in text


@pytest.mark.parametrize("content", ["[]", "{}", '{"checks": 3, "batches": [], "slices": "x"}'])
def test_odd_records(made: Project, review: Review, content: str) -> None:
    """Records that hold other things than they should are stale, and crash nothing."""
    for path in sorted((made.folder / "metrics").rglob("*.json")):
        path.write_text(content, encoding="utf-8")
    code, text = review()
    assert code == 1
    assert "must run again" in verdict(text)


# --- the holdout ---


def carve(project: Project, letter: str, lock: dict[str, str] | None = LOCK) -> None:
    """Carve another holdout, with another lock."""
    project.set("freeze.locked", lock)
    write(project, {"metrics/freeze.json": freeze(letter * 64, lock)})
    record(project, data__holdout=letter * 32)


def test_a_holdout_that_changed_under_its_lock(made: Project, review: Review) -> None:
    """It fails, with both hashes, who did it, and the words that came with it."""
    carve(made, "b", {**LOCK, "sha256": "b" * 64, "why": "I like it better"})
    commit(made, "Tidy up", "No other reason.", author="Mallory <m@example.org>")
    code, text = review("main", "work")
    assert code == 1
    assert "the locked holdout changed without a release" in verdict(text)
    for part in ("a" * 16, "b" * 16, "Mallory", "Tidy up", "No other reason.", "I like it better"):
        assert part in text
    assert "replaced the lock by another in one step" in text


def test_a_holdout_whose_lock_was_released(made: Project, review: Review) -> None:
    """Released in one commit and locked anew in another, it passes; both say who and why."""
    made.set("freeze.locked", None)
    record(made)
    commit(made, "Release the holdout", "A fifth of its rows turned out to be forged.")
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "Lock the clean one")
    code, text = review("main", "work")
    assert code == 0, text
    assert "after the lock was released" in text
    assert "`Grace` released the lock: `Release the holdout`" in text
    assert "turned out to be forged" in text
    assert "set the lock: `Lock the clean one`" in text


def test_the_reason_of_a_release(made: Project, review: Review) -> None:
    """What `lock --release` left in params.yaml is told first; of an earlier release nothing is."""
    made.set("freeze.released", {**LOCK, "who": "Grace", "why": "twins on both sides"})
    made.set("freeze.locked", None)
    commit(made, "wip")
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "wip")
    text = review("main")[1]
    assert "after the lock was released: `twins on both sides`." in text.partition("\n### ")[0]
    assert "was released by `Grace`: `twins on both sides`." in text
    carve(made, "c", {**LOCK, "sha256": "c" * 64})
    commit(made, "wip")
    text = review("HEAD^")[1]
    assert "without a release" in verdict(text) and "twins" not in text


def test_a_release_behind_a_merge_commit(made: Project, review: Review) -> None:
    """A CI job checks out a merge of the pull request: the release is found behind it."""
    made.set("freeze.locked", None)
    record(made)
    commit(made, "Release it")
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "Lock another")
    git(made.folder, "checkout", "--quiet", "--detach", "main")
    git(made.folder, "merge", "--quiet", "--no-ff", "-m", "Merge work into main", "work")
    code, text = review("main", "HEAD")
    assert code == 0
    assert "released the lock: `Release it`" in text


def test_a_release_that_was_taken_back(made: Project, review: Review) -> None:
    """Released, reverted, and replaced in one step: the lock was in force again, so it fails."""
    made.set("freeze.locked", None)
    commit(made, "Release it")
    git(made.folder, "revert", "--no-edit", "HEAD")
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "Replace it")
    assert "without a release" in verdict(review("main", "work")[1])
    made.set("freeze.locked", None)
    commit(made, "Release it for good")
    carve(made, "c", {**LOCK, "sha256": "c" * 64})
    commit(made, "Lock another")
    assert review("main", "work")[0] == 0
    carve(made, "d", {**LOCK, "sha256": "d" * 64})
    assert "without a release" in verdict(review("main")[1])


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("order", ["replaced and merged", "merged and replaced", "released last"])
def test_a_release_that_a_merge_dropped(
    made: Project, review: Review, order: str, readable: bool
) -> None:
    """A release on a side branch of which nothing was kept releases nothing."""

    def replace() -> None:
        if not readable:
            write(made, {"params.yaml": "a: ["})
            commit(made, "broken")
            write(made, {"params.yaml": yaml.safe_dump(PARAMS)})
        carve(made, "b", {**LOCK, "sha256": "b" * 64})
        commit(made, "Replace it")

    if order == "released last":
        replace()
    git(made.folder, "checkout", "--quiet", "-b", "side")
    made.set("freeze.locked", None)
    commit(made, "Release it")
    git(made.folder, "checkout", "--quiet", "work")
    if order == "replaced and merged":
        replace()
    git(made.folder, "merge", "--quiet", "--no-ff", "-s", "ours", "-m", "Merge side", "side")
    if order == "merged and replaced":
        replace()
    assert "without a release" in verdict(review("main", "work")[1])


def test_a_merge_with_other_parameters_is_no_replacement(made: Project, review: Review) -> None:
    """Where both sides of a CI job's merge changed params.yaml, the release still counts."""
    made.set("freeze.locked", None)
    commit(made, "Release it")
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "Lock another")
    git(made.folder, "checkout", "--quiet", "main")
    made.set("admit.exclude", ["cart-other"])
    commit(made, "main went on")
    git(made.folder, "merge", "--quiet", "--no-ff", "--no-commit", "work")
    made.set("admit.exclude", ["cart-other"])
    record(made)
    commit(made, "Merge work")
    code, text = review("HEAD~1", "HEAD")
    assert code == 0, text
    assert "in one step" not in text


def test_a_misspelt_lock_releases_nothing(made: Project, review: Review) -> None:
    """Only `locked: null` is a release: not a key that is gone, at HEAD or on the way."""
    kept = {name: value for name, value in PARAMS["freeze"].items() if name != "locked"}
    made.set("freeze", {**kept, "lockd": None})
    assert "without a release" in verdict(review()[1])
    commit(made, "Tidy up")
    made.set("freeze", kept)
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "Lock another")
    code, text = review("main", "work")
    assert "without a release" in verdict(text)
    assert "replaced the lock by another in one step" in text


def test_a_release_that_is_not_committed(made: Project, review: Review) -> None:
    """In the working tree a released lock is said, with the advice to say why."""
    made.set("freeze.locked", None)
    record(made)
    code, text = review()
    assert code == 0
    assert "say why in the one that will" in text


def test_params_that_were_broken_release_nothing(made: Project, review: Review) -> None:
    """A commit in which params.yaml cannot be read, or is gone, is no release."""
    for number, content in enumerate(["a: [", None]):
        if content is None:
            (made.folder / "params.yaml").unlink()
        else:
            write(made, {"params.yaml": content})
        commit(made, f"broken {number}")
    write(made, {"params.yaml": yaml.safe_dump(PARAMS)})
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "mended")
    assert "without a release" in verdict(review("main", "work")[1])


def test_a_lock_that_is_none(made: Project, review: Review) -> None:
    """A lock without a hash counts as a change of the lock, not as its release."""
    made.set("freeze.locked", {"who": "Ada", "why": "no hash"})
    record(made)
    assert "without a release" in verdict(review()[1])


def test_another_holdout_under_the_same_lock(made: Project, review: Review) -> None:
    """Where the record of the rows changed and the lock did not, a release does not help."""
    made.set("freeze.locked", None)
    commit(made, "Release")
    carve(made, "b", LOCK)
    commit(made, "Another")
    assert "without a release" in verdict(review("main", "work")[1])


def test_another_file_for_the_same_rows(made: Project, review: Review) -> None:
    """Bytes that differ fail, and name the commit, unless other packages wrote them."""
    record(made, data__holdout="b" * 32)
    commit(made, "dvc commit", author="Mallory <m@example.org>")
    code, text = review("main", "work")
    assert code == 1
    assert "without a release" in verdict(text)
    assert "`Mallory` recorded another holdout: `dvc commit`" in text
    versions = {"numpy": "2.4.6", "pyarrow": "21.0.0"}
    change(made, f"metrics/provenance/{BATCH}.json", versions=versions)
    record(made, data__holdout="b" * 32)
    code, text = review()
    assert code == 0
    assert "written by other packages" in text


def test_a_holdout_without_a_lock(made: Project, review: Review) -> None:
    """Before there is a lock a change is told, and fails nothing; nor does the first lock."""
    made.set("freeze.locked", None)
    write(made, {"metrics/freeze.json": freeze(lock=None)})
    record(made)
    commit(made, "no lock yet")
    carve(made, "b", None)
    commit(made, "carved anew")
    code, text = review("HEAD~1", "HEAD")
    assert code == 0
    assert "The holdout changed, and had no lock" in text
    carve(made, "b", {**LOCK, "sha256": "b" * 64})
    commit(made, "Lock it", "For good.")
    code, text = review("HEAD~1", "HEAD")
    assert code == 0
    assert "set the lock: `Lock it`" in text
    assert "For good." in text


# --- the table and its schema ---


def test_the_real_table_by_its_record(made: Project, review: Review) -> None:
    """Without DVC's cache the rows before and after are told, and that is all."""
    write(made, {"metrics/ingest.json": {"rows": 1000, "sha256": "7" * 64}})
    write(made, {"data/people.csv": "id,age\nx,20\ny,30\n"})
    record(made, data__real="c" * 32)
    commit(made, "more rows")
    code, text = review("main", "work")
    assert code == 0
    assert "| rows | 900 | 1,000 |" in text
    assert "not both at hand" in text


def people(rows: int = 40) -> pd.DataFrame:
    """Return a table that a stage wrote."""
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "id": [f"p{number}" for number in range(rows)],
            "age": rng.integers(18, 90, rows).astype(float),
            "origin": pd.Categorical(rng.choice(["Ruritania", "Syldavia"], rows)),
        }
    )


def test_the_real_table_by_content(made: Project, review: Review) -> None:
    """Where DVC's cache has both tables, rows and columns that differ are counted."""
    git(made.folder, "config", "core.fileMode", "false")
    write(made, {".dvc/config": ""})
    before = people()
    after = before[before["id"] != "p3"].assign(town="north")
    after.loc[after["id"].isin(["p5", "p6"]), "age"] += 1.0
    more = people(3).assign(id=["n1", "n2", "n3"], town="south")
    md5 = [store(made, table) for table in (before, pd.concat([after, more]))]
    record(made, data__real=md5[0])
    commit(made, "one table")
    record(made, data__real=md5[1])
    commit(made, "another")
    found = told(review, "HEAD~1", "HEAD")["table"]["rows"]
    assert (found["added"], found["removed"], found["changed"]) == (3, 1, 2)
    assert (found["by"], found["cells"]) == ("id", {"age": 2})
    assert found["columns_added"] == ["town"]
    text = review("HEAD~1", "HEAD")[1]
    assert "3 rows added, 1 row removed, 2 rows changed, told apart by `id`" in text
    assert "Ruritania" not in text
    assert "Columns added: `town`." in text


def store(project: Project, table: pd.DataFrame) -> str:
    """Put a table into DVC's cache and return its MD5."""
    path = project.folder / "stored.parquet"
    table.to_parquet(path, index=False)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    target = project.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    return md5


def test_rows_without_an_id() -> None:
    """Without an id, or with one that repeats, rows are a multiset: a change is one of each."""
    before = people(6)
    after = pd.concat([before.iloc[[0, 0, 1, 2, 3]], before.iloc[[4]].assign(age=1.0)])
    for by in (None, "origin"):
        found = row_change.compare(before, after, by)
        assert (found.added, found.removed, found.changed) == (2, 2, None)


def test_rows_that_are_equal_in_another_type() -> None:
    """Whole numbers as floats, and labels as categories or text, are the same values."""
    before = pd.DataFrame({"a": [1, 2, 3], "b": pd.Categorical(["x", None, "y"]), "c": [0.0, 1, 2]})
    after = before.astype({"a": "float64", "b": object}).assign(c=[-0.0, 1, 2])
    found = row_change.compare(before, after, None)
    assert (found.added, found.removed) == (0, 0)
    assert row_change.compare(before[[]], after, None).columns_added == ["a", "b", "c"]


@pytest.mark.parametrize("years", [0, 25])
def test_rows_that_were_added(years: int) -> None:
    """They are compared with the rows before: what moved is named, and nothing else."""
    schema = Schema.model_validate(
        {"columns": {name: SCHEMA["columns"][name] for name in ("id", "age", "origin")}}
    )
    schema.columns["bought"] = Column(kind="category", role="target")
    before, more = labelled(400, seed=1), labelled(300, seed=2)
    more = more.assign(id="n" + more["id"], age=more["age"] + years)
    found = row_change.drift(before, pd.concat([before, more]), "id", schema, 0.05)
    assert found is not None
    assert found.rows == 300
    assert list(found.columns) == (["age"] if years else [])
    assert row_change.drift(before, pd.concat([before, more[:19]]), "id", schema, 0.05) is None


def labelled(rows: int, seed: int) -> pd.DataFrame:
    """Return a table with a target that depends on nothing."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"p{number}" for number in range(rows)],
            "age": rng.normal(50, 10, rows),
            "origin": pd.Categorical(rng.choice(["Ruritania", "Syldavia"], rows)),
            "bought": pd.Categorical(rng.choice(["no", "yes"], rows)),
        }
    )


def test_the_schema(made: Project, review: Review) -> None:
    """Columns and their properties are told, but no value of a sensitive one."""
    columns = {name: dict(column) for name, column in SCHEMA["columns"].items()}
    columns["age"]["max"] = 99
    columns["weight"]["max"] = 456.25
    columns["origin"]["categories"] = ["Ruritania", "Syldavia", "Borduria"]
    columns["town"] = {"kind": "category"}
    del columns["id"]
    declared = {"columns": columns, "rules": ["origin != 'Borduria'"]}
    write(made, {"data/schema.yaml": yaml.safe_dump(declared)})
    record(made)
    code, text = review()
    assert code == 0
    assert "| `age` | `max` | `90` | `99` |" in text
    assert "| `weight` | `max` | not shown | not shown |" in text
    assert "| `origin` | `categories` | `2 values` | `3 values` |" in text
    assert "| `town` | `column` | not there | `category, feature` |" in text
    assert "| `rules` | `rules` | `0` | `1` |" in text
    for secret in ("Borduria", "456.25", "123.75"):
        assert secret not in text + review("--json")[1]


# --- generators and batches ---


def test_a_new_batch(made: Project, review: Review) -> None:
    """A generator and its batch that appear are told, with what the gates said."""
    made.set("generators.forest", {"family": "cart", "seed": 2})
    new = "forest-everything"
    batches = {BATCH: {"status": "passed"}, new: {"status": "admitted"}}
    write(
        made,
        {
            f"metrics/provenance/{new}.json": provenance(new),
            f"metrics/validate/{new}.json": {"checks": [check("marginals")]},
            "metrics/admit.json": {"batches": batches},
        },
    )
    record(made)
    commit(made, "a second generator")
    code, text = review("main", "work")
    assert "Generators that appeared: `forest`." in text
    assert f"| `{new}` | appeared | – | 600 |" in text
    assert f"| `{BATCH}` | `admitted` | `passed` |" in text
    assert f"| `{new}` | – | `admitted` |" in text
    assert code == 0, text
    back = told(review, "work", "main")
    assert back["batches"] == []  # the merge base of an ancestor is itself


def test_a_batch_that_vanished(made: Project, review: Review) -> None:
    """A generator that is taken out takes its batch with it."""
    made.set("generators", {"forest": {"family": "cart", "seed": 2}})
    found = told(review)
    assert found["generators"]["vanished"] == ["cart"]
    assert [(one["batch"], one["what"]) for one in found["batches"]][-1] == (BATCH, "vanished")


def remake(project: Project, **values: Any) -> None:
    """Make the batch anew: other rows."""
    change(project, f"metrics/provenance/{BATCH}.json", **{"sha256": "8" * 64, **values})


def parameter(project: Project) -> None:
    """Change a parameter of the generator."""
    project.set("generators.cart.min_leaf", 9)
    remake(project)


def seed(project: Project) -> None:
    """Change the seed of the generator."""
    project.set("generators.cart.seed", 7)
    remake(project)


def part(project: Project) -> None:
    """Change the condition of the slice, which quotes a sensitive value."""
    project.set("slices.everything.where", "origin == 'Ruritania'")
    remake(project)


def code(project: Project) -> None:
    """Change a code file."""
    write(project, {"stages/fit.py": "# another\n"})
    remake(project, code_sha256={"fit": "9" * 64, "generate": "4" * 64})


def package(project: Project) -> None:
    """Upgrade a package."""
    remake(project, versions={"numpy": "3.0.0", "pyarrow": "20.0.0"})


def data(project: Project) -> None:
    """Train on other rows."""
    remake(project, train={"rows": 350, "sha256": "9" * 64})


def schema(project: Project) -> None:
    """Declare the columns otherwise."""
    remake(project, schema_sha256="9" * 64)


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (parameter, "parameter `generators.cart.min_leaf` (`null → 9`)"),
        (seed, "parameter `generators.cart.seed` (`1 → 7`)"),
        (part, "parameter `slices.everything.where` |"),
        (code, "code `stages/fit.py` |"),
        (package, "package `numpy` (`2.4.6 → 3.0.0`)"),
        (data, "data `data/train.parquet` (`300 → 350 rows`)"),
        (schema, "schema `data/schema.yaml` |"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_batch_that_changed(
    made: Project, review: Review, edit: Callable[[Project], None], cause: str
) -> None:
    """The cause is named, and the one cause only; values of a condition are not shown."""
    edit(made)
    record(made)
    commit(made, "remade")
    exit_code, text = review("main", "work")
    line = next(line for line in text.splitlines() if line.startswith(f"| `{BATCH}` | changed"))
    assert cause in line
    assert ";" not in line
    assert "Ruritania" not in text
    assert exit_code == 0, text


def test_a_batch_that_changed_for_no_reason(made: Project, review: Review) -> None:
    """Different rows from the same inputs fail; from a private generator they are its noise."""
    remake(made)
    record(made)
    code, text = review()
    assert code == 1
    assert "does not explain 1 batch" in verdict(text)
    assert "**nothing recorded**" in text
    remake(made, privacy={"mechanism": "laplace", "epsilon": 1.0})
    record(made)
    code, text = review()
    assert code == 0
    assert "noise drawn anew" in text


def test_files_that_did_not_run_are_no_cause(made: Project, review: Review) -> None:
    """An edited file that dvc.lock lists explains nothing, where the code that ran is the same."""
    write(made, {"stages/fit.py": "# another comment\n"})
    remake(made)
    record(made)
    assert "does not explain 1 batch" in verdict(review()[1])


def test_a_batch_made_anew(made: Project, review: Review) -> None:
    """The same rows under other packages are told as such."""
    versions = {"numpy": "3.0.0", "pyarrow": "20.0.0"}
    change(made, f"metrics/provenance/{BATCH}.json", versions=versions)
    record(made)
    code, text = review()
    assert code == 0
    assert "made anew, the same rows" in text


def test_an_admitted_batch_without_a_record(made: Project, review: Review) -> None:
    """Rows that nobody can say the origin of fail."""
    (made.folder / f"metrics/provenance/{BATCH}.json").unlink()
    code, text = review()
    assert code == 1
    assert f"No provenance of a batch that models may train on: `{BATCH}`" in text


# --- the gates ---


def test_verdicts_that_flip(made: Project, review: Review) -> None:
    """A check that fails now is shown with its excess and threshold; it is no weaker gate."""
    checks = [check("marginals", "fail"), check("copies"), check("tails", "reported", None)]
    write(made, {f"metrics/validate/{BATCH}.json": {"checks": checks}})
    write(made, {"metrics/admit.json": {"batches": {BATCH: {"status": "quarantined"}}}})
    record(made)
    code, text = review()
    assert code == 0, text
    assert (
        f"| `{BATCH}` | `marginals` | `pass`: 0.050 [0.010, 0.090], at most 0.1 | "
        "`fail`: 0.050 [0.010, 0.090], at most 0.1 |" in text
    )
    assert f"| `{BATCH}` | `admitted` | `quarantined` |" in text
    assert "copies" not in text


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("gates.fidelity.marginals", 0.2, "gates.fidelity.marginals: 0.1 → 0.2"),
        ("gates.privacy.copies", None, "gates.privacy.copies: 0.02 → reported only"),
        ("gates.utility.inconclusive", "pass", "gates.utility.inconclusive: fail → pass"),
        ("gates.privacy.inconclusive", "pass", "gates.privacy.inconclusive: fail → pass"),
        ("gates.privacy.shadow", None, "gates.privacy.shadow: asked for → null"),
        ("gates.privacy.shadow", {"fits": 32}, "gates.privacy.shadow.fits: 64 → 32"),
        ("preview.require_approval", False, "preview.require_approval: true → false"),
        ("verify.copies", None, "verify.copies: asked for → null"),
        ("verify.copies", {"distance": 0}, "verify.copies.distance: 0.1 → 0"),
        ("verify.label.floor", 0.001, "verify.label.floor: 0.01 → 0.001"),
        ("verify.python", None, "verify.python: asked for → null"),
        ("verify.duplicates", False, "verify.duplicates: true → false"),
        ("generate.least_yield", 0, "generate.least_yield: 0.05 → 0"),
        ("privacy.epsilon_budget", 8, "privacy.epsilon_budget: 3 → 8"),
        ("privacy.delta", "1e-3", "privacy.delta: 1e-05 → 0.001"),
        ("ingest.generated", "count", "ingest.generated: refuse → count"),
        ("ingest.min_real_fraction", 0.1, "ingest.min_real_fraction: 0.5 → 0.1"),
        ("brief.threshold", 0.85, "brief.threshold: 0.9 → 0.85"),
        ("monitor.level", 0.01, "monitor.level: 0.05 → 0.01"),
        ("triggers.growth", 0.9, "triggers.growth: 0.2 → 0.9"),
        ("triggers.floor", 0.6, "triggers.floor: 0.8 → 0.6"),
    ],
)
def test_a_weakened_gate(key: str, value: Any, told: str) -> None:
    """Each is named with what it was and is; the way back weakens nothing."""
    before, after = side(PARAMS), side(set_in(PARAMS, key, value))
    found = [f"{one.what}: {one.before} → {one.after}" for one in weakened(before, after)]
    assert found == [told]
    assert weakened(after, before) == []
    assert weakened(side({}), after) == []


def side(params: dict[str, Any]) -> snapshot.Snapshot:
    """Return a project that is nothing but its parameters."""
    return snapshot.Snapshot("side", None, {"params.yaml": yaml.safe_dump(params).encode()}.get)


def set_in(params: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a copy with a dotted key set."""
    name, _, rest = key.partition(".")
    return {**params, name: set_in(params[name], rest, value) if rest else value}


def test_a_priority_that_weakens(made: Project, review: Review) -> None:
    """Another priority is another set of defaults: what it raises is named, with it."""
    made.set("brief.priority", "privacy")
    record(made)
    commit(made, "privacy first")
    text = review("main", "work")[1]
    assert "`gates.utility.tax: 0.03 → 0.05`" in text
    assert "`brief.priority: utility → privacy`" in text
    assert "gates.privacy.copies" not in text


def test_thresholds_that_batches_were_held_against(made: Project, review: Review) -> None:
    """A default that the code raised shows in the validations; so does a check that is gone."""
    write(made, {f"metrics/validate/{BATCH}.json": {"checks": [check("marginals", threshold=0.3)]}})
    record(made)
    found = told(review)["weakened"]
    assert [(one["what"], one["before"], one["after"]) for one in found] == [
        ("gates.fidelity.marginals", "0.1", "0.3"),
        ("gates.privacy.copies", "0.1", "reported only"),
    ]
    assert all(BATCH in one["why"] for one in found)


def test_a_private_generator_is_not_attacked_by_shadow_models(
    made: Project, review: Review
) -> None:
    """Where a generator became private, the attack that private ones are spared is no lost gate."""
    path = f"metrics/validate/{BATCH}.json"
    kept = json.loads((made.folder / path).read_text())["checks"]
    write(made, {path: {"checks": [*kept, check("exposure")]}})
    record(made)
    commit(made, "attacked")
    write(made, {path: {"checks": kept}})
    record(made)
    assert told(review, "HEAD")["weakened"][0]["what"] == "gates.privacy.exposure"
    remake(made, privacy={"mechanism": "laplace", "epsilon": 1.0})
    record(made)
    assert told(review, "HEAD")["weakened"] == []


def test_gates_that_cannot_be_resolved(made: Project, review: Review) -> None:
    """A threshold of no measure is no answer, but a message."""
    made.set("gates.fidelity", {"marginal": 0.2})
    code, text = review()
    assert code == 2
    assert "marginal" in text


def test_a_column_that_is_no_longer_sensitive(made: Project, review: Review) -> None:
    """Its values lose their protection, so it counts as a weaker gate."""
    made.edit("data/schema.yaml", lambda text: text.replace("sensitive: true", "sensitive: false"))
    record(made)
    code, text = review()
    assert code == 1
    assert "data/schema.yaml: origin.sensitive: true → false" in text


def test_a_floor_that_is_the_models_own(made: Project) -> None:
    """No floor of a person's is the model's interval, and neither laxer nor stricter."""
    before, after = side(PARAMS), side(set_in(PARAMS, "triggers.floor", None))
    assert weakened(before, after) == weakened(after, before) == []
    other = set_in(set_in(PARAMS, "triggers.floor", 0.4), "brief.metric", "average_precision")
    assert "triggers.floor" not in [one.what for one in weakened(before, side(other))]


def test_a_rule_that_is_gone(made: Project, review: Review) -> None:
    """Rules turn made rows away, so one less is a weaker gate; it is counted and not quoted."""
    rules = ["age > 17", {"combinations": ["age", "bought"]}]
    write(made, {"data/schema.yaml": yaml.safe_dump({**SCHEMA, "rules": rules})})
    record(made)
    commit(made, "two rules")
    write(made, {"data/schema.yaml": yaml.safe_dump({**SCHEMA, "rules": rules[1:]})})
    record(made)
    code, text = review("work")
    assert code == 1
    assert "`data/schema.yaml: rules: 2 → 1`" in text
    assert "age > 17" not in text
    commit(made, "one rule")
    write(made, {"data/schema.yaml": yaml.safe_dump({**SCHEMA, "rules": rules})})
    record(made)
    assert review("HEAD")[0] == 0


@pytest.mark.parametrize(
    ("column", "after", "named"),
    [
        ("age", {"min": 16, "max": 90}, "age.min"),
        ("age", {"min": 18}, "age.max"),
        ("age", {"min": 20, "max": 80}, None),
        ("weight", {"max": 456.25}, "weight.max"),
        ("origin", {"categories": ["Ruritania", "Borduria"]}, "origin.categories"),
        ("origin", {"categories": ["Ruritania"]}, None),
    ],
    ids=["min", "no-max", "narrower", "sensitive", "categories", "fewer"],
)
def test_a_range_that_is_wider(
    made: Project, review: Review, column: str, after: dict[str, Any], named: str | None
) -> None:
    """It is told by the column's name without a value, and fails nothing."""
    kept = {
        name: value
        for name, value in SCHEMA["columns"][column].items()
        if name not in ("min", "max", "categories")
    }
    columns = {**SCHEMA["columns"], column: {**kept, **after}}
    write(made, {"data/schema.yaml": yaml.safe_dump({"columns": columns})})
    record(made)
    found = told(review)
    names = [one["names"] for one in found["findings"]]
    assert names == ([[named]] if named else [])
    assert not found["attention"]
    assert "Borduria" not in str(found)
    assert "456.25" not in str(found)


def test_another_function_that_checks_rows(made: Project, review: Review) -> None:
    """Nobody can say whether it is laxer, so it is told and fails nothing."""
    made.set("verify.python.function", "anything")
    record(made)
    code, text = review()
    assert code == 0, text
    assert "To know: Made rows are checked by another function" in text
    assert "`verify.python.function: plausible → anything`" in text


# --- drift ---


def drifted(**values: Any) -> dict[str, Any]:
    """Return what monitor says of rows in which a column moved."""
    usual = {"arrived": True, "rows": 50, "drift": True, "moved": ["age @team"], "model": None}
    return {**usual, "dependence": False, "advice": "Regenerate: see <b>`dvc repro`</b>.", **values}


def test_drift_is_told(made: Project, review: Review) -> None:
    """Columns that moved and the advice are told as code, and drift is never no change."""
    write(made, {"metrics/drift.json": drifted()})
    commit(made, "rows arrived")
    code, text = review("main", "work")
    assert code == 0
    assert "Nothing changed" not in text
    assert "To know: In the rows that arrived, columns moved: `age @team`." in text
    assert "Regenerate" in text
    assert "<b>" not in without_code(text)
    assert "@" not in without_code(text)
    assert "Nothing changed" in review("work", "HEAD")[1]
    write(made, {"metrics/drift.json": drifted(moved=["age @team", "weight"])})
    assert "`weight`" in review("work")[1]
    write(made, {"metrics/drift.json": drifted(drift=False, moved=[], advice="No need.")})
    assert "no drift any more" in review("work")[1]


def test_a_model_that_does_worse_is_told(made: Project, review: Review) -> None:
    """Also where no column is shown to have moved."""
    write(made, {"metrics/drift.json": drifted(drift=False, moved=[], model={"worse": True})})
    code, text = review()
    assert code == 0
    assert "In the rows that arrived, the final model does worse." in text
    write(made, {"metrics/drift.json": drifted(moved=3, model=[1], advice={})})
    assert "drift is shown" in review()[1]


def test_what_is_told_and_fails_nothing(made: Project, review: Review) -> None:
    """Another metric, an exclusion taken back and a tune slice given up are told."""
    made.set("brief.metric", "average_precision")
    made.set("brief.threshold", 0.4)
    made.set("admit.exclude", [])
    made.set("freeze.tune", 0)
    record(made)
    code, text = review()
    assert code == 0, text
    assert "`roc_auc → average_precision`" in text
    assert "No longer excluded by hand: `cart-rare`" in text
    assert "optimistic" in text


# --- results ---


def test_the_choice_and_the_curve(made: Project, review: Review) -> None:
    """Both sides stand beside each other, with an interval on the difference."""
    write(
        made, {"metrics/blend.json": blend(0.9, 0.8), "metrics/curve.csv": curve(r0=0.87, r8=0.9)}
    )
    record(made)
    commit(made, "more of it")
    code, text = review("main", "work")
    assert code == 0
    assert "| ratio | 0.5 | 0.8 |" in text
    assert "changes by +0.020 [+0.006, +0.034]" in text
    assert "wider than a paired one" in text
    assert "| 0 | 0.87 | 0.87 |" in text
    assert "| 0.5 | 0.88 | – |" in text
    assert "| 0.8 | – | 0.9 |" in text


def test_the_difference_by_hand() -> None:
    """Unequal halves: 3-4-5 and 5-12-13 triangles."""
    before = {"value": 10.0, "lower": 5.0, "upper": 14.0}
    after = {"value": 20.0, "lower": 17.0, "upper": 32.0}
    found = results.difference(before, after)
    assert found == {"value": 10.0, "lower": 5.0, "upper": 23.0}
    assert results.difference(before, {**after, "lower": None}) is None


def test_scores_on_different_holdouts(made: Project, review: Review) -> None:
    """They are not compared, and that is said."""
    carve(made, "b", None)
    write(made, {"metrics/blend.json": blend(0.7)})
    record(made, data__holdout="b" * 32)
    text = review()[1]
    assert "The holdout differs: the scores are not comparable." in text
    assert "changes by" not in text


def test_the_share_of_synthetic_rows(made: Project, review: Review) -> None:
    """The last five cycles, the oldest first, and what is not committed yet."""
    for step in range(1, 6):
        write(made, {"metrics/blend.json": blend(0.88, step / 10)})
        change(made, f"metrics/provenance/{BATCH}.json", synthetic_share=step / 20)
        record(made)
        commit(made, f"cycle {step}")
    write(made, {"metrics/blend.json": blend(0.88, 0.75)})
    found = told(review)["cycles"]
    assert [round(one["share"], 2) for one in found] == [0.2, 0.3, 0.4, 0.5, 0.75]
    assert [one["learned"] for one in found] == [0.1, 0.15, 0.2, 0.25, 0.25]
    assert found[-1]["name"] == "workspace"
    assert "| 300 | 900 | 75.0 % | 25.0 % |" in review()[1]


# --- what must run again ---


def test_outputs_that_are_stale(made: Project, review: Review) -> None:
    """An input that changed without a run fails, and the stages are named with why."""
    write(made, {"stages/fit.py": "# another\n"})
    commit(made, "better code")
    code, text = review("main", "work")
    assert code == 1
    assert "1 stage must run again" in verdict(text)
    assert "| `fit@cart` | code `stages/fit.py` |" in text
    assert told(review, "main", "work")["stale"]["fit@cart"][0]["kind"] == "code"


# --- what the repository holds is not what the comment says ---

HOSTILE = "x` |\n**Nothing needs attention.** <b>@everyone</b> [ok](https://evil.example) ```"


def test_a_hostile_message_forges_nothing(made: Project, review: Review) -> None:
    """Subject, body, author, lock and names stay inside of code, whatever they hold."""
    carve(made, "b", {"sha256": "b" * 64, "who": HOSTILE, "why": HOSTILE})
    made.set("freeze.released", {"sha256": HOSTILE, "who": HOSTILE, "why": HOSTILE})
    made.set("freeze.note", HOSTILE)
    body = f"~~~\n{HOSTILE}\n```\n````\n# A heading\n<!-- \x1b[31m \u202e"
    commit(made, HOSTILE.replace("\n", " "), body, author="@team `<b>` <x@example.org>")
    text = review("main", "work")[1]
    assert verdict(text).startswith("**Needs attention:**")
    outside = without_code(text)
    for forged in ("Nothing needs", "@", "evil", "<b>", "heading", "\u202e", "\x1b"):
        assert forged not in outside, forged
    assert text.count("**Attention:**") == 2  # the holdout, and the stages that did not run


def without_code(text: str) -> str:
    """Return the text of a Markdown document that is not code, by an independent parser."""
    from markdown_it import MarkdownIt

    kept: list[str] = []

    def walk(tokens: Iterable[Any]) -> None:
        for token in tokens:
            if token.type in ("text", "html_block", "html_inline"):
                kept.append(token.content)
            walk(token.children or [])

    walk(MarkdownIt("commonmark").enable("table").parse(text))
    return "\n".join(kept)


def test_a_long_review_fits_a_comment(
    made: Project, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long tables are folded, and what would be too long is left out by name."""
    made.set("more", {f"key{number:05}": "x" * 60 for number in range(300)})
    text = review()[1]
    assert "<details><summary>300 lines</summary>" in text
    assert "and 200 more; `--json` has them all" in text
    monkeypatch.setattr(comment, "LONGEST", 3000)
    text = review()[1]
    assert len(text) < 3200
    assert "Left out for their length: parameters" in text
    assert len(told(review)["parameters"]) == 300


def test_the_mark_is_no_name(made: Project) -> None:
    """The line by which a job finds its own comment cannot come out of a code span."""
    assert comment.MARK not in document.code(f"x{comment.MARK}").replace(comment.MARK, "", 1)


# --- in CI ---


def test_the_workflow() -> None:
    """It finds its comment by the mark, and no text of a pull request gets into a shell."""
    text = (ROOT / ".github/workflows/review.yml").read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    assert comment.MARK in text
    assert list(workflow[True]) == ["pull_request"]  # YAML 1.1 reads `on` as true
    jobs = workflow["jobs"]
    shells = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert len(shells) == 3
    assert not any("${{" in shell for shell in shells)
    assert jobs["review"]["permissions"] == {"contents": "read"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["comment"]["steps"])


def test_the_lines_for_gitlab() -> None:
    """They are YAML whose every line is a command, for the same files and the same mark."""
    text = (ROOT / "docs/review.md").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    workflow = yaml.safe_load((ROOT / ".github/workflows/review.yml").read_text(encoding="utf-8"))
    paths = [path.replace("/**", "/**/*") for path in workflow[True]["pull_request"]["paths"]]
    changes = jobs["review"]["rules"][0]["changes"]
    assert sorted(changes) == sorted(paths)
    assert {"NOTES.md", "HANDOFF.md", ".dvcignore", ".dvc/**/*", "pyproject.toml"} <= {*changes}
    lines = [line for job in jobs.values() for line in job["script"]]
    assert all(isinstance(line, str) for line in lines)
    assert any(f'startswith("{comment.MARK}")' in line for line in lines)


def test_another_choice_is_told_at_the_top(made: Project, review: Review) -> None:
    """A mix of another ratio is no fault, and nobody should have to look for it."""
    write(made, {"metrics/blend.json": blend(0.9, 0.8)})
    record(made)
    commit(made, "more of it")
    code, text = review("main", "work")
    assert code == 0
    above = text.partition("\n### ")[0]
    assert "To know: The choice is another one: `ratio: 0.5 → 0.8`." in above
