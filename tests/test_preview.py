"""What a page of synthetic rows gives away, and whether a person has read it."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import preview
from stages.lib.base.errors import ParamsError, ReviewError
from stages.lib.tables import condition
from stages.lib.tables.schema import Column, Combinations, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number", min=0, max=1),
        "rich": Column(kind="category", role="target"),
    }
)
HASH, OTHER = "ab" * 32, "cd" * 32


def people(age, rich):
    """Return rows of the schema."""
    return pd.DataFrame({"age": np.array(age, float), "rich": pd.Categorical(list(rich))})


TRAIN = people([0.1, 0.2, 0.3], ["no", "yes", "no"])


def varied(rows=60):
    """Return real rows of which every age differs and one label in two is `yes`."""
    return people(np.arange(rows) / 100, ["no", "yes"] * (rows // 2))


def test_findings_by_hand():
    """Repeated rows, copies of real ones, impossible cells and unknown formats are counted."""
    made = people([0.1, 0.1, 0.5, 7.25], ["no", "no", "no", "no"])
    assert preview.inspect(made, TRAIN, TRAIN, SCHEMA) == {
        "rows": 4,
        "repeated_rows": 1,
        "repeated_rows_by_chance": pytest.approx(4 - 3 * (1 - (2 / 3) ** 4)),
        "copied_real_rows": 2,
        "impossible_cells": {"age": 1},
        "broken_rules": {},
        "broken_formats": {"age": 1},  # 7.25 has two decimals, real ages have one
        "constant_columns": [],  # four draws of "no" are no wonder where two in three are
        "crowded_columns": [],
        "failures": [],
    }


def test_a_column_that_lost_its_variation_is_named():
    """Thirty draws of "no" are a finding where two in three real rows say so."""
    made = people(np.linspace(0, 1, 30), ["no"] * 30)
    found = preview.inspect(made, TRAIN, TRAIN, SCHEMA)
    assert found["constant_columns"] == ["rich"]
    assert found["failures"] == ["column 'rich' is constant and the real one is not"]


def test_a_constant_feature_fails_where_no_value_is_usual():
    """A feature of which one value has most rows is a finding, and no failure."""
    real = varied().rename(columns={"rich": "age", "age": "rich"})[["age", "rich"]]
    schema = Schema(
        columns={
            "age": Column(kind="category"),
            "rich": Column(kind="number", role="target"),
        }
    )
    for shares, failures in ((["no", "yes", "may"], 1), (["no", "no", "may"], 0)):
        real["age"] = pd.Categorical(shares * 20)
        made = real.assign(age=pd.Categorical(["no"] * 60))
        found = preview.inspect(made, real, real, schema)
        assert found["constant_columns"] == ["age"]
        assert len(found["failures"]) == failures


def test_a_column_that_is_constant_in_truth_may_be_constant():
    """Only variation that was lost is a finding."""
    train, made = people([0.1, 0.2], ["no", "no"]), people([0.3, 0.4], ["no", "no"])
    assert preview.inspect(made, train, train, SCHEMA)["constant_columns"] == []


def test_a_missing_value_is_a_value_that_may_be_lost():
    """Fifty missing cells where a third of the real ones is missing are a constant column."""
    train = people([0.1, np.nan, 0.2], ["no", "yes", "no"])
    made = people([np.nan] * 50, ["no", "yes"] * 25)
    assert preview.inspect(made, train, train, SCHEMA)["constant_columns"] == ["age"]


@pytest.mark.parametrize(("distinct", "crowded"), [(18, True), (25, False)])
def test_few_values_over_and_over(distinct, crowded):
    """Sixty draws of sixty values have 38 different ones; fewer than half as many are told."""
    # 60 (1 - (59/60)^60) = 38.1; half of it is 19.05, and 4 spreads below it is 38.1 - 14.9.
    made = people((np.arange(60) % distinct) / 100, ["no", "yes"] * 30)
    assert preview.inspect(made, varied(), varied(), SCHEMA)["crowded_columns"] == ["age"] * crowded


def test_crowded_columns_fail_where_they_are_most():
    """A generator that repeats a few rows is told by its columns."""
    real = varied().assign(rich=pd.Categorical([f"{place:02}" for place in range(60)]))
    made = people((np.arange(60) % 5) / 100, [f"{place % 12:02}" for place in range(60)])
    found = preview.inspect(made, real, real, SCHEMA)
    assert found["crowded_columns"] == ["age", "rich"]
    assert found["failures"] == ["few values over and over in age, rich"]
    one = preview.inspect(made.assign(rich=real["rich"]), real, real, SCHEMA)
    assert one["crowded_columns"] == ["age"]
    assert one["failures"] == []


@pytest.mark.parametrize(("repeated", "failures"), [(31, 1), (30, 0)])
def test_rows_that_repeat_another_fail_from_half_on(repeated, failures):
    """More than half of sixty rows, where real ones would hardly repeat."""
    # 4,000 real rows that all differ: sixty draws are expected to repeat 0.44 rows.
    real = people(np.arange(4000) / 10_000, ["no", "yes"] * 2000)
    place = np.maximum(np.arange(60) - repeated, 0)
    made = people(place / 100, np.array(["no", "yes"])[place % 2])
    found = preview.inspect(made, real, real, SCHEMA)
    assert found["repeated_rows"] == repeated
    told = [text for text in found["failures"] if "repeat" in text]
    assert told == ["31 of 60 rows repeat another"][:failures]


def test_repeats_that_real_rows_have_too_are_no_failure():
    """Of two kinds of real rows sixty draws repeat 58, and so may the made ones."""
    real = people([0.1, 0.2], ["no", "yes"])
    found = preview.inspect(people([0.1, 0.2] * 30, ["no", "yes"] * 30), real, real, SCHEMA)
    assert found["repeated_rows"] == 58
    assert found["failures"] == []


def test_impossible_cells_fail_from_half_on():
    """Two of four cells are a finding, three are a failure."""
    made = people([0.1, 0.5, 7, 8], ["no", "yes", "no", "yes"])
    found = preview.inspect(made, TRAIN, TRAIN, SCHEMA)
    assert found["impossible_cells"] == {"age": 2}
    assert found["failures"] == []
    made.loc[0, "age"] = -1
    assert preview.inspect(made, TRAIN, TRAIN, SCHEMA)["failures"] == [
        "column 'age': 3 cells hold what data/schema.yaml does not allow"
    ]


def test_broken_rules_fail_from_half_on():
    """Conditions and combinations are counted by their rule; a missing value breaks none."""
    schema = SCHEMA.model_copy(
        update={"rules": ("age < 0.5", Combinations(combinations=("age", "rich")))}
    )
    made = people([0.1, 0.6, 0.7, np.nan], ["yes", "yes", "no", "no"])
    found = preview.inspect(made, TRAIN, TRAIN, schema)
    assert found["broken_rules"] == {"age < 0.5": 2, "age with rich": 4}
    assert found["failures"] == ["rule 'age with rich' is broken by 4 of 4 rows"]


def test_formats_of_categories():
    """A code with other letters, digits or signs than any real one is counted."""
    train = people([0.1, 0.2, 0.3], ["AB-12", "C-3", "D-4"])
    made = people([0.1] * 5, ["ZZ-99", "Q-0", "Q 0", "12-AB", "Q-1x"])
    assert preview.inspect(made, train, train, SCHEMA)["broken_formats"] == {"rich": 3}


def test_numbers_without_a_format():
    """Where real numbers have any number of decimals, so may made ones."""
    train = people([0.123456789, 0.2, 0.3], ["no", "yes", "no"])
    made = people([0.987654321, 0.5], ["no", "yes"])
    assert preview.inspect(made, train, train, SCHEMA)["broken_formats"] == {}


def test_condition_that_no_real_row_meets_is_refused():
    """Nothing can be learned of rows that are not there, or that cannot be told."""
    assert preview.like(TRAIN, None) is TRAIN
    with pytest.raises(ParamsError, match="no row of train meets 'age > 0.5'"):
        preview.like(TRAIN, condition.parse("age > 0.5"))
    with pytest.raises(ParamsError, match=r"`slices.\*.where`: \"age > 'old'\" cannot"):
        preview.like(TRAIN, condition.parse("age > 'old'"))


def test_combinations_of_other_real_rows_are_allowed():
    """A slice of few rows may hold combinations that only the other real rows of train have."""
    schema = SCHEMA.model_copy(update={"rules": (Combinations(combinations=("age", "rich")),)})
    made = people([0.2, 0.2], ["yes", "yes"])
    own = TRAIN[TRAIN["rich"] == "no"].reset_index(drop=True)
    assert preview.inspect(made, own, TRAIN, schema)["broken_rules"] == {}
    assert preview.inspect(made, own, own, schema)["broken_rules"] == {"age with rich": 2}


FINDINGS = {"failures": [], "verdict": "pass", "sha256": HASH}


def seen(review, text=None, *, required=True, **changed):
    """Return the record of a preview, with a review of this text if any."""
    if text is not None:
        review.write_bytes(text if isinstance(text, bytes) else text.encode())
    return preview.seen("cart-all", {**FINDINGS, **changed}, str(review), required=required)


def refusal(*given, **options):
    """Return the message with which a preview is stopped."""
    with pytest.raises(ReviewError) as caught:
        seen(*given, **options)
    return str(caught.value)


def test_failed_preview_is_stopped_even_where_approved(tmp_path):
    """No approval, and no leave to go without one, helps a preview that failed."""
    approval = f"who: Ann\nnote: fine\nsha256: {HASH}\n"
    for required in (True, False):
        told = refusal(tmp_path / "r.yaml", approval, required=required, failures=["one", "two"])
        assert told == (
            "the preview of cart-all failed: 2 problems\n  - one\n  - two\n"
            "read data/preview/cart-all.csv, then change the generator in params.yaml or take it "
            "out"
        )


def test_preview_that_nobody_need_read(tmp_path):
    """Without a required approval the record is the verdict and the hash."""
    assert seen(tmp_path / "r.yaml", required=False) == {"verdict": "pass", "sha256": HASH}


def test_absent_approval(tmp_path):
    """It says what to read, and how to sign that."""
    assert refusal(tmp_path / "r.yaml") == (
        "cart-all waits for a person: read data/preview/cart-all.csv, then sign it: "
        "dvc-synth approve cart-all --note TEXT"
    )


def test_approval_of_another_preview(tmp_path):
    """A page that changed since must be read again."""
    told = refusal(tmp_path / "r.yaml", f"who: Ann\nnote: fine\nsha256: {OTHER}\n")
    assert "approves another preview than data/preview/cart-all.csv now is" in told
    assert told.endswith("read that, then sign it: dvc-synth approve cart-all --note TEXT")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "who: [Ann",
        "Ann",
        f"who: Ann\nsha256: {HASH}\n",
        f"who: ''\nnote: fine\nsha256: {HASH}\n",
        "who: Ann\nnote: fine\nsha256: abc\n",
        f"who: Ann\nnote: fine\nsha256: {HASH}\nwhen: today\n",
        b"who: J\xfcrg\n",
    ],
    ids=["empty", "no YAML", "a word", "no note", "nobody", "short hash", "more", "no UTF-8"],
)
def test_malformed_approval(tmp_path, text):
    """A file that is no approval is told with how to make one."""
    told = refusal(tmp_path / "r.yaml", text)
    assert "r.yaml is no approval of data/preview/cart-all.csv" in told
    assert told.endswith("sign it: dvc-synth approve cart-all --note TEXT")


def test_right_approval(tmp_path):
    """Who approved and why goes into the record."""
    text = f"who: Ann\nnote: 'ages look right'\nsha256: {HASH}\n"
    assert seen(tmp_path / "r.yaml", text) == {
        "verdict": "pass",
        "sha256": HASH,
        "approved_by": "Ann",
        "note": "ages look right",
    }
