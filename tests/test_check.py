"""What `check` says must hold, on a small record written by hand, and how the page tells it."""

import json
import re

import pytest
import recorded
from conftest import ROOT
from recorded import ADMITTED, PARAMS, ROW, approve, record, write

from stages.__main__ import main
from stages.lineage import repository
from stages.lineage.check import conditions, ground

FIRST = {"brief": False, "lock": False, "schema": False}  # what a new project has to mend
HELD = {
    "brief": True,
    "lock": True,
    "schema": True,
    "gates": True,
    "approvals": True,
    "data": None,
    "remote": None,
}
NAMES = {
    "conditions": list(HELD),
    "triggers": ["packages", "growth", "task", "drift", "metric", "sweep"],
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project in which all holds, without data but the table."""
    project = recorded.project(tmp_path / "project")
    monkeypatch.chdir(project.folder)
    return project


def look(project):
    """Return the conditions by name."""
    found = conditions.look(ground.survey(repository.find(project.folder)))
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def failing(project):
    """Return the names of the conditions that fail."""
    return [name for name, one in look(project).items() if one.holds is False]


def test_all_that_must_hold_does(project):
    """Nothing fails in a project in order; data that is not at hand, and no remote, are told."""
    found = look(project)
    assert {name: one.holds for name, one in found.items()} == HELD
    assert found["data"].answer == "dvc repro"  # there is no remote to pull from
    assert found["remote"].answer.startswith("dvc remote add --default storage s3://")


def test_a_new_project(project):
    """After the first run it is told kindly what a person has yet to decide, and how."""
    project.set("brief.gap", "TODO: what is missing?")
    project.set("brief.why_not_real", "TODO: why?")
    project.set("freeze.locked", None)
    (project.folder / "reviews/schema.yaml").unlink()
    record(project)
    found = look(project)
    assert {name: one.holds for name, one in found.items()} == {**HELD, **FIRST}
    assert found["brief"].evidence == (
        "The brief is a draft: answer brief.gap and brief.why_not_real in params.yaml."
    )
    assert found["lock"].answer == "dvc-synth lock"
    assert found["schema"].answer == "dvc-synth approve schema --note TEXT"


def test_brief_with_a_question_unanswered(project):
    """An empty answer fails, by its key."""
    project.set("brief.priority", None)
    found = look(project)["brief"]
    assert found.holds is False
    assert found.evidence.startswith("params.yaml: `brief.priority`: this question is unanswered")


def test_lock_of_another_holdout(project):
    """A lock that is not of the holdout at hand fails, and says whose lock it is."""
    write(project, "metrics/freeze.json", {"slices": {"holdout": {"sha256": 64 * "6"}}})
    found = look(project)["lock"]
    assert found.holds is False
    assert "Ada locked a holdout (it stands for next year)" in found.evidence


@pytest.mark.parametrize("lock", ["yes", {"who": "Ada"}, {"who": "Ada", "why": "", "sha256": 5}])
def test_lock_that_is_none(project, lock):
    """What is no lock locks nothing."""
    project.set("freeze.locked", lock)
    assert "freeze.locked` in params.yaml is no lock" in look(project)["lock"].evidence


def test_lock_before_the_first_run(project):
    """Before anything is carved there is nothing to lock."""
    project.set("freeze.locked", None)
    (project.folder / "metrics/freeze.json").unlink()
    found = look(project)["lock"]
    assert (found.holds, found.answer) == (False, "dvc repro freeze")


def test_schema_that_changed_since_it_was_approved(project):
    """An approval is of those bytes alone."""
    project.edit("data/schema.yaml", lambda text: text.replace("90", "91"))
    found = look(project)["schema"]
    assert found.holds is False
    assert found.evidence == "data/schema.yaml changed since Ada approved it."
    approve(project, "schema", "data/schema.yaml")
    assert look(project)["schema"].holds


@pytest.mark.parametrize("text", ["- a list\n", "who: Ada\nnote: fine\n", "{", "\0"])
def test_approval_that_is_none(project, text):
    """A file that is no approval approves nothing, and is named."""
    write(project, "reviews/schema.yaml", text)
    found = look(project)["schema"]
    assert found.holds is False
    assert "reviews/schema.yaml is no approval" in found.evidence


def test_schema_that_contradicts_itself(project):
    """A schema that stages would refuse fails here, whoever approved it."""
    write(project, "data/schema.yaml", {"columns": {"age": {"kind": "integr"}}})
    approve(project, "schema", "data/schema.yaml")
    found = look(project)["schema"]
    assert found.holds is False
    assert found.evidence.startswith("data/schema.yaml")
    assert "integr" in found.evidence


def test_approvals_of_previews(project):
    """Where they are asked for, each batch waits for one of the page as it is."""
    batches = [f"{name}-{part}" for part in PARAMS["slices"] for name in PARAMS["generators"]]
    project.set("preview.require_approval", True)
    found = look(project)["approvals"]
    assert (found.holds, found.answer) == (None, "dvc repro preview")
    for batch in batches:
        write(project, f"data/preview/{batch}.csv", f"a page of {batch}\n")
        approve(project, batch, f"data/preview/{batch}.csv")
        signed = (project.folder / f"reviews/{batch}.yaml").read_text().split()[-1]
        write(project, f"metrics/preview/{batch}.json", {"sha256": signed})
    assert look(project)["approvals"].evidence == "4 previews read and approved."
    write(project, f"metrics/preview/{batches[1]}.json", {"sha256": 64 * "0"})
    (project.folder / f"reviews/{batches[2]}.yaml").unlink()
    found = look(project)["approvals"]
    assert found.holds is False
    assert found.evidence == (
        "copula-all changed since Ada approved it; naive-rare is approved by nobody. "
        "Read data/preview/copula-all.csv first."
    )
    assert found.answer == "dvc-synth approve copula-all --note TEXT"


def test_gates(project):
    """Who passed is told; that nothing was admitted is a result, and no failure."""
    assert look(project)["gates"].evidence == (
        "naive-all admitted (copula-all passed too and 2 batches did not)."
    )
    nothing = {**ADMITTED, "admitted": [], "passed": [], "quarantined": ["naive-all"]}
    write(project, "metrics/admit.json", nothing)
    record(project)
    found = look(project)["gates"]
    assert found.holds is True
    assert "No batch was admitted (1 batch did not). That is a result" in found.evidence


def test_gates_of_other_batches(project):
    """A verdict on what is no longer so counts for nothing, and says what changed."""
    write(project, "stages/fit.py", "2\n")
    found = look(project)["gates"]
    assert (found.holds, found.answer) == (None, "dvc repro admit")
    assert found.evidence == "stages/fit.py changed since batches were judged."


def test_model_that_learned_from_what_did_not_pass(project):
    """The final model may learn from batches that passed, and from no other."""
    write(project, "metrics/blend.json", {"batches": ["copula-all"]})
    assert look(project)["gates"].holds
    write(project, "metrics/blend.json", {"batches": ["copula-all", "naive-rare"]})
    found = look(project)["gates"]
    assert found.holds is False
    assert "learned from naive-rare, which did not pass" in found.evidence


def test_before_the_first_run(project):
    """Without any record nothing is known of gates and data; only the lock is to be set."""
    (project.folder / "dvc.lock").unlink()
    for file in (project.folder / "metrics").rglob("*.json"):
        file.unlink()
    project.set("freeze.locked", None)
    found = look(project)
    assert failing(project) == ["lock"]
    assert (found["gates"].holds, found["data"].holds) == (None, None)
    assert found["data"].answer == "dvc repro"


def test_a_project_without_dvc(project):
    """Where DVC was never set up, that is said, and what sets it up."""
    (project.folder / ".dvc/config").unlink()
    (project.folder / ".dvc/.gitignore").unlink()
    for folder in (".dvc/tmp", ".dvc"):
        if (project.folder / folder).is_dir():
            (project.folder / folder).rmdir()
    found = look(project)["data"]
    assert (found.holds, found.answer) == (False, "dvc init")


def test_page(project, capsys):
    """The exit code says whether all is well, and whatever is not has its command."""
    assert main(["check"]) == 0
    shown = capsys.readouterr().out
    assert "What must hold\n" in shown
    assert "What asks for a new run: nothing\n" in shown
    project.set("freeze.locked", None)
    write(project, "data/table.csv", "age,town,bought\n" + 100 * ROW)
    assert main(["check", "--metric", "0.1"]) == 1
    shown = capsys.readouterr().out
    assert "What must hold: 1 to mend\n" in shown
    assert "What asks for a new run: 3 fired\n" in shown
    assert re.findall(r"^  fails +(\w+)", shown, re.MULTILINE) == ["lock"]
    assert re.findall(r"^  fired +(\w+)", shown, re.MULTILINE) == ["growth", "metric", "sweep"]
    assert shown.count(" $ dvc repro") == 5  # the gates' and the data's too
    assert max(map(len, shown.splitlines())) <= 100
    assert len({line.find(" $ ") for line in shown.splitlines() if " $ " in line}) == 1


def test_page_for_scripts(project, capsys):
    """As JSON the same is said, with true, false and null."""
    assert main(["check", "--json", "--metric", "0.1"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["well"] is False
    assert {one["name"]: one["holds"] for one in told["conditions"]} == HELD
    assert next(one for one in told["triggers"] if one["name"] == "metric")["fired"] is True
    assert set(told["conditions"][0]) == {"name", "holds", "evidence", "answer"}
    assert set(told["triggers"][0]) == {"name", "fired", "evidence", "answer"}


def test_page_for_a_job(project, capsys, monkeypatch):
    """A job has a line for each, the same twice; on GitHub what fails is an annotation."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    project.set("freeze.locked.who", "Ada\n::warning::100%")
    write(project, "metrics/freeze.json", {"slices": {"holdout": {"sha256": 64 * "6"}}})
    assert main(["check", "--ci"]) == 1
    plain = capsys.readouterr().out
    assert len(plain.splitlines()) == sum(map(len, NAMES.values()))
    assert "\nfails lock: Ada ::warning::100% locked a holdout" in plain
    assert main(["check", "--ci"]) == 1
    assert capsys.readouterr().out == plain
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert main(["check", "--ci"]) == 1
    there = capsys.readouterr().out.splitlines()
    commands = [line for line in there if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith(
        "::error title=dvc-synth check lock::fails: Ada ::warning::100%25 locked a holdout"
    )


@pytest.mark.parametrize("number", ["nan", "inf", "high"])
def test_metric_that_is_no_number(project, number, capsys):
    """A metric that cannot be compared is refused."""
    with pytest.raises(SystemExit) as caught:
        main(["check", "--metric", number])
    assert caught.value.code == 2
    assert f"not a number: '{number}'" in capsys.readouterr().err


def test_docs_name_every_condition():
    """docs/monitoring.md has a line for each condition, in their order."""
    page = (ROOT / "docs/monitoring.md").read_text("utf-8").split("## What must hold")[1]
    table = page.split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == NAMES["conditions"]
