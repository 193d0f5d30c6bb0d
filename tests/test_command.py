"""The command itself: what it imports, what it refuses, and how."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from stages.__main__ import VERBS, main

HEAVY = ("pandas", "numpy", "dvc", "pydantic", "sklearn", "altair")


def run(*command, folder):
    """Run a command in a folder."""
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [[], *([verb] for verb in VERBS)], ids=" ".join)
def test_help_is_quick(arguments, tmp_path):
    """Help loads none of the libraries that take their time."""
    script = (
        "import sys\n"
        "from stages.__main__ import main\n"
        "try:\n"
        f"    main({[*arguments, '--help']})\n"
        "except SystemExit as end:\n"
        f"    loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "    print(end.code, *loaded, file=sys.stderr)\n"
    )
    done = run(sys.executable, "-c", script, folder=tmp_path)
    assert done.stderr.split() == ["0"]
    assert done.stdout.startswith(f"usage: dvc-synth {' '.join(arguments)}".rstrip())


def test_help_names_every_verb(capsys):
    """A person who asks for help is told what each verb is for."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"    {verb} " in shown for verb in VERBS)


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--metrics", "1"], ["check", "x"]])
def test_wrong_arguments(arguments, capsys):
    """What the command does not know it refuses, with exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: dvc-synth" in capsys.readouterr().err


def test_mistake_is_one_line(tmp_path):
    """Outside of a project the message is one line, the exit code 2, and there is no traceback."""
    done = run(sys.executable, "-m", "stages", "check", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {tmp_path}: no dvc.yaml here or above")


def test_both_ways_to_call_it_are_the_same(tmp_path):
    """`dvc-synth` and `python -m stages` print the same, and end the same."""
    installed = shutil.which("dvc-synth", path=str(Path(sys.executable).parent))
    assert installed
    for arguments in (["--help"], ["check", "--help"], ["check"]):
        one = run(installed, *arguments, folder=tmp_path)
        other = run(sys.executable, "-m", "stages", *arguments, folder=tmp_path)
        assert [one.returncode, one.stdout, one.stderr] == [
            other.returncode, other.stdout, other.stderr,
        ]  # fmt: skip
