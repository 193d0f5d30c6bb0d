"""Verifiers: what each keeps and drops, what it reads, and what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from stages.lib import script, verify
from stages.lib.base.errors import GeneratorError
from stages.lib.generators.naive_bayes import NaiveBayes
from stages.lib.tables import condition
from stages.lib.tables.schema import Column, Combinations, Schema
from stages.lib.verify import Verify

SCHEMA = Schema(
    columns={
        "low": Column(kind="number", min=0, max=10),
        "high": Column(kind="number"),
        "town": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    },
    rules=("low <= high", Combinations(combinations=("town", "rich"))),
)
PLAIN = SCHEMA.model_copy(update={"rules": ()})


def people(low, high, town, rich):
    """Return rows of the schema."""
    numbers = {"low": np.array(low, float), "high": np.array(high, float)}
    return pd.DataFrame(
        {**numbers, "town": pd.Categorical(list(town)), "rich": pd.Categorical(list(rich))}
    )


# The range of `low` is 10, that of `high` 20.
TRAIN = people([0, 10, 5], [0, 20, 10], "wwe", "yny")


@pytest.fixture(autouse=True)
def one_thread():
    """Keep the small models of these tests from sharing their work out: it takes far longer."""
    import sklearn.ensemble  # noqa: F401  (only what is loaded can be kept to one thread)

    with threadpool_limits(1):
        yield


class Same:
    """A generator whose rows are always the first of one table."""

    def __init__(self, frame):
        """Take the table."""
        self.frame = frame

    def sample(self, n, *, where=None, seed):
        """Return the first `n` rows."""
        return self.frame.head(n)


def prepared(train=TRAIN, schema=PLAIN, *, made=None, where=None, private=False, **asked):
    """Return the verifiers for a section `verify`."""
    return verify.prepare(
        Verify(**asked), Same(made), train, schema, where=where, private=private, seed=1
    ).verifiers


def population(rows=600, seed=0):
    """Draw rows whose label is yes where `low` is above 5, but for one in fifty."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 10, rows)
    yes = (low > 5) ^ (rng.random(rows) < 0.02)
    return people(
        low, low + rng.random(rows), rng.choice(["w", "e"], rows), np.where(yes, "y", "n")
    )


def test_the_schema_is_always_verified():
    """Cells, conditions across columns and combinations, by hand."""
    made = people([1, 1, 11, 4, np.nan, 1], [2, 2, 12, 3, 3, np.nan], "wewwww", "ynynyy")
    # Kept; e with n is unheard of; 11 is above 10; 4 > 3; missing values break no rule.
    keeps = prepared(schema=SCHEMA)
    assert list(keeps) == ["schema"]
    assert keeps["schema"](made).tolist() == [True, False, False, False, True, True]


def test_rules_of_columns_that_are_not_made():
    """A rule on a column that generators do not make holds for no made row."""
    columns = {"home": Column(kind="category", role="group"), **SCHEMA.columns}
    rules = ("home == 'x'", Combinations(combinations=("home", "town")))
    schema = Schema(columns=columns, rules=rules)
    assert prepared(schema=schema)["schema"](TRAIN).tolist() == [True] * 3


def test_a_private_generator_is_not_compared_with_real_rows():
    """What reads real rows is left out; the schema's own rules and the user's function stay."""
    asked = {
        "copies": {"distance": 0.1},
        "label": {"floor": 0.1},
        "realism": {"floor": 0.1},
        "python": {"file": "rules/a.py", "function": "good"},
    }
    keeps = prepared(schema=SCHEMA, private=True, **asked)
    assert list(keeps) == ["schema", "python"]
    unheard = people([1, 9], [2, 3], "ee", "nn")
    assert keeps["schema"](unheard).tolist() == [True, False]
    train = population()
    made = population(seed=1)
    assert list(prepared(train, made=made, **asked)) == [
        "schema",
        "python",
        "copies",
        "label",
        "realism",
    ]


def test_what_a_private_generator_does_not_get_is_told():
    """Each that was asked for and reads real rows is named, rules on combinations too."""

    def left_out(schema, *, private=True, **asked):
        section = Verify(**asked)
        return verify.prepare(
            section, Same(TRAIN), TRAIN, schema, where=None, private=private, seed=1
        ).left_out

    floors = {"label": {"floor": 0.1}, "realism": {"floor": 0.1}}
    assert left_out(SCHEMA, copies={}, **floors) == ["combinations", "copies", "label", "realism"]
    assert left_out(PLAIN, realism={"floor": 0.1}, duplicates=True) == ["realism"]
    assert left_out(PLAIN) == left_out(SCHEMA, private=False, copies={}) == []


def test_copies_at_distance_0():
    """Only rows that equal a real one are dropped, missing values included."""
    train = people([1, np.nan], [2, 3], "we", "yn")
    made = people([1, np.nan, 1, np.nan], [2, 3, 2.001, 3], "weww", "ynyn")
    assert prepared(train, copies={})["copies"](made).tolist() == [False, False, True, True]


def test_copies_nearer_than_a_distance():
    """Gower's: the mean over the four columns of the difference over the range."""
    made = people([0, 1, 2, 4, 0, 0], [0, 2, 6, 8, 0, 0], "wwwwwx", "yyyynn")
    # To (0, 0, w, y): 0, 0.2/4 = 0.05, 0.5/4 = 0.125; (4, 8) is nearest (5, 10, e, y) only in
    # numbers, 1.2/4 = 0.3, and 0.8/4 = 0.2 from the first; another label is 1/4, and two 2/4.
    for least, kept in (
        (0.04, [False, True, True, True, True, True]),
        (0.1, [False, False, True, True, True, True]),
        (0.15, [False, False, False, True, True, True]),
        (0.22, [False, False, False, False, True, True]),
        (0.3, [False, False, False, False, False, True]),
    ):
        keeps = prepared(copies={"distance": least})["copies"]
        assert keeps(made).tolist() == kept, least
    assert prepared(copies={"distance": 0.3})["copies"](made.iloc[:1]).tolist() == [False]
    assert prepared(copies={"distance": 0.3})["copies"](made.iloc[:0]).tolist() == []


def test_label_drops_what_real_rows_contradict():
    """Flipped labels go, and of fresh real rows about the floor's share does."""
    train, fresh = population(), population(seed=1)
    keeps = prepared(train, label={"floor": 0.05})["label"]
    assert keeps(fresh).mean() > 0.9
    flipped = fresh.assign(rich=fresh["rich"].cat.rename_categories({"y": "n", "n": "y"}))
    clear = (fresh["low"] - 5).abs() > 1
    assert keeps(flipped)[clear].mean() < 0.1


def test_label_of_a_regression():
    """A numeric label far from what its row predicts is dropped."""
    columns = {**PLAIN.columns, "high": Column(kind="number", role="target")}
    schema = PLAIN.model_copy(update={"columns": {**columns, "rich": Column(kind="category")}})
    train, fresh = population(), population(seed=1)
    keeps = prepared(train, schema, label={"floor": 0.05})["label"]
    assert keeps(fresh).mean() > 0.9
    assert keeps(fresh.assign(high=fresh["high"] + 3)).mean() < 0.02


def test_label_without_a_value_and_one_that_nobody_has():
    """A missing label says nothing against its row; an unknown one does."""
    keeps = prepared(population(), label={"floor": 0.05})["label"]
    made = people([1, 1, 1], [1.5, 1.5, 1.5], "www", [None, "n", "maybe"])
    assert keeps(made).tolist() == [True, True, False]
    assert keeps(made.head(0)).tolist() == []


@pytest.mark.parametrize("yes", [0, 1])
def test_label_of_which_one_row_or_none_is_another(yes):
    """A fold that saw one class expects it; a class that real rows lack is dropped."""
    train = population().assign(rich=pd.Categorical(["y"] * yes + ["n"] * (600 - yes)))
    keeps = prepared(train, label={"floor": 0.05})["label"]
    made = people([1, 1], [1.5, 1.5], "ww", "ny")
    assert keeps(made).tolist() == [True, False]


def test_columns_without_a_value_say_nothing():
    """Neither label nor realism fails where no row has a number, or only one does."""
    for values in (np.nan, np.where(np.arange(600) == 0, 1.0, np.nan)):
        train, fresh = population().assign(high=values), population(seed=1)
        keeps = prepared(train, made=train, label={"floor": 0.05}, realism={"floor": 0.05})
        assert keeps["label"](fresh.assign(high=np.nan)).mean() > 0.9
        assert keeps["realism"](fresh.assign(high=np.nan)).shape == (600,)


def test_realism_drops_an_obvious_fake():
    """Of a generator that sometimes makes what no real row is, those rows go."""
    train, fresh = population(), population(seed=1)
    fake = fresh.copy()
    fake.loc[::4, "high"] = 1.0  # a quarter of the rows: `high` no longer follows `low`
    fake.loc[::4, "low"] = 9.0
    keeps = prepared(train, made=fake, realism={"floor": 0.05})["realism"]
    assert keeps(fake)[::4].mean() < 0.05
    assert keeps(population(seed=2)).mean() > 0.9
    assert keeps(fake.head(0)).tolist() == []


def test_realism_learns_from_rows_of_the_slice():
    """Both the real and the made rows meet the condition, as many of one as of the other."""
    where = condition.parse("low > 5")
    asked = []

    class Watched(NaiveBayes):
        def sample(self, n, *, where=None, seed):
            asked.append((n, where, seed))
            return super().sample(n, where=where, seed=seed)

    train = population()
    generator = Watched().fit(train, PLAIN, seed=1)
    section = Verify(realism={"floor": 0.05})
    verify.prepare(section, generator, train, PLAIN, where=where, private=False, seed=7)
    assert asked == [((train["low"] > 5).sum(), where, 7)]


@pytest.mark.parametrize("name", ["label", "realism"])
def test_too_few_rows_to_learn_from(name):
    """Fewer than fifty real or generated rows are refused with the way out."""
    told = (
        f"the verifier `{name}` needs at least 50 real and as many generated rows to learn from, "
        "got 49; take it out of `verify` in params.yaml"
    )
    with pytest.raises(GeneratorError) as caught:
        prepared(population(49), made=population(), **{name: {"floor": 0.1}})
    assert str(caught.value) == told
    if name == "realism":
        with pytest.raises(GeneratorError, match="got 49"):
            prepared(population(), made=population(49), realism={"floor": 0.1})
    assert name in prepared(population(50), made=population(), **{name: {"floor": 0.1}})


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a user's function and returns the verifier of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()

    def written(body):
        (tmp_path / "rules/own.py").write_text(f"def good(rows):\n    {body}\n")
        return prepared(python={"file": "rules/own.py", "function": "good"})["python"]

    return written


def test_the_users_own_function(write):
    """What it returns True for is kept: a column of pandas, an array or a list."""
    for body in (
        "return rows['low'] > 1",
        "return (rows['low'] > 1).to_numpy()",
        "return [one > 1 for one in rows['low']]",
    ):
        assert write(body)(TRAIN).tolist() == [False, True, True]


def test_the_users_own_function_is_not_asked_about_no_row(write):
    """One that gives a list for each row gives no truth value where there is none."""
    assert write("return [one > 1 for one in rows['low']]")(TRAIN.head(0)).tolist() == []


def test_the_users_own_function_cannot_change_the_rows(write):
    """It judges; a value that it overwrites is not that of the batch."""
    made = TRAIN.copy()
    write("rows['low'] = 5.0; return rows['low'] > 1")(made)
    pd.testing.assert_frame_equal(made, TRAIN)


def test_sources_are_every_python_file(write):
    """Files that the user's function may import count, in folders too; nothing else does."""
    write("return rows['low'] > 1")
    Path("rules/deep").mkdir()
    Path("rules/deep/a.py").write_text("abc")
    Path("rules/README.md").write_text("abc")
    found = script.sources()
    assert list(found) == ["rules/deep/a.py", "rules/own.py"]
    assert found["rules/deep/a.py"].startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return True", r"got bool of shape \(\)"),
        ("return None", r"got object of shape \(\)"),
        ("return rows['low']", r"got float64 of shape \(3,\)"),
        ("return [True]", r"got bool of shape \(1,\)"),
        ("return rows[['low', 'high']] > 1", r"got bool of shape \(3, 2\)"),
        ("return rows['town'].map({'w': True})", r"got \w+ of shape \(3,\)"),
    ],
)
def test_what_the_users_function_must_return(write, body, told):
    """Anything but a truth value per row is refused with what came."""
    with pytest.raises(
        GeneratorError, match=f"must return True or False for each of the 3 .*{told}"
    ):
        write(body)(TRAIN)


def test_mistakes_in_the_users_function_are_told_by_line(write):
    """The line in the user's file, not a traceback."""
    with pytest.raises(GeneratorError, match="rules/own.py, line 2: KeyError: 'nowhere'"):
        write("return rows['nowhere'] > 1")(TRAIN)


@pytest.mark.parametrize(
    "asked",
    [
        {"copies": {"distance": -0.1}},
        {"copies": {"distance": 1.1}},
        {"label": {"floor": 1}},
        {"realism": {}},
        {"python": {"file": "own.py", "function": "good"}},
        {"duplicate": True},
    ],
)
def test_impossible_sections_are_refused(asked):
    """Values out of range, files elsewhere and unknown names."""
    with pytest.raises(ValidationError):
        Verify(**asked)
