"""Files written whole or not at all, with the same bytes for the same content."""

import csv
import json
import math
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_object_dtype

from .errors import StaleError

DIGITS = 6  # significant digits in committed files: what is beyond them is platform noise

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?%?")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it there if nothing went wrong."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.partial")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if error.filename in (None, str(temporary)):  # a full disk does not say of what
            error.filename = str(target)
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _whole(path: str | Path) -> Iterator[None]:
    """Raise StaleError where the file of an earlier stage that is read within is not whole."""
    try:
        yield
    except FileNotFoundError:
        raise StaleError(f"{path} is not there; run `dvc repro` to make it") from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:  # pyarrow's is a ValueError too
        raise StaleError(
            f"{path} is damaged ({' '.join(str(error).split())[:80]}); remove it, then bring it "
            f"back with `dvc checkout {path}` or `git checkout {path}`, or run `dvc repro`"
        ) from None


def rounded(value: Any) -> Any:
    """Return JSON-ready data: floats to `DIGITS` significant digits, non-finite ones as None."""
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def write_json(data: Any, path: str | Path, *, exact: bool = False) -> None:
    """Write `data` as indented JSON, floats rounded but where `exact` digits repeat a run."""
    told = data if exact else rounded(data)
    write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", path)


def read_json(path: str | Path) -> Any:
    """Read a JSON file that an earlier stage wrote; raises StaleError where it is not whole."""
    with _whole(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_text(text: str, path: str | Path) -> None:
    """Write text as UTF-8 with Unix line ends."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def read_text(path: str | Path) -> str:
    """Read a text that a person keeps; raises StaleError where it is absent."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StaleError(f"{path} is not there; bring it back with `git checkout {path}`") from None


def write_csv(frame: pd.DataFrame, path: str | Path, *, digits: int = DIGITS) -> None:
    """Write a table as CSV without an index, floats rounded, no cell one that a spreadsheet runs.

    A text that begins as a formula does gets an apostrophe before it, which `read_csv` takes away.
    """
    guarded = frame.rename(columns=_guarded)
    for place in range(frame.shape[1]):
        own = frame.iloc[:, place]
        if is_object_dtype(own) or isinstance(own.dtype, pd.CategoricalDtype):
            guarded.isetitem(place, own.astype(object).map(_guarded).to_numpy())
    texts = guarded.select_dtypes(object)
    broken = any("\r" in str(name) for name in guarded.columns) or any(
        "\r" in str(value) for name in texts.columns for value in texts[name].unique()
    )
    # Readers take it for the end of a line, and `csv` does not quote it for that.
    quoting: Literal[0, 1] = csv.QUOTE_ALL if broken else csv.QUOTE_MINIMAL
    with replacing(path) as temporary:
        guarded.to_csv(
            temporary,
            index=False,
            float_format=f"%.{digits}g",
            lineterminator="\n",
            quoting=quoting,
        )


def read_csv(path: str | Path, **options: Any) -> pd.DataFrame:
    """Read a CSV table that an earlier stage wrote; raises StaleError where it is not whole.

    `options` go to pandas.
    """
    with _whole(path):
        found = pd.read_csv(path, keep_default_na=False, na_values=[""], **options)
    for name in found.select_dtypes(object).columns:
        found[name] = found[name].map(_plain)
    return found.rename(columns=_plain)


def _guarded(value: Any) -> Any:
    """Return a text that a spreadsheet takes for one; a number is none that it could run."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def _plain(value: Any) -> Any:
    """Return a text as it was before it was guarded."""
    return value[1:] if isinstance(value, str) and _GUARDED.match(value) else value


def write_parquet(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as Parquet without an index."""
    write_parquet_parts([frame], path, dict)


def write_parquet_parts(
    frames: Iterable[pd.DataFrame], path: str | Path, metadata: Callable[[], Mapping[str, str]]
) -> None:
    """Write one Parquet table from parts of the same columns, one in memory at a time.

    `metadata` is called after the last part, and goes into the file's own key-value store. At
    least one part must come. Where anything is raised on the way, there is no file.
    """
    with replacing(path) as temporary, ExitStack() as open_files:
        writer = None
        for frame in frames:
            part = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                schema = pa.schema([_wide(field) for field in part.schema], part.schema.metadata)
                writer = pq.ParquetWriter(temporary, schema, compression="zstd")
                open_files.enter_context(writer)
            writer.write_table(part.cast(schema))
        if writer is None:
            raise ValueError(f"{path}: there is no part to write")
        writer.add_key_value_metadata(dict(metadata()))


def write_arrays(arrays: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write arrays by name in NumPy's format `.npz`, compressed; objects are refused.

    A member of the archive bears no time, so that its bytes depend on the arrays alone.
    """
    with ExitStack() as open_files:
        temporary = open_files.enter_context(replacing(path))
        archive = open_files.enter_context(zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED))
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read arrays that an earlier stage wrote; raises StaleError where they are not whole."""
    # NumPy leaves a file open that it cannot read, but where the file is the caller's.
    with (
        _whole(path),
        open(path, "rb") as stream,
        np.load(stream, allow_pickle=False) as archive,
    ):
        return {name: archive[name] for name in archive.files}


def _wide(field: pa.Field) -> pa.Field:
    """Return a field that holds any number of categories, of which one part may have none."""
    if pa.types.is_dictionary(field.type):
        return field.with_type(pa.dictionary(pa.int32(), pa.string()))
    return field


def read_parquet(path: str | Path) -> pd.DataFrame:
    """Read a Parquet table that an earlier stage wrote; raises StaleError where it is not whole.

    Categories come in sorted order.
    """
    with _whole(path):
        frame = pd.read_parquet(path)
    for field in pq.read_schema(path):
        if pa.types.is_dictionary(field.type):  # pandas forgets that empty ones are categories
            values = frame[field.name].astype("category")
            frame[field.name] = values.cat.set_categories(sorted(values.cat.categories))
    return frame


def read_parquet_metadata(path: str | Path) -> dict[str, str]:
    """Return the key-value store of a Parquet file."""
    with _whole(path):
        stored = pq.read_metadata(path).metadata or {}
    return {key.decode(): value.decode() for key, value in stored.items()}
