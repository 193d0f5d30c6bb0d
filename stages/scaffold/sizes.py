"""How many rows each slice gets, and how much is tried on them, for a first verdict in minutes."""

from collections.abc import Sequence
from typing import NamedTuple

LARGE = {"train": 10_000, "tune": 5_000, "holdout": 10_000}  # rows of a large table's slices
SHARES = {"train": 0.55, "tune": 0.2, "holdout": 0.25}  # of a small table, which is given out whole
_CLASSES = 4  # for which boosting is still quick: it grows a tree for each
_OF_A_CLASS = 2  # rows of the rarest class that scores are taken on, where that can be had
_LARGER = 3  # times, at most
_SEVERAL = 1_000  # rows of train above which fits take their time


class Sizes(NamedTuple):
    """Rows of the slices, and what is tried with them."""

    slices: dict[str, float]  # counts, or fractions where all rows are given out
    train: int  # rows
    pooled: int  # rows that wait in the pool
    batch: int  # synthetic rows, as many as the greatest ratio takes
    ratios: list[float]  # that the sweep tries
    seeds: int


def choose(rows: int, classes: Sequence[int] = ()) -> Sizes:
    """Return sizes for a table of so many labelled rows, none of which repeats another.

    `classes` are the rows of each class; none where a number is predicted. Of a large table slices
    are as large as models learn from and are scored on in seconds: tune and holdout larger by up to
    three times where the rarest class would be missing, train smaller where there are many classes.
    """
    rarest = min(classes, default=rows)

    def with_rarest(name: str) -> int:
        larger = max(LARGE[name], _OF_A_CLASS * rows / rarest)
        return round(min(larger, _LARGER * LARGE[name], SHARES[name] * rows))

    asked = {name: with_rarest(name) for name in LARGE}
    asked["train"] = round(LARGE["train"] * min(1, _CLASSES / max(len(classes), 1)))
    whole = rows <= sum(LARGE.values())
    train = int(SHARES["train"] * rows) if whole else asked["train"]
    several = train > _SEVERAL
    ratios = [0, 0.25, 0.5, 0.67] if several else [0, 0.25, 0.5, 0.67, 0.8]
    return Sizes(
        slices=dict(SHARES) if whole else dict(asked),
        train=train,
        pooled=0 if whole else rows - sum(asked.values()),
        batch=max(500, round(train * ratios[-1] / (1 - ratios[-1]) + 0.5)),
        ratios=ratios,
        seeds=5 if several else 10,
    )
