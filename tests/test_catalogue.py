"""The catalogue of what can be wrong: each ends in a right result or in one clear message."""

import hashlib
import importlib
from pathlib import Path

import pytest
from catalogue import parameters, schemas, tables
from catalogue.case import Case, small

from stages.lib import errors

EVERY: list[Case] = [*tables.CASES, *schemas.CASES, *parameters.CASES]


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
    assert contents(tmp_path) == before
