"""A table of 20 mixed columns and any number of rows, as CSV: `python -m benchmarks.mixed 300000`.

An id, ten amounts and counts of which one has gaps, an age, seven categories of 2 to 50 levels,
and a label of which 15 % are `yes`: it depends on four hidden factors that the others show.
"""

import sys

import numpy as np
import pandas as pd

LEVELS = (2, 3, 5, 8, 20, 50)


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return a table of so many rows."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 4))
    columns: dict[str, object] = {"customer_id": [f"C{row:07d}" for row in range(rows)]}
    for number in range(8):
        amount = np.exp(hidden[:, number % 4] * 0.7 + rng.normal(size=rows) * 0.6) * 100
        columns[f"amount_{number}"] = amount.round(2)
    age = (hidden[:, 0] * 12 + 45 + rng.normal(size=rows) * 5).round()
    columns["age"] = np.clip(age, 18, 95).astype(int)
    columns["visits"] = rng.poisson(np.exp(hidden[:, 1] * 0.5 + 1))
    score = (hidden[:, 2] * 10 + 50).round(1)
    columns["score"] = np.where(rng.random(rows) < 0.1, np.nan, score)
    for number, levels in enumerate(LEVELS):
        rank = np.argsort(np.argsort(hidden[:, number % 4] + rng.normal(size=rows)))
        names = np.array([f"v{level:02d}" for level in range(levels)])
        columns[f"group_{number}"] = names[rank * levels // rows]
    columns["region"] = rng.choice(["", "north", "south", "east", "west"], rows)
    drive = hidden[:, 0] + 0.8 * hidden[:, 1] * hidden[:, 2] - 0.5 * hidden[:, 3]
    drive = drive + 0.8 * rng.logistic(size=rows)
    columns["churned"] = np.where(drive > np.quantile(drive, 0.85), "yes", "no")
    return pd.DataFrame(columns)


if __name__ == "__main__":
    table(int(sys.argv[1])).to_csv(sys.stdout, index=False)
