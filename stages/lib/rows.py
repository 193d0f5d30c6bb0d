"""What rows hold, as hashes: equal values give equal hashes, however they are encoded."""

import hashlib

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
    state = hashlib.sha256(str(len(frame)).encode())
    for name in frame.columns:
        values = frame[name]
        state.update(f"\x1e{name}\x1f".encode())
        if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype == object:
            codes, levels = pd.factorize(values.astype(object), sort=True)
            state.update("\x1f".join(map(str, levels)).encode() + b"\x1e")
            state.update(codes.astype("<i8").tobytes())
        elif values.dtype.kind == "M":
            state.update(values.astype("datetime64[ns]").to_numpy().astype("<i8").tobytes())
        else:
            state.update((values.to_numpy("<f8") + 0.0).tobytes())  # -0.0 becomes 0.0
    return state.hexdigest()


def copies(frame: pd.DataFrame, reference: pd.DataFrame) -> np.ndarray:
    """Return for each row of `frame` whether `reference` holds an identical row, shape (rows,)."""
    return np.isin(keys(frame), keys(reference[frame.columns]))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.apply(lambda values: values + 0.0 if values.dtype.kind == "f" else values)
