"""What a person can put right, told without a traceback.

DvcSynthError
├── ParamsError       params.yaml says something that cannot be done
├── SchemaError       data/schema.yaml contradicts itself
├── TableError        a table does not match its schema
├── LockError         the holdout is not the locked one
├── ModelError        a model file is not the one that dvc.lock records
├── GeneratorError    a generator cannot learn or make what was asked
├── ReviewError       a preview failed, or waits for a person
├── ProvenanceError   a batch and its record disagree
├── ComputeError      fits cannot run where they were sent
├── LineageError      git or dvc.lock does not hold what was asked about
└── StaleError        two files of the pipeline do not belong together
"""

import errno
import os
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any


class DvcSynthError(Exception):
    """A mistake that a person can mend; its message says where and how."""


class ParamsError(DvcSynthError):
    """A value in params.yaml is missing, unknown or impossible."""


class SchemaError(DvcSynthError):
    """The declared schema is incomplete or contradicts itself."""


class TableError(DvcSynthError):
    """A table holds what its schema does not allow."""


class LockError(DvcSynthError):
    """The holdout at hand is not the one that was locked."""


class ModelError(DvcSynthError):
    """A model file differs from the one recorded in dvc.lock."""


class GeneratorError(DvcSynthError):
    """A generator cannot learn from these rows, or cannot make those asked for."""


class ReviewError(DvcSynthError):
    """A preview shows a broken generator, or nobody has approved it yet."""


class ProvenanceError(DvcSynthError):
    """A batch lacks its record, or its rows no longer match it."""


class ComputeError(DvcSynthError):
    """The scheduler or the workers that were asked for cannot do the work."""


class LineageError(DvcSynthError):
    """What was asked about is not in git's history, or not in dvc.lock."""


class StaleError(DvcSynthError):
    """Two files of the pipeline come from different runs."""


def listed(where: str, problems: Iterable[str]) -> str:
    """Return one message that tells every problem of one place together."""
    found = list(problems)
    if len(found) == 1:
        return f"{where}: {found[0]}"
    return "\n".join([f"{where}: {len(found)} problems", *(f"  - {problem}" for problem in found)])


def nearest(name: Any, choices: Iterable[Any]) -> str:
    """Return a phrase that names the closest choice and all of them."""
    options = sorted(map(str, choices))
    close = get_close_matches(str(name), options, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}choices: {', '.join(options)}"


def shown(value: Any) -> str:
    """Return what was received, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def told(error: BaseException) -> str | None:
    """Return the message of what a person can put right, None where `error` is a defect of ours."""
    if isinstance(error, DvcSynthError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{str(error.filename)[:_SHOWN]}: " if error.filename else ""
        return f"{where}{os.strerror(error.errno)}; {_ANSWERS.get(error.errno, _ANSWER)}"
    if isinstance(error, MemoryError):
        return "the memory is full; close other programs, or take fewer rows or columns"
    return None


def argument(what: str) -> str:
    """Return what the command line names; raises ParamsError where it names nothing."""
    if len(sys.argv) < 2:
        raise ParamsError(f"name {what} on the command line, as dvc.yaml does")
    return sys.argv[1]


def run(main: Callable[[], None]) -> None:
    """Run a stage; what a person can put right becomes its message and exit code 1."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell has it
    except Exception as error:
        message = told(error)
        if message is None:
            raise
        print(f"error: {_seen(message)}", file=sys.stderr)
        sys.exit(1)


def _seen(text: str) -> str:
    """Return text that cannot steer a terminal, whatever a file's name or a cell holds."""
    kept = (
        letter if letter.isprintable() or letter in "\n\t" else f"\\x{ord(letter):02x}"
        for letter in text
    )
    return "".join(kept)


_SHOWN = 120  # characters of a value in a message

_FULL = "nothing half-written was kept: make room, and run again"
_ANSWERS = {  # what to do where the machine, not the project, is in the way
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: "let yourself write there, and run again",
    errno.EPERM: "let yourself write there, and run again",
    errno.EROFS: "the disk is read-only: work in a folder that can be written",
    errno.EISDIR: "a file belongs there: move the folder away, and run again",
    errno.ENOTDIR: "a folder belongs there: move the file away, and run again",
    errno.EEXIST: "a folder belongs there: move the file away, and run again",
    errno.ENAMETOOLONG: "shorten the name, and run again",
    errno.ENOENT: "run `dvc repro`, which makes what is lacking",
}
_ANSWER = "mend that, and run again"
