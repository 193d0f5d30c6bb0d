"""Every command in README.md and docs/ is run; what a page shows below one is what it prints.

A block of `console` is a session: commands behind `$ `, then what they print, "…" for anything.
One of `sh` is commands alone. The tutorial runs whole, in an empty folder; commands of other
pages run in a project that has run once. An experiment that would take minutes is queued, which
applies its overrides, and the parameters that come of it are read as the stages read them.
"""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import COPIED, Project
from sessions import ROOT, Shell, blocks, commands, edit, missing, pages

from stages.lib import batches, learners
from stages.lib.base import params
from stages.lib.generators import registry
from stages.lib.quality import thresholds
from stages.lib.tables import schema
from stages.scaffold import sections

TUTORIAL = "docs/tutorial.md"
REMOTES = "docs/remotes.md"  # its commands need a server: tests/test_s3.py
REFERENCE = [str(page.relative_to(ROOT)) for page in (ROOT / "docs/reference").glob("*.md")]
RUN = "dvc exp run "

# What runs in a test of its own, or in CI's script: a file, and words in it.
ELSEWHERE = {
    "pip install -c constraints.txt .": (".ci/versions", 'pip" install'),
    "dvc-synth init": (TUTORIAL, "$ dvc-synth init customers.csv --target churned"),
    "dvc push": (REMOTES, "$ dvc push"),
    "dvc-synth upgrade": ("tests/test_upgrade.py", '"upgrade"'),
    "dvc queue start -j 2": ("tests/test_sweeping.py", '"dvc", "queue", "start", "-j", "2"'),
    "dask scheduler": ("tests/clusters.py", '"scheduler"'),
    "PYTHONPATH=. dask worker": ("tests/clusters.py", '"worker"'),
    "COMPUTE_ADDRESS=": ("tests/test_sweeping.py", "COMPUTE_ADDRESS"),
}

# Those that say by exit code 1 that something asks for attention.
ATTENTION = ("dvc-synth check", "dvc-synth review")


def draft(project):
    """Take the brief's answers back, as a project has it that was only set up and run."""
    for name in ("gap", "why_not_real"):
        project.set(f"brief.{name}", "TODO: say it in one sentence.")
    project.repro("brief")
    project.commit("a draft")


def told(page):
    """Return the commands of a page, without the comments behind them."""
    found = [one for block in blocks(page) for one in commands(block)]
    return [one._replace(text=re.sub(r"\s+# .*$", "", one.text)) for one in found]


def test_every_block_says_what_it_is():
    """A block without a language could hold commands that nothing runs."""
    for page in pages():
        assert {block.language for block in blocks(page)} <= {"sh", "console", "yaml"}, page


def test_every_link_leads_somewhere():
    """A link between the documents names a file that is there, and a heading in it."""
    for page in (*pages(), *REFERENCE):
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)):
            name, _, heading = target.partition("#")
            if "://" in name:
                continue
            file = (ROOT / page).parent / name if name else ROOT / page
            assert file.exists(), f"{page}: {target}"
            if heading:
                named = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.M)
                assert heading in map(_anchor, named), f"{page}: {target}"


def _anchor(heading: str) -> str:
    """Return how GitHub names a heading in a link."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_what_runs_elsewhere_does():
    """A command that is left out here stands in the file that runs it, and on a page."""
    every = [one.text for page in pages() for one in told(page)]
    for command, (file, words) in ELSEWHERE.items():
        assert words in (ROOT / file).read_text("utf-8"), command
        assert any(one.startswith(command) for one in every), command


def test_lines_shown_are_looked_for_in_order():
    """A line that is not printed, or not in its place, is told; "…" stands for any."""
    printed = "one\ntwo 2\nthree\n"
    assert missing(["one", "…", "three"], printed) is None
    assert missing(["…", "two …"], printed) is None
    assert missing(["two 2"], printed) == "two 2"
    assert missing(["…", "three", "…", "one"], printed) == "one"


@pytest.mark.slow
def test_the_tutorial_from_a_csv_to_a_pull_request(tmp_path):
    """Each command of the tutorial ends as the page says, in a folder that holds nothing."""
    shell = Shell(tmp_path)
    for block in blocks(TUTORIAL):
        if block.language == "yaml":
            edit(block, shell.folder / "params.yaml")
        for one in commands(block) if block.language == "console" else []:
            code, printed = shell.run(one.text)
            assert code == 0 or (code == 1 and one.text.startswith(ATTENTION)), printed
            assert missing(one.shown, printed) is None, f"$ {one.text}\n{printed}"


# What a page takes for granted of the project that its commands run in.
GIVEN = {
    "docs/monitoring.md": draft,
    "docs/review.md": lambda project: project.run("git", "branch", "origin/main"),
    "docs/sweep.md": lambda project: project.run("dvc", "exp", "save", "--name", "denser"),
}
OTHERS = [page for page in pages() if page not in (TUTORIAL, REMOTES)]
OTHERS = [page for page in OTHERS if any(not one.text.startswith(RUN) for one in told(page))]


@pytest.mark.parametrize("page", OTHERS)
def test_commands_of_a_page(page, project: Project):
    """Each command ends well, or says what asks for attention; experiments are queued below."""
    GIVEN.get(page, lambda project: None)(project)
    project.run("git", "switch", "--quiet", "--create", "my-branch")
    shell = Shell(project.folder)
    for one in told(page):
        if one.text.startswith((RUN, *ELSEWHERE)):
            continue
        code, printed = shell.run(one.text)
        assert code == 0 or (code == 1 and one.text.startswith(ATTENTION)), printed
        assert missing(one.shown, printed) is None, f"$ {one.text}\n{printed}"


def test_experiments_of_all_pages(tmp_path, capfd):
    """Each set of overrides can be queued, and gives parameters that every stage accepts."""
    from dvc.cli import main
    from dvc.repo import Repo

    _example(tmp_path)
    every = {one.text for page in pages() for one in told(page) if one.text.startswith(RUN)}
    every |= {text for page in pages() for text in _in_prose(page)}
    assert len(every) > 30
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for text in sorted(every):
            given = [word for word in shlex.split(text)[3:] if word != "--queue"]
            assert main(["exp", "run", "--queue", *given]) == 0, f"{text}\n{capfd.readouterr()}"
        with Repo() as repo:
            queued = [one.stash_rev for one in repo.experiments.celery_queue.iter_queued()]
        assert len(queued) >= len(every)
        for revision in queued:
            _accepted(tmp_path, revision)


def _example(folder: Path) -> None:
    """Write what git holds of the example's code and parameters; no row, and nothing has run."""
    for path in (*COPIED, "params.yaml", "data/schema.yaml", "ledger"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-r", ROOT / path, folder / path], check=True)
    (folder / "rules/respondents.py").write_text("def generate(n, rng): ...\n")
    for command in ("git init --quiet", "git add --all", "git commit --quiet --message example"):
        subprocess.run(command.split(), cwd=folder, check=True)


def _in_prose(page: str) -> set[str]:
    """Return the experiments that a page names in its text, with values to set."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text("utf-8"), flags=re.M | re.S)
    return {one for one in re.findall(rf"`({RUN}[^`]+)`", text) if " -S " in one}


def _accepted(folder: Path, revision: str) -> None:
    """Read the parameters that an experiment was queued with as the stages would."""
    shown = ["git", "show", f"{revision}:params.yaml"]
    text = subprocess.run(shown, cwd=folder, capture_output=True, text=True, check=True).stdout
    path = folder / ".queued.yaml"
    path.write_text(text, "utf-8")
    read = {name: params.load(name, kind, path) for name, kind in sections.SECTIONS.items()}
    declared = schema.load(folder / "data/schema.yaml")
    for name, spec in read["generators"].items():
        registry.make(name, spec)
    for batch in batches.every(read["generators"], read["slices"]):
        batches.asked(batch, read["slices"], declared)
    learners.check(read["models"], "binary")
    thresholds.rules(read["gates"], read["brief"].priority, read["brief"].metric)
    names = {one.name for one in batches.every(read["generators"], read["slices"])}
    assert {*read["admit"].exclude, *(read["blend"].batches or [])} <= names
    assert set(yaml.safe_load(text)) == set(read)
