"""Rows that come back: the record of batches, what chance explains, and what is refused."""

import json
import re
from math import comb
from operator import ne
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.lib import fingerprints, returns
from stages.lib.base.errors import ProvenanceError, TableError
from stages.lib.tables import condition, table
from stages.lib.tables.schema import Column, Schema

ROOT = Path(__file__).resolve().parents[1]
SHA = "ab" * 32


def wide(rows, seed):
    """Return rows of which no two are equal by chance."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "x": rng.standard_normal(rows),
            "n": rng.integers(0, 100, rows).astype(float),
            "c": pd.Categorical(rng.choice(["a", "b"], rows)),
        }
    )


def narrow(rows, seed, levels=4, columns=5):
    """Return rows of a few categories: many are equal by chance."""
    rng = np.random.default_rng(seed)
    draws = rng.geometric(0.45, (rows, columns)).clip(max=levels)
    return pd.DataFrame(draws, columns=list("abcdef")[:columns]).astype(str).astype("category")


def line(made, real, train, **changes):
    """Return the line of a batch."""
    given = {"table": real, "train": train, "where": None, **changes}
    return returns.line("cart-everything", SHA, made, **given)


def below(*frames):
    """Return tables one below the other."""
    return table.stack(list(frames))


def search(found, one):
    """Return how a table compares with one batch."""
    (match,) = returns.compare(found, [one])
    return match


def test_line_counts_copies_apart_from_chance():
    """Of eight real rows five were not learned from, of which two equal one of the batch."""
    real = pd.DataFrame({"n": [1.0, 2, 3, 4, 5, 6, 6, np.nan]})
    made = pd.DataFrame({"n": [1.0, 1, 2, 6, 7, 8]})
    found = line(made, real, real.iloc[:3])
    assert (found.rows, found.held) == (5, 5)
    assert (found.table, found.equal) == (8, 4)
    assert (found.unseen, found.coincide) == (5, 2)  # 4, 5, 6, 6 and the missing one
    assert len(found.balances) == 16
    assert found.columns == ["n"]


def test_chance_is_that_of_the_slice():
    """Where rows of one class are made, real rows of that class tell how often they coincide."""
    real = pd.DataFrame({"n": [1.0, 2, 3, 4, 5], "y": pd.Categorical(list("ppnnn"))})
    made = pd.DataFrame({"n": [1.0, 3], "y": pd.Categorical(["p", "p"])})
    found = line(made, real, real.iloc[:0], where=condition.parse("y == 'p'"))
    assert (found.equal, found.unseen, found.coincide) == (1, 2, 1)


def test_rows_counted_as_synthetic_are_no_real_ones():
    """They are part of the table that later ones are compared with, and tell of no chance."""
    real = pd.DataFrame({"n": [1.0, 2, 3]})
    real["_origin"] = pd.Categorical(["synthetic", "real", "real"])
    found = line(pd.DataFrame({"n": [1.0, 2]}), real, real.iloc[2:])
    assert (found.table, found.equal, found.unseen, found.coincide) == (3, 2, 1, 1)


def test_table_of_the_time_holds_nothing_that_came_back():
    """Neither copies nor chance matches of that table are found in it again."""
    for real, made in ((wide(300, 1), wide(400, 2)), (narrow(300, 1), narrow(400, 2))):
        made = below(made, real.iloc[:7])
        found = search(real, line(made, real, real.iloc[:50]))
        assert (found.found, found.returned, found.suspects.any()) == (0, False, False)


def test_one_row_of_a_wide_table_is_found():
    """Among new rows, and beside a real row that the generator copied, the one row is named."""
    real, made = wide(300, 1), wide(400, 2)
    made = below(made, real.iloc[:1])
    one = line(made, real, real.iloc[:100])
    assert one.equal == 1
    grown = below(real, wide(200, 3), made.iloc[[17]], wide(20, 4))
    found = search(grown, one)
    assert found.returned
    assert np.flatnonzero(found.suspects).tolist() == [500]
    assert not search(below(real, wide(200, 3)), one).found


def test_five_rows_are_found_in_every_draw():
    """Five rows of a wide table's batch come back among a thousand new ones: all found."""
    for seed in range(20):
        real, made = wide(1000, seed), wide(3000, 100 + seed)
        one = line(made, real, real.iloc[:400])
        found = search(below(real, wide(1000, 200 + seed), made.iloc[:5]), one)
        assert found.returned
        assert np.flatnonzero(found.suspects).tolist() == [2000, 2001, 2002, 2003, 2004]


def test_new_real_rows_of_a_narrow_table_are_real():
    """Most rows of five categories coincide, and of 100 tables that grew none is refused.

    Also not where the older half of the rows is gone.
    """
    refused = 0
    for seed in range(100):
        real, made = narrow(400, seed), narrow(600, 1000 + seed)
        one = line(made, real, real.iloc[:150])
        assert one.coincide > 50
        kept = real if seed % 2 else real.iloc[200:]
        refused += search(below(kept, narrow(200, 2000 + seed)), one).returned
    assert refused <= 1  # at one in a thousand, two of 100 would come once in 200 times


def test_a_whole_batch_is_found_in_a_narrow_table():
    """Rows of a batch that coincide with it always, where real ones do less often."""
    real, made = narrow(2000, 1, levels=9, columns=6), narrow(1500, 2, levels=9, columns=6)
    one = line(made, real, real.iloc[:300])
    assert 0.15 < one.coincide / one.unseen < 0.5
    assert search(below(real, made), one).returned


def test_replaced_rows_are_new_rows():
    """A table of the same size whose rows are others holds as many chance matches: none came back.

    Of 20 tables of a window that moves, the old rows gone and as many new ones there.
    """
    for seed in range(20):
        real, made = narrow(500, seed), narrow(600, 1000 + seed)
        one = line(made, real, real.iloc[:100])
        moved = below(real.iloc[300:], narrow(300, 2000 + seed))
        assert not search(moved, one).returned


def test_chance_by_hand():
    """Two matches of three new rows, where one of four unseen ones coincided.

    Of 7 rows 3 match; 3 of the 7 are new: C(3,2)·C(4,1)/C(7,3) + C(3,3)/C(7,3) = 13/35.
    """
    real = pd.DataFrame({"n": [1.0, 2, 3, 4]})
    one = line(pd.DataFrame({"n": [1.0, 9]}), real, real.iloc[:0])
    assert (one.unseen, one.coincide) == (4, 1)
    assert returns.chance(2, 3, one) == pytest.approx(13 / 35)
    assert comb(7, 3) == 35


def test_none_of_thirty_is_none():
    """Where 30 unseen rows do not coincide one match is enough; where 29 do not, it may be chance.

    1 match of 10 new rows and 29 others is new with probability 10/39.
    """
    real = wide(30, 1)
    one = line(wide(50, 2), real, real.iloc[:0])
    assert returns.chance(1, 10, one) == pytest.approx(10 * one.rate, rel=1e-6)
    fewer = one._replace(unseen=29)
    assert returns.chance(1, 10, fewer) == pytest.approx(10 / 39)


def test_new_rows_are_bounded():
    """The bound lies above the rows that are new, also where as many are gone, and below all."""
    for seed in range(20):
        real = wide(20_000, seed)
        one = line(wide(10, 5000), real, real.iloc[:0])
        grown = below(real.iloc[7000:], wide(7000, 1000 + seed))
        found = returns.fresh(fingerprints.of(grown, one.columns), one)
        assert 7000 <= found <= 20_000
        few = returns.fresh(fingerprints.of(below(real, wide(5, 1000)), one.columns), one)
        assert 5 <= few < 2500


def test_one_row_hardly_moves_the_balances():
    """Two lines whose tables differ by one row differ in one of 16 balances half of the time."""
    moved = []
    for seed in range(200):
        real, made = wide(300, seed), wide(10, 5000)
        before, after = (line(made, part, part.iloc[:0]) for part in (real, real.iloc[1:]))
        assert all(balance % 32 == 0 for balance in before.balances)
        moved.append(sum(map(ne, before.balances, after.balances)))
    assert 0.3 < np.mean(moved) < 0.7  # 16 of 32 by the rounding, where all 16 would differ


def test_rows_written_as_csv_come_back(tmp_path):
    """Numbers, whole numbers, missing cells and categories that look like numbers: all equal."""
    declared = Schema(
        columns={
            "id": Column(kind="text", role="id"),
            "x": Column(kind="number"),
            "k": Column(kind="integer"),
            "c": Column(kind="category"),
            "y": Column(kind="category", role="target"),
        }
    )
    rng = np.random.default_rng(1)
    made = pd.DataFrame(
        {
            "x": np.where(rng.random(200) < 0.1, np.nan, rng.standard_normal(200) / 3),
            "k": np.where(rng.random(200) < 0.1, np.nan, rng.integers(-5, 99, 200)),
            "c": pd.Categorical(rng.choice(["1", "02", "a, b", 'ö"'], 200)).set_categories(
                ["02", "1", "a, b"]
            ),
            "y": pd.Categorical(rng.choice(["no", "yes"], 200)),
        }
    )
    assert made["c"].isna().any()
    real = wide(100, 1)["x"].to_frame().assign(k=1.0, c="1", y="no")
    one = line(made, real, real)
    made.assign(id="new").to_csv(tmp_path / "real.csv", index=False)
    read = table.read(tmp_path / "real.csv", declared)
    assert list(read) == ["id", "x", "k", "c", "y"]
    assert search(read, one).found == 200
    made.assign(id="new").to_parquet(tmp_path / "real.parquet")
    assert search(table.read(tmp_path / "real.parquet", declared), one).found == 200


def test_table_without_a_column_is_not_compared():
    """A column that a batch had and the table lacks is told; one that is new is no hindrance."""
    real, made = wide(100, 1), wide(100, 2)
    one = line(made, real, real)
    found = search(made.drop(columns="n"), one)
    assert (found.found, found.returned) == (0, False)
    told = "not compared with cart-everything: it has columns that the table lacks ('n')"
    assert returns.told(found) == told
    assert search(made.assign(extra=1.0), one).found == 100


def test_record_grows_and_what_is_there_stays():
    """Lines are sorted by hash; a batch that is there already keeps its line to the byte."""
    real = wide(60, 1)
    lines = [
        returns.line(name, sha * 32, wide(20, place), table=real, train=real, where=None)
        for place, (name, sha) in enumerate([("b-x", "bb"), ("a-x", "aa"), ("c-x", "cc")])
    ]
    first = returns.grown("", lines[:1])
    both = returns.grown(first, lines[1:])
    assert [one.batch for one in returns.parse(both)] == ["a-x", "b-x", "c-x"]
    assert first in both
    assert returns.parse(both)[1] == lines[0]
    changed = lines[0]._replace(table=61)
    assert returns.grown(both, [changed]) == both
    merged = returns.grown("", [changed]) + both  # git's union of two branches
    again = returns.grown(merged, [])
    assert len(returns.parse(again)) == 3
    assert again == returns.grown(both + returns.grown("", [changed]), [])


def test_record_holds_no_value():
    """Only fingerprints of made rows, and counts of real ones."""
    real = wide(60, 1).assign(c=pd.Categorical(["Ruritania"] * 60))
    told = returns.grown("", [line(real.iloc[:30], real, real.iloc[:30])])
    assert "Ruritania" not in told
    assert set(json.loads(told)) == set(returns.Line._fields)


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD", "", "[]", "{}", '{"batch": 3}'])
def test_damaged_record_is_told(damage):
    """A line that is none names itself, and says how to get it back."""
    good = returns.grown("", [line(wide(5, 1), wide(5, 2), wide(5, 3))])
    with pytest.raises(ProvenanceError, match="line 2 is no record of a batch .*git checkout"):
        returns.parse(f"{good}{damage}\n{good}")
    cut = good.replace(json.loads(good)["fingerprints"], "AAAA")
    with pytest.raises(ProvenanceError, match="line 1 is no record"):
        returns.parse(cut)


def test_refusal_names_rows_as_the_file_does():
    """Rows are counted from 1 below the header, also where rows above them were left out."""
    real, made = wide(40, 1), wide(40, 2)
    one = line(made, real, real.iloc[:5])
    found = search(below(real, made.iloc[:2]), one)
    places = np.arange(42) + 3  # three rows above had no target
    with pytest.raises(TableError) as caught:
        returns.refuse("data/x.csv", [found], places, 45)
    message = str(caught.value)
    assert message.startswith("data/x.csv: 2 rows equal one of the earlier batch cart-everything")
    assert "rows 44, 45\n" in message
    assert "`ingest.generated: count`" in message
    returns.refuse("data/x.csv", [], places, 45)


def test_floor_for_real_rows():
    """Two of five rows are real: less than half is refused with both numbers, a third is not."""
    made = np.array([True, False, True, False, True])
    with pytest.raises(TableError, match=r"2 of its 5 rows are real, a part of 0.4, and `ingest"):
        returns.check_fraction("data/x.csv", made, 0.5)
    assert returns.check_fraction("data/x.csv", made, 0.33) == 0.4
    assert returns.check_fraction("data/x.csv", ~made, 0.6) == 0.6


@pytest.mark.slow
def test_made_rows_come_back_to_the_pipeline(project):
    """They are refused and nothing is lost; counted, they are learned from and not judged on."""
    admitted = json.loads((project.folder / "metrics/admit.json").read_text())["admitted"]
    assert [one.batch for one in returns.parse(record(project))] == admitted
    assert project.repro() == []
    project.repro("--force", "--single-item", "ingest")
    project.repro("--force", "--single-item", "admit")
    assert project.run("git", "status", "--porcelain") == ""

    path = project.folder / "data/customers.csv"
    real = path.read_bytes()
    made = pd.read_parquet(project.folder / f"data/synthetic/{admitted[0]}.parquet").iloc[:60]
    rows = made.drop(columns=["_origin", "_batch"]).assign(id="new")
    columns = list(pd.read_csv(path, nrows=0))
    path.write_bytes(real + rows[columns].to_csv(index=False, header=False).encode())
    told = project.run("dvc", "repro", "ingest", check=False)
    assert f"60 rows equal one of the earlier batch {admitted[0]}" in told
    assert "rows 701, 702, 703, 704, 705, …" in told
    assert "Traceback" not in told

    project.set("ingest.generated", "count")
    assert project.repro("fit") == ["ingest", "freeze", "fit"]
    ingested = json.loads((project.folder / "metrics/ingest.json").read_text())
    assert (ingested["rows"], ingested["rows_generated"]) == (760, 60)
    assert ingested["real_fraction"] == pytest.approx(700 / 760, rel=1e-5)
    freeze = "metrics/freeze.json"
    before = json.loads(project.run("git", "show", f"HEAD:{freeze}"))
    after = json.loads((project.folder / freeze).read_text())
    assert after["slices"] == before["slices"]
    learned = pd.read_parquet(project.folder / "data/returned.parquet")
    assert len(learned) == 10  # 120 of 700 real rows are in train, and of 60 rows as large a part
    fitted = json.loads((project.folder / "metrics/fit/cart.json").read_text())
    assert fitted["train"]["rows"] == 130
    assert fitted["synthetic_share"] == pytest.approx(10 / 130)
    project.set("ingest.min_real_fraction", 0.95)
    told = project.run("dvc", "repro", "ingest", check=False)
    assert "700 of its 760 rows are real, a part of 0.921" in told

    path.write_bytes(real)
    project.run("git", "checkout", "params.yaml")
    assert "fit" not in project.repro("fit")  # nothing is lost: it is in the run-cache
    assert project.run("git", "status", "--porcelain") == ""
    assert project.stale() == []


def record(project):
    """Return the text of the project's record of batches."""
    return (project.folder / returns.PATH).read_text(encoding="utf-8")


def test_branches_keep_the_lines_of_both():
    """Git is told to unite the record's lines, and not to show them."""
    found = (ROOT / ".gitattributes").read_text().splitlines()
    assert f"{returns.PATH} merge=union -diff" in found


def test_example_says_what_happens_to_rows_that_come_back():
    """The defaults that a person reads in params.yaml are those of the model."""
    example = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    asked = returns.Ingest(**example["ingest"])
    assert asked == returns.Ingest(drop_duplicates=True)


def test_every_key_is_explained_and_no_other():
    """docs/collapse.md has the keys of a line, no more and no fewer."""
    page = (ROOT / "docs/collapse.md").read_text(encoding="utf-8")
    lines = page.split("| key | says |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    told = [name for told in lines for name in re.findall(r"`(\w+)`", told.split("|")[1])]
    assert sorted(told) == sorted(returns.Line._fields)
