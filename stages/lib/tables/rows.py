"""What rows hold, as hashes: equal values give equal hashes, however they are encoded."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd


def keys(frame: pd.DataFrame) -> np.ndarray:
    """Return a 64-bit hash per row of the values in it, shape (rows,), dtype uint64."""
    return pd.util.hash_pandas_object(_plain(frame), index=False).to_numpy()


def repeated(frame: pd.DataFrame) -> np.ndarray:
    """Return for each row whether an identical one is above it, shape (rows,)."""
    return pd.Series(keys(frame)).duplicated().to_numpy()


def digest(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table's column names and values, rows in their order."""
    state = Digest()
    state.update(frame)
    return state.hexdigest()


class Digest:
    """The SHA-256 of a table that comes in parts; how it is cut does not show."""

    def __init__(self) -> None:
        """Begin with no rows."""
        self.rows = 0
        self._columns: dict[str, Any] = {}

    def update(self, frame: pd.DataFrame) -> None:
        """Add the rows of `frame` below those that came before."""
        self.rows += len(frame)
        for name in frame.columns:
            self._columns.setdefault(name, hashlib.sha256()).update(_content(frame[name]))

    def hexdigest(self) -> str:
        """Return the SHA-256 of what came so far."""
        whole = hashlib.sha256(str(self.rows).encode())
        for name, state in self._columns.items():
            whole.update(f"\x1e{name}\x1f".encode() + state.digest())
        return whole.hexdigest()


def _content(values: pd.Series) -> bytes:
    """Return the same number of bytes for every value, the same bytes for equal ones."""
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype == object:
        codes, levels = coded(values)
        texts = [hashlib.sha256(str(level).encode()).digest() for level in levels]
        known = np.frombuffer(b"".join([*texts, bytes(32)]), "V32")  # the last: it is missing
        return known[codes].tobytes()
    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]").to_numpy().astype("<i8").tobytes()
    numbers = values.to_numpy("<f8") + 0.0  # -0.0 becomes 0.0
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes()


def coded(values: pd.Series) -> tuple[np.ndarray, Iterable[Any]]:
    """Return categories or objects as numbers from 0, missing ones -1, and what they stand for."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), values.cat.categories
    return pd.factorize(values)


def copies(frame: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Return for each row of `frame` whether `reference` holds an identical row, shape (rows,)."""
    return np.isin(keys(frame), keys(reference[frame.columns]))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.apply(lambda values: values + 0.0 if values.dtype.kind == "f" else values)
