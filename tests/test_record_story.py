"""A story through git, with real commits: what `review` and `check` say to each pull request."""

import json
import os
import shutil

import pandas as pd
import pytest
from conftest import Project, customers, surroundings, written

from stages.__main__ import main

pytestmark = pytest.mark.slow

LOCK = {"who": "Ada", "why": "stands for next year's customers"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Return a project on its main branch, schema approved, holdout locked, all committed."""
    project = written(
        tmp_path_factory.mktemp("base") / "project",
        generators={"naive_bayes": {"family": "naive_bayes", "seed": 1}},
        models={"logistic": {"kind": "linear"}},
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        project.run("git", "init", "--quiet", "--initial-branch", "main")
        project.run("dvc-synth", "approve", "schema", "--note", "as we keep them")
        project.commit("the project, its schema read")
        project.repro("freeze")
        project.set("freeze.locked", {"sha256": frozen(project)["sha256"], **LOCK})
        project.repro()
        project.commit("the first run, its holdout locked")
    return project.folder


@pytest.fixture
def project(base, tmp_path, monkeypatch):
    """Return a copy of it, on a branch of its own."""
    shutil.copytree(base, tmp_path / "project", symlinks=True)
    project = Project(tmp_path / "project")
    project.run("git", "checkout", "--quiet", "-b", "change")
    monkeypatch.chdir(project.folder)
    return project


def frozen(project):
    """Return what is recorded of the holdout."""
    told = json.loads((project.folder / "metrics/freeze.json").read_text())
    return told["slices"]["holdout"]


def ran(project, *arguments, **environment):
    """Run `dvc repro` and return the stages that ran, each batch by itself."""
    told = project.run("dvc", "repro", *arguments, **environment)
    return [line.split("'")[1] for line in told.splitlines() if line.startswith("Running")]


def review(capsys, *revisions):
    """Return the exit code of `dvc-synth review`, its JSON, and the findings that fail by kind."""
    code = main(["review", *(revisions or ("main", "HEAD")), "--json"])
    told = json.loads(capsys.readouterr().out)
    failing = {one["kind"]: one for one in told["findings"] if one["fails"]}
    assert code == bool(failing) == told["attention"]
    return code, told, failing


def comment(capsys):
    """Return the comment on the pull request."""
    main(["review", "main", "HEAD"])
    return capsys.readouterr().out


def check(capsys):
    """Return the exit code of `dvc-synth check`, and its triggers by name."""
    code = main(["check", "--json"])
    told = json.loads(capsys.readouterr().out)
    return code, {one["name"]: one for one in told["triggers"]}


def fired(found):
    """Return the names of the triggers that fired."""
    return [name for name, one in found.items() if one["fired"]]


def test_clean_run(project, capsys):
    """After a run nothing is to be said, of the branch, the working tree, or the triggers."""
    for revisions in (("main", "HEAD"), ("main",), ()):
        code, told, _ = review(capsys, *revisions)
        assert (code, told["findings"], told["stale"]) == (0, [], {})
    assert told["holdout"]["what"] == "same"
    code, found = check(capsys)
    assert (code, fired(found)) == (0, [])


def test_new_batch(project, capsys):
    """Another generator: only its stages run and what follows, and the review names its batch."""
    project.set("generators.trees", {"family": "cart", "seed": 2})
    project.commit("ask for another generator")
    code, told, failing = review(capsys)
    assert (code, list(failing)) == (1, ["stale"])
    assert "generate@trees-everything" in told["stale"]
    code, found = check(capsys)
    assert (code, fired(found)) == (1, ["sweep"])
    assert found["sweep"]["answer"] == "dvc repro"

    again = ran(project)
    assert [name for name in again if "@" in name] == [
        "fit@trees",
        "preview@trees-everything",
        "generate@trees-everything",
        "validate@trees-everything",
    ]
    assert {name for name in again if "@" not in name} <= {"admit", "sweep", "blend", "handoff"}
    project.commit("another generator")
    code, told, failing = review(capsys)
    assert (code, failing, told["stale"]) == (0, {}, {})
    assert told["generators"]["appeared"] == ["trees"]
    assert [(one["batch"], one["what"]) for one in told["batches"]] == [
        ("trees-everything", "appeared")
    ]
    assert "trees-everything" in comment(capsys)
    code, found = check(capsys)
    assert (code, fired(found)) == (0, [])


def test_edited_holdout(project, capsys):
    """Another holdout under a lock that was replaced, not released, stops the pull request."""
    before = frozen(project)["sha256"]
    project.set("freeze.seed", 6)
    project.set("freeze.locked.sha256", "b" * 64)
    project.commit("a friendlier holdout")
    code, told, failing = review(capsys)
    assert code == 1
    assert told["holdout"]["what"] == "broken"
    assert (told["holdout"]["before"]["lock"], told["holdout"]["after"]["lock"]) == (
        before, "b" * 64,
    )  # fmt: skip
    assert "without a release" in failing["holdout"]["text"]
    assert "freeze" in told["stale"]
    said = comment(capsys)
    assert "a friendlier holdout" in said
    assert "test" in said  # who wrote the commit
    assert "error" in project.run("dvc", "repro", "freeze", check=False)


def test_released_holdout(project, capsys):
    """A lock that is first released, in a commit that says why, is told and does not fail."""
    project.set("freeze.locked", None)
    project.commit("release the holdout: its rows are two years old")
    project.set("freeze.locked", {"sha256": "b" * 64, **LOCK})
    project.commit("lock the new one")
    _, told, failing = review(capsys)
    assert told["holdout"]["what"] == "unlocked"
    assert "holdout" not in failing
    assert "its rows are two years old" in comment(capsys)


def test_weakened_gate(project, capsys):
    """A threshold that lets through more is named with what it was and is."""
    project.set("gates.privacy", {"membership": 0.9})
    project.commit("a small fix")
    code, told, failing = review(capsys)
    assert code == 1
    assert failing["gate"]["names"] == [
        f"gates.privacy.membership: {told['weakened'][0]['before']} → 0.9"
    ]
    assert set(told["stale"]) == {"validate@naive_bayes-everything"}
    assert "gates.privacy.membership" in comment(capsys)
    code, found = check(capsys)
    assert (code, fired(found)) == (1, ["sweep"])


def test_upgraded_package(project, capsys, tmp_path, monkeypatch):
    """A package of another version asks for a run; the review says that it is the cause."""
    told = tmp_path / "site" / "scipy-9.9.9.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: scipy\nVersion: 9.9.9\n")
    monkeypatch.syspath_prepend(str(told.parent))
    code, found = check(capsys)
    assert (code, fired(found)) == (1, ["packages"])
    assert "scipy" in found["packages"]["evidence"]
    assert "9.9.9" in found["packages"]["evidence"]
    assert review(capsys)[0] == 0  # nothing was made with it yet

    path = os.pathsep.join([str(told.parent), os.environ.get("PYTHONPATH", "")])
    answer, _, rest = found["packages"]["answer"].partition(" && ")
    project.run(*answer.split(), PYTHONPATH=path)
    project.run(*rest.split(), PYTHONPATH=path)
    project.commit("scipy 9.9.9")
    code, told, failing = review(capsys)
    assert (code, failing, told["stale"]) == (0, {}, {})
    causes = {
        one["batch"]: [(cause["kind"], cause["what"]) for cause in one["causes"]]
        for one in told["batches"]
    }
    assert causes == {"naive_bayes-everything": [("package", "scipy")]}
    assert "scipy" in comment(capsys)
    code, found = check(capsys)
    assert (code, fired(found)) == (0, [])


def test_new_data(project, capsys):
    """Rows that were added ask for a run; after it the review counts them; the holdout stays."""
    more = customers(200, seed=1)
    more["id"] = [f"d{number:05d}" for number in range(len(more))]
    pd.concat([customers(), more]).to_csv(project.folder / "data/customers.csv", index=False)
    project.commit("this year's customers")
    code, found = check(capsys)
    assert (code, fired(found)) == (1, ["growth", "sweep"])
    assert "900 rows and had 700" in found["growth"]["evidence"]
    assert "ingest" in review(capsys)[1]["stale"]

    holdout = frozen(project)
    project.repro()
    project.commit("run with this year's customers")
    assert frozen(project) == holdout
    code, told, failing = review(capsys)
    assert (code, failing, told["stale"]) == (0, {}, {})
    assert told["holdout"]["what"] == "same"
    assert told["table"]["rows"]["added"] == 200
    assert told["table"]["rows"]["removed"] == 0
    kinds = {cause["kind"] for one in told["batches"] for cause in one["causes"]}
    assert "data" in kinds
    assert "200" in comment(capsys)
    code, found = check(capsys)
    assert (code, fired(found)) == (0, [])
