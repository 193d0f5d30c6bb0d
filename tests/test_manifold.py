"""Coverage, density, precision and recall: by hand, by naive loops, and their intervals."""

import math

import numpy as np
import pandas as pd
import pytest

from stages.lib import distance
from stages.lib.distance import Space
from stages.lib.quality.fidelity import manifold
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        **{f"n{i}": Column(kind="number") for i in range(2)},
        "c0": Column(kind="category"),
        "c1": Column(kind="category", role="target"),
    }
)
NAMES = ["coverage", "density", "precision", "recall"]


def population(rows, rng, shift=0.0):
    """Draw a small mixed table whose columns share one cause."""
    cause = rng.standard_normal(rows)
    columns = {f"n{i}": cause * (0.6, 0.3)[i] + rng.standard_normal(rows) for i in range(2)}
    columns["n0"] += shift
    for i in range(2):
        level = np.digitize(cause * 0.6 + rng.standard_normal(rows), (-1, 0, 1.2))
        columns[f"c{i}"] = pd.Categorical(np.array(list("abcd"))[level])
    return pd.DataFrame(columns)


def spread(numbers):
    """Return rows of one number each, already scaled."""
    numbers = np.array(numbers, np.float32)[:, None]
    return Space(numbers, np.empty((len(numbers), 0), np.int32))


def measured(made, real):
    """Return what the rows of one space lack beside those of another."""
    within = manifold.between(real, real)
    across = manifold.between(made, real)
    radius = manifold.radii(within)
    return manifold.lacks(manifold.between(made, made), across, radius, within.mean(axis=1))


def test_by_hand(monkeypatch):
    """Four real rows and four of a batch on a line, with one neighbour."""
    monkeypatch.setattr(manifold, "NEIGHBOURS", 1)
    real, made = spread([0.0, 0.125, 0.5, 1.0]), spread([0.0, 0.0625, 0.25, 0.25])
    # Nearest other real rows: radius 1/8, 1/8, 3/8, 1/2 about 0, 1/8, 1/2, 1.
    # In reach: of 0: 0 1/16; of 1/8: 0 1/16 1/4 1/4; of 1/2: 1/4 1/4; of 1: none.
    # Coverage 3/4. Density: 2 + 4 + 2 + 0 = 8 pairs over 4 rows of the batch: 2.
    # Mean distances to the real rows, in 32nds: of these 13 11 11 19, of the batch 13 12 11 11.
    # Shares of the real rows and of the batch within 13: 3/4 and 1, within 11: both 1/2, within
    # 19: both 1. Mean difference over the four real rows 1/16, doubled 1/8.
    # Nearest rows of the batch: of 0 the first; of 1/8 the second (1/16 away); of 1/2 and 1 the
    # third. Mean distances in the batch, in 64ths: 9, (4 + 12 + 12) / 4 = 7, (16 + 12) / 4 = 7.
    # Shares of these 9 7 7 7 in balls: at 9: 1, at 7: 3/4; those within reach besides (all but the
    # last): at 9: 3/4, at 7: 1/2. Mean difference 1/4, doubled 1/2.
    assert measured(made, real) == pytest.approx([1 / 4, -1, 1 / 8, 1 / 2])


def test_rows_themselves_lack_nothing():
    """The real rows as their own batch cover all, fill every ball, and are dense."""
    real = spread(np.random.default_rng(0).random(40))
    coverage, density, precision, recall = measured(real, real)
    assert (coverage, precision, recall) == (0, 0, 0)
    # Each row is in its own ball and those of the rows it is a neighbour of: 6 over 5 in the mean.
    assert density == pytest.approx(1 - 6 / 5)


def naive(made, real, k):
    """Return coverage, density, alpha-precision and beta-recall from two lists of vectors."""

    def square(a, b):
        return round(float(((a - b) ** 2).sum()), 12)  # ties stay ties

    radius = [
        sorted(square(a, b) for j, b in enumerate(real) if j != i)[k - 1]
        for i, a in enumerate(real)
    ]
    balls = list(zip(real, radius, strict=True))
    covered = [any(square(y, x) <= r for y in made) for x, r in balls]
    inside = [[square(y, x) <= r for x, r in balls] for y in made]
    centre, own = np.mean(real, axis=0), np.mean(made, axis=0)
    precision = []
    for limit in (square(x, centre) for x in real):
        alpha = np.mean([square(x, centre) <= limit for x in real])
        precision.append(abs(np.mean([square(y, centre) <= limit for y in made]) - alpha))
    closest = [min(made, key=lambda y, x=x: square(y, x)) for x in real]
    recall = []
    for limit in (square(y, own) for y in closest):
        within = [square(y, own) <= limit for y in closest]
        both = [a and b for a, b in zip(within, covered, strict=True)]
        recall.append(abs(np.mean(both) - np.mean(within)))
    return [
        np.mean(covered),
        np.sum(inside) / k / len(made),
        1 - 2 * np.mean(precision),
        1 - 2 * np.mean(recall),
    ]


def test_naive_loops_agree():
    """Loops over vectors whose squared distances are Gower's give the same four numbers.

    The formulas are those of prdc (coverage, density) and of the authors' code for the other two.
    """
    rng = np.random.default_rng(1)
    made, real = rng.integers(0, 50, (45, 3)), rng.integers(10, 65, (50, 3))
    codes = rng.integers(0, 3, 45), rng.integers(0, 3, 50)
    # 64 steps and four columns: no distance is rounded.
    spaces = [
        Space((numbers / 64).astype(np.float32), labels[:, None].astype(np.int32))
        for numbers, labels in zip((made, real), codes, strict=True)
    ]
    # A number is the function that is 1 above it, in 64 steps; a category one of three points
    # whose squared distance is 1. Over the four columns Gower's distance is the mean.
    vectors = [
        np.hstack(
            [(np.arange(64) >= number[:, None]) / 8 for number in numbers.T]
            + [np.eye(3)[labels] / math.sqrt(2)]
        )
        / 2
        for numbers, labels in zip((made, real), codes, strict=True)
    ]
    gower = ((vectors[0][:, None] - vectors[1]) ** 2).sum(axis=2)
    assert distance.gower(*spaces) == pytest.approx(gower)
    expected = naive(*vectors, manifold.NEIGHBOURS)
    assert 1 - measured(*spaces) == pytest.approx(expected)
    assert 0.5 < expected[0] < 1


def test_blocks_give_all_distances():
    """Distances found in blocks are those found at once."""
    rng = np.random.default_rng(2)
    rows, reference = (spread(rng.random(n)) for n in (2 * manifold._BLOCK + 7, 30))
    assert (manifold.between(rows, reference) == distance.gower(rows, reference)).all()


def simulated(simulations, sizes, shift, seed):
    """Return the excesses of batches drawn with a shift, per measure."""
    rng = np.random.default_rng(seed)
    found = {name: [] for name in NAMES}
    for _ in range(simulations):
        frames = [population(n, rng, s) for n, s in zip(sizes, (shift, 0, 0), strict=True)]
        for measure in manifold.compare(*frames, SCHEMA, rng):
            found[measure.name].append(measure.excess)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "shift"), [((100, 100, 150), 0.0), ((100, 100, 100), 0.7)])
def test_coverage_of_the_excess(sizes, shift):
    """The interval holds the true excess in about 95 %, and is as wide as the excess varies."""
    # Monte-Carlo error of 95 % over 250 simulations: 1.4 points; of a standard deviation: 5 %.
    for name, excess in simulated(250, sizes, shift, 3).items():
        values = [one.value for one in excess]
        truth = np.mean(values) if shift else 0
        held = np.mean([one.lower <= truth <= one.upper for one in excess])
        ratio = np.sqrt(np.mean([one.se**2 for one in excess])) / np.std(values)
        assert 0.93 - 0.028 <= held <= 0.97 + 0.028, (name, held, ratio)
        assert 0.8 <= ratio <= 1.25, (name, held, ratio)


def test_unseen_real_rows_have_no_excess():
    """Four measures, each beside its ceiling; of rows of the same population none is beyond it."""
    rng = np.random.default_rng(4)
    found = manifold.compare(*(population(n, rng) for n in (300, 300, 500)), SCHEMA, rng)
    assert [one.name for one in found] == NAMES
    for one in found:
        assert one.gate == "fidelity"
        assert one.excess.value == pytest.approx(one.value - one.ceiling)
        assert one.excess.lower <= 0 <= one.excess.upper


def test_collapsed_batch_covers_and_recalls_little():
    """A batch that repeats one row leaves real rows without a neighbour."""
    rng = np.random.default_rng(5)
    real, apart = population(200, rng), population(200, rng)
    made = real.loc[np.zeros(200, int)].reset_index(drop=True)
    found = {one.name: one for one in manifold.compare(made, real, apart, SCHEMA, rng)}
    assert found["coverage"].excess.lower > 0.5
    assert found["recall"].excess.lower > 0.5
    assert found["precision"].value > 0.3  # all of it in the larger balls, none in the smaller


def test_rows_beyond_all_real_ones_lack_precision_and_density():
    """A batch half of which lies far out is neither dense nor in the balls, and that is worse."""
    rng = np.random.default_rng(6)
    made, real, apart = (population(200, rng) for _ in range(3))
    made.loc[:99, "n0"] += 50
    found = {one.name: one for one in manifold.compare(made, real, apart, SCHEMA, rng)}
    assert found["precision"].excess.lower > 0.15
    assert found["density"].excess.lower > 0.2
    assert found["coverage"].excess.upper < 0.3


def test_no_more_rows_than_the_cap(monkeypatch):
    """Distances are taken between as many rows as the cap says, whatever the tables hold."""
    monkeypatch.setattr(manifold, "NEAR_CAP", 40)
    seen = []
    between = manifold.between
    monkeypatch.setattr(
        manifold, "between", lambda a, b: seen.append(len(a.numbers)) or between(a, b)
    )
    rng = np.random.default_rng(7)
    manifold.compare(*(population(n, rng) for n in (300, 200, 100)), SCHEMA, rng)
    assert set(seen) == {40}


@pytest.mark.parametrize("short", [0, 1, 2])
def test_too_few_rows_tell_nothing(short):
    """With 19 rows of the batch, train or tune the excess may be anything, and says why."""
    rng = np.random.default_rng(8)
    sizes = [40, 40, 40]
    sizes[short] = 19
    found = manifold.compare(*(population(n, rng) for n in sizes), SCHEMA, rng)
    assert [one.name for one in found] == NAMES
    for one in found:
        assert math.isnan(one.value)
        assert (one.excess.lower, one.excess.upper) == (-1, 1)
        assert one.excess.method == "19 rows, too few to tell"


@pytest.mark.parametrize("kind", ["missing", "constant", "numbers", "categories"])
def test_odd_tables_do_not_crash(kind):
    """Missing columns, constant tables and tables of one kind end in finite numbers."""
    rng = np.random.default_rng(9)
    frames, schema = [population(40, rng) for _ in range(3)], SCHEMA
    if kind == "missing":
        frames = [frame.assign(n0=np.nan) for frame in frames]
        frames[0]["c0"] = pd.Categorical([None] * 40, categories=["a"])
    if kind == "constant":
        frames = [frames[0].loc[np.zeros(40, int)].reset_index(drop=True)] * 3
    if kind in ("numbers", "categories"):
        a, b = ("n0", "n1") if kind == "numbers" else ("c0", "c1")
        of = SCHEMA.columns[a].kind
        schema = Schema(columns={a: Column(kind=of), b: Column(kind=of, role="target")})
        frames = [frame[[a, b]] for frame in frames]
    for one in manifold.compare(*frames, schema, rng):
        assert np.isfinite([one.value, one.ceiling, *one.excess[:4]]).all()
        if kind == "constant":
            assert one.excess.value == 0


def test_same_seed_same_numbers():
    """A run is repeated to the last digit."""
    rng = np.random.default_rng(10)
    frames = [population(60, rng) for _ in range(3)]
    first, second = (manifold.compare(*frames, SCHEMA, np.random.default_rng(1)) for _ in range(2))
    assert first == second
