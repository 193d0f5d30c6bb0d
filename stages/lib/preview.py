"""What a person would catch in a page of synthetic rows, and that a person has read it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import yaml
from pydantic import Field, ValidationError

from .base.errors import ParamsError, ReviewError, listed
from .base.params import Section
from .tables import condition, rows, table
from .tables.condition import Condition
from .tables.schema import Schema, broken, unheard, valid

CHANCE = 1e-3  # what real rows would do more often than this is no finding


class Preview(Section):
    """The section `preview` of params.yaml."""

    rows: int = Field(ge=10)
    """Rows of the page that a person reads."""
    require_approval: bool
    """Whether `generate` waits for `reviews/<batch>.yaml`."""


class Review(Section):
    """A person's approval of a preview: reviews/<batch>.yaml."""

    who: str = Field(min_length=1)
    note: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")  # of data/preview/<batch>.csv


class Varied(NamedTuple):
    """How many different values a column has, beside what as many real rows would have."""

    found: int
    expected: float
    spread: float  # the standard deviation of that


def like(train: pd.DataFrame, where: Condition | None) -> pd.DataFrame:
    """Return the real rows that a slice's batch is to be like; raises ParamsError without any."""
    try:
        real = condition.keep(train, where)
    except ValueError as error:
        raise ParamsError(f"params.yaml: `slices.*.where`: {error}") from None
    if where and real.empty:
        raise ParamsError(
            f"params.yaml: no row of train meets {where.text!r}, so no generator has learned what "
            "such rows are like; mend the condition (categories are texts, in quotes), or take "
            "the slice out"
        )
    return real


def inspect(
    made: pd.DataFrame, real: pd.DataFrame, train: pd.DataFrame, schema: Schema
) -> dict[str, Any]:
    """Count what a person would notice, and say which of it shows a broken generator.

    `real` are the rows of `train` that the batch is to be like. Repeats stand beside how many as
    many draws from them would have; a column is constant or crowded only where draws from the
    real one would hardly ever be.

    Keys of metrics/preview/<batch>.json:

    - `verdict`: pass, or fail where there are failures
    - `sha256`: hash of `data/preview/<batch>.csv`, which an approval names
    - `rows`: of the page
    - `repeated_rows`, `repeated_rows_by_chance`: rows that equal one above them, and how many
      as many real rows would have
    - `copied_real_rows`: rows that equal a row of train
    - `impossible_cells`: by column, cells that the schema does not allow
    - `broken_rules`: by rule of the schema, rows that break it
    - `broken_formats`: by column, texts of another form than real ones, or numbers of more digits
    - `constant_columns`: with one value where real rows have several
    - `crowded_columns`: with far fewer values than real rows have
    - `failures`: what shows a broken generator, in words
    """
    impossible = ~valid(made, schema)
    wrong = {**broken(made, schema), **unheard(made, train, schema)}
    formats = {name: _unformatted(made[name], real[name]) for name in made.columns}
    varied = {name: _varied(made[name], real[name]) for name in made.columns}
    findings = {
        "rows": len(made),
        "repeated_rows": int(rows.repeated(made).sum()),
        "repeated_rows_by_chance": _repeats(real, len(made)),
        "copied_real_rows": int(rows.copies(made, real).sum()),
        "impossible_cells": _counted(impossible.sum()),
        "broken_rules": _counted({rule: own.sum() for rule, own in wrong.items()}),
        "broken_formats": _counted(formats),
        "constant_columns": [
            name
            for name in made.columns
            if varied[name].found < 2 and _common(real[name]) ** len(made) < CHANCE
        ],
        "crowded_columns": [
            name
            for name, own in varied.items()
            if own.found > 1 and own.found < min(own.expected / 2, own.expected - 4 * own.spread)
        ],
    }
    return {**findings, "failures": list(_failures(findings, real, schema))}


def seen(batch: str, findings: dict[str, Any], review: str, *, required: bool) -> dict[str, str]:
    """Return the record of a preview that may go on: its hash, and who approved it if anybody did.

    Raises ReviewError where it failed, or where an approval is required and absent, or is that
    of another preview.
    """
    page = f"data/preview/{batch}.csv"
    if findings["failures"]:
        raise ReviewError(
            listed(f"the preview of {batch} failed", findings["failures"])
            + f"\nread {page}, then change the generator in params.yaml or take it out"
        )
    record = {"verdict": findings["verdict"], "sha256": findings["sha256"]}
    sign = f"sign it: dvc-synth approve {batch} --note TEXT"
    if not required:
        return record
    if not Path(review).is_file():
        raise ReviewError(f"{batch} waits for a person: read {page}, then {sign}")
    try:
        found = Review.model_validate(yaml.safe_load(Path(review).read_text(encoding="utf-8")))
    except (ValidationError, UnicodeDecodeError, yaml.YAMLError):
        raise ReviewError(f"{review} is no approval of {page}; read that, then {sign}") from None
    if found.sha256 != findings["sha256"]:
        raise ReviewError(
            f"{review} approves another preview than {page} now is; read that, then {sign}"
        )
    return record | {"approved_by": found.who, "note": found.note}


def _failures(findings: dict[str, Any], real: pd.DataFrame, schema: Schema) -> Iterator[str]:
    """Yield what volume cannot mend."""
    half = findings["rows"] / 2
    for name in findings["constant_columns"]:
        if name == schema.target or _common(real[name]) < 0.5:
            yield f"column {name!r} is constant and the real one is not"
    if findings["repeated_rows"] > half + findings["repeated_rows_by_chance"] / 2:
        yield f"{findings['repeated_rows']} of {findings['rows']} rows repeat another"
    for name, count in findings["impossible_cells"].items():
        if count > half:
            yield f"column {name!r}: {count} cells hold what data/schema.yaml does not allow"
    for rule, count in findings["broken_rules"].items():
        if count > half:
            yield f"rule {rule!r} is broken by {count} of {findings['rows']} rows"
    if len(findings["crowded_columns"]) > len(real.columns) / 2:
        yield f"few values over and over in {', '.join(findings['crowded_columns'])}"


def _counted(counts: Any) -> dict[str, int]:
    return {name: int(count) for name, count in counts.items() if count}


def _common(values: pd.Series) -> float:
    """Return the share of the most frequent value, a missing one included."""
    return float(values.value_counts(normalize=True, dropna=False).max())


def _varied(made: pd.Series, real: pd.Series) -> Varied:
    """Count different values, and expect those of as many draws from the real column."""
    share = real.value_counts(normalize=True, dropna=False).to_numpy()
    never = (1 - share) ** len(made)
    # Whether one value turns up makes another less likely, so this spread is on the large side.
    spread = float(np.sqrt((never * (1 - never)).sum()))
    return Varied(int(made.nunique(dropna=False)), float((1 - never).sum()), spread)


def _unformatted(made: pd.Series, real: pd.Series) -> int:
    """Count values in a format that no real value has: letters, digits, signs and decimals."""
    if made.dtype.kind == "f":
        places, there = table.decimals(real.to_numpy()), made.dropna()
        return 0 if places is None else int((there.round(places) != there).sum())
    formats = {_format(str(value)) for value in real.dropna().unique()}
    return int(sum(_format(str(value)) not in formats for value in made.dropna()))


def _format(text: str) -> str:
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", text))


def _repeats(train: pd.DataFrame, n: int) -> float:
    """Return how many of `n` draws from the rows of `train` are expected to repeat another."""
    share = np.unique(rows.keys(train), return_counts=True)[1] / len(train)
    return float(n - (1 - (1 - share) ** n).sum())
