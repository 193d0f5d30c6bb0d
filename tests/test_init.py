"""`dvc-synth init`: a project for a table of one's own, and what it refuses to touch."""

import gzip
import json
import subprocess

import pandas as pd
import pytest
import yaml
from conftest import ROOT, Project, customers

from stages.__main__ import main
from stages.lib import problem
from stages.lib.base import params
from stages.lib.batches import Slices
from stages.lib.holdout import Freeze
from stages.lib.learners import Learners
from stages.lib.ratios.sweep import Sweep
from stages.lib.tables import schema, table
from stages.scaffold import template


@pytest.fixture
def repo(tmp_path, monkeypatch):
    """Return an empty git repository, and go there."""
    folder = tmp_path / "repo"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    monkeypatch.chdir(folder)
    return folder


def init(*arguments):
    """Run init and return its exit code."""
    return main(["init", *map(str, arguments)])


def tracked(folder):
    """Return what `git add --all` would put into git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(listed.stdout.splitlines())


@pytest.fixture
def scaffolded(repo, capsys):
    """Return a project that was set up for the small table, and what was said."""
    customers().to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", "bought") == 0
    return Project(repo), capsys.readouterr().out


def test_five_lines(scaffolded):
    """It says what it decided, and what to do next, in five lines."""
    lines = scaffolded[1].splitlines()
    assert [line.split()[0] for line in lines] == ["table", "target", "columns", "slices", "next"]
    assert "700 labelled rows" in lines[0] and "DVC keeps it" in lines[0]
    assert "binary, 2 classes" in lines[1] and "roc_auc" in lines[1]
    assert "id: id" in lines[2]


def test_git_gets_the_project_and_not_the_table(scaffolded):
    """Every file of the template, the schema and the parameters are for git, the rows for DVC."""
    project, _ = scaffolded
    files = tracked(project.folder)
    own = {"params.yaml", "data/schema.yaml", "customers.csv.dvc", ".dvc/config", ".dvc/.gitignore"}
    assert own | set(template.files()) <= files
    assert "customers.csv" not in files
    assert not {name for name in files if name.startswith("stages/") and "/commands/" in name}
    assert project.run("dvc", "config", "plots.html_template").strip() == "plots.html"


def test_sections_load(scaffolded):
    """What the stages read of params.yaml is there, drafts and all."""
    brief = params.load("brief", problem.Brief)
    assert problem.route(brief) == problem.COLLECT
    assert len(problem.drafts(brief)) == 3
    assert params.load("freeze", Freeze).locked is None
    assert set(params.load("models", Learners)) == {"boosting", "logistic"}
    swept, slices = params.load("sweep", Sweep), params.load("slices", Slices)
    most = max(swept.ratios)
    assert slices["everything"].rows >= 0.55 * 700 * most / (1 - most)


def test_every_key_has_a_comment(scaffolded):
    """A person who opens params.yaml is told what each key is for."""
    lines = (scaffolded[0].folder / "params.yaml").read_text(encoding="utf-8").splitlines()
    told = [
        "#" in line or lines[place - 1].lstrip().startswith("#")
        for place, line in enumerate(lines)
        if line.rstrip().partition("#")[0].strip().partition(":")[1]
        and not line.startswith("    ")  # the parameters of one model are the estimator's
        and "{" not in line  # entries that a person names
    ]
    assert len(told) > 50 and all(told)


def test_the_schema_fits_the_table(scaffolded):
    """What was inferred is accepted by ingest, cell for cell."""
    declared = schema.load("data/schema.yaml")
    assert len(table.read("customers.csv", declared)) == 700
    assert declared.target == "bought" and declared.columns["id"].role == "id"
    text = (scaffolded[0].folder / "data/schema.yaml").read_text(encoding="utf-8")
    assert "approve schema" in text


def test_rows_without_a_label_are_left_out(repo, capsys):
    """They are told of, and the first stages run without them."""
    table = customers()
    table.loc[table.index[:25], "bought"] = None
    table.to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", "bought") == 0
    assert "675 labelled rows, none twice, 25 without a label left out" in capsys.readouterr().out
    Project(repo).repro("freeze")
    told = json.loads((repo / "metrics/freeze.json").read_text())
    assert sum(one["rows"] for one in told["slices"].values()) == 675


def test_the_first_stages_run_without_a_commit(scaffolded):
    """A repository that has no commit yet can be run: the split, and a fit with its losses."""
    project, _ = scaffolded
    told = project.run("dvc", "repro", "fit@naive_bayes")
    assert "naive_bayes learned from 385 real rows" in told
    assert (project.folder / "models/naive_bayes.pkl").is_file()


def test_nothing_is_overwritten(repo, capsys):
    """A file that is there stops it before anything is written, all of them named; --force says."""
    customers().to_csv("customers.csv", index=False)
    (repo / "params.yaml").write_text("mine: 1\n")
    (repo / "dvc.yaml").write_text("stages: {}\n")
    assert init("customers.csv", "--target", "bought") == 2
    said = capsys.readouterr().err
    assert "params.yaml is there already" in said and "dvc.yaml is there already" in said
    assert "--force" in said
    assert sorted(path.name for path in repo.iterdir()) == [
        ".git", "customers.csv", "dvc.yaml", "params.yaml",
    ]  # fmt: skip
    assert init("customers.csv", "--target", "bought", "--force") == 0
    assert capsys.readouterr().out.splitlines()[0] == "Overwritten: dvc.yaml, params.yaml"


def test_lines_of_a_persons_own_stay(repo):
    """.gitignore and its like keep their lines; ours come behind."""
    customers().to_csv("customers.csv", index=False)
    (repo / ".gitignore").write_text("*.log")
    assert init("customers.csv", "--target", "bought") == 0
    lines = (repo / ".gitignore").read_text().splitlines()
    assert lines[0] == "*.log" and "/models/" in lines
    assert len(lines) == len(set(lines))


def test_a_gitignore_that_hides_the_schema_is_told(repo, capsys):
    """What git would not keep of the project is named."""
    customers().to_csv("customers.csv", index=False)
    (repo / ".gitignore").write_text("data/\n")
    assert init("customers.csv", "--target", "bought") == 0
    assert "MEND    .gitignore: git would not keep data/incoming" in capsys.readouterr().out


def test_in_a_project_that_has_dvc(repo):
    """DVC that is there already keeps its configuration."""
    subprocess.run(["dvc", "init", "--quiet"], check=True)
    subprocess.run(["dvc", "config", "core.analytics", "false"], check=True)
    customers().to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", "bought") == 0
    config = (repo / ".dvc/config").read_text()
    assert "analytics = false" in config and "html_template" in config


def test_below_the_repositorys_root(repo, monkeypatch):
    """A project in a folder of a larger repository has a DVC of its own."""
    (repo / "models/churn").mkdir(parents=True)
    monkeypatch.chdir(repo / "models/churn")
    customers().to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", "bought") == 0
    assert Project(repo / "models/churn").run("dvc", "status", "brief").startswith("brief:")


def test_a_table_from_elsewhere_is_copied(repo, tmp_path):
    """A table outside of the folder is copied into data/, and its pointer is for git."""
    elsewhere = tmp_path / "a table.csv.gz"
    elsewhere.write_bytes(gzip.compress(customers().to_csv(index=False).encode()))
    assert init(elsewhere, "--target", "bought") == 0
    assert yaml.safe_load((repo / "params.yaml").read_text())["data"]["path"] == (
        "data/a table.csv.gz"
    )
    assert "data/a table.csv.gz.dvc" in tracked(repo)
    assert elsewhere.is_file()


def test_a_table_in_git_stays_there(repo, capsys):
    """A table that git holds already is left to it."""
    customers().to_csv("customers.csv", index=False)
    subprocess.run(["git", "add", "customers.csv"], check=True)
    assert init("customers.csv", "--target", "bought") == 0
    assert "git keeps it" in capsys.readouterr().out
    assert not (repo / "customers.csv.dvc").exists()


def test_the_example(repo):
    """`--example` sets up what this repository runs: same parameters, same table, same stages."""
    assert init("--example") == 0
    for path in ("params.yaml", "data/schema.yaml", "data/adult.csv.gz", "dvc.yaml"):
        assert (repo / path).read_bytes() == (ROOT / path).read_bytes()
    assert "data/adult.csv.gz" in tracked(repo)


@pytest.mark.parametrize(
    "arguments", [[], ["customers.csv"], ["--target", "y"], ["t.csv", "--target", "y", "--example"]]
)
def test_arguments_that_do_not_go_together(repo, arguments, capsys):
    """A table goes with its target, and neither with the example."""
    assert init(*arguments) == 2
    assert "takes TABLE --target COLUMN, or --example" in capsys.readouterr().err
    assert [path.name for path in repo.iterdir()] == [".git"]


def test_without_git(tmp_path, monkeypatch, capsys):
    """Where there is no git, the command that makes it is named."""
    monkeypatch.chdir(tmp_path)
    customers().to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", "bought") == 2
    assert "run `git init` here first" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["customers.csv"]


@pytest.mark.parametrize(
    ("task", "target", "metric", "model"),
    [("regression", "age", "r2", "linear"), ("multiclass", "town", "roc_auc_ovr", "logistic")],
)
def test_task(repo, task, target, metric, model, capsys):
    """The metric and the models fit what is to be predicted."""
    customers().to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", target) == 0
    assert task in capsys.readouterr().out
    told = yaml.safe_load((repo / "params.yaml").read_text())
    assert told["brief"]["metric"] == metric and set(told["models"]) == {"boosting", model}


def test_interactive(repo, monkeypatch, capsys):
    """The brief's questions are asked, the first yes of the decision rule ends them."""
    customers().to_csv("customers.csv", index=False)
    answers = iter(["too few buyers", "they take a year", "average_precision", "0.7", "privacy"])
    answers = iter([*answers, "no", "yes"])
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{next(answers)}\n", raising=False)
    assert init("customers.csv", "--target", "bought", "--interactive") == 0
    brief = params.load("brief", problem.Brief)
    assert brief.gap == "too few buyers" and brief.threshold == 0.7 and brief.priority == "privacy"
    assert brief.decision.labelling_is_bottleneck and problem.drafts(brief) == []
    assert "What is missing, in one sentence." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["gap", "why", "rocauc"], "'rocauc' is unknown"),
        (["gap", "why", "", "high"], "the threshold must be a number, got 'high'"),
        (["gap", "why"], "nothing was written"),
    ],
)
def test_interactive_answers_that_do_not_do(repo, monkeypatch, answers, said, capsys):
    """A wrong answer, or the end of them, stops it before anything is written."""
    customers().to_csv("customers.csv", index=False)
    lines = iter([*(f"{answer}\n" for answer in answers), "", "", ""])
    monkeypatch.setattr("sys.stdin.readline", lambda: next(lines), raising=False)
    assert init("customers.csv", "--target", "bought", "--interactive") == 2
    assert said in capsys.readouterr().err
    assert not (repo / "params.yaml").exists()


def test_what_is_written_depends_on_the_table_alone(tmp_path, monkeypatch):
    """Two folders, the same bytes: no path, time or name of the machine is in them."""
    found = []
    for name in ("one", "another"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        subprocess.run(["git", "init", "--quiet"], check=True)
        customers().to_csv("customers.csv", index=False)
        assert init("customers.csv", "--target", "bought") == 0
        found.append({path: (folder / path).read_bytes() for path in sorted(tracked(folder))})
    assert found[0] == found[1]


def test_hostile_names(repo, capsys):
    """Names and cells are data: they run nothing, leave no folder and steer no terminal."""
    names = ["$(touch pwned)", "../../x", "a\nb: c", "\x1b[31mred", "{evil: 1}", "# no", "'\""]
    frame = pd.DataFrame({name: ["<b>", "${x}", "`y`", "ok"] * 50 for name in names})
    frame["`rm -rf`"] = ["yes", "no"] * 100
    frame["number"] = range(200)
    frame.to_csv("customers.csv", index=False)
    assert init("customers.csv", "--target", "`rm -rf`") == 0
    declared = schema.load("data/schema.yaml")
    assert list(declared.columns) == [*names, "`rm -rf`", "number"]
    assert "\x1b" not in capsys.readouterr().out
    assert len(table.read("customers.csv", declared)) == 200
    assert not list(repo.rglob("pwned")) and not (repo.parent.parent / "x").exists()
