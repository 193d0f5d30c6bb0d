"""Regions: which rows belong to which, worked out by hand and with scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from stages.lib.base.errors import ParamsError
from stages.lib.batches import Slice
from stages.lib.mixes import regions
from stages.lib.tables.schema import Column, Schema

NAN = float("nan")


def declared(*numbers, target="category", sensitive=False):
    """Return the schema of some numbers, a town and a target."""
    columns = {name: Column(kind="number") for name in numbers}
    columns["town"] = Column(kind="category")
    columns["y"] = Column(kind=target, role="target", sensitive=sensitive)
    return Schema(columns=columns)


def rows(x, town="a", y="no"):
    """Return a table of one number, a town and a target."""
    frame = pd.DataFrame({"x": np.array(x, float), "town": town, "y": y})
    return frame.astype({"town": "category", "y": "category"})


def by_slice(frames, **where):
    """Return the regions by slices with these conditions, None for none."""
    slices = {name: Slice(purpose="p", rows=9, where=text) for name, text in where.items()}
    return regions.by("slices", frames[0], frames[1:], declared("x"), slices, ["no", "yes"])


def by_density(train, *frames, numbers=("x",)):
    """Return the regions by density of the features."""
    return regions.by("density", train, frames, declared(*numbers), {}, ["no", "yes"])


def test_a_row_belongs_to_the_first_slice_that_it_meets():
    """What meets none, as a missing value does, is of the slice without a condition."""
    frame, other = rows([1, 2, 3, NAN], ["a", "b", "b", "a"]), rows([9, 0], ["b", "a"])
    found = by_slice([frame, other], few="x > 2", everything=None, second="town == 'b'", more=None)
    assert found.names == ["few", "second", "rest"]
    assert found.train.tolist() == [2, 1, 0, 2]
    assert [one.tolist() for one in found.frames] == [[0, 2]]


def test_what_is_left_is_the_rest():
    """Without a slice of everything the last region has a name that no slice has."""
    assert by_slice([rows([1])], few="x > 2").names == ["few", "rest"]
    assert by_slice([rows([1])], rest="x > 2").names == ["rest", "the rest"]


def test_regions_without_rows_stay():
    """A slice that no row meets, and a frame without rows, keep the numbers of the others."""
    found = by_slice([rows([1, 2]), rows([])], none="x > 9", all="x > 0")
    assert found.names == ["none", "all", "rest"]
    assert found.train.tolist() == [1, 1]
    assert found.frames[0].tolist() == []


def test_slices_without_a_condition_are_one_region():
    """A search by region of one region is refused, with what to do."""
    with pytest.raises(ParamsError, match="give a slice a `where`, or choose classes or density"):
        by_slice([rows([1])], everything=None)


def test_condition_that_does_not_fit_is_told():
    """A condition that compares a text with a number is the user's to mend."""
    with pytest.raises(ParamsError, match="`slices.odd.where` 'town > 3' cannot be evaluated"):
        by_slice([rows([1])], odd="town > 3")


def test_classes_in_the_order_given():
    """The number of a row is its label's place, also of labels that one frame alone has."""
    frames = rows([1, 2], y=["no", "yes"]), rows([1, 2], y=["maybe", "no"]), rows([])
    found = regions.by("classes", frames[0], frames[1:], declared("x"), {}, ["yes", "no", "maybe"])
    assert found.names == ["yes", "no", "maybe"]
    assert found.train.tolist() == [1, 0]
    assert [one.tolist() for one in found.frames] == [[2, 1], []]


def test_classes_of_a_sensitive_target_are_numbered():
    """No label of a sensitive target is told: 'no' is the first of them in sorted order."""
    schema = declared("x", sensitive=True)
    found = regions.by("classes", rows([1, 2], y=["no", "yes"]), [], schema, {}, ["yes", "no"])
    assert found.names == ["value 2", "value 1"]
    assert found.train.tolist() == [1, 0]


def test_a_number_has_no_classes():
    """Regression asks for other regions."""
    schema = declared("x", target="number")
    with pytest.raises(ParamsError, match="the target 'y' is a number; choose slices or density"):
        regions.by("classes", rows([1, 2], y=[3.0, 4.0]), [], schema, {}, [])


def test_density_by_hand():
    """Nine rows of one number: the third nearest is what counts, √9 = 3."""
    # Distances to the third nearest other row: 0 → 3 (of 1, 2, 3), 1 → 2, 2 → 2, 3 → 2, 4 → 3,
    # 10 → 8 (of 6, 7, 8), 20 → 17, 40 → 37, 128 → 118. Sorted 2 2 2 3 3 8 17 37 118: the cuts are
    # the third and the sixth, 2 and 8. (A range of 128 leaves no rounding at the cuts.)
    train = rows([0, 1, 2, 3, 4, 10, 20, 40, 128])
    # 1.5 → 1.5 (.5, .5, 1.5); 1 → 1 (0, 1, 1), since a new row has all nine for neighbours;
    # 7 → 4 (3, 3, 4); 11 → 8 (1, 7, 8), at the cut; 12.5 → 8.5 (2.5, 7.5, 8.5); the others far.
    found = by_density(train, rows([1.5, 1, 7, 11, 12.5, -50, NAN]))
    assert found.names == ["dense", "middle", "sparse"]
    assert found.train.tolist() == [1, 0, 0, 0, 1, 1, 2, 2, 2]
    assert found.frames[0].tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_density_is_of_the_features():
    """Labels, right or wrong, move no row to another region."""
    x = np.random.default_rng(0).standard_normal(60)
    one = by_density(rows(x[:40], y=["no", "yes"] * 20), rows(x[40:]))
    other = by_density(rows(x[:40], y="no"), rows(x[40:], y=["yes", "no"] * 10))
    assert one.train.tolist() == other.train.tolist()
    assert one.frames[0].tolist() == other.frames[0].tolist()


def test_density_agrees_with_scikit_learn():
    """On numbers Gower's distance is the city-block distance over the ranges."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.standard_normal((500, 2)), columns=["x", "z"])
    frame = frame.assign(town=pd.Categorical(["a"] * 500), y=pd.Categorical(["no"] * 500))
    train, new = frame[:400], frame[400:].reset_index(drop=True)
    found = by_density(train, new, numbers=("x", "z"))
    scaled = (frame[["x", "z"]] / (train[["x", "z"]].max() - train[["x", "z"]].min())).to_numpy()
    known = NearestNeighbors(n_neighbors=20, metric="cityblock").fit(scaled[:400])  # √400
    own, there = known.kneighbors()[0][:, -1], known.kneighbors(scaled[400:])[0][:, -1]
    cuts = np.sort(own)[[133, 266]]  # a third of 400, and two thirds, of them at or below
    assert np.array_equal(found.train, np.searchsorted(cuts, own))
    assert np.array_equal(found.frames[0], np.searchsorted(cuts, there))
    assert np.bincount(found.train).tolist() == [134, 133, 133]


def test_density_from_a_sample_of_train(monkeypatch):
    """Where train is larger than the reference, unseen rows still fall into thirds."""
    monkeypatch.setattr(regions, "REFERENCE", 200)
    drawn = rows(np.random.default_rng(2).standard_normal(6000))
    train, new = drawn[:3000].reset_index(drop=True), drawn[3000:].reset_index(drop=True)
    found = by_density(train, new)
    assert np.bincount(found.train).tolist() == [1000, 1000, 1000]
    # A share of a third of 3,000 draws, twice (train's and theirs): 3.5 · sqrt(2/9 · 2/3,000).
    assert np.abs(np.bincount(found.frames[0]) / 3000 - 1 / 3).max() < 0.043
    middle, tail = (found.frames[0][own] for own in (new["x"].abs() < 0.2, new["x"].abs() > 2))
    assert 2 not in middle
    assert set(tail) == {2}
    assert by_density(train, new[::-1]).frames[0].tolist() == found.frames[0][::-1].tolist()


def test_density_of_a_table_without_numbers():
    """Rows that are equal stay together, so regions may be uneven or have no row."""
    town = ["a"] * 6 + ["b"] * 2 + ["c"]
    frame = rows(np.zeros(9), town).drop(columns="x")
    # The third nearest of six equal rows is at 0, that of the others at 1: the cuts are 0 and 0.
    found = by_density(frame, frame[-2:], numbers=())
    assert found.train.tolist() == [0] * 6 + [2] * 3
    # As a new row b has two equal ones, still fewer than three.
    assert found.frames[0].tolist() == [2, 2]


@pytest.mark.parametrize("x", [[1.0], [NAN, NAN], [5.0] * 4])
def test_density_where_nothing_can_be_told(x):
    """One row, nothing known or all alike: old and new rows are in one region."""
    found = by_density(rows(x), rows(x), rows([]))
    assert set(found.train) == set(found.frames[0]) == {0}
    assert len(found.frames[1]) == 0
