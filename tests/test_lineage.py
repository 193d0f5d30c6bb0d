"""What dvc.yaml says of the data's lineage: who reads what, and that it is the whole truth."""

from pathlib import Path

import closure
import pytest
import yaml

from stages.lib import script
from stages.lib.generators import file, registry

ROOT = Path(__file__).resolve().parents[1]
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE["stages"].items()}
GENERATORS = "stages/lib/generators"
FAMILIES = [f"{GENERATORS}/{family}.py" for family in registry.FAMILIES]


def named(entries: list) -> list[str]:
    """Return the paths of a list of deps or outs."""
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def code(stage: str) -> set[str]:
    """Return the Python files that a stage declares, those of the folders among them."""
    declared = {path for path in named(STAGES[stage]["deps"]) if path.startswith("stages/")}
    return set().union(*(files(path) for path in declared))


def files(path: str) -> set[str]:
    """Return the Python files of a folder, or the one."""
    inside = [one for one in (ROOT / path).rglob("*.py") if one.name != "__init__.py"]
    return {str(one.relative_to(ROOT)) for one in inside} or {path}


def test_stages_are_the_workflow_in_order() -> None:
    """The thirteen steps of the workflow stand in dvc.yaml in their order, each described."""
    workflow = "brief ingest freeze baseline fit preview generate validate admit sweep blend"
    assert list(STAGES) == [*workflow.split(" "), "monitor", "handoff"]
    assert all(stage["desc"] for stage in STAGES.values())


@pytest.mark.parametrize("stage", STAGES)
def test_deps_are_the_import_closure(stage: str) -> None:
    """A stage depends on exactly the files it imports: on its generator's, where it needs one.

    A folder stands for all of its files, of which there is none that the stage does not import.
    """
    imported = closure.of(f"stages/{stage}.py")
    if stage == "fit":
        families = set().union(*(closure.of(family) for family in FAMILIES)) - set(FAMILIES)
        assert code(stage) == imported | families | {f"{GENERATORS}/${{item.family}}.py"}
    elif stage in ("preview", "generate", "validate"):
        every = set().union(imported, *(closure.of(family) for family in FAMILIES))
        assert code(stage) == every | files(GENERATORS)
        assert GENERATORS in named(STAGES[stage]["deps"])  # a family of one's own is among them
    else:
        assert code(stage) == imported


def test_the_report_is_made_anew_when_its_templates_change() -> None:
    """They are no Python, and stand in the room that handoff depends on."""
    assert "stages/lib/report" in named(STAGES["handoff"]["deps"])
    assert list((ROOT / "stages/lib/report").rglob("*.j2"))


def test_folders_of_the_user_make_rows_anew_and_fits_stay() -> None:
    """What a person or another tool wrote is read by whoever asks for rows, and by no fit."""
    for folder in (script.FOLDER, file.FOLDER):
        readers = [name for name, stage in STAGES.items() if folder in named(stage["deps"])]
        assert readers == ["preview", "generate"]
        assert (ROOT / folder / "README.md").is_file()  # DVC refuses a folder that is not there


def test_packages_are_empty() -> None:
    """Code in an __init__.py would be imported by every stage and declared by none."""
    assert [path for path in (ROOT / "stages").rglob("__init__.py") if path.read_text()] == []


@pytest.mark.parametrize("stage", ["brief", "ingest", "fit", "preview", "generate"])
def test_nothing_before_validate_reads_tune_or_holdout(stage: str) -> None:
    """No generator learns from rows that choices are made or scores are reported on."""
    read = named(STAGES[stage]["deps"])
    assert not {"data/tune.parquet", "data/holdout.parquet", "data/pool.parquet"} & set(read)
    assert "data/real.parquet" not in read


def test_readers_of_the_holdout_know_the_lock() -> None:
    """Every stage that reads the holdout re-runs when the lock changes, and can verify it."""
    readers = [
        name for name, stage in STAGES.items() if "data/holdout.parquet" in named(stage["deps"])
    ]
    assert readers == ["baseline", "validate", "sweep", "blend"]
    assert all("freeze.locked" in STAGES[name]["params"] for name in readers)


def test_small_files_in_git_keep_the_run_cache() -> None:
    """What git holds is declared as metrics or plots: a plain uncached out disables the run-cache.

    HANDOFF.md is neither JSON nor a chart; its stage is the last and takes seconds. The record of
    batches grows: a run brought back would bring a shorter one.
    """
    plain = {"admit": ["metrics/batches.idx"], "handoff": ["HANDOFF.md"]}
    for name, stage in STAGES.items():
        uncached = [
            path
            for entry in stage.get("outs", [])
            if isinstance(entry, dict)
            for path, options in entry.items()
            if options.get("cache") is False
        ]
        assert uncached == plain.get(name, [])
