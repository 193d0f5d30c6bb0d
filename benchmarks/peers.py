"""Parts of `validate`, each beside its nearest peer in SDMetrics, on the same rows.

`python -m benchmarks.peers FOLDER ROWS` reads train.parquet, tune.parquet and batch.parquet there,
and writes peers.json: for each part the seconds of either, and how far apart the values are that
both compute.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import numpy as np
import pandas as pd

from stages.lib import distance
from stages.lib.quality.fidelity import associations, discriminator, marginals
from stages.lib.quality.fidelity.coded import Coded
from stages.lib.quality.privacy import attribute
from stages.lib.quality.privacy.sides import Sides
from stages.lib.tables import rows, table

from . import population

warnings.simplefilter("ignore")  # what SDMetrics says on import is not ours
from sdmetrics.reports.single_table._properties import ColumnPairTrends, ColumnShapes  # noqa: E402
from sdmetrics.single_table import (  # noqa: E402
    DisclosureProtectionEstimate,
    LogisticDetection,
    NewRowSynthesis,
)
from sdmetrics.single_table.privacy.dcr_utils import calculate_dcr  # noqa: E402

EXACT = 1e-9  # numbers that differ by less, relative to themselves, are one number to both


def main(folder: Path, count: int) -> dict[str, dict[str, Any]]:
    """Return what each part cost either of the two, and how far apart their values are."""
    declared = population.declared()
    made, train, tune = (
        table.rows(pd.read_parquet(folder / f"{name}.parquet")[declared.modelled], np.arange(count))
        for name in ("batch", "train", "tune")
    )
    metadata = {
        "columns": {
            name: {"sdtype": "numerical" if declared.columns[name].numeric else "categorical"}
            for name in declared.modelled
        }
    }
    plain_made, plain_train = plain(made), plain(train)
    # Where a value is missing, the peer leaves the row out.
    complete = [name for name in made if not (made[name].hasnans or train[name].hasnans)]
    sensitive = [name for name in declared.modelled if declared.columns[name].sensitive]

    def coded() -> tuple[Coded, Coded]:
        both = Coded.of(table.stack([made, train]), declared)
        return both.take(np.arange(count)), both.take(np.arange(count, 2 * count))

    def shapes() -> dict[str, float]:
        one, other = coded()
        return dict(zip(one.names, 1 - marginals.distances(one, other), strict=True))

    def their_shapes() -> dict[str, float]:
        found = ColumnShapes()
        found.get_score(plain_train, plain_made, metadata)
        return dict(found.details[["Column", "Score"]].itertuples(index=False))

    def near() -> np.ndarray:
        space = distance.embed(table.stack([made, train]), declared, train)
        ends = np.split(np.arange(2 * count), 2)
        return distance.neighbours(*(space.take(part) for part in ends), 2)[0][:, 0]

    halves = np.array_split(np.arange(count), 2)
    sides = Sides(
        table.rows(train, halves[0]), table.rows(tune, halves[0]), table.rows(tune, halves[1])
    )
    return {
        "columns": beside(
            shapes, their_shapes, lambda a, b: max(abs(a[name] - b[name]) for name in complete)
        ),
        "pairs": beside(
            lambda: [associations.association(one) for one in coded()],
            lambda: ColumnPairTrends().get_score(plain_train, plain_made, metadata),
        ),
        "copies": beside(
            lambda: 1 - rows.copies(made, train).mean(),
            lambda: NewRowSynthesis.compute(
                plain_train, plain_made, metadata, numerical_match_tolerance=EXACT
            ),
            lambda a, b: abs(a - b),
        ),
        "distances": beside(
            near,
            lambda: calculate_dcr(plain_made, plain_train, metadata).to_numpy(),
            lambda a, b: np.abs(a - b).max(),
        ),
        "discriminator": beside(
            lambda: discriminator.compare(made, train, tune, declared, np.random.default_rng(0)),
            lambda: LogisticDetection.compute(plain_train, plain_made, metadata),
        ),
        "attribute": beside(
            lambda: attribute.attack(made, sides, declared, np.random.default_rng(0)),
            lambda: DisclosureProtectionEstimate.compute(
                plain_train,
                plain_made,
                known_column_names=[one for one in declared.modelled if one not in sensitive],
                sensitive_column_names=sensitive,
                continuous_column_names=declared.numeric(declared.modelled),
                verbose=False,
            ),
        ),
    }


def beside(
    own: Callable[[], Any],
    peer: Callable[[], Any],
    difference: Callable[[Any, Any], float] | None = None,
) -> dict[str, float | None]:
    """Return the seconds of either, and the difference of what they return."""
    costs, values = [], []
    for work in (own, peer):
        start = time.perf_counter()
        values.append(work())
        costs.append(time.perf_counter() - start)
    apart = float(difference(*values)) if difference else None
    return {"seconds": costs[0], "peer_seconds": costs[1], "apart": apart}


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return categories as texts, which is how SDMetrics knows them."""
    return frame.apply(
        lambda values: values.astype(object) if values.dtype == "category" else values
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "peers.json").write_text(json.dumps(main(folder, int(sys.argv[2]))), "utf-8")
