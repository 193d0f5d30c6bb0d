"""SDV's synthesizers: exact conditions, kept rules, equal bytes, losses, and refusals in words."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from stages.lib import losses
from stages.lib.base import files
from stages.lib.base.errors import GeneratorError
from stages.lib.generators.protocol import Trained
from stages.lib.generators.sdv import KINDS, TRAINED, Synthesizer
from stages.lib.tables import condition
from stages.lib.tables.condition import parse
from stages.lib.tables.schema import Column, Schema, broken, unheard, valid

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = Schema(
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="integer", min=17, max=90),
        "pay": Column(kind="number"),
        "town": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)
NUMERIC = Schema(
    columns={
        **{name: SCHEMA.columns[name] for name in ("age", "town")},
        "pay": Column(kind="number", role="target"),
    }
)
RULED = Schema(
    columns={
        **{name: Column(kind="integer") for name in ("low", "middle", "high", "top", "tens")},
        "start": Column(kind="number"),
        "end": Column(kind="number"),
        "country": Column(kind="category"),
        "town": Column(kind="category"),
        "code": Column(kind="integer"),
        "rich": Column(kind="category", role="target"),
    },
    rules=(
        "low < middle < high",
        "top >= high",
        "tens % 10 == 0",
        "start <= end",
        "low + middle < 1000",
        {"combinations": ["country", "town"]},
        {"combinations": ["town", "code"]},
    ),
)


def real(rows=300, seed=0):
    """Draw rows whose town goes with age, and whose label goes with pay."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 61, rows).astype(float)
    pay = age / 10 + rng.standard_normal(rows)
    return pd.DataFrame(
        {
            "id": pd.Categorical([f"p{place}" for place in range(rows)]),
            "age": age,
            "pay": np.where(rng.random(rows) < 0.2, np.nan, pay),
            "town": pd.Categorical(np.where(age + 5 * rng.standard_normal(rows) < 45, "a", "b")),
            "rich": pd.Categorical(np.where(pay + rng.standard_normal(rows) > 5, "yes", "no")),
        }
    )


def ruled(rows=300, seed=0):
    """Draw rows that keep to every rule; one in ten of `end` is missing."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, 20, (4, rows)).cumsum(axis=0).astype(float)
    start, place = rng.gamma(2, 10, rows), rng.integers(0, 4, rows)
    return pd.DataFrame(
        {
            **dict(zip(("low", "middle", "high", "top"), steps, strict=True)),
            "tens": 10.0 * rng.integers(1, 9, rows),
            "start": start,
            "end": np.where(rng.random(rows) < 0.1, np.nan, start + rng.gamma(2, 3, rows)),
            "country": pd.Categorical(np.array(["x", "x", "y", "y"])[place]),
            "town": pd.Categorical(np.array(["a", "b", "c", "d"])[place]),
            "code": np.array([11.0, 12.0, 21.0, 22.0])[place],
            "rich": pd.Categorical(np.where(rng.random(rows) < 0.4, "yes", "no")),
        }
    )


def quick(kind, **options):
    """Return an unfitted synthesizer that trains for a moment."""
    few = {"epochs": 2, "verbose": False} if kind in TRAINED else {}
    return Synthesizer(kind, {**few, **options})


@pytest.fixture(scope="module")
def fitted():
    """Fit each kind once."""
    return {kind: quick(kind).fit(real(), SCHEMA, seed=1) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_made_rows_are_typed_like_real_ones(fitted, kind):
    """Columns, their order, their types and their allowed values are those of a real table."""
    made = fitted[kind].sample(700, seed=2)
    assert list(made) == SCHEMA.modelled
    assert len(made) == 700
    assert (made[["age", "pay"]].dtypes == "float64").all()
    assert set(made["town"].cat.categories) <= {"a", "b"}
    assert valid(made, SCHEMA).all(axis=None)
    assert abs(made["pay"].isna().mean() - 0.2) < 0.1
    none = fitted[kind].sample(0, seed=2)
    assert list(none) == SCHEMA.modelled
    assert len(none) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_seed_decides_the_rows(fitted, kind):
    """The same seed gives the same rows whatever was sampled before, another seed others."""
    for where in (None, parse("rich == 'yes'")):
        first = fitted[kind].sample(50, where=where, seed=2)
        other = fitted[kind].sample(50, where=where, seed=3)
        pd.testing.assert_frame_equal(fitted[kind].sample(50, where=where, seed=2), first)
        assert not other.equals(first)


def test_missing_values_differ_between_seeds_and_columns():
    """SDV alone would put the missing values of all columns and seeds into the same rows."""
    train = real().assign(age=lambda frame: frame["age"].mask(frame["age"] % 4 == 0))
    made = Synthesizer("gaussian_copula").fit(train, SCHEMA, seed=1)
    one, other = (made.sample(2000, seed=seed).isna() for seed in (2, 3))
    assert abs(np.corrcoef(one["pay"], other["pay"])[0, 1]) < 0.1
    assert abs(np.corrcoef(one["pay"], one["age"])[0, 1]) < 0.1


CONDITIONS = [
    "rich == 'yes'",
    "rich == 'yes' and town == 'a'",
    "age == 33",
    "age == 33.0 and rich == 'no'",
    "pay > 6.5",
    "age < 24 or town != 'b'",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_copula_conditions_exactly(fitted, text):
    """All rows meet the condition, and are distributed as those of its own rows that do."""
    where = parse(text)
    made = fitted["gaussian_copula"].sample(2000, where=where, seed=2)
    assert len(made) == 2000
    assert condition.holds(where, made).all()
    own = condition.keep(fitted["gaussian_copula"].sample(60_000, seed=3), where)
    assert len(own) > 300
    for name in SCHEMA.modelled:
        if SCHEMA.columns[name].numeric:
            assert ks_2samp(made[name].dropna(), own[name].dropna()).pvalue > 1e-4
        left, right = (
            frame[name].isna() if SCHEMA.columns[name].numeric else frame[name] == frame[name].min()
            for frame in (made.astype(object), own.astype(object))
        )
        assert abs(left.mean() - right.mean()) < 4 * np.sqrt(0.25 / 2000 + 0.25 / len(own))


@pytest.mark.parametrize("kind", TRAINED)
def test_others_return_those_rows_that_meet_it(fitted, kind):
    """Without conditioning, the rows are those among the same seed's rows that meet it."""
    where = parse("town == 'a' and rich == 'no'")
    some = fitted[kind].sample(200, where=where, seed=2)
    assert 0 < len(some) < 200
    every = condition.keep(fitted[kind].sample(200, seed=2), where)
    pd.testing.assert_frame_equal(some, every, check_categorical=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["town == 'c'", "age == 16"])
def test_condition_that_no_row_meets(fitted, kind, text, monkeypatch):
    """What cannot be made gives no rows, and an end."""
    monkeypatch.setattr("stages.lib.generators.parts.given.LEAST", 100_000)
    none = fitted[kind].sample(20, where=parse(text), seed=2)
    assert list(none) == SCHEMA.modelled
    assert len(none) == 0


@pytest.mark.parametrize("kind", ["gaussian_copula", "ctgan"])
def test_rules_are_kept(kind):
    """Every row keeps to every rule that SDV has a constraint for, also given a condition."""
    made = quick(kind).fit(ruled(), RULED, seed=1)
    for where in (None, parse("rich == 'yes'"), parse("town == 'a'")):
        found = made.sample(100, where=where, seed=2)
        assert where is not None or len(found) == 100
        told = broken(found, RULED)
        del told["low + middle < 1000"]  # left to verification
        assert not any(wrong.any() for wrong in told.values())
        assert not any(wrong.any() for wrong in unheard(found, ruled(), RULED).values())
    assert made.sample(100, seed=2)["end"].isna().any()


def test_rule_that_real_rows_break_is_told():
    """The rule is named, and how many rows break it."""
    with pytest.raises(GeneratorError) as caught:
        quick("gaussian_copula").fit(ruled().assign(tens=7.0, top=0.0), RULED, seed=1)
    assert str(caught.value) == (
        "data/train.parquet: 2 problems\n"
        "  - rule 'top >= high': no row keeps to it; mend the rule in data/schema.yaml\n"
        "  - rule 'tens % 10 == 0': no row keeps to it; mend the rule in data/schema.yaml"
    )


@pytest.mark.parametrize("kind", TRAINED)
def test_losses(fitted, kind):
    """A row per epoch and a column per loss, all finite."""
    found = fitted[kind].losses
    assert isinstance(fitted[kind], Trained)
    assert len(found) == 2
    assert list(found) == (["loss"] if kind == "tvae" else ["generator_loss", "discriminator_loss"])
    assert np.isfinite(found).all(axis=None)


def test_tvae_losses_are_means_over_batches():
    """Where an epoch has several batches, its loss is their mean."""
    made = quick("tvae", batch_size=100).fit(real(), SCHEMA, seed=1)
    batches = made.synthesizer.get_loss_values()
    assert len(batches) == 6
    assert made.losses["loss"].tolist() == pytest.approx(
        [batches["Loss"][:3].mean(), batches["Loss"][3:].mean()]
    )


def test_copula_has_no_losses(fitted):
    """What is not trained has none."""
    assert not isinstance(fitted["gaussian_copula"], Trained)


def test_losses_are_written_the_same_each_time(tmp_path):
    """A file per loss, and nothing of the time or the place; no file where nothing was trained."""
    told = pd.DataFrame({"generator_loss": [1.5, 0.1234567], "discriminator_loss": [0.5, np.nan]})
    for place in ("one", "other"):
        losses.write(told, tmp_path / place)
        losses.write(None, tmp_path / place / "none")
    written = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert [str(path) for path in written] == [
        "metrics.json",
        "none/metrics.json",
        "plots/metrics/discriminator_loss.tsv",
        "plots/metrics/generator_loss.tsv",
    ]
    for path in written:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "other" / path).read_bytes()
    tsv = (tmp_path / "one/plots/metrics/generator_loss.tsv").read_text()
    assert tsv == "step\tgenerator_loss\n0\t1.5\n1\t0.123457\n"
    assert files.read_json(tmp_path / "one/none/metrics.json") == {}


def test_progress_is_shown_unless_told_otherwise(capsys):
    """A bar on the terminal while it trains, none while it samples."""
    Synthesizer("tvae", {"epochs": 1}).fit(real(60), SCHEMA, seed=1)
    assert "1/1" in capsys.readouterr().err
    made = quick("tvae").fit(ruled(60), RULED, seed=1)
    made.sample(20, seed=1)
    assert "".join(capsys.readouterr()) == ""


FIT = """
import sys
from stages.lib import models
from test_sdv import SCHEMA, quick, real

for kind in sys.argv[2:]:
    rows = 550 if kind == "ctgan" else 60  # from 500 on it would start workers
    made = quick(kind).fit(real(rows), SCHEMA, seed=1)
    models.save(made, f"{sys.argv[1]}{kind}.pkl")
    made.sample(40, seed=3).to_parquet(f"{sys.argv[1]}{kind}.parquet")
"""


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(tmp_path):
    """The model and its rows are the same for any hash seed and any number of workers."""
    running = []
    for place in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": place, "LOKY_MAX_CPU_COUNT": place}
        environment |= {"PYTHONPATH": str(ROOT / "tests"), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", FIT, str(tmp_path / place), *KINDS]
        running.append(subprocess.Popen(command, cwd=ROOT, env=environment))
    assert [process.wait() for process in running] == [0, 0]
    for kind in KINDS:
        one, other = (tmp_path / f"{place}{kind}.pkl" for place in ("1", "2"))
        assert one.read_bytes() == other.read_bytes()
        rows = [pd.read_parquet(path.with_suffix(".parquet")) for path in (one, other)]
        pd.testing.assert_frame_equal(*rows)
        again = pickle.loads(one.read_bytes()).sample(40, seed=3)
        pd.testing.assert_frame_equal(again, rows[0], check_categorical=False)


def test_model_does_not_hold_which_row_has_what(fitted):
    """What CTGAN keeps of real rows by their number, only training uses."""
    assert fitted["ctgan"].synthesizer._model._data_sampler._rid_by_cat_cols == []


def refusal(kind, train=None, schema=SCHEMA, **options):
    """Return the message with which a fit is refused."""
    with pytest.raises(GeneratorError) as caught:
        quick(kind, **options).fit(real(60) if train is None else train, schema, seed=1)
    return str(caught.value)


def test_unknown_option_names_the_nearest():
    """A parameter that SDV does not take is told with the likely one; the metadata is ours."""
    told = refusal("ctgan", epoch=3)
    assert told.startswith(
        "params.yaml: `options.epoch` is not a parameter of SDV's CTGANSynthesizer; "
        "did you mean 'epochs'? choices: batch_size, discriminator_decay"
    )
    assert "`options.epochs` is not a parameter" in refusal("gaussian_copula", epochs=3)
    assert "`options.metadata` is not a parameter" in refusal("tvae", metadata={})


def test_impossible_options_are_told_in_words():
    """A value that SDV or torch cannot take ends in one message."""
    assert refusal("ctgan", batch_size=25) == (
        "params.yaml: `options.batch_size` of ctgan must be even and a multiple of `pac`, "
        "got 25 with `pac` 10"
    )
    assert "multiple of `pac`" in refusal("copula_gan", batch_size=32)
    assert "gaussian_copula cannot learn from these rows; SDV says: " in refusal(
        "gaussian_copula", default_distribution="normal"
    )
    assert "tvae cannot learn" in refusal("tvae", epochs="many")
    for threads in (0, "two", True):
        with pytest.raises(ValueError, match="`threads` must be a whole number from 1 up"):
            Synthesizer("ctgan", threads=threads)
    with pytest.raises(ValueError, match="`options` must be parameters of SDV by name"):
        Synthesizer("ctgan", [1])
    for kind in ("ctgn", 3, ["ctgan"]):
        with pytest.raises(ValueError, match="`kind` .* is unknown; .*choices: copula_gan, ctgan"):
            Synthesizer(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_of_sdv_is_taken(kind):
    """The options reach SDV's constructor as they are."""
    asked = {"enforce_rounding": False}
    if kind in TRAINED:
        asked |= {"embedding_dim": 8, "batch_size": 40}
    if kind in ("ctgan", "copula_gan"):
        asked |= {"generator_dim": [16, 8], "pac": 4}
    made = quick(kind, **asked).fit(real(60), SCHEMA, seed=1)
    found = made.synthesizer.get_parameters()
    assert {name: found[name] for name in asked} == asked
    assert len(made.sample(30, seed=1)) == 30


@pytest.mark.parametrize("kind", KINDS)
def test_awkward_tables(kind):
    """One value, no value, few rows and missing labels are learned as they are."""
    train = real(30).assign(age=33.0, pay=np.nan)
    train["town"] = pd.Categorical(["a"] * 30)
    train.loc[:4, "rich"] = None
    made = quick(kind).fit(train, SCHEMA, seed=1).sample(400, seed=2)
    assert (made["age"] == 33).all()
    assert made["pay"].isna().all()
    assert (made["town"] == "a").all()
    assert 0 < made["rich"].isna().mean() < 0.6
    numeric = quick(kind).fit(real(30), NUMERIC, seed=1).sample(200, seed=2)
    assert list(numeric) == ["age", "town", "pay"]
    assert numeric["pay"].notna().any()


@pytest.mark.parametrize("kind", KINDS)
def test_table_of_nothing_is_refused(kind):
    """Too few rows or columns are told with how many are needed."""
    told = f"{kind} needs at least 2 real rows and 2 columns with values, got "
    assert refusal(kind, real(1)) == told + "1 and 3"
    empty = real(30).assign(age=np.nan, pay=np.nan, town=pd.Categorical([None] * 30))
    assert refusal(kind, empty) == told + "30 and 1"
