"""The catalogue of what can be wrong: each ends in a right result or in one clear message."""

import hashlib
import importlib
import os
import re
import resource
import tempfile
from pathlib import Path

import pytest
from catalogue import parameters, schemas, states, tables
from catalogue.case import Case, ran, small

from stages import __main__ as command
from stages.lib.base import errors, params
from stages.lib.tables import schema, table
from stages.scaffold import plan

EVERY: list[Case] = [*tables.CASES, *schemas.CASES, *parameters.CASES, *states.CASES]


def contents(folder: Path) -> dict[str, str]:
    """Return the hash of every file of a project."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.wrong)
def test_it_ends_well(
    case: Case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One message, exit code 1 and no file touched; or a right result."""
    small(tmp_path)
    case.make(tmp_path)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [case.stage, *filter(None, [case.argument])])
    stage = importlib.import_module(f"stages.{case.stage}")
    if case.comes:
        errors.run(stage.main)
        case.comes(tmp_path)
        return
    with pytest.raises(SystemExit) as ended:
        errors.run(stage.main)
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert told.startswith("error: ") and told.count("error: ") == 1
    for part in case.said:
        assert part in told
    assert before.items() <= contents(tmp_path).items()
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize(
    "case",
    [case for case in tables.CASES if case.wrong != "two thousand columns"],  # it takes a minute
    ids=lambda case: case.wrong,
)
def test_init_declares_what_ingest_accepts_or_says_why_not(case: Case, tmp_path: Path) -> None:
    """The same tables without a schema: one is inferred that reads them, or one error tells."""
    small(tmp_path)
    case.make(tmp_path)
    path = tmp_path / params.load("data.path", str, tmp_path / "params.yaml")
    target = schema.load(tmp_path / "data/schema.yaml").target
    try:
        found = plan.of(path, target)
    except errors.DvcSynthError as error:
        assert str(error).startswith(str(path))
        return
    except OSError:
        assert not path.is_file()  # which `init` asks before
        return
    (tmp_path / "data/schema.yaml").write_text(found.schema, encoding="utf-8")
    read = table.read(path, schema.load(tmp_path / "data/schema.yaml"))
    assert len(read) and read[target].nunique() > 1


@pytest.mark.parametrize(
    ("case", "given"), states.VERBS, ids=lambda part: getattr(part, "wrong", "")
)
def test_a_verb_ends_well(
    case: Case,
    given: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command says in one message what is wrong, its exit code is 2, and no file is touched."""
    small(tmp_path)
    case.make(tmp_path)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert command.main(given) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    for part in case.said:
        assert part in told
    assert contents(tmp_path) == before


def test_the_catalogue_is_long_enough() -> None:
    """There are more than sixty entries, none of them twice."""
    every = [*EVERY, *(case for case, _ in states.VERBS)]
    assert len({case.wrong for case in every}) == len(every) >= 60
    assert all(bool(case.said) != bool(case.comes) for case in every)


@pytest.mark.parametrize("stage", ["ingest", "freeze", "fit"])
def test_a_full_disk_is_told_and_keeps_what_was_there(
    stage: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No space ends in one message that names the file; the earlier ones stay as they were."""
    small(tmp_path)
    ran(tmp_path, "ingest", "freeze")
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [stage, "naive_bayes"])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))  # as a disk with so much left
    try:
        with pytest.raises(SystemExit):
            errors.run(importlib.import_module(f"stages.{stage}").main)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    told = capsys.readouterr().err
    assert re.match(r"error: (data|models)/[a-z_]+\.(parquet|pkl): ", told)
    assert "File too large; nothing half-written was kept: make room" in told
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody may write, one message says so, and names the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small(folder)
        ran(folder, "ingest")  # what is imported late is imported
        (folder / "data/real.parquet").unlink()
        monkeypatch.chdir(folder)
        root = os.geteuid() == 0
        for path in (folder, folder / "data"):
            path.chmod(0o555)
        try:
            if root:
                os.seteuid(65534)  # to root nothing is read-only
            with pytest.raises(SystemExit) as ended:
                errors.run(importlib.import_module("stages.ingest").main)
        finally:
            if root:
                os.seteuid(0)
            for path in (folder, folder / "data"):
                path.chmod(0o755)
    assert ended.value.code == 1
    told = "error: data/real.parquet: Permission denied; let yourself write there"
    assert told in capsys.readouterr().err
