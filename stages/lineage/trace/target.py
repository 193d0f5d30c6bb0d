"""What a person asks to be traced: a batch, a generator, the final model, a blend, or its row."""

import re
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from ...lib.base.errors import LineageError, nearest
from ..snapshot import Snapshot

BLEND, MODEL = "data/blend.parquet", "models/final.skops"


class Target(NamedTuple):
    """A thing whose lineage is asked for."""

    kind: Literal["batch", "generator", "model", "blend", "row"]
    name: str  # of the batch or generator; else the file
    row: int | None = None  # of the blend, counted from 1


def parse(text: str, at: Snapshot) -> Target:
    """Return what `text` names at a commit, by its name or by its file.

    Raises LineageError where it names nothing there.
    """
    found = re.fullmatch(r"(.+):(\d{1,18})", text)
    name, row = (found[1], int(found[2])) if found else (text, None)
    path = str(PurePosixPath(name.replace("\\", "/")))
    if path in ("blend", BLEND):
        if row == 0:
            raise LineageError(f"{text!r}: rows are counted from 1")
        return Target("row" if row else "blend", BLEND, row)
    if path in ("final", MODEL) and row is None:
        return Target("model", MODEL)
    batches, generators = at.batches, list(map(str, at.section("generators")))
    short = re.fullmatch(r"data/synthetic/(.+)\.parquet|models/(.+)\.pkl", path)
    asked = next(filter(None, short.groups())) if short else path
    if row is None and asked in batches and not path.startswith("models/"):
        return Target("batch", asked)
    if row is None and asked in generators and not path.startswith("data/"):
        return Target("generator", asked)
    if row is not None:
        raise LineageError(f"{text!r}: only rows of a blend are traced, such as blend:17")
    known = ["blend", "blend:<row>", "final", *batches, *generators]
    raise LineageError(f"{text!r} is nothing that {at.name} has made; {nearest(asked, known)}")
