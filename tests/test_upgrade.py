"""`dvc-synth upgrade`: the stages of the installed version, and nothing of a person's lost."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from stages.__main__ import main
from stages.scaffold import sections, sums, template

NEW = template.code()
CHANGED, ADDED, GONE = "stages/lib/words.py", "stages/lib/ratios/worth.py", "stages/lib/gone.py"
MINE = "stages/lib/generators/mine.py"
OLD = {path: content for path, content in NEW.items() if path not in (ADDED, sums.PATH)}
OLD |= {CHANGED: b"OLD = 1\n", GONE: b"GONE = 1\n"}
LIST = sums.write(OLD).replace(sums.installed().encode(), b"0.0.9", 1)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a committed project of an older version and a file of the user's, and stand in it."""
    write(tmp_path, {**template.files(), **template.example(), **OLD, sums.PATH: LIST})
    (tmp_path / ADDED).unlink()
    write(tmp_path, {MINE: b"MINE = 1\n"})
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def upgrade(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what upgrades, checks the exit code, and returns what was printed."""

    def run(code: int = 0) -> str:
        found = main(["upgrade"])
        told = "".join(capsys.readouterr())
        assert found == code, told
        return told

    return run


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it printed."""
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a commit")


def differing(folder: Path) -> set[str]:
    """Return what git calls changed since the last commit, each with its letter."""
    told = git(folder, "status", "--porcelain", "--untracked-files=all")
    return {line.strip() for line in told.splitlines()}


def test_what_is_new_is_brought(project: Path, upgrade: Callable[..., str]) -> None:
    """Files are changed, added and removed as the version has them, and the diff shows it all."""
    told = upgrade()
    assert f"dvc-synth 0.0.9 → {sums.installed()}" in told
    assert differing(project) == {f"M {CHANGED}", f"D {GONE}", f"?? {ADDED}", f"M {sums.PATH}"}
    assert all((project / path).read_bytes() == content for path, content in NEW.items())
    assert f"removed: 1\n  {GONE}" in told and f"came from dvc-synth: 1\n  {MINE}" in told
    assert "edits of yours" not in told
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums.PATH], check=True)
    commit(project)
    assert "Nothing to bring" in upgrade()
    assert differing(project) == set()


@pytest.mark.parametrize("path", [CHANGED, GONE, "dvc.yaml", ".dvc/plots.html"])
def test_edits_are_not_lost(project: Path, upgrade: Callable[..., str], path: str) -> None:
    """Uncommitted edits stop it and are named; committed ones are taken out, and named too."""
    (project / path).write_bytes((project / path).read_bytes() + b"# mine\n")
    before = differing(project)
    assert f"would lose what is not committed: {path}" in upgrade(code=2)
    assert differing(project) == before
    git(project, "add", path)  # staged is not committed
    assert path in upgrade(code=2)
    commit(project)
    told = upgrade()
    assert f"edits of yours, which `git diff` shows as taken out: 1\n  {path}" in told
    assert (project / path).exists() == (path in NEW)
    assert "-# mine" in git(project, "diff", "--", path)


def test_a_file_of_the_users_in_the_way(project: Path, upgrade: Callable[..., str]) -> None:
    """What lies where the new version puts a file is not overwritten unless git has it."""
    write(project, {ADDED: b"MINE = 1\n"})
    assert ADDED in upgrade(code=2)
    assert (project / ADDED).read_bytes() == b"MINE = 1\n"
    (project / ADDED).unlink()
    (project / ADDED).mkdir()
    assert f"{ADDED} is no file of this project" in upgrade(code=2)


def test_without_a_list_nothing_is_removed(project: Path, upgrade: Callable[..., str]) -> None:
    """Where nobody knows what came from dvc-synth, what it does not bring is the user's."""
    (project / sums.PATH).unlink()
    commit(project)
    told = upgrade()
    assert "(an unknown version)" in told
    assert f"came from dvc-synth: 2\n  {MINE}\n  {GONE}" in told and (project / GONE).exists()
    assert (project / CHANGED).read_bytes() == NEW[CHANGED]


def test_a_list_that_names_other_files(project: Path, upgrade: Callable[..., str]) -> None:
    """Only what dvc-synth could have put there is ever removed."""
    outside = project.parent / "precious.txt"
    outside.write_bytes(b"mine\n")
    names = [f"stages/../../{outside.name}", str(outside), "params.yaml", ".git/config"]
    lines = "".join(f"{sums.digest((project / name).read_bytes())}  {name}\n" for name in names)
    (project / sums.PATH).write_bytes(LIST + lines.encode())
    commit(project)
    upgrade()
    assert outside.exists() and all((project / name).exists() for name in names)


def test_every_section_is_looked_at() -> None:
    """No section of the example's parameters is left out, and all of it is as stages want it."""
    text = template.text("params.yaml")
    assert list(yaml.safe_load(text)) == list(sections.SECTIONS)
    assert sections.problems(ROOT / "params.yaml") == []


def test_params_that_lack_what_is_needed(project: Path, upgrade: Callable[..., str]) -> None:
    """What the new version asks of params.yaml is said, and the file left to the person."""
    path = project / "params.yaml"
    kept = path.read_text(encoding="utf-8")
    without = [
        line for line in kept.splitlines(keepends=True)
        if not line.startswith(("  level:", "monitor:", "  incoming:", "  refine:"))
    ]  # fmt: skip
    path.write_text("".join(without), encoding="utf-8")
    told = upgrade(code=1)
    assert "params.yaml: section `monitor` is missing; add it" in told
    assert "params.yaml: `sweep.refine` is missing; add it" in told
    assert told.count("missing") == 2
    assert path.read_text(encoding="utf-8") == "".join(without)


def test_the_source_is_not_upgraded(project: Path, upgrade: Callable[..., str]) -> None:
    """In a clone of dvc-synth itself there is nothing to bring."""
    write(project, {"stages/commands/check.py": b""})
    assert "stages/ is the source of dvc-synth" in upgrade(code=2)
