"""Generators: what they keep of the real rows, what they never do, and what they refuse."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from stages.lib.errors import GeneratorError, ParamsError
from stages.lib.generators import cart, registry
from stages.lib.generators.cart import Cart
from stages.lib.generators.naive_bayes import NaiveBayes
from stages.lib.generators.registry import Spec
from stages.lib.schema import Column, Schema, valid

SCHEMA = Schema(
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="integer", min=17, max=90),
        "pay": Column(kind="number"),
        "school": Column(kind="integer", discrete=True),
        "job": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)
NUMERIC = Schema(
    columns={
        **{name: SCHEMA.columns[name] for name in ("age", "school", "job")},
        "pay": Column(kind="number", role="target"),
    }
)
BOTH = [NaiveBayes(), Cart()]
SCHOOL = np.array([1, 4, 9, 13])


def real(rows=400, seed=0):
    """Draw rows whose pay follows age within each label; one in five of `pay` is missing."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 61, rows).astype(float)
    pay = age / 10 + 0.1 * rng.standard_normal(rows)
    rich = rng.random(rows) < 0.3
    return pd.DataFrame(
        {
            "id": pd.Categorical([f"p{place}" for place in range(rows)]),
            "age": age,
            "pay": np.where(rng.random(rows) < 0.2, np.nan, pay),
            "school": SCHOOL[rng.integers(0, 4, rows)].astype(float),
            "job": pd.Categorical(np.where(age < 40, "cook", "baker")),
            "rich": pd.Categorical(np.where(rich, "yes", "no")),
        }
    )


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_made_rows_are_typed_like_real_ones(generator):
    """Columns, their order, their types and their allowed values are those of a real table."""
    train = real()
    made = generator.fit(train, SCHEMA, seed=1).sample(500, seed=2)
    assert list(made) == SCHEMA.modelled
    assert len(made) == 500
    for name in SCHEMA.modelled:
        if SCHEMA.columns[name].numeric:
            assert made[name].dtype == "float64"
            assert train[name].min() <= made[name].min() <= made[name].max() <= train[name].max()
        else:
            assert set(made[name].cat.categories) <= set(train[name].cat.categories)
    assert valid(made, SCHEMA).all(axis=None)
    assert (made["age"] == made["age"].round()).all()


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_label_shares_and_missing_shares_are_kept(generator):
    """30 % of labels and 20 % of missing cells come back, within four standard errors."""
    train = real()
    made = generator.fit(train, SCHEMA, seed=1).sample(4000, seed=2)
    error = 4 * np.sqrt(0.25 / 4000)
    assert abs((made["rich"] == "yes").mean() - (train["rich"] == "yes").mean()) < error
    assert abs(made["pay"].isna().mean() - train["pay"].isna().mean()) < error
    assert not made[["age", "school", "job", "rich"]].isna().any(axis=None)


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_discrete_columns_repeat_existing_values(generator):
    """Discrete numbers are among the real ones; other numbers are mostly new."""
    train = real()
    made = generator.fit(train, SCHEMA, seed=1).sample(1000, seed=2)
    assert set(made["school"]) == set(SCHOOL)
    assert np.isin(made["pay"].dropna(), train["pay"]).mean() < 0.1


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_seed_decides_the_rows(generator):
    """The same seed gives the same rows whatever was sampled before, another seed others."""
    fitted = generator.fit(real(), SCHEMA, seed=1)
    first = fitted.sample(50, seed=2)
    other = fitted.sample(50, seed=3)
    pd.testing.assert_frame_equal(fitted.sample(50, seed=2), first)
    assert not other.equals(first)


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_train_is_left_as_it_was(generator):
    """Learning changes nothing in the table handed in."""
    train = real()
    generator.fit(train, SCHEMA, seed=1).sample(10, seed=1)
    pd.testing.assert_frame_equal(train, real())


def dependence(frame):
    """Return Spearman's correlation of age and pay where both are there."""
    there = frame.dropna(subset="pay")
    return spearmanr(there["age"], there["pay"]).statistic


def test_cart_keeps_dependence_between_features_and_naive_bayes_does_not():
    """Pay follows age in the real rows and in cart's; given the label it is free of it."""
    train = real()
    assert dependence(train) > 0.95
    assert dependence(Cart().fit(train, SCHEMA, seed=1).sample(2000, seed=2)) > 0.9
    assert abs(dependence(NaiveBayes().fit(train, SCHEMA, seed=1).sample(2000, seed=2))) < 0.1


def test_both_keep_what_goes_with_the_label():
    """A column that the label decides is decided by it in the made rows."""
    train = real().assign(job=lambda frame: frame["rich"].cat.rename_categories(["a", "b"]))
    for generator in BOTH:
        made = generator.fit(train, SCHEMA, seed=1).sample(300, seed=2)
        assert ((made["job"] == "b") == (made["rich"] == "yes")).all()


@pytest.mark.parametrize("min_leaf", [5, 40])
def test_every_leaf_has_its_least_rows(min_leaf):
    """No value is drawn from fewer real rows than `min_leaf`, and every row is in a leaf."""
    fitted = Cart(min_leaf=min_leaf).fit(real(), SCHEMA, seed=1)
    assert list(fitted.steps) == ["rich", "age", "pay", "school", "job"]
    for step in fitted.steps.values():
        size = step.leaves.present + step.leaves.missing
        assert size.min() >= min_leaf
        assert size.sum() == len(step.leaves.values) == 400
    assert max(len(step.leaves.present) for step in fitted.steps.values()) > 1


@pytest.mark.parametrize("schema", [SCHEMA, NUMERIC])
def test_stored_trees_lead_training_rows_to_their_leaf(schema):
    """What is kept of a tree drops every training row into the leaf that holds its value."""
    train = real()
    fitted = Cart(min_leaf=5).fit(train, schema, seed=1)
    before = np.empty((len(train), 0), np.float32)
    for name, step in fitted.steps.items():
        values = cart.codes(train[name])
        if step.tree is not None:
            leaf = step.leaf[cart._load(step.tree).apply(before)]
            size = step.leaves.present + step.leaves.missing
            assert np.bincount(leaf, minlength=len(size)).tolist() == size.tolist()
            for number, start in enumerate(step.leaves.start):
                held = step.leaves.values[start : start + size[number]]
                assert np.sort(values[leaf == number]).tolist() == pytest.approx(
                    held.tolist(), nan_ok=True
                )
        before = np.column_stack([before, cart._predictor(values, step.rank)])


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_numeric_target(generator):
    """A number as the label is kept in its range, and what goes with it too."""
    train = real().assign(pay=lambda frame: frame["age"] / 10)
    made = generator.fit(train, NUMERIC, seed=1).sample(2000, seed=2)
    assert list(made) == ["age", "school", "job", "pay"]
    assert 2 <= made["pay"].min() <= made["pay"].max() <= 6
    assert abs(made["pay"].mean() - train["pay"].mean()) < 0.15
    assert dependence(made) > 0.9


def test_numeric_target_with_few_distinct_values():
    """Ties at the edges of the bins leave no bin without a row."""
    train = real().assign(pay=np.repeat([0.0, 0, 0, 1], 100))
    made = NaiveBayes(bins=10).fit(train, NUMERIC, seed=1).sample(500, seed=2)
    assert made["age"].notna().all()
    assert 0 <= made["pay"].min() <= made["pay"].max() <= 1


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_missing_labels(generator):
    """A label that is missing in some rows is no reason to stop."""
    train = real()
    train.loc[:39, "rich"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = generator.fit(train, SCHEMA, seed=1).sample(2000, seed=2)
    assert abs(made["rich"].isna().mean() - 0.1) < 0.04
    numeric = generator.fit(real(), NUMERIC, seed=1).sample(2000, seed=2)
    assert abs(numeric["pay"].isna().mean() - 0.2) < 0.06


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_column_that_is_wholly_missing(generator):
    """A column without one value comes back without one."""
    train = real().assign(pay=np.nan)
    made = generator.fit(train, SCHEMA, seed=1).sample(100, seed=2)
    assert made["pay"].isna().all()


def test_tiny_tables_are_refused_in_words():
    """Too few rows are told with how many are needed."""
    with pytest.raises(GeneratorError, match="naive_bayes needs at least 2 real rows, got 1"):
        NaiveBayes().fit(real(1), SCHEMA, seed=1)
    with pytest.raises(GeneratorError, match="`min_leaf` 5 needs at least 10 real rows, got 9"):
        Cart().fit(real(9), SCHEMA, seed=1)
    assert len(Cart().fit(real(10), SCHEMA, seed=1).sample(3, seed=1)) == 3


def refusal(**asked):
    """Return the message with which a generator is refused."""
    with pytest.raises(ParamsError) as caught:
        registry.make("mine", Spec(**asked))
    return str(caught.value)


def test_unknown_family_names_the_nearest():
    """A misspelt family is told with what was likely meant."""
    assert refusal(family="carts") == (
        "params.yaml: `generators.mine.family` 'carts' is unknown; did you mean 'cart'? "
        "choices: " + ", ".join(sorted(registry.FAMILIES))
    )


def test_unknown_parameter_names_the_nearest():
    """A misspelt parameter is told with those of the family."""
    assert refusal(family="cart", min_leafs=3) == (
        "params.yaml: `generators.mine.min_leafs` is not a parameter of cart; "
        "did you mean 'min_leaf'? choices: min_leaf"
    )
    assert "`generators.mine.steps` is not a parameter" in refusal(family="cart", steps={})


def test_impossible_parameters_are_refused():
    """A value out of range is told by the family in the words of params.yaml."""
    assert "`generators.mine`: `min_leaf` must be" in refusal(family="cart", min_leaf=0)
    assert "`generators.mine`: `bins` must be" in refusal(family="naive_bayes", bins=0)
    assert "`kind` 'gauss_copula' is unknown; did you mean 'gaussian_copula'?" in refusal(
        family="sdv", kind="gauss_copula"
    )
    assert "kind" in refusal(family="sdv")


@pytest.mark.parametrize("value", ["many", 2.5, None])
def test_parameter_of_another_type_is_refused(value):
    """A parameter that is no whole number is refused when the generator is made."""
    assert "`generators.mine`" in refusal(family="cart", min_leaf=value)
    assert "`generators.mine`" in refusal(family="naive_bayes", bins=value)


def test_family_is_made_with_its_parameters():
    """A right entry gives the family's generator."""
    found = registry.make("mine", Spec(family="cart", seed=3, min_leaf=7))
    assert isinstance(found, Cart)
    assert found.min_leaf == 7
