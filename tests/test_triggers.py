"""What `check` finds to ask for a new run, on a small record written by hand."""

import re
from pathlib import Path

import pytest
import recorded
import yaml
from conftest import ROOT
from recorded import PANDAS, ROW, SCHEMA, VERSIONS, record, write

from stages.lib.base.errors import ParamsError
from stages.lib.tables import table
from stages.lineage import repository
from stages.lineage.check import ground, triggers

QUIET = {
    "packages": False,
    "growth": False,
    "task": False,
    "drift": False,
    "metric": None,
    "sweep": False,
}
DRIFT = {"arrived": True, "rows": 300, "files": 1, "drift": True, "moved": ["age"]}
DRIFT |= {"dependence": False, "regenerate": True, "model": None}


@pytest.fixture
def project(tmp_path):
    """Return a project in which nothing asks for a new run, without data but the table."""
    return recorded.project(tmp_path / "project")


def look(project, **given):
    """Return the triggers by name."""
    found = triggers.look(ground.survey(repository.find(project.folder), **given))
    return {one.name: one for one in found}


def fired(project, **given):
    """Return the names of the triggers that fired."""
    return [name for name, one in look(project, **given).items() if one.fired]


def upgrade(folder, monkeypatch, package):
    """Let a package say that it is of version 9.9.9."""
    told = folder / f"{package}-9.9.9.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9.9\n")
    monkeypatch.syspath_prepend(str(folder))


def test_nothing_asks_for_a_run(project):
    """After a run all is quiet, and the metric that was not handed in is not known."""
    found = look(project)
    assert {name: one.fired for name, one in found.items()} == QUIET
    assert not any(one.answer for one in found.values())
    assert "--metric" in found["metric"].evidence


def test_package_of_one_generator(project, tmp_path, monkeypatch):
    """A package that one generator learned with is named with it; its batches are made anew."""
    upgrade(tmp_path / "site", monkeypatch, "pandas")
    found = look(project)["packages"]
    assert found.fired
    assert f"pandas {PANDAS} → 9.9.9 since copula learned." in found.evidence
    assert found.answer == (
        "dvc repro --single-item --force fit@copula preview@copula-all preview@copula-rare "
        "generate@copula-all generate@copula-rare && dvc repro"
    )
    assert fired(project) == ["packages"]


def test_package_of_every_generator(project, tmp_path, monkeypatch):
    """Where all generators are concerned, the command names the stages as groups."""
    upgrade(tmp_path / "site", monkeypatch, "numpy")
    found = look(project)["packages"]
    assert "naive and copula" in found.evidence
    assert found.answer == "dvc repro --single-item --force fit preview generate && dvc repro"


def test_package_of_a_private_generator(project, tmp_path, monkeypatch):
    """A new fit of a private generator is not free, and that is said before it is made."""
    private = {"versions": VERSIONS["copula"], "privacy": {"epsilon": 1.0}}
    write(project, "metrics/fit/copula.json", private)
    upgrade(tmp_path / "site", monkeypatch, "pandas")
    assert "copula spends from the privacy budget" in look(project)["packages"].evidence


def test_package_that_is_not_here(project):
    """A package that is not installed is not known to differ."""
    write(project, "metrics/fit/copula.json", {"versions": {"no-such-package": "1"}})
    found = look(project)["packages"]
    assert found.fired is None
    assert "no-such-package: not installed here" in found.evidence


@pytest.mark.parametrize(("more", "expected"), [(2, False), (3, True), (-5, False)])
def test_growth(project, more, expected):
    """Beyond a fifth more rows the trigger fires; to a fifth and for fewer it does not."""
    write(project, "data/table.csv", "age,town,bought\n" + (10 + more) * ROW)
    found = look(project)["growth"]
    assert found.fired is expected
    assert f"has {10 + more} rows and had 10" in found.evidence
    assert f"{abs(more)}0 % {'more' if more > 0 else 'fewer'}" in found.evidence
    assert "Ruritania" not in found.evidence
    assert fired(project) == ["growth", "sweep"] if expected else ["sweep"]


def test_growth_is_asked_about_as_params_say(project):
    """`triggers.growth` is the part from which on growth is asked about."""
    project.set("triggers.growth", 0.5)
    write(project, "data/table.csv", "age,town,bought\n" + 14 * ROW)
    assert not look(project)["growth"].fired


def test_table_that_did_not_change_is_not_read(project, monkeypatch):
    """A large table is hashed, and not parsed, while it is the one that was ingested."""
    monkeypatch.delattr(table, "cells")
    assert look(project)["growth"].fired is False
    (project.folder / "data/table.csv").rename(project.folder / "data/other.csv")
    project.set("data.path", "data/other.csv")
    assert look(project)["growth"].fired is False


def test_table_that_is_not_here(project):
    """In a clone without data nothing is known of the table, and nothing is asked for."""
    (project.folder / "data/table.csv").unlink()
    found = look(project)["growth"]
    assert (found.fired, found.answer) == (None, "dvc pull")
    assert fired(project) == []


def test_table_that_cannot_be_read(project):
    """A broken table is said to be so, and none of its cells is quoted."""
    write(project, "data/table.csv", "age,town,bought\n40,Ruritania,yes,no,no\n")
    found = look(project)["growth"]
    assert found.fired is None
    assert "Ruritania" not in str(found)


def test_brief(project):
    """An edit of the brief is told by its key, and makes old what was decided by it."""
    project.set("brief.threshold", 0.95)
    found = look(project)["task"]
    assert "brief.threshold (0.9 → 0.95) changed" in found.evidence
    assert fired(project) == ["task", "sweep"]
    project.set("brief.threshold", 0.9)
    project.set("brief.gap", "there are none")
    assert fired(project) == ["task"]


@pytest.mark.parametrize(
    ("column", "change", "expected"),
    [
        ("age", {"kind": "number", "max": 90}, True),
        ("town", {"kind": "category", "role": "target"}, True),
        ("shoe", {"kind": "integer"}, True),
        ("age", {"kind": "integer", "max": 91}, False),
        ("town", {"kind": "category"}, False),
    ],
)
def test_schema(project, column, change, expected):
    """Another kind, role or column is another task; another range is not."""
    columns = {**SCHEMA["columns"], column: change}
    write(project, "data/schema.yaml", {"columns": columns})
    project.commit()
    found = look(project)
    assert found["task"].fired is expected
    assert (column in found["task"].evidence) is expected
    assert found["sweep"].fired


def test_schema_that_git_never_held(project):
    """Where the schema that was used is not in git, a change is told without its columns."""
    write(project, "data/schema.yaml", {"columns": {**SCHEMA["columns"], "shoe": {}}})
    record(project)
    write(project, "data/schema.yaml", SCHEMA)
    found = look(project)["task"]
    assert found.fired
    assert "git does not hold" in found.evidence


WORSE = {"metric": "roc_auc", "worse": True}


@pytest.mark.parametrize(
    ("change", "said", "answer"),
    [
        ({}, "In 300 rows that arrived, age moved.", "dvc repro"),
        ({"moved": [], "dependence": True}, "the columns' dependence changed.", "dvc repro"),
        ({"model": WORSE}, "age moved and the model's ROC AUC fell.", "dvc repro"),
        ({"moved": [], "model": WORSE}, "Look at their labels first.", "dvc repro monitor"),
        ({"moved": list("abcdefg")}, "a, b, c, d and 3 more moved.", "dvc repro"),
    ],
)
def test_drift(project, change, said, answer):
    """What monitor found is told, and what it names; a worse model alone asks for a look."""
    write(project, "metrics/drift.json", {**DRIFT, **change})
    record(project)
    found = look(project)["drift"]
    assert found.fired
    assert said in found.evidence
    assert found.answer == answer


def test_rows_that_did_not_drift(project):
    """Rows that look as before ask for nothing."""
    quiet = {**DRIFT, "moved": [], "drift": False, "model": {"metric": "r2", "worse": False}}
    write(project, "metrics/drift.json", quiet)
    record(project)
    found = look(project)["drift"]
    assert (found.fired, found.evidence) == (False, "In 300 rows that arrived, no change is shown.")


def test_rows_that_monitor_has_not_seen(project):
    """Rows that arrived since are for monitor to look at."""
    write(project, "data/incoming/rows.csv", ROW)
    found = look(project)["drift"]
    assert (found.fired, found.answer) == (True, "dvc repro monitor")
    assert fired(project) == ["drift"]


@pytest.mark.parametrize(
    ("score", "floor", "expected"),
    [(0.87, None, True), (0.877, None, False), (0.877, 0.9, True), (0.876, None, False)],
)
def test_metric(project, score, floor, expected):
    """The floor is the interval's end on the holdout, or what params.yaml says."""
    project.set("triggers.floor", floor)
    found = look(project, metric=score)["metric"]
    assert found.fired is expected
    assert f"{floor or 0.876}" in found.evidence
    assert ("triggers.floor" in found.evidence) is (floor is not None)


def test_metric_without_a_final_model(project):
    """Before there is a final model there is no floor but one that is given."""
    (project.folder / "metrics/blend.json").unlink()
    assert look(project, metric=0.5)["metric"].fired is None
    project.set("triggers.floor", 0.6)
    assert look(project, metric=0.5)["metric"].fired


def test_sweep_is_older_than_a_generator(project):
    """An edit of a generator's code makes the sweep old; one of what follows it does not."""
    project.set("blend.ratio", 0.5)
    assert fired(project) == []
    write(project, "stages/fit.py", "2\n")
    found = look(project)["sweep"]
    assert found.fired
    assert found.evidence == "fit@naive and fit@copula: stages/fit.py changed since."


def test_sweep_is_older_than_a_batch(project):
    """A generator that is new has rows that the sweep has not tried."""
    project.set("generators.cart", {"family": "cart"})
    found = look(project)["sweep"]
    assert found.fired
    assert "fit@cart, generate@cart-all and generate@cart-rare" in found.evidence


def test_before_the_first_run(project):
    """Without any record nothing is known, but that the sweep is to be made."""
    (project.folder / "dvc.lock").unlink()
    for file in (project.folder / "metrics").rglob("*.json"):
        file.unlink()
    found = look(project, metric=0.5)
    assert {name: one.fired for name, one in found.items()} == {
        **dict.fromkeys(QUIET),
        "drift": None,
        "sweep": True,
    }


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"growht": 0.2, "floor": None}, "`triggers.growht` is unknown; did you mean 'growth'?"),
        ({"growth": 0, "floor": None}, "`triggers.growth`: Input should be greater than 0"),
        ({"growth": 0.2, "floor": "low"}, "`triggers.floor`"),
    ],
)
def test_section_is_checked(project, section, message):
    """What params.yaml says wrongly is told by its place."""
    project.set("triggers", section)
    with pytest.raises(ParamsError) as caught:
        look(project)
    assert message in str(caught.value)


def test_docs_name_every_trigger():
    """docs/monitoring.md has a line for each trigger, in their order, and a job that runs them."""
    page = (ROOT / "docs/monitoring.md").read_text("utf-8").split("## Triggers")[1]
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(QUIET)
    job = yaml.safe_load(Path(ROOT, ".github/workflows/check.yml").read_text("utf-8"))
    assert job["permissions"] == {"contents": "read"}
    assert "dvc-synth check --ci" in job["jobs"]["check"]["steps"][-1]["run"]


def test_a_column_that_did_not_arrive_fires(project):
    """A feature that no file has is a broken feed, whether or not the others moved."""
    quiet = {"arrived": True, "rows": 500, "drift": False, "moved": [], "absent": ["age"]}
    write(project, "metrics/drift.json", quiet)
    found = look(project)["drift"]
    assert found.fired
    assert "age did not arrive" in found.evidence


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("neg_mean_absolute_error", 45.0, "never above 0; for an error of 45 hand in --metric=-45"),
        ("roc_auc", 87.0, "roc_auc is never above 1"),
    ],
)
def test_an_impossible_metric_is_refused(project, name, given, told):
    """An error handed in without its sign, or a percentage, would look fine for ever."""
    project.set("brief.metric", name)
    write(project, "metrics/blend.json", {"metric": name, "lower": -0.9})
    with pytest.raises(ParamsError, match=told):
        look(project, metric=given)
