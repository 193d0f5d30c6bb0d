"""What `check` says of the files that DVC holds, and that its commands mend them."""

import shutil
from hashlib import md5

import pytest
import stored
from conftest import Project, surroundings
from stored import FILE, FOLDER, TABLE, cached, entry, look, obey

RIGHT = ("data", True, "3 outputs read, here and in DVC's cache: as dvc.lock records.", "")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Run a small project once, and push what it made to a folder."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        project = stored.project(folder / "project")
        project.run("dvc", "remote", "add", "--quiet", "--default", "storage", "../remote")
        project.run("dvc", "remote", "modify", "storage", "verify", "true")
        project.commit("a remote")
        project.run("dvc", "push", "--quiet")
    return folder


@pytest.fixture
def project(made, tmp_path):
    """Return a copy of the project and its remote."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path / "project")


def told(project):
    """Return the one thing that is said of the data."""
    (found,) = look(project, "data")
    return found


def content(project):
    """Return what the files are that DVC holds."""
    files = [project.folder / FILE, project.folder / TABLE, *(project.folder / FOLDER).iterdir()]
    return {path.name: path.read_bytes() for path in files}


def damage(path):
    """Change a byte of a file, also of one that DVC keeps from being written."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(b"#" + path.read_bytes()[1:])
    path.chmod(mode)


def child(project):
    """Return the hash of a file in the folder."""
    return md5((project.folder / FOLDER / "two.csv").read_bytes()).hexdigest()


def test_nothing_is_wrong(project):
    """After a run all is as recorded."""
    assert told(project) == RIGHT


CHANGES = {
    "a file": lambda folder: (folder / FILE).write_text("another\n"),
    "a file in a folder": lambda folder: damage(folder / FOLDER / "two.csv"),
    "a file more": lambda folder: (folder / FOLDER / "three.csv").write_text("3\n"),
    "a file less": lambda folder: (folder / FOLDER / "two.csv").unlink(),
    "no folder": lambda folder: (shutil.rmtree(folder / FOLDER), (folder / FOLDER).write_text("")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_output_that_was_changed(project, change):
    """What is no longer as recorded is named, and comes back out of the cache."""
    before = content(project)
    CHANGES[change](project.folder)
    found = told(project)
    path = FILE if change == "a file" else FOLDER
    assert found.holds is False
    assert found.evidence.startswith(f"Not as dvc.lock records: {path}.")
    obey(project, found.answer)
    assert told(project) == RIGHT
    assert content(project) == before


def test_table_that_was_edited(project):
    """A table that a person edited is taken in, as it is."""
    project.edit(TABLE, lambda text: text + "41,south,no\n")
    before = content(project)
    found = told(project)
    assert (found.holds, found.answer) == (False, f"dvc add {TABLE}")
    obey(project, found.answer)
    assert told(project) == RIGHT
    assert content(project) == before


CACHED = {
    "damaged": lambda project: damage(cached(project, entry(project, FILE))),
    "damaged list": lambda project: damage(cached(project, entry(project, FOLDER))),
    "damaged child": lambda project: damage(cached(project, child(project))),
    "absent": lambda project: cached(project, entry(project, FILE)).unlink(),
    "absent list": lambda project: cached(project, entry(project, FOLDER)).unlink(),
    "absent child": lambda project: cached(project, child(project)).unlink(),
}


@pytest.mark.parametrize("change", CACHED)
def test_copy_in_the_cache_that_is_not_whole(project, change):
    """What is right in the working tree replaces what is damaged in the cache, or not there."""
    before = content(project)
    CACHED[change](project)
    found = told(project)
    assert found.holds is False
    said = "damaged in DVC's cache" if "damaged" in change else "not whole in DVC's cache"
    assert said in found.evidence
    obey(project, found.answer)
    assert told(project) == RIGHT
    assert content(project) == before
    assert project.run("git", "status", "--porcelain") == ""


def test_commit_alone_brings_the_damage(project):
    """Why the damaged copy is removed before: DVC would put it into the working tree."""
    before = content(project)
    damage(cached(project, entry(project, FILE)))
    project.run("dvc", "commit", "--force", FILE)
    assert content(project) != before


def poison(project, path):
    """Let DVC check out an object that is damaged: it takes both for right."""
    damage(cached(project, entry(project, path)))
    (project.folder / path).unlink()
    project.run("dvc", "checkout", "--quiet", path)
    assert project.run("dvc", "status", "--quiet") == ""


def test_damage_that_dvc_does_not_see(project):
    """What is wrong here and in the cache alike is seen, and comes from the remote."""
    before = content(project)
    poison(project, FILE)
    cached(project, entry(project, FILE)).unlink()
    project.run("dvc", "pull", FILE)
    assert content(project) != before  # though the cache has it right
    assert told(project).evidence.startswith(f"Not as dvc.lock records: {FILE}.")
    damage(cached(project, entry(project, FILE)))
    found = told(project)
    assert found.holds is False
    assert found.answer.endswith(f"&& dvc pull {FILE}")
    obey(project, found.answer)
    assert told(project) == RIGHT
    assert content(project) == before


def test_damage_without_a_remote(project):
    """Without a remote what is lost is made again."""
    before = content(project)
    project.run("dvc", "remote", "remove", "storage")
    poison(project, FILE)
    found = told(project)
    assert found.answer.endswith("&& dvc repro")
    obey(project, found.answer)
    assert told(project) == RIGHT
    assert content(project) == before


def test_table_that_is_lost(project):
    """A table that is right nowhere cannot be made again, and that is said."""
    project.run("dvc", "remote", "remove", "storage")
    damage(cached(project, md5((project.folder / TABLE).read_bytes()).hexdigest()))
    (project.folder / TABLE).write_text("another\n")
    found = told(project)
    assert (found.holds, found.answer) == (False, "")
    assert f"put {TABLE} there again from where it is" in found.evidence


def test_what_is_not_at_hand(project):
    """A clone has nothing yet and that is no failure; what the cache has is checked out."""
    (project.folder / FILE).unlink()
    found = told(project)
    assert (found.holds, found.answer) == (True, "dvc checkout")
    assert found.evidence.endswith(f"Not at hand: {FILE}.")
    obey(project, found.answer)
    assert told(project) == RIGHT
    colleague = stored.clone(project)
    found = told(colleague)
    assert (found.holds, found.answer) == (None, "dvc pull")
    obey(colleague, found.answer)
    assert told(colleague) == RIGHT


def test_paths_that_leave_the_project(project):
    """Whatever a commit names as DVC's, no command that removes it is told."""
    project.edit("data/table.csv.dvc", lambda text: text.replace("table.csv", "../../remote"))
    assert told(project).evidence.startswith("2 outputs read")
    project.edit("dvc.lock", lambda text: text.replace(entry(project, FILE), "../../../remote"))
    assert told(project).evidence.startswith("1 output read")
