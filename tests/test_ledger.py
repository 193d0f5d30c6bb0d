"""The ledger: what it adds up, what it refuses, and that no line is ever lost or doubled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.lib import ledger
from stages.lib.base.errors import ParamsError, ProvenanceError
from stages.lib.generators.parts import accounting
from stages.lib.generators.protocol import Spend
from stages.lib.ledger import Line, Privacy

ROOT = Path(__file__).resolve().parents[1]
RHO = 0.02
SPENT = Spend("noise", 0.8, 1e-5, RHO, 0.0)
AMPLE = Privacy(epsilon_budget=50, delta=1e-5)


def git(folder: Path, *command: str) -> str:
    """Run git in a folder."""
    done = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return an empty project in git."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "params.yaml").write_text("{}\n")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "a commit")


def spend(
    folder: Path, name: str = "private", spent: Spend = SPENT, privacy: Privacy = AMPLE
) -> Line:
    """Write a spend."""
    return ledger.spend(name, spent, table="f00d", privacy=privacy, project=folder)


def shown(folder: Path) -> list[str]:
    """Return the names of the lines in the working tree."""
    return sorted(path.name for path in (folder / "ledger").glob("*.json"))


def test_line_says_what_was_spent_and_not_on_how_many_rows(repo: Path) -> None:
    """A line holds the generator, the cost, the table's hash and the time, digits in full."""
    line = spend(repo, spent=SPENT._replace(rho=1 / 3))
    told = json.loads((repo / "ledger" / line.name).read_text())
    assert set(told) == {*Spend._fields, "generator", "table", "when", "id"}
    assert told["rho"] == 1 / 3
    assert told["table"] == "f00d"
    assert ledger.read(repo) == [line]


def test_costs_add_up_whatever_the_table(repo: Path) -> None:
    """Two spends of ρ cost 2ρ, and the parts of δ that fail outright are taken off it."""
    lines = [spend(repo), spend(repo, spent=SPENT._replace(slack=4e-6))]
    lines[1] = lines[1]._replace(table="another")
    found = ledger.total(lines, 1e-5)
    assert found.rho == 2 * RHO
    assert found.epsilon == accounting.epsilon(2 * RHO, 6e-6)
    assert found.spends == 2
    assert ledger.total([], 1e-5).epsilon == 0
    assert ledger.total(lines, 4e-6).epsilon == float("inf")


def test_budget_refuses_and_says_what_was_spent(repo: Path) -> None:
    """The fit that would exceed the budget is told the sum, each spend, and what to do."""
    once = accounting.epsilon(RHO, 1e-5)
    tight = Privacy(epsilon_budget=once, delta=1e-5)
    line = spend(repo, privacy=tight)  # to the last digit of the budget
    with pytest.raises(ParamsError) as caught:
        spend(repo, "second", privacy=tight)
    message = str(caught.value)
    twice = accounting.epsilon(2 * RHO, 1e-5)
    assert f"params.yaml: `privacy.epsilon_budget` {once:g} does not allow" in message
    assert "fit of 'second' (ε 0.8 at δ 1e-05)" in message
    assert f"ε {once:.4g} is spent, and {twice:.4g} would be" in message
    assert f"  - {line.when} private: ε 0.8 at δ 1e-05 (ρ 0.02)" in message
    assert "`dvc pull`" in message
    assert shown(repo) == [line.name]


def test_deleted_line_is_put_back(repo: Path) -> None:
    """A line that was never committed survives its removal, `git clean` and a stash."""
    line = spend(repo)
    (repo / "ledger" / line.name).unlink()
    assert ledger.read(repo) == [line]
    git(repo, "clean", "-fdq")
    assert shown(repo) == []
    assert ledger.read(repo) == [line]
    assert shown(repo) == [line.name]
    git(repo, "stash", "--include-untracked", "--quiet")
    git(repo, "checkout", "--quiet", "-b", "other")
    assert ledger.read(repo) == [line]


@pytest.mark.parametrize("place", ["branch", "experiment", "stash", "reflog"])
def test_git_remembers_without_the_journal(repo: Path, place: str) -> None:
    """A line in any commit that a ref or the reflog reaches counts, also on another branch."""
    before = git(repo, "rev-parse", "HEAD").strip()
    line = spend(repo)
    if place == "stash":
        git(repo, "stash", "--include-untracked", "--quiet")
    else:
        commit(repo)
        ref = {"branch": "refs/heads/side", "experiment": "refs/exps/ab/cd/mine"}.get(place)
        if ref:
            git(repo, "update-ref", ref, "HEAD")
        git(repo, "reset", "--quiet", "--hard", before)
    if place in ("branch", "experiment"):
        git(repo, "reflog", "expire", "--expire=now", "--all", "--updateref")
    for path in (repo / ".git/dvc-synth/ledger").glob("*.json"):
        path.unlink()
    assert shown(repo) == []
    assert ledger.read(repo) == [line]


def test_line_removed_in_a_commit_still_counts(repo: Path) -> None:
    """History is append-only: a commit that deletes a line does not take it back."""
    line = spend(repo)
    commit(repo)
    git(repo, "rm", "--quiet", "-r", "ledger")
    commit(repo)
    (repo / ".git/dvc-synth/ledger" / line.name).unlink()
    assert ledger.read(repo) == [line]


def test_clones_merge_into_their_union(repo: Path, tmp_path: Path) -> None:
    """Two clones that spend apart merge without a conflict, and then count both."""
    first = spend(repo)
    commit(repo)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repo), str(clone))
    assert ledger.read(clone) == [first]
    theirs = spend(clone)
    commit(clone)
    mine = spend(repo)
    commit(repo)
    git(repo, "pull", "--quiet", "--no-rebase", str(clone), "main")
    assert {line.id for line in ledger.read(repo)} == {first.id, theirs.id, mine.id}


def test_changed_line_is_noticed(repo: Path) -> None:
    """A line edited in place is put right from the journal, or refused where no copy is left."""
    line = spend(repo)
    path = repo / "ledger" / line.name
    cheaper = path.read_text().replace("0.02", "0.01")
    path.write_text(cheaper)
    assert ledger.read(repo) == [line]
    assert "0.02" in path.read_text()
    path.write_text(cheaper)
    (repo / ".git/dvc-synth/ledger" / line.name).unlink()
    with pytest.raises(ProvenanceError, match=f"{line.name} is not as it was written"):
        ledger.read(repo)


def test_files_that_are_no_lines_are_left_alone(repo: Path) -> None:
    """A note beside the lines is none of them, in the folder and in a commit."""
    (repo / "ledger").mkdir()
    (repo / "ledger/note.json").write_bytes(b"caf\xe9")
    commit(repo)
    line = spend(repo)
    assert ledger.read(repo) == [line]


def test_line_that_is_no_text_is_told(repo: Path) -> None:
    """Bytes that are not UTF-8 are put right from the journal, or a changed line, in git too."""
    line = spend(repo)
    path, noted = repo / "ledger" / line.name, repo / ".git/dvc-synth/ledger" / line.name
    path.write_bytes(b"caf\xe9")
    commit(repo)
    assert ledger.read(repo) == [line]
    path.unlink()
    noted.unlink()
    with pytest.raises(ProvenanceError, match=f"{line.name} is not as it was written"):
        ledger.read(repo)


def test_history_that_git_cannot_read_is_told(repo: Path, tmp_path: Path) -> None:
    """A partial clone without its remote lacks removed lines, which must not count as unspent."""
    spend(repo)
    commit(repo)
    git(repo, "rm", "--quiet", "-r", "ledger")
    commit(repo)
    git(repo, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", repo.as_uri(), str(clone))
    repo.rename(tmp_path / "gone")
    with pytest.raises(ProvenanceError, match="git cannot read every line of ledger/"):
        spend(clone)


def test_object_that_git_says_is_missing_is_told() -> None:
    """What `git cat-file` says of an object that it lacks has no size."""
    assert list(ledger._contents(b"0a blob 3\nabc\n")) == ["abc"]
    with pytest.raises(ProvenanceError, match="git cannot read every line of ledger/"):
        list(ledger._contents(b"0a blob 3\nabc\n0b missing\n"))


def test_experiment_outside_the_workspace_spends_at_home(repo: Path) -> None:
    """DVC's temporary repository of an experiment writes to the one that it is in."""
    temporary = repo / ".dvc/tmp/exps/standard/tmp1"
    temporary.mkdir(parents=True)
    git(temporary, "init", "--quiet")
    line = spend(temporary)
    assert shown(temporary) == []
    assert shown(repo) == [line.name]
    assert (repo / ".git/dvc-synth/ledger" / line.name).is_file()


def test_projects_of_one_repository_have_a_ledger_each(repo: Path) -> None:
    """What one project of a monorepo spent is not put into another's ledger."""
    (repo / "one").mkdir()
    (repo / "two").mkdir()
    line = spend(repo / "one")
    commit(repo)
    assert ledger.read(repo / "two") == []
    assert ledger.read(repo) == []
    (repo / ".git/dvc-synth/ledger/one" / line.name).unlink()
    (repo / "one/ledger" / line.name).unlink()
    assert ledger.read(repo / "one") == [line]


def test_works_without_git(tmp_path: Path) -> None:
    """Outside git the folder alone is the ledger."""
    line = spend(tmp_path)
    assert ledger.read(tmp_path) == [line]
    with pytest.raises(ParamsError, match="does not allow"):
        spend(tmp_path, privacy=Privacy(epsilon_budget=0.9, delta=1e-5))


def test_spends_at_the_same_time_cannot_both_pass(repo: Path) -> None:
    """Of three processes that spend at once, the budget of one lets one through."""
    budget = accounting.epsilon(RHO, 1e-5)
    script = (
        "from pathlib import Path; from stages.lib import ledger\n"
        "from stages.lib.generators.protocol import Spend\n"
        f"ledger.spend('g', Spend(*{tuple(SPENT)!r}), table='t', project=Path('.'),\n"
        f"    privacy=ledger.Privacy(epsilon_budget={budget!r}, delta=1e-5))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}"],
            cwd=repo,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    assert sorted(process.wait() for process in running) == [0, 1, 1]
    assert len(shown(repo)) == len(ledger.read(repo)) == 1


def test_section_is_checked() -> None:
    """A budget of nothing and a δ of one are mistakes."""
    with pytest.raises(ValueError, match="epsilon_budget"):
        Privacy(epsilon_budget=0, delta=1e-5)
    with pytest.raises(ValueError, match="delta"):
        Privacy(epsilon_budget=1, delta=1)
