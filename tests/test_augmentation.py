"""Oversampling, jitter and SMOTE: rows made from real rows one by one."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.lib import models
from stages.lib.base.errors import GeneratorError, ParamsError
from stages.lib.generators import registry, smote
from stages.lib.generators.jitter import Jitter
from stages.lib.generators.oversample import Oversample
from stages.lib.generators.registry import Spec
from stages.lib.generators.smote import Smote
from stages.lib.tables import condition
from stages.lib.tables.schema import Column, Schema, valid

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = Schema(
    columns={
        "id": Column(kind="text", role="id"),
        "age at entry": Column(kind="integer", min=17, max=90),
        "pay": Column(kind="number"),
        "school": Column(kind="integer", discrete=True),
        "job": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)
PLANE = Schema(
    columns={
        "x": Column(kind="number"),
        "y": Column(kind="number"),
        "label": Column(kind="category", role="target"),
    }
)
EVERY = [Oversample, Jitter, Smote]
SCHOOL = np.array([1, 4, 9, 13])


def real(rows=400, seed=0):
    """Draw rows of mixed columns, one label in four `yes`; a fifth of `pay` and `job` missing."""
    rng = np.random.default_rng(seed)
    job = pd.Series(np.where(rng.random(rows) < 0.5, "cook", "baker"))
    return pd.DataFrame(
        {
            "id": pd.Categorical([f"p{place}" for place in range(rows)]),
            "age at entry": rng.integers(20, 61, rows).astype(float),
            "pay": np.where(rng.random(rows) < 0.2, np.nan, rng.gamma(3, 1, rows).round(2)),
            "school": SCHOOL[rng.integers(0, 4, rows)].astype(float),
            "job": pd.Categorical(job.mask(rng.random(rows) < 0.2)),
            "rich": pd.Categorical(np.where(np.arange(rows) % 4 == 0, "yes", "no")),
        }
    )


def plane(rows=60, seed=0, rare=20):
    """Draw points, `rare` of them of the class b; all with more decimals than are rounded."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.random(rows),
            "y": 100 * rng.random(rows),
            "label": pd.Categorical(np.where(np.arange(rows) < rare, "b", "a")),
        }
    )


def refusal(generator, train, schema=SCHEMA):
    """Return the message with which a table is refused."""
    with pytest.raises(GeneratorError) as caught:
        generator.fit(train, schema, seed=1).sample(10, seed=1)
    return str(caught.value)


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("rows", [30, 400])
def test_made_rows_are_typed_like_real_ones(family, rows):
    """Columns, their order, their types and their values are those of a real table."""
    train = real(rows)
    made = family().fit(train, SCHEMA, seed=1).sample(500, seed=2)
    assert list(made) == SCHEMA.modelled
    assert made.index.equals(pd.RangeIndex(500))
    for name in SCHEMA.modelled:
        if SCHEMA.columns[name].numeric:
            assert made[name].dtype == "float64"
        else:
            assert list(made[name].cat.categories) == list(train[name].cat.categories)
    assert valid(made, SCHEMA).all(axis=None)
    assert set(made["school"]) <= set(SCHOOL)
    assert (made["pay"].dropna() == made["pay"].dropna().round(2)).all()
    assert train["pay"].min() <= made["pay"].min() <= made["pay"].max() <= train["pay"].max()
    assert (made["age at entry"] == made["age at entry"].round()).all()
    assert made[["pay", "job"]].isna().any().all()
    assert not made.drop(columns=["pay", "job"]).isna().any(axis=None)


@pytest.mark.parametrize("family", EVERY)
def test_seed_decides_the_rows(family):
    """The same seed gives the same rows whatever was sampled before, another seed others."""
    fitted = family().fit(real(), SCHEMA, seed=1)
    first = fitted.sample(50, seed=2)
    assert not fitted.sample(50, seed=3).equals(first)
    pd.testing.assert_frame_equal(fitted.sample(50, seed=2), first)
    assert len(fitted.sample(50, seed=2**40)) == 50


@pytest.mark.parametrize("family", EVERY)
def test_train_is_left_as_it_was(family):
    """Learning and making change nothing in the table handed in."""
    train = real()
    family().fit(train, SCHEMA, seed=1).sample(10, seed=1)
    pd.testing.assert_frame_equal(train, real())


SAMPLE = """
import pickle, sys
import pandas as pd
with open(sys.argv[1], "rb") as file:
    made = pickle.load(file).sample(300, seed=2)
print(pd.util.hash_pandas_object(made).sum(), len(made))
"""


@pytest.mark.parametrize("family", EVERY)
def test_same_bytes_in_every_process(family, tmp_path):
    """Two fits are the same file, and a process that loads it makes the same rows."""
    for name in ("one", "two"):
        models.save(family().fit(real(), SCHEMA, seed=1), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    found = {
        subprocess.run(
            [sys.executable, "-c", SAMPLE, tmp_path / name],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name, seed in (("one", "1"), ("two", "2"))
    }
    made = family().fit(real(), SCHEMA, seed=1).sample(300, seed=2)
    assert found == {f"{pd.util.hash_pandas_object(made).sum()} 300\n"}


@pytest.mark.parametrize("family", EVERY)
def test_a_label_that_is_asked_for_is_made_in_full(family):
    """A condition on the label alone costs no rows, and other columns then vary as they do."""
    fitted = family().fit(real(), SCHEMA, seed=1)
    for text in ("rich == 'yes'", "rich != 'no'", "rich in ['yes', 'perhaps']"):
        made = fitted.sample(300, where=condition.parse(text), seed=2)
        assert len(made) == 300
        assert (made["rich"] == "yes").all()
        assert made["age at entry"].nunique() > 20


@pytest.mark.parametrize("family", EVERY)
def test_rows_that_meet_a_condition(family):
    """Whatever the condition, the rows meet it, and are typed like any others."""
    fitted = family().fit(real(), SCHEMA, seed=1)
    where = condition.parse("`age at entry` > 40 and rich == 'yes'")
    made = fitted.sample(2000, where=where, seed=2)
    assert condition.holds(where, made).all()
    assert len(made) > 100
    for text in ("rich == 'perhaps'", "`age at entry` > 95"):
        none = fitted.sample(100, where=condition.parse(text), seed=2)
        assert none.empty
        assert none.dtypes.equals(made.dtypes)


@pytest.mark.parametrize("family", EVERY)
def test_columns_that_hold_nothing_or_one_value(family):
    """A column without a value comes back without one, a constant one as it is."""
    train = real().assign(pay=np.nan, school=4.0)
    train["age at entry"] = 30.0
    train["job"] = pd.Categorical([None] * 400, categories=[])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = family().fit(train, SCHEMA, seed=1).sample(100, seed=2)
    assert made[["pay", "job"]].isna().all(axis=None)
    assert (made["age at entry"] == 30).all() and (made["school"] == 4).all()
    assert made["pay"].dtype == "float64"


def test_tables_without_rows_are_refused():
    """No row, nothing to repeat or to move."""
    assert refusal(Oversample(), real()[:0]) == "oversample needs at least 1 real row, got 0"
    assert refusal(Jitter(), real()[:0]) == "jitter needs at least 1 real row, got 0"


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("jitter", {"noise": -0.1}),
        ("jitter", {"noise": float("inf")}),
        ("jitter", {"swap": 1.1}),
        ("jitter", {"swap": "often"}),
        ("jitter", {"swap": True}),
        ("smote", {"neighbours": 0}),
        ("smote", {"neighbours": 2.5}),
        ("smote", {"neighbours": True}),
        ("smote", {"neighbours": 5, "most": 5}),
        ("smote", {"neighbours": 5, "most": "all"}),
    ],
)
def test_impossible_parameters_are_refused(family, parameters):
    """A value out of range is told by the family in the words of params.yaml."""
    name = list(parameters)[-1]
    with pytest.raises(ParamsError, match=f"`generators.mine`: `{name}` must be a"):
        registry.make("mine", Spec(family=family, **parameters))


def test_oversampled_rows_are_real_and_equally_frequent():
    """Each of ten real rows makes a tenth of the made ones, within four standard errors."""
    train = plane(10)
    made = Oversample().fit(train, PLANE, seed=1).sample(10_000, seed=2)
    counts = made.groupby("x").size()
    assert set(counts.index) == set(train["x"])
    assert abs(counts - 1000).max() < 4 * np.sqrt(10_000 * 0.1 * 0.9)
    pairs = train.set_index("x")["y"]
    assert (pairs[made["x"]].to_numpy() == made["y"]).all()


def test_oversampling_draws_among_rows_that_meet_the_condition():
    """As many rows as are asked for come of the few that meet it, whatever they are named by."""
    train = real()
    where = condition.parse("school == 9 and job == 'cook'")
    made = Oversample().fit(train, SCHEMA, seed=1).sample(999, where=where, seed=2)
    assert len(made) == 999
    assert set(made["age at entry"]) == set(condition.keep(train, where)["age at entry"])


def test_jitter_moves_numbers_by_its_share_of_their_spread():
    """Values at 10 and 30 spread by 10: with noise 0.2 the made ones lie around them by 2."""
    train = plane(200).assign(x=np.tile([10.0, 30.0], 100), y=np.linspace(0, 1, 200) / 3)
    wide = PLANE.model_copy(
        update={"columns": {**PLANE.columns, "x": Column(kind="number", min=-100, max=100)}}
    )
    train["x"] += 1e-9 * np.arange(200)  # so many decimals that nothing is rounded
    made = Jitter(noise=0.2).fit(train, wide, seed=1).sample(20_000, seed=2)["x"]
    low = made[made < 20]
    assert abs(len(low) - 10_000) < 4 * np.sqrt(20_000) / 2
    assert low.mean() == pytest.approx(10, abs=4 * 2 / np.sqrt(10_000))
    assert low.std() == pytest.approx(2, abs=4 * 2 / np.sqrt(2 * 10_000))


def test_jitter_stays_in_declared_bounds_else_in_the_real_range():
    """However much the noise, ages stay in 17 to 90 and pay between the real extremes."""
    train = real()
    made = Jitter(noise=50).fit(train, SCHEMA, seed=1).sample(2000, seed=2)
    assert (made["age at entry"].min(), made["age at entry"].max()) == (17, 90)
    assert (made["pay"].min(), made["pay"].max()) == (train["pay"].min(), train["pay"].max())


def test_jitter_swaps_at_its_rate():
    """With four equal levels and swap 0.4, a cell changes with probability 0.4 * 3/4."""
    train = real(400).assign(school=np.repeat(SCHOOL, 100).astype(float), pay=np.arange(400.0))
    made = Jitter(noise=0, swap=0.4).fit(train, SCHEMA, seed=1).sample(20_000, seed=2)
    source = made["pay"].astype(int).to_numpy()
    changed = (made["school"].to_numpy() != train["school"].to_numpy()[source]).mean()
    assert changed == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 20_000))
    assert (made["age at entry"].to_numpy() == train["age at entry"].to_numpy()[source]).all()


def test_jitter_keeps_labels_and_what_is_missing():
    """The label of the real row stays, a number too, and a missing cell is neither filled nor made.

    Each row's label is its place in the table, so that it tells which real row it was made from.
    """
    train = real().assign(place=np.arange(400.0))
    place = Column(kind="integer", role="target")
    features = {name: SCHEMA.columns[name] for name in ("age at entry", "pay", "job")}
    schema = Schema(columns={**features, "place": place})
    made = Jitter(noise=3, swap=1).fit(train, schema, seed=1).sample(4000, seed=2)
    source = made["place"].astype(int).to_numpy()
    assert set(source) <= set(range(400))
    for name in ("pay", "job"):
        assert (made[name].isna().to_numpy() == train[name].isna().to_numpy()[source]).all()


def test_jitter_without_noise_is_oversampling():
    """Nothing moved and nothing swapped leaves real rows."""
    train = real()
    made = Jitter(noise=0, swap=0).fit(train, SCHEMA, seed=1).sample(500, seed=2)
    assert made.equals(Oversample().fit(train, SCHEMA, seed=1).sample(500, seed=2))


@pytest.mark.parametrize("neighbours", [1, 5])
def test_smote_rows_lie_between_a_row_and_a_near_one_of_its_class(neighbours):
    """Each lies on the segment of a real row and one of its nearest, distances standardised."""
    train = plane()
    made = Smote(neighbours=neighbours).fit(train, PLANE, seed=1).sample(300, seed=2)
    spread = train[["x", "y"]].std(ddof=0).to_numpy()
    for label in ("a", "b"):
        points = train.loc[train["label"] == label, ["x", "y"]].to_numpy() / spread
        own = made.loc[made["label"] == label, ["x", "y"]].to_numpy() / spread
        far = np.linalg.norm(points[:, None] - points[None], axis=2)
        near = far.argsort(axis=1)[:, 1 : neighbours + 1]
        starts = np.repeat(points, neighbours, axis=0)
        sides = points[near.ravel()] - starts
        along = ((own[:, None] - starts) * sides).sum(axis=2) / (sides**2).sum(axis=1)
        nearest = starts + along.clip(0, 1)[:, :, None] * sides
        assert np.linalg.norm(own[:, None] - nearest, axis=2).min(axis=1).max() < 1e-9
    assert len(made.merge(train, how="inner", on=["x", "y"])) == 0


def test_smote_keeps_the_shares_of_the_classes():
    """A third of the real rows, a third of the made ones; and in no order."""
    made = Smote().fit(plane(), PLANE, seed=1).sample(9000, seed=2)
    share = (made["label"] == "b").to_numpy()
    assert share.mean() == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 9000))
    assert share[:3000].mean() == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 3000))


@pytest.mark.parametrize("columns", [["pay", "school", "job"], ["school", "job"], ["pay"]])
def test_smote_takes_the_sampler_that_the_columns_need(columns):
    """Numbers and categories, categories alone, and numbers alone are all made."""
    train = real().assign(pay=lambda frame: frame["pay"].fillna(1))
    schema = Schema(columns={name: SCHEMA.columns[name] for name in [*columns, "rich"]})
    made = Smote().fit(train, schema, seed=1).sample(200, seed=2)
    assert list(made) == [*columns, "rich"]
    assert made.drop(columns="job", errors="ignore").notna().all(axis=None)
    assert made["rich"].nunique() == 2


def test_smote_makes_the_rows_that_imbalanced_learn_makes(monkeypatch):
    """Neighbours searched once and a quicker encoder change no row, nor do smaller blocks."""
    from imblearn.over_sampling import SMOTENC

    fitted = Smote().fit(real(), SCHEMA, seed=1)
    options = {"categorical_features": [2, 3, 4], "sampling_strategy": {1: 100 + 1500}}
    own = SMOTENC(random_state=np.random.RandomState(7), **options)
    both, _ = own.fit_resample(fitted.rows, fitted.label)
    made = fitted._made(1, 1500, np.random.RandomState(7))
    assert fitted.rows.shape == (400, 5)  # age, pay, school, job, and whether pay is missing
    np.testing.assert_array_equal(made, both[400:])
    monkeypatch.setattr(smote, "_CELLS", 1)
    blocks = fitted._made(1, 1500, np.random.RandomState(7))
    assert blocks.shape == (1500, 5)


def test_smote_of_categories_makes_the_rows_that_imbalanced_learn_makes():
    """Votes counted once for each real row are those that SMOTEN counts for each made row."""
    from imblearn.over_sampling import SMOTEN

    schema = Schema(columns={name: SCHEMA.columns[name] for name in ("school", "job", "rich")})
    fitted = Smote().fit(real(), schema, seed=1)
    own = SMOTEN(random_state=np.random.RandomState(7), sampling_strategy={1: 100 + 1500})
    both, _ = own.fit_resample(fitted.rows, fitted.label)
    np.testing.assert_array_equal(fitted._made(1, 1500, np.random.RandomState(7)), both[400:])


def test_smote_brings_missing_numbers_back():
    """Where a number is missing follows the neighbours: in one half of the plane, not the other."""
    train = plane(200, rare=100)
    train["y"] = train["y"].where(train["x"] < 0.5)
    made = Smote().fit(train, PLANE, seed=1).sample(1000, seed=2)
    assert made["y"].isna()[made["x"] > 0.6].all()
    assert made["y"].notna()[made["x"] < 0.4].all()


def test_smote_leaves_rows_without_a_label_out():
    """Nothing is made without a label, nor from a row that has none."""
    train = plane()
    train.loc[::2, "label"] = None
    train.loc[::2, "x"] = 1000.0
    made = Smote().fit(train, PLANE, seed=1).sample(300, seed=2)
    assert made["label"].notna().all()
    assert made["x"].max() < 1


def test_smote_learns_from_no_more_rows_than_it_may():
    """A class with more rows than `most` is learned from that many, and keeps its share."""
    fitted = Smote(most=20).fit(plane(200, rare=20), PLANE, seed=1)
    assert np.bincount(fitted.label).tolist() == [20, 20]
    made = fitted.sample(1000, seed=2)
    assert (made["label"] == "b").mean() == pytest.approx(0.1, abs=0.04)


def test_smote_refuses_a_number_as_label():
    """SMOTE has no class to make rows of; other generators are named."""
    numeric = Schema(columns={"x": PLANE.columns["x"], "y": Column(kind="number", role="target")})
    assert refusal(Smote(), plane(), numeric) == (
        "smote makes rows of a class, and the label 'y' is a number; take jitter, cart or "
        "naive_bayes, or declare the label `kind: category`"
    )


def test_smote_refuses_a_class_of_too_few_rows():
    """The class, its rows, how many are needed and what to do are told."""
    assert refusal(Smote(), plane(rare=3), PLANE) == (
        "smote with `neighbours` 5 needs at least 6 real rows of each class of 'label' that it "
        "makes; lower `neighbours` to 2, take more rows, or make a slice of the other classes "
        "with `where`: 'b' has 3 real rows"
    )
    assert "makes; take more rows, or make" in refusal(Smote(), plane(rare=1), PLANE)
    assert refusal(Smote(), plane(6, rare=2), PLANE).endswith(
        "\n  - 'a' has 4 real rows\n  - 'b' has 2 real rows"
    )
    assert len(Smote(neighbours=2).fit(plane(rare=3), PLANE, seed=1).sample(9, seed=1)) == 9


def test_smote_makes_the_other_classes():
    """A class of one row stops only the slices that ask for it, however many rows they ask."""
    fitted = Smote().fit(plane(rare=1), PLANE, seed=1)
    made = fitted.sample(5000, where=condition.parse("label != 'b'"), seed=2)
    assert len(made) == 5000
    assert (made["label"] == "a").all()
    for text in ("label == 'b'", "x > 0.5"):
        with pytest.raises(GeneratorError, match="'b' has 1 real row"):
            fitted.sample(10, where=condition.parse(text), seed=2)


def test_smote_keeps_sensitive_labels_out_of_its_message():
    """A label of a sensitive column is told by its place."""
    hidden = Column(kind="category", role="target", sensitive=True)
    schema = PLANE.model_copy(update={"columns": {**PLANE.columns, "label": hidden}})
    message = refusal(Smote(), plane(rare=3), schema)
    assert message.endswith("'value 2' has 3 real rows")
    assert "'b'" not in message


def test_smote_refuses_what_it_cannot_learn_from():
    """One class, no label, and features without a value are told."""
    one = "smote needs real rows of at least 2 classes, and the label 'label' has "
    assert refusal(Smote(), plane(rare=0), PLANE) == one + "1"
    none = plane().assign(label=pd.Categorical([None] * 60, categories=[]))
    assert refusal(Smote(), none, PLANE) == one + "0"
    assert refusal(Smote(), plane().assign(x=np.nan, y=np.nan), PLANE) == (
        "smote needs a feature that has a value in some real row"
    )
