"""Rows drawn given a condition, for generators that make one column after another."""

from collections.abc import Callable
from math import ceil

import numpy as np
import pandas as pd

from ...tables import condition
from ...tables.condition import Condition

BLOCK = 200_000  # beginnings of rows that are drawn at once
LEAST = 5_000_000  # beginnings that may be drawn for a condition, however few rows are wanted
EACH = 2_000  # and for each row that is wanted


def beginnings(
    n: int,
    where: Condition | None,
    draw: Callable[[int], dict[str, np.ndarray]],
    decode: Callable[[dict[str, np.ndarray]], pd.DataFrame],
) -> dict[str, np.ndarray]:
    """Return the first columns of `n` rows that meet `where`, or of fewer if it is too rare.

    `draw` draws as many beginnings of rows as it is told, with every column that `where` names;
    those that meet it are kept. What the columns after them are drawn from is not touched by
    that, so the rows are distributed as the generator's own rows that meet the condition, and
    only their beginnings are thrown away.
    """
    if where is None:
        return draw(n)
    kept: list[dict[str, np.ndarray]] = []
    found = tried = 0
    while not kept or (found < n and tried < LEAST + EACH * n):
        share = max(found, 1) / max(tried, 1)
        made = draw(min(BLOCK, ceil(1.1 * (n - found) / share) + 100))
        good = condition.holds(where, decode(made))
        kept.append({name: values[good] for name, values in made.items()})
        found, tried = found + int(good.sum()), tried + len(good)
    return {name: np.concatenate([part[name] for part in kept])[:n] for name in kept[0]}
