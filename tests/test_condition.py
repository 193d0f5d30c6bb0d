"""Conditions: what they may say, and of which rows they are true."""

import pandas as pd
import pytest

from stages.lib.tables import condition
from stages.lib.tables.condition import Ordering

FRAME = pd.DataFrame(
    {
        "age": [30.0, 60, None, 51],
        "hours per week": [40.0, 10, 20, None],
        "low": [1.0, 2, 3, 4],
        "high": [2.0, 2, 1, None],
        "town": pd.Categorical(["west", None, "so`uth", "a@b"]),
    }
)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("age > 50", ("age",)),
        ("`hours per week` > 10 and age < 9", ("age", "hours per week")),
        ("town == 'so`uth' or `low` == 1", ("low", "town")),
        ('town == "it\'s `x`" and age > 1', ("age", "town")),
        ("town == 'a@b'", ("town",)),
        ("`a@b` > 1", ("a@b",)),
        ("sqrt(low) > 1", ("low",)),
        ("town.str.startswith('w')", ("town",)),
        ("age in [1, 2] and age not in [low, high]", ("age", "high", "low")),
    ],
)
def test_columns_that_a_condition_names(text, columns):
    """Names in backticks count, functions, methods and what stands in quotes do not."""
    assert condition.parse(text) == (text, columns)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("age >", r"^'age >' is not an expression \(invalid syntax\); expected such as \"age > 50"),
        ("age = 50", "is not an expression"),
        ("", "'' is not an expression"),
        ("age; low", "is not an expression"),
        ("hours per week > 3", "names with spaces or dashes in backticks"),
        ("age > @limit", "reads a variable; write the value itself instead of `@name`"),
        ("3 > 2", "'3 > 2' names no column"),
        ("True", "names no column"),
        ("len('x') > 0", "names no column"),
    ],
)
def test_what_is_no_condition_is_told(text, told):
    """Syntax, variables and expressions without a column are refused in words."""
    with pytest.raises(ValueError, match=told):
        condition.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age > 50", [False, True, False, True]),
        ("age != 60", [True, False, True, True]),  # a missing value differs from any
        ("not age > 50", [True, False, True, False]),
        ("age == age", [True, True, False, True]),
        ("`hours per week` >= 20 and age < 50", [True, False, False, False]),
        ("town == 'so`uth'", [False, False, True, False]),
        ("town == 'a@b'", [False, False, False, True]),
        ("town in ['west', 'east']", [True, False, False, False]),
        ("town != 'west'", [False, True, True, True]),
        ("town.isna()", [False, True, False, False]),
        ("low < high", [True, False, False, False]),
        ("1 < low <= 3", [False, True, True, False]),
        ("low % 2 == 0", [False, True, False, True]),
        ("sqrt(low) >= 2", [False, False, False, True]),
        ("age == 'old'", [False, False, False, False]),
    ],
)
def test_rows_that_meet_a_condition_are_those_of_query(text, expected):
    """Of each row what a hand, and DataFrame.query, says of it."""
    assert condition.holds(condition.parse(text), FRAME).tolist() == expected
    found = FRAME.query(text, engine="python").index
    assert FRAME.index.isin(found).tolist() == expected


def test_method_on_missing_text_is_not_true():
    """DataFrame.query stops at a truth value that is missing; here it is not met."""
    found = condition.holds(condition.parse("town.str.startswith('w')"), FRAME)
    assert found.tolist() == [True, False, False, False]


def test_condition_over_several_lines():
    """What a YAML block holds may have line ends, which pandas takes for statements."""
    found = condition.holds(condition.parse("(age > 50\n  and low < 3)\n"), FRAME)
    assert found.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("age > 'old'", r"\"age > 'old'\" cannot be evaluated: Invalid comparison"),
        ("town > 5", "'town > 5' cannot be evaluated: Unordered Categoricals"),
        ("nosuch(age) > 1", 'cannot be evaluated: "nosuch" is not a supported function'),
        ("nowhere > 1", "cannot be evaluated"),
        ("age", "'age' is not true or false of each row"),
        ("town", "is not true or false of each row"),
        ("town.str.lower()", "is not true or false of each row"),
        ("age.max() > 3", "is not true or false of each row"),
    ],
)
def test_values_that_cannot_be_judged_are_told(text, told):
    """A comparison of other types, and what is no truth value per row, name the condition."""
    with pytest.raises(ValueError, match=told):
        condition.holds(condition.parse(text), FRAME)


def test_no_condition_is_true_of_all():
    """Without a condition every row is kept, the same table."""
    assert condition.holds(None, FRAME).tolist() == [True] * 4
    assert condition.keep(FRAME, None) is FRAME


def test_kept_rows_are_numbered_from_0():
    """Rows that meet the condition come in their order; none is a table without rows."""
    found = condition.keep(FRAME, condition.parse("age > 50"))
    assert found.index.tolist() == [0, 1]
    assert found["age"].tolist() == [60, 51]
    assert condition.keep(FRAME, condition.parse("age > 99")).empty
    assert condition.holds(condition.parse("town == 'x'"), FRAME.head(0)).tolist() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("town == 'west'", {"town": "west"}),
        ("town == 'west' and `hours per week` == 4", {"town": "west", "hours per week": 4}),
        ("(town == 'west') & (age == 4) & (low == 1)", {"town": "west", "age": 4, "low": 1}),
        ("town == 'a' and age > 4", None),
        ("town == 'a' or age == 4", None),
        ("town == 'a' and town == 'b'", None),
        ("low == high", None),
        ("town == 'a' == age", None),
        ("town in ['a']", None),
    ],
)
def test_equalities(text, expected):
    """Values that columns must equal, and nothing where more than that is asked."""
    assert condition.equalities(condition.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("low <= high", Ordering(("low", "high"), False)),
        ("low < `hours per week` < high", Ordering(("low", "hours per week", "high"), True)),
        ("high >= low", Ordering(("low", "high"), False)),
        ("high > age > low", Ordering(("low", "age", "high"), True)),
        ("low <= age < high", None),
        ("low == high", None),
        ("low < 3", None),
        ("low < low", None),
        ("low < high and age > 1", None),
    ],
)
def test_ordering(text, expected):
    """Columns that rise, from the least one, and nothing where it is no such chain."""
    assert condition.ordering(condition.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("low % 5 == 0", ("low", 5)),
        ("`hours per week` % 10 == 0", ("hours per week", 10)),
        ("low % 5 == 1", None),
        ("low % 0.5 == 0", None),
        ("5 % low == 0", None),
        ("low % 5 != 0", None),
        ("low * 5 == 0", None),
    ],
)
def test_multiple(text, expected):
    """A column that is a multiple of a whole number, and nothing where it says another thing."""
    assert condition.multiple(condition.parse(text)) == expected


def test_categories_of_two_columns_are_compared():
    """Columns that hold other categories can be compared with each other."""
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "c": pd.Categorical(["x", "z"])})
    assert condition.holds(condition.parse("a != c"), frame).tolist() == [False, True]


def test_any_name_goes_in_backticks():
    """An apostrophe, a quote or a dash in a column's name is no matter."""
    for name in ("it's", 'say "x"', "a-b", "1st", "naïve %", "class"):
        frame = pd.DataFrame({name: [1.0, 2.0]})
        found = condition.holds(condition.parse(f"`{name}` > 1 and `{name}` < 3"), frame)
        assert found.tolist() == [False, True]
