"""Rules: rows from a person's own function, and what its mistakes are told as."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.lib.base.errors import GeneratorError, ParamsError
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.generators.rules import Rules
from stages.lib.tables import condition, schema
from stages.lib.tables.schema import Column, Read, Schema, valid

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = Schema(
    read=Read(missing=("?",)),
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="integer", min=18, max=90),
        "pay": Column(kind="number"),
        "town": Column(kind="category", categories=("north", "south")),
        "rich": Column(kind="category", role="target"),
    },
)
GOOD = """\
import pandas as pd


def generate(n, rng):
    age = rng.integers(18, 91, n)
    return pd.DataFrame(
        {
            "rich": ["yes" if one > 50 else "no" for one in age],
            "town": rng.choice(["south", "north"], n),
            "pay": rng.random(n).round(2),
            "age": age,
        }
    )
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a rules file and returns its fitted generator."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()

    def written(text, **asked):
        (tmp_path / "rules/people.py").write_text(text, encoding="utf-8")
        none = pd.DataFrame()
        return Rules(file="rules/people.py", **asked).fit(none, SCHEMA, seed=1)

    return written


def refusal(generator, n=50):
    """Return the message with which rows are refused."""
    with pytest.raises(GeneratorError) as caught:
        generator.sample(n, seed=1)
    return str(caught.value)


def test_rows_are_typed_and_ordered_like_real_ones(write):
    """Whatever the order and the types of the function's columns, a table of the schema comes."""
    made = write(GOOD).sample(60, seed=2)
    assert list(made) == ["age", "pay", "town", "rich"]
    assert made.index.equals(pd.RangeIndex(60))
    assert made.dtypes.astype(str).tolist() == ["float64", "float64", "category", "category"]
    assert list(made["town"].cat.categories) == ["north", "south"]
    assert valid(made, SCHEMA).all(axis=None)
    assert ((made["age"] > 50) == (made["rich"] == "yes")).all()


def test_seed_decides_the_rows(write):
    """The same seed gives the same rows whatever was sampled before, another seed others."""
    generator = write(GOOD)
    first = generator.sample(50, seed=2)
    assert not generator.sample(50, seed=3).equals(first)
    pd.testing.assert_frame_equal(generator.sample(50, seed=2), first)


def test_rows_that_meet_the_condition_are_kept(write):
    """Of the rows of one call those that meet it are returned, numbered from 0."""
    every = write(GOOD).sample(200, seed=2)
    part = write(GOOD).sample(200, where=condition.parse("age > 50"), seed=2)
    pd.testing.assert_frame_equal(part, every[every["age"] > 50].reset_index(drop=True))


def test_fit_reads_neither_rows_nor_file(write, tmp_path):
    """The fit stage depends on neither, so a change of the file leaves the model as it is."""
    generator = write(GOOD)
    before = pickle.dumps(generator)
    assert pickle.dumps(write(GOOD + "\n# changed\n")) == before
    (tmp_path / "rules/people.py").unlink()
    assert pickle.dumps(Rules(file="rules/people.py").fit(None, SCHEMA, seed=9)) == before
    assert refusal(generator).startswith("rules/people.py is not there; write it")


def test_edited_file_is_what_runs(write):
    """A function changed between two samples is the one that is called."""
    assert write(GOOD).sample(20, seed=1)["pay"].max() < 1
    edited = write(GOOD.replace("rng.random(n)", "2 + rng.random(n)"))
    assert edited.sample(20, seed=1)["pay"].min() > 1


def test_missing_cells_are_missing(write):
    """None, NaN, the empty text and the declared marker all are a missing value."""
    text = GOOD.replace(
        'rng.choice(["south", "north"], n)', '[None, float("nan"), "", " ? ", "south "] * (n // 5)'
    )
    made = write(text).sample(20, seed=1)
    assert made["town"].astype(object).where(made["town"].notna(), "-").tolist() == (
        ["-", "-", "-", "-", "south"] * 4
    )
    assert list(made["town"].cat.categories) == ["south"]


def test_values_that_the_schema_forbids_are_left_to_the_verifiers(write):
    """A row out of range, or of an unknown category, is returned; only it is not valid."""
    made = write(GOOD.replace("(18, 91, n)", "(5, 91, n)").replace('"south"', '"east"'))
    good = valid(made.sample(100, seed=1), SCHEMA)
    assert not good["age"].all() and not good["town"].all() and good["pay"].all()


def test_shape_of_the_rows_is_told_together(write):
    """A wrong number of rows, columns too many, missing or twice: one message tells them all."""
    text = GOOD.replace('"pay": rng.random(n).round(2)', '"wage": 1, "id": "p1"')
    assert refusal(write(text.replace("    )\n", "    ).head(n - 1)\n"))) == (
        "rules/people.py: generate(20, rng): 4 problems\n"
        "  - 20 rows were asked for and 19 returned\n"
        "  - column 'pay' is missing\n"
        "  - column 'wage' is no feature and no label in data/schema.yaml; leave it out\n"
        "  - column 'id' is no feature and no label in data/schema.yaml; leave it out"
    )
    twice = GOOD.replace("return pd", "made = pd") + "    return made[[*made, 'age']]\n"
    assert refusal(write(twice)).endswith("generate(20, rng): column 'age' is there more than once")


def test_text_in_a_column_of_numbers_is_told(write):
    """Cells that are no number are counted by column, and their values stay out."""
    text = GOOD.replace("rng.random(n).round(2)", '["1.5", "a lot"] * (n // 2)').replace(
        '"age": age', '"age": [float("inf")] * n'
    )
    assert refusal(write(text)) == (
        "rules/people.py: generate(20, rng): 2 problems\n"
        "  - column 'age': 20 of 20 cells are no integer\n"
        "  - column 'pay': 10 of 20 cells are no number"
    )


def test_what_is_no_table_is_told(write):
    """A function that returns something else is told what it should return."""
    assert refusal(write("def generate(n, rng):\n    return [1] * n\n")) == (
        "rules/people.py: generate(20, rng) must return a DataFrame, got list"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def generate(n, rng)\n    pass\n", "rules/people.py, line 1: "),
        (
            "def generate(n, rng):\n    return 1 / 0\n",
            "line 2: ZeroDivisionError: division",
        ),
        ("x = 1\n\nraise OSError('no such table')\n", "line 3: OSError: no such table"),
        ("def generate(n):\n    return n\n", "TypeError: generate() takes 1 positional argument"),
        ("def generat(n, rng):\n    pass\n", "has no function `generate`; did you mean 'generat'?"),
    ],
    ids=["syntax", "inside", "at import", "arguments", "no function"],
)
def test_mistakes_in_the_file_are_told_by_line(write, text, told):
    """A mistake in the person's own code is told with the file and its line."""
    message = refusal(write(text))
    assert message.startswith("rules/people.py") and told in message


@pytest.mark.parametrize("draw", ["np.random.random(n)", "time.time() + np.zeros(n)"])
def test_draws_that_the_seed_does_not_decide_are_refused(write, draw):
    """A function that draws from elsewhere would give other rows on every run."""
    text = "import time\nimport numpy as np\n" + GOOD.replace("rng.random(n).round(2)", draw)
    assert "made other rows with the same `rng`; draw from `rng` only" in refusal(write(text))


def test_another_function_of_the_file(write):
    """The function's name is a parameter."""
    text = GOOD.replace("def generate", "def poor")
    assert len(write(text, function="poor").sample(7, seed=1)) == 7


@pytest.mark.parametrize(
    "file", ["respondents.py", "stages/rules/a.py", "rules/../a.py", "/rules/a.py", "rules/a.txt"]
)
def test_files_elsewhere_are_refused(file):
    """Only a change inside `rules/` makes the rows anew, so the file must be there."""
    with pytest.raises(ValueError, match="`file` must be a Python file in the folder rules/"):
        Rules(file=file)


def test_parameters_are_told_in_the_words_of_params():
    """No file, or a function's name that is none, is refused when the generator is made."""
    for asked in ({}, {"file": 3}, {"file": "rules/a.py", "function": "a b"}):
        with pytest.raises(ParamsError, match="`generators.mine"):
            registry.make("mine", Spec(family="rules", **asked))


@pytest.fixture
def respondents(monkeypatch):
    """Return a thousand rows of the example."""
    monkeypatch.chdir(ROOT)
    declared = schema.load("data/schema.yaml")
    generator = Rules(file="rules/respondents.py").fit(pd.DataFrame(), declared, seed=1)
    return generator.sample(1000, seed=2), declared


def test_example_keeps_to_its_schema(respondents):
    """Every respondent is one that data/schema.yaml allows, with nothing missing."""
    made, declared = respondents
    assert list(made) == declared.modelled
    assert valid(made, declared).all(axis=None)
    assert not made.isna().any(axis=None)
    for name in declared.modelled:
        if declared.columns[name].sensitive:
            assert list(made[name].cat.categories) == ["not stated"]


def test_example_is_consistent(respondents):
    """Degree and years of school go together, nobody has one too young, and school pays."""
    made, _ = respondents
    assert (made.groupby("education", observed=True)["education-num"].nunique() == 1).all()
    assert (made["age"] - made["education-num"]).min() >= 8
    rich = (made["income"] == ">50K").groupby(made["education-num"] >= 13).mean()
    assert rich[True] > rich[False] + 0.2
    assert (
        np.isin(made["relationship"], ["Husband", "Wife"]).tolist()
        == (made["marital-status"] == "Married-civ-spouse").tolist()
    )
