"""Rows made in chunks: the same for any number of workers, until there are enough or too few."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from stages.lib import production
from stages.lib.base import files
from stages.lib.base.errors import GeneratorError
from stages.lib.generators.naive_bayes import NaiveBayes
from stages.lib.production import Generate, Tally
from stages.lib.tables import condition, rows, table
from stages.lib.tables.condition import keep
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number"),
        "rich": Column(kind="category", role="target"),
    }
)


class Counting:
    """A generator whose rows are 0, 1, 2, … modulo `cycle`, from 0 again in every chunk."""

    def __init__(self, cycle=10):
        """Take how many different rows there are."""
        self.cycle = cycle

    def sample(self, n, *, where=None, seed):
        """Return rows that meet the condition; what it draws does not depend on it."""
        age = np.arange(n) % self.cycle
        frame = pd.DataFrame({"age": age.astype(float), "rich": pd.Categorical(["no"] * n)})
        return keep(frame, where)


class Uniform:
    """A generator of even numbers from 0 to 1 with one of two labels, by its seed alone."""

    def sample(self, n, *, where=None, seed):
        """Return rows that meet the condition."""
        rng = np.random.default_rng(seed)
        age = rng.random(n)
        rich = pd.Categorical(np.where(rng.random(n) < 0.5, "yes", "no"))
        return keep(pd.DataFrame({"age": age, "rich": rich}), where)


class Holding(Counting):
    """A generator that has the rows 0, 1, …, `cycle` - 1, once each."""

    name = "vendor"

    def held(self):
        """Return all of them."""
        return super().sample(self.cycle, seed=0)

    def sample(self, n, *, where=None, seed):
        """Batches are made of what is held."""
        raise AssertionError("sampled")


def below(limit, frame):
    """Keep the rows with an age below a limit."""
    return (frame["age"] < limit).to_numpy()


def made(generator, n, *, where=None, unique=False, seed=1, budget=20.0, least=0.0, **limits):
    """Return the parts of `n` rows and their tally; `limits` are verifiers by name."""
    tally = Tally()
    found = production.make(
        generator,
        n,
        where=where if where is None else condition.parse(where),
        verifiers={name: partial(below, limit) for name, limit in limits.items()},
        unique=unique,
        seed=seed,
        asked=Generate(seed=0, budget=budget, least_yield=least),
        tally=tally,
    )
    return list(found), tally


def refusal(*given, **asked):
    """Return the message with which production stops."""
    with pytest.raises(GeneratorError) as caught:
        made(*given, **asked)
    return str(caught.value)


def test_rows_without_a_condition_or_verifiers():
    """As many as asked for are made, once."""
    [part], tally = made(Counting(), 25)
    assert part["age"].tolist() == [place % 10 for place in range(25)]
    assert tally == Tally(generated=25, met=25, verifiers={})


def test_tallies_by_hand():
    """Rows that were made, that met the condition, and that each verifier saw and kept."""
    # First 12 rows: 0 … 9, 0, 1; 6 have an age from 4 up, 4 an age below 8, 3 below 7: of 12.
    # 9 are left of a share 3/12: 36 more rows. 0 … 9 thrice and 0 … 5: 6, 6, 6, 2 = 20 meet it,
    # 4, 4, 4, 2 = 14 are below 8 and 3, 3, 3, 2 = 11 below 7.
    parts, tally = made(Counting(), 12, where="age > 3.5", small=8, smaller=7)
    assert pd.concat(parts)["age"].tolist() == [4, 5, 6] * 4
    assert tally.generated == 12 + 36
    assert tally.met == 6 + 20
    assert tally.verifiers == {
        "small": {"seen": 26, "kept": 4 + 14},
        "smaller": {"seen": 18, "kept": 3 + 11},
    }
    assert list(tally.verifiers) == ["small", "smaller"]


def test_surplus_is_cut_and_still_counted(monkeypatch):
    """Every chunk that was made counts, the rows behind the last that was asked for are cut."""
    monkeypatch.setattr(production, "CHUNK", 10)
    parts, tally = made(Counting(), 15, small=5)
    # 10 and 5 rows: 5 and 5 pass. 5 left at 10/15: 8 more, of which 5 pass.
    assert [len(part) for part in parts] == [5, 5, 5]
    assert tally.generated == 23
    parts, tally = made(Counting(), 14, small=5)
    # 10 and 4: 5 and 4 pass. 5 left at 9/14: 8 more.
    assert [len(part) for part in parts] == [5, 4, 5]
    parts, tally = made(Counting(), 3, where="age > 1.5", small=9)
    # 0 1 2: one meets it; 6 more, 0 … 5: four do, of which two are taken.
    assert [part["age"].tolist() for part in parts] == [[2], [2, 3]]
    assert tally == Tally(generated=9, met=5, verifiers={"small": {"seen": 5, "kept": 5}})


def test_duplicates_are_dropped_within_and_across_chunks(monkeypatch):
    """A row that any chunk before had is no new one; they are counted last."""
    monkeypatch.setattr(production, "CHUNK", 7)
    parts, tally = made(Counting(12), 6, unique=True, small=6)
    assert pd.concat(parts)["age"].tolist() == [0, 1, 2, 3, 4, 5]
    monkeypatch.setattr(production, "CHUNK", 3)
    told = refusal(Counting(12), 6, unique=True, small=6)
    # Chunks of three have the rows 0, 1, 2 alone: 3 of 120 are new.
    assert told == (
        "120 rows were made and 3 of the 6 asked for were kept: the verifier `duplicates` drops "
        "most, 117 of 120; read the preview for what is wrong with the rows, or ask less of "
        "`verify` in params.yaml"
    )
    with_repeats, tally = made(Counting(4), 4, unique=False)
    assert tally.verifiers == {}


def test_duplicates_by_hand(monkeypatch):
    """Chunks that overlap by two rows of four: each has its own new ones."""
    monkeypatch.setattr(production, "CHUNK", 6)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # all in this process, which counts the chunks
    found = []

    class Shifted(Counting):
        def sample(self, n, *, where=None, seed):
            found.append(n)
            frame = super().sample(n, seed=seed)
            return frame.assign(age=frame["age"] + 2 * (len(found) - 1))

    # 0 … 5, then 2, 3, which are not new; 2 left at 6/8: 4, 5, 6; 1 left at 7/11: 6, 7.
    parts, tally = made(Shifted(100), 8, unique=True)
    assert found == [6, 2, 3, 2]
    assert [part["age"].tolist() for part in parts] == [[0, 1, 2, 3, 4, 5], [6], [7]]
    assert tally == Tally(generated=13, met=13, verifiers={"duplicates": {"seen": 13, "kept": 8}})


def test_missing_values_can_be_duplicates():
    """Two rows that lack the same value are the same row."""

    class Empty(Counting):
        def sample(self, n, *, where=None, seed):
            return super().sample(n, seed=seed).assign(age=np.nan)

    [part], tally = made(Empty(), 1, unique=True)
    assert part["age"].isna().all()
    assert "1 of the 2 asked for were kept" in refusal(Empty(), 2, unique=True, budget=3)


@pytest.mark.parametrize("unique", [False, True])
def test_number_of_workers_does_not_show(monkeypatch, tmp_path, unique):
    """Chunks made by one worker or by two give the same rows, tally and bytes."""
    rng = np.random.default_rng(0)
    train = pd.DataFrame(
        {
            "age": rng.integers(0, 400, 300) / 4,
            "rich": pd.Categorical(np.where(rng.random(300) < 0.5, "yes", "no")),
        }
    )
    generator = NaiveBayes().fit(train, SCHEMA, seed=1)
    monkeypatch.setattr(production, "CHUNK", 50)
    found = []
    for workers in ("1", "2"):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", workers)
        assert production.cpu_count() == int(workers)
        parts, tally = made(generator, 230, where="age > 20", unique=unique)
        files.write_parquet_parts(parts, tmp_path / workers, dict)
        found.append((rows.digest(table.stack(parts)), tally, (tmp_path / workers).read_bytes()))
    assert found[0] == found[1]
    assert len(table.stack(parts)) == 230


def test_every_chunk_has_a_seed_of_its_own(monkeypatch):
    """No chunk repeats another, in one round or in the next, and the seed decides all."""
    monkeypatch.setattr(production, "CHUNK", 50)
    frame = table.stack(made(Uniform(), 300, half=0.5)[0])
    assert frame["age"].nunique() == 300
    again = table.stack(made(Uniform(), 300, half=0.5)[0])
    pd.testing.assert_frame_equal(frame, again)
    other = table.stack(made(Uniform(), 300, half=0.5, seed=2)[0])
    assert not frame["age"].isin(other["age"]).any()


def test_first_rows_do_not_depend_on_how_many_are_asked_for(monkeypatch):
    """Whole chunks come first, so more rows are the same and others behind them."""
    monkeypatch.setattr(production, "CHUNK", 50)
    few, many = (table.stack(made(Uniform(), n)[0]) for n in (100, 150))
    assert few["age"].tolist() == many["age"].tolist()[:100]


def test_a_spent_budget_is_told_by_the_worst_verifier():
    """No more than `budget` rows are made for each that is asked for."""
    # A hundred rows, then the 200 that the budget leaves: 90 % pass the first, 30 % both.
    told = refusal(Counting(100), 100, budget=3, good=90, bad=30)
    assert told.startswith("300 rows were made and 90 of the 100 asked for were kept: ")
    assert "the verifier `bad` drops most, 180 of 270; read the preview" in told


def test_least_yield_stops_before_the_budget():
    """Of a hundred rows five pass: fewer than a tenth."""
    assert refusal(Counting(100), 100, least=0.1, good=99, bad=5) == (
        "100 rows were made and 5 of the 100 asked for were kept: the verifier `bad` drops most, "
        "94 of 99; read the preview for what is wrong with the rows, or ask less of `verify` in "
        "params.yaml"
    )
    assert len(table.stack(made(Counting(100), 100, least=0.05, budget=99, bad=5)[0])) == 100


def test_least_yield_is_of_the_rows_that_meet_the_condition():
    """A rare condition is no fault of the verifiers."""
    parts, tally = made(Counting(100), 50, where="age > 89.5", least=0.9)
    assert tally.met * 5 < tally.generated
    assert (pd.concat(parts)["age"] >= 90).all()
    assert len(pd.concat(parts)) == 50


@pytest.mark.parametrize("limits", [{}, {"good": 99.5}])
def test_a_condition_that_is_too_rare_is_told(limits):
    """One row in a hundred meets it, and twenty are made for each."""
    told = refusal(Counting(100), 100, where="age > 98.5", **limits)
    assert told == (
        "2,000 rows were made and 20 of the 100 asked for were kept: only 20 meet 'age > 98.5', so "
        "the condition is too rare for this generator; ask for fewer rows, take one that can "
        "condition on it (docs/generators.md), or raise `generate.budget`"
    )


def test_a_condition_that_most_rows_meet_can_still_be_too_rare():
    """With a budget of one and a half, six rows in ten are not enough, and no verifier is at it."""
    told = refusal(Counting(10), 100, where="age > 3.5", budget=1.5)
    assert "only 90 meet 'age > 3.5'" in told
    told = refusal(Counting(10), 100, where="age > 3.5", budget=1.5, good=9)
    assert "only 90 meet 'age > 3.5'" in told
    told = refusal(Counting(10), 100, where="age > 3.5", budget=1.5, bad=5)
    assert "the verifier `bad` drops most, 75 of 90" in told


def test_a_condition_that_no_row_meets_ends():
    """Nothing is yielded, and the budget is the end of it."""
    assert "0 of the 10 asked for were kept: only 0 meet" in refusal(
        Counting(10), 10, where="age > 10", least=0.5
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_rows_that_are_held_come_once_each(monkeypatch, workers):
    """Over all chunks, in every round and for any number of workers, none is repeated."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", workers)
    monkeypatch.setattr(production, "CHUNK", 7)
    parts, tally = made(Holding(100), 100)
    ages = pd.concat(parts)["age"].tolist()
    assert sorted(ages) == list(range(100)) and ages != list(range(100))
    assert tally == Tally(held=100, generated=100, met=100, verifiers={})
    # 60 rows, of which those below 50 pass; then more of the other 40, until there are 45.
    parts, tally = made(Holding(100), 45, unique=True, half=50)
    assert pd.concat(parts)["age"].nunique() == 45
    assert 45 < tally.generated <= 100
    assert tally.verifiers["duplicates"]["seen"] == tally.verifiers["duplicates"]["kept"]


def test_part_of_what_is_held_is_random_by_the_seed():
    """The same seed takes the same rows of the file, another takes others, from all over it."""
    first, again, other = (
        pd.concat(made(Holding(1000), 100, seed=seed)[0])["age"] for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()
    assert first.min() < 100 and first.max() > 900
    longer = pd.concat(made(Holding(1000), 150, seed=1)[0])["age"]
    assert longer.tolist()[:100] == first.tolist()


def test_what_is_held_runs_out():
    """It is told how many rows there are, what became of them, and how many can be had."""
    assert refusal(Holding(80), 100) == (
        "the generator holds 80 rows and 100 were asked for: ask for 80 at most in `slices.*.rows`"
    )
    assert refusal(Holding(200), 100, where="age > 99.5", good=150, bad=130) == (
        "the generator holds 200 rows and 100 were asked for; 100 do not meet 'age > 99.5', "
        "`good` drops 50, `bad` drops 20, which leaves 30: ask for 30 at most in `slices.*.rows`"
    )
    assert refusal(Holding(200), 100, bad=0) == (
        "the generator holds 200 rows and 100 were asked for; `bad` drops 200, which leaves 0"
    )


def test_rows_that_are_held_are_no_expense():
    """The budget is for rows that must be made: a rare condition may need the whole of a file."""
    parts, tally = made(Holding(5000), 5, where="age < 4.5", budget=2)
    assert sorted(pd.concat(parts)["age"]) == [0, 1, 2, 3, 4]
    assert 5 < tally.generated <= 5000
    assert "the verifier `bad` drops most" in refusal(Holding(5000), 50, least=0.5, bad=500)
