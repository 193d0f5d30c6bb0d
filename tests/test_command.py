"""The command itself: what it imports, what it refuses, and how."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from stages.__main__ import SHELLS, VERBS, main

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


def test_exit_codes_are_told(capsys):
    """What a script may rely on stands in the help, for each code that the command ends with."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "Exit codes: 0 " in shown
    assert "; 1 something asks for a person's attention" in shown and "; 2 it could not be" in shown


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["lo"], ["lock"]),
        (["u"], ["upgrade"]),
        (["lock", "--r"], ["--release"]),
        (["approve", "--n"], ["--note"]),
        (["init", "cust"], ["customers.csv"]),
        (["--print-completion", ""], sorted(SHELLS)),
    ],
    ids=" ".join,
)
def test_completion(typed, offered, tmp_path, capsys):
    """In bash, verbs, their options and the name of a table are completed."""
    with pytest.raises(SystemExit) as caught:
        main(["--print-completion", "bash"])
    assert caught.value.code == 0
    script = tmp_path / "completion.sh"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "customers.csv").touch()
    words = " ".join(map(shlex.quote, ["dvc-synth", *typed]))
    ask = f". {script}; COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _shtab_dvc_synth"
    done = run("bash", "-c", f"{ask}; printf '%s\\n' \"${{COMPREPLY[@]}}\"", folder=tmp_path)
    assert sorted(done.stdout.split()) == offered, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_of_each_shell(shell, capsys):
    """Every shell that is offered gets a script that knows every verb."""
    with pytest.raises(SystemExit):
        main(["--print-completion", shell])
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in VERBS) and "dvc-synth" in shown


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (PermissionError(13, "Permission denied", "params.yaml"), 2, "error: params.yaml: Per"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device"),
    ],
)
def test_what_the_machine_refuses_is_one_line(raised, code, told, monkeypatch, capsys):
    """A full disk, a file without permission and an interrupt end without a traceback."""

    def fail(_):
        raise raised

    monkeypatch.setattr("stages.commands.history.run", fail)
    assert main(["history"]) == code
    assert capsys.readouterr().err.rstrip("\n").startswith(told)


def test_a_reader_that_leaves(tmp_path):
    """Where `| head` has read enough, nothing is said about it."""
    script = (
        "import stages.commands.history as verb; from stages.__main__ import main; "
        "verb.run = lambda _: print('a line\\n' * 100_000); raise SystemExit(main(['history']))"
    )
    done = run("bash", "-c", f'{sys.executable} -c "{script}" | head -n 1', folder=tmp_path)
    assert (done.stdout, done.stderr) == ("a line\n", "")


def test_mistake_is_one_line(tmp_path):
    """Outside of a project the message is one line, the exit code 2, and there is no traceback."""
    done = run(sys.executable, "-m", "stages", "check", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {tmp_path}: no dvc.yaml here or above")


def test_a_message_cannot_break_the_terminal(tmp_path):
    """Letters that steer a terminal are not printed, nor is one missed that knows few."""
    folder = tmp_path / "→\x1b[31m"
    folder.mkdir()
    script = (
        "import os; os.environ['PYTHONIOENCODING'] = 'ascii'; "
        f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'stages', 'check'])"
    )
    done = run(sys.executable, "-c", script, folder=folder)
    assert done.stderr.startswith(f"error: {tmp_path}/??[31m: no dvc.yaml here or above")


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
