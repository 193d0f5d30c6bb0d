"""dvc-synth history: generations told from git alone, in repositories made by hand."""

import json

import pytest
from conftest import Project

from stages.__main__ import main
from stages.lineage import repository

BATCH = "cart-everything"
FALLING = [0.96, 0.94, 0.92, 0.90, 0.88]


class History(Project):
    """A repository with the files that a run leaves in git, and no rows."""

    def write(self, path, told):
        """Write a JSON file of metrics/."""
        file = self.folder / "metrics" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(told))

    def generation(self, number, *, coverage=0.96, learned=0.0, family="cart", **mix):
        """Commit another batch, as `dvc repro` would leave it."""
        checks = {"coverage": 1 - coverage, "density": 0.02, "recall": 0.05, "tails": 0.1}
        self.write("admit.json", {"admitted": [BATCH]})
        self.write(
            "freeze.json", {"slices": {name: {"sha256": name} for name in ("train", "tune")}}
        )
        self.write(
            f"provenance/{BATCH}.json",
            {
                "generator": {"name": "cart", "family": family, "parameters": {}, "seed": number},
                "slice": {"name": "everything"},
                "rows": {"kept": 5000},
                "synthetic_share": learned,
                "sha256": f"rows {number}",
            },
        )
        self.write(
            f"validate/{BATCH}.json",
            {
                "checks": [
                    {
                        "name": name, "value": value, "ceiling": 0.03,
                        "lower": value - 0.03 - 0.02, "upper": value - 0.03 + 0.02,
                    }
                    for name, value in checks.items()
                ]
            },
        )  # fmt: skip
        score = {"metric": "roc_auc", "score": 0.884, "lower": 0.876, "upper": 0.892}
        self.write("blend.json", {"ratio": 0.5, "batches": [BATCH], **score, **mix})
        self.commit(f"generation {number}")


@pytest.fixture
def history(tmp_path, monkeypatch):
    """Return an empty repository, and work in it."""
    project = History(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    monkeypatch.chdir(tmp_path)
    return project


def told(capsys, *arguments):
    """Return the exit code, and what is printed."""
    code = main(["history", *arguments])
    return code, capsys.readouterr().out


def test_line_for_each_generation(history, capsys):
    """Each shows its commit, batch, numbers beside real rows', shares, and the score."""
    history.generation(1)
    history.generation(2, coverage=0.95, learned=0.5, ratio=0.25)
    code, out = told(capsys)
    first, second = out.splitlines()[1:3]
    assert code == 0
    assert out.splitlines()[0].endswith("ROC AUC")
    assert first.split()[:2] == [history.run("git", "rev-parse", "HEAD~")[:9], BATCH]
    assert "0.960 (0.970)" in first and "0 %" in first and "0.8840 [0.8760, 0.8920]" in first
    assert "0.950 (0.970)" in second and "50 %" in second and "25 %" in second
    assert "Synthetic share learned from: risen from 0 % to 50 %" in out
    assert "ratio: fallen from 50 % to 25 %" in out


def test_what_changed_neither_batch_nor_mix_is_no_generation(history, capsys):
    """A commit that only asked the same batch again gives the generation its newer numbers."""
    history.generation(1, coverage=0.9)
    history.generation(1, coverage=0.8)
    (history.folder / "notes.txt").write_text("read")
    history.commit()
    _, out = told(capsys, "--json")
    [one] = json.loads(out)["generations"]
    assert one["commit"] == history.run("git", "rev-parse", "HEAD~2")[:9]
    assert one["batches"][0]["coverage"] == {"value": pytest.approx(0.8), "real": 0.97}
    assert one["batches"][0]["distinct"] is None


def test_falling_coverage_asks_for_attention(history, capsys):
    """A chain whose coverage goes on falling under a density that holds exits with 1."""
    for number, coverage in enumerate(FALLING):
        history.generation(number, coverage=coverage, learned=float(number > 0))
    code, out = told(capsys)
    head = history.run("git", "rev-parse", "HEAD")[:9]
    assert code == 1
    assert f"warning: {head} {BATCH}: coverage fell from 0.960 to 0.880" in out
    code, out = told(capsys, "HEAD~")
    assert (code, "warning" in out) == (0, False)
    code, out = told(capsys, "--last", "1", "--json")
    assert code == 1 and json.loads(out)["attention"]
    assert len(json.loads(out)["generations"]) == len(json.loads(out)["warnings"]) == 1


def test_recovered_chain_no_longer_asks(history, capsys):
    """What was flagged stays told, and the exit code is that of the last generation."""
    for number, coverage in enumerate([*FALLING, 0.96]):
        history.generation(number, coverage=coverage)
    code, out = told(capsys)
    assert code == 0
    assert out.count("warning:") == 1


def test_other_generator_begins_another_chain(history, capsys):
    """A fall that comes with another family is no collapse."""
    for number, coverage in enumerate(FALLING):
        history.generation(number, coverage=coverage, family="cart" if number < 3 else "sdv")
    assert told(capsys)[0] == 0


def test_same_batch_counts_once(history, capsys):
    """Mixes tried with one batch are generations, and no further evidence of a fall."""
    for number, coverage in enumerate(FALLING[:4]):
        history.generation(number, coverage=coverage)
    for ratio in (0.1, 0.2):
        history.generation(3, coverage=0.88, ratio=ratio)
    code, out = told(capsys)
    assert code == 0
    assert len(json.loads(told(capsys, "--json")[1])["generations"]) == 6
    assert out.count(BATCH) == 6


def test_nothing_admitted_is_told(history, capsys):
    """A generation without a batch has its line, and its score."""
    history.generation(1)
    history.write("admit.json", {"admitted": []})
    history.write("blend.json", {"ratio": 0, "metric": "roc_auc", "score": 0.88})
    history.commit()
    code, out = told(capsys)
    assert code == 0
    assert "none admitted" in out.splitlines()[2]


def test_merged_work_is_one_generation(history, capsys):
    """Batches that a branch tried and replaced before it was merged are not counted."""
    history.generation(1)
    history.run("git", "switch", "--quiet", "--create", "work")
    history.generation(2)
    history.generation(3)
    history.run("git", "switch", "--quiet", "main")
    history.run("git", "merge", "--quiet", "--no-ff", "--message", "merged", "work")
    out = json.loads(told(capsys, "--json")[1])
    assert [one["batches"][0]["sha256"] for one in out["generations"]] == ["rows 1", "rows 3"]


def test_commits_that_nobody_can_read_are_passed_over(history, capsys):
    """A broken file of long ago does not hide the rest."""
    (history.folder / "metrics").mkdir()
    (history.folder / "metrics/admit.json").write_text("<<<<<<<")
    history.commit()
    history.generation(1)
    assert told(capsys)[1].count(BATCH) == 1


def test_no_generation_is_an_error(history, capsys):
    """Where no run was committed there is nothing to tell: exit code 2, and what to do."""
    history.commit()
    assert main(["history"]) == 2
    assert "commit what `dvc repro` wrote" in capsys.readouterr().err


def test_shallow_clone_is_refused(history, capsys, monkeypatch, tmp_path):
    """Its first commit is not the first generation: exit code 2, and how to get the others."""
    for number in (1, 2):
        history.generation(number)
    address = f"file://{history.folder}"
    history.run("git", "clone", "--quiet", "--depth", "1", address, str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert main(["history"]) == 2
    assert "`git fetch --unshallow` brings them" in capsys.readouterr().err


def test_odd_records(history, capsys):
    """A record of another form than ours costs its own numbers, and no more."""
    history.generation(1)
    history.write(f"validate/{BATCH}.json", {"checks": [5, {"name": "coverage", "value": 10**400}]})
    history.write(f"provenance/{BATCH}.json", [1])
    history.write("freeze.json", {"slices": 5})
    history.write("blend.json", {"ratio": 10**400, "metric": 5, "score": "x"})
    history.write("admit.json", {"admitted": [BATCH, None, "a\0b", "a\nb", "\ud800"]})
    history.commit()
    code, out = told(capsys)
    assert code == 0
    assert f"{BATCH}  " in out and "a?b" in out
    [first, second] = json.loads(told(capsys, "--json")[1])["generations"]
    assert [one["name"] for one in second["batches"]][-1] == "\ud800"


def test_contents_are_those_of_git(history):
    """Many files read by one git are the same as each read alone; what is not there is left out."""
    for number in (1, 2):
        history.generation(number)
    (history.folder / "metrics/empty.json").write_bytes(b"")
    (history.folder / "metrics/odd.json").write_bytes(b"\n\x00missing\nblob 3\n")
    history.commit()
    repo = repository.find(history.folder)
    commits = [repository.resolve(repo, name) for name in ("HEAD", "HEAD~")]
    paths = ["odd", "empty", "admit", "blend", "a\nb", "none"]
    places = [(commit, f"metrics/{path}.json") for commit in commits for path in paths]
    single = {place: repository.read(repo, *place) for place in places}
    found = repository.contents(repo, [*places, ("HEAD", "metrics")])
    assert found == {place: content for place, content in single.items() if content is not None}
    assert len(found) == 6
