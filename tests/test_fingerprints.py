"""Fingerprints of rows: equal for equal values, kept for years, and small."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import fingerprints
from stages.lib.fingerprints import Held

FRAME = pd.DataFrame(
    {
        "n": [1.5, -0.0, np.nan],
        "c": pd.Categorical(["b", "ä", None], categories=["b", "ä", "unused"]),
    }
)


def words(count, start=0):
    """Return as many distinct 64-bit words, spread as hashes are."""
    return fingerprints.mixed(np.arange(start, start + count, dtype=np.uint64))


def test_hashes_do_not_change():
    """The record is kept in git: a change of these numbers would make it forget every batch."""
    assert [f"{value:016x}" for value in fingerprints.of(FRAME, ["c", "n"])] == [
        "df73a8295ad66727",
        "60e9f54f14cf3372",
        "ee5b86c59238fe1b",
    ]


def test_order_of_columns_and_encoding_do_not_matter():
    """Columns in another order, integers, plain texts and another order of categories."""
    same = pd.DataFrame(
        {"c": np.array(["b", "ä", None], object), "n": np.array([1.5, 0.0, np.nan])}
    )
    expected = fingerprints.of(FRAME, ["n", "c"])
    assert (fingerprints.of(same, ["c", "n"]) == expected).all()
    whole = pd.DataFrame({"n": [3, 4]})
    assert (fingerprints.of(whole, ["n"]) == fingerprints.of(whole.astype("float32"), ["n"])).all()


def test_any_difference_is_another_row():
    """A value in another column, a missing one, a text for a number: no two rows are alike."""
    frame = pd.DataFrame(
        {
            "a": ["x", "y", None, "x", None, "1"],
            "b": ["y", "x", "x", None, None, "1.0"],
        }
    )
    hashes = np.concatenate(
        [
            fingerprints.of(frame, ["a", "b"]),
            fingerprints.of(pd.DataFrame({"a": [1.0], "b": [1.0]}), ["a", "b"]),
        ]
    )
    assert len(np.unique(hashes)) == 7


@pytest.mark.parametrize("count", [1, 2, 3, 1000, 4097])
def test_round_trip(count):
    """What was packed is read back; every row is found, and no other of 100,000."""
    known = fingerprints.held(words(count))
    found = fingerprints.unpack(fingerprints.pack(known), known.bits, count)
    assert found.bits == known.bits
    assert found.rising.tolist() == known.rising.tolist()
    assert fingerprints.among(words(count), found).all()
    assert not fingerprints.among(words(100_000, start=count), found).any()
    assert 2**-33 <= known.rate <= 2**-32


def test_a_fingerprint_takes_five_characters():
    """4.25 to 4.4 bytes each, a third more in base64."""
    for count in (1000, 4096, 4097):
        size = len(fingerprints.pack(fingerprints.held(words(count)))) / count
        assert 5.6 < size < 5.9


def test_stated_rate_is_the_rate():
    """With 12 bits, 300 fingerprints take 300 of 4096 other rows for theirs: 0.0732."""
    known = Held(12, np.unique(words(1000) >> np.uint64(52))[:300])
    found = fingerprints.among(words(200_000, start=5000), known).mean()
    # The standard error of 200,000 draws is sqrt(0.0732 · 0.9268 / 200,000) = 0.00058.
    assert known.rate == 300 / 4096
    assert abs(found - known.rate) < 4 * 0.00058


def test_of_many_rows_a_part_is_held(monkeypatch):
    """The part is chosen by the hash: whatever the order and the repetitions, the same rows."""
    monkeypatch.setattr(fingerprints, "MOST", 500)
    hashes = words(2000)
    known = fingerprints.held(hashes)
    again = fingerprints.held(np.concatenate([hashes[::-1], hashes]))
    assert len(known.rising) == 500
    assert known.rising.tolist() == again.rising.tolist()
    found = fingerprints.among(hashes, known)
    assert found.sum() == 500
    assert 200 < found[:1000].sum() < 300  # no end of the hashes is preferred


@pytest.mark.parametrize(
    ("text", "bits", "count"), [("", 32, 1), ("AAAA", 40, 3), ("AAAAAAAA", 33, 1), ("é", 32, 1)]
)
def test_a_set_that_is_cut_off_is_told(text, bits, count):
    """What is not a packed set of that size is no set."""
    with pytest.raises(ValueError):
        fingerprints.unpack(text, bits, count)
