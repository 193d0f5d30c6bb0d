"""What each generator costs at growing sizes: the fit, and as many rows made as were learned.

`python -m benchmarks.generation fit MEMBER FOLDER` and `… make MEMBER FOLDER ROWS` are the steps,
each in a process of its own: a model from `real.parquet`, and a batch from the model.
"""

import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

from stages.lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import pandas as pd

from stages.lib import models, production, provenance
from stages.lib.base import files
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.production import CHUNK, Generate, Tally

from . import cost, population
from .generators import MEMBERS

SIZES, QUICK_SIZES = (30_000, 300_000, 3_000_000), (1_000,)
QUICK = ("cart", "gaussian_copula")
VARIANTS = ("cart_5", "cart_20")  # of a member that is here
DEEP = ("ctgan", "tvae", "copula_gan")  # they learn in epochs
MANY, QUICK_MANY = 10_000_000, 1_000  # rows made of what Adult's taught
FROM_CART, QUICK_FROM_CART = 1_000_000, 1_000
LIMIT = 120.0  # seconds of one step
BATCH = "benchmark-everything"

Step = dict[str, Any]  # the seconds, peak_mb and `ended` of a fit or of the making of rows


def measure(*, quick: bool) -> dict[str, Any]:
    """Measure every member at every size, and the targets; compare one worker's bytes with two's.

    Raises SystemExit where the bytes differ.
    """
    names = QUICK if quick else [name for name in MEMBERS if name not in VARIANTS]
    found: dict[str, Any] = {"sizes": {}}
    over: set[str] = set()  # members that did not end within the limit
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for size in QUICK_SIZES if quick else SIZES:
            _write(population.rows(size)[0], folder)
            found["sizes"][str(size)] = {}
            for name in names:
                if name in over:
                    continue
                print(f"  {name}, {size:,} rows …", flush=True)
                steps = both(name, folder, size)
                found["sizes"][str(size)][name] = steps
                if not all(step["ended"] for step in steps.values()):
                    over.add(name)
        real = population.adult()
        _write(real, folder)
        found["learned"] = len(real)
        found["targets"] = targets(folder, len(real), quick=quick)
        found["equal"] = {"naive_bayes": equal("naive_bayes", folder, CHUNK + 1)}
        if not quick:
            found["equal"]["cart"] = equal("cart", folder, 3 * CHUNK)
    return found


def targets(folder: Path, size: int, *, quick: bool) -> dict[str, Step]:
    """Return the cost of what the design sets a target for, learned from the rows of Adult."""
    many, from_cart = (QUICK_MANY, QUICK_FROM_CART) if quick else (MANY, FROM_CART)
    found = {}
    for name in ("naive_bayes", "dp_naive_bayes"):
        print(f"  {name}, {many:,} rows …", flush=True)
        fit(name, folder)
        found[f"{name}: {many:,} rows made"] = make(name, folder, many)
    print(f"  cart, {size:,} rows …", flush=True)
    for kind, step in both("cart", folder, size).items():
        verb = "learned from" if kind == "fit" else "made"
        found[f"cart: {size:,} rows {verb}"] = step
    found[f"cart: {from_cart:,} rows made"] = make("cart", folder, from_cart)
    return found


def both(name: str, folder: Path, size: int) -> dict[str, Step]:
    """Return the cost of a fit and, if it ended, of `size` rows made."""
    steps = {"fit": fit(name, folder)}
    if steps["fit"]["ended"]:
        steps["make"] = make(name, folder, size)
    return steps


def fit(name: str, folder: Path) -> Step:
    """Return the cost of a process that learns from the rows in `folder`, and saves the model."""
    return _step(folder, "fit", name, str(folder))


def make(name: str, folder: Path, size: int, **environment: str) -> Step:
    """Return the cost of a process that makes rows with the model in `folder`, as Parquet."""
    return _step(folder, "make", name, str(folder), str(size), **environment)


def equal(name: str, folder: Path, size: int) -> dict[str, Any]:
    """Return the SHA-256 of the batch that one worker writes, which two workers must write too.

    The model is there already.
    """
    sums = []
    for workers in ("1", "2"):
        make(name, folder, size, LOKY_MAX_CPU_COUNT=workers)
        sums.append(provenance.of_file(_batch(folder)))
    if sums[0] != sums[1]:
        raise SystemExit(f"{name}: one worker and two write different bytes of {size:,} rows")
    return {"rows": size, "sha256": sums[0]}


def learn(name: str, folder: Path) -> None:
    """Do what the stage `fit` does, but for its record."""
    spec = _spec(name)
    real = files.read_parquet(folder / "real.parquet")
    generator = registry.make(name, spec).fit(real, population.declared(), seed=spec.seed)
    models.save(generator, _model(name, folder))


def draw(name: str, folder: Path, size: int) -> None:
    """Do what the stage `generate` does, but for verifiers."""
    generator = pickle.loads(_model(name, folder).read_bytes())
    made = production.make(
        generator,
        size,
        where=None,
        verifiers={},
        unique=False,
        seed=0,
        asked=Generate(seed=0, budget=50, least_yield=0.05),
        tally=Tally(),
    )
    beside = folder / f"{BATCH}.json"
    provenance.write(made, lambda: population.record(BATCH, size), _batch(folder), beside)


def _spec(name: str) -> Spec:
    shortened = {"options": {"epochs": 1}} if name in DEEP else {}
    return Spec(**{**MEMBERS[name], **shortened})


def _step(folder: Path, *arguments: str, **environment: Any) -> Step:
    command = cost.python("benchmarks.generation", *arguments)
    log = folder / "printed.log"
    return cost.run(command, limit=LIMIT, log=log, **environment)._asdict()


def _write(real: pd.DataFrame, folder: Path) -> None:
    files.write_parquet(real, folder / "real.parquet")


def _model(name: str, folder: Path) -> Path:
    return folder / f"{name}.pkl"


def _batch(folder: Path) -> Path:
    return folder / f"{BATCH}.parquet"


def section(found: dict[str, Any]) -> str:
    """Return the tables of fits, of rows made, and of the targets."""
    sizes = found["sizes"]
    names = list(next(iter(sizes.values())))
    tables = {}
    for kind, heading, written in (
        ("fit", "s", lambda size, step: _seconds(step)),
        ("make", "rows/s", _rate),
    ):
        head = [f"{int(size):,} rows, {unit}" for unit in (heading, "MB") for size in sizes]
        lines = [["member", *head], ["---", *["---:"] * len(head)]]
        for name in names:
            steps = [(int(size), own.get(name, {}).get(kind)) for size, own in sizes.items()]
            cells = [written(size, step) for size, step in steps]
            lines.append([name, *cells, *(_peak(step) for _, step in steps)])
        tables[kind] = _table(lines)
    goals = [["target", "seconds", "peak memory, MB"], ["---", "---:", "---:"]]
    goals += [[name, _seconds(step), _peak(step)] for name, step in found["targets"].items()]
    same = " and ".join(f"{own['rows']:,} of {name}" for name, own in found["equal"].items())
    return _SECTION.format(
        **tables,
        targets=_table(goals),
        learned=found["learned"],
        equal=same,
        limit=LIMIT,
        deep=", ".join(DEEP),
    )


def _table(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _seconds(step: Step | None) -> str:
    if step is None:
        return "–"
    return f"{step['seconds']:,.1f}" if step["ended"] else f"> {LIMIT:.0f} s"


def _rate(size: int, step: Step | None) -> str:
    if step is None or not step["ended"]:
        return _seconds(step)
    return f"{size / step['seconds']:,.0f}"


def _peak(step: Step | None) -> str:
    return f"{step['peak_mb']:,.0f}" if step and step["ended"] else "–"


_SECTION = """\
## Generation

Each member of [GENERATORS.md](GENERATORS.md) learned from 14 columns of rows like Adult's, drawn
from CART. A fit is one process: from the rows in a Parquet file to the model's file.

{fit}

Then a process made as many rows as were learned, from the model's file to the batch with its
record, written while the rows were made; no verifier looked at them.

{make}

What did not end within {limit:.0f} seconds was stopped, and the member's larger sizes were left
out. The fits of {deep} are of one epoch; each further one takes as long again.

Learned from the {learned:,} rows of Adult itself:

{targets}

One worker and two wrote the same bytes: {equal}.
"""


if __name__ == "__main__":
    step, member, place, *count = sys.argv[1:]
    if step == "fit":
        learn(member, Path(place))
    else:
        draw(member, Path(place), int(count[0]))
