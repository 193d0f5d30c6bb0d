"""Every generator on one real table: what it costs, what it keeps, and what it gives away.

`python -m benchmarks.generators` measures all members, `python -m benchmarks.generators cart`
those that are named, each in a process of its own; both write generators.json and GENERATORS.md.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from stages.lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
import numpy as np
import pandas as pd
import yaml

from stages.lib import learners, scoring
from stages.lib.base import files
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.learners import Learner
from stages.lib.quality.fidelity import marginals
from stages.lib.quality.fidelity.associations import association
from stages.lib.quality.fidelity.coded import Coded
from stages.lib.tables import rows, schema, table
from stages.lib.tables.schema import Schema

from .cost import machine

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "generators.json", HERE / "GENERATORS.md"

REAL = "real rows"  # the ceiling: rows of the holdout in the place of synthetic ones
SEEDS = (1, 2, 3)  # of the samples that a figure is the mean of
DISCOVER = ["race", "gender", "native-country"]  # sensitive, so the schema lists no categories
DEEP = {"epochs": 60}
MEMBERS: dict[str, dict[str, Any]] = {  # as under `generators` in params.yaml
    "naive_bayes": {"family": "naive_bayes"},
    "oversample": {"family": "oversample"},
    "jitter": {"family": "jitter"},
    "smote": {"family": "smote"},
    "rules": {"family": "rules", "file": "rules/respondents.py"},
    "cart_5": {"family": "cart", "min_leaf": 5},
    "cart": {"family": "cart"},
    "cart_20": {"family": "cart", "min_leaf": 20},
    "gaussian_copula": {"family": "sdv", "kind": "gaussian_copula"},
    "ctgan": {"family": "sdv", "kind": "ctgan", "options": DEEP},
    "tvae": {"family": "sdv", "kind": "tvae", "options": DEEP},
    "copula_gan": {"family": "sdv", "kind": "copula_gan", "options": DEEP},
    "dp_naive_bayes": {
        "family": "dp_naive_bayes", "epsilon": 1, "delta": 1e-5, "discover": DISCOVER
    },
    "dp_tree": {"family": "dp_tree", "epsilon": 1, "delta": 1e-5, "discover": DISCOVER},
}  # fmt: skip

PUBLISHED = {  # TSTR, marginal and pair score on Adult, arXiv 2603.23016
    "CTGAN": {"tstr": 0.862, "marginal": 0.809, "pair": 0.758},
    "TabSyn": {"tstr": 0.910, "marginal": 0.992, "pair": 0.980},
    "TabDiff": {"tstr": 0.913, "marginal": 0.993, "pair": 0.985},
}
COLUMNS = {  # heading, and how a figure is written
    "fit_seconds": ("fit, s", "{:.1f}"),
    "sample_seconds": ("sample, s", "{:.1f}"),
    "peak_mb": ("peak memory, MB", "{:.0f}"),
    "tstr": ("TSTR ROC AUC", "{:.3f}"),
    "marginal": ("marginal score", "{:.3f}"),
    "pair": ("pair score", "{:.3f}"),
    "pair_error": ("pair error", "{:.3f}"),
    "discriminator": ("discriminator AUC", "{:.3f}"),
    "copies_train": ("copies of train", "{:.1%}"),
    "copies_part": ("of a part of train", "{:.1%}"),
    "copies_unseen": ("of holdout", "{:.1%}"),
}


def main() -> None:
    """Measure the members named on the command line, all by default, and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.generators", description=__doc__)
    parser.add_argument("members", nargs="*", metavar="MEMBER", help=", ".join([REAL, *MEMBERS]))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in this process
    arguments = parser.parse_args()
    names = arguments.members or [REAL, *MEMBERS]
    for name in names:
        if name not in (REAL, *MEMBERS):
            parser.error(f"{name!r} is unknown; choices: {', '.join([REAL, *MEMBERS])}")
    if arguments.here:
        print(json.dumps(measure(names[0])))
        return
    for name in names:
        command = [sys.executable, "-m", "benchmarks.generators", "--here", name]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
        results[name] = json.loads(told.splitlines()[-1])
        ordered = {key: results[key] for key in (REAL, *MEMBERS) if key in results}
        files.write_json(ordered, RESULTS)
        files.write_text(page(ordered), PAGE)
        told = ", ".join(f"{heading} {cell}" for heading, cell in _cells(ordered[name]))
        print(f"{name}: {told}")


def measure(name: str) -> dict[str, Any]:
    """Return the figures of one member, and where they were measured."""
    declared = schema.load("data/schema.yaml")
    train, holdout = split(table.read("data/adult.csv.gz", declared), declared)
    unseen = holdout
    if name == REAL:
        batches, cost = [holdout], {"peak_mb": _peak()}
        unseen = table.rows(train, np.arange(len(holdout)))
    else:
        spec = Spec(**MEMBERS[name])
        start = time.perf_counter()
        generator = registry.make(name, spec).fit(train, declared, seed=spec.seed)
        fitted = time.perf_counter()
        batches = [generator.sample(len(train), seed=SEEDS[0])]
        cost = {
            "fit_seconds": fitted - start,
            "sample_seconds": time.perf_counter() - fitted,
            "peak_mb": _peak(),
        }
        batches += [generator.sample(len(train), seed=seed) for seed in SEEDS[1:]]
    found = pd.DataFrame([score(batch, train, unseen, declared) for batch in batches])
    if name == REAL:  # its model learns from train, in whose place the others stand
        found["tstr"], found["copies_unseen"] = tstr(train, holdout, declared), np.nan
    spread = found.std(ddof=1) if len(found) > 1 else None
    return {
        "rows": {"train": len(train), "holdout": len(holdout)},
        "cost": cost,
        "mean": found.mean().to_dict(),
        "spread": None if spread is None else spread.to_dict(),
        "machine": machine(),
    }


def split(real: pd.DataFrame, declared: Schema) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two thirds of the rows and the rest, in random order, with the label's shares."""
    from sklearn.model_selection import train_test_split

    places, label = np.arange(len(real)), real[declared.target]
    parts = train_test_split(places, test_size=1 / 3, stratify=label, random_state=0)
    train, holdout = (table.rows(real[declared.modelled], part) for part in parts)
    return train, holdout


def score(
    made: pd.DataFrame, train: pd.DataFrame, unseen: pd.DataFrame, declared: Schema
) -> dict[str, float]:
    """Return every figure of synthetic rows but their cost."""
    every = Coded.of(table.stack([made, train, unseen]), declared)
    ends = np.cumsum([len(made), len(train), len(unseen)])
    parts = (every.take(places) for places in np.split(np.arange(ends[-1]), ends[:-1]))
    synthetic, real, other = parts
    # The rows of train are in random order: its first ones are a random part of it.
    part = table.rows(train, np.arange(len(unseen)))
    return {
        "tstr": tstr(made, unseen, declared),
        "marginal": 1 - marginals.distances(synthetic, real).mean(),
        "pair": pair_score(synthetic, real),
        "pair_error": pair_error(synthetic, other),
        "discriminator": discriminator(made, unseen, declared),
        "copies_train": rows.copies(made, train).mean(),
        "copies_part": rows.copies(made, part).mean(),
        "copies_unseen": rows.copies(made, unseen).mean(),
    }


def tstr(made: pd.DataFrame, unseen: pd.DataFrame, declared: Schema) -> float:
    """Return the ROC AUC on `unseen` of a model that learned from `made` only."""
    fitted = learners.encoder(made, declared)
    model = _boosting(learners.levels(fitted))
    labels = sorted(unseen[declared.target].cat.categories)
    y, truth = (
        frame[declared.target].astype(object).map(labels.index).to_numpy(int)
        for frame in (made, unseen)
    )
    if len(np.unique(y)) < 2:
        return 0.5
    x, asked = fitted.transform(made[declared.features]), unseen[declared.features]
    predicted = learners.predict(model.fit(x, y), fitted.transform(asked), len(labels))
    return scoring.score("roc_auc", truth, predicted).value


def pair_score(made: Coded, real: Coded) -> float:
    """Return how alike pairs of columns go together, in [0, 1], mean over the pairs.

    The column pair trends of SDMetrics: 1 less half the difference of Pearson's correlations of
    two numbers, 1 less the total variation of two contingency tables otherwise. A number beside a
    category is cut into ten bins of equal width over the range of its own table, synthetic or
    real.
    """
    both = [np.column_stack([_binned(frame.numbers), frame.codes]) for frame in (made, real)]
    levels = [13] * made.numbers.shape[1] + made.levels
    numeric = made.numbers.shape[1]
    correlations = [pd.DataFrame(frame.numbers).corr().to_numpy() for frame in (made, real)]
    scores = []
    for left in range(len(levels)):
        for right in range(left):
            if left < numeric:
                r, s = np.nan_to_num([found[left, right] for found in correlations])
                scores.append(1 - abs(r - s) / 2)
            else:
                one, other = (codes[:, left] * levels[right] + codes[:, right] for codes in both)
                apart = marginals.total_variation(one, other, levels[left] * levels[right])
                scores.append(1 - apart)
    return float(np.mean(scores))


def pair_error(made: Coded, unseen: Coded) -> float:
    """Return the mean difference of association over all pairs of columns."""
    apart = np.abs(association(made) - association(unseen))
    return float(apart[np.tril_indices(len(apart), -1)].mean())


def discriminator(made: pd.DataFrame, real: pd.DataFrame, declared: Schema) -> float:
    """Return how well a model tells `made` from as many rows of `real`, as ROC AUC.

    Mean over five folds of rows that the model did not see; 0.5 is chance.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    size = min(len(made), len(real))
    frames = [table.rows(frame[declared.modelled], np.arange(size)) for frame in (made, real)]
    both = Coded.of(table.stack(frames), declared)
    x = np.column_stack([both.codes, both.numbers])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = _boosting(both.levels + [0] * both.numbers.shape[1])
    found = cross_val_score(model, x, np.repeat([1, 0], size), cv=folds, scoring="roc_auc")
    return float(found.mean())


def page(results: dict[str, Any]) -> str:
    """Return the Markdown page."""
    headings = [heading for heading, _ in COLUMNS.values()]
    lines = [_row(["member", *headings]), _row(["---"] + ["---:"] * len(headings))]
    lines += [_row([name, *(cell for _, cell in _cells(found))]) for name, found in results.items()]
    lines += [
        _row([f"{name} (published)"] + [_cell(key, figures.get(key)) for key in COLUMNS])
        for name, figures in PUBLISHED.items()
    ]
    first = next(iter(results.values()))["rows"]
    machines = {found["machine"]: None for found in results.values()}
    style: dict[str, Any] = {"default_flow_style": True, "sort_keys": False, "width": 200}
    members = "\n".join(
        f"- `{name}: {yaml.safe_dump(spec, **style).strip()}`" for name, spec in MEMBERS.items()
    )
    return _PAGE.format(
        table="\n".join(lines),
        train=first["train"],
        holdout=first["holdout"],
        machines="\n".join(f"- {one}" for one in machines),
        members=members,
    )


_PAGE = """\
# Every generator on one table

{table}

Measured on `data/adult.csv.gz`: a random two thirds ({train:,} rows) as train, the rest
({holdout:,} rows) as holdout, the label's shares kept. Each member learned from train and made as
many rows. Rows that occur more than once are kept, as the published protocol keeps them; this file
leaves `fnlwgt` out, so that one row in nine repeats one above it.

- **fit, sample**: seconds of one run, one thread. **peak memory**: of the process once it has read
  the table, fitted and sampled; that of `real rows` has read the table only.
- **TSTR**: scikit-learn's histogram boosting with 100 trees learned from the synthetic rows, and
  is scored on holdout. That of `real rows` learned from train.
- **marginal score**: 1 less the mean over columns of the Kolmogorov-Smirnov distance (numbers) or
  total variation (categories) to train. **pair score**: SDMetrics' column pair trends, against
  train. Chance keeps both below 1, and those of `real rows` furthest: rows of holdout, half as
  many as a member makes.
- **pair error**: the mean difference from holdout in how strongly two columns go together
  (Spearman's correlation, Cramér's V or the correlation ratio).
- **discriminator AUC**: how well the same boosting tells synthetic rows from as many of holdout,
  which no generator has seen, over five folds. 0.5 is chance.
- **copies of train**: synthetic rows that equal one of train. The two columns beside it compare
  like with like: rows that equal one of {holdout:,} rows of train, and one of the {holdout:,} of
  holdout; what the first has above the second is learned by heart. In `real rows`, rows of
  holdout stand in the place of synthetic ones: their rate is what chance gives.

Figures are means over three samples of one fit, ± the standard deviation between samples.

The published figures are those of arXiv 2603.23016, means over seeds, of another protocol: UCI's
own split of Adult (32,561 rows to learn from, 16,281 to score on), with `fnlwgt` as a sixth
numeric column; XGBoost, tuned on a ninth of the synthetic rows, as the TSTR model; marginal and
pair score by SDMetrics 0.24 against the rows learned from. They are figures to stand beside, not
a ranking.

Measured with:

{machines}

`python -m benchmarks.generators MEMBER` makes one line again. The members, as they would stand
under `generators` in `params.yaml`:

{members}
"""


def _cells(found: dict[str, Any]) -> list[tuple[str, str]]:
    figures, spread = {**found["cost"], **found["mean"]}, found["spread"] or {}
    return [
        (heading, _cell(key, figures.get(key), spread.get(key)))
        for key, (heading, _) in COLUMNS.items()
    ]


def _cell(key: str, value: float | None, spread: float | None = None) -> str:
    if value is None or np.isnan(value):
        return "–"
    cell = COLUMNS[key][1].format(value)
    return cell if spread is None else f"{cell} ± {COLUMNS[key][1].format(spread)}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _binned(numbers: np.ndarray) -> np.ndarray:
    """Return the bin of each number in ten over its column's range, 12 where it is missing."""
    places = np.full(numbers.shape, 12)
    for column, values in enumerate(numbers.T):
        there = ~np.isnan(values)
        if there.any():
            edges = np.histogram_bin_edges(values[there])
            places[there, column] = np.digitize(values[there], edges)
    return places


def _boosting(levels: list[int]) -> Any:
    return learners.make(Learner(kind="hist_gradient_boosting"), "binary", levels, seed=0)


def _peak() -> float:
    """Return the most memory that this process has held, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10


if __name__ == "__main__":
    main()
