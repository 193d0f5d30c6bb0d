"""A user's own functions: where they may be, and what their mistakes are told as."""

import pytest

from stages.lib import script
from stages.lib.base.errors import GeneratorError


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes the file `rules/own.py`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    return (tmp_path / "rules/own.py").write_text


@pytest.mark.parametrize("path", ["rules/a.py", "rules/deep/a.py"])
def test_files_of_the_folder(path):
    """Python files in the folder that the stages depend on are allowed."""
    script.check(path)


@pytest.mark.parametrize(
    "path",
    ["a.py", "rules", "rules.py", "rules/a.txt", "rules/../a.py", "/rules/a.py", "./a.py", ""],
)
def test_files_elsewhere_are_refused(path):
    """An edit to a file elsewhere would not run the stages again."""
    with pytest.raises(ValueError, match="`file` must be a Python file in the folder rules/"):
        script.check(path)


def test_what_the_function_returns(write):
    """Arguments go in, the result comes back, and an edited file is the one that runs."""
    write("def add(a, b):\n    return a + b\n")
    assert script.call("rules/own.py", "add", 2, 3) == 5
    write("def add(a, b):\n    return a - b\n\n")
    assert script.call("rules/own.py", "add", 2, 3) == -1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def own(x)\n    return x\n", "rules/own.py, line 1: expected ':'"),
        ("\n\nimport no_such_module\n", "rules/own.py, line 3: ModuleNotFoundError: No module"),
        ("def own(x):\n\n    return x / 0\n", "rules/own.py, line 3: ZeroDivisionError: division"),
        (
            "def own(x):\n    return int('a')\n\ndef other():\n    pass\n",
            "rules/own.py, line 2: ValueError: invalid literal",
        ),
        ("import json\n\ndef own(x):\n    return json.loads('{')\n", "line 4: JSONDecodeError"),
        ("def own():\n    return 1\n", "rules/own.py: TypeError: own() takes 0 positional"),
        ("def owm(x):\n    return x\n", "has no function `own`; did you mean 'owm'? choices: owm"),
        ("own = 3\n", "rules/own.py has no function `own`"),
        ("def own(x):\n    raise SystemExit(3)\n", "rules/own.py, line 2: SystemExit: 3"),
    ],
)
def test_mistakes_are_told_by_line(write, text, told):
    """The message has the file, the line in it, and what went wrong there."""
    write(text)
    with pytest.raises(GeneratorError) as caught:
        script.call("rules/own.py", "own", 1)
    assert str(caught.value).startswith("rules/own.py")
    assert told in str(caught.value)


def test_no_file(write):
    """A file that is not there is told with what to write."""
    with pytest.raises(GeneratorError) as caught:
        script.call("rules/other.py", "own")
    assert str(caught.value) == "rules/other.py is not there; write it, with a function `own` in it"
