"""data/schema.yaml as a person reads it: a line for each column, with why it is what it is."""

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from ..lib.schema import Column, Read
from .inference import Guess

_HEAD = """\
# What each column of the real table is, as `dvc-synth init` guessed it: read it, mend it, and sign
# it with `dvc-synth approve schema --note "..."`. kind: number, integer, category, text or date;
# role: feature (the default), target, id, group (rows that stay together), time (the latest are
# the holdout) or ignore. `discrete` numbers repeat values that exist. `min`, `max` and `categories`
# refuse what lies outside: widen them for what may still come. No value of a `sensitive` column may
# appear in a committed file.
"""


def text(read: Read, columns: Mapping[str, Guess], leaks: Collection[str]) -> str:
    """Return the file's text; `leaks` names the columns that nearly give the target away."""
    lines = [_HEAD.rstrip()]
    told = read.model_dump(exclude_defaults=True, mode="json")
    if told:
        lines += ["read:", *(f"  {_flow({name: own})}" for name, own in told.items())]
    lines.append("columns:")
    for name, guess in columns.items():
        why = guess.doubt or guess.why
        if name in leaks:
            why = "nearly gives the target away: a leak? then `role: ignore`"
        lines.append(f"  {_flow({name: _said(guess.column)})}" + (f"  # {why}" if why else ""))
    return "\n".join(lines) + "\n"


def _said(column: Column) -> dict[str, Any]:
    """Return what a column's line says: all that is not a default, whole numbers as such."""
    said = column.model_dump(exclude_defaults=True, mode="json")
    for bound in ("min", "max"):
        if bound in said and float(said[bound]).is_integer():
            said[bound] = int(said[bound])
    return said or {"kind": column.kind}


def _flow(entry: dict[str, Any]) -> str:
    """Return a mapping of one key as one line of YAML, whatever the names and values hold."""
    dumped = yaml.safe_dump(
        entry, default_flow_style=True, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    return dumped.strip().removeprefix("{").removesuffix("}")
