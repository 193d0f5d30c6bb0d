"""What a table seems to be: kinds, roles, ranges, missing values, and what cannot be learned."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.base.errors import TableError
from stages.scaffold import inference

ROWS = 400


def infer(target="y", *, categorical=(), **columns):
    """Infer a table of these columns, and of a binary target where none is given."""
    given = {name: [str(cell) for cell in cells] for name, cells in columns.items()}
    rows = len(next(iter(given.values()), range(ROWS)))
    given.setdefault("x", [str(place % 7 * 1.5) for place in range(rows)])
    given.setdefault("y", ["yes" if place % 3 else "no" for place in range(rows)])
    return inference.infer(pd.DataFrame(given, dtype=object), target, categorical=categorical)


def column(name, cells, **others):
    """Infer one column beside others."""
    return infer(**{name: cells}, **others).columns[name].column


def spread(values):
    """Repeat values until there are enough rows."""
    return [values[place % len(values)] for place in range(ROWS)]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (range(1, ROWS + 1), "integer"),
        (np.arange(ROWS) / 4, "number"),
        (spread(["1e3", "2.5e-2", "-4"]), "number"),
        (spread(["red", "green"]), "category"),
        (spread(["01234", "00501", "10115"]), "category"),  # postcodes
        (spread(["1_000", "2_000"]), "category"),
        (spread([str(2**60), str(2**61)]), "number"),  # too large to be exact as an integer
        (spread(["True", "False"]), "category"),
        (spread(["1", "2", "three"]), "category"),
    ],
)
def test_kind(cells, kind):
    """Numbers are numbers only where nothing is lost by reading them as such."""
    values = list(reversed([str(cell) for cell in cells]))  # no sequence, which would be an id
    assert column("value", values).kind == kind


@pytest.mark.parametrize(
    ("name", "cells", "role"),
    [
        ("customer_id", [f"c{place:04d}" for place in range(ROWS)], "id"),
        ("anything", range(ROWS), "id"),  # numbered rows
        ("token", [f"a{place * 7919 % 100003:05d}" for place in range(ROWS)], "id"),
        ("patientId", [place // 2 * 31 for place in range(2 * ROWS)], "group"),
        ("Unnamed: 0", spread([3, 1, 2]), "ignore"),
        ("constant", spread(["same"]), "ignore"),
        ("empty", spread([""]), "ignore"),
        ("note", [f"customer number {place} was quite happy" for place in range(ROWS)], "ignore"),
        ("title", [f"job {place}" for place in range(ROWS)], "ignore"),
        ("signed", [f"2024-{place % 12 + 1:02d}-{place % 28 + 1:02d}" for place in range(ROWS)],
         "time"),
        ("signed", spread([f"2024-0{month}-01" for month in range(1, 4)]), "ignore"),
        ("birth_date", [f"19{place % 90 + 10}-01-02" for place in range(ROWS)], "ignore"),
        ("signed", [f"{place % 12 + 1:02d}/{place % 12 + 1:02d}/20{place % 40 + 10}"
                    for place in range(ROWS)], "ignore"),  # day or month first?
        ("colour", spread(["red", "green"]), "feature"),
        ("amount", [f"{place * 7 % 400}.5" for place in range(ROWS)], "feature"),
    ],
)  # fmt: skip
def test_role(name, cells, role):
    """Ids, groups, times and what says nothing are told from what models learn from."""
    assert column(name, cells).role == role


def test_one_group_and_one_time_at_most():
    """The schema takes one of each: the others are ignored, and say why."""
    dates = [f"2024-{place % 12 + 1:02d}-{place % 28 + 1:02d}" for place in range(2 * ROWS)]
    group = [place // 2 for place in range(2 * ROWS)]
    found = infer(a_id=group, b_id=group, when=dates, updated=dates).columns
    roles = {name: one.column.role for name, one in found.items()}
    assert list(roles.values()).count("group") == 1 and list(roles.values()).count("time") == 1
    assert roles["a_id"] == "group" and "'a_id'" in found["b_id"].why


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (spread([0, 1, 2, 3, 4, 5]), (0, 5)),  # the extremes are shared by many
        ([*range(100, 497), 3, 17, 983], (0, 1000)),  # one row's own: not told
        ([*np.linspace(0.2, 0.9, 399).round(4), 0.97], (0.2, 1)),
        ([*range(-400, -3), -912, -911, -913], (-1000, 0)),
    ],
)
def test_range(cells, expected):
    """Bounds are round numbers beyond the values, or extremes that ten rows and more share."""
    cells = [0.2] * 10 + list(cells)[10:] if expected == (0.2, 1) else cells
    found = column("value", cells)
    assert (found.min, found.max) == pytest.approx(expected)


def test_no_extreme_of_one_row_is_told():
    """What the schema says of a number is no single row's value, but where it is a round one."""
    values = np.random.default_rng(3).lognormal(3, 1, ROWS).round(3)
    found = column("value", values)
    assert found.min <= values.min() and found.max >= values.max()
    assert not {found.min, found.max} & set(values)


@pytest.mark.parametrize(
    ("name", "sensitive"),
    [
        *[(name, True) for name in ("sex", "Gender", "RACE", "native-country", "e_mail", "dob")],
        *[(name, True) for name in ("Name", "first_name", "phone", "hispanic_origin", "address")],
        *[(name, False) for name in ("product_name", "essex", "age", "racer", "embraces")],
    ],
)  # fmt: skip
def test_sensitive_by_name(name, sensitive):
    """Special categories of personal data, and what reaches a person, are marked by their names."""
    found = column(name, spread(["a", "b", "c"]))
    assert found.sensitive is sensitive
    assert (found.categories is None) is sensitive


def test_sensitive_numbers_have_no_bounds():
    """A bound of a sensitive number would be a value of it in git."""
    found = column("birth_year", [1950 + place % 60 for place in range(ROWS)][::-1])
    assert found.sensitive and found.min is None and found.max is None


def test_missing_markers():
    """`?` and NA are markers anywhere, a dash among numbers; as a category, a dash is an answer."""
    numbers = [str(place * 3 % 400) for place in range(ROWS)]
    found = infer(
        a=["?" if place % 9 == 0 else "red" if place % 2 else "blue" for place in range(ROWS)],
        b=["-" if place % 9 == 0 else numbers[place] for place in range(ROWS)],
    )
    assert found.missing == ("-", "?")
    assert found.columns["b"].column.kind == "integer" and found.columns["b"].column.missing
    assert found.columns["a"].column.categories == ("blue", "red")
    dashed = infer(a=spread(["-", "left", "right"]))
    assert dashed.missing == ()
    assert dashed.columns["a"].column.categories == ("-", "left", "right")


def test_decimal_comma():
    """Numbers with a decimal comma are numbers, where no other column has points."""
    found = infer(x=spread(["1,5", "2,25", "3"]), price=[f"{n},{n % 10}" for n in range(ROWS)])
    assert found.decimal == "," and found.columns["price"].column.kind == "number"
    mixed = infer(a=[f"{n},5" for n in range(ROWS)], b=[f"{n}.5" for n in range(ROWS)])
    assert mixed.decimal == "." and mixed.columns["a"].column.kind != "number"


def test_a_few_words_among_numbers_are_doubted():
    """A column of numbers with a typo is not taken for free text in silence."""
    cells = [*(str(place * 3 % 977) for place in range(ROWS - 2)), "12O", "n0ne"]
    found = infer(amount=cells).columns["amount"]
    assert found.column.role == "ignore"
    assert found.doubt == "numbers, but for 2 cells; mend them to use it"


def test_categories_of_the_file_stay_categories():
    """What a Parquet file calls a category is one, numbers among them."""
    assert column("code", spread([1, 2, 3])).kind == "integer"
    assert column("code", spread([1, 2, 3]), categorical=["code"]).kind == "category"


@pytest.mark.parametrize(
    ("cells", "kind", "missing"),
    [
        (spread([0, 1]), "category", False),
        (spread([3, 4, 5, 6]), "category", False),
        (range(ROWS), "integer", False),
        (np.arange(ROWS) / 7, "number", False),
        ([*np.arange(ROWS - 1) / 7, ""], "number", True),
        (spread([0.5, 1.5]), "category", False),
        (spread(["a", "b", "c"]), "category", False),
        (spread(["a", "b", ""]), "category", True),
    ],
)
def test_target(cells, kind, missing):
    """Few whole numbers are classes, many are values to predict; a label may be missing."""
    found = column("y", cells)
    assert (found.role, found.kind, found.missing) == ("target", kind, missing)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (spread(["one"]), "the target 'y' has 1 values besides missing ones"),
        (spread([""]), "the target 'y' has 0 values besides missing ones"),
        (spread(["?"]), "the target 'y' has 0 values besides missing ones"),
        ([f"c{place % 150}" for place in range(ROWS)], "has 150 classes in 400 rows"),
    ],
)
def test_a_target_that_cannot_be_learned(cells, said):
    """A target without two values, or with hundreds of classes, is refused."""
    with pytest.raises(TableError, match=said):
        infer(y=cells)


def test_a_target_that_is_not_there():
    """The nearest column is named, and a table without a header is told from one with it."""
    with pytest.raises(
        TableError, match="there is no column 'churn' to predict; did you mean 'chu"
    ):
        infer("churn", churned=spread(["a", "b"]))
    headless = pd.DataFrame({"1.5": spread(["1"]), "7": spread(["2", "3"])}, dtype=object)
    with pytest.raises(TableError, match="the first line holds numbers alone"):
        inference.infer(headless, "label")


def test_nothing_to_learn_from():
    """A table of text alone is refused, each column with its reason."""
    text = [f"message number {place} of this long collection" for place in range(ROWS)]
    raw = pd.DataFrame({"y": spread(["ham", "spam"]), "text": text}, dtype=object)
    with pytest.raises(TableError, match="no column is left to learn from.*'text': free text"):
        inference.infer(raw, "y")


def test_reasons_hold_no_value():
    """Comments of the schema are counts and names, whatever the cells hold."""
    secret = [f"<b>Ada{place}</b>\n# x: y" for place in range(ROWS)]
    found = infer(a=secret, b=[f"{one} {one}" for one in secret], c=spread(["Ada0", "Ada1"]))
    told = " ".join(guess.why + guess.doubt for guess in found.columns.values())
    assert "Ada" not in told and "\n" not in told
