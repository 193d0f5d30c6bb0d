"""Commands as the documents show them, and a shell that runs them in order."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """What stands between two fences."""

    language: str
    text: str


class Command(NamedTuple):
    """A command, and the lines of output that the document shows below it."""

    text: str
    shown: list[str]


def blocks(path: str) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    return [Block(*found) for found in _FENCE.findall((ROOT / path).read_text("utf-8"))]


def commands(block: Block) -> list[Command]:
    """Return the commands of a block: all lines of `sh`, those behind `$ ` of `console`."""
    if block.language == "sh":
        joined = block.text.replace("\\\n", " ").splitlines()
        return [Command(line, []) for line in joined if line.strip()]
    found: list[Command] = []
    for line in block.text.splitlines() if block.language == "console" else []:
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif line.startswith("> ") and not found[-1].shown:
            found[-1] = Command(f"{found[-1].text}\n{line[2:]}", [])
        else:
            found[-1].shown.append(line)
    return found


def missing(shown: list[str], printed: str) -> str | None:
    """Return the first line shown that was not printed in its place; "…" stands for anything."""
    rest = iter(printed.splitlines())
    skip = False
    for line in shown:
        if line == "…":
            skip = True
            continue
        wanted = re.compile(".*".join(map(re.escape, line.rstrip().split("…"))))
        others = rest if skip else [next(rest, "")]
        if not any(wanted.fullmatch(one.rstrip()) for one in others):
            return line
        skip = False
    return None


class Shell:
    """A person at a prompt: the folder stays what the last command made it."""

    def __init__(self, folder: Path) -> None:
        """Start in `folder`."""
        self.folder = folder

    def run(self, command: str) -> tuple[int, str]:
        """Run a command in bash, and return its exit code and all that it printed."""
        place = self.folder / ".place"
        done = subprocess.run(
            ["bash", "-c", f"{command}\ncode=$?; pwd > '{place}'; exit $code"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, env={**os.environ, "COLUMNS": "100"},
        )  # fmt: skip
        self.folder = Path(place.read_text().strip())
        place.unlink()
        return done.returncode, done.stdout


def edit(block: Block, file: Path) -> None:
    """Write the values of a block of YAML into a YAML file, as a person would by hand."""
    data = yaml.safe_load(file.read_text("utf-8"))
    _merge(data, yaml.safe_load(block.text))
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")


def _merge(into: dict, values: dict) -> None:
    for key, value in values.items():
        assert key in into, f"{key} is no key there"
        if isinstance(value, dict):
            _merge(into[key], value)
        else:
            into[key] = value


def pages() -> Iterator[str]:
    """Yield the documents whose commands are run."""
    yield "README.md"
    yield from (str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").glob("*.md")))
