"""Drift: quiet rows raise no alarm, what changed is found and named, and says what to do."""

import json

import numpy as np
import pandas as pd
import pytest
from population import SCHEMA, population
from scipy.stats import fisher_exact, ks_2samp, spearmanr
from scipy.stats.contingency import association

from stages import monitor
from stages.lib.base import files
from stages.lib.drift import columns, comparison, pairs, permutation, pool, together, words
from stages.lib.drift.incoming import Incoming
from stages.lib.tables.schema import Column, Schema

LEVEL = 0.05


def arrived(frame, outside=None):
    """Return rows as they are read from a file, all of them as declared but those `outside`."""
    inside = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    return Incoming(frame, inside if outside is None else outside, 1, [])


def compare(learned, frame, schema=SCHEMA, outside=None):
    """Compare two samples at the 5 % level."""
    return comparison.compare(learned, arrived(frame, outside), schema, LEVEL)


def why(drift):
    """Return what is said of the columns that moved."""
    return {shift.column: shift.why for shift in drift.columns if shift.moved}


def parts(*samples, **kinds):
    """Return one column or more of two samples, pooled."""
    frames = [pd.DataFrame(sample) for sample in samples]
    frames = [f.apply(lambda v: v.astype("category") if v.dtype == object else v) for f in frames]
    schema = Schema(
        columns={
            **{name: Column(kind=kind) for name, kind in kinds.items()},
            "target": Column(kind="category", role="target"),
        }
    )
    return pool.pooled(*frames, frames[1].isna() & False, schema)


def worn(rows, rng):
    """Draw rows with ties, missing values, rare categories and a column that is hardly ever there.

    Columns go together, and which values are missing goes with the others.
    """
    frame = population(rows, rng)
    frame["n1"] = frame["n1"].round().mask(frame["n0"] + rng.standard_normal(rows) > 1.5)
    frame["n2"] = frame["n2"].where(rng.random(rows) < 0.01)
    rare = rng.choice(list("ghijklmn"), rows)
    frame["c1"] = pd.Categorical(
        np.where(rng.random(rows) < 0.03, rare, frame["c1"].astype(object)).astype(object)
    )
    return frame


@pytest.mark.slow
def test_at_most_seven_false_alarms_in_a_hundred():
    """Of 100 draws without drift at most 7 show any, whatever the sizes and kinds of columns."""
    rng = np.random.default_rng(0)
    alarms = 0
    for turn in range(100):
        draw = (population, worn)[turn % 2]
        sizes = rng.integers(300, 400), rng.integers(200, 500)
        alarms += compare(*(draw(int(size), rng) for size in sizes)).shown
    assert alarms <= 7


def test_thirty_quiet_columns_raise_no_alarm():
    """Thirty columns, some with a value in every hundredth row or constant, stay quiet."""
    rng = np.random.default_rng(1)
    names = [f"n{i}" for i in range(14)] + [f"c{i}" for i in range(15)]

    def draw(rows):
        numbers = {name: rng.standard_normal(rows) for name in names[:14]}
        labels = {name: pd.Categorical(rng.choice(list("abcdefg"), rows)) for name in names[14:]}
        frame = pd.DataFrame(numbers | labels)
        frame["n0"] = frame["n0"].where(rng.random(rows) < 0.01)
        frame["c0"] = frame["c0"].where(rng.random(rows) < 0.01)
        frame["n1"], frame["c1"] = 3.0, pd.Categorical(["only"] * rows)
        return frame.assign(y=pd.Categorical(rng.choice(["no", "yes"], rows)))

    schema = Schema(
        columns={
            **{name: Column(kind="number" if name[0] == "n" else "category") for name in names},
            "y": Column(kind="category", role="target"),
        }
    )
    for _ in range(2):
        found = compare(draw(300), draw(400), schema)
        assert (found.shown, found.moved, found.dependence) == (False, [], False)
        assert len(found.columns) == 30


def shifted(frame, rng):
    """Move the mean of n0 by half a standard deviation."""
    return frame.assign(n0=frame["n0"] + 0.6)


def relabelled(frame, rng):
    """Give a twentieth of the rows a category of c0 that nobody knew."""
    some = rng.random(len(frame)) < 0.06
    return frame.assign(c0=pd.Categorical(np.where(some, "new", frame["c0"].astype(object))))


def gone(frame, rng):
    """Lose a tenth of n1 and c1."""
    lost = {name: frame[name].mask(rng.random(len(frame)) < 0.1) for name in ("n1", "c1")}
    return frame.assign(**lost)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (shifted, {"n0": ["distribution"]}),
        (relabelled, {"c0": ["new categories"]}),
        (gone, {"n1": ["missingness"], "c1": ["missingness"]}),
    ],
    ids=["shifted mean", "new category", "changed missingness"],
)
def test_known_changes_are_found_and_named(change, expected):
    """Each known change is found in a stream, by column and reason, and nothing else is."""
    rng = np.random.default_rng(2)
    learned = population(400, rng)
    for _ in range(3):
        found = compare(learned, change(population(600, rng), rng))
        assert why(found) == expected
        assert found.dependence is False


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("n2", lambda values, rng: values + 0.4),
        ("n2", lambda values, rng: values.mask(rng.random(len(values)) < 0.05)),
        ("c0", lambda values, rng: values.astype(object).mask(rng.random(len(values)) < 0.05, "?")),
    ],
    ids=["shifted mean", "missing", "new category"],
)
def test_what_docs_say_is_found_in_four_of_five_draws(column, change):
    """With 300 rows against 500: 0.4 standard deviations, 5 % of cells gone, 5 % a new category."""
    rng = np.random.default_rng(19)
    found = 0
    for _ in range(10):
        learned, frame = population(300, rng), population(500, rng)
        frame[column] = change(frame[column], rng)
        both = pool.pooled(learned, frame, frame.isna() & False, SCHEMA)
        told = columns.tests(both, 300, rng)
        found += min(t.p_value for t in told if both[t.column].name == column) <= LEVEL / 2
    assert found >= 8


def test_changed_dependence_with_equal_marginals_is_named():
    """Two columns that no longer go together, each as before, are found, and they alone."""
    rng = np.random.default_rng(3)
    draws = [population(size, rng) for size in (400, 600)]
    for frame in draws:
        frame["n2"] = frame["n1"] * 0.7 + rng.standard_normal(len(frame)) * 0.7
    draws[1]["n2"] = rng.permutation(draws[1]["n2"])
    found = compare(*draws)
    assert (found.moved, found.joint.moved, found.dependence) == ([], True, True)
    assert [{pair.left, pair.right} for pair in found.joint.pairs] == [{"n1", "n2"}]
    assert -0.9 < found.joint.pairs[0].change < -0.5


def test_levels_that_change_places_are_found():
    """Where as strong an association has other levels on top, the pair is named."""
    rng = np.random.default_rng(4)
    sign = rng.choice([-1, 1], 1000)
    frame = pd.DataFrame({"n": sign + rng.standard_normal(1000)})
    same, other = (np.where(sign * side > 0, "up", "down") for side in (1, -1))
    frame["c"] = np.concatenate([same[:400], other[400:]]).astype(object)
    both = parts(frame[:400], frame[400:], n="number", c="category")
    [pair] = pairs.compare(both, 400, rng)
    assert pair.p_value == 1 / (pairs.DEALS + 1)
    assert pair.change > 1


def test_cells_outside_the_declaration_are_counted():
    """A stray cell is told and moves nothing; where two in a hundred are outside, it moved."""
    rng = np.random.default_rng(5)
    learned, frame = population(400, rng), population(500, rng)
    outside = pd.DataFrame(False, index=frame.index, columns=frame.columns)
    outside.loc[7, "n2"] = True
    found = compare(learned, frame, outside=outside)
    told = {shift.column: (shift.outside, shift.why, shift.moved) for shift in found.columns}
    assert told["n2"] == (1, ["out of range"], False)
    assert told["n0"] == (0, [], False)
    assert found.shown is False
    assert found.notes[0].startswith("1 cell outside what data/schema.yaml declares")
    outside.loc[rng.permutation(500)[:10], "n0"] = True
    assert why(compare(learned, frame, outside=outside)) == {"n0": ["out of range"]}


def test_half_the_labels_are_no_drift():
    """Labels come later than rows: that some are missing is no change of the target."""
    rng = np.random.default_rng(6)
    learned, frame = population(300, rng), population(300, rng)
    frame["c2"] = frame["c2"].mask(rng.random(300) < 0.5)
    found = compare(learned, frame)
    assert not found.shown
    assert found.columns[-1].missing[1] > 0.4
    assert "labels were left out" in found.notes[-1]


@pytest.mark.parametrize("size", [1, 5])
def test_few_rows_are_compared_by_columns(size):
    """With a handful of rows columns are compared, and what they do together is not."""
    rng = np.random.default_rng(7)
    learned, frame = population(300, rng), population(size, rng)
    found = compare(learned, frame)
    assert (found.shown, found.joint, found.dependence) == (False, None, None)
    assert f"{size} row" in found.notes[-1]
    far = compare(learned, frame.assign(n0=40.0, n1=-40.0))
    assert far.moved == ([] if size == 1 else ["n0", "n1"])


@pytest.mark.parametrize("size", [1, 30, 400])
def test_columns_without_a_value_or_with_one(size):
    """Columns that are constant, or empty on one side or on both, break nothing."""
    rng = np.random.default_rng(8)
    learned, frame = population(300, rng), population(size, rng)
    for one in (learned, frame):
        one["n0"], one["c0"] = 5.0, pd.Categorical(["x"] * len(one))
        one["n1"], one["c1"] = np.nan, pd.Categorical([None] * len(one), categories=[])
    frame["n2"] = np.nan
    found = compare(learned, frame)
    quiet = {shift.column: shift for shift in found.columns if shift.column != "n2"}
    assert [quiet[name].distance for name in ("n0", "n1", "c0", "c1")] == [0, 0, 0, 0]
    assert [quiet[name].moved for name in quiet] == [False] * 5
    if size > 1:
        assert why(found) == {"n2": ["missingness"]}
    assert "Column 'n2' has no value in any row that arrived." in found.notes


def test_same_rows_same_findings():
    """The deals are drawn from a constant seed: a second run says the same to the last digit."""
    rng = np.random.default_rng(9)
    learned, frame = worn(300, rng), worn(250, rng)
    assert repr(compare(learned, frame)) == repr(compare(learned, frame))


def test_many_rows_are_sampled_for_the_null(monkeypatch):
    """Above the cap p-values come from random rows of each side; shares are those of all."""
    monkeypatch.setattr(comparison, "CAP", 200)
    monkeypatch.setattr(comparison, "CAP_TOGETHER", 100)
    rng = np.random.default_rng(10)
    learned, frame = population(300, rng), shifted(population(3000, rng), rng)
    frame.loc[:299, "n1"] = np.nan
    found = compare(learned, frame)
    assert "n0" in found.moved
    assert found.columns[1].missing == (0, 0.1)
    assert [note.partition(":")[0] for note in found.notes] == [
        "P-values are from at most 200 random rows of each side.",
        "Columns together",
    ]


def test_distances_by_hand():
    """KS of 1 2 3 4 and 3 4 5 6 is 1/2; a missing cell is no value; TV is half the differences."""
    one = {"x": [1.0, 2, 3, 4], "c": ["a", "a", "b", None]}
    other = {"x": [3.0, 4, 5, 6, np.nan], "c": ["a", "b", "b", "c", None]}
    number, label = parts(one, other, x="number", c="category")
    assert columns.distance(number, 4) == 0.5
    # a: 2/3 and 1/4, b: 1/3 and 2/4, c: 0 and 1/4.
    assert columns.distance(label, 4) == pytest.approx((5 / 12 + 2 / 12 + 3 / 12) / 2)
    assert label.values[columns.new(label, 4) - 1].tolist() == ["c"]


def test_distance_is_that_of_scipy():
    """With ties and different sizes the distance of numbers is SciPy's."""
    rng = np.random.default_rng(11)
    one, other = rng.integers(0, 9, 70).astype(float), rng.integers(2, 9, 40).astype(float)
    [part] = parts({"x": one}, {"x": other}, x="number")
    assert columns.distance(part, 70) == pytest.approx(ks_2samp(one, other).statistic)


def test_stability_index_by_hand():
    """Of categories: shares 3.5/7, 2.5/7 and 1/7 (a row short of one) against 1/5, 2/5 and 2/5."""
    [part] = parts({"c": list("aaabb")}, {"c": list("bc") + [None]}, c="category")
    # Levels a, b, c and missing; half a row is added to each of the four.
    p = np.array([3.5, 2.5, 0.5, 0.5]) / 7
    q = np.array([0.5, 1.5, 1.5, 1.5]) / 5
    expected = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    assert columns.stability(part, 5) == pytest.approx(expected)
    [same] = parts({"c": list("aabb")}, {"c": list("aabb")}, c="category")
    assert columns.stability(same, 4) == 0


def test_stability_index_of_numbers_is_over_deciles():
    """1 to 20 have two in each bin; all twenty rows beyond the last decile are in the tenth."""
    learned = np.arange(1.0, 21)
    [part] = parts({"x": learned}, {"x": np.full(20, 99.0)}, x="number")
    p, empty, full = 2.5 / 25, 0.5 / 25, 20.5 / 25
    expected = 9 * (empty - p) * np.log(empty / p) + (full - p) * np.log(full / p)
    assert columns.stability(part, 20) == pytest.approx(expected)


def test_p_values_are_those_of_scipy():
    """With one thing to test the permutation's p-values are those of the exact tests."""
    rng = np.random.default_rng(12)
    one, other = rng.standard_normal(60), rng.normal(0.6, 1, 50)
    [found, *_] = columns.tests(parts({"x": one}, {"x": other}, x="number"), 60, rng)
    exact = ks_2samp(one, other, method="exact").pvalue
    assert 0.005 < exact < 0.1
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact / permutation.DEALS))
    lost = np.where(np.arange(50) < 6, np.nan, 1.0)
    both = parts({"x": np.where(np.arange(60) < 1, np.nan, 1.0)}, {"x": lost}, x="number")
    told = {test.reason: test.p_value for test in columns.tests(both, 60, rng)}
    upper = fisher_exact([[6, 44], [1, 59]], alternative="greater").pvalue
    lower = fisher_exact([[0, 50], [7, 53]], alternative="less").pvalue
    assert 2 * lower < 2 * upper  # so that a deal of none to the second sample is as rare
    assert told["missingness"] == pytest.approx(upper + lower, abs=0.03)


def test_a_new_category_is_as_likely_as_its_rows_are_dealt_so():
    """Four rows of one category are dealt to the 20 of 60 that arrived: 20/60 · 19/59 and so on."""
    learned, came = ["a"] * 40, ["a"] * 16 + ["b"] * 4
    both = parts({"c": learned}, {"c": came}, c="category")
    told = {
        test.reason: test.p_value for test in columns.tests(both, 40, np.random.default_rng(13))
    }
    chance = np.prod(np.arange(20, 16, -1) / np.arange(60, 56, -1))
    # The distances of b's share and its being new come to the same here, as it is all or nothing.
    assert told["new categories"] == pytest.approx(chance, abs=4 * np.sqrt(chance / 999) + 0.001)


def test_corrected_p_values_by_hand():
    """The least of the tests not yet named is held against the least of theirs in each deal."""
    p = np.array([[0.2, 0.5, 0.9, 0.1], [0.1, 0.3, 0.2, 0.6]])
    # Second first: minima 0.1, 0.3, 0.2, 0.1, of which two are at most 0.1. Then the first alone:
    # 0.2, 0.5, 0.9, 0.1, of which two are at most 0.2.
    assert permutation.corrected(p).tolist() == [0.5, 0.5]
    assert permutation.corrected(p[:, [0, 1, 2, 1]]).tolist() == [0.25, 0.25]
    assert permutation.corrected(np.array([[0.5, 0.1], [0.1, 0.9]])).tolist() == [1.0, 1.0]


def test_every_deal_has_as_many_rows_and_the_first_is_observed():
    """Deals keep both sizes, none is the observed one but the first, and all fit in memory."""
    blocks = list(permutation.deals(3000, 1000, np.random.default_rng(14)))
    assert len(blocks) > 1
    dealt = np.concatenate(blocks, axis=1)
    assert dealt.shape == (4000, permutation.DEALS + 1)
    assert set(dealt.sum(axis=0)) == {1000}
    assert not dealt[:3000, 0].any()
    assert dealt[:3000, 1:].any(axis=0).all()


def test_changes_of_association_are_those_of_its_measures():
    """From none to some: the rank correlation, the correlation ratio and Cramér's V themselves."""
    rng = np.random.default_rng(15)
    cause = rng.standard_normal(900)
    level = np.array(list("abc"))[np.digitize(cause, [-0.5, 0.7])]
    kind = np.where(cause + rng.standard_normal(900) > 0, "u", "v")
    frame = pd.DataFrame({"x": cause, "y": cause + rng.standard_normal(900), "c": level, "d": kind})
    frame[["c", "d"]] = frame[["c", "d"]].astype(object)
    # A sample in which every value meets every other has no association at all.
    grid = pd.MultiIndex.from_product([[0.0, 1], [0.0, 1], list("abc"), list("uv")])
    none = grid.to_frame(index=False).set_axis(list("xycd"), axis=1)
    both = parts(none, frame, x="number", y="number", c="category", d="category")
    told = {frozenset(pair[:2]): pair.change for pair in pairs.compare(both, len(none), rng)}
    ranks = pd.concat([none, frame])[["x", "y"]].rank()[len(none) :]
    assert told[frozenset("xy")] == pytest.approx(np.corrcoef(ranks.T)[0, 1])
    assert told[frozenset("xy")] == pytest.approx(spearmanr(frame.x, frame.y)[0], abs=0.01)
    between = ranks["x"].groupby(level).transform("mean")
    assert told[frozenset("xc")] == pytest.approx(between.std() / ranks["x"].std())
    cells = pd.crosstab(level, kind).to_numpy()
    assert told[frozenset("cd")] == pytest.approx(association(cells, method="cramer"))


def test_pairs_where_values_are_missing():
    """Rows without a value of the pair do not count: the association stays what it is."""
    rng = np.random.default_rng(16)
    cause = rng.standard_normal(2000)
    frame = pd.DataFrame({"x": cause, "y": cause + rng.standard_normal(2000)})
    frame.loc[1000:, "y"] = frame["y"].mask(rng.random(2000) < 0.5)
    [pair] = pairs.compare(parts(frame[:1000], frame[1000:], x="number", y="number"), 1000, rng)
    assert abs(pair.change) < 0.08
    assert pair.p_value > LEVEL


def test_the_discriminator_tells_what_can_be_told():
    """It knows rows that moved far, and not those of the same population."""
    rng = np.random.default_rng(17)
    same, other = population(400, rng), population(400, rng)
    moved = other.assign(n0=other["n0"] + 2)
    told = together.tell(pd.concat([same, moved], ignore_index=True), 400, SCHEMA, rng)
    assert told.auc > 0.7
    assert told.p_value == 1 / (permutation.DEALS + 1)
    quiet = together.tell(pd.concat([same, other], ignore_index=True), 400, SCHEMA, rng)
    assert quiet.p_value > LEVEL


def test_what_is_written_names_columns_and_no_value():
    """drift.json counts new categories; the terminal names them unless the column is sensitive."""
    rng = np.random.default_rng(18)
    secret = {"c1": Column(kind="category", sensitive=True)}
    schema = Schema(columns={**SCHEMA.columns, **secret})
    learned, frame = population(300, rng), population(400, rng)
    frame["c0"] = pd.Categorical(["Shangri-La"] * 200 + ["a"] * 200)
    frame["c1"] = pd.Categorical(["Xanadu"] * 200 + ["a"] * 200)
    drift = compare(learned, frame, schema)
    told = words.told(arrived(frame), drift, None, LEVEL, schema, drift.notes)
    written = json.dumps(told)
    assert "Shangri-La" not in written
    assert "Xanadu" not in written
    assert words.unseen(drift, schema) == ["c0: Shangri-La"]
    assert {line["column"]: line["new_categories"] for line in told["columns"]}["c1"] == 1
    assert told["regenerate"] is True
    assert told["advice"].startswith("Regenerate: 2 columns moved")


def test_nothing_arrived_is_no_verdict():
    """Without rows nothing is said to have drifted, nor not to have."""
    empty = Incoming(pd.DataFrame(), pd.DataFrame(), 0, [])
    told = words.told(empty, None, None, LEVEL, SCHEMA, [])
    assert (told["arrived"], told["drift"], told["regenerate"]) == (False, None, None)
    assert (told["columns"], told["joint"], told["model"], told["notes"]) == ([], None, None, [])


STAGE = """
ingest: {drop_duplicates: true}
monitor: {incoming: incoming, level: 0.05}
"""
DECLARED = """
columns:
  age: {kind: integer, min: 17, max: 90}
  town: {kind: category, sensitive: true}
  rich: {kind: category, role: target}
"""


def test_the_stage_writes_what_it_found(tmp_path, monkeypatch, capsys):
    """From files to metrics/drift.json: first nothing arrived, then rows without labels."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(20)
    for folder in ("data", "incoming", "metrics"):
        (tmp_path / folder).mkdir()
    (tmp_path / "params.yaml").write_text(STAGE)
    (tmp_path / "data/schema.yaml").write_text(DECLARED)
    (tmp_path / "incoming/.gitignore").write_text("*")
    rows = {name: pd.Categorical(rng.choice(list("ab"), 300)) for name in ("town", "rich")}
    learned = pd.DataFrame({"age": rng.integers(17, 60, 300).astype(float), **rows})
    files.write_parquet(learned, "data/train.parquet")
    monitor.main()
    nothing = json.loads((tmp_path / "metrics/drift.json").read_text())
    assert nothing["arrived"] is False
    ages, towns = rng.integers(40, 95, 100), rng.choice(list("az"), 100)
    pd.DataFrame({"age": ages, "town": towns}).to_csv("incoming/may.csv", index=False)
    capsys.readouterr()
    monitor.main()
    told = json.loads((tmp_path / "metrics/drift.json").read_text())
    assert told.keys() == nothing.keys()
    assert (told["moved"], told["drift"], told["regenerate"]) == (["age", "town"], True, True)
    age, town = told["columns"]
    assert age["out_of_range"] == (ages > 90).sum() > 0
    assert (town["test"], town["new_categories"]) == ("TV", 1)
    assert "distribution" in age["why"]
    assert told["joint"]["moved"] is True
    assert told["advice"].endswith(
        "label the rows that arrived, take them into the real table, and run the pipeline again."
    )
    assert "The rows came without labels." in told["notes"]
    assert "new categories" not in capsys.readouterr().out
    before = (tmp_path / "metrics/drift.json").read_bytes()
    monitor.main()
    assert (tmp_path / "metrics/drift.json").read_bytes() == before
