"""What counts as collapse: chains written by hand, simulated ones, and a drill on Adult."""

from functools import partial
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.lib import intervals
from stages.lib.generators.cart import Cart
from stages.lib.quality.fidelity import manifold, repeats
from stages.lib.tables import schema, table
from stages.lineage.history import collapse
from stages.lineage.history.collapse import Link, Number

DATA = Path(__file__).resolve().parents[1] / "data"
FALLING = [0.96, 0.94, 0.92, 0.90, 0.88]


def chain(coverage, density=None, distinct=None, *, se=0.01, against=None, real=0.97):
    """Return a chain with these numbers, all compared with the same real rows."""
    size = len(coverage)
    density = density or [0.98] * size
    return [
        Link(
            f"g{place}",
            against[place] if against else "rows",
            Number(coverage[place], real, se),
            Number(density[place], 1.0, 0.02),
            Number(distinct[place], 0.98, 0.005) if distinct else None,
        )
        for place in range(size)
    ]


def flagged(links):
    """Return the places of the generations that are flagged."""
    return [one.place for one in collapse.flags(links)]


def test_fall_that_goes_on_is_flagged_with_its_reason():
    """A steady fall under a density that holds is told, by name and number."""
    [found] = collapse.flags(chain(FALLING))
    assert (found.place, found.name) == (4, "g4")
    assert "coverage fell from 0.960 to 0.880 since g0" in found.told
    assert "from g2 on coverage goes on falling" in found.told


def test_fall_that_ends_is_not_flagged():
    """A chain that keeps real rows loses something, and then no more."""
    assert flagged(chain([0.96, 0.94, 0.93, 0.925, 0.923, 0.921, 0.92, 0.92, 0.92])) == []


def test_density_that_falls_more_is_another_fault():
    """Rows that leave the data thin density out more than coverage: no collapse."""
    assert flagged(chain(FALLING, [0.98, 0.9, 0.8, 0.7, 0.6])) == []
    assert flagged(chain(FALLING, [0.98, 0.97, 0.95, 0.93, 0.92])) == [4]


def test_four_generations_are_too_few():
    """Nothing is told before a line can be seen to fall."""
    assert flagged(chain(FALLING[:4], se=0.001)) == []


def test_recovery_ends_the_warning():
    """Once coverage is back, the chain is no longer flagged."""
    assert flagged(chain([*FALLING, 0.86, 0.96])) == [4, 5]


@pytest.mark.parametrize(("se", "places"), [(0.0140, []), (0.0138, [4])])
def test_slope_is_worked_out_by_hand(se, places):
    """0.90, 0.88, 0.86 fall by 0.04 / (sqrt(2) · se / sqrt(2)) standard errors, against 2.878.

    A batch's own half of the variance is se²/2. With what is passed on, the sum of -1, 0, 1 times
    three numbers has the variance (2 - 2/4) / (1 - 1/4) = 2 times that.
    """
    assert 0.04 / 0.0140 < 2.8782 < 0.04 / 0.0138  # the level is 0.01 · 4 / (5 · 4) = 0.002
    assert flagged(chain([0.96, 0.93, 0.90, 0.88, 0.86], se=se)) == places


def test_distinct_rows_tell_that_the_fall_goes_on():
    """Where coverage is too noisy for a line, fewer and fewer distinct rows show it."""
    noisy = [0.96, 0.94, 0.91, 0.93, 0.915]
    assert flagged(chain(noisy)) == []
    assert flagged(chain(noisy, distinct=[0.95, 0.93, 0.91, 0.89, 0.87])) == [4]
    assert flagged(chain(noisy, distinct=[0.95, 0.93, 0.91, 0.91, 0.91])) == []
    assert flagged(chain([0.96] * 5, distinct=[0.95, 0.93, 0.91, 0.89, 0.87])) == []


def test_distinct_rows_count_from_when_they_are_on_record():
    """That earlier generations did not count them keeps nobody from using those that did."""
    noisy = [0.96, 0.94, 0.91, 0.93, 0.915, 0.92]
    links = chain(noisy, distinct=[0.95, 0.93, 0.91, 0.89, 0.87, 0.85])
    late = [one._replace(distinct=None) for one in links[:3]] + links[3:]
    assert flagged(late) == [5]
    assert flagged([*links[:5], links[5]._replace(distinct=None)]) == [4]


def test_other_real_rows_are_reckoned_with():
    """Where the real rows that it is held against change, the batch is not blamed for them."""
    reals = [0.97, 0.95, 0.93, 0.91, 0.89]
    links = [
        one._replace(coverage=Number(value, real, 0.008), against=str(place))
        for place, (one, value, real) in enumerate(zip(chain(FALLING), FALLING, reals, strict=True))
    ]
    assert flagged(links) == []
    assert flagged(chain(FALLING, against=list("abcde"), se=0.008)) == [4]  # real: 0.97 throughout


def test_generations_without_numbers_are_passed_over():
    """A batch of which nothing could be told neither hides a fall nor makes one."""
    links = chain([*FALLING[:2], nan, *FALLING[2:]])
    assert flagged(links) == [5]
    assert flagged(chain([nan] * 9)) == []
    assert flagged(chain([1.0] * 9, se=0.0)) == []
    assert collapse.flags([]) == []


@pytest.mark.parametrize("passed_on", [0.0, 0.5])
def test_stable_chains_are_hardly_ever_flagged(passed_on):
    """Of 100 chains of 20 generations without a fall, at most 3 % are flagged at any time."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        noise = rng.normal(0, 0.01 / np.sqrt(2), (2, 20))
        for place in range(1, 20):
            noise[:, place] += passed_on * noise[:, place - 1]
        alarms += bool(
            flagged(chain(list(0.93 + noise[0]), distinct=list(0.9 + noise[1] / 2), se=0.01))
        )
    assert alarms <= 3


def test_generators_whose_fits_differ_are_seldom_flagged():
    """Fits that scatter three times as much as rows do widen what counts as a fall."""
    rng = np.random.default_rng(1)
    alarms = sum(
        bool(flagged(chain(list(0.9 + rng.normal(0, 0.03 / np.sqrt(2), 15))))) for _ in range(100)
    )
    assert alarms <= 15


def test_slow_fall_is_found_in_time():
    """A fall of 0.6 standard errors per generation is found within fifteen of them."""
    rng = np.random.default_rng(2)
    fall = 0.96 - 0.006 * np.arange(15)
    noise = rng.normal(0, 0.01 / np.sqrt(2), (50, 15))
    assert sum(bool(flagged(chain(list(fall + one)))) for one in noise) >= 47


def numbers(*values):
    """Return a table of one column of numbers, and its schema."""
    declared = {"x": {"kind": "number"}, "y": {"kind": "category", "role": "target"}}
    frame = pd.DataFrame({"x": np.array(values, float), "y": pd.Categorical(["a"] * len(values))})
    return frame, schema.Schema.model_validate({"columns": declared})


def test_repeats_are_counted_beside_those_of_real_rows():
    """Of 4, 4, 4, 2, NaN, NaN three equal a row above; -0 and 0 are one number."""
    made, declared = numbers(4, 4, 4, 2, nan, nan)
    real, _ = numbers(0, -0.0, 1, 2, 3, 5)
    found = repeats.compare(made, real, declared)
    assert (found.value, found.ceiling) == (3 / 6, 1 / 6)
    assert found.excess.value == pytest.approx(2 / 6)
    assert found.excess.se == pytest.approx(np.sqrt((3 + 1 + 2) / 36))


@pytest.mark.parametrize("skew", [0.0, 1.5])
def test_interval_of_repeats_holds(skew):
    """Of 100 pairs of samples at least 94 % have an interval that holds the true difference."""
    rng = np.random.default_rng(3)
    many, few = (np.arange(1, size + 1.0) ** -skew for size in (4000, 1000))
    many, few = many / many.sum(), few / few.sum()
    size = 500
    truth = (((1 - few) ** size).sum() - len(few)) - (((1 - many) ** size).sum() - len(many))
    truth /= size
    _, declared = numbers()
    held = 0
    for _ in range(100):
        made, real = (numbers(*rng.choice(len(p), size, p=p))[0] for p in (few, many))
        excess = repeats.compare(made, real, declared).excess
        held += excess.lower <= truth <= excess.upper
    assert held >= 94


@pytest.fixture(scope="module")
def adult():
    """Return the rows of Adult, and its schema."""
    declared = schema.load(DATA / "schema.yaml")
    return table.read(DATA / "adult.csv.gz", declared)[declared.modelled], declared


ROWS, HELD_OUT = 5_000, 2_000


def generations(rows, declared, seed, *, anchored, until, rng=0):
    """Yield generation after generation of CART, each learning from the last, as links."""
    order = np.random.default_rng(seed).permutation(len(rows))
    train, apart = (
        table.rows(rows, order[start : start + size])
        for start, size in ((0, ROWS), (ROWS, HELD_OUT))
    )
    half = np.arange(ROWS // 2)
    learned = train
    for number in range(1, until + 1):
        made = Cart().fit(learned, declared, seed=seed).sample(ROWS, seed=1000 * seed + number)
        found = {
            one.name: Number(1 - one.value, 1 - one.ceiling, one.excess.se)
            for one in (
                *manifold.compare(made, train, apart, declared, np.random.default_rng(rng)),
                repeats.compare(made, train, declared),
            )
        }
        yield Link(f"g{number}", "apart", found["coverage"], found["density"], found["repeats"])
        learned = made
        if anchored:
            learned = table.stack([table.rows(train, half), table.rows(made, half)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13, 14, 15])
def test_drill(adult, monkeypatch, seed):
    """Generations that replace real rows are flagged by the fifth; half real ones, never.

    10 half samples in place of 50, for time; the values are the same.
    """
    few = partial(intervals.half_samples, splits=10)
    monkeypatch.setattr(intervals, "half_samples", few)
    replaced = list(generations(*adult, seed, anchored=False, until=5))
    anchored = list(generations(*adult, seed, anchored=True, until=7))
    assert flagged(replaced) == [4]
    assert flagged(anchored) == []
