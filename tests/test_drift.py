"""Drift: quiet columns raise no alarm, moved ones are named."""

import numpy as np
import pandas as pd

from stages.lib import drift
from stages.lib.schema import Column, Schema

NAMES = [f"x{place}" for place in range(12)]
SCHEMA = Schema(
    columns={
        **{name: Column(kind="number") for name in NAMES},
        "town": Column(kind="category"),
        "rich": Column(kind="category", role="target"),
    }
)


def draw(rows: int, rng: np.random.Generator, **changed: np.ndarray) -> pd.DataFrame:
    """Return rows of independent columns, some of them replaced."""
    columns: dict = {name: rng.standard_normal(rows) for name in NAMES}
    columns["town"] = rng.choice(["a", "b"], rows)
    columns["rich"] = rng.choice(["no", "yes"], rows)
    return pd.DataFrame({**columns, **changed}).astype({"town": "category", "rich": "category"})


def test_quiet_columns_raise_no_alarm() -> None:
    """Of 100 draws without drift at most 7 name a column."""
    rng = np.random.default_rng(0)
    alarms = [
        drift.columns(draw(300, rng), draw(200, rng), SCHEMA)["moved"].any() for _ in range(100)
    ]
    assert sum(alarms) <= 7


def test_moved_columns_are_named() -> None:
    """A shifted mean, missing values that appear, and a new category are found, and only they."""
    rng = np.random.default_rng(1)
    some = rng.standard_normal(200)
    arrived = draw(
        200,
        rng,
        x0=rng.normal(0.8, 1, 200),
        x1=np.where(rng.random(200) < 0.3, np.nan, some),
        town=rng.choice(["a", "b", "new"], 200),
    )
    found = drift.columns(draw(300, rng), arrived, SCHEMA)
    assert found.loc[found["moved"], "column"].tolist() == ["x0", "x1", "town"]


def test_p_values_are_those_of_scipy() -> None:
    """Without missing values the tests are SciPy's own."""
    from scipy.stats import chi2_contingency, ks_2samp

    rng = np.random.default_rng(2)
    one, other = draw(300, rng), draw(200, rng)
    found = drift.columns(one, other, SCHEMA).set_index("column")["p_value"]
    assert np.isclose(found["x3"], ks_2samp(one["x3"], other["x3"]).pvalue)
    counts = [[(part["town"] == town).sum() for part in (one, other)] for town in ("a", "b")]
    assert np.isclose(found["town"], chi2_contingency(counts).pvalue)
