"""`dvc-synth lock`: the holdout's hash goes into params.yaml, and nothing else changes there."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Project, surroundings, written

from stages.__main__ import main
from stages.lib.base.errors import ParamsError
from stages.signing import edit

SHA256 = "5b" * 32
LOCK = {"sha256": SHA256, "who": "Ada", "why": "stands for: next year # and after"}
TEXT = (ROOT / "params.yaml").read_bytes().decode("utf-8")
NULL = edit.put(TEXT, "freeze.locked", None)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Carve the holdout of a small project, with the comments of the example's parameters."""
    folder = tmp_path_factory.mktemp("frozen") / "project"
    project = written(folder)
    small = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["freeze"]
    text = NULL.replace("data/adult.csv.gz", "data/customers.csv")
    for name in ("train", "tune", "holdout", "seed"):
        text = re.sub(rf"(?m)^  {name}: \d+", f"  {name}: {small[name]}", text)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        project.run("git", "init", "--quiet", "--initial-branch", "main")
        project.commit("the project")
        project.repro("freeze")
        project.commit("the holdout, carved")
    return folder


@pytest.fixture
def project(frozen: Path, tmp_path: Path) -> Project:
    """Return a copy of that project."""
    shutil.copytree(frozen, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def text_of(project: Project) -> str:
    """Return params.yaml as it lies there, its line ends included."""
    return (project.folder / "params.yaml").read_bytes().decode("utf-8")


def carved(project: Project) -> str:
    """Return the hash of the holdout that stage freeze carved."""
    told = json.loads((project.folder / "metrics/freeze.json").read_text(encoding="utf-8"))
    return told["slices"]["holdout"]["sha256"]


@pytest.fixture
def verb(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what runs a verb there, checks the exit code, and returns what was printed."""
    monkeypatch.chdir(project.folder)

    def run(*arguments: str, code: int = 0) -> str:
        found = main(arguments)
        told = "".join(capsys.readouterr())
        assert found == code, told
        return told

    return run


def test_lock_and_release(project: Project, verb: Callable[..., str]) -> None:
    """The lock holds in the next run; its release says why, to whoever reviews it."""
    before = text_of(project)
    told = verb("lock", "--why", "stands for: next year")
    assert "Locked 250 rows of holdout" in told and "dvc repro" in told
    lock = f"    sha256: {carved(project)}\n    who: test\n    why: 'stands for: next year'\n"
    assert text_of(project) == before.replace("  locked: null\n", f"  locked:\n{lock}")
    assert "Locked already, by test" in verb("lock")
    project.commit("lock it")

    project.run("git", "checkout", "--quiet", "-b", "work")
    assert "give --why TEXT" in verb("lock", "--release", code=2)
    assert project.run("git", "status", "--porcelain") == ""
    assert "dvc repro freeze" in verb("lock", "--release", "--why", "twins on\nboth sides")
    assert yaml.safe_load(text_of(project))["freeze"]["locked"] is None
    reason = "was released by `test`: `twins on both sides`"
    assert reason in verb("review", code=1)  # before a commit; stages must run again
    project.commit("wip")
    old = carved(project)
    project.edit("params.yaml", lambda text: text.replace("seed: 5", "seed: 6"))
    project.repro("freeze")
    verb("lock", "--who", "Grace")
    new = carved(project)
    project.repro("freeze")  # under the lock
    assert new == carved(project) != old
    project.commit("wip")
    told = verb("review", "main", code=1)
    assert "after the lock was released: `twins on both sides`" in told
    assert reason in told and "without a release" not in told
    assert "Nothing is locked" not in verb("lock", "--release", "--why", "again")
    assert "Nothing is locked" in verb("lock", "--release", "--why", "again")


def test_a_lock_is_not_replaced(project: Project, verb: Callable[..., str]) -> None:
    """Another holdout than the locked one is not locked in its place."""
    project.edit("params.yaml", lambda text: edit.put(text, "freeze.locked", LOCK))
    before = text_of(project)
    told = verb("lock", code=2)
    assert "another holdout, sha256 5b5b5b5b5b5b5b5b… by Ada" in told and "--release" in told
    assert text_of(project) == before


def test_what_cannot_be_locked(project: Project, verb: Callable[..., str]) -> None:
    """A holdout that is not that of the table, or not what was recorded, is not locked."""
    before = text_of(project)

    def refused() -> str:
        told = verb("lock", code=2)
        assert told.startswith("error: ") and text_of(project) == before
        return told

    names = ("data/customers.csv", "data/holdout.parquet", "metrics/freeze.json")
    table, held, record = (project.folder / name for name in names)
    rows = table.read_text(encoding="utf-8")
    table.write_text(rows + rows.splitlines()[-1].replace("c00699", "c00700") + "\n")
    assert "ingest: data/customers.csv" in (told := refused()) and "dvc repro freeze" in told
    table.write_text(rows, encoding="utf-8")

    kept = held.read_bytes()
    held.unlink()  # it may be a link to DVC's cache
    shutil.copy(project.folder / "data/tune.parquet", held)
    assert "data/holdout.parquet: its rows have the sha256" in refused()
    held.unlink()
    held.write_bytes(kept)

    told = record.read_text(encoding="utf-8")
    record.write_text(told.replace(carved(project), SHA256), encoding="utf-8")
    assert "freeze: metrics/freeze.json" in refused()
    record.unlink()
    assert "metrics/freeze.json names no holdout" in refused()
    record.write_text(told, encoding="utf-8")

    before = text_of(project) + "freeze: [\n"
    project.edit("params.yaml", lambda _: before)
    assert "params.yaml" in refused()


def test_without_the_file_the_record_is_locked(project: Project, verb: Callable[..., str]) -> None:
    """In a clone that has not pulled, the hash is that of the record, and the command says so."""
    (project.folder / "data/holdout.parquet").unlink()
    assert "data/holdout.parquet is not here" in verb("lock")
    assert yaml.safe_load(text_of(project))["freeze"]["locked"]["sha256"] == carved(project)


def test_somebody_has_to_sign(
    project: Project, verb: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where git knows no name, one is asked for."""
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    assert "--who NAME" in verb("lock", code=2)
    project.run("git", "config", "user.name", "Ada Lovelace")
    verb("lock")
    assert "who: Ada Lovelace" in text_of(project)


def test_nothing_else_changes_in_the_example() -> None:
    """Locked, released and locked again, the example's parameters have the bytes they had."""
    lock = yaml.safe_load(TEXT)["freeze"]["locked"]
    assert edit.put(NULL, "freeze.locked", lock) == TEXT
    freed = edit.put(NULL, "freeze.released", LOCK)
    assert yaml.safe_load(freed)["freeze"]["released"] == LOCK
    assert [line for line in freed.splitlines() if line not in NULL.splitlines()] == [
        "  released:", f"    sha256: {SHA256}", "    who: Ada", f"    why: '{LOCK['why']}'",
    ]  # fmt: skip


BLOCK = f"sha256: {SHA256}\n{{0}}who: Ada\n{{0}}why: '{LOCK['why']}'"
FOUR, EIGHT = BLOCK.format(" " * 4), BLOCK.format(" " * 8)
FLOW = f"{{sha256: {SHA256}, who: Ada, why: '{LOCK['why']}'}}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "freeze:\n  locked: null   # c\nb: 2\n",
            f"freeze:\n  locked:        # c\n    {FOUR}\nb: 2\n",
        ),
        ("freeze:\n  locked: ~", f"freeze:\n  locked:\n    {FOUR}"),
        ("freeze:\n  locked:\n\n# b\nb: 2\n", f"freeze:\n  locked:\n    {FOUR}\n\n# b\nb: 2\n"),
        (
            "freeze:\n    'locked': null\n    a: 1\n",
            f"freeze:\n    'locked':\n        {EIGHT}\n    a: 1\n",
        ),
        ("freeze: {locked: null, a: 1}  # c\n", f"freeze: {{locked: {FLOW}, a: 1}}  # c\n"),
        ("freeze: {a: 1}\n", f"freeze: {{a: 1, locked: {FLOW}}}\n"),
        ("freeze:\n  a: 1 # a\nb: 2\n", f"freeze:\n  a: 1 # a\n  locked:\n    {FOUR}\nb: 2\n"),
        (
            "freeze:\n  a: |\n    x\n\n# b\nb: 2",
            f"freeze:\n  a: |\n    x\n  locked:\n    {FOUR}\n\n# b\nb: 2",
        ),
        ("\ufefffreeze:\n  locked: null\n", f"\ufefffreeze:\n  locked:\n    {FOUR}\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_value_is_set_and_no_other_byte(before: str, after: str, newline: str) -> None:
    """Whatever the layout, comments and line ends of the rest stay, and null comes back."""
    before, after = (text.replace("\n", newline) for text in (before, after))
    assert edit.put(before, "freeze.locked", LOCK) == after
    assert yaml.safe_load(after)["freeze"]["locked"] == LOCK
    back = edit.put(after, "freeze.locked", None)
    assert yaml.safe_load(back)["freeze"]["locked"] is None
    if "locked: null" in before:
        assert back == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "freeze:\n",
        "freeze: 3\n",
        "- freeze\n",
        "freeze: {locked: null",
        "a: &a {b: 1}\nfreeze: *a\n",
        "freeze:\n  a: &a 1\n  locked: *a\n",
        "freeze:\n  locked: null\nfreeze:\n  locked: null\n",
        "freeze:\n  locked: null\n  locked: 1\n",
        "freeze:\n  locked : null\n",
        "a: 1\n---\nfreeze: {a: 1}\n",
    ],
)
def test_an_odd_layout_is_left_to_the_person(text: str) -> None:
    """What cannot be set with certainty is not set; the message says what to write."""
    message = "cannot be set from here; set it yourself:\n  locked: {sha"
    with pytest.raises(ParamsError, match=message):
        edit.put(text, "freeze.locked", LOCK)
