"""Closeness to train: by hand, against SDMetrics, and how often the intervals hold the truth."""

import warnings

import numpy as np
import pandas as pd
import pytest
from population import people as population

from stages.lib.quality.privacy import closeness
from stages.lib.tables import table
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number"),
        "pay": Column(kind="number"),
        "rich": Column(kind="category", role="target"),
    }
)


def at(*ages):
    """Return rows that differ in one column of three."""
    label = pd.Categorical(["no"] * len(ages))
    return pd.DataFrame({"age": [float(age) for age in ages], "pay": 0.0, "rich": label})


def test_distances_and_their_ratio_by_hand():
    """A row at 0, train at 1 and 2, unseen at 3 and 4: the ratios of nearest to second."""
    # The range of age in train is 1, and age is one column of three.
    (share, nndr), found = closeness.compare(at(0, 0), at(1, 2), at(3, 4), SCHEMA, at(1, 2))
    row = found.iloc[0]
    assert row["train"] == pytest.approx(1 / 3)
    assert row["unseen"] == pytest.approx(3 / 3)
    assert (row["nndr_train"], row["nndr_unseen"]) == pytest.approx((1 / 2, 3 / 4))
    assert (share.name, share.value, share.ceiling, share.excess.value) == (
        "dcr_share",
        1,
        0.5,
        0.5,
    )
    assert (nndr.name, nndr.value, nndr.ceiling) == pytest.approx(("nndr", 1 / 2, 3 / 4))
    assert nndr.excess.value == pytest.approx(1 / 4)


def test_the_share_and_its_standard_error_by_hand():
    """Rows that share their nearest real row count as one, and real rows near to none count."""
    # Train at 0 and 10, unseen at 5 and 20. Of rows at 0, 1, 9 and 6 the first two are nearest to
    # the first of train, the third to the second, the fourth to the first unseen: share 3/4.
    # Counts 2, 1 of train, mean 1.5; 0, 1 of unseen, mean 0.5. Influences of T / (T + U), over 4:
    #   (1 - 3/4) · ±0.5 / 4 = ±1/32 and 3/4 · ±0.5 / 4 = ±3/32, so 2 (1 + 9) / 32² · 4/3.
    made, train, unseen = at(0, 1, 9, 6), at(0, 10), at(20, 5)
    (share, _), _ = closeness.compare(made, train, unseen, SCHEMA, train)
    assert share.excess.value == pytest.approx(1 / 4)
    assert share.excess.se == pytest.approx(np.sqrt(20 / 32**2 * 4 / 3))


def test_as_many_rows_nearer_to_train_as_sdmetrics_counts():
    """On tables of one size the score of DCROverfittingProtection is ours, of 2 (1 - share)."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    from sdmetrics.single_table.privacy import DCROverfittingProtection

    rng = np.random.default_rng(0)
    train, unseen, made = (population(60, rng) for _ in range(3))
    made = table.stack([table.rows(made, np.arange(40)), table.rows(train, np.arange(20))])
    kinds = {"age": "numerical", "pay": "numerical", "rich": "categorical"}
    columns = {name: {"sdtype": kind} for name, kind in kinds.items()}
    # SDMetrics scales either side by its own range: it has to be the same to compare the sides.
    for real in (train, unseen):
        real.loc[:1, ["age", "pay"]] = [[-5.0, -5.0], [5.0, 5.0]]
    found = DCROverfittingProtection.compute_breakdown(
        real_training_data={"t": train},
        synthetic_data={"t": made},
        real_validation_data=unseen,
        metadata={"tables": {"t": {"columns": columns}}},
        table_name="t",
    )
    (share, _), _ = closeness.compare(made, train, unseen, SCHEMA, train)
    ties = 2 / 60  # of the rows at the ends of the range, which are near to both, if any
    assert share.value == pytest.approx(
        found["synthetic_data_percentages"]["closer_to_training"], abs=ties / 2
    )
    assert 2 * (1 - share.value) == pytest.approx(found["score"], abs=ties)


@pytest.mark.parametrize("copied", [0, 60])
def test_coverage(copied):
    """With and without copies, the intervals hold what other samples show on average."""
    simulations, found = 200, []
    for seed in range(simulations):
        rng = np.random.default_rng(seed)
        made, train, unseen = (population(rows, rng) for rows in (300, 150, 150))
        parts = [table.rows(made, np.arange(300 - copied))]
        parts.append(table.rows(train, rng.integers(0, 150, copied)))
        measures, _ = closeness.compare(table.stack(parts), train, unseen, SCHEMA, train)
        found.append([one.excess[:3] for one in measures])
    value, lower, upper = np.moveaxis(np.array(found), 2, 0)
    truth = value.mean(axis=0) if copied else 0.0
    hits = ((lower <= truth) & (truth <= upper)).mean(axis=0)
    assert (hits >= 0.925).all()  # Monte-Carlo error 1.5 points
    # Copies of one row vary less than rows that are near to it by chance: rather too wide.
    assert (hits <= (1 if copied else 0.98)).all()
    if copied:
        assert (lower > 0).mean() > 0.9


def test_copying_train_is_close_to_train():
    """Rows taken from train with a little noise are nearer to train nearly always."""
    rng = np.random.default_rng(3)
    train, unseen = population(200, rng), population(400, rng)
    noisy = train.assign(age=train["age"] + 0.001)
    (share, nndr), _ = closeness.measure(noisy, train, unseen, SCHEMA, rng)
    assert share.excess.lower > 0.4
    assert nndr.excess.lower > 0.3
    (share, _), found = closeness.measure(train, train, unseen, SCHEMA, rng)
    assert share.value == 1
    middle = found.set_index("quantile").loc[0.5]
    assert middle["train"] == 0 < middle["unseen"]


def test_ties_count_half():
    """A row that is in both is nearer to neither."""
    rng = np.random.default_rng(4)
    both = population(50, rng)
    (share, nndr), _ = closeness.measure(both, both, both, SCHEMA, rng)
    assert (share.value, share.excess.value) == (0.5, 0)
    assert nndr.excess.value == pytest.approx(0)


def test_quantiles_rise_and_ratios_are_at_most_one():
    """Distances by quantile do not fall; the nearest is never farther than the second."""
    rng = np.random.default_rng(5)
    _, found = closeness.measure(*(population(n, rng) for n in (80, 60, 60)), SCHEMA, rng)
    assert list(found) == ["quantile", "train", "unseen", "nndr_train", "nndr_unseen"]
    assert len(found) == 21
    assert (found.diff().dropna() >= 0).all(axis=None)
    assert (found[["nndr_train", "nndr_unseen"]] <= 1).all(axis=None)


def test_too_few_rows_are_untold():
    """Of ten rows nothing is told, and the table is there without a row."""
    rng = np.random.default_rng(6)
    tables = [population(rows, rng) for rows in (50, 10, 50)]
    measures, found = closeness.measure(*tables, SCHEMA, rng)
    assert [one.name for one in measures] == ["dcr_share", "nndr"]
    assert all(np.isnan(one.value) for one in measures)
    assert found.empty and "nndr_unseen" in found
