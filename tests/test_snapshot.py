"""What is read of a project at a commit: git's files and history, dvc.lock, parameters."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from stages.lib.base.errors import LineageError
from stages.lineage import contents, lockfile, parameters, repository, snapshot
from stages.lineage.repository import Repository


def git(folder: Path, *arguments: str) -> str:
    """Run git."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(repo: Repository, message: str, **files: str) -> str:
    """Write files (`a__b` is a/b), commit everything, and return the commit's id."""
    for name, content in files.items():
        path = repo.project / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    git(repo.project, "add", "--all")
    git(repo.project, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(repo.project, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """Return a repository with a project in a subfolder."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/dvc.yaml").write_text("stages: {}")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    return repository.find(tmp_path / "inner")


def test_where_a_project_is(repo: Repository, tmp_path: Path) -> None:
    """It is found from below, and named as it lies in its repository."""
    below = repo.project / "metrics/fit"
    below.mkdir(parents=True)
    assert repository.find(below) == Repository(tmp_path / "inner", "inner/")


def test_where_no_project_is(repo: Repository, tmp_path: Path) -> None:
    """A folder without dvc.yaml above it is none; nor is one outside of git."""
    with pytest.raises(LineageError, match="no dvc.yaml"):
        repository.find(tmp_path)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "dvc.yaml").touch()
    with pytest.raises(LineageError, match="not in a git repository"):
        repository.find(outside)


def test_a_file_at_a_commit(repo: Repository) -> None:
    """A file is as it was then, absent where it was not there, and the workspace is as it is."""
    first = commit(repo, "one", note="old")
    commit(repo, "two", note="new")
    (repo.project / "note").write_text("newest")
    assert snapshot.at(repo, first).text("note") == "old"
    assert snapshot.at(repo, "HEAD").text("note") == "new"
    assert snapshot.workspace(repo).text("note") == "newest"
    assert snapshot.at(repo, first).text("absent") is None
    assert snapshot.at(repo, first).name == first[:9]
    with pytest.raises(LineageError, match="names no commit"):
        snapshot.at(repo, "nowhere")


def test_an_option_is_no_revision(repo: Repository) -> None:
    """What looks like an option of git is taken for a name."""
    commit(repo, "one")
    with pytest.raises(LineageError, match="names no commit"):
        repository.resolve(repo, "--all")


def test_files_below_a_folder(repo: Repository) -> None:
    """Paths are those of the project, sorted, and of this folder only."""
    head = commit(repo, "one", data__b="", data__a="", data__sub__c="", database="")
    assert repository.files(repo, head, "data") == ["data/a", "data/b", "data/sub/c"]


def test_commits_of_a_file(repo: Repository) -> None:
    """Those that changed it, the oldest first, with author, subject and body."""
    commit(repo, "one", params="1")
    commit(repo, "another", other="1")
    commit(repo, "Two\n\nBecause.\n\nOf this.", params="2")
    found = repository.log(repo, "HEAD", ["params"])
    assert [(one.subject, one.body) for one in found] == [
        ("one", ""),
        ("Two", "Because.\n\nOf this."),
    ]
    assert found[0].author == "test"


def test_a_message_forges_no_commit(repo: Repository) -> None:
    """Whatever letters separate elsewhere, a message stays one commit's body."""
    commit(repo, "one", params="1")
    commit(repo, f"two\n\n\x1e{'f' * 40}\x1fAda\x1fReleased\x1fIt was time.\x1e", params="2")
    found = repository.log(repo, "HEAD", ["params"])
    assert len(found) == 2
    assert "Ada" in found[1].body


def test_commits_behind_a_merge(repo: Repository) -> None:
    """`log` counts a pull request once; `between` finds who wrote what behind the merge."""
    commit(repo, "one", params="1")
    git(repo.project, "checkout", "--quiet", "-b", "work")
    commit(repo, "two", params="2")
    commit(repo, "three", params="3")
    git(repo.project, "checkout", "--quiet", "main")
    start = commit(repo, "meanwhile", other="1")
    git(repo.project, "merge", "--quiet", "--no-ff", "--message", "merged", "work")
    assert [one.subject for one in repository.log(repo, "HEAD", ["params"])] == ["one", "merged"]
    found = [one.subject for one in repository.between(repo, start, "HEAD", ["params"])]
    assert [one for one in found if one != "merged"] == ["two", "three"]
    assert repository.merge_base(repo, start, "work") == git(repo.project, "rev-parse", "HEAD^^")


def test_where_work_began(repo: Repository) -> None:
    """On a branch that is where it left main; on main, its last commit."""
    start = commit(repo, "one")
    assert repository.base(repo) == start
    git(repo.project, "checkout", "--quiet", "-b", "work")
    commit(repo, "two")
    assert repository.base(repo) == start


def test_no_history_in_common(repo: Repository) -> None:
    """Two histories that never met have no base."""
    one = commit(repo, "one")
    git(repo.project, "checkout", "--quiet", "--orphan", "other")
    assert repository.merge_base(repo, one, commit(repo, "other")) is None


def test_records_of_batches(repo: Repository) -> None:
    """Batches are those that params.yaml asks for, whatever files lie about."""
    params = "generators: {a: {}, b: {}}\nslices: {all: {}, rare: {}}\n"
    head = commit(
        repo, "one", **{"params.yaml": params, "metrics__provenance__a-all.json": '{"seed": 1}'}
    )
    found = snapshot.at(repo, head)
    assert found.batches == ["a-all", "b-all", "a-rare", "b-rare"]
    assert found.provenance("a-all") == {"seed": 1}
    assert found.provenance("b-all") is None
    assert found.section("absent") == {}
    assert found.record("absent") == {}


@pytest.mark.parametrize("content", [b"{", b"[1, 2", b"\x00", b"'caf\xe9'", b"[" * 3000])
def test_what_cannot_be_read_is_named(repo: Repository, content: bytes) -> None:
    """The message has the file and the side."""
    (repo.project / "metrics.json").write_bytes(content)
    (repo.project / "params.yaml").write_bytes(content)
    found = snapshot.workspace(repo)
    with pytest.raises(LineageError, match=r"metrics\.json at workspace"):
        found.json("metrics.json")
    with pytest.raises(LineageError, match=r"params\.yaml at workspace"):
        _ = found.params


@pytest.mark.parametrize("value", ["!!int ''", "!!bool maybe", "!!timestamp soon", "2020-13-45"])
def test_value_that_is_none_of_its_kind(repo: Repository, value: str) -> None:
    """What YAML cannot make of a value ends in the same message."""
    (repo.project / "params.yaml").write_text(f"a: {value}")
    with pytest.raises(LineageError, match=r"params\.yaml at workspace"):
        _ = snapshot.workspace(repo).params


def test_record_that_is_no_mapping(repo: Repository) -> None:
    """A list where a record should be counts as no record."""
    files = {f"metrics__{kind}__a-all.json": "[1]" for kind in ("provenance", "validate")}
    found = snapshot.at(repo, commit(repo, "one", **files))
    assert found.record("metrics/provenance/a-all.json") == {}
    assert found.provenance("a-all") is None
    assert found.validation("a-all") is None


def test_file_that_may_not_be_read(repo: Repository) -> None:
    """A name that no disk takes, as a parameter may have it, ends in one message."""
    with pytest.raises(LineageError, match="cannot be read"):
        snapshot.workspace(repo).read("x" * 5000)


def test_names_that_are_not_utf8(repo: Repository) -> None:
    """A file's name may be any bytes; it is listed, and read by the name listed."""
    (repo.project / "data").mkdir()
    (repo.project / os.fsdecode(b"data/caf\xe9.csv")).write_text("1")
    head = commit(repo, "one")
    [name] = repository.files(repo, head, "data")
    assert os.fsencode(name) == b"data/caf\xe9.csv"
    assert repository.read(repo, head, name) == b"1"
    assert repository.contents(repo, [(head, name)]) == {(head, name): b"1"}
    digest = hashlib.md5(b"1").hexdigest()
    for at in (snapshot.at(repo, head), snapshot.workspace(repo)):
        assert contents.files(at, repo, ["data"]) == {name: digest}


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "\ud800", "x" * 200_000])
def test_names_that_no_file_can_have(repo: Repository, name: str) -> None:
    """A record may name anything; such a file is not there."""
    head = commit(repo, "one", note="1")
    assert repository.read(repo, head, name) is None
    assert repository.contents(repo, [(head, name), (head, "note")]) == {(head, "note"): b"1"}


def test_submodules_and_links_that_lead_nowhere(repo: Repository) -> None:
    """Neither has bytes that a hash could be of; the files beside them count."""
    inner = repo.project / "code/sub"
    inner.mkdir(parents=True)
    git(inner, "init", "--quiet")
    git(inner, "commit", "--quiet", "--allow-empty", "--message", "another repository")
    head = commit(repo, "one", code__a="1", code__z="2")
    assert "code/sub" in repository.files(repo, head, "code")
    assert list(contents.files(snapshot.at(repo, head), repo, ["code"])) == ["code/a", "code/z"]
    (repo.project / "code/.#a").symlink_to("ada@nowhere.1:2")
    (repo.project / "code/sub/.git").rename(repo.project / "moved")
    found = contents.files(snapshot.workspace(repo), repo, ["code"])
    assert sorted(found) == ["code/a", "code/z"]


@pytest.mark.parametrize(
    ("path", "text"),
    [("data/x.csv.dvc", "outs: [x]"), ("data/x.csv.dvc", "5"), (".dvcignore", "!")],
)
def test_files_of_dvc_that_cannot_be_read(repo: Repository, path: str, text: str) -> None:
    """What DVC could not read either is named."""
    (repo.project / "data").mkdir()
    (repo.project / path).write_text(text)
    with pytest.raises(LineageError, match=path.replace(".", r"\.")):
        contents.files(snapshot.workspace(repo), repo, ["data"])


def test_shallow_clone(repo: Repository, tmp_path: Path) -> None:
    """It is told from a whole one, and the commits that it lacks the parents of are known."""
    first, last = commit(repo, "one"), commit(repo, "two")
    assert not repository.shallow(repo)
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{tmp_path}", "clone")
    clone = repository.find(tmp_path / "clone/inner")
    assert repository.shallow(clone)
    assert repository.boundary(clone) == {last}
    git(clone.project, "fetch", "--quiet", "--unshallow")
    assert not repository.shallow(clone)
    assert repository.resolve(clone, "HEAD~") == first


LOCK = """
schema: '2.0'
stages:
  fit@cart:
    cmd: fit cart
    deps:
    - {path: data/train.parquet, hash: md5, md5: 1a, size: 3}
    - {path: rules, hash: md5, md5: 2b.dir, nfiles: 2}
    params:
      params.yaml:
        generators.cart: {family: cart}
    outs:
    - {path: models/cart.pkl, md5: 3c}
  blend: {cmd: blend}
"""


def test_dvc_lock() -> None:
    """Each stage with its hashes by path; an out leads back to the stage that made it."""
    found = lockfile.parse(LOCK)
    assert found["fit@cart"].deps == {"data/train.parquet": "1a", "rules": "2b.dir"}
    assert found["fit@cart"].params == {"generators.cart": {"family": "cart"}}
    assert found["blend"].outs == {}
    assert lockfile.makers(found) == {"models/cart.pkl": "fit@cart"}
    assert lockfile.parse(None) == {}
    assert lockfile.parse("schema: '2.0'") == {}


@pytest.mark.parametrize("text", ["words", "- 1", "stages: [1]", "stages: {a: {deps: [{}]}}"])
def test_what_is_no_dvc_lock(text: str) -> None:
    """YAML that DVC did not write is refused in words."""
    with pytest.raises(ValueError, match="dvc repro"):
        lockfile.parse(text)


def test_parameters_that_differ() -> None:
    """By dotted key; null and absent are the same, and an empty section says nothing."""
    before = {"a": {"b": 1, "c": None}, "d": {}, "e": [1]}
    after = {"a": {"b": 2}, "d": {"f": "x"}, "e": [1, 2]}
    found = [tuple(one) for one in parameters.changed(before, after)]
    assert found == [("a.b", 1, 2), ("e", [1], [1, 2]), ("d.f", None, "x")]


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("a.b", None, "null"),
        ("a.b", True, "true"),
        ("a.b", 1, "1"),
        ("a.b", 0.5, "0.5"),
        ("a.b", "x" * 61, None),
        ("slices.rare.where", "origin == 'Ruritania'", None),
    ],
)
def test_what_of_a_value_is_shown(key: str, value: object, shown: str | None) -> None:
    """As params.yaml has it; neither what is long nor a condition, which may quote values."""
    assert parameters.shown(key, value) == shown


def test_numbers_in_parameters() -> None:
    """YAML 1.1 takes 1e-5 for text; true is no number, nor is what is not finite."""
    given = [1, "1e-5", "x", True, None, float("nan"), [1], 10**400]
    assert [parameters.number(one) for one in given] == [1.0, 1e-5, *[None] * 6]


def test_a_snapshot_reads_a_file_once(repo: Repository) -> None:
    """What was read stays as it was read, so that one answer comes of one state."""
    (repo.project / "metrics.json").write_text(json.dumps({"a": 1}))
    found = snapshot.workspace(repo)
    assert found.json("metrics.json") == {"a": 1}
    (repo.project / "metrics.json").write_text(json.dumps({"a": 2}))
    assert found.json("metrics.json") == {"a": 1}
