"""Functions of the user's own, from the Python files in the folder `rules/`."""

import hashlib
import os
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from .base.errors import GeneratorError, nearest

FOLDER = "rules"  # the stages that call these functions depend on this folder


def check(path: str) -> None:
    """Raise ValueError where a file is not a Python file inside `rules/`."""
    parts = Path(path).parts
    if len(parts) < 2 or parts[0] != FOLDER or ".." in parts or not path.endswith(".py"):
        raise ValueError(
            f"`file` must be a Python file in the folder {FOLDER}/, which the stages depend on, "
            f"got {path!r}"
        )


def sources() -> dict[str, str]:
    """Return the SHA-256 of every Python file in `rules/`: any may be imported by another."""
    paths = sorted(path.as_posix() for path in Path(FOLDER).rglob("*.py"))
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}


def call(path: str, name: str, *arguments: Any) -> Any:
    """Return what the function `name` of a file returns.

    Raises GeneratorError where there is no such function, or where it raises: the message tells
    the line.
    """
    if not Path(path).is_file():
        raise GeneratorError(f"{path} is not there; write it, with a function `{name}` in it")
    spec = spec_from_file_location("_rules", path)
    assert spec and spec.loader  # it ends in .py
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up while it runs
    try:
        spec.loader.exec_module(module)
        functions = [key for key, value in vars(module).items() if callable(value)]
        if name not in functions:
            raise GeneratorError(f"{path} has no function `{name}`; {nearest(name, functions)}")
        return getattr(module, name)(*arguments)
    except GeneratorError:
        raise
    except SyntaxError as error:
        file = os.path.relpath(error.filename or path)  # it may be one that this file imports
        raise GeneratorError(f"{file}, line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename.endswith(path)]
        at = f", line {lines[-1]}" if lines else ""
        raise GeneratorError(f"{path}{at}: {type(error).__name__}: {error}") from None
    finally:
        del sys.modules[spec.name]
