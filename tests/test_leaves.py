"""Values in groups of real rows: which may be handed out, and how those between them fall."""

import numpy as np
import pandas as pd
import pytest

from stages.lib.base.errors import GeneratorError
from stages.lib.generators.parts import leaves
from stages.lib.generators.parts.leaves import HELD
from stages.lib.tables.schema import Column

NUMBER = Column(kind="number")
DISCRETE = Column(kind="number", discrete=True)
CATEGORY = Column(kind="category")


class Places:
    """A generator of random numbers that gives those it was told, one array per call."""

    def __init__(self, *given):
        """Take what comes from each call."""
        self.given = iter(given)

    def random(self, n):
        """Return the next array."""
        found = np.array(next(self.given), float)
        assert len(found) == n
        return found


def collected(values, column, group=None, groups=None):
    """Collect a column, all its rows in one group unless told."""
    values = pd.Series(values, name="pay")
    group = np.zeros(len(values), int) if group is None else np.array(group)
    return leaves.collect(values, column, group, groups or int(group.max()) + 1)


def drawn(found, n=2000, group=0, seed=0):
    """Return values drawn from one group."""
    return leaves.draw(found, np.full(n, group), np.random.default_rng(seed))


def test_smoothed_numbers_by_hand():
    """The values next to a rare one are the ends of its choice, itself where there is none."""
    # Four values and four choices: [0.5, 1.25], [0.5, 3], [1.25, 10.75] and [3, 10.75].
    values = [3, 0.5, 10.75, 1.25, np.nan, 99, 100]
    found = collected(values, NUMBER, group=[0] * 5 + [1] * 2)
    assert found.choices.tolist() == [4, 2]
    assert found.absent.tolist() == [0.2, 0]
    place = np.array([0, 0.125, 0.25, 0.375, 0.5, 0.75, 0.875])
    rng = Places([0.5] * 7, place)
    made = leaves.draw(found._replace(decimals=None), np.zeros(7, int), rng)
    assert made.tolist() == [0.5, 0.875, 0.5, 1.75, 1.25, 3, 6.875]
    # 0.2 of the rows lack a value: a first number below that makes a missing one.
    missing = leaves.draw(found, np.zeros(2, int), Places([0.19, 0.2], [0.5, 0.5]))
    assert np.isnan(missing).tolist() == [True, False]


def test_numbers_of_a_group_of_four_are_distributed_so():
    """Each of the four choices has a quarter, evenly over its length, and the mean is kept."""
    found = collected([0.5, 1.25, 3, 10.75], NUMBER, group=[0] * 4)
    # Four rows are fewer than may be drawn from; with a fifth in another group they are enough.
    assert np.isnan(drawn(found)).all()
    found = collected([0.5, 1.25, 3, 10.75, 99, 100], NUMBER, group=[0] * 4 + [1] * 2)
    made = drawn(found._replace(decimals=None), 8000)
    share = np.histogram(made, [0.5, 1.25, 3, 6.875, 10.75])[0] / 8000
    first, second = (1 + 0.75 / 2.5) / 4, (1.75 / 2.5 + 1.75 / 9.5) / 4
    others = (3.875 / 9.5 + 0.5) / 4
    expected = np.array([first, second, others, others])
    assert np.abs(share - expected).max() < 4 * np.sqrt(0.25 * 0.75 / 8000)
    assert abs(made.mean() - 3.875) < 4 * made.std() / np.sqrt(8000)
    assert not np.isin(made, [0.5, 1.25, 3, 10.75, 99, 100]).any()


def test_common_numbers_are_handed_out_as_they_are():
    """A value that five rows hold comes back in their share; one of four rows does not."""
    values = [0.0] * HELD + [7.125] * (HELD - 1) + [8.5]
    found = collected(values, NUMBER)._replace(decimals=None)
    made = drawn(found, 4000)
    assert abs((made == 0).mean() - 0.5) < 4 * np.sqrt(0.25 / 4000)
    assert not np.isin(made, [7.125, 8.5]).any()
    assert 0 < made[made > 0].min() < made.max() < 8.5


def test_rare_value_that_is_twice_in_a_group_is_not_handed_out():
    """Two rows that share a number share it still; it lies between others."""
    values = [1.5, 2.5, 3.5, 7.25, 7.25, 9.5]
    found = collected(values, NUMBER, group=[0, 0, 0, 1, 1, 0])
    made = drawn(found._replace(decimals=None), group=1)
    assert not (made == 7.25).any()
    assert 3.5 <= made.min() < made.max() <= 9.5


def test_group_with_one_value_does_not_hand_it_out():
    """What is alone in its group lies between itself and its neighbour in the whole column."""
    values = [1.5, 2.5, 3.5, 4.5, 7.25, np.nan]
    found = collected(values, NUMBER, group=[0, 0, 0, 0, 1, 1])
    made = drawn(found._replace(decimals=None), 4000, group=1)
    there = made[~np.isnan(made)]
    assert abs(np.isnan(made).mean() - 0.5) < 4 * np.sqrt(0.25 / 4000)
    assert not (there == 7.25).any()
    assert 4.5 <= there.min() < there.max() <= 7.25


def test_rare_discrete_numbers_are_not_handed_out():
    """Years of school of a few rows lie between neighbours; those of many are as they are."""
    values = [8.125] * 6 + [9.375] * 4 + [12.5] * 6 + [20.0625]
    found = collected(values, DISCRETE)._replace(decimals=None)
    made = drawn(found, 4000)
    assert not np.isin(made, [9.375, 20.0625]).any()
    error = 4 * np.sqrt(0.25 / 4000)
    assert abs((made == 8.125).mean() - 6 / 17) < error
    assert abs((made == 12.5).mean() - 6 / 17) < error
    between = made[(made > 8.125) & (made < 12.5)]
    assert abs(between.mean() - (8.125 + 12.5) / 2) < 0.2  # the values next to 9.375
    assert abs(len(between) / 4000 - 4 / 17) < error
    assert 12.5 < made[made > 12.5].min() < made.max() < 20.0625


def test_discrete_numbers_repeat_existing_ones():
    """Where every value is common there are no others."""
    assert set(drawn(collected(np.repeat([1.0, 4, 9], 5), DISCRETE))) == {1, 4, 9}


def test_rare_categories_are_left_out():
    """A category of four rows that nobody declared is not made; the others keep their shares."""
    values = pd.Categorical(["a"] * 10 + ["b"] * 5 + ["c"] * 4)
    made = leaves.decode(drawn(found := collected(values, CATEGORY), 4000), found)
    assert set(made) == {"a", "b"}
    assert abs((made == "a").mean() - 10 / 15) < 4 * np.sqrt(0.25 / 4000)


def test_declared_categories_are_handed_out():
    """What data/schema.yaml names is known to all, however rare."""
    declared = Column(kind="category", categories=("a", "b", "c"))
    values = pd.Categorical(["a"] * 10 + ["c"])
    made = leaves.decode(drawn(found := collected(values, declared), 4000), found)
    assert set(made) == {"a", "c"}
    assert abs((made == "c").mean() - 1 / 11) < 4 * np.sqrt(1 / 11 * 10 / 11 / 4000)


def test_group_of_rare_categories_takes_what_all_rows_have():
    """A group left with nothing draws from the whole column, as often missing as before."""
    values = pd.Categorical(["a"] * 5 + ["b"] * 15 + ["c", None])
    found = collected(values, CATEGORY, group=[0] * 20 + [1, 1])
    made = leaves.decode(drawn(found, 4000, group=1), found)
    error = 4 * np.sqrt(0.25 / 4000)
    assert set(made.dropna()) == {"a", "b"}
    assert abs(made.isna().mean() - 0.5) < error
    assert abs((made.dropna() == "a").mean() - 0.25) < 4 * np.sqrt(0.25 / 2000)


@pytest.mark.parametrize(
    ("values", "column", "expected"),
    [
        ([1.0, 2, 3, 4, 5], NUMBER, 0),
        ([1.25, 2, 3, 4.5, 5], NUMBER, 2),
        ([1.25, 2, 3.123456, 4.5, 5], NUMBER, 6),
        ([1.25, 2, 3.1234567, 4.5, 5], NUMBER, None),
        ([1.0, 2, 3, 4, 5], Column(kind="integer"), 0),
    ],
)
def test_decimals_are_those_of_real_values(values, column, expected):
    """Made numbers have as many decimals as the real ones, and any where those have many."""
    found = collected(values, column)
    assert found.decimals == expected
    made = drawn(found)
    if expected is not None:
        assert (np.round(made, expected) == made).all()
        assert np.ptp(made) > 2
    else:
        assert (np.round(made, 6) != made).mean() > 0.9


@pytest.mark.parametrize(
    ("values", "kind"),
    [(pd.Categorical(["a", "a", "b", "c"] * 2), "category"), ([1.0, 2.0, 3.0, 3.0], "number")],
)
def test_column_of_rare_values_alone(values, kind):
    """Where nothing may be repeated it is refused in words, or missing where it may be."""
    with pytest.raises(GeneratorError) as caught:
        collected(values, Column(kind=kind, missing=False))
    assert str(caught.value) == (
        "column 'pay': no value is held by 5 real rows, so none may be repeated; declare its "
        "`categories` in data/schema.yaml, or set `role: ignore`"
    )
    assert np.isnan(drawn(collected(values, Column(kind=kind)))).all()


@pytest.mark.parametrize("column", [NUMBER, DISCRETE, CATEGORY, Column(kind="integer")])
def test_everything_missing(column):
    """A column without one value gives none, also where none should be missing."""
    values = [np.nan] * 6 if column.numeric else pd.Categorical([None] * 6)
    for declared in (column, column.model_copy(update={"missing": False})):
        found = collected(values, declared, group=[0, 0, 0, 1, 1, 1])
        assert np.isnan(drawn(found, group=1)).all()
        assert leaves.decode(drawn(found), found).isna().all()


def test_group_without_rows():
    """A group that no real row is in takes what all rows have, and never a missing value."""
    found = collected([1.0] * 5 + [2.0] * 5, NUMBER, group=[0] * 5 + [2] * 5, groups=3)
    assert set(drawn(found, group=1)) == {1, 2}
    assert set(drawn(found, group=2)) == {2}
