"""Fingerprints of rows: hashes that outlive packages, and sets of them in few bytes."""

import base64
import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from .tables import rows

MOST = 1_000_000  # rows that a set holds; of more, this many are chosen by their hash

_LOW = 32  # bits of a fingerprint that are stored as they are
_MISSING = np.array([0x9E3779B97F4A7C15], np.uint64)


class Held(NamedTuple):
    """A set of fingerprints, and how often a row that is not in it seems to be."""

    bits: int  # of one fingerprint
    rising: np.ndarray  # the fingerprints, dtype uint64, each once

    @property
    def rate(self) -> float:
        """The share of other rows that the set takes for its own: between 2^-33 and 2^-32."""
        return float(np.ldexp(len(self.rising), -self.bits))


def of(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return a 64-bit hash of each row's values in `columns`, shape (rows,), dtype uint64.

    Equal values have equal hashes, whatever the order of the columns, the encoding of categories
    and the versions of packages: the hashes are kept for years. Numbers are hashed as float64.
    """
    total = np.zeros(len(frame), np.uint64)
    for name in columns:
        total += mixed(_values(frame[name]) ^ _word(name))
    return mixed(total)


def held(hashes: np.ndarray) -> Held:
    """Return the set of these rows: a fingerprint is the first bits of a row's hash."""
    distinct = np.unique(hashes)
    if len(distinct) > MOST:
        distinct = np.sort(distinct[np.argsort(mixed(distinct), kind="stable")[:MOST]])
    bits = _LOW + _span(len(distinct))
    return Held(bits, np.unique(distinct >> np.uint64(64 - bits)))


def among(hashes: np.ndarray, known: Held) -> np.ndarray:
    """Return for each row whether its fingerprint is in the set, shape (rows,)."""
    asked = hashes >> np.uint64(64 - known.bits)
    place = np.searchsorted(known.rising, asked).clip(max=len(known.rising) - 1)
    return known.rising[place] == asked


def pack(known: Held) -> str:
    """Return a set as text: 4.3 bytes for a fingerprint, in base64.

    The low 32 bits of each are stored as they are, the high ones in unary: at the place of the
    i-th fingerprint's high part plus i a bit is set (Elias 1974, doi:10.1145/321812.321820).
    """
    low = known.rising.astype("<u4")  # the upper bits are cut off
    high = (known.rising >> np.uint64(_LOW)).astype(np.int64)
    unary = np.zeros(len(low) + (1 << (known.bits - _LOW)), np.uint8)
    unary[high + np.arange(len(low))] = 1
    return base64.b64encode(low.tobytes() + np.packbits(unary).tobytes()).decode()


def unpack(text: str, bits: int, count: int) -> Held:
    """Return the set of `count` fingerprints that `pack` wrote; raises ValueError if it is none."""
    stored = base64.b64decode(text, validate=True)
    if count < 1 or not _LOW <= bits <= 64 or len(stored) < 4 * count:
        raise ValueError("the set is cut off")
    low = np.frombuffer(stored, "<u4", count).astype(np.uint64)
    places = np.flatnonzero(np.unpackbits(np.frombuffer(stored, np.uint8, offset=4 * count)))
    if len(places) != count:
        raise ValueError("the set is cut off")
    high = (places - np.arange(count)).astype(np.uint64)
    return Held(bits, (high << np.uint64(_LOW)) | low)


def _span(count: int) -> int:
    """Return the bits of the high parts: as many values as there are fingerprints, or more."""
    return max(count - 1, 0).bit_length()


def _values(values: pd.Series) -> np.ndarray:
    """Return 64 bits for each value, the same for equal ones; missing ones are all alike."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy("float64", na_value=np.nan) + 0.0  # -0.0 becomes 0.0
        return np.where(np.isnan(numbers), _MISSING, numbers.view(np.uint64))
    codes, levels = rows.coded(values)
    return np.concatenate([*(_word(str(level)) for level in levels), _MISSING])[codes]


def _word(text: str) -> np.ndarray:
    """Return the first 64 bits of a text's SHA-256, shape (1,)."""
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], "<u8").astype(np.uint64)


def mixed(words: np.ndarray) -> np.ndarray:
    """Return 64-bit words of which every bit depends on all of the given ones, one to one.

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2714064.2660195).
    """
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
