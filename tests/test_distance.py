"""Gower's distance and nearest neighbours: by hand, and against slow loops."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import distance
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="integer"),
        "pay": Column(kind="number"),
        "job": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)
NAN = float("nan")


def people():
    """Return three rows with a missing number and a missing category."""
    return pd.DataFrame(
        {
            "age": [20.0, 40.0, 60.0],
            "pay": [1.0, NAN, NAN],
            "job": pd.Categorical(["cook", None, "cook"]),
            "rich": pd.Categorical(["no", "yes", "yes"]),
        }
    )


def mixed(rows, seed):
    """Draw rows of all kinds, one in ten cells missing."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 60, rows).astype(float),
            "pay": rng.normal(size=rows),
            "job": pd.Categorical(rng.choice(list("abc"), rows)),
            "rich": pd.Categorical(rng.choice(["no", "yes"], rows)),
        }
    )
    for name in frame:
        frame.loc[rng.random(rows) < 0.1, name] = None
    return frame


def slowly(frame, span):
    """Return Gower's distances cell by cell, shape (rows, rows)."""
    ranges = {name: span[name].max() - span[name].min() for name in ("age", "pay")}
    found = np.zeros((len(frame), len(frame)))
    for i, one in enumerate(frame.itertuples(index=False)):
        for j, other in enumerate(frame.itertuples(index=False)):
            parts = []
            for name in frame.columns:
                a, b = getattr(one, name), getattr(other, name)
                if pd.isna(a) or pd.isna(b):
                    parts.append(float(pd.isna(a) != pd.isna(b)))
                elif name in ranges:
                    parts.append(abs(a - b) / ranges[name])
                else:
                    parts.append(float(a != b))
            found[i, j] = np.mean(parts)
    return found


def test_three_rows_by_hand():
    """Differences over the range, unlike categories, and missing cells each count up to 1."""
    # Ranges: age 40; pay has one value, so 1. Columns age, pay, job, rich:
    #   rows 1 and 2: 20/40, missing against present 1, missing against present 1, unlike 1: 3.5
    #   rows 1 and 3: 40/40, 1, alike 0, unlike 1: 3
    #   rows 2 and 3: 20/40, both missing 0, 1, alike 0: 1.5
    frame = people()
    space = distance.embed(frame, SCHEMA, frame)
    expected = np.array([[0, 3.5, 3], [3.5, 0, 1.5], [3, 1.5, 0]]) / 4
    assert distance.gower(space, space) == pytest.approx(expected)


def test_same_as_a_slow_loop():
    """The matrix equals one computed cell by cell."""
    frame, span = mixed(40, 0), mixed(30, 1)
    space = distance.embed(frame, SCHEMA, span)
    assert distance.gower(space, space) == pytest.approx(slowly(frame, span), abs=1e-6)


def test_blocks_change_nothing(monkeypatch):
    """Blocks of seven rows, the last one shorter, find the same neighbours as one block."""
    frame = mixed(40, 2)
    space = distance.embed(frame, SCHEMA, frame)
    whole = [distance.nearest(space, space, k=3, others=others) for others in (False, True)]
    apart, places = distance.neighbours(space, space, 3)
    monkeypatch.setattr(distance, "_BLOCK", 7 * 40)
    for others, expected in zip((False, True), whole, strict=True):
        assert distance.nearest(space, space, k=3, others=others).tolist() == expected.tolist()
    again, same = distance.neighbours(space, space, 3)
    assert again.tobytes() == apart.tobytes()
    assert same.tolist() == places.tolist()


def line(*values):
    """Return a space of one number."""
    return distance.Space(np.array(values, np.float32)[:, None], np.empty((len(values), 0), int))


def test_nearest_by_hand():
    """The k-th neighbour on a line; the farthest where there are fewer than k."""
    rows, reference = line(0, 10), line(1, 3, 7)
    assert distance.nearest(rows, reference).tolist() == [1, 3]
    assert distance.nearest(rows, reference, k=2).tolist() == [3, 7]
    assert distance.nearest(rows, reference, k=9).tolist() == [7, 9]


def test_neighbours_by_hand():
    """The nearest come first; of equally near rows the one that stands first."""
    apart, places = distance.neighbours(line(0, 5), line(4, 1, 6, 1, 9), 3)
    assert apart.tolist() == [[1, 1, 4], [1, 1, 4]]
    assert places.tolist() == [[1, 3, 0], [0, 2, 1]]


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_are_those_of_a_stable_sort(seed):
    """Among many ties the places are those of sorting every row's distances as they stand."""
    frame = mixed(200, seed).assign(pay=1.0, age=lambda rows: rows["age"].round(-1))
    space = distance.embed(frame, SCHEMA, frame)
    matrix = distance.gower(space, space)
    expected = np.argsort(matrix, axis=1, kind="stable")[:, :7]
    apart, places = distance.neighbours(space, space, 7)
    assert places.tolist() == expected.tolist()
    assert apart.tolist() == np.take_along_axis(matrix, expected, axis=1).tolist()


def test_nearest_is_the_last_of_the_neighbours():
    """The distance to the k-th nearest row is the same from either function."""
    frame = mixed(60, 4)
    space = distance.embed(frame, SCHEMA, frame)
    for k in (1, 2, 5):
        expected = distance.neighbours(space, space, k)[0][:, -1]
        assert distance.nearest(space, space, k=k).tolist() == expected.tolist()


@pytest.mark.parametrize("levels", [127, 128, 129, 40_000])
def test_many_categories_stay_apart(levels):
    """Codes that outgrow a byte, or two, are still told from each other and from missing."""
    names = [f"{number:05d}" for number in range(levels)]
    job = pd.Categorical([names[0], names[-1], None], categories=names)
    frame = people().assign(age=1.0, pay=1.0, rich="no", job=job)
    frame["rich"] = frame["rich"].astype("category")
    space = distance.embed(frame, SCHEMA, frame)
    assert (distance.gower(space, space) * 4).tolist() == (1 - np.eye(3)).tolist()


def test_many_columns_are_counted_in_full():
    """Three hundred columns that all differ are a distance of 1."""
    codes = np.zeros((2, 300), np.int8)
    codes[1] = 1
    space = distance.Space(np.empty((2, 0), np.float32), codes)
    assert distance.gower(space, space).tolist() == [[0, 1], [1, 0]]


def test_others_leaves_out_the_row_itself():
    """A row is not its own neighbour, though an equal row elsewhere is."""
    rows = line(1, 1, 4)
    assert distance.nearest(rows, rows).tolist() == [0, 0, 0]
    assert distance.nearest(rows, rows, others=True).tolist() == [0, 0, 3]
    assert distance.nearest(rows, rows, k=2, others=True).tolist() == [3, 3, 3]
    assert distance.nearest(rows, rows, k=9, others=True).tolist() == [3, 3, 3]


def test_constant_column_divides_by_nothing():
    """A column without a range counts plain differences."""
    frame = people().assign(age=5.0)
    assert np.isfinite(distance.embed(frame, SCHEMA, frame).numbers[:, 0]).all()
