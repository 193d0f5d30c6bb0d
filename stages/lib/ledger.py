"""The ledger of differential privacy: a file per spend, never changed, never lost.

Lines are files of `ledger/` in the project, made to be committed: no two have one name, so
branches and clones merge into their union. A line counts as long as git remembers it anywhere:
in the working tree, in a commit that a ref or a reflog reaches, or in the journal beside git's
objects, where it is written first. One that is missing from `ledger/` is put back.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from pydantic import Field

from .base import files
from .base.errors import ParamsError, ProvenanceError
from .base.params import Section
from .generators.parts import accounting
from .generators.protocol import Spend

FOLDER = "ledger"
WAIT = 600  # seconds for another spend to be written
NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{16}\.json")  # of a line; other files are not the ledger's

_UNREADABLE = (
    f"git cannot read every line of {FOLDER}/ in its history, so what is spent is not known; if "
    "this is a partial clone, reach its remote or clone in full, else mend it (`git fsck`)"
)


class Privacy(Section):
    """The section `privacy`: how much of the real rows may be given away in all."""

    epsilon_budget: float = Field(gt=0)
    """The ε that all private fits on record may come to, experiments included."""
    delta: float = Field(gt=0, lt=1)
    """The δ at which the budget is stated."""


class Line(NamedTuple):
    """One spend, as it is written; how many rows there were is not."""

    generator: str
    mechanism: str
    epsilon: float
    delta: float
    rho: float
    slack: float
    table: str  # SHA-256 of the rows that were learned from
    when: str  # UTC, ISO 8601
    id: str  # random: two spends are never one line

    @property
    def name(self) -> str:
        """The file's name, which tells a changed line from the one that was written."""
        stamp = self.when.replace("-", "").replace(":", "")
        return f"{stamp}-{hashlib.sha256(_text(self).encode()).hexdigest()[:16]}.json"


class Total(NamedTuple):
    """What lines come to together."""

    epsilon: float
    delta: float
    rho: float
    spends: int


class Place(NamedTuple):
    """Where the ledger of a project is."""

    folder: Path
    journal: Path | None  # None outside git
    inside: str  # the project's path in its repository, "" or with a slash at its end


def spend(generator: str, spent: Spend, *, table: str, privacy: Privacy, project: Path) -> Line:
    """Write the line of a fit that is about to draw its noise, if the budget allows it.

    Raises ParamsError where it does not. Of spends at the same time each sees those before it.
    """
    place = find(project)
    line = Line(
        generator=generator,
        **spent._asdict(),
        table=table,
        when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        id=uuid4().hex,
    )
    with _alone(place):
        before = _kept(place)
        if total([*before, line], privacy.delta).epsilon > privacy.epsilon_budget * (1 + 1e-9):
            raise ParamsError(_refusal(before, line, privacy))
        for folder in (place.journal, place.folder):
            if folder:
                files.write_text(_text(line), folder / line.name)
    return line


def read(project: Path) -> list[Line]:
    """Return every line that the project's repository knows, the oldest first.

    Those that `ledger/` lacks are put back. Raises ProvenanceError where one was changed and
    git has no copy as it was written.
    """
    place = find(project)
    with _alone(place):
        return _kept(place)


def total(lines: Iterable[Line], delta: float) -> Total:
    """Return what all lines come to at δ, whatever rows each was spent on.

    Two versions of a table share rows, and their hashes do not tell which: all add up.
    """
    found = list(lines)
    rho = sum(line.rho for line in found)
    left = delta - sum(line.slack for line in found)
    epsilon = accounting.epsilon(rho, left) if found else 0.0
    return Total(epsilon, delta, rho, len(found))


def find(project: Path) -> Place:
    """Return where the ledger is; of an experiment outside the workspace, where DVC keeps that.

    DVC runs those in repositories of their own under `.dvc/tmp/exps`, and removes them.
    """
    home = project.resolve()
    parts = home.parts
    for start in range(len(parts) - 2):
        if parts[start : start + 3] == (".dvc", "tmp", "exps"):
            home = Path(*parts[:start])
            break
    told = _git(home, "rev-parse", "--path-format=absolute", "--git-common-dir", "--show-prefix")
    if told is None:
        return Place(home / FOLDER, None, "")
    common, inside = told.decode().split("\n")[:2]
    return Place(home / FOLDER, Path(common, "dvc-synth", FOLDER, inside), inside)


def _kept(place: Place) -> list[Line]:
    """Return the union of all lines, and put back those that the working tree lacks."""
    written = dict(_in_folder(place.folder))
    noted = dict(_in_folder(place.journal)) if place.journal else {}
    good: dict[str, Line] = {}
    copies = [*written.items(), *noted.items(), *(_remembered(place) if place.journal else ())]
    for name, text in copies:
        line = _line(text)
        if line and line.name == name:
            good[name] = line
    changed = sorted({name for name, _ in copies} - good.keys())
    if changed:
        raise ProvenanceError(
            f"{FOLDER}/{changed[0]} is not as it was written, and git has no copy that is; a "
            "ledger that can be edited shows nothing: bring the file back from another clone"
        )
    for name, line in good.items():
        for folder, there in ((place.folder, written), (place.journal, noted)):
            if folder and there.get(name) != _text(line):
                files.write_text(_text(line), folder / name)
    return sorted(good.values(), key=lambda line: (line.when, line.id))


def _in_folder(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.json")):
        if NAME.fullmatch(path.name):
            yield path.name, path.read_text(encoding="utf-8", errors="replace")


def _remembered(place: Place) -> Iterator[tuple[str, str]]:
    """Yield the lines in all commits that a ref or a reflog reaches, with their file's name.

    DVC's experiments and git's stashes are refs too. Raises ProvenanceError where git cannot read
    one of them: it would count as not spent.
    """
    top, folder = place.folder.parent, f"{place.inside}{FOLDER}/"
    walk = ("rev-list", "--all", "--reflog", "--full-history", "--objects")
    listed = _git(top, *walk, "--", f":/{folder}")
    if listed is None:
        raise ProvenanceError(_UNREADABLE)
    entries = (one.partition(" ")[::2] for one in listed.decode(errors="replace").splitlines())
    paths = [(blob, path.rpartition("/")[2]) for blob, path in entries if path.startswith(folder)]
    found = [(blob, name) for blob, name in paths if NAME.fullmatch(name)]
    blobs = "\n".join(blob for blob, _ in found).encode()
    batch = _git(top, "cat-file", "--batch", given=blobs) if found else b""
    if batch is None:
        raise ProvenanceError(_UNREADABLE)
    for (_, name), text in zip(found, _contents(batch), strict=True):
        yield name, text


def _contents(batch: bytes) -> Iterator[str]:
    """Yield the objects that `git cat-file --batch` printed, each after a line with its size."""
    start = 0
    while start < len(batch):
        head = batch.index(b"\n", start)
        if batch[start:head].endswith(b" missing"):
            raise ProvenanceError(_UNREADABLE)
        size = int(batch[start:head].rpartition(b" ")[2])
        yield batch[head + 1 : head + 1 + size].decode(errors="replace")
        start = head + size + 2


def _line(text: str) -> Line | None:
    try:
        return Line(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _text(line: Line) -> str:
    # Digits in full: a rounded ρ would spend less than the fit did.
    return json.dumps(line._asdict(), indent=2, ensure_ascii=False) + "\n"


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Hold the ledger's lock, so that no two spends pass the budget on the same lines."""
    from filelock import FileLock, Timeout

    folder = place.journal or place.folder
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=WAIT)
    except Timeout:
        raise ProvenanceError(
            f"{folder / '.lock'} is held by another fit; let it end, then run this again"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    """Return what git prints, or None where there is no git or no repository."""
    # In a hook these name another repository, or another part of this one.
    named = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    outside = {name: value for name, value in os.environ.items() if name not in named}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, input=given, env=outside, capture_output=True
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def _refusal(before: list[Line], line: Line, privacy: Privacy) -> str:
    spent, then = total(before, privacy.delta), total([*before, line], privacy.delta)
    told = [
        f"  - {one.when} {one.generator}: ε {one.epsilon:g} at δ {one.delta:g} (ρ {one.rho:.4g})"
        for one in before
    ]
    return "\n".join(
        [
            f"params.yaml: `privacy.epsilon_budget` {privacy.epsilon_budget:g} does not allow the "
            f"fit of {line.generator!r} (ε {line.epsilon:g} at δ {line.delta:g}): "
            f"ε {spent.epsilon:.4g} is spent, and {then.epsilon:.4g} would be, at "
            f"`privacy.delta` {privacy.delta:g}",
            *told,
            "A model that was fitted costs nothing more: bring it back with `dvc pull`, or "
            "`dvc checkout`, or keep it through an edit of code with `dvc commit`, instead of "
            "fitting it again. Or ask for less `epsilon`, or raise the budget in a commit that "
            "is reviewed.",
        ]
    )
