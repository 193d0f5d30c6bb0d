"""Conditions on rows, in the syntax of `DataFrame.query`: what a slice or a rule asks for."""

import ast
import re
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|`([^`]*)`""")
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Condition(NamedTuple):
    """An expression over the columns that it names, true or false of each row."""

    text: str
    columns: tuple[str, ...]


class Ordering(NamedTuple):
    """Columns that rise from one to the next, in every row."""

    columns: tuple[str, ...]
    strict: bool


def parse(text: str) -> Condition:
    """Return the condition that `text` says; a column of any name goes in backticks.

    Raises ValueError where it is no expression, names no column, or reads a variable (`@name`).
    """
    tree, names = _tree(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [
        names.get(node.id, node.id)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and id(node) not in called
    ]
    if not found:
        raise ValueError(f"{text!r} names no column")
    return Condition(text, tuple(sorted(set(found))))


def holds(condition: Condition | None, frame: pd.DataFrame) -> np.ndarray:
    """Return for each row whether the condition is true of it, shape (rows,).

    Without a condition it is true of all. A comparison with a missing value says what
    `DataFrame.query` says: no, unless it is `!=`. Raises ValueError where the values cannot be
    compared so.
    """
    if condition is None:
        return np.ones(len(frame), bool)
    plain, names = _plain(condition.text)
    placeholders = {name: placeholder for placeholder, name in names.items()}
    try:
        columns = _alike(frame[list(condition.columns)])
        # The python engine: numexpr, where installed, knows neither categories nor methods.
        found = columns.rename(columns=placeholders).eval(plain, engine="python")
    except Exception as error:  # whatever the expression does to these values
        raise ValueError(f"{condition.text!r} cannot be evaluated: {error}") from None
    try:
        if isinstance(found, pd.Series) and found.dtype in (bool, "boolean", object):
            return found.astype("boolean").fillna(False).to_numpy(bool)
    except TypeError:  # objects that are no truth values, such as texts
        pass
    raise ValueError(f"{condition.text!r} is not true or false of each row")


def keep(frame: pd.DataFrame, where: Condition | None) -> pd.DataFrame:
    """Return the rows that meet `where`, numbered from 0; all of them where it is None."""
    if where is None:
        return frame
    return frame[holds(where, frame)].reset_index(drop=True)


def equalities(condition: Condition) -> dict[str, Any] | None:
    """Return the value that each column must equal, or None if more than that is asked."""
    tree, names = _tree(condition.text)
    found: dict[str, Any] = {}
    for part in _conjuncts(tree):
        match part:
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=value)]
            ) if names.get(name, name) not in found:
                found[names.get(name, name)] = value
            case _:
                return None
    return found


def ordering(condition: Condition) -> Ordering | None:
    """Return the columns of a chain such as `low <= high`, or None if it is none."""
    tree, names = _tree(condition.text)
    if not isinstance(tree, ast.Compare):
        return None
    sides, kinds = [tree.left, *tree.comparators], {type(order) for order in tree.ops}
    if len(kinds) != 1 or not kinds & set(_ORDERS):
        return None
    columns = [names.get(side.id, side.id) for side in sides if isinstance(side, ast.Name)]
    if len(columns) != len(sides) or len(set(columns)) != len(columns):
        return None
    kind = kinds.pop()
    rising = columns if kind in (ast.Lt, ast.LtE) else columns[::-1]
    return Ordering(tuple(rising), kind in (ast.Lt, ast.Gt))


def multiple(condition: Condition) -> tuple[str, int] | None:
    """Return the column and the step of `column % step == 0`, or None if it is something else."""
    tree, names = _tree(condition.text)
    match tree:
        case ast.Compare(
            left=ast.BinOp(
                left=ast.Name(id=name), op=ast.Mod(), right=ast.Constant(value=int(step))
            ),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value=0)],
        ):
            return names.get(name, name), step
    return None


def _plain(text: str) -> tuple[str, dict[str, str]]:
    """Return the expression on one line, and the column of each placeholder for a quoted name."""
    names: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        known = [placeholder for placeholder, name in names.items() if name == match[2]]
        placeholder = known[0] if known else f"_quoted_{len(names)}_"
        names[placeholder] = match[2]
        return placeholder

    return " ".join(_QUOTED.sub(replaced, text).split("\n")).strip(), names


def _tree(text: str) -> tuple[ast.expr, dict[str, str]]:
    plain, names = _plain(text)
    if "@" in _QUOTED.sub("", plain):
        raise ValueError(f"{text!r} reads a variable; write the value itself instead of `@name`")
    try:
        return ast.parse(plain, mode="eval").body, names
    except SyntaxError as error:
        raise ValueError(
            f'{text!r} is not an expression ({error.msg}); expected such as "age > 50 and '
            "town == 'west'\", names with spaces or dashes in backticks"
        ) from None


def _alike(frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns whose categories are the same, so that pandas can compare them."""
    labels = [str(name) for name, kind in frame.dtypes.items() if kind == "category"]
    every = sorted({str(level) for name in labels for level in frame[name].cat.categories})
    return frame.assign(**{name: frame[name].cat.set_categories(every) for name in labels})


def _conjuncts(tree: ast.expr) -> list[ast.expr]:
    """Return the parts that all must hold."""
    match tree:
        case ast.BoolOp(op=ast.And(), values=values):
            return [part for value in values for part in _conjuncts(value)]
        case ast.BinOp(op=ast.BitAnd(), left=left, right=right):
            return [*_conjuncts(left), *_conjuncts(right)]
    return [tree]
