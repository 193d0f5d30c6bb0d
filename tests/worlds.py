"""Constructed worlds in which it is known what synthetic rows do to a model."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from stages.lib import trials
from stages.lib.batches import Slice, Slices
from stages.lib.learners import Learner, Learners
from stages.lib.mixes import mixing
from stages.lib.mixes.ground import Ground, prepare, rows_of, trained
from stages.lib.mixes.mixing import Stock
from stages.lib.ratios import regional
from stages.lib.ratios.regional import Parts
from stages.lib.scoring import Score
from stages.lib.tables.schema import Column, Schema
from stages.lib.trials import Bench, Trial

Real = Callable[[int, np.random.Generator], pd.DataFrame]
Made = Callable[[int, np.random.Generator, pd.DataFrame], pd.DataFrame]  # of a train slice


class World(NamedTuple):
    """Rows of a real process, those of one that imitates it, and models that learn from them."""

    schema: Schema
    models: Learners
    metric: str
    real: Real
    made: Made
    train: int  # rows
    ratios: tuple[float, ...]
    real_only: str = "linear"  # the model that stands for real rows alone
    slices: Slices = {}  # regions, where they are told apart


def middle() -> World:
    """Return real rows with one label in ten, and synthetic ones that all have it.

    Balanced accuracy is best where both labels have about as many rows, which is so when 4 in 9
    rows are synthetic; with fewer or more of them the model expects one label too often.
    """

    def real(count: int, rng: np.random.Generator) -> pd.DataFrame:
        return shifted(rng.random(count) < 0.1, rng)

    def made(count: int, rng: np.random.Generator, train: pd.DataFrame) -> pd.DataFrame:
        return shifted(np.ones(count, bool), rng)

    def shifted(yes: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
        x = rng.standard_normal((len(yes), 3)) + yes[:, None] * [1.0, 0.7, 0.4]
        return _frame(x, pd.Categorical(np.where(yes, "yes", "no"), ["no", "yes"]))

    ratios = (0, 0.1, 0.25, 0.5, 0.75, 0.9)
    return World(_schema(3, _LABEL), _LOGISTIC, "balanced_accuracy", real, made, 400, ratios)


def useless() -> World:
    """Return synthetic rows that repeat what a model of the real ones knows.

    Their features are real rows' and their labels are drawn from a logistic regression on these;
    the real rows are so many that the noise of such labels does little harm either. `weak` knows
    less than `linear`, however many rows it has.
    """

    def real(count: int, rng: np.random.Generator) -> pd.DataFrame:
        x = rng.standard_normal((count, 3))
        return _labelled(x, x @ [1.0, 0.7, 0.4], rng)

    def made(count: int, rng: np.random.Generator, train: pd.DataFrame) -> pd.DataFrame:
        x, y = train.drop(columns="y").to_numpy(), train["y"] == "yes"
        fitted = LogisticRegression().fit(x, y)
        x = x[rng.integers(len(x), size=count)]
        return _labelled(x, fitted.decision_function(x), rng)

    weak = Learner(kind="random_forest", n_estimators=2, max_depth=2)
    models = {**_LOGISTIC, "weak": weak}
    return World(_schema(3, _LABEL), models, "roc_auc", real, made, 2000, (0, 0.25, 0.5, 0.8))


def harmful() -> World:
    """Return synthetic rows whose target goes the wrong way."""

    def rows(sign: float, count: int, rng: np.random.Generator) -> pd.DataFrame:
        x = rng.standard_normal((count, 4))
        return _frame(x, sign * (x @ [1.5, 1.0, 0.5, 0.0]) + rng.standard_normal(count))

    return World(
        _schema(4, Column(kind="number", role="target")),
        {"linear": Learner(kind="linear")},
        "r2",
        lambda count, rng: rows(1, count, rng),
        lambda count, rng, train: rows(-1, count, rng),
        400,
        (0, 0.2, 0.4, 0.6),
    )


def divided() -> World:
    """Return two regions whose features are their own, with synthetic rows that suit one of them.

    They are right where 70 real rows are few for 20 features, and have the wrong labels where 140
    are enough for 3.
    """
    features = np.array([20, 3])

    def rows(sign: float, count: int, rng: np.random.Generator) -> pd.DataFrame:
        weights = np.array([2 / np.sqrt(20), sign * 2 / np.sqrt(3)]).repeat(features)
        many = rng.random(count) < 2 / 3
        own = np.column_stack([~many, many]).repeat(features, axis=1)
        x = rng.standard_normal(own.shape) * own
        return _labelled(np.column_stack([x, many]), x @ weights, rng)

    return World(
        _schema(24, _LABEL),
        _LOGISTIC,
        "neg_brier_score",
        lambda count, rng: rows(1, count, rng),
        lambda count, rng, train: rows(-1, count, rng),
        210,
        (0, 0.25, 0.5, 0.75, 0.9),
        slices={
            "few": Slice(purpose="learn many features", rows=1, where="x23 == 0"),
            "many": Slice(purpose="learn few features", rows=1),
        },
    )


def ground(world: World, seed: int, *, seeds: int, rows: int) -> tuple[Ground, Parts | None]:
    """Return a fresh train, batch, tune and holdout of a world, and which regions they are in.

    `rows` are those of the holdout, and of tune as well.
    """
    rng = np.random.default_rng(seed)
    train = world.real(world.train, rng)
    # Twice what the greatest ratio takes, so that seeds differ there too.
    needed = 2 * mixing.counts(max(world.ratios), world.train, "add")[1]
    batches = {"made": world.made(needed, rng, train)}
    found = prepare(
        train,
        batches,
        {name: world.real(rows, rng) for name in ("tune", "holdout")},
        world.schema,
        world.models,
        world.metric,
        asked=None,
        real_only=world.real_only,
        policy="add",
        seeds=seeds,
        run=one_by_one,
    )
    if not world.slices:
        return found, None
    return found, regional.assign(found, "slices", train, batches, world.schema, world.slices)


def one_by_one(shared: Bench, jobs: Sequence[Trial]) -> Iterator[dict[str, Score]]:
    """Yield what `trials.run` returns, without starting processes."""
    for job in jobs:
        yield trials.score(shared, trials.predict(shared, job))


def truth(world: World, *, draws: int) -> dict[tuple[float, ...], float]:
    """Return the expected score of mixes, over draws of train and batch, by the regions' ratios.

    Each draw is scored on 10,000 rows.
    """
    found: dict[tuple[float, ...], list[float]] = {}
    for draw in range(draws):
        own, parts = ground(world, 1000 + draw, seeds=1, rows=5000)
        made, stock = rows_of(own, ["made"])
        if parts:
            stock = Stock(parts.of[: own.real], parts.of[made], parts.names)
        asked = list(product(world.ratios, repeat=len(stock.regions)))
        for ratios, scores in trained(own, stock, made, asked, ["linear"]):
            mean = np.mean([runs.mean for runs in scores["linear"].values()])
            found.setdefault(ratios, []).append(float(mean))
    return {ratios: float(np.mean(scores)) for ratios, scores in found.items()}


def _schema(features: int, target: Column) -> Schema:
    columns = {f"x{place}": Column(kind="number") for place in range(features)}
    return Schema(columns={**columns, "y": target})


def _frame(x: np.ndarray, y: Any) -> pd.DataFrame:
    frame = pd.DataFrame(x, columns=[f"x{place}" for place in range(x.shape[1])])
    return frame.assign(y=y)


def _labelled(x: np.ndarray, logit: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    yes = logit + rng.logistic(0, 1, len(x)) > 0
    return _frame(x, pd.Categorical(np.where(yes, "yes", "no"), ["no", "yes"]))


_LABEL = Column(kind="category", role="target")
_LOGISTIC = {"linear": Learner(kind="linear", C=10.0)}
