"""Generators: what they keep of the real rows, what they never do, and what they refuse."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp, spearmanr

from stages.lib.base.errors import GeneratorError, ParamsError
from stages.lib.generators import cart, registry
from stages.lib.generators.cart import Cart
from stages.lib.generators.naive_bayes import NaiveBayes
from stages.lib.generators.parts import given
from stages.lib.generators.registry import Spec
from stages.lib.tables import condition
from stages.lib.tables.schema import Column, Schema, valid

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
NUMBER = Column(kind="number")
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


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_means_are_kept(generator):
    """Numbers that lie between real ones are no larger and no smaller on the whole."""
    rng = np.random.default_rng(0)
    common = rng.standard_normal(2000)
    train = real(2000).assign(pay=common + rng.standard_normal(2000), school=2.0 * common)
    train["age"] = 40 + 10 * (common + rng.standard_normal(2000))
    schema = Schema(columns={**SCHEMA.columns, "age": NUMBER, "school": NUMBER})
    made = generator.fit(train, schema, seed=1).sample(40_000, seed=2)
    for name in ("pay", "school", "age"):
        assert abs(made[name].mean() - train[name].mean()) < 0.03 * train[name].std()


def test_missing_numeric_labels_are_a_group_of_their_own():
    """What goes with a missing label is not mixed with what goes with the highest ones."""
    train = real().assign(pay=lambda frame: frame["age"] / 10)
    absent = np.arange(len(train)) % 3 == 0
    train.loc[absent, ["pay", "age"]] = [np.nan, 0.0]
    made = NaiveBayes().fit(train, NUMERIC, seed=1).sample(4000, seed=2)
    assert (made.loc[made["pay"].isna(), "age"] == 0).all()
    assert made.loc[made["pay"] > 5.5, "age"].min() > 40


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


def leaf_of_rows(fitted, train):
    """Yield each step, the values of its column, and the leaf that its tree sends each row to."""
    before = np.empty((len(train), 0), np.float32)
    for name, step in fitted.steps.items():
        values = cart.codes(train[name])
        leaf = np.zeros(len(train), int)
        if step.tree is not None:
            leaf = step.leaf[cart._load(step.tree).apply(before)]
        yield name, step, values, leaf
        before = np.column_stack([before, cart._predictor(values, step.rank)])


@pytest.mark.parametrize("min_leaf", [5, 40])
def test_every_leaf_has_its_least_rows(min_leaf):
    """No value is drawn from fewer real rows than `min_leaf`, and every row is in a leaf."""
    train = real()
    fitted = Cart(min_leaf=min_leaf).fit(train, SCHEMA, seed=1)
    assert list(fitted.steps) == ["rich", "age", "pay", "school", "job"]
    counts = {}
    for name, step, _, leaf in leaf_of_rows(fitted, train):
        size = np.bincount(leaf)
        assert size.min() >= min_leaf
        assert len(size) == len(step.leaves.start)
        counts[name] = len(size)
    assert max(counts.values()) > 1


@pytest.mark.parametrize("schema", [SCHEMA, NUMERIC])
def test_stored_trees_lead_training_rows_to_their_leaf(schema):
    """What is kept of a tree drops every training row into the leaf that holds its value."""
    train = real()
    fitted = Cart(min_leaf=5).fit(train, schema, seed=1)
    for _, step, values, leaf in leaf_of_rows(fitted, train):
        found = step.leaves
        for number in range(len(found.start)):
            own = values[leaf == number]
            there = np.sort(own[~np.isnan(own)])
            assert found.absent[number] == pytest.approx(np.isnan(own).mean())
            if not len(there):
                continue
            place = slice(found.start[number], found.start[number] + found.choices[number])
            assert found.choices[number] == len(there)
            assert (found.low[place] <= there).all() and (there <= found.high[place]).all()


def test_order_of_cart():
    """Columns of `order` come first, then the label; each is made from those before it."""
    train = real()
    fitted = Cart(order=["job", "pay"]).fit(train, SCHEMA, seed=1)
    assert list(fitted.steps) == ["job", "pay", "rich", "age", "school"]
    made = fitted.sample(2000, seed=2)
    assert list(made) == SCHEMA.modelled
    assert dependence(made) > 0.9
    assert list(Cart(order=["rich"]).fit(train, SCHEMA, seed=1).steps)[:2] == ["rich", "age"]


def test_unknown_column_in_the_order_names_the_nearest():
    """A column that is not made, or misspelt, is refused."""
    with pytest.raises(GeneratorError) as caught:
        Cart(order=["jobs"]).fit(real(), SCHEMA, seed=1)
    assert str(caught.value) == (
        "cart: `order` names 'jobs', which is no feature or target; did you mean 'job'? "
        "choices: age, job, pay, rich, school"
    )
    with pytest.raises(GeneratorError, match="`order` names 'id'"):
        Cart(order=["id"]).fit(real(), SCHEMA, seed=1)


CONDITIONS = [
    "rich == 'yes'",
    "job == 'baker' and rich == 'yes'",
    "age > 50 and school != 4",
    "pay.isna()",
]
CONDITIONED = [NaiveBayes(), Cart(), Cart(order=["job", "school"])]
NAMES = ["naive_bayes", "cart", "cart in another order"]


def same_distribution(one, other):
    """Assert that two samples of a column may be of one distribution, by a test at 1 in 10 000."""
    missing = [len(one) - one.isna().sum(), one.isna().sum()]
    absent = [len(other) - other.isna().sum(), other.isna().sum()]
    if missing[1] and absent[1] and missing[0] and absent[0]:
        assert chi2_contingency([missing, absent]).pvalue > 1e-4
    else:
        assert (missing[0] == 0) == (absent[0] == 0)
        assert max(missing[1] / len(one), absent[1] / len(other)) in (0, 1)
    one, other = one.dropna(), other.dropna()
    if one.nunique() > 20:
        assert ks_2samp(one, other).pvalue > 1e-4
    elif len(one):
        counts = pd.crosstab(
            pd.concat([one.astype(str), other.astype(str)], ignore_index=True),
            np.repeat([0, 1], [len(one), len(other)]),
        )
        assert counts.shape[0] == 1 or chi2_contingency(counts).pvalue > 1e-4


@pytest.mark.parametrize("text", CONDITIONS)
@pytest.mark.parametrize("generator", CONDITIONED, ids=NAMES)
def test_rows_given_a_condition_are_distributed_as_those_that_meet_it(generator, text):
    """Making the beginnings of rows over is the same as throwing whole rows away."""
    where = condition.parse(text)
    fitted = generator.fit(real(), SCHEMA, seed=1)
    rejected = condition.keep(fitted.sample(40_000, seed=2), where)
    made = fitted.sample(4000, where=where, seed=3)
    assert len(made) == 4000
    assert made.index.equals(pd.RangeIndex(4000))
    assert list(made) == SCHEMA.modelled
    assert condition.holds(where, made).all()
    assert len(rejected) > 1000
    for name in SCHEMA.modelled:
        same_distribution(made[name], rejected[name])
    if made["pay"].notna().any():
        assert dependence(made) == pytest.approx(dependence(rejected), abs=0.12)
    jobs = pd.crosstab(
        [*(made["job"].astype(str) + made["rich"].astype(str))]
        + [*(rejected["job"].astype(str) + rejected["rich"].astype(str))],
        np.repeat([0, 1], [len(made), len(rejected)]),
    )
    assert len(jobs) == 1 or chi2_contingency(jobs).pvalue > 1e-4


@pytest.mark.parametrize("generator", CONDITIONED, ids=NAMES)
def test_seed_decides_the_rows_given_a_condition(generator):
    """The same seed gives the same rows whatever was sampled before, another seed others."""
    where = condition.parse("age > 50 and school != 4")
    fitted = generator.fit(real(), SCHEMA, seed=1)
    first = fitted.sample(50, where=where, seed=2)
    other = fitted.sample(50, where=where, seed=3)
    pd.testing.assert_frame_equal(fitted.sample(50, where=where, seed=2), first)
    assert not other.equals(first)


@pytest.mark.parametrize("n", [1, 7, 300])
@pytest.mark.parametrize("generator", CONDITIONED, ids=NAMES)
def test_rows_come_in_the_number_asked_for(generator, n, monkeypatch):
    """Also where one block of beginnings has too few that meet the condition."""
    monkeypatch.setattr(given, "BLOCK", 50)
    fitted = generator.fit(real(), SCHEMA, seed=1)
    made = fitted.sample(n, where=condition.parse("age > 55 and rich == 'yes'"), seed=2)
    assert len(made) == n


@pytest.mark.parametrize("generator", CONDITIONED, ids=NAMES)
def test_conditions_that_are_too_rare_end(generator, monkeypatch):
    """Fewer rows come, or none, and not many more beginnings are drawn than are allowed."""
    monkeypatch.setattr(given, "LEAST", 1000)
    monkeypatch.setattr(given, "EACH", 10)
    monkeypatch.setattr(given, "BLOCK", 500)
    fitted = generator.fit(real(), SCHEMA, seed=1)
    none = fitted.sample(20, where=condition.parse("age > 1000"), seed=2)
    assert len(none) == 0
    assert list(none) == SCHEMA.modelled
    assert none.dtypes.astype(str).tolist() == ["float64"] * 3 + ["category"] * 2
    some = fitted.sample(500, where=condition.parse("age > 57 and rich == 'yes'"), seed=2)
    assert 0 < len(some) < 500
    assert condition.holds(condition.parse("age > 57 and rich == 'yes'"), some).all()


def test_beginnings_by_hand(monkeypatch):
    """Blocks are drawn until enough rows meet the condition, the first of them are taken."""
    monkeypatch.setattr(given, "BLOCK", 8)
    sizes = []

    def draw(n):
        sizes.append(n)
        return {"a": np.arange(n) + 10.0 * (len(sizes) - 1)}

    where = condition.parse("a % 4 == 3")
    # 0 … 7 has 3 and 7; 10 … 17 has 11 and 15; 20 … 27 has 23 and 27.
    found = given.beginnings(5, where, draw, pd.DataFrame)
    assert found["a"].tolist() == [3, 7, 11, 15, 23]
    assert sizes == [8, 8, 8]
    assert given.beginnings(3, None, draw, pd.DataFrame)["a"].tolist() == [30, 31, 32]
    monkeypatch.setattr(given, "LEAST", 10)
    monkeypatch.setattr(given, "EACH", 3)
    sizes.clear()
    never = given.beginnings(2, condition.parse("a < 0"), draw, pd.DataFrame)
    assert never["a"].tolist() == []
    assert sizes == [8, 8]  # 16 are tried where 10 and 3 for each of 2 may be


@pytest.mark.parametrize("generator", BOTH, ids=["naive_bayes", "cart"])
def test_values_of_a_few_people_are_not_handed_out(generator):
    """An odd job and an odd number of years of school are in no made row."""
    train = real()
    train.loc[:3, "school"] = 77.0
    train["job"] = train["job"].cat.add_categories("falconer")
    train.loc[:3, "job"] = "falconer"
    made = generator.fit(train, SCHEMA, seed=1).sample(5000, seed=2)
    assert set(made["job"]) == {"baker", "cook"}
    assert (made["school"] == 77).mean() < 0.25 * 4 / 400
    declared = {
        **SCHEMA.columns,
        "job": Column(kind="category", categories=("baker", "cook", "falconer")),
    }
    fitted = generator.fit(train, Schema(columns=declared), seed=1)
    assert "falconer" in set(fitted.sample(5000, seed=2)["job"])


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
    with pytest.raises(GeneratorError, match="naive_bayes needs at least 5 real rows, got 4"):
        NaiveBayes().fit(real(4), SCHEMA, seed=1)
    with pytest.raises(GeneratorError, match="`min_leaf` 6 needs at least 12 real rows, got 11"):
        Cart(min_leaf=6).fit(real(11), SCHEMA, seed=1)
    assert len(Cart(min_leaf=6).fit(real(12), SCHEMA, seed=1).sample(3, seed=1)) == 3


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
        "did you mean 'min_leaf'? choices: min_leaf, order"
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
