"""What tests share: a home of their own, and a small project that has run once."""

from stages.lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
COPIED = (
    "stages",
    "dvc.yaml",
    "NOTES.md",
    ".dvcignore",
    ".gitattributes",
    ".gitignore",
    ".dvc/config",
    ".dvc/plots",
    ".dvc/plots.html",
)
COPIED += ("data/incoming/.gitignore", "external", "reviews/README.md", "rules")

SCHEMA = {
    "columns": {
        "id": {"kind": "text", "role": "id"},
        "age": {"kind": "integer", "min": 18, "max": 90},
        "hours": {"kind": "number"},
        "town": {"kind": "category", "categories": ["north", "south", "west"]},
        "origin": {"kind": "category", "sensitive": True},
        "bought": {"kind": "category", "role": "target"},
    }
}

PARAMS = {
    "data": {"path": "data/customers.csv"},
    "freeze": {"train": 120, "tune": 150, "holdout": 250, "seed": 5, "locked": None},
    "models": {
        "boosting": {"kind": "hist_gradient_boosting", "max_iter": 20},
        "logistic": {"kind": "linear"},
    },
    "generators": {
        "naive_bayes": {"family": "naive_bayes", "seed": 1},
        "cart": {"family": "cart", "seed": 1},
    },
    "slices": {"everything": {"purpose": "more of the same", "rows": 700}},
    "sweep": {
        "ratios": [0, 0.5, 0.8],
        "shares": [0.4, 0.5],
        "seeds": 2,
        "models": None,
        "refine": False,
        "per_slice": False,
        "regions": "slices",
    },
}

# Files of minutes go first, so that no process is left with one of them when the others are done;
# and of the first two one needs no finished project, which the other's process makes meanwhile.
LONGEST = (
    "test_pipeline.py",
    "test_sensitivity.py",
    "test_collapse.py",
    "test_sweeping.py",
    "test_record_story.py",
    "test_docs.py",
    "test_killed.py",
    "test_worlds.py",
    "test_drift.py",
    "test_shadow.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, and leave the others in their order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a home of its own, without the machine's git configuration."""
    for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
        monkeypatch.setenv(name, value)


def surroundings(folder: Path) -> dict[str, str]:
    """Return the environment variables that keep git and DVC inside `folder`, and fits here.

    Tests are small and run side by side: a process more imports for longer than it then fits.
    """
    roles = ("AUTHOR", "COMMITTER")
    return {
        **{f"GIT_{role}_NAME": "test" for role in roles},
        **{f"GIT_{role}_EMAIL": "test@example.org" for role in roles},
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / "site"),
        "LOKY_MAX_CPU_COUNT": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def customers(rows: int = 700, *, seed: int = 0) -> pd.DataFrame:
    """Return a small table of mixed columns whose label depends on age, hours and town."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 91, rows)
    hours = np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(3, 4, rows).round(2))
    town = rng.choice(["north", "south", "west"], rows, p=[0.5, 0.3, 0.2])
    score = (age - 50) / 15 + np.nan_to_num(hours, nan=12) / 8 - 2 * (town == "west")
    return pd.DataFrame(
        {
            "id": [f"c{number:05d}" for number in range(rows)],
            "age": age,
            "hours": hours,
            "town": town,
            "origin": rng.choice(["Ruritania", "Syldavia", "Borduria"], rows),
            "bought": np.where(score + rng.logistic(0, 1, rows) > 1, "yes", "no"),
        }
    )


class Project:
    """A repository of a user: the pipeline, a table, and git."""

    def __init__(self, folder: Path) -> None:
        """Take the project in `folder`."""
        self.folder = folder

    def run(self, *command: str, check: bool = True, **environment: str) -> str:
        """Run a command in the project and return all that it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        assert check or done.returncode != 0, f"should have failed:\n{done.stdout}"
        return done.stdout

    def repro(self, *arguments: str, check: bool = True, **environment: str) -> list[str]:
        """Run `dvc repro` and return the stages that ran, batches folded into one name."""
        told = self.run("dvc", "repro", *arguments, check=check, **environment)
        ran = [line.split("'")[1] for line in told.splitlines() if line.startswith("Running")]
        return list(dict.fromkeys(name.split("@")[0] for name in ran))

    def stale(self) -> list[str]:
        """Return the stages that `dvc status` names, batches folded into one name."""
        told = self.run("dvc", "status")
        names = [line.rstrip(":") for line in told.splitlines() if line and line[0] not in "\t "]
        return list(dict.fromkeys(name.split("@")[0] for name in names if " " not in name))

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Change a text file."""
        file = self.folder / path
        before = file.read_text(encoding="utf-8")
        after = change(before)
        assert after != before, f"{path} did not change"
        file.write_text(after, encoding="utf-8")

    def set(self, key: str, value: object) -> None:
        """Set a dotted key of params.yaml."""
        file = self.folder / "params.yaml"
        params = yaml.safe_load(file.read_text(encoding="utf-8"))
        *parents, last = key.split(".")
        section = params
        for part in parents:
            section = section[part]
        section[last] = value
        file.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")

    def commit(self, message: str = "a commit") -> None:
        """Commit everything."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)


def written(folder: Path, **params: object) -> Project:
    """Write the pipeline, a small table and its parameters into a new folder; nothing has run."""
    project = Project(folder)
    for path in COPIED:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, target)
    customers().to_csv(folder / "data/customers.csv", index=False)
    (folder / "data/schema.yaml").write_text(yaml.safe_dump(SCHEMA, sort_keys=False))
    project.edit(".gitignore", lambda text: text + "!/data/customers.csv\n")
    example = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    told = yaml.safe_dump({**example, **PARAMS, **params}, sort_keys=False)
    (folder / "params.yaml").write_text(told)
    return project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the whole pipeline once on a small table, where SDV and torch cannot be imported.

    Once for all of pytest's processes: the first that asks runs it, and the others wait for it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "finished"
    with FileLock(shared / "finished.lock"):
        if not folder.exists():
            project = written(tmp_path_factory.mktemp("unfinished") / "project")
            _run_whole(project, tmp_path_factory)
            project.folder.rename(folder)
    return folder


def _run_whole(project: Project, folders: pytest.TempPathFactory) -> None:
    blocked = folders.mktemp("blocked")
    for package in ("sdv", "torch"):
        (blocked / f"{package}.py").write_text("raise SystemExit('imported ' + __name__)")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(folders.mktemp("home")).items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", str(blocked))
        project.run("git", "init", "--quiet", "--initial-branch", "main")
        project.commit("the project")
        project.repro()
        project.commit("the first run")


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Project:
    """Return a copy of the finished project, with DVC's cache."""
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
