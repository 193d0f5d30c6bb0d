"""Wrong states of a repository and of its disk, as stages and the command meet them."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from conftest import ROOT

from catalogue.case import TABLE, Case, ran, set_params

MERGE = "<<<<<<< HEAD\n=======\n>>>>>>> other\n"


def after(*stages: str, then: Callable[[Path], object] = lambda folder: None) -> Callable:
    """Return what runs stages, and then spoils something."""

    def make(folder: Path) -> None:
        ran(folder, *stages)
        then(folder)

    return make


def git(*commands: str) -> Callable[[Path], None]:
    """Return what runs commands of git."""

    def make(folder: Path) -> None:
        for command in commands:
            subprocess.run(["git", *command.split()], cwd=folder, check=True, capture_output=True)

    return make


def repository(folder: Path) -> None:
    """Commit the small project."""
    git("init -q -b main", "add --all", "commit -q -m all")(folder)


def detached(folder: Path) -> None:
    """Leave every branch."""
    repository(folder)
    git("checkout -q --detach")(folder)


def dirty(folder: Path) -> None:
    """Change the table and commit nothing."""
    repository(folder)
    (folder / TABLE).write_text((folder / TABLE).read_text() + "60,north,yes\n")


def folder_at(path: str) -> Callable[[Path], None]:
    """Return what puts a folder where a file belongs."""
    return lambda folder: (folder / path).mkdir(parents=True)


def file_at(path: str, content: str | bytes = "x") -> Callable[[Path], object]:
    """Return what puts a file where a folder belongs, or another file."""
    whole = content.encode() if isinstance(content, str) else content

    def make(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(whole)

    return make


def cut(path: str) -> Callable[[Path], object]:
    """Return what cuts a file in half."""

    def make(folder: Path) -> None:
        whole = (folder / path).read_bytes()
        (folder / path).write_bytes(whole[: len(whole) // 2])

    return make


def gone(path: str) -> Callable[[Path], object]:
    """Return what takes a file away."""
    return lambda folder: (folder / path).unlink()


def fitted(folder: Path) -> None:
    """Assert that a generator was fitted."""
    assert (folder / "models/naive_bayes.pkl").is_file()
    assert (folder / "metrics/fit/naive_bayes.json").is_file()


def ingested(folder: Path) -> None:
    """Assert that the table was read, and that nothing half-written is left."""
    assert (folder / "data/real.parquet").is_file()
    assert not list(folder.rglob("*.partial"))


def project(then: Callable[[Path], object] = lambda folder: None) -> Callable[[Path], None]:
    """Return what makes the small project one that the command knows, spoils it and commits."""

    def make(folder: Path) -> None:
        shutil.copy(ROOT / "dvc.yaml", folder)
        then(folder)
        repository(folder)

    return make


def without_git(folder: Path) -> None:
    """Leave the project outside of any repository."""
    shutil.copy(ROOT / "dvc.yaml", folder)


def without_commit(folder: Path) -> None:
    """Begin a repository, and commit nothing."""
    without_git(folder)
    git("init -q")(folder)


def broken_git(folder: Path) -> None:
    """Break the repository itself."""
    project()(folder)
    (folder / ".git/HEAD").write_text("x")


FIT = {"stage": "fit", "argument": "naive_bayes"}
BATCH = "naive_bayes-everything"
CASES = [
    # git
    Case("no git", after("ingest", "freeze"), comes=fitted, **FIT),
    Case("no commit yet", after("ingest", "freeze", then=git("init -q")), comes=fitted, **FIT),
    Case("a detached head", after("ingest", "freeze", then=detached), comes=fitted, **FIT),
    Case("a dirty tree", dirty, comes=ingested),
    # Models that cannot be trained
    Case(
        "a model's parameter beyond its range",
        after("ingest", "freeze", then=lambda f: set_params(f, "models.logistic.C", -1)),
        ("`models.logistic`", "'C' parameter", "must be a float in the range"),
        stage="baseline",
    ),
    Case(
        "a model's parameter that does not go with the table",
        after(
            "ingest",
            "freeze",
            then=lambda folder: set_params(
                folder,
                "models",
                {"odd": {"kind": "hist_gradient_boosting", "monotonic_cst": [1, 0, 0, 0, 0]}},
            ),
        ),
        ("hist_gradient_boosting of `models` with monotonic_cst: [1, 0, 0, 0, 0] cannot be",),
        stage="baseline",
    ),
    # Files where they do not belong
    Case(
        "a folder where the table of real rows belongs",
        folder_at("data/real.parquet"),
        ("data/real.parquet: Is a directory", "move the folder away"),
    ),
    Case("a file where metrics belong", file_at("metrics"), ("metrics", "move the file away")),
    Case(
        "a file where models belong",
        after("ingest", "freeze", then=file_at("models")),
        ("models", "move the file away"),
        **FIT,
    ),
    Case(
        "what a killed run left",
        file_at("data/.real.parquet.partial", "half a table"),
        comes=ingested,
    ),
    # Files that are not there, or not whole
    Case(
        "no real table yet",
        lambda folder: None,
        ("data/real.parquet is not there", "dvc repro"),
        stage="freeze",
    ),
    Case(
        "half a real table",
        after("ingest", then=cut("data/real.parquet")),
        ("is damaged", "dvc checkout"),
        stage="freeze",
    ),
    Case(
        "half a holdout",
        after("ingest", "freeze", then=cut("data/holdout.parquet")),
        ("data/holdout.parquet is damaged",),
        stage="freeze",
    ),
    Case(
        "half a training slice",
        after("ingest", "freeze", then=cut("data/train.parquet")),
        ("data/train.parquet is damaged",),
        **FIT,
    ),
    Case(
        "a table that is CSV by its bytes",
        file_at("data/real.parquet", "age\n1\n"),
        ("data/real.parquet is damaged",),
        stage="freeze",
    ),
    Case(
        "marks of a merge in a metric",
        after("ingest", "freeze", then=file_at(f"metrics/preview/{BATCH}.json", MERGE)),
        (f"metrics/preview/{BATCH}.json is damaged", "git checkout"),
        stage="generate",
        argument=BATCH,
    ),
    Case(
        "marks of a merge in the record of batches",
        file_at("metrics/batches.idx", MERGE),
        ("metrics/batches.idx: line 1 is no record of a batch", "keep the lines of both"),
    ),
    Case(
        "marks of a merge in dvc.lock",
        after(
            "ingest",
            "freeze",
            then=lambda folder: [
                file_at("models/naive_bayes.pkl")(folder),
                file_at("dvc.lock", MERGE)(folder),
            ],
        ),
        ("dvc.lock is damaged", "take one side"),
        stage="preview",
        argument=BATCH,
    ),
    Case(
        "a model of elsewhere",
        after(
            "ingest",
            "freeze",
            then=file_at("models/naive_bayes.pkl", b"cos\nsystem\n(S'touch pwned'\ntR."),
        ),
        ("is not the file that dvc.lock records", "loading it would run code"),
        stage="preview",
        argument=BATCH,
    ),
    Case(
        "no model yet",
        after("ingest", "freeze"),
        ("models/naive_bayes.pkl is not there", "dvc repro"),
        stage="preview",
        argument=BATCH,
    ),
    Case(
        "a batch that params do not have",
        after("ingest", "freeze"),
        ("slice 'nothing' is unknown",),
        stage="preview",
        argument="naive_bayes-nothing",
    ),
    Case(
        "another folder",
        gone("params.yaml"),
        ("run from the repository's root",),
        stage="handoff",
    ),
]

NOT_GIT = "is not in a git repository"
LOCK = ["lock", "--why", "x"]
VERBS: list[tuple[Case, list[str]]] = [
    (Case("check without git", without_git, (NOT_GIT,)), ["check"]),
    (Case("lock without git", without_git, (NOT_GIT,)), LOCK),
    (Case("check in a broken repository", broken_git, (NOT_GIT,)), ["check"]),
    (Case("review before any commit", without_commit, ("'HEAD' names no commit",)), ["review"]),
    (Case("history of nothing", project(), ("commit what `dvc repro` wrote",)), ["history"]),
    (Case("a lock of nothing", project(), ("`dvc repro freeze` carves one",)), LOCK),
    (
        Case("a trace of nothing", project(), ("'x' is nothing that workspace has made",)),
        ["trace", "x"],
    ),
    (
        Case("check outside of a project", project(gone("dvc.yaml")), ("no dvc.yaml here",)),
        ["check"],
    ),
    (
        Case("check with half a dvc.lock", project(file_at("dvc.lock", MERGE)), ("`dvc repro`",)),
        ["check"],
    ),
    (
        Case("check without params", project(gone("params.yaml")), ("params.yaml is not there",)),
        ["check"],
    ),
    (
        Case(
            "approval of a schema that is none",
            project(file_at("data/schema.yaml", "columns: [")),
            ("data/schema.yaml is not valid YAML",),
        ),
        ["approve", "schema", "--note", "x"],
    ),
    (
        Case(
            "a lock beside a damaged metric",
            project(file_at("metrics/freeze.json", MERGE)),
            ("metrics/freeze.json at workspace cannot be read",),
        ),
        LOCK,
    ),
    (
        Case("an approval of nothing", project(), ("is not there; run `dvc repro preview@",)),
        ["approve", BATCH, "--note", "x"],
    ),
    (
        Case("a project that is there already", project(), ("Nothing was written.",)),
        ["init", TABLE, "--target", "bought"],
    ),
]
