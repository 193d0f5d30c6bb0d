"""The declared schema: read, and its contradictions told together."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.base.errors import SchemaError
from stages.lib.tables import schema
from stages.lib.tables.schema import Column, Combinations, Schema

GOOD = """
columns:
  id: {kind: text, role: id}
  age: {kind: integer, min: 0}
  job: {kind: category}
  day: {kind: date, role: time}
  note: {role: ignore}
  rich: {kind: category, role: target}
"""


def refusal(folder, text):
    """Return the message with which a schema is refused."""
    (folder / "schema.yaml").write_text(text)
    with pytest.raises(SchemaError) as caught:
        schema.load(folder / "schema.yaml")
    return str(caught.value)


def test_roles_and_kinds(tmp_path):
    """Columns are found by role and kind, in the table's order."""
    (tmp_path / "schema.yaml").write_text(GOOD)
    found = schema.load(tmp_path / "schema.yaml")
    assert found.target == "rich"
    assert found.features == ["age", "job"]
    assert found.modelled == ["age", "job", "rich"]
    assert found.kept == ["id", "age", "job", "day", "rich"]
    assert found.numeric(found.modelled) == ["age"]
    assert found.categorical(found.modelled) == ["job", "rich"]


def test_contradictions_are_told_together(tmp_path):
    """Every contradiction of one schema is in one message."""
    message = refusal(
        tmp_path,
        """
columns:
  a: {kind: category, role: target}
  b: {kind: category, role: target}
  c: {kind: category, sensitive: true, categories: [x, y]}
  d: {kind: text}
  e: {kind: category, min: 3}
  f: {kind: number, min: 3, max: 2}
  g: {kind: integer, categories: [x]}
  h: {kind: date, role: time}
  i: {kind: date, role: time}
""",
    )
    for told in (
        "one column must have `role: target`, 2 have",
        "one column at most may have `role: time`, 2 have",
        "column 'c' is sensitive: its `categories` would be values in git",
        "column 'd': a text cannot be a feature",
        "column 'e': `min` and `max` need a kind of number or integer",
        "column 'f': `min` 3 is above `max` 2",
        "column 'g': `categories` needs `kind: category`",
    ):
        assert told in message
    assert "7 problems" in message


def test_time_is_a_date_or_a_number(tmp_path):
    """A text says nothing of before and after, and text is what a column is by default."""
    assert "column 'day'" in refusal(
        tmp_path,
        "columns: {day: {role: time}, n: {kind: number}, y: {kind: category, role: target}}",
    )


def test_no_target_and_no_feature(tmp_path):
    """A schema without anything to learn says both."""
    message = refusal(tmp_path, "columns:\n  a: {role: ignore}\n")
    assert "`role: target`, 0 have" in message
    assert "no column is a feature" in message


def test_unknown_keys_and_values_are_told_together(tmp_path):
    """A misspelt key and an impossible kind are both named by their place."""
    message = refusal(
        tmp_path, "columns:\n  a: {kind: numeric, role: target}\n  b: {kinds: number}\n"
    )
    assert "`columns.a.kind`" in message and "'numeric'" in message
    assert "`columns.b.kinds`" in message


def test_missing_and_broken_files(tmp_path):
    """No file, and a file that is not YAML, are each said in words."""
    with pytest.raises(SchemaError, match="is not there; declare the table's columns in it"):
        schema.load(tmp_path / "schema.yaml")
    assert "is not valid YAML" in refusal(tmp_path, "columns: [")


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("category", ["a", "b", None], "binary"),
        ("category", ["a", "b", "c"], "multiclass"),
        ("number", [1.0, 2.0], "regression"),
    ],
)
def test_task(kind, values, expected):
    """The target's kind and number of classes pose the task; a missing label is no class."""
    declared = Schema(columns={"x": Column(kind="number"), "y": Column(kind=kind, role="target")})
    assert schema.task(declared, pd.Series(values)) == expected


def test_valid_by_hand():
    """Ranges, whole numbers, categories and missing cells, each judged as declared."""
    declared = Schema(
        columns={
            "n": Column(kind="integer", min=0, max=9),
            "c": Column(kind="category", role="target", categories=("a", "b"), missing=False),
        }
    )
    frame = pd.DataFrame(
        {
            "n": [0.0, 9.0, -1.0, 10.0, 4.5, None],
            "c": pd.Categorical(["a", "b", "c", None, "a", "b"]),
        }
    )
    found = schema.valid(frame, declared)
    assert found["n"].tolist() == [True, True, False, False, False, True]
    assert found["c"].tolist() == [True, True, False, False, True, True]


def test_expected_in_words():
    """What a column may hold, in the words of an error message."""
    assert schema.expected(Column(kind="number")) == "number"
    assert schema.expected(Column(kind="integer", min=0, max=9, missing=False)) == (
        "integer, at least 0, at most 9, never missing"
    )
    many = Column(kind="category", categories=tuple("abcdefgh"))
    assert schema.expected(many) == "category, one of a, b, c, d, e, f and 2 more"


RULED = """
rules:
  - {rule}
columns:
  id: {{kind: text, role: id}}
  low: {{kind: number, bins: {bins}}}
  high: {{kind: number}}
  town: {{kind: category}}
  note: {{role: ignore}}
  rich: {{kind: category, role: target}}
"""


def ruled(rule="low <= high", bins="[0, 1, 10]"):
    """Return a schema file with one rule."""
    return RULED.format(rule=rule, bins=bins)


def test_rules_are_read(tmp_path):
    """Conditions stay texts, combinations name their columns, and bins are edges."""
    (tmp_path / "schema.yaml").write_text(ruled("{combinations: [town, rich]}\n  - low <= high"))
    found = schema.load(tmp_path / "schema.yaml")
    assert [rule.text for rule in found.conditions] == ["low <= high"]
    assert found.combinations == [["town", "rich"]]
    assert found.columns["low"].bins == (0, 1, 10)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (
            "low <= hihg",
            "rule 'low <= hihg': column 'hihg' is unknown; did you mean 'high'? choices: high, id, "
            "low, note, rich, town",
        ),
        (
            "note == 'x'",
            "rule \"note == 'x'\": column 'note' is ignored, so no row can be held to it",
        ),
        ("low <=", "rule 'low <=' is not an expression (invalid syntax); expected such as"),
        ("1 < 2", "rule '1 < 2' names no column"),
        ("low < @x", "rule 'low < @x' reads a variable"),
        (
            "{combinations: [town, ritch]}",
            "rule combinations of town, ritch: column 'ritch' is unknown; did you mean 'rich'?",
        ),
        (
            "{combinations: [town, note]}",
            "rule combinations of town, note: column 'note' is ignored",
        ),
        ("{combinations: [town]}", "at least 2 items"),
        ("{combination: [town, rich]}", "combination"),
    ],
)
def test_contradictions_of_rules(tmp_path, rule, told):
    """A rule on what is not there, or that is no rule, is told with the nearest column."""
    rule = rule if rule.startswith("{") else f'"{rule}"'
    assert told in refusal(tmp_path, ruled(rule))


@pytest.mark.parametrize("bins", ["[1]", "[]", "[0, 0, 1]", "[0, 2, 1]"])
def test_bins_rise(tmp_path, bins):
    """Edges of cells are two or more numbers, each above the one before."""
    assert "column 'low': `bins` must be two or more edges that rise" in refusal(
        tmp_path, ruled(bins=bins)
    )


def test_bins_are_of_numbers(tmp_path):
    """A category has no edges."""
    text = ruled().replace("town: {kind: category}", "town: {kind: category, bins: [0, 1]}")
    assert "column 'town': `bins` needs a kind of number or integer" in refusal(tmp_path, text)


def with_rules(*rules):
    """Return a schema with these rules."""
    return Schema(
        columns={
            "low": Column(kind="number"),
            "high": Column(kind="number"),
            "town": Column(kind="category"),
            "rich": Column(kind="category", role="target"),
        },
        rules=rules,
    )


FRAME = pd.DataFrame(
    {
        "low": [1.0, 3, np.nan, 1],
        "high": [2.0, 2, 1, np.nan],
        "town": pd.Categorical(["w", "e", None, "n"]),
    }
)


def test_broken_rules_by_hand():
    """A row that lacks a value which the rule reads cannot break it."""
    found = schema.broken(FRAME, with_rules("low <= high", "town != 'e'", "low > 5 or town == 'e'"))
    assert {rule: wrong.tolist() for rule, wrong in found.items()} == {
        "low <= high": [False, True, False, False],
        "town != 'e'": [False, True, False, False],
        "low > 5 or town == 'e'": [True, False, False, True],
    }


def test_broken_rules_of_other_columns():
    """A rule on a column that the table lacks is left out; a wrong comparison is told."""
    assert list(schema.broken(FRAME, with_rules("rich == 'y'", "low < 9"))) == ["low < 9"]
    with pytest.raises(ValueError, match="cannot be evaluated"):
        schema.broken(FRAME, with_rules("low < 'x'"))


def test_unheard_combinations_by_hand():
    """Each value may be known and the two together not; missing is a value like any."""
    real = pd.DataFrame({"low": [1.0, 3, np.nan], "town": pd.Categorical(["w", "n", None])})
    declared = with_rules(Combinations(combinations=("low", "town")))
    [(name, found)] = schema.unheard(FRAME, real, declared).items()
    assert name == "low with town"
    assert found.tolist() == [False, True, False, True]  # 3 with e, and 1 with n


def test_unheard_combinations_of_other_columns():
    """A combination with a column that is not made cannot be unheard of."""
    declared = with_rules(Combinations(combinations=("town", "rich")))
    assert schema.unheard(FRAME, FRAME, declared) == {}
