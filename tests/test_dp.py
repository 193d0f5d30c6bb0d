"""Differentially private generators: what they spend, that they keep to it, and what they make."""

import json
import subprocess
import sys
from math import exp, log, log1p, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import beta, norm

from stages.lib import models
from stages.lib.base.errors import GeneratorError, SchemaError
from stages.lib.generators import dp_tree
from stages.lib.generators.dp_naive_bayes import DpNaiveBayes
from stages.lib.generators.dp_tree import DpTree
from stages.lib.generators.parts import accounting, domain, network
from stages.lib.generators.protocol import Private
from stages.lib.tables import condition, schema
from stages.lib.tables.schema import Column, Schema, valid

ROOT = Path(__file__).resolve().parents[1]
TOWNS = ("east", "north", "south", "west")
SCHEMA = Schema(
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="integer", min=18, max=90, missing=False),
        "pay": Column(kind="number", bins=(0, 10, 50, 100)),
        "school": Column(kind="integer", min=1, max=4, discrete=True, missing=False),
        "town": Column(kind="category", categories=TOWNS),
        "faith": Column(kind="category", sensitive=True, missing=False),
        "rich": Column(kind="category", role="target", categories=("no", "yes"), missing=False),
    }
)
TINY = Schema(
    columns={
        "town": Column(kind="category", categories=TOWNS, missing=False),
        "school": SCHEMA.columns["school"],
        "rich": SCHEMA.columns["rich"],
    }
)
PAID = {"epsilon": 5.0, "delta": 1e-5, "discover": ["faith"]}


def real(rows=3000, seed=0):
    """Draw rows in which school follows town and pay the label; `faith` has a rare category."""
    rng = np.random.default_rng(seed)
    town = rng.integers(0, 4, rows)
    rich = rng.random(rows) < 0.3
    pay = np.where(rich, rng.uniform(50, 100, rows), rng.uniform(0, 50, rows))
    faith = np.where(rng.random(rows) < 0.4, "A", "B")
    faith[:3] = "rare"
    return pd.DataFrame(
        {
            "id": pd.Categorical([f"p{place}" for place in range(rows)]),
            "age": rng.integers(18, 91, rows).astype(float),
            "pay": np.where(rng.random(rows) < 0.2, np.nan, pay),
            "school": np.where(rng.random(rows) < 0.9, town + 1, rng.integers(1, 5, rows)).astype(
                float
            ),
            "town": pd.Categorical(np.array(TOWNS)[town]),
            "faith": pd.Categorical(faith),
            "rich": pd.Categorical(np.where(rich, "yes", "no")),
        }
    )


@pytest.fixture(scope="module")
def fitted():
    """Return a fitted generator of each family."""
    return {
        "bayes": DpNaiveBayes(**PAID).fit(real(), SCHEMA, seed=1),
        "tree": DpTree(**PAID).fit(real(), SCHEMA, seed=1),
    }


FAMILIES = pytest.mark.parametrize("family", ["bayes", "tree"])


def test_cost_of_gaussian_noise_by_hand():
    """Two histograms move by √2, so noise of scale 10 costs ρ = 2 / (2 · 10²) = 0.01."""
    assert accounting.scale(2, 0.01) == pytest.approx(10)
    assert accounting._gaussian(10.0).map(sqrt(2)) == pytest.approx(0.01)
    assert accounting.choice(0.005) == pytest.approx(10)


@pytest.mark.parametrize(("rho", "delta"), [(0.01, 1e-5), (0.0305, 1e-5), (0.5, 1e-6), (3, 1e-9)])
def test_conversion_agrees_with_the_formula(rho, delta):
    """OpenDP's ε is that of Canonne, Kamath and Steinke 2020, proposition 12."""

    def at(order):
        alpha = 1 + exp(order)
        return alpha * rho + log1p(-1 / alpha) - (log(delta) + log(alpha)) / (alpha - 1)

    expected = minimize_scalar(at, bounds=(-7, 12), method="bounded", options={"xatol": 1e-9})
    assert accounting.epsilon(rho, delta) == pytest.approx(expected.fun, rel=1e-6)


def test_conversion_at_its_ends():
    """Nothing spent is nothing; something spent at no δ is without bound."""
    assert accounting.epsilon(0, 1e-5) == 0
    assert accounting.epsilon(0.1, 0) == accounting.epsilon(0.1, -1e-6) == float("inf")


@pytest.mark.parametrize("epsilon", [0.1, 1, 8])
def test_rho_buys_epsilon_and_no_more(epsilon):
    """What ε buys comes to ε again."""
    found = accounting.epsilon(accounting.rho(epsilon, 1e-5), 1e-5)
    assert found == pytest.approx(epsilon, rel=1e-6)
    assert found <= epsilon * (1 + 1e-12)


def test_threshold_by_hand():
    """One row's three categories come out with 3 · P(noise ≥ T - 1) at most."""
    found = accounting.threshold(3, 15.0, 1e-6)
    assert found == 76
    assert 3 * norm.sf((found - 1) / 15) <= 1e-6 < 3 * norm.sf((found - 2) / 15)


def test_noise_has_its_scale_and_is_whole():
    """Noise is centred, of the scale asked for, and whole."""
    told = accounting.noisy(np.full((40, 50), 100), 7.0)
    assert told.shape == (40, 50)
    assert (told == told.round()).all()
    assert abs(told.mean() - 100) < 4 * 7 / sqrt(2000)
    assert abs(told.std() - 7) < 4 * 7 / sqrt(2 * 2000)


def test_noise_of_a_choice_has_its_scale():
    """Of two scores one noise scale · ln 3 apart, the higher is chosen three times in four."""
    rho = 0.0001
    apart = round(log(3) * accounting.choice(rho))
    chosen = np.array([accounting.best([0, apart], rho) for _ in range(2000)])
    assert abs(chosen.mean() - 0.75) < 4 * sqrt(0.75 * 0.25 / 2000) + 0.01


@pytest.mark.parametrize("make", [DpNaiveBayes, DpTree])
def test_spend_is_told_before_any_row_is_seen(make):
    """What a fit costs is a matter of its parameters and the schema."""
    spent = make(**PAID).spends(SCHEMA)
    assert isinstance(make(**PAID), Private)
    assert (spent.epsilon, spent.delta) == (5.0, 1e-5)
    assert spent.slack == pytest.approx(1e-6)
    assert accounting.epsilon(spent.rho, 1e-5 - spent.slack) == pytest.approx(5, rel=1e-6)
    assert "Gaussian" in spent.mechanism
    free = make(epsilon=5.0, delta=1e-5).spends(TINY)
    assert free.slack == 0


@pytest.mark.parametrize("make", [DpNaiveBayes, DpTree])
def test_what_is_drawn_costs_what_is_told(make, monkeypatch):
    """The mechanisms called, on how far one row really moves them, add up to the spend's ρ."""
    drawn = []

    def spy_noisy(counts, scale):
        drawn.append(("noisy", counts.copy(), scale))
        return counts.astype(float)  # the same answers for both tables

    def spy_known(counts, scale, threshold):
        drawn.append(("known", dict(counts), scale, threshold))
        return ["faith\x1fA", "faith\x1fB"]

    def spy_best(scores, rho):
        drawn.append(("best", np.array(scores), rho))
        return 0

    monkeypatch.setattr(accounting, "noisy", spy_noisy)
    monkeypatch.setattr(accounting, "known", spy_known)
    monkeypatch.setattr(accounting, "best", spy_best)
    monkeypatch.setattr(dp_tree, "_estimated", lambda *told: None)
    monkeypatch.setattr(DpTree, "_steps", lambda self, model: {})
    train = real(200)
    calls = []
    for rows in (train, train.iloc[:-1]):
        drawn.clear()
        make(**PAID).fit(rows, SCHEMA, seed=1)
        calls.append(list(drawn))
    spent = make(**PAID).spends(SCHEMA)
    rho = 0.0
    for one, other in zip(*calls, strict=True):
        if one[0] == "noisy":
            moved = ((one[1] - other[1]) ** 2).sum()
            assert moved == np.abs(one[1] - other[1]).sum()  # each count by 1 at most
            rho += accounting._gaussian(one[2]).map(sqrt(moved))
        elif one[0] == "known":
            assert sum(one[1].values()) - sum(other[1].values()) == 1
            cost, failing = accounting._unknown(one[2], one[3]).map((1, 1.0, 1))
            rho += cost
            assert failing <= spent.slack
        else:
            rho += one[2]
    assert rho == pytest.approx(spent.rho, rel=1e-9)
    assert rho <= spent.rho * (1 + 1e-12)


def test_score_of_a_pair_moves_by_one_row_at_most(monkeypatch):
    """Given the noisy tables, one row more or less moves each score by 1 at most."""
    seen = []
    monkeypatch.setattr(accounting, "best", lambda scores, rho: seen.append(np.array(scores)) or 0)
    rng = np.random.default_rng(0)
    tables = {
        name: rng.uniform(0, 90, (2, size)) for name, size in zip("abc", (3, 4, 5), strict=True)
    }
    rows = {name: rng.integers(0, size, 300) for name, size in zip("abc", (3, 4, 5), strict=True)}
    for last in (300, 299):
        cells = {name: values[:last] for name, values in rows.items()}
        dp_tree._chosen(cells, tables, np.array([100.0, 200.0]), choosing=0.1, counting=0.1)
    moved = np.abs(seen[0] - seen[2])
    assert moved.max() == 1


def audited(train, canary, make, fits):
    """Return a lower bound on the ε at δ = 1e-5 that fits with and without `canary` give away.

    The likelihood ratio of Gaussian noise rises with the sum of the counts that the canary is
    in. Both errors of the threshold in the middle are bounded by Clopper and Pearson at 99.9 %,
    and turned into the μ of Gaussian differential privacy (Nasr et al. 2023, arXiv:2302.07956).
    """
    other = pd.concat([train, canary], ignore_index=True)
    told = []
    for rows in (train, other):
        sums = []
        for _ in range(fits):
            counts = make().fit(rows, TINY, seed=0).counts
            sums.append(
                counts["rich",][1] + counts["rich", "town"][1, 3] + counts["rich", "school"][1, 3]
            )
        told.append(np.array(sums))
    rich, town = train["rich"] == "yes", train["town"] == "west"
    middle = rich.sum() + (rich & town).sum() + (rich & (train["school"] == 4)).sum() + 1.5
    false = [(told[0] > middle).sum(), (told[1] <= middle).sum()]
    highest = [beta.ppf(0.999, wrong + 1, fits - wrong) for wrong in false]
    mu = max(norm.isf(highest[0]) + norm.isf(highest[1]), 1e-6)

    def excess(epsilon):
        tail = exp(epsilon) * norm.cdf(-epsilon / mu - mu / 2)
        return norm.cdf(-epsilon / mu + mu / 2) - tail - 1e-5

    return brentq(excess, 0, 100) if excess(0) > 0 else 0.0


def test_audit_stays_under_the_claim_and_catches_halved_noise(monkeypatch):
    """Neighbouring tables cannot be told apart better than ε allows; with half the noise they can.

    The right mechanism is also close to its claim: what is found is no accident of a weak attack.
    """
    train = real(60)[["town", "school", "rich"]]
    canary = pd.DataFrame(
        {
            "town": pd.Categorical(["west"], categories=TOWNS),
            "school": [4.0],
            "rich": pd.Categorical(["yes"], categories=["no", "yes"]),
        }
    )
    claimed = 4.0

    def make():
        return DpNaiveBayes(epsilon=claimed, delta=1e-5)

    right = audited(train, canary, make, 800)
    assert claimed / 4 < right < claimed
    noisy = accounting.noisy
    monkeypatch.setattr(accounting, "noisy", lambda counts, scale: noisy(counts, scale / 2))
    assert audited(train, canary, make, 800) > claimed


@FAMILIES
def test_made_rows_are_typed_like_real_ones(fitted, family):
    """Columns, types and allowed values are those of a real table, whatever the noise."""
    made = fitted[family].sample(2000, seed=2)
    assert list(made) == SCHEMA.modelled
    assert valid(made, SCHEMA).all(axis=None)
    assert (made[["age", "pay", "school"]].dtypes == "float64").all()
    assert list(made["town"].cat.categories) == list(TOWNS)
    assert (made["age"] == made["age"].round()).all()
    assert made["age"].min() == 18
    assert made["age"].max() == 90
    assert not made[["age", "school", "faith", "rich"]].isna().any(axis=None)


@FAMILIES
def test_shares_are_those_of_the_rows(fitted, family):
    """Label, missing values, and what goes with the label come back within noise."""
    made, train = fitted[family].sample(20000, seed=2), real()
    assert abs((made["rich"] == "yes").mean() - (train["rich"] == "yes").mean()) < 0.02
    assert abs(made["pay"].isna().mean() - 0.2) < 0.03
    there = made.dropna(subset="pay")
    assert ((there["pay"] >= 50) == (there["rich"] == "yes")).mean() > 0.97


def test_tree_keeps_dependence_between_features_and_naive_bayes_does_not(fitted):
    """School follows town in nine rows of ten, and in one of four where only the label counts."""

    def agree(family):
        made = fitted[family].sample(5000, seed=3).dropna(subset="town")
        return (made["town"].cat.codes + 1 == made["school"]).mean()

    assert ("school", "town") in fitted["tree"].pairs
    assert len(fitted["tree"].pairs) == 4
    assert agree("tree") > 0.85
    assert agree("bayes") < 0.35


@FAMILIES
def test_discovered_categories_are_the_frequent_ones(fitted, family):
    """A category of three rows stays unknown; the two others are made."""
    assert fitted[family].domains["faith"].levels == ["A", "B"]
    share = (fitted[family].sample(5000, seed=1)["faith"] == "A").mean()
    assert abs(share - 0.4) < 0.05


@FAMILIES
def test_rows_under_a_condition_are_those_that_meet_it(fitted, family):
    """Conditional rows have the distribution of the unconditional rows that meet the condition."""
    where = condition.parse("school >= 3 and age > 40")
    made = fitted[family].sample(8000, where=where, seed=4)
    assert len(made) == 8000
    assert condition.holds(where, made).all()
    free = condition.keep(fitted[family].sample(40000, seed=5), where)
    for name in ("town", "faith", "rich", "school"):
        expected = free[name].value_counts(normalize=True)
        assert (made[name].value_counts(normalize=True) - expected).abs().max() < 0.03


def test_condition_that_no_row_can_meet_gives_none(fitted):
    """A category that was never made cannot be asked for."""
    made = fitted["bayes"].sample(10, where=condition.parse("faith == 'rare'"), seed=1)
    assert list(made) == SCHEMA.modelled
    assert made.empty


@FAMILIES
def test_seed_decides_the_rows_and_no_seed_the_noise(fitted, family):
    """Sampling repeats; fitting with the same seed draws other noise."""
    one = fitted[family]
    pd.testing.assert_frame_equal(one.sample(100, seed=6), one.sample(100, seed=6))
    assert not one.sample(100, seed=6).equals(one.sample(100, seed=7))
    if family == "bayes":
        again = DpNaiveBayes(**PAID).fit(real(), SCHEMA, seed=1)
        assert (again.counts["rich", "age"] != one.counts["rich", "age"]).mean() > 0.5


@FAMILIES
def test_saved_model_samples_the_same_in_a_process_without_opendp_or_jax(fitted, family, tmp_path):
    """A model file needs neither OpenDP nor JAX, and gives the same bytes everywhere."""
    models.save(fitted[family], tmp_path / "model.pkl")
    script = (
        f"import sys, pickle; sys.path.insert(0, {str(ROOT)!r})\n"
        "for name in ('opendp', 'jax', 'mbi'): sys.modules[name] = None\n"
        f"model = pickle.load(open({str(tmp_path / 'model.pkl')!r}, 'rb'))\n"
        "from stages.lib.tables import rows; print(rows.digest(model.sample(500, seed=9)))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert told[0] == told[1] != ""


def test_fit_reads_no_category_and_no_bound_from_the_rows():
    """Values outside of the declared domain raise nothing, and are clipped or not counted."""
    odd = real(50).assign(age=500.0, town=pd.Categorical(["nowhere"] * 50), school=np.nan)
    made = DpNaiveBayes(epsilon=50.0, delta=1e-5).fit(odd, TINY, seed=1).sample(200, seed=1)
    assert valid(made, TINY).all(axis=None)
    empty = DpNaiveBayes(epsilon=50.0, delta=1e-5).fit(odd.iloc[:0], TINY, seed=1)
    assert valid(empty.sample(100, seed=1), TINY).all(axis=None)


def test_numeric_target():
    """A number as the label is drawn from its cells, and what goes with it too."""
    schema = Schema(
        columns={
            "pay": Column(kind="number", min=0, max=100, role="target"),
            "rich": Column(kind="category", categories=("no", "yes"), missing=False),
        }
    )
    made = DpNaiveBayes(epsilon=20.0, delta=1e-5).fit(real(), schema, seed=1).sample(3000, seed=1)
    there = made.dropna(subset="pay")
    assert there["pay"].between(0, 100).all()
    assert ((there["pay"] >= 50) == (there["rich"] == "yes")).mean() > 0.9
    assert abs(made["pay"].isna().mean() - 0.2) < 0.05


@pytest.mark.parametrize("make", [DpNaiveBayes, DpTree])
def test_columns_without_a_domain_are_refused_together(make):
    """Every column without a domain is named, with its line or with `discover`."""
    schema = Schema(
        columns={
            "age": Column(kind="integer", min=18),
            "town": Column(kind="category", missing=False),
            "faith": Column(kind="category", sensitive=True),
            "rich": SCHEMA.columns["rich"],
        }
    )
    with pytest.raises(GeneratorError) as caught:
        make(epsilon=1.0, delta=1e-5).spends(schema)
    assert str(caught.value) == (
        f"{make.family} reads domains from data/schema.yaml, never from rows: 3 problems\n"
        "  - column 'age' has no declared domain; its line could be "
        "`age: {kind: integer, min: 18, max: <greatest>}`\n"
        "  - column 'town' has no declared domain; its line could be "
        "`town: {kind: category, missing: false, categories: [<every category>]}`\n"
        "  - column 'faith' is sensitive, so its categories cannot stand in git; let the "
        "generator pay for them: `discover: [faith]` in params.yaml"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [("rich", "declared; take it out"), ("nobody", "no feature"), ("school", "no category")],
)
def test_needless_discoveries_are_refused(name, message):
    """Nothing is paid for a column whose domain is declared, or that is not there."""
    with pytest.raises(GeneratorError, match=f"`discover` names '{name}', .*{message}"):
        DpNaiveBayes(epsilon=1.0, delta=1e-5, discover=[name]).spends(TINY)


def test_nothing_discovered_is_told():
    """Where no category is frequent enough the fit says what to do."""
    few = DpNaiveBayes(epsilon=0.1, delta=1e-5, discover=["faith"])
    with pytest.raises(GeneratorError, match="no category of column 'faith' is frequent enough"):
        few.fit(real(20), SCHEMA, seed=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"epsilon": 0},
        {"epsilon": "1"},
        {"epsilon": float("inf")},
        {"delta": 0},
        {"delta": 1},
        {"bins": 0},
        {"bins": True},
        {"discover": "faith"},
    ],
)
def test_impossible_parameters_are_refused(wrong):
    """A value out of range is told with its parameter."""
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        DpNaiveBayes(**{"epsilon": 1.0, "delta": 1e-5, **wrong})


def test_missing_extra_is_told(monkeypatch):
    """Without private-PGM the message says what to install, before anything is spent."""
    monkeypatch.setitem(sys.modules, "mbi", None)
    with pytest.raises(GeneratorError, match=r"pip install 'dvc-synth\[private\]'"):
        DpTree(epsilon=1.0, delta=1e-5).spends(TINY)


@pytest.mark.parametrize(
    ("column", "edges"),
    [
        (Column(kind="integer", min=1, max=4, discrete=True), [1, 2, 3, 4, 5]),
        (Column(kind="integer", min=0, max=99, bins=(0, 1, 20.5, 99)), [0, 1, 21, 100]),
        (Column(kind="integer", min=17, max=90, bins=(20, 30, 40)), [17, 20, 30, 40, 91]),
        (Column(kind="number", min=17, max=90, bins=(20, 30, 40)), [17, 20, 30, 40, 90]),
        (Column(kind="integer", min=20.5, max=29.5, bins=(0, 25.5, 50)), [21, 26, 30]),
        (Column(kind="number", min=20.5, bins=(0, 25.5, 50)), [20.5, 25.5, 50]),
        (Column(kind="integer", max=25, bins=(0, 25.5, 50)), [0, 26]),
        (Column(kind="integer", min=0, max=2), [0, 1, 2, 3]),
        (Column(kind="number", min=0, max=1), [0, 0.25, 0.5, 0.75, 1]),
        (Column(kind="number", min=5, max=5), [5, 5]),
    ],
)
def test_cells_are_those_declared(column, edges):
    """Edges, equal widths, or every integer: cells cover the domain, and each is drawn from."""
    schema = Schema(columns={"x": column, "rich": SCHEMA.columns["rich"]})
    found = domain.declared(schema, bins=4, discover=[], family="a family")["x"]
    assert found.edges.tolist() == edges
    assert found.size == len(edges)  # one for the missing
    cells = np.arange(found.size).repeat(50)
    drawn = domain.drawn(cells, found, np.random.default_rng(0))
    assert (domain.cells(drawn, found) == cells).all()
    assert np.isnan(drawn[-50:]).all()


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ({"min": 50}, True),
        ({"max": 0}, True),
        ({"min": 60, "max": 99}, True),
        ({"min": 49, "max": 99}, False),
        ({}, False),
    ],
)
def test_cells_that_no_allowed_number_falls_into_are_told(bounds, told, tmp_path):
    """Bins from 0 to 50 may reach beyond `min` and `max`, but not lie outside them."""
    column = {"kind": "integer", "bins": [0, 25, 50], **bounds}
    path = tmp_path / "schema.yaml"
    rich = {"kind": "category", "role": "target"}
    path.write_text(json.dumps({"columns": {"x": column, "rich": rich}}))
    if told:
        with pytest.raises(SchemaError, match="'x': every cell of `bins` lies outside `min` and"):
            schema.load(path)
    else:
        assert schema.load(path).columns["x"].bins == (0, 25, 50)


def test_numbers_beyond_the_bins_are_made():
    """Ages of 17 to 90 counted in bins from 20 to 40 come back from below and above them."""
    column = Column(kind="integer", min=17, max=90, bins=(20, 30, 40), missing=False)
    declared = Schema(columns={"x": column, "rich": SCHEMA.columns["rich"]})
    found = domain.declared(declared, bins=4, discover=[], family="a family")["x"]
    real = np.repeat([18.0, 25, 35], 1000)
    made = domain.drawn(domain.cells(real, found), found, np.random.default_rng(0))
    assert set(made[:1000]) == {17, 18, 19}
    assert (made[1000:2000].min(), made[1000:2000].max()) == (20, 29)
    assert (made[2000:].min(), made[2000:].max()) == (30, 39)


def test_projection_by_hand():
    """Counts 5, 3 and -2 that shall add up to 4 lose 2 each, and none becomes negative."""
    assert network.projected(np.array([5.0, 3, -2]), 4).tolist() == [3, 1, 0]
    assert network.projected(np.array([1.0, 1]), 4).tolist() == [2, 2]
    assert network.projected(np.array([1.0, 1]), 0).tolist() == [0, 0]


def test_totals_by_hand():
    """Sums over one cell have a third of the variance of sums over three, and thrice the say."""
    tables = [np.array([[8.0], [4]]), np.array([[2.0, 1, 1], [0, 0, 0]])]
    assert network.totals(tables).tolist() == pytest.approx([7, 3])
