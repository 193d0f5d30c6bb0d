"""Wrong params.yaml, as the stage that reads it meets it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalogue.case import Case, set_params
from catalogue.schemas import BOMB

PARAMS = "params.yaml"


def adding(text: str | bytes) -> Callable[[Path], None]:
    """Return what adds lines to the file."""
    more = text.encode() if isinstance(text, str) else text

    def make(folder: Path) -> None:
        path = folder / PARAMS
        path.write_bytes(path.read_bytes() + more)

    return make


def whole(text: str | bytes) -> Callable[[Path], None]:
    """Return what writes the whole file."""
    content = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder / PARAMS).write_bytes(content) and None


def setting(key: str, value: Any) -> Callable[[Path], None]:
    """Return what sets one key."""
    return lambda folder: set_params(folder, key, value)


def without(key: str) -> Callable[[Path], None]:
    """Return what takes a line away."""

    def make(folder: Path) -> None:
        path = folder / PARAMS
        kept = [line for line in path.read_text().splitlines() if line.strip() != key]
        path.write_text("\n".join(kept))

    return make


def a_folder(folder: Path) -> None:
    """Put a folder where the file belongs."""
    (folder / PARAMS).unlink()
    (folder / PARAMS).mkdir()


def renamed(old: str, new: str) -> Callable[[Path], None]:
    """Return what gives a section another name."""

    def make(folder: Path) -> None:
        path = folder / PARAMS
        path.write_text(path.read_text().replace(f"\n{old}:", f"\n{new}:"))

    return make


CASES = [
    # The file
    Case("no params", lambda folder: (folder / PARAMS).unlink(), ("params.yaml is not there",)),
    Case("a folder instead of params", a_folder, ("params.yaml cannot be read: Is a directory",)),
    Case("empty params", whole(""), ("section `data` is missing; add it",)),
    Case("a list for params", whole("- data\n"), ("section `data` is missing; add it",)),
    Case("params in Latin-1", adding(b"# \xe9\n"), ("params.yaml is not UTF-8", "save it")),
    Case("a tab in params", adding("admit:\n\texclude: []\n"), ("found character '\\t'", "spaces")),
    Case("a section twice", adding("data: {path: other.csv}\n"), ("`data` stands twice",)),
    Case(
        "a key twice",
        whole("data: {path: a.csv, path: b.csv}\n"),
        ("params.yaml is not valid YAML: line 1: `path` stands twice",),
    ),
    Case("an alias bomb in params", whole(BOMB), ("aliases unfold to more than 100,000",)),
    Case("marks of a merge", adding("<<<<<<< HEAD\n"), ("params.yaml is not valid YAML: line",)),
    # Sections
    Case(
        "an unknown section",
        adding("swep: {}\n"),
        ("section `swep` is unknown; did you mean 'sweep'",),
    ),
    Case(
        "a misspelt section",
        renamed("freeze", "freze"),
        ("`freze` is unknown; did you mean 'freeze'",),
    ),
    Case("a section that is a number", setting("ingest", 3), ("`ingest`", "dictionary", "got 3")),
    Case("a section that is nothing", setting("freeze", None), ("`freeze`",), stage="freeze"),
    Case(
        "an unknown key of a section",
        setting("ingest.drop_duplicate", True),
        ("`ingest.drop_duplicate` is unknown; did you mean 'drop_duplicates'?",),
    ),
    # Values
    Case("a path that is a number", setting("data.path", 3), ("`data.path`", "needs quotes")),
    Case("a path that is nothing", setting("data.path", None), ("`data.path`", "valid string")),
    Case("a path with a zero byte", setting("data.path", "a\0b"), ("is not a file",)),
    Case(
        "a path that is too long",
        setting("data.path", "x" * 5000),
        ("File name too long; shorten",),
    ),
    Case(
        "a word where a number belongs in params",
        setting("freeze.train", "many"),
        ("`freeze.train`: Input should be a valid number", "got 'many'"),
        stage="freeze",
    ),
    Case(
        "a truth where a number belongs in params",
        setting("freeze.train", True),
        ("`freeze.train`: must be a number, got True",),
        stage="freeze",
    ),
    Case(
        "no number",
        setting("freeze.train", float("nan")),
        ("`freeze.train`", "finite"),
        stage="freeze",
    ),
    Case(
        "infinitely many rows", setting("freeze.holdout", float("inf")), ("finite",), stage="freeze"
    ),
    Case(
        "fewer than no rows",
        setting("freeze.tune", -1),
        ("greater than or equal to 0",),
        stage="freeze",
    ),
    Case("half a seed", setting("freeze.seed", 1.5), ("`freeze.seed`", "integer"), stage="freeze"),
    Case(
        "a lock without a reason",
        setting("freeze.locked", {"sha256": "0" * 64, "who": "Ada"}),
        ("`freeze.locked.why` is missing; add it",),
        stage="freeze",
    ),
    Case(
        "a lock that is no hash",
        setting("freeze.locked", {"sha256": "abc", "who": "Ada", "why": "x"}),
        ("`freeze.locked.sha256`", "pattern"),
        stage="freeze",
    ),
    Case(
        "an unanswered question",
        setting("brief.gap", None),
        ("`brief.gap`: this question is unanswered",),
        stage="brief",
    ),
    Case(
        "a threshold of no number",
        setting("brief.threshold", float("nan")),
        ("`brief.threshold`", "finite"),
        stage="brief",
    ),
    Case(
        "an unknown priority",
        setting("brief.priority", "speed"),
        ("`brief.priority`", "'speed'"),
        stage="brief",
    ),
    Case(
        "a long value",
        setting("brief.priority", "x" * 9000),
        ("`brief.priority`", "…"),
        stage="brief",
    ),
    Case(
        "answers that contradict",
        setting("brief.decision.none_of_these", True),
        ("not both",),
        stage="brief",
    ),
    Case(
        "no ratio",
        setting("sweep.ratios", []),
        ("`sweep.ratios`", "at least 1 item"),
        stage="sweep",
    ),
    Case(
        "a share of no number",
        setting("sweep.shares", [float("nan")]),
        ("`sweep.shares.0`",),
        stage="sweep",
    ),
    Case(
        "an unknown kind of region",
        setting("sweep.regions", "towns"),
        ("`sweep.regions`",),
        stage="sweep",
    ),
    Case(
        "a slice that would climb out of its folder",
        setting("slices", {"../../x": {"purpose": "p", "rows": 5}}),
        ("`slices.../../x`", "pattern"),
        stage="admit",
    ),
    Case(
        "a generator that would run in a shell",
        setting("generators", {"x;touch pwned": {"family": "cart"}}),
        ("pattern", "got 'x;touch pwned'"),
        stage="fit",
        argument="x",
    ),
    Case(
        "a generator whose name no file can have",
        setting("generators", {"x" * 300: {"family": "cart"}}),
        ("at most 60 characters",),
        stage="fit",
        argument="x",
    ),
    Case(
        "a generator that params do not have",
        setting("generators", {}),
        ("generator 'cart' is unknown",),
        stage="fit",
        argument="cart",
    ),
    Case(
        "a stage without its argument",
        setting("generators", {}),
        ("name a generator",),
        stage="fit",
    ),
    Case(
        "a condition that would run code",
        setting("slices", {"x": {"purpose": "p", "rows": 5, "where": "@__import__('os')"}}),
        ("`slices.x.where`", "reads a variable"),
        stage="admit",
    ),
    Case(
        "no rows of a slice",
        setting("slices.everything.rows", 0),
        ("`slices.everything.rows`",),
        stage="admit",
    ),
    Case(
        "an unknown threshold",
        setting("gates.privacy.copy", 0.1),
        ("`gates.privacy.copy` is unknown; did you mean 'copies'?",),
        stage="validate",
        argument="cart-everything",
    ),
    Case(
        "a threshold that is a word",
        setting("gates.privacy.copies", "low"),
        ("`gates.privacy.copies`: expected a number",),
        stage="validate",
        argument="cart-everything",
    ),
    Case(
        "code outside of its folder",
        setting("verify.python", {"file": "../evil.py", "function": "f"}),
        ("must be a Python file in the folder rules/",),
        stage="generate",
        argument="cart-everything",
    ),
]
