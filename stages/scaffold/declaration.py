"""data/schema.yaml as a person reads it: a line for each column, with why it is what it is."""

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from ..lib.tables.schema import Column, Read
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
        lines += ["read:", *(f"  {name}: {_flow(own)}" for name, own in told.items())]
    lines.append("columns:")
    for name, guess in columns.items():
        why = guess.doubt or guess.why
        if name in leaks:
            why = "nearly gives the target away: a leak? then `role: ignore`"
        line = f"  {_flow(name)}: {_flow(_said(guess.column))}"
        lines.append(f"{line}  # {why}" if why else line)
    return "\n".join(lines) + "\n"


def _said(column: Column) -> dict[str, Any]:
    """Return what a column's line says: all that is not a default, whole numbers as such."""
    said = column.model_dump(exclude_defaults=True, mode="json")
    for bound in ("min", "max"):
        if bound in said and float(said[bound]).is_integer():
            said[bound] = int(said[bound])
    return said or {"kind": column.kind}


class _OneLine(yaml.SafeDumper):
    """Writes text on one line, whatever it holds."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_OneLine.add_representer(str, _text)


def _flow(value: Any) -> str:
    """Return a text or a mapping as YAML on one line."""
    dumped = yaml.dump(
        value,
        Dumper=_OneLine,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
    )
    return dumped.removesuffix("\n").removesuffix("\n...")
