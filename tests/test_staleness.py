"""Which stages are to run again, on a small pipeline that DVC ran, against what DVC says."""

import shutil

import pytest
import yaml
from conftest import Project, surroundings

from stages.lib.base.errors import LineageError
from stages.lineage import repository, snapshot
from stages.lineage.staleness import stale

RUN = """
import pathlib, sys

for out in map(pathlib.Path, sys.argv[1:]):
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(out.name)
"""

PIPELINE = {
    "ingest": {
        "cmd": "python run.py data/real.txt metrics/ingest.json",
        "deps": ["${data.path}", "data/schema.yaml", "stages/ingest.py"],
        "params": ["data.path", "ingest"],
        "outs": ["data/real.txt"],
        "metrics": [{"metrics/ingest.json": {"cache": False}}],
    },
    "fit": {
        "foreach": "${generators}",
        "do": {
            "cmd": "python run.py models/${key}.pkl",
            "deps": ["data/real.txt", "stages/lib", "stages/${item.family}.py"],
            "params": ["generators.${key}"],
            "outs": ["models/${key}.pkl"],
        },
    },
    "generate": {
        "matrix": {"generator": "${generators}", "slice": "${slices}"},
        "cmd": "python run.py data/synthetic/${key}.txt metrics/made/${key}.json",
        "deps": ["models/${item.generator}.pkl"],
        "params": ["slices.${item.slice}"],
        "outs": ["data/synthetic/${key}.txt"],
        "metrics": [{"metrics/made/${key}.json": {"cache": False}}],
    },
    "sweep": {
        "cmd": "python run.py metrics/sweep.json",
        "deps": ["data/synthetic", "external", "metrics/made", "stages/sweep.py"],
        "params": ["sweep"],
        "metrics": [{"metrics/sweep.json": {"cache": False}}],
    },
    "monitor": {
        "cmd": "python run.py metrics/drift.json",
        "deps": ["${monitor.incoming}"],
        "metrics": [{"metrics/drift.json": {"cache": False}}],
    },
}

PARAMS = {
    "data": {"path": "data/table.csv"},
    "ingest": {"drop": True, "missing": "no", "at": "1:30"},
    "generators": {"cart": {"family": "cart", "delta": 1.0e-5}, "copy": {"family": "cart"}},
    "slices": {"all": {"rows": 5}, "rare": {"rows": 5, "where": {"town": "yes"}}},
    "sweep": {"seeds": 2, "models": None},
    "monitor": {"incoming": "data/incoming"},
}

FILES = {
    "run.py": RUN,
    ".gitignore": "/data/*\n!/data/schema.yaml\n!/data/incoming/\n/models/\n__pycache__/\n",
    ".dvcignore": "__pycache__/\n.gitignore\n!/data/incoming/.gitignore\n",
    "data/table.csv": "a,b\n1,2\n",
    "data/schema.yaml": "columns: {}\n",
    "data/incoming/.gitignore": "*\n!.gitignore\n",
    "external/README.md": "rows of other tools\n",
    "external/rows.csv": "a,b\n3,4\n",
    "stages/ingest.py": "1\n",
    "stages/cart.py": "1\n",
    "stages/sweep.py": "1\n",
    "stages/lib/table.py": "1\n",
    "stages/lib/parts/leaves.py": "1\n",
    "stages/lib/__pycache__/table.pyc": "1\n",
    "dvc.yaml": yaml.safe_dump({"stages": PIPELINE}, sort_keys=False),
    "params.yaml": yaml.safe_dump(PARAMS, sort_keys=False),
}

FITS = ["fit@cart", "fit@copy"]
MADE = [f"generate@{name}-{part}" for name in ("cart", "copy") for part in ("all", "rare")]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return the folder of a project that DVC has run, in a folder of its repository."""
    top = tmp_path_factory.mktemp("repository")
    project = Project(top / "inside")
    for path, text in FILES.items():
        (project.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (project.folder / path).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        project.run("git", "init", "--quiet", "--initial-branch", "main", str(top))
        project.run("dvc", "init", "--quiet", "--subdir")
        project.run("dvc", "add", "--quiet", "external/rows.csv")
        project.repro()
        project.commit()
    return top


@pytest.fixture
def project(ran, tmp_path):
    """Return a copy of it."""
    shutil.copytree(ran, tmp_path / "repository")
    return Project(tmp_path / "repository" / "inside")


def found(project, revision=None):
    """Return the causes by stage, as pairs, at a commit or in the working tree."""
    repo = repository.find(project.folder)
    at = snapshot.at(repo, revision) if revision else snapshot.workspace(repo)
    told = stale(at, repo)
    return {name: [(cause.kind, cause.what) for cause in causes] for name, causes in told.items()}


def told(project):
    """Return what is told of each cause in the working tree."""
    repo = repository.find(project.folder)
    causes = [cause for every in stale(snapshot.workspace(repo), repo).values() for cause in every]
    return {cause.what: cause.told for cause in causes}


def by_dvc(project):
    """Return the stages that DVC says have changed."""
    from dvc.repo import Repo

    with Repo(str(project.folder)) as repo:
        return {name.rpartition(":")[2] for name in repo.status()}


def test_what_ran_is_not_stale(project, tmp_path):
    """Nothing is stale after a run: in the working tree, at the commit, in a clone without data."""
    assert found(project) == {}
    assert found(project, "HEAD") == {}
    project.run("git", "clone", "--quiet", str(project.folder.parent), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone" / "inside")
    assert not (clone.folder / "data/real.txt").exists()
    assert found(clone) == {}


def replace(path, old, new):
    """Return an edit of a file."""
    return lambda project: project.edit(path, lambda text: text.replace(old, new, 1))


def write(path, text="x"):
    """Return an edit that writes a file."""
    return lambda project: (project.folder / path).write_text(text)


def remove(path):
    """Return an edit that removes a file."""
    return lambda project: (project.folder / path).unlink()


def put(key, value):
    """Return an edit of params.yaml."""
    return lambda project: project.set(key, value)


EDITS = {
    "code": (
        write("stages/ingest.py"),
        {"ingest": [("code", "stages/ingest.py")]},
    ),
    "code of a folder": (
        write("stages/lib/parts/leaves.py"),
        {name: [("code", "stages/lib")] for name in FITS},
    ),
    "a new file in a folder": (
        write("stages/lib/parts/new.py"),
        {name: [("code", "stages/lib")] for name in FITS},
    ),
    "code that is gone": (
        remove("stages/sweep.py"),
        {"sweep": [("code", "stages/sweep.py")]},
    ),
    "the schema": (
        write("data/schema.yaml"),
        {"ingest": [("schema", "data/schema.yaml")]},
    ),
    "one parameter of a section": (
        put("sweep.seeds", 3),
        {"sweep": [("parameter", "sweep.seeds")]},
    ),
    "a parameter that is gone": (
        put("ingest", {"missing": "no", "at": "1:30"}),
        {"ingest": [("parameter", "ingest.drop")]},
    ),
    "a family": (
        put("generators.copy.family", "sweep"),
        {"fit@copy": [("code", "stages/sweep.py"), ("parameter", "generators.copy.family")]},
    ),
    "a new generator": (
        put("generators.fresh", {"family": "cart"}),
        {
            name: [("missing", "dvc.lock")]
            for name in ("fit@fresh", "generate@fresh-all", "generate@fresh-rare")
        },
    ),
    "a slice that is gone": (
        put("slices", {"all": {"rows": 5}}),
        {},
    ),
    "a metric edited by hand": (
        write("metrics/made/cart-all.json"),
        {
            "generate@cart-all": [("output", "metrics/made/cart-all.json")],
            "sweep": [("data", "metrics/made")],
        },
    ),
    "rows of another tool": (
        write("external/more.csv"),
        {"sweep": [("data", "external")]},
    ),
    "a command": (
        replace("dvc.yaml", "run.py metrics/sweep.json", "./run.py metrics/sweep.json"),
        {"sweep": [("code", "dvc.yaml")]},
    ),
    "a dep that is new": (
        replace("dvc.yaml", "    - stages/sweep.py\n", "    - stages/sweep.py\n    - run.py\n"),
        {"sweep": [("code", "run.py")]},
    ),
    "a dep that is gone": (
        replace("dvc.yaml", "    - stages/sweep.py\n", ""),
        {},
    ),
    "a parameter that is read now": (
        replace("dvc.yaml", "    - sweep\n", "    - sweep\n    - ingest.drop\n"),
        {"sweep": [("parameter", "ingest.drop")]},
    ),
    "an output that is new": (
        replace(
            "dvc.yaml",
            "    - data/real.txt\n    metrics",
            "    - data/real.txt\n    - data/more.txt\n    metrics",
        ),
        {"ingest": [("output", "data/more.txt")]},
    ),
    "what no stage reads": (
        write("run.py", RUN + "\n"),
        {},
    ),
    "what .dvcignore names": (
        write("stages/lib/__pycache__/table.pyc"),
        {},
    ),
    "the same number written otherwise": (
        replace("params.yaml", "delta: 1.0e-05", "delta: 1e-5"),
        {},
    ),
    "the same text without its quotes": (
        replace("params.yaml", "'1:30'", "1:30"),
        {},
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_edit_makes_stale_what_dvc_says(project, name):
    """Each edit makes the stages stale that DVC names, committed or not, and says why."""
    edit, expected = EDITS[name]
    edit(project)
    assert found(project) == expected
    assert by_dvc(project) == set(expected)
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--allow-empty", "--message", name)
    assert found(project, "HEAD") == expected
    assert list(found(project, "HEAD~1")) == []


def test_outputs_of_a_stage_that_ran_alone(project):
    """What DVC holds is compared by what its maker and its readers recorded."""
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text())
    lock["stages"]["ingest"]["outs"][0]["md5"] = "0" * 32
    lock["stages"]["generate@cart-all"]["outs"][0]["md5"] = "1" * 32
    (project.folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    assert found(project) == {
        **{name: [("data", "data/real.txt")] for name in FITS},
        "sweep": [("data", "data/synthetic")],
    }


def test_stage_that_is_not_asked_for_is_not_stale(project):
    """The rows of a generator that is gone lie about, and nothing is stale for that."""
    project.set("generators", {"cart": PARAMS["generators"]["cart"]})
    assert found(project) == {}
    for path in ("data/synthetic/copy-all.txt", "data/synthetic/copy-rare.txt"):
        (project.folder / path).unlink()
    assert by_dvc(project) == {"sweep"}  # which a clone would run again too
    project.run("git", "rm", "-q", "metrics/made/copy-all.json", "metrics/made/copy-rare.json")
    assert found(project) == {"sweep": [("data", "metrics/made")]}


def test_table_that_git_does_not_hold(project):
    """The real table is read where it lies; where it does not, nothing is said of it."""
    (project.folder / "data/table.csv").write_text("a,b\n1,3\n")
    assert found(project) == {"ingest": [("data", "data/table.csv")]}
    assert found(project, "HEAD") == {}
    (project.folder / "data/table.csv").unlink()
    assert found(project) == {}


def test_incoming_rows_make_monitor_stale(project):
    """Rows that arrive are no part of a commit; where none lie, those of another clone may."""
    (project.folder / "data/incoming/rows.csv").write_text("a,b\n1,3\n")
    assert found(project) == {"monitor": [("data", "data/incoming")]}
    project.repro("monitor")
    assert found(project) == {}
    project.commit()
    (project.folder / "data/incoming/rows.csv").unlink()
    assert found(project) == found(project, "HEAD") == {}


def test_pointer_stands_for_what_it_names(project):
    """A file that `dvc add` tracks counts with the hash in its pointer where it is not at hand."""
    (project.folder / "external/rows.csv").unlink()
    assert found(project) == {}
    pointer = yaml.safe_load((project.folder / "external/rows.csv.dvc").read_text())
    pointer["outs"][0]["md5"] = "0" * 32
    (project.folder / "external/rows.csv.dvc").write_text(yaml.safe_dump(pointer))
    project.commit()
    assert found(project, "HEAD") == {"sweep": [("data", "external")]}


def test_values_are_told_but_for_conditions(project):
    """A short value is told as it was and is; a condition may quote a sensitive column."""
    project.set("sweep.seeds", 3)
    project.set("generators.cart.delta", 0.1)
    project.set("slices.rare", {"rows": 6, "where": "town == 'Ruritania'"})
    said = told(project)
    assert said["sweep.seeds"] == "2 → 3"
    assert said["generators.cart.delta"] == "1e-05 → 0.1"
    assert said["slices.rare.rows"] == "5 → 6"
    assert "Ruritania" not in str(said)


def test_stages_are_in_the_pipelines_order(project):
    """A reader sees what comes first, first."""
    project.set("sweep.seeds", 3)
    project.set("slices.all.rows", 6)
    (project.folder / "stages/ingest.py").unlink()
    assert list(found(project)) == ["ingest", MADE[0], MADE[2], "sweep"]


@pytest.mark.parametrize("text", ["=", "<<", "2020-13-45", "0b_", "1" * 5000])
def test_texts_that_yaml_cannot_read_without_quotes(project, text):
    """Such a parameter is a text, the same as recorded, and another where it is edited."""
    project.set("sweep.models", [text])
    assert found(project) == {"sweep": [("parameter", "sweep.models")]}
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text())
    lock["stages"]["sweep"]["params"]["params.yaml"]["sweep"]["models"] = [text]
    (project.folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    assert found(project) == {}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("dvc.yaml", "stages: {a: {cmd: x, deps: [{}]}}"),
        ("dvc.yaml", "stages: {a: {cmd: '${nowhere}'}}"),
        ("dvc.yaml", "stages: ["),
        ("dvc.yaml", ""),
        ("dvc.yaml", "stages: {a: 5}"),
        ("params.yaml", "generators: ["),
        ("params.yaml", "generators: 5"),
        ("dvc.lock", "stages: 5"),
    ],
)
def test_files_that_cannot_be_read(project, path, text):
    """A file that DVC could not read either ends in one message that names it."""
    (project.folder / path).write_text(text)
    with pytest.raises(LineageError, match=path.replace(".", r"\.")):
        found(project)


def test_before_the_first_run(project):
    """Where there is no dvc.lock, every stage is missing from it."""
    (project.folder / "dvc.lock").unlink()
    expected = ["ingest", *FITS, *MADE, "sweep", "monitor"]
    assert found(project) == {name: [("missing", "dvc.lock")] for name in expected}
