"""The page of data/schema.yaml."""

from stages.lib.tables.schema import Column, Combinations, Read, Schema

from . import fields, markdown

_INTRO = """`data/schema.yaml` declares the columns of the real table, in their order. `dvc-synth
init` infers it; read it before you trust it: what it says is what `ingest` demands of every row,
what verifiers demand of every made one, and which values may never appear in git."""

_RULES = """A rule is a condition in the syntax of `DataFrame.query`, which every row keeps to, or
names columns of which only combinations occur that real rows hold.
[generators.md](../generators.md) has examples."""


def page() -> str:
    """Return the page."""
    return markdown.page(
        "data/schema.yaml, key by key",
        _INTRO,
        markdown.table(
            ("key", "meaning"), [(f"`{key}`", told) for key, told in fields.below(Schema).items()]
        ),
        "## read",
        markdown.table(fields.HEAD, fields.tables(Read)[""]),
        "## columns",
        "Of each column, by its name:",
        markdown.table(fields.HEAD, fields.tables(Column)[""]),
        "## rules",
        _RULES,
        markdown.table(fields.HEAD, fields.tables(Combinations)[""]),
    )
