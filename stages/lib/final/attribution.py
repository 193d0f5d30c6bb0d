"""Which batch earned it: what the mix gains from each, left out of the very same draws."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from .. import runs, trials
from ..intervals import Estimate
from ..runs import Runs
from ..trials import Bench, Trial


class Earned(NamedTuple):
    """What a mix gains from having one batch."""

    batch: str
    rows: int  # of the batch, in the first seed's draw
    gain: dict[str, Estimate]  # the mix less the mix without the batch, by slice


def leave_one_out(
    bench: Bench,
    model: str,
    draws: Mapping[int, np.ndarray],
    batches: Mapping[str, np.ndarray],
    mixed: Mapping[str, Runs],
) -> Iterator[Earned]:
    """Yield for each batch what its rows are worth beside all others.

    `draws` holds, by seed, the rows that `model` is trained on, `batches` where the rows of each
    batch stand among those of the bench, `mixed` the scores of the whole draws by slice. A
    batch's rows are taken out and nothing is put in their place, so that all else is equal: two
    batches that bring the same each earn little beside the other. Of fewer than two batches
    nothing is yielded: what the only one earns is the gain over real rows alone.
    """
    for name, places in batches.items() if len(batches) > 1 else ():
        left = {seed: rows[~np.isin(rows, places)] for seed, rows in draws.items()}
        if not all(map(len, left.values())):
            continue  # without the batch there is nothing to learn from
        jobs = [Trial(model, rows, seed, tuple(mixed)) for seed, rows in left.items()]
        without = runs.gather(list(trials.run(bench, jobs)))
        gain = {part: runs.difference(mixed[part], without[part]) for part in mixed}
        first = next(iter(draws))
        yield Earned(name, len(draws[first]) - len(left[first]), gain)
