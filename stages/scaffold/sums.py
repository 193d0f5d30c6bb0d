"""stages/SHA256SUMS: what came from dvc-synth, in which version; `sha256sum --check` reads it."""

import hashlib
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

PATH = "stages/SHA256SUMS"

_FIRST = "# dvc-synth {}: the files that `dvc-synth upgrade` brings"
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


class Sums(NamedTuple):
    """What a project got from dvc-synth."""

    version: str | None  # None where the file does not say
    files: dict[str, str]  # SHA-256 by path


def installed() -> str:
    """Return the version that is installed, "source" in a clone that never was."""
    try:
        return version("dvc-synth")
    except PackageNotFoundError:
        return "source"


def write(files: Mapping[str, bytes]) -> bytes:
    """Return the list of `files`, as the installed version brings them."""
    lines = [f"{digest(content)}  {path}" for path, content in files.items()]
    return "\n".join([_FIRST.format(installed()), *lines, ""]).encode()


def read(content: bytes) -> Sums:
    """Read a list; lines that are none, such as those of a merge conflict, are passed over."""
    text = content.decode("utf-8", "replace")
    first = re.match(_FIRST.format("([^ :]+)"), text)
    lines = (_LINE.fullmatch(line) for line in text.splitlines())
    return Sums(first[1] if first else None, {line[2]: line[1] for line in lines if line})


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
