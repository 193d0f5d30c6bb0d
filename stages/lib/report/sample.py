"""Rows of a preview as the report shows them: without what is sensitive, and no real one."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..base import files
from ..tables.schema import Schema

ROWS = 10  # of each batch
_SHOWN = 6  # significant digits of a number that is not whole


class Sample(NamedTuple):
    """Some synthetic rows, cell by cell as text."""

    columns: list[str]
    rows: list[list[str]]
    left_out: int  # rows that came before the last one shown and whose cells a real row has too


def read(path: str | Path) -> pd.DataFrame:
    """Read a preview, every cell as the text it is, missing ones as NaN; raises StaleError."""
    return files.read_csv(path, dtype=str)


def take(preview: pd.DataFrame, real: pd.DataFrame, schema: Schema, *, rows: int = ROWS) -> Sample:
    """Return the first rows of a preview that no real row equals in the cells shown.

    `preview` holds texts as in the file, missing ones as NaN. Columns that are sensitive, or that
    the real table does not have, are left out. Numbers are shown with six significant digits, and
    compared with as many, so that no real row is shown rounded either.
    """
    columns = [name for name in schema.modelled if name in preview and name in real]
    columns = [name for name in columns if not schema.columns[name].sensitive]
    found = Sample(columns, [], 0)
    if not columns:
        return found
    for record in preview[columns].itertuples(index=False):
        if len(found.rows) == rows:
            break
        cells = dict(zip(columns, record, strict=True))
        if _stands_in(real, cells, schema):
            found = found._replace(left_out=found.left_out + 1)
        else:
            found.rows.append([_written(cell, schema, name) for name, cell in cells.items()])
    return found


def _stands_in(real: pd.DataFrame, cells: dict[str, Any], schema: Schema) -> bool:
    """Return whether a real row has these cells; each column narrows the rows that still may."""
    left = np.arange(len(real))
    for name, cell in cells.items():
        values = real[name].iloc[left]
        if pd.isna(cell):
            same = values.isna().to_numpy()
        elif schema.columns[name].numeric:
            own = values.to_numpy(dtype=float, na_value=np.nan)
            same = np.isclose(own, float(cell), rtol=10.0 ** (1 - _SHOWN), atol=0)
        elif values.dtype.kind == "M":
            same = (values == pd.to_datetime(cell, errors="coerce")).to_numpy()
        else:
            same = (values.astype(object) == cell).to_numpy(dtype=bool, na_value=False)
        left = left[same]
        if not len(left):
            return False
    return True


def _written(cell: Any, schema: Schema, name: str) -> str:
    if pd.isna(cell):
        return ""
    if not schema.columns[name].numeric:
        return str(cell)
    value = float(cell)
    return f"{value:.0f}" if value.is_integer() else f"{value:.{_SHOWN}g}"
