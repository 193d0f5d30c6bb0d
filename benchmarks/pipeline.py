"""What DVC adds to the stages, and what a stage needs before it begins."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import cost, mixed, newcomer
from .cost import ROOT
from .growth import TARGET, stages_of

ROWS = 400  # of the small table
REPEATS = 3  # of what takes a moment; the least counts


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
        cold = cost.run([*repro, "--force"], project, log=log, **around)
        ran = re.findall(r"Running stage '(.+)'", log.read_text("utf-8"))
        again = [cost.run(repro, project, log=log, **around) for _ in range(repeats)]
        if "Running stage" in log.read_text("utf-8"):
            raise SystemExit("pipeline: a second `dvc repro` repeated a stage")
        alone = {
            stage: cost.run(command, project, log=log, **around).seconds
            for stage, command in stages_of(project).items()
            if stage in ran
        }
        cost.run(repro, project, log=log, **around)
        if "Running stage" in (told := log.read_text("utf-8")):
            raise SystemExit(f"pipeline: stages that ran by themselves wrote other bytes:\n{told}")
        modules = sorted({stage.partition("@")[0] for stage in alone})
        imports = {"nothing": _imports("sys", log, repeats)}
        imports |= {module: _imports(f"stages.{module}", log, repeats) for module in modules}
    return {
        "of": "a small table as far as `generate`" if quick else "the example in a fresh clone",
        "cold": cold._asdict(),
        "again": min(one.seconds for one in again),
        "alone": alone,
        "imports": imports,
    }


def _imports(module: str, log: Path, repeats: int) -> float:
    """Return the seconds of a process that imports a module and ends."""
    command = [sys.executable, "-c", f"import {module}"]
    return min(cost.run(command, log=log).seconds for _ in range(repeats))


def section(found: dict[str, Any]) -> str:
    """Return what was found, as Markdown."""
    alone, cold = sum(found["alone"].values()), found["cold"]["seconds"]
    stages: dict[str, list[float]] = {}
    for name, seconds in found["alone"].items():
        stages.setdefault(name.partition("@")[0], []).append(seconds)
    lines = [
        f"| {name} | {len(own)} | {sum(own):.1f} | {found['imports'][name]:.2f} |"
        for name, own in stages.items()
    ]
    return _SECTION.format(
        of=found["of"],
        cold=cold,
        peak=found["cold"]["peak_mb"],
        alone=alone,
        share=(cold - alone) / cold,
        again=found["again"],
        nothing=found["imports"]["nothing"],
        stages="\n".join(lines),
    )


_SECTION = """\
## DVC's share

`dvc repro --force` of {of}: {cold:.1f} s, {peak:,.0f} MB. The same stages one
after the other, without DVC: {alone:.1f} s, to the same bytes. So DVC's share is {share:.0%}. A
`dvc repro` that has nothing to do: {again:.1f} s.

| stage | runs | seconds in all | imports of one, s |
|---|---:|---:|---:|
{stages}

A process that imports nothing takes {nothing:.2f} s of each. The imports are those of the stage's
module; torch and SDV are loaded by a generator of theirs alone, when it learns or makes rows.
"""
