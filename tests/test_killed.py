"""A full run that is killed in each of its stages, and run again: it ends as if never killed."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Project

BATCH = "naive_bayes-everything"
FIRST = {  # what each stage writes first; of sweep, what it keeps for the next run
    "brief": "metrics/brief.json",
    "ingest": "data/real.parquet",
    "freeze": "data/train.parquet",
    "baseline": "data/baseline.npz",
    "fit": "models/naive_bayes.pkl",
    "preview": f"data/preview/{BATCH}.csv",
    "generate": f"data/synthetic/{BATCH}.parquet",
    "validate": f"data/validation/{BATCH}",
    "admit": "metrics/admit.json",
    "sweep": "data/unfinished/sweep",
    "blend": "data/blend.parquet",
    "monitor": "metrics/drift.json",
    "handoff": "metrics/sweep.svg",
}
LONGEST = 300  # seconds that a stage may take to write anything


def begun(folder: Path, stage: str) -> bool:
    """Return whether a stage has begun to write."""
    path = folder / FIRST[stage]
    return path.with_name(f".{path.name}.partial").exists() or path.exists()


def run_until(project: Project, stage: str) -> str:
    """Run the pipeline, and kill it with all its children as soon as `stage` writes."""
    log = project.folder.with_name(f"{stage}.log")
    with log.open("w") as told:
        running = subprocess.Popen(
            ["dvc", "repro"], cwd=project.folder, stdout=told, stderr=told, start_new_session=True
        )
    until = time.monotonic() + LONGEST
    while not begun(project.folder, stage) and running.poll() is None:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.0005)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    return log.read_text()


@pytest.mark.slow
def test_a_run_killed_in_each_stage_ends_as_if_never_killed(finished: Path, tmp_path: Path) -> None:
    """The files, dvc.lock and what git says are those of a run that nobody killed."""
    Project(finished).run("git", "clone", "--quiet", ".", str(tmp_path / "project"))
    project = Project(tmp_path / "project")
    project.run("git", "reset", "--quiet", "--hard", "HEAD~1")  # before the first run
    for stage in FIRST:
        told = run_until(project, stage)
        assert re.findall(r"Running stage '(\w+)", told)[-1] == stage, told
    project.repro()
    assert project.repro() == []
    assert not list(project.folder.rglob("*.partial"))
    project.commit("the first run")
    assert project.run("git", "diff", "--stat", "origin/main") == ""
