"""The schema's rules as constraints of SDV, which builds them into what it learns."""

from typing import Any, NamedTuple

import pandas as pd

from ...base.errors import GeneratorError, listed
from ...tables import condition
from ...tables.schema import Schema, broken


class Rule(NamedTuple):
    """A rule that SDV can keep, with the constraints that do."""

    text: str
    constraints: list[Any]


def check(train: pd.DataFrame, schema: Schema) -> None:
    """Raise GeneratorError where real rows break a rule: SDV learns from none that do."""
    problems = [
        f"rule {rule!r}: {'no row keeps' if wrong.all() else f'{wrong.sum()} rows do not keep'} "
        "to it; mend the rule in data/schema.yaml"
        for rule, wrong in broken(train, schema).items()
        if wrong.any()
    ]
    if problems:
        raise GeneratorError(listed("data/train.parquet", problems))


def coded(schema: Schema, names: list[str]) -> set[str]:
    """Return the numbers among `names` to be learned as categories: those in combinations."""
    ordered = {name for rule in schema.conditions for name in _ordered(rule, schema, names)}
    joined = {name for found in schema.combinations if set(found) <= set(names) for name in found}
    return set(schema.numeric([name for name in names if name in joined - ordered]))


def rules(schema: Schema, names: list[str]) -> list[Rule]:
    """Return the rules over the columns `names` that SDV has constraints for.

    Chains of numbers, multiples of a whole number and existing combinations. What other rules
    ask for is left to verification.
    """
    from sdv.cag import FixedCombinations, FixedIncrements, Inequality, Range

    found = []
    for rule in schema.conditions:
        columns, step = _ordered(rule, schema, names), condition.multiple(rule)
        if step is not None and columns and step[1] > 0:
            found.append(Rule(rule.text, [FixedIncrements(*step)]))
        elif (order := condition.ordering(rule)) is not None and columns:
            if len(columns) == 3:
                made = [Range(*columns, strict_boundaries=order.strict)]
            else:
                pairs = zip(columns, columns[1:], strict=False)
                made = [Inequality(*pair, strict_boundaries=order.strict) for pair in pairs]
            found.append(Rule(rule.text, made))
    categories = coded(schema, names) | set(schema.categorical(names))
    for joined in schema.combinations:
        if set(joined) <= categories:
            found.append(Rule(" with ".join(joined), [FixedCombinations(joined)]))
    return found


def _ordered(rule: condition.Condition, schema: Schema, names: list[str]) -> list[str]:
    """Return the numbers that a chain or a multiple speaks of, in its order; else none."""
    order, step = condition.ordering(rule), condition.multiple(rule)
    columns = list(order.columns) if order else [step[0]] if step else []
    known = set(schema.numeric([name for name in names if name in schema.columns]))
    return columns if set(columns) <= known else []
