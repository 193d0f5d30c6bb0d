"""The fidelity tax: by hand, against scikit-learn, and how often its intervals hold the truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, recall_score, roc_auc_score

from stages.lib import baseline, runs, trials, words
from stages.lib.base.errors import ParamsError
from stages.lib.final import blend
from stages.lib.final.blend import Recipe
from stages.lib.intervals import Estimate
from stages.lib.learners import Learner
from stages.lib.mixes.ground import prepare, rows_of
from stages.lib.quality import utility
from stages.lib.ratios import sweep
from stages.lib.ratios.sweep import Sweep
from stages.lib.runs import Runs
from stages.lib.tables import condition
from stages.lib.tables.schema import Column, Schema

MODELS = {
    "boosting": Learner(kind="hist_gradient_boosting", max_iter=10),
    "linear": Learner(kind="linear"),
}
LINEAR = {"linear": Learner(kind="linear", C=1e6)}


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Fit in this process: starting others takes longer than these fits."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


def declared(target="category", *, sensitive=False):
    """Return the schema of a number, a town and a target."""
    kind = Column(kind=target, role="target", sensitive=sensitive)
    return Schema(columns={"x": Column(kind="number"), "town": Column(kind="category"), "y": kind})


def draw(rows, seed, labels=("no", "yes"), *, noise=1.0):
    """Return rows whose label goes with x, the rarer labels at its upper end."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows)
    cuts = np.linspace(0.3, 1.2, len(labels) - 1)
    label = np.array(labels, object)[np.searchsorted(cuts, x + noise * rng.logistic(0, 0.3, rows))]
    frame = pd.DataFrame({"x": x, "town": rng.choice(["a", "b"], rows), "y": label})
    return frame.astype({"town": "category", "y": "category"})


def compare(batch, train, scored, *, models=MODELS, metric="roc_auc", schema=None, **options):
    """Compare with two seeds, on the slice that is given alone."""
    options = {"within": np.ones(len(train), bool), "slices": {}, "seeds": 2} | options
    schema = schema or declared()
    return utility.compare(batch, train, {"tune": scored}, schema, models, metric, **options)[
        "tune"
    ]


def by_name(found):
    """Return the measures by their names."""
    return {measure.name: measure for measure in found.measures}


def lines_of(found, *keys):
    """Return the table of parts, by these columns."""
    return found.tables["classes"].set_index([*keys]).sort_index()


def towns(counts):
    """Return rows by (town, label): how many of each."""
    lines = [pair for pair, count in counts.items() for _ in range(count)]
    frame = pd.DataFrame(lines, columns=["town", "y"]).assign(x=0.0)
    return frame[["x", "town", "y"]].astype({"town": "category", "y": "category"})


def test_by_hand():
    """With a batch that has every label wrong, each number is as worked out."""
    # Real rows: town a is "no", b is "yes"; in the batch it is the other way round. Scored are
    # 40 of (a, no), 20 of (a, yes), 10 of (b, no) and 30 of (b, yes).
    # TRTR predicts a → no, b → yes: right 70 of 100. TSTR the reverse: right 30 of 100.
    #   tax 0.7 - 0.3 = 0.4, ratio 3/7, share lost 4/7
    # Recall of no: 40/50 and 10/50, lost 0.6. Of yes: 30/50 and 20/50, lost 0.2.
    # In town b: 30/40 and 10/40, lost 0.5. In town a: 40/60 and 20/60, lost 1/3.
    # The se of the tax: 70 rows lose 1, 30 gain 1, so the variance is 0.21 · 4 · 100/99, over 100.
    train = towns({("a", "no"): 40, ("b", "yes"): 30})
    batch = towns({("a", "yes"): 40, ("b", "no"): 30})
    parts = {("a", "no"): 40, ("a", "yes"): 20, ("b", "no"): 10, ("b", "yes"): 30}
    slices = {f"town {name}": condition.parse(f"town == '{name}'") for name in "ab"}
    found = compare(
        batch, train, towns(parts), models=LINEAR, metric="accuracy", slices=slices, seeds=1
    )
    measures = by_name(found)
    tax = measures["tax"]
    assert (tax.value, tax.ceiling, tax.excess.value) == pytest.approx((0.3, 0.7, 0.4))
    assert tax.excess.se == pytest.approx(np.sqrt(0.84 / 99))
    assert measures["tax_share"].value == pytest.approx(3 / 7)
    assert measures["tax_share"].excess.value == pytest.approx(4 / 7)
    worst = measures["tax_worst_class"]
    assert (worst.value, worst.ceiling, worst.excess.value) == pytest.approx((0.2, 0.8, 0.6))
    assert worst.note == "recall of class 'no'"
    worst = measures["tax_worst_slice"]
    assert (worst.value, worst.ceiling, worst.excess.value) == pytest.approx((0.25, 0.75, 0.5))
    assert worst.note == "accuracy of slice 'town b'"
    lines = lines_of(found, "kind", "name", "metric")
    assert lines.loc[("class", "yes", "recall"), "difference"] == pytest.approx(0.2)
    assert lines.loc[("slice", "town a", "accuracy"), "difference"] == pytest.approx(1 / 3)
    assert lines.loc[("slice", "town a", "accuracy"), "ratio"] == pytest.approx(0.5)
    assert lines.loc[("class", "no", "recall"), "rows"] == 50
    assert set(lines["split"]) == {"tune"}


def test_it_is_what_a_person_would_compute():
    """Scores are scikit-learn's, of the fits that a person would write."""
    train, batch, held = draw(120, 0), draw(120, 1, noise=3), draw(300, 2)
    where = {"a": condition.parse("town == 'a'")}
    found = compare(batch, train, held, models={"one": Learner(kind="linear")}, slices=where)

    def design(frame, part):
        scaled = (frame["x"] - part["x"].mean()) / part["x"].std(ddof=0)
        return np.column_stack([frame["town"] == "a", frame["town"] == "b", scaled])

    y, town = held["y"] == "yes", held["town"] == "a"
    probability = []
    for part in (batch, train):
        model = LogisticRegression(max_iter=1000).fit(design(part, part), part["y"] == "yes")
        probability.append(model.predict_proba(design(held, part))[:, 1])
    expected = {
        "tax": [roc_auc_score(y, p) for p in probability],
        "tax_probabilities": [-brier_score_loss(y, p) for p in probability],
        "tax_worst_slice": [roc_auc_score(y[town], p[town]) for p in probability],
    }
    measures = by_name(found)
    for name, (made, real) in expected.items():
        one = measures[name]
        assert (one.value, one.ceiling) == pytest.approx((made, real), abs=1e-5)
        assert one.excess.value == pytest.approx(real - made, abs=1e-5)
    lines = lines_of(found, "kind", "name")
    for label, positive in (("yes", True), ("no", False)):
        own = [recall_score(y == positive, (p > 0.5) == positive) for p in probability]
        assert lines.loc[("class", label), ["tstr", "trtr"]].to_numpy()[0] == pytest.approx(own)


def test_models_are_averaged_and_told():
    """The verdict is that of all models; the table has each."""
    found = compare(draw(150, 1), draw(100, 0), draw(200, 2))
    lines = lines_of(found, "kind", "name")
    both = lines.loc["model"]
    assert both.index.tolist() == ["boosting", "linear"]
    tax = by_name(found)["tax"]
    assert tax.value == pytest.approx(both["tstr"].mean())
    assert tax.excess.value == pytest.approx(both["difference"].mean())
    assert found.notes == []


def test_wrong_labels_show_in_probabilities():
    """Of rows with a tenth of the labels wrong, ranks say little and probabilities much."""
    train, batch, held = draw(1500, 0), draw(1500, 1), draw(3000, 2)
    wrong = np.random.default_rng(3).random(len(batch)) < 0.1
    turned = np.where(wrong ^ (batch["y"] == "yes"), "yes", "no")
    other = batch.assign(y=pd.Categorical(turned))
    clean, flipped = (by_name(compare(own, train, held)) for own in (batch, other))
    assert abs(clean["tax_probabilities"].excess.value) < 0.005
    assert flipped["tax_probabilities"].excess.lower > 0.003
    assert flipped["tax"].excess.value < 0.03


@pytest.mark.parametrize("metric", ["roc_auc_ovr", "f1_macro", "recall@'high'"])
def test_several_classes(metric):
    """Each class is told by its recall, and by the metric where that averages classes."""
    labels = ("high", "low", "middle")
    batch, train, held = (draw(rows, rows, labels) for rows in (200, 150, 300))
    found = compare(batch, train, held, metric=metric)
    lines = found.tables["classes"]
    own = lines[lines["kind"] == "class"]
    extra = {"roc_auc_ovr": {"roc_auc"}, "f1_macro": {"f1"}}.get(metric, set())
    assert set(own["metric"]) == {"recall"} | extra
    assert set(own["name"]) == set(labels)
    measures = by_name(found)
    assert all(np.isfinite(one.excess[:4]).all() for one in measures.values())
    recalls = own[own["metric"] == "recall"]["difference"]
    assert measures["tax_worst_class"].excess.value == pytest.approx(recalls.max())


def test_a_number_is_told_by_quarters():
    """A regression has no class: quarters of the target are told by their mean error."""
    schema, rng = declared("number"), np.random.default_rng(0)

    def rows(count, noise):
        x = rng.standard_normal(count)
        town = pd.Categorical(rng.choice(["a", "b"], count))
        return pd.DataFrame({"x": x, "town": town, "y": 3 * x + noise * rng.standard_normal(count)})

    batch, train, held = rows(100, 9), rows(100, 1), rows(200, 1)
    for metric in ("r2", "neg_root_mean_squared_error"):
        found = compare(batch, train, held, metric=metric, schema=schema)
        measures = by_name(found)
        assert list(measures) == ["tax", "tax_share"]
        assert measures["tax"].excess.lower > 0
        share = measures["tax_share"]
        assert share.excess.value == pytest.approx(abs(1 - share.value))
        assert share.excess.lower > 0
        lines = found.tables["classes"]
        quarters = lines[lines["kind"] == "quarter"]
        assert quarters["rows"].tolist() == [50] * 4
        assert set(quarters["metric"]) == {"neg_mean_absolute_error"}


def test_a_batch_without_a_class_is_a_finding():
    """What a batch lacks is said, and lost; nothing crashes, also of one class alone."""
    labels = ("high", "low", "middle")
    train, held = draw(150, 0, labels), draw(300, 2, labels)
    for batch in (draw(150, 1, ("high", "low")), draw(150, 1, ("high",))):
        found = compare(batch, train, held, metric="balanced_accuracy")
        assert "the batch has no row of class 'middle', and train has some" in found.notes
        lines = lines_of(found, "kind", "name", "metric")
        assert lines.loc[("class", "middle", "recall"), "tstr"] == 0
        assert by_name(found)["tax_worst_class"].excess.value > 0.3


def test_a_class_that_only_the_batch_has():
    """A label that nobody heard of is scored against, and has no recall."""
    batch = draw(150, 1, ("no", "yes", "perhaps"))
    found = compare(batch, draw(150, 0), draw(200, 2), metric="accuracy")
    lines = lines_of(found, "kind", "name")
    assert np.isnan(lines.loc[("class", "perhaps"), "difference"]).all()
    assert "tune has 0 rows of class 'perhaps': too few to tell what is lost there" in found.notes
    assert np.isfinite(by_name(found)["tax_worst_class"].excess.value)


def test_a_class_that_models_never_tell():
    """Where real rows teach nothing of a class there is a difference, and no ratio."""
    train = towns({("a", "no"): 50, ("a", "yes"): 10, ("b", "no"): 50, ("b", "yes"): 10})
    batch = towns({("a", "no"): 10, ("a", "yes"): 50, ("b", "no"): 50, ("b", "yes"): 10})
    held = towns({("a", "no"): 30, ("a", "yes"): 30, ("b", "no"): 30, ("b", "yes"): 30})
    lines = lines_of(compare(batch, train, held, models=LINEAR), "kind", "name", "metric")
    line = lines.loc[("class", "yes", "recall")]
    assert (line["trtr"], line["tstr"], line["difference"]) == (0, 0.5, -0.5)
    assert line[["ratio", "ratio_lower", "ratio_upper"]].isna().all()


def test_labels_of_a_sensitive_target_are_not_told():
    """Neither tables nor sentences hold a label: classes are numbered."""
    schema = declared(sensitive=True)
    found = compare(draw(100, 1, ("no",)), draw(100, 0), draw(200, 2), schema=schema)
    lines = found.tables["classes"]
    assert set(lines[lines["kind"] == "class"]["name"]) == {"value 1", "value 2"}
    told = lines.to_csv() + " ".join([*found.notes, *(one.note for one in found.measures)])
    assert "yes" not in told
    assert "'value 2'" in told
    with pytest.raises(ParamsError) as caught:
        compare(draw(100, 1), draw(100, 0), draw(200, 2), schema=schema, metric="recall@x")
    assert "yes" not in str(caught.value)


@pytest.mark.parametrize("metric", ["recall@'yes'", "average_precision"])
def test_a_metric_runs_through_every_stage(metric):
    """What the brief asks for is measured by baseline, sweep, blend and validation alike."""
    train, batch = draw(100, 0), draw(200, 1)
    slices = {"tune": draw(150, 2), "holdout": draw(150, 3)}
    alone = baseline.measure(train, batch, slices, declared(), LINEAR, metric, seeds=2)
    ground = prepare(
        train, {"b": batch}, slices, declared(), LINEAR, metric,
        asked=None, real_only="linear", policy="add", seeds=2,
    )  # fmt: skip
    asked = Sweep(
        ratios=[0, 0.5], shares=[0.5], seeds=2, models=None, refine=False, per_slice=False,
        regions="slices",
    )  # fmt: skip
    [(_, found)] = sweep.curves(ground, {"b": ["b"]}, asked)
    final = blend.train(ground, rows_of(ground, ["b"])[1], Recipe(0.5, {}, ["linear"]), {})
    for name in slices:
        real = alone.best[name].mean
        assert found.points[0].scores[name].mean == real == final.alone.scores[name].mean
    taxed = compare(batch, train, slices["tune"], models=LINEAR, metric=metric)
    assert by_name(taxed)["tax"].ceiling == pytest.approx(alone.best["tune"].mean)
    if metric.startswith("recall"):
        told = blend.told(final, ground, 0.5)
        assert told["score"] == pytest.approx(told["classes"][1]["recall"])


def test_a_metric_of_one_class_in_words():
    """Documents name the class in quotes, whichever way the brief wrote it."""
    for said in (">50K", "'>50K'", '">50K"'):
        assert words.metric(f"recall@{said}") == "recall of '>50K'"
    assert words.metric("roc_auc@a@b") == "ROC AUC of 'a@b'"
    assert words.metric("average_precision") == "average precision"


def test_too_little_to_tell():
    """Few rows, one class alone or an empty slice give an interval of all that could be."""
    train, held = draw(100, 0), draw(200, 2)
    nothing = np.zeros(len(train), bool)
    single = [draw(rows, 0, ("no",)) for rows in (50, 60, 70)]
    for found in (
        compare(draw(5, 1), train, held),
        compare(draw(50, 1), train, held.iloc[:0]),
        compare(draw(50, 1), train, held, within=nothing),
        compare(*single),
    ):
        assert [one.name for one in found.measures] == [
            *("tax", "tax_share", "tax_probabilities", "tax_worst_class")
        ]
        assert all(one.excess[1:3] == (-1, 1) for one in found.measures)
        assert found.tables["classes"].empty
        assert found.notes == ["nothing can be told of utility: " + found.measures[0].excess.method]
    found = compare(
        draw(50, 1), train, held, slices={"nobody": condition.parse("town == 'nowhere'")}
    )
    assert by_name(found)["tax_worst_slice"].excess[1:3] == (-1, 1)
    assert "tune has 0 rows of slice 'nobody': too few to tell what is lost there" in found.notes


def test_rows_without_a_label_are_left_out():
    """A missing label is neither learned from nor scored."""
    batch, train, held = draw(120, 1), draw(100, 0), draw(200, 2)
    nothing = [frame.iloc[:7].assign(y=np.nan) for frame in (batch, train, held)]
    more = [
        pd.concat([frame.astype({"y": object}), empty.astype({"y": object})])
        .reset_index(drop=True)
        .astype({"y": "category"})
        for frame, empty in zip((batch, train, held), nothing, strict=True)
    ]
    one, other = compare(batch, train, held), compare(*more)
    assert one.measures == other.measures


def test_one_family_of_models_is_said():
    """A verdict that rests on one kind of model says so."""
    found = compare(draw(60, 1), draw(60, 0), draw(100, 2), models=LINEAR)
    assert found.notes == [
        "one model family only (linear): the verdict on utility is that family's"
    ]


def test_real_rows_beside_the_slice_stay():
    """A batch about a part takes that part's place; all sides keep the rest."""
    about = np.array([False, False, True, True, True])
    plan = utility._plan(about, 4, 3, ["m"], 2, ("tune",))
    assert [trial.seed for trial in plan] == [0, 0, 1, 1]
    for trial in plan:
        assert {0, 1} < set(trial.rows)
        assert len(set(trial.rows)) == 5
    assert set(plan[0].rows) == {0, 1, 2, 3, 4}
    assert set(plan[1].rows) <= {0, 1, 5, 6, 7, 8}


def test_many_rows_are_sampled_and_said(monkeypatch):
    """No model learns from more rows than the limit, the rest of train in proportion."""
    monkeypatch.setattr(utility, "LEARNED", 60)
    monkeypatch.setattr(utility, "SCORED", 150)
    monkeypatch.setattr(utility, "DRAWN", 90)
    learned = []
    fits = trials.predictions
    monkeypatch.setattr(
        trials,
        "predictions",
        lambda bench, plan: learned.extend(trial.rows for trial in plan) or fits(bench, plan),
    )
    about = np.arange(120) % 2 == 0
    found = compare(draw(100, 1), draw(120, 0), draw(200, 2), within=about)
    assert {len(rows) for rows in learned} == {60}
    assert found.tables["classes"]["rows"].iloc[0] == 150
    assert found.notes == [
        "models learn from a random 60 rows of each side",
        "rows are drawn from a random 90 of train and of the batch",
        "models are scored on a random 150 rows of tune",
    ]


def test_same_inputs_same_numbers():
    """Two runs give the same numbers to the last digit."""
    one, other = (compare(draw(90, 1), draw(100, 0), draw(200, 2)) for _ in range(2))
    assert one.measures == other.measures
    pd.testing.assert_frame_equal(one.tables["classes"], other.tables["classes"], check_exact=True)


def test_ratio_by_hand():
    """The ratio of two means, and its interval by the delta method."""
    # Means 0.4 and 0.5 over four rows: R = 0.8. Influences less 0.8 times the others', over 0.5:
    #   (0.2 - 0.8 · 0.1, -0.2 + 0.8 · 0.1, 0.1 - 0, -0.1 - 0) / 0.5 = 0.24, -0.24, 0.2, -0.2
    # variance (2 · 0.0576 + 2 · 0.04) / 3 / 4 = 0.1952 / 12
    made = Runs(np.array([0.4]), np.array([[0.2, -0.2, 0.1, -0.1]]))
    real = Runs(np.array([0.5]), np.array([[0.1, -0.1, 0.0, 0.0]]))
    found = runs.ratio(made, real)
    assert found.value == pytest.approx(0.8)
    assert found.se == pytest.approx(np.sqrt(0.1952 / 12))
    assert found.method == "t over rows, delta method"


def test_nothing_is_divided_by_what_may_be_nothing():
    """A ratio to a number whose interval holds 0 is none."""
    near = Runs(np.array([0.01]), np.array([[1.0, -1.0, 1.0, -1.0]]))
    assert np.isnan(runs.ratio(near, near).value)
    zero = Runs(np.zeros(2), np.zeros((2, 4)))
    assert np.isnan(runs.ratio(zero, zero).value)


def test_greatest_by_hand():
    """The lower bound is corrected for how many there are, the upper is the greatest's own."""
    # With infinite degrees of freedom and two numbers the lower bound is 2.2414 se below, which
    # is worth a se of 0.1 · 2.2414 / 1.95996 to a reader of one number.
    z = 1.959964
    one = Estimate(0.5, 0.5 - 0.1 * z, 0.5 + 0.1 * z, 0.1, "t over rows")
    other = Estimate(0.3, 0.3 - 0.3 * z, 0.3 + 0.3 * z, 0.3, "t over rows")
    found = runs.greatest([one, other])
    assert found.value == 0.5
    assert found.lower == pytest.approx(0.5 - 0.22414, abs=1e-5)
    assert found.upper == pytest.approx(0.3 + 0.3 * z)
    assert found.se == pytest.approx(0.1 * 2.24140 / z, rel=1e-4)
    assert found.method == "t over rows, Bonferroni over 2"


def test_greatest_keeps_the_degrees_of_freedom():
    """Bounds of few rows are corrected with Student's quantile of their own."""
    score = np.array([[0.3, 0.1, 0.9, 0.5, 0.7]])
    own = runs.estimate(Runs(score.mean(axis=1), score - score.mean()))
    found = runs.greatest([own] * 5)
    assert found.lower == pytest.approx(own.value - own.se * student.isf(0.005, 4))


def test_another_train_would_score_otherwise():
    """What real rows score varies as draws of synthetic ones do; by hand."""
    # Rows that all agree, so that seeds alone vary: made 0.1, 0.3, 0.2, variance 0.01; real 0.5.
    # Of the mean: 0.01 / 3. Of another train: 0.01 / 0.8, as draws share a fifth of their rows.
    made = Runs(np.array([0.1, 0.3, 0.2]), np.zeros((3, 9)))
    real = Runs(np.array([0.5, 0.5, 0.5]), np.zeros((3, 9)))
    found = utility.Sides(None, real, made, 0.8).lost
    assert found.value == pytest.approx(0.3)
    assert found.se == pytest.approx(np.sqrt(0.01 / 3 + 0.01 / 0.8))
    assert found.upper - found.value == pytest.approx(student.isf(0.025, 2) * found.se, rel=1e-4)
    assert found.method == "t over rows, seeds and draws"
    same = utility.Sides(None, real, made, 0.4).lost
    assert same.se == pytest.approx(np.sqrt(0.01 / 3))


@pytest.mark.parametrize("apart", [1.0, 0.6])
def test_coverage_where_the_batch_is_real(apart):
    """Of unseen real rows as the batch, the interval holds 0, whatever train was drawn."""
    rng = np.random.default_rng(8)
    hits, simulations, seeds, rows = 0, 1_500, 5, 80
    for _ in range(simulations):
        shared = 0.3 * rng.standard_normal((1, rows))
        luck = 0.1 * rng.standard_normal((2 * seeds, 1))
        luck[seeds:] = luck[seeds]  # of train, the same for all seeds
        luck[:seeds] *= np.sqrt(apart)
        noise = 0.1 * rng.standard_normal((2 * seeds, rows))
        scores = 0.7 + shared + luck + noise
        values = scores.mean(axis=1)
        made, real = (
            Runs(values[own], (scores - values[:, None])[own])
            for own in (slice(0, seeds), slice(seeds, None))
        )
        found = utility.Sides(None, real, made, apart).lost
        hits += found.lower <= 0 <= found.upper
    assert 0.93 <= hits / simulations <= 0.975


def crossed(rng, seeds, rows, mean):
    """Draw a mean score from crossed random effects; one seed has none of its own."""
    scores = mean + 0.3 * rng.standard_normal((1, rows))
    if seeds > 1:
        scores = scores + 0.03 * rng.standard_normal((seeds, 1))
    scores = scores + 0.2 * rng.standard_normal((seeds, rows))
    values = scores.mean(axis=1)
    return Runs(values, scores - values[:, None])


def plus(one, other):
    """Return the sum of two independent scores."""
    return Runs(one.values + other.values, one.influence + other.influence)


@pytest.mark.parametrize("seeds", [1, 5])
def test_coverage_of_a_ratio(seeds):
    """Two scores that share rows and seeds: the interval of their ratio holds the true one."""
    rng = np.random.default_rng(4)
    hits, simulations = 0, 2_000
    for _ in range(simulations):
        shared = crossed(rng, seeds, 80, 0.3)
        made, real = (plus(shared, crossed(rng, seeds, 80, mean)) for mean in (0.3, 0.6))
        found = runs.ratio(made, real)
        hits += found.lower <= 2 / 3 <= found.upper  # the means are 0.6 and 0.9
    assert 0.93 <= hits / simulations <= 0.97


@pytest.mark.parametrize("losses", [(0, 0, 0), (0, 0, 0.5), (0, 0.05, 0.1), (0.1,) * 8])
def test_coverage_of_the_greatest_loss(losses):
    """Each bound of the greatest of several losses errs in at most 2.5 %, give or take one."""
    rng = np.random.default_rng(6)
    below, above, simulations = 0, 0, 1_000
    for _ in range(simulations):
        found = runs.greatest([runs.estimate(crossed(rng, 4, 40, loss)) for loss in losses])
        below += found.upper < max(losses)
        above += found.lower > max(losses)
    assert below / simulations <= 0.035
    assert above / simulations <= 0.035
    if losses == (0, 0, 0.5):  # where one is clearly the greatest its own interval is left
        assert 0.93 <= 1 - (below + above) / simulations <= 0.98
