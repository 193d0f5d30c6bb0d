"""`dvc-synth approve`: what a person signs is the page that they read, and no other."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import PARAMS, ROOT, SCHEMA

from stages.__main__ import main
from stages.lib import preview
from stages.lib.base.errors import ReviewError

BATCH = "cart-everything"
PAGE, RECORD = f"data/preview/{BATCH}.csv", f"metrics/preview/{BATCH}.json"
ROWS = "age,bought\n41,yes\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one preview, as stage preview leaves it, and stand in it."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    files = {
        "dvc.yaml": "stages: {}\n",
        "params.yaml": yaml.safe_dump({**PARAMS, "preview": {"require_approval": True}}),
        "data/schema.yaml": yaml.safe_dump(SCHEMA),
        PAGE: ROWS,
        RECORD: json.dumps({"verdict": "pass", "failures": [], "sha256": sha256(ROWS)}),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def approve(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what approves there, checks the exit code, and returns what was printed."""

    def run(*arguments: str, code: int = 0) -> str:
        found = main(["approve", *arguments])
        told = "".join(capsys.readouterr())
        assert found == code, told
        return told

    return run


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def seen(page: str) -> dict[str, str]:
    """Ask as stage generate does whether a batch with this preview may go on."""
    findings = {"verdict": "pass", "failures": [], "sha256": sha256(page)}
    return preview.seen(BATCH, findings, f"reviews/{BATCH}.yaml", required=True)


def test_generate_goes_on_with_what_was_approved(approve: Callable[..., str]) -> None:
    """The file that is written is the one that stage generate waits for, for that page alone."""
    with pytest.raises(ReviewError, match="waits for a person"):
        seen(ROWS)
    told = approve(BATCH, "--note", "ages: fine\n# all", "--who", "Ada Lovelace")
    assert f"reviews/{BATCH}.yaml approves {PAGE}" in told and "dvc repro" in told
    record = seen(ROWS)
    assert (record["approved_by"], record["note"]) == ("Ada Lovelace", "ages: fine # all")
    with pytest.raises(ReviewError, match="approves another preview"):
        seen(ROWS + "1,no\n")
    assert "takes the place of what Ada Lovelace signed" in approve(BATCH, "--note", "I too")
    assert seen(ROWS)["approved_by"] == "test"  # git's user.name


def test_it_says_whether_anything_waits(project: Path, approve: Callable[..., str]) -> None:
    """Where no approval is asked for, one is kept all the same, and the person told."""
    (project / "params.yaml").write_text(
        yaml.safe_dump({**PARAMS, "preview": {"require_approval": False}}), encoding="utf-8"
    )
    assert "would not wait" in approve(BATCH, "--note", "fine")


def test_the_schema(project: Path, approve: Callable[..., str]) -> None:
    """The schema is signed by the hash of its file, if it is one."""
    approve("schema", "--note", "read with the data's owner")
    signed = yaml.safe_load((project / "reviews/schema.yaml").read_text(encoding="utf-8"))
    declared = (project / "data/schema.yaml").read_text(encoding="utf-8")
    assert signed == {
        "who": "test", "note": "read with the data's owner", "sha256": sha256(declared),
    }  # fmt: skip
    (project / "data/schema.yaml").write_text("columns: {age: {kind: nmber}}\n", encoding="utf-8")
    assert "data/schema.yaml" in approve("schema", "--note", "fine", code=2)


def test_what_cannot_be_approved(project: Path, approve: Callable[..., str]) -> None:
    """No batch, no page, another page, a failed page and no word: refused, and told what to do."""

    def refused(name: str = BATCH, note: str = "fine") -> str:
        told = approve(name, "--note", note, code=2)
        assert told.startswith("error: ") and not (project / "reviews").exists()
        return told

    assert f"did you mean '{BATCH}'?" in refused("cart-everythin")
    assert "schema" in refused("../../x")
    assert "--note TEXT" in refused(note=" \n")
    (project / PAGE).write_text(ROWS + "1,no\n", encoding="utf-8")
    assert f"dvc repro preview@{BATCH}" in refused()
    (project / PAGE).unlink()
    assert f"{PAGE} is not there; run `dvc repro preview@{BATCH}`" in refused()
    (project / PAGE).write_text(ROWS, encoding="utf-8")
    failed = {"verdict": "fail", "failures": ["column 'age' is constant"], "sha256": sha256(ROWS)}
    (project / RECORD).write_text(json.dumps(failed), encoding="utf-8")
    assert "column 'age' is constant" in refused()


def test_a_name_leads_nowhere_else(project: Path, approve: Callable[..., str]) -> None:
    """A generator whose name is a path has nothing written outside of reviews/."""
    asked = {**PARAMS, "generators": {"../../x": {"family": "cart", "seed": 1}}}
    (project / "params.yaml").write_text(yaml.safe_dump(asked), encoding="utf-8")
    assert "is no batch" in approve("../../x-everything", "--note", "fine", code=2)


def test_a_word_on_the_schema_makes_no_batch_anew(project: Path) -> None:
    """Stage generate depends on the folder of approvals, of which DVC leaves this one out."""
    from dvc.repo import Repo

    subprocess.run(["dvc", "init", "--quiet", "--force"], cwd=project, check=True)
    shutil.copy(ROOT / ".dvcignore", project)
    with Repo(str(project)) as repo:
        ignored = repo.dvcignore.is_ignored_file
        assert ignored(str(project / "reviews/schema.yaml"))
        assert not ignored(str(project / f"reviews/{BATCH}.yaml"))
