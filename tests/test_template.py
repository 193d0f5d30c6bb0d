"""What a new project gets, and that an installed package has the same of it as a clone."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, surroundings

from stages.scaffold import sums, template

_LIST = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from dvc_synth.scaffold import sums, template
assert template.__file__.startswith(sys.argv[1])
sums.installed = lambda: sys.argv[2]  # of an unpacked wheel nobody knows the version
told = [template.files(), template.code(), template.example()]
print(json.dumps([{path: sums.digest(found[path]) for path in found} for found in told]))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from what git holds, by way of a source distribution, and unpack it."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "source").mkdir()
    for path in _held():
        (folder / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / "source" / path)
    environment = surroundings(tmp_path_factory.mktemp("home"))
    _build("sdist", folder / "source", folder, environment)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "again", filter="data")
    (source,) = (folder / "again").iterdir()
    _build("wheel", source, folder, environment)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "wheel")
    return folder / "wheel"


def _held() -> list[str]:
    """Return the files of this repository that git does not ignore."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [path for path in told.split("\0") if path and (ROOT / path).is_file()]


def _build(what: str, source: Path, target: Path, environment: dict[str, str]) -> None:
    """Build as pip does, with the setuptools that is here."""
    script = f"from setuptools.build_meta import build_{what} as build; build({str(target)!r})"
    subprocess.run(
        [sys.executable, "-c", script], cwd=source, env=environment, capture_output=True, check=True
    )


def test_a_wheel_has_what_a_clone_has(built: Path, tmp_path: Path) -> None:
    """A project gets the same bytes from an installed package as from a clone."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", _LIST, str(built), sums.installed()],  # the folder stays as is
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [template.files(), template.code(), template.example()]
    here = [{path: sums.digest(content) for path, content in one.items()} for one in found]
    assert yaml.safe_load(done.stdout) == here


def test_a_wheel_has_nothing_else(built: Path) -> None:
    """Beside the package a wheel carries what a project may get: no test, no result, no record."""
    inside = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    assert {path.split("/")[0] for path in inside} == {
        "dvc_synth", *(path.split("/")[0] for path in inside if ".dist-info/" in path),
    }  # fmt: skip
    carried = "dvc_synth/scaffold/root/"
    named = {*template.files(), *template.example()}
    own = {path for path in named if not path.startswith("stages/")}
    assert {path.removeprefix(carried) for path in inside if path.startswith(carried)} == own
    modules = {path for path in _held() if path.startswith("stages/")}
    assert {path for path in inside if path.startswith("dvc_synth/") and carried not in path} == {
        path.replace("stages/", "dvc_synth/", 1) for path in modules
    }


def test_a_project_has_what_its_pipeline_asks_for() -> None:
    """Every file of code that dvc.yaml depends on comes with the project."""
    files = template.files()
    pipeline = yaml.safe_load(files["dvc.yaml"])
    families = yaml.safe_load(template.text("params.yaml"))["generators"].values()
    for stage in pipeline["stages"].values():
        for path in stage.get("do", stage)["deps"]:
            for family in families:
                path = path.replace("${item.family}", family["family"])
            if path.startswith(("stages/", "rules", "external", "reviews")):
                assert any(f"{name}/".startswith(f"{path}/") for name in files), path
    for stage in map(lambda one: one.get("do", one)["cmd"].split()[2], pipeline["stages"].values()):
        assert f"{stage.replace('.', '/')}.py" in files


def test_a_project_has_nothing_of_ours() -> None:
    """The command, its tools, and the example's own words and rows stay here."""
    files = template.files()
    assert not any("/commands/" in path or "/lineage/" in path for path in files)
    assert not any("__pycache__" in path or path.endswith(".pyc") for path in files)
    assert files["NOTES.md"].endswith(b"\n---\n") and b"census" not in files["NOTES.md"]
    assert b"adult" not in files[".gitignore"] and b"egg-info" not in files[".gitignore"]
    assert "params.yaml" not in files and "data/schema.yaml" not in files
    pages = [content for path, content in files.items() if path.endswith(".md")]
    assert pages and not any(b"](../" in page for page in pages)  # a project has no docs/
    assert not {*template.example()} - {"NOTES.md", ".gitignore"} & {*files}


def test_git_ignores_rows_and_keeps_records(tmp_path: Path) -> None:
    """Tables and models are DVC's; the schema, pointers and records are git's."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_bytes(template.files()[".gitignore"])
    paths = {
        "data/customers.csv": True, "data/synthetic/a-b.parquet": True, "models/a.pkl": True,
        "data/incoming/new.csv": False, "report.html": True, "stages/__pycache__/x.pyc": True,
        "data/customers.csv.dvc": False, "data/schema.yaml": False, "metrics/a.json": False,
        "ledger/1.json": False, "reviews/a-b.yaml": False, "data/incoming/.gitignore": False,
    }  # fmt: skip
    done = subprocess.run(
        ["git", "check-ignore", *paths], cwd=tmp_path, capture_output=True, text=True
    )
    assert {path: path in done.stdout.splitlines() for path in paths} == paths


def test_a_list_of_what_came_can_be_read_again() -> None:
    """The list names every file that an upgrade brings, and the version; a conflict spoils none."""
    code = template.code()
    listed = code.pop(sums.PATH)
    read = sums.read(listed)
    assert read.version == sums.installed()
    assert read.files == {path: sums.digest(content) for path, content in code.items()}
    assert sums.read(b"<<<<<<< HEAD\n" + listed).files == read.files
    assert sums.read(b"\xff\x00") == (None, {})
