"""Wrong data/schema.yaml, as stage ingest meets it."""

from collections.abc import Callable
from pathlib import Path

from catalogue.case import TABLE, Case

SCHEMA = "data/schema.yaml"
GOOD = """columns:
  age: {kind: integer}
  town: {kind: category}
  bought: {kind: category, role: target}
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def schema(text: str | bytes) -> Callable[[Path], None]:
    """Return what writes the whole file."""
    content = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder / SCHEMA).write_bytes(content) and None


def instead(old: str, new: str) -> Callable[[Path], None]:
    """Return what writes the good file with one text changed."""
    assert old in GOOD
    return schema(GOOD.replace(old, new))


def without(folder: Path) -> None:
    """Take the file away."""
    (folder / SCHEMA).unlink()


def a_folder(folder: Path) -> None:
    """Put a folder where the file belongs."""
    (folder / SCHEMA).unlink()
    (folder / SCHEMA).mkdir()


def an_exponent(folder: Path) -> None:
    """Write a category that YAML 1.2 would take for a number, and a cell of it."""
    schema(GOOD.replace("town: {kind: category}", "town: {kind: category, categories: [1e5, x]}"))(
        folder
    )
    (folder / TABLE).write_text("age,town,bought\n1,1e5,yes\n2,x,no\n")


def told(folder: Path) -> None:
    """Assert that stage ingest went through."""
    assert (folder / "data/real.parquet").is_file()


CASES = [
    # The file
    Case("no schema", without, ("data/schema.yaml is not there", "declare")),
    Case("a folder instead of the schema", a_folder, ("cannot be read: Is a directory",)),
    Case("an empty schema", schema(""), ("data/schema.yaml", "dictionary", "got None")),
    Case("a list for a schema", schema("- age\n"), ("dictionary", "got ['age']")),
    Case("a schema in Latin-1", schema(GOOD.encode() + b"# \xe9"), ("is not UTF-8", "save it")),
    Case("a schema in UTF-16", schema(GOOD.encode("utf-16")), ("is not UTF-8",)),
    Case("a schema after a byte-order mark", schema(b"\xef\xbb\xbf" + GOOD.encode()), comes=told),
    Case("a schema with zero bytes", schema(GOOD + "\0"), ("is not valid YAML",)),
    # YAML
    Case(
        "a tab",
        instead("  age", "\tage"),
        ("line 2", "found character '\\t'", "indent with spaces"),
    ),
    Case("a bracket without end", instead("integer}", "integer"), ("is not valid YAML: line",)),
    Case(
        "a column twice",
        schema(GOOD + "  age: {kind: number}\n"),
        ("line 5", "`age` stands twice; leave one of them"),
    ),
    Case("an alias bomb", schema(GOOD + BOMB), ("aliases unfold to more than 100,000",)),
    Case("an alias inside itself", schema(GOOD + "rules: &r [*r]\n"), ("alias stands inside",)),
    Case("an alias that is fine", instead("{kind: category}", "&c {kind: category}"), comes=told),
    Case("brackets without end", schema("columns: " + "[" * 5000), ("is nested too deeply",)),
    Case("two documents", schema(GOOD + "---\n" + GOOD), ("found another document",)),
    Case("half a character", instead("age", '"\\ud800"'), ("lone surrogate",)),
    Case(
        "an object of Python's",
        instead("integer", '!!python/object/apply:os.system ["touch pwned"]'),
        ("could not determine a constructor",),
    ),
    # Keys
    Case(
        "an unknown key", schema(GOOD + "rule: []\n"), ("`rule` is unknown; did you mean 'rules'",)
    ),
    Case(
        "an unknown key of a column",
        instead("kind: integer", "knd: integer"),
        ("`columns.age.knd` is unknown; did you mean 'kind'?",),
    ),
    Case("no columns", schema("rules: []\n"), ("`columns` is missing; add it",)),
    Case("no column", schema("columns: {}\n"), ("one column must have `role: target`, 0 have",)),
    Case(
        "a name that YAML takes for a truth",
        instead("town", "no"),
        ("`columns", "needs quotes", "got False"),
    ),
    Case("a name that YAML takes for a number", instead("town", "1"), ("needs quotes", "got 1")),
    # Values
    Case(
        "an unknown kind", instead("integer", "int"), ("`columns.age.kind`", "'integer'", "'int'")
    ),
    Case("an unknown role", instead("role: target", "role: label"), ("role", "'label'")),
    Case(
        "a word where a number belongs",
        instead("{kind: integer}", "{kind: integer, min: low}"),
        ("`columns.age.min`: Input should be a valid number", "got 'low'"),
    ),
    Case(
        "a truth where a number belongs",
        instead("{kind: integer}", "{kind: integer, min: yes}"),
        ("`columns.age.min`: must be a number, got True",),
    ),
    Case(
        "a bound that is no number",
        instead("{kind: integer}", "{kind: integer, max: .nan}"),
        ("`columns.age.max`: Input should be a finite number",),
    ),
    Case(
        "bounds the wrong way round",
        instead("{kind: integer}", "{kind: integer, min: 9, max: 1}"),
        ("`min` 9 is above `max` 1",),
    ),
    Case(
        "categories that YAML takes for truths",
        instead("role: target", "role: target, categories: [yes, no]"),
        ("`columns.bought.categories.0`", "needs quotes", "got True"),
    ),
    Case(
        "categories that are no list",
        instead("{kind: category}", "{kind: category, categories: north}"),
        ("`columns.town.categories`: Input should be a valid tuple",),
    ),
    Case(
        "a category twice",
        instead("{kind: category}", "{kind: category, categories: [north, south, north]}"),
        ("`categories` holds 'north' twice",),
    ),
    Case(
        "a category of blanks around it",
        instead("{kind: category}", "{kind: category, categories: [' north']}"),
        ("blanks around cells are dropped",),
    ),
    Case(
        "a category that means missing",
        schema(
            GOOD.replace("{kind: category}", "{kind: category, categories: ['?']}")
            + "read: {missing: ['?']}\n"
        ),
        ("the category '?' is a marker of missing cells",),
    ),
    Case("a category like a number", an_exponent, comes=told),
    Case(
        "a separator of two letters", schema(GOOD + "read: {delimiter: '||'}\n"), ("one character",)
    ),
    Case("no separator", schema(GOOD + "read: {delimiter: ''}\n"), ("must be one character",)),
    Case(
        "an unknown encoding",
        schema(GOOD + "read: {encoding: uft-8}\n"),
        ("`read.encoding`: is no encoding; such as utf-8", "got 'uft-8'"),
    ),
    Case("an encoding of no text", schema(GOOD + "read: {encoding: rot13}\n"), ("not a text enc",)),
    # Contradictions
    Case("two targets", instead("{kind: category}", "{kind: category, role: target}"), ("2 have",)),
    Case("a text to learn from", instead("integer", "text"), ("a text cannot be a feature",)),
    Case(
        "a column that has a label's name",
        instead("age", "_origin"),
        ("the name is that of a label of generated rows",),
    ),
    Case(
        "a rule that would run code",
        schema(GOOD + "rules: [\"__import__('os').system('touch pwned')\"]\n"),
        ("names no column",),
    ),
    Case(
        "a rule on a column that is not there",
        schema(GOOD + "rules: [agee > 3]\n"),
        ("column 'agee' is unknown; did you mean 'age'?",),
    ),
    Case(
        "a rule that is no expression", schema(GOOD + "rules: ['age >']\n"), ("not an expression",)
    ),
]
