"""The real slices: their sizes, what stays together, and the lock."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import holdout
from stages.lib.base import files
from stages.lib.base.errors import LockError, ParamsError
from stages.lib.holdout import Freeze, Lock
from stages.lib.tables import rows, table
from stages.lib.tables.schema import Column, Schema

PLAIN = Schema(
    columns={
        "n": Column(kind="number"),
        "y": Column(kind="category", role="target"),
    }
)
GROUPED = Schema(columns={"who": Column(kind="category", role="group"), **PLAIN.columns})
TIMED = Schema(columns={"day": Column(kind="date", role="time"), **PLAIN.columns})
GROUPS = pd.Categorical((np.arange(200) // 2).astype(str))
FREEZE = Freeze(train=50, tune=20, holdout=30, seed=4)


def real(size=200, seed=0):
    """Draw rows of which no two are equal, one in four of them positive."""
    rng = np.random.default_rng(seed)
    label = np.array(["yes" if place % 4 == 0 else "no" for place in range(size)])
    return pd.DataFrame({"n": rng.standard_normal(size), "y": pd.Categorical(label)})


def locked(held, **changes):
    """Return FREEZE with the lock on a holdout."""
    lock = Lock(sha256=rows.digest(held), who="A. Reviewer", why="stands for next year")
    return FREEZE.model_copy(update={"locked": lock, **changes})


def numbers(frame):
    """Return the values that name a row of `real`."""
    return set(frame["n"])


def test_sizes_are_exact_and_stratified():
    """Every slice has as many rows as asked, a quarter of them positive, and no row twice."""
    found = holdout.carve(real(), PLAIN, FREEZE, None)
    assert [len(part) for part in found] == [50, 20, 30, 100]
    # A quarter of 50, 20 and 30: 12.5, 5 and 7.5 in exact proportion, each rounded to a neighbour.
    positive = [(part["y"] == "yes").sum() for part in found]
    assert positive[0] in (12, 13) and positive[1] == 5 and positive[2] in (7, 8)
    assert sum(positive) == 50
    together = set().union(*(numbers(part) for part in found))
    assert len(together) == 200


def test_rows_stand_in_the_tables_order():
    """A slice keeps the order of the table, so that its content alone decides its bytes."""
    frame = real()
    order = {value: place for place, value in enumerate(frame["n"])}
    for part in holdout.carve(frame, PLAIN, FREEZE, None):
        places = [order[value] for value in part["n"]]
        assert places == sorted(places)


def test_fractions_are_of_the_table():
    """A size below 1 is a share of the table's rows."""
    freeze = Freeze(train=0.5, tune=0.2, holdout=0.1, seed=4)
    found = holdout.carve(real(), PLAIN, freeze, None)
    assert [len(part) for part in found] == [100, 40, 20, 40]


def test_whole_table_can_be_used():
    """Fractions that add up to one leave no row over."""
    freeze = Freeze(train=0.6, tune=0.2, holdout=0.2, seed=4)
    found = holdout.carve(real(), PLAIN, freeze, None)
    assert [len(part) for part in found] == [120, 40, 40, 0]


def test_sizes_are_exact_whatever_the_strata():
    """Rounding in several strata takes no row from the last slice."""
    # Strata of 24, 18, 22 and 18 rows, all 82 of them asked for.
    label = np.repeat(list("abcd"), [24, 18, 22, 18])
    frame = pd.DataFrame({"n": np.arange(82.0), "y": pd.Categorical(label)})
    for tune in range(1, 80):
        freeze = Freeze(train=80 - tune, tune=tune, holdout=2, seed=4)
        found = holdout.carve(frame, PLAIN, freeze, None)
        assert [len(part) for part in found] == [80 - tune, tune, 2, 0]


def test_no_tune_is_allowed():
    """Without tune the slice is empty, and choices fall back to the holdout."""
    found = holdout.carve(real(), PLAIN, FREEZE.model_copy(update={"tune": 0}), None)
    assert found.tune.empty
    assert holdout.deciding(found.tune, found.holdout) is found.holdout
    assert holdout.deciding(found.train, found.holdout) is found.train


def test_same_seed_same_slices():
    """The seed alone decides which rows are where."""
    one, again = (holdout.carve(real(), PLAIN, FREEZE, None) for _ in range(2))
    other = holdout.carve(real(), PLAIN, FREEZE.model_copy(update={"seed": 5}), None)
    assert [rows.digest(part) for part in one] == [rows.digest(part) for part in again]
    assert rows.digest(one.holdout) != rows.digest(other.holdout)


def test_identical_rows_are_never_on_both_sides():
    """Forty values five times each: every value is in one slice only."""
    frame = pd.DataFrame(
        {"n": np.repeat(np.arange(40.0), 5), "y": pd.Categorical(["no", "yes"] * 100)}
    )
    frame["y"] = pd.Categorical(np.where(frame["n"] % 2 == 0, "no", "yes"))
    found = holdout.carve(frame, PLAIN, FREEZE, None)
    assert [len(part) for part in found] == [50, 20, 30, 100]
    for one in range(4):
        for other in range(one):
            assert not numbers(found[one]) & numbers(found[other])


def test_rows_that_differ_in_an_id_alone_are_identical():
    """What models never see does not make two rows different."""
    schema = Schema(columns={"id": Column(kind="text", role="id"), **PLAIN.columns})
    half = real(100)
    frame = pd.concat([half, half], ignore_index=True)
    frame.insert(0, "id", pd.Categorical([f"p{place:03}" for place in range(200)]))
    found = holdout.carve(frame, schema, FREEZE, None)
    assert not numbers(found.train) & numbers(found.holdout)
    assert not numbers(found.tune) & numbers(found.holdout)


def test_groups_are_never_on_both_sides():
    """Groups of one to seven rows stay whole, and the slices are nearly full."""
    rng = np.random.default_rng(1)
    frame = real()
    sizes = rng.integers(1, 8, 80)
    frame.insert(0, "who", pd.Categorical(np.repeat(np.arange(80), sizes)[:200].astype(str)))
    found = holdout.carve(frame, GROUPED, FREEZE, None)
    for one in range(4):
        for other in range(one):
            assert not set(found[one]["who"]) & set(found[other]["who"])
    for part, asked in zip(found[:3], (50, 20, 30), strict=True):
        assert asked - 14 <= len(part) <= asked  # less than one group a stratum


def test_latest_rows_are_the_holdout():
    """With a time column the latest rows are held out, the next are tune, then train."""
    frame = real()
    days = pd.date_range("2020-01-01", periods=200)
    frame.insert(0, "day", days[np.random.default_rng(2).permutation(200)])
    found = holdout.carve(frame, TIMED, FREEZE, None)
    assert set(found.holdout["day"]) == set(days[170:])
    assert set(found.tune["day"]) == set(days[150:170])
    assert set(found.train["day"]) == set(days[100:150])
    assert set(found.pool["day"]) == set(days[:100])


def test_row_without_a_time_is_not_the_latest():
    """Nothing says that an undated row comes after the others: it is not held out."""
    frame = real()
    days = pd.Series(pd.date_range("2020-01-01", periods=200))
    days[:10] = pd.NaT
    frame.insert(0, "day", days)
    found = holdout.carve(frame, TIMED, FREEZE, None)
    assert not found.holdout["day"].isna().any()
    assert found.pool["day"].isna().sum() == 10


def test_lock_is_kept_by_a_fresh_carve():
    """A clone without the file carves the same holdout, train and tune as one that has it."""
    fresh = holdout.carve(real(), PLAIN, FREEZE, None)
    freeze = locked(fresh.holdout)
    for kept in (None, fresh.holdout):
        again = holdout.carve(real(), PLAIN, freeze, kept)
        assert [rows.digest(part) for part in again] == [rows.digest(part) for part in fresh]


@pytest.mark.parametrize("sizes", [(50, 20, 30), (0.5, 0.2, 0.3)], ids=["counts", "fractions"])
def test_rows_later_than_a_locked_holdout_wait(sizes):
    """What arrives after the holdout was locked enters neither train nor tune, but the pool."""
    frame = real(400)
    frame.insert(0, "day", pd.date_range("2020-01-01", periods=400))
    asked = FREEZE.model_copy(update=dict(zip(("train", "tune", "holdout"), sizes, strict=True)))
    first = holdout.carve(frame[:200], TIMED, asked, None)
    freeze = asked.model_copy(update={"locked": locked(first.holdout).locked})
    grown = holdout.carve(frame, TIMED, freeze, first.holdout)
    for name in ("train", "tune", "holdout"):
        assert rows.digest(getattr(grown, name)) == rows.digest(getattr(first, name))
    assert numbers(grown.pool) == numbers(first.pool) | numbers(frame[200:])
    again = holdout.carve(frame[:200], TIMED, freeze, first.holdout)
    assert [rows.digest(part) for part in again] == [rows.digest(part) for part in first]


def test_changed_holdout_is_refused():
    """One changed value, and the message names the lock, who set it and what to do."""
    found = holdout.carve(real(), PLAIN, FREEZE, None)
    freeze = locked(found.holdout)
    changed = found.holdout.copy()
    changed.loc[3, "n"] += 1e-9
    for refused in (
        lambda: holdout.carve(real(), PLAIN, freeze, changed),
        lambda: holdout.verify(changed, freeze.locked),
        lambda: holdout.carve(real(), PLAIN, locked(found.holdout, seed=5), None),
        lambda: holdout.carve(real(201), PLAIN, freeze, None),
    ):
        with pytest.raises(LockError) as caught:
            refused()
        message = str(caught.value)
        assert "the holdout is locked and this is another one" in message
        assert "locked by A. Reviewer (stands for next year)" in message
        assert freeze.locked.sha256[:16] in message
        assert "dvc-synth lock --release --why TEXT" in message


def test_no_lock_verifies_anything():
    """Without a lock every holdout will do, and an unlocked one is carved anew."""
    assert holdout.verify(real(), None) is None
    found = holdout.carve(real(), PLAIN, FREEZE, real(7))
    assert len(found.holdout) == 30


def test_grown_table_keeps_the_locked_rows():
    """New rows go to the other slices; the locked ones stay, and stay apart."""
    first = holdout.carve(real(), PLAIN, FREEZE, None)
    frame = table.stack([real(), real(100, seed=9)])
    found = holdout.carve(frame, PLAIN, locked(first.holdout), first.holdout)
    assert rows.digest(found.holdout) == rows.digest(first.holdout)
    assert [len(part) for part in found] == [50, 20, 30, 200]
    for part in (found.train, found.tune, found.pool):
        assert not numbers(part) & numbers(found.holdout)
    assert (numbers(found.train) | numbers(found.tune)) & numbers(real(100, seed=9))


def test_new_row_equal_to_a_locked_one_is_left_out():
    """A new row identical to a held-out one would leak it: it goes to no other slice."""
    first = holdout.carve(real(), PLAIN, FREEZE, None)
    frame = table.stack([real(), first.holdout])
    found = holdout.carve(frame, PLAIN, locked(first.holdout), first.holdout)
    for part in (found.train, found.tune, found.pool):
        assert not numbers(part) & numbers(first.holdout)


def test_new_row_that_models_cannot_tell_from_a_locked_one_is_left_out():
    """Under a new id the same features and label are still a held-out row."""
    schema = Schema(columns={"id": Column(kind="text", role="id"), **PLAIN.columns})
    frame = real()
    frame.insert(0, "id", pd.Categorical([f"p{place:03}" for place in range(200)]))
    first = holdout.carve(frame, schema, FREEZE, None)
    again = first.holdout.assign(id=pd.Categorical([f"q{place:03}" for place in range(30)]))
    grown = table.stack([frame, again])
    found = holdout.carve(grown, schema, locked(first.holdout), first.holdout)
    for part in (found.train, found.tune, found.pool):
        assert not numbers(part) & numbers(first.holdout)


def test_new_row_of_a_locked_group_is_left_out():
    """A group that has rows in the locked holdout gets none elsewhere when the table grows."""
    frame = real()
    frame.insert(0, "who", pd.Categorical((np.arange(200) // 2).astype(str)))
    first = holdout.carve(frame, GROUPED, FREEZE, None)
    more = real(100, seed=9)
    more.insert(0, "who", pd.Categorical(np.arange(100).astype(str)))
    grown = table.stack([frame, more])
    found = holdout.carve(grown, GROUPED, locked(first.holdout), first.holdout)
    for part in (found.train, found.tune, found.pool):
        assert not set(part["who"]) & set(found.holdout["who"])


def test_vanished_locked_row_is_refused():
    """A locked row that is no longer in the table is counted in the refusal."""
    first = holdout.carve(real(), PLAIN, FREEZE, None)
    gone = real()[~real()["n"].isin(first.holdout["n"][:2])].reset_index(drop=True)
    with pytest.raises(LockError, match="2 of the 30 locked rows are no longer in the real table"):
        holdout.carve(gone, PLAIN, locked(first.holdout), first.holdout)


def test_too_large_sizes_are_refused_in_words():
    """More rows than there are, in the holdout or in what is left, is told with the numbers."""
    with pytest.raises(ParamsError, match="asks for holdout 300 rows and 200 are left to split"):
        holdout.carve(real(), PLAIN, FREEZE.model_copy(update={"holdout": 300}), None)
    with pytest.raises(ParamsError, match="tune 20, train 151 rows and 170 are left to split"):
        holdout.carve(real(), PLAIN, FREEZE.model_copy(update={"train": 151}), None)


def test_size_that_rounds_to_nothing_is_refused():
    """A fraction too small for one row leaves a slice empty, which is said."""
    with pytest.raises(ParamsError, match="`freeze.train` leaves no row; raise it"):
        holdout.carve(real(), PLAIN, FREEZE.model_copy(update={"train": 0.001}), None)


def test_read_verifies(tmp_path):
    """A holdout read from disk is compared with the lock."""
    found = holdout.carve(real(), PLAIN, FREEZE, None).holdout
    freeze = locked(found)
    files.write_parquet(found, tmp_path / "h.parquet")
    pd.testing.assert_frame_equal(holdout.read(freeze.locked, tmp_path / "h.parquet"), found)
    files.write_parquet(found.iloc[1:], tmp_path / "h.parquet")
    with pytest.raises(LockError, match="at hand: 29 rows"):
        holdout.read(freeze.locked, tmp_path / "h.parquet")


def test_real_rows_stand_apart_from_made_ones():
    """A table without made rows is as it was; of another, the rows that are marked are apart."""
    frame = real()
    whole, none = holdout.apart(frame)
    assert whole is frame
    assert none.empty and list(none) == ["n", "y"]
    mark = pd.Categorical(["synthetic", "real"] * 100)
    found, made = holdout.apart(frame.assign(_origin=mark))
    assert list(found) == list(made) == ["n", "y"]
    assert numbers(made) == set(frame["n"][::2])
    assert numbers(found) == set(frame["n"][1::2])


def test_made_rows_are_learned_from_in_proportion():
    """A quarter of the real rows is in train: of 80 made rows 20 are learned from."""
    slices = holdout.carve(real(), PLAIN, FREEZE, None)
    made = real(80, seed=9)
    found, again = (holdout.learnable(made, slices, PLAIN, 4) for _ in range(2))
    assert len(found) == 20
    assert numbers(found) <= numbers(made)
    assert rows.digest(found) == rows.digest(again)
    assert rows.digest(found) != rows.digest(holdout.learnable(made, slices, PLAIN, 5))
    assert holdout.learnable(made.iloc[:0], slices, PLAIN, 4).empty


def test_made_row_like_one_that_is_judged_on_is_not_learned_from():
    """It would tell the generator of a row of tune, holdout or pool; one of train is no secret."""
    slices = holdout.carve(real(), PLAIN, FREEZE.model_copy(update={"train": 149}), None)
    assert [len(part) for part in slices] == [149, 20, 30, 1]
    made = real()
    learned = [numbers(holdout.learnable(made, slices, PLAIN, seed)) for seed in range(20)]
    assert set().union(*learned) == numbers(slices.train)
    grouped = holdout.carve(real().assign(who=GROUPS), GROUPED, FREEZE, None)
    made = real(80, seed=9).assign(who=grouped.holdout["who"].iloc[0])
    assert holdout.learnable(made, grouped, GROUPED, 4).empty


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (PLAIN, "at random, stratified by 'y'; identical rows together"),
        (GROUPED, "at random, stratified by 'y'; 'who' kept together"),
        (
            TIMED,
            "by time, 'day': the holdout after tune after train, what is later still in the pool; "
            "identical rows together",
        ),
        (
            Schema(
                columns={"c": Column(kind="category"), "n": Column(kind="number", role="target")}
            ),
            "at random; identical rows together",
        ),
    ],
)
def test_manner_in_words(schema, expected):
    """How the slices were carved, as reports say it."""
    assert holdout.manner(schema) == expected
