"""Attribute inference: by hand, against scikit-learn, leaks that are found, and false alarms."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import balanced_accuracy_score

from stages.lib.quality.privacy import attribute
from stages.lib.quality.privacy.sides import Sides
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number"),
        "pay": Column(kind="number", sensitive=True),
        "town": Column(kind="category"),
        "origin": Column(kind="category", sensitive=True),
        "rich": Column(kind="category", role="target"),
    }
)


def population(rows, rng):
    """Draw rows whose sensitive columns go with the others a little."""
    age = rng.standard_normal(rows)
    pay = age + rng.standard_normal(rows)
    pay[rng.random(rows) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "pay": pay,
            "town": pd.Categorical(rng.choice(list("abcd"), rows)),
            "origin": pd.Categorical(
                np.where(rng.random(rows) < 0.2 + 0.3 * (age > 0), "x9", "y9")
            ),
            "rich": pd.Categorical(rng.choice(["yes", "no"], rows)),
        }
    )


def sides(rng, size):
    """Draw members, as many others, and as many rows of reference."""
    return Sides(*(population(size, rng) for _ in range(3)))


def test_excess_by_hand():
    """Two groups of unequal size weigh alike; without use of the control it is left out."""
    # Members: group a 3 of 4 told, group b 1 of 2; others: a 1 of 4, b 1 of 2.
    # Excess: ((3/4 - 1/4) + (1/2 - 1/2)) / 2 = 1/4. Variances of the means: a 3/16 / 3 each,
    # b 1/4 / 1 each; a quarter of their sum: (2/16 + 2/4) / 4 = 0.15625.
    success = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0], float)
    member = np.repeat([True, False], 6)
    group = np.tile([3, 3, 3, 3, 8, 8], 2)
    found = attribute.excess(success, np.zeros(12), member, group, 1)
    assert found.value == pytest.approx(1 / 4)
    assert found.se == pytest.approx(np.sqrt(0.15625))
    assert found.upper == pytest.approx(0.25 + norm.ppf(0.975) * found.se)
    # A control that is the same on both sides and as the success explains all of it.
    same = attribute.excess(success, success, member, group, 1)
    assert same[:4] == pytest.approx((0, 0, 0, 0))
    # Of four attacks at once the lower bound leaves 2.5 % / 4 below it.
    four = attribute.excess(success, np.zeros(12), member, group, 4)
    assert four.lower == pytest.approx(0.25 - norm.ppf(1 - 0.025 / 4) * found.se)
    assert four.upper == pytest.approx(found.upper)


def test_excess_is_that_of_scikit_learns_balanced_accuracies():
    """Without a control the difference is that of two balanced accuracies."""
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    member = np.arange(300) < 150
    right = (truth == guess).astype(float)
    found = attribute.excess(right, np.zeros(300), member, truth, 1)
    own, other = (balanced_accuracy_score(truth[side], guess[side]) for side in (member, ~member))
    assert found.value == pytest.approx(own - other)


def test_numbers_are_cut_at_tenths_of_the_reference_by_hand():
    """Each tenth of the reference is a class, a frequent number one, a missing one another."""
    reference = pd.Series(np.arange(1.0, 11))
    found = attribute.classes(pd.concat([reference, pd.Series([np.nan, 99])]), np.arange(10))
    assert found.tolist() == [*range(1, 11), 0, 10]
    zeros = pd.Series([0.0] * 95 + [5.0] * 5)
    assert attribute.classes(zeros, np.arange(100)).tolist() == [1] * 95 + [2] * 5


def test_a_batch_that_is_train_gives_its_sensitive_columns_away():
    """Where the batch holds the members, the nearest row tells them, and nobody else."""
    rng = np.random.default_rng(1)
    both = sides(rng, 200)
    (found,), told = attribute.attack(both.members, both, SCHEMA, rng)
    assert (found.gate, found.name) == ("privacy", "attribute")
    assert found.note == f"'pay'; {told['without'][0]:.3g} without the batch"
    assert found.value > 0.9
    assert found.excess.lower > 0.6
    assert found.value - found.ceiling == pytest.approx(found.excess.value)
    assert list(told) == list(attribute.COLUMNS)
    assert list(told["column"]) == ["pay", "origin"]
    assert (told["with_batch"] > 0.9).all()
    assert (told[["without", "on_others"]] < 0.8).all(axis=None)


def test_what_holds_for_others_too_is_no_leak():
    """A large batch that teaches the population well raises no alarm against a small reference."""
    rng = np.random.default_rng(2)
    schema = Schema(
        columns={n: c for n, c in SCHEMA.columns.items() if n in ("age", "pay", "rich")}
    )
    schema = schema.model_copy(
        update={"columns": {**schema.columns, "twin": Column(kind="number")}}
    )

    def twins(rows):
        frame = population(rows, rng)[["age", "pay", "rich"]]
        return frame.assign(twin=frame["pay"] + 0.01 * rng.standard_normal(rows))

    both = Sides(twins(200), twins(200), twins(30))
    (found,), told = attribute.attack(twins(3000), both, schema, rng)
    assert told.loc[0, "with_batch"] > told.loc[0, "without"] + 0.2
    assert found.excess.lower <= 0 <= found.excess.upper


def test_rare_values_weigh_as_one_and_are_named_nowhere():
    """Values that few targets have crash nothing, and neither they nor others are told."""
    rng = np.random.default_rng(3)
    both = Sides(
        *(
            side.assign(origin=pd.Categorical(rng.choice([f"z{n}z" for n in range(40)], 300)))
            for side in sides(rng, 300)
        )
    )
    batch = both.members.assign(origin=pd.Categorical([None] * 150 + ["z1z"] * 150))
    (found,), told = attribute.attack(batch, both, SCHEMA, rng)
    assert "z1z" not in found.note + told.to_csv()


def test_no_sensitive_column_no_measure():
    """Where nothing is marked sensitive there is nothing to infer."""
    rng = np.random.default_rng(4)
    plain = Schema(columns={name: Column(kind=c.kind) for name, c in SCHEMA.columns.items()})
    measures, told = attribute.attack(population(50, rng), sides(rng, 50), plain, rng)
    assert measures == []
    assert told.empty and list(told) == list(attribute.COLUMNS)


@pytest.mark.parametrize(("rows", "why"), [(10, "fewer than 20 rows"), (50, "no sensitive column")])
def test_what_cannot_be_told(rows, why):
    """Too few rows, or a sensitive column of one value, are no verdict."""
    rng = np.random.default_rng(5)
    schema = Schema(columns={n: c for n, c in SCHEMA.columns.items() if n != "pay"})
    both = Sides(*(s.assign(origin=pd.Categorical(["x"] * rows)) for s in sides(rng, rows)))
    (found,), told = attribute.attack(population(100, rng), both, schema, rng)
    assert np.isnan(found.value) and found.excess.method.startswith(why)
    assert told.empty


def test_same_seed_same_attack():
    """The seed decides which rows are taken."""
    both, batch = sides(np.random.default_rng(6), 60), population(100, np.random.default_rng(7))
    (one, first), (other, second) = (
        attribute.attack(batch, both, SCHEMA, np.random.default_rng(8)) for _ in range(2)
    )
    assert one == other
    pd.testing.assert_frame_equal(first, second)


def drawn(rng, leak, attacks=1):
    """Draw whether 160 targets are told by a few attacks, more often in the first group."""
    group = np.repeat([0, 1], 80)
    member = np.tile([True, False], 80)
    ease = rng.random(160) < np.where(group, 0.3, 0.7)
    found = []
    for _ in range(attacks):
        success = (rng.random(160) < np.where(ease, 0.8, 0.2)) | (member & (rng.random(160) < leak))
        control = rng.random(160) < np.where(ease, 0.7, 0.3)
        one = attribute.excess(success.astype(float), control.astype(float), member, group, attacks)
        found.append(one)
    return found


@pytest.mark.parametrize("leak", [0.0, 0.3])
def test_coverage(leak):
    """The interval of one attack holds the true difference."""
    rng = np.random.default_rng(9)
    # Told without a leak: 0.7 · 0.8 + 0.3 · 0.2 = 0.62 and 0.38, one half on average; a leak adds
    # its share of the rest.
    found = [drawn(rng, leak)[0] for _ in range(2_000)]
    hits = np.mean([one.lower <= leak / 2 <= one.upper for one in found])
    assert 0.93 <= hits <= 0.97
    assert np.std([one.value for one in found]) == pytest.approx(found[0].se, rel=0.1)


def test_several_attacks_raise_no_more_alarms_than_one():
    """The greatest lower bound of six harmless attacks is above 0 in 2.5 % of batches at most."""
    rng = np.random.default_rng(10)
    raised = [max(one.lower for one in drawn(rng, 0.0, 6)) > 0 for _ in range(800)]
    assert np.mean(raised) <= 0.04  # Monte-Carlo error 0.6 points
