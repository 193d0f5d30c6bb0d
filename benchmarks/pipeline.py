"""What DVC adds to the stages, and what a stage needs before it begins."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import cost, mixed, newcomer
from .cost import ROOT
from .growth import TARGET, stages_of

ROWS = 400  # of the small table
REPEATS = 3  # of what takes a moment; the least counts

# Stands for `python` before each stage, and writes down when it began and ended.
_CLOCK = """\
#!/bin/sh
began=$(date +%s.%N)
"{python}" "$@"
code=$?
echo "$began $(date +%s.%N) $*" >> "{times}"
exit $code
"""


def measure(*, quick: bool) -> dict[str, Any]:
    """Run the example, or a small table, with DVC and without.

    Raises SystemExit where a stage that runs by itself writes anything else than it does in DVC's
    hands, or where a second run repeats a stage.
    """
    repeats = 1 if quick else REPEATS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        project, log = folder / "project", folder / "printed.log"
        around = newcomer.surroundings(folder / "home")
        if quick:
            newcomer.begin(project, mixed.table(ROWS), TARGET, log, around)
        else:
            cost.run(["git", "clone", "--quiet", str(ROOT), str(project)], log=log, **around)
        repro = [*cost.python("dvc"), "repro", *(["generate"] if quick else [])]
        clock, times = folder / "clock/python", folder / "times"
        clock.parent.mkdir()
        clock.write_text(_CLOCK.format(python=sys.executable, times=times), "utf-8")
        clock.chmod(0o755)
        timed = {**around, "PATH": os.pathsep.join([str(clock.parent), around["PATH"]])}
        cold = cost.run([*repro, "--force"], project, log=log, **timed)
        commands = stages_of(project)
        stages = _seconds(commands, times.read_text("utf-8"))
        again = [cost.run(repro, project, log=log, **around) for _ in range(repeats)]
        if "Running stage" in log.read_text("utf-8"):
            raise SystemExit("pipeline: a second `dvc repro` repeated a stage")
        for stage in stages:
            cost.run(commands[stage], project, log=log, **around)
        cost.run(repro, project, log=log, **around)
        if "Running stage" in (told := log.read_text("utf-8")):
            raise SystemExit(f"pipeline: stages that ran by themselves wrote other bytes:\n{told}")
        modules = sorted({stage.partition("@")[0] for stage in stages})
        imports = {"nothing": _imports("sys", log, repeats)}
        imports |= {module: _imports(f"stages.{module}", log, repeats) for module in modules}
    return {
        "of": "a small table as far as `generate`" if quick else "the example in a fresh clone",
        "cold": cold._asdict(),
        "again": min(one.seconds for one in again),
        "stages": stages,
        "imports": imports,
    }


def _seconds(commands: dict[str, list[str]], times: str) -> dict[str, float]:
    """Return the seconds of each stage's process, of those that ran."""
    lines = [line.split(" ", 2) for line in times.splitlines()]
    took = {command: float(ended) - float(began) for began, ended, command in lines}
    by_stage = {stage: " ".join(command[1:]) for stage, command in commands.items()}
    return {stage: took[command] for stage, command in by_stage.items() if command in took}


def _imports(module: str, log: Path, repeats: int) -> float:
    """Return the seconds of a process that imports a module and ends."""
    command = [sys.executable, "-c", f"import {module}"]
    return min(cost.run(command, log=log).seconds for _ in range(repeats))


def section(found: dict[str, Any]) -> str:
    """Return what was found, as Markdown."""
    own, cold = sum(found["stages"].values()), found["cold"]["seconds"]
    stages: dict[str, list[float]] = {}
    for name, seconds in found["stages"].items():
        stages.setdefault(name.partition("@")[0], []).append(seconds)
    lines = [
        f"| {name} | {len(took)} | {sum(took):.1f} | {found['imports'][name]:.2f} |"
        for name, took in stages.items()
    ]
    return _SECTION.format(
        of=found["of"],
        cold=cold,
        peak=found["cold"]["peak_mb"],
        own=own,
        share=(cold - own) / cold,
        again=found["again"],
        nothing=found["imports"]["nothing"],
        stages="\n".join(lines),
    )


_SECTION = """\
## DVC's share

`dvc repro --force` of {of}: {cold:.1f} s, {peak:,.0f} MB. The stages' own
processes took {own:.1f} s of these, so DVC's share is {share:.1%}; run one after the other without
DVC they write the same bytes. A `dvc repro` that has nothing to do: {again:.1f} s.

| stage | runs | seconds in all | imports of one, s |
|---|---:|---:|---:|
{stages}

A process that imports nothing takes {nothing:.2f} s of each. The imports are those of the stage's
module; torch and SDV are loaded by a generator of theirs alone, when it learns or makes rows.
"""
