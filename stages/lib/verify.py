"""Verifiers: what a generated row must pass before it may be in a batch."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field

from . import distance, learners, script
from .base.errors import GeneratorError
from .base.params import Section
from .generators.protocol import Generator
from .learners import Learner
from .tables import condition, rows, table
from .tables.condition import Condition
from .tables.schema import Schema, broken, task, unheard, valid

Verifier = Callable[[pd.DataFrame], np.ndarray]  # from rows to whether each is kept, shape (rows,)

FOLDS = 5  # of the cross-fitting that says which scores real rows have
FEWEST = 50  # rows that a model of them needs
MODEL = Learner(kind="hist_gradient_boosting")

COMPARING = ("copies", "label", "realism")  # with real rows; so do rules on combinations


class Copies(Section):
    """Drop rows that equal a training row, or are nearer to one than a distance."""

    distance: float = Field(0.0, ge=0, le=1)
    """Gower's: the mean difference of a column; at 0 only equal rows are dropped."""


class Floor(Section):
    """Drop rows that score lower than all but this share of the real rows."""

    floor: float = Field(ge=0, lt=1)
    """The share of real rows that may score lower than the last row kept."""


def _in_rules(path: str) -> str:
    script.check(path)
    return path


class Python(Section):
    """Keep the rows for which a function of the user's returns True."""

    file: Annotated[str, AfterValidator(_in_rules)]
    """A Python file in the folder `rules/`."""
    function: str
    """Its function: a table in, True or False for each row out."""


class Verify(Section):
    """The section `verify` of params.yaml; the schema is always verified, and first."""

    copies: Copies | None = None
    """Drop rows that equal a training row, or are nearer to one than a distance."""
    label: Floor | None = None
    """Drop rows whose label a model of the real rows finds unlikely."""
    realism: Floor | None = None
    """Drop rows that a discriminator tells from real ones."""
    python: Python | None = None
    """Keep the rows for which a function of yours returns True."""
    duplicates: bool = False
    """Drop rows that the batch has already."""


class Prepared(NamedTuple):
    """What judges rows, and what was asked for and does not."""

    verifiers: dict[str, Verifier]  # by name, the cheap ones first
    left_out: list[str]  # those that compare with real rows, of a private generator


def prepare(
    asked: Verify,
    generator: Generator,
    train: pd.DataFrame,
    schema: Schema,
    *,
    where: Condition | None,
    private: bool,
    seed: int,
) -> Prepared:
    """Return the verifiers that judge row by row, fitted.

    Those that compare with real rows are left out where the generator is `private`: what they
    drop would give away what the noise hides. Raises GeneratorError where there are too few rows
    to learn from.
    """
    ruled = {name for columns in schema.combinations for name in columns}
    names = [name for name in train.columns if name in ruled]
    known = None if private else train[names].drop_duplicates()
    found: dict[str, Verifier] = {"schema": partial(_allowed, schema, known)}
    if asked.python:
        found["python"] = partial(_by_hand, asked.python)
    if private:
        ruled_out = ["combinations"] if names else []
        return Prepared(found, ruled_out + [one for one in COMPARING if getattr(asked, one)])
    if asked.copies:
        found["copies"] = partial(_unlike, train, schema, asked.copies.distance)
    if asked.label:
        found["label"] = _label_judge(train, schema, asked.label.floor).keeps
    if asked.realism:
        real = condition.keep(train, where)
        made = generator.sample(len(real), where=where, seed=seed)
        found["realism"] = _realism_judge(real, made, schema, asked.realism.floor).keeps
    return Prepared(found, [])


class Judge(NamedTuple):
    """A model whose score a row must reach: that of all but a share of the real rows."""

    names: list[str]  # the columns it reads
    target: str | None  # the column it judges; None where it judges whole rows
    levels: list[str] | None  # of the target, None where that is a number
    encoder: Any
    model: Any
    limit: float

    def keeps(self, frame: pd.DataFrame) -> np.ndarray:
        """Return for each row whether its score reaches the limit; a missing target does."""
        if frame.empty:
            return np.zeros(0, bool)
        x = self.encoder.transform(frame[self.names])
        if self.target is None:
            return _score(self.model, x, np.ones(len(x)), 2) >= self.limit
        absent = frame[self.target].isna().to_numpy()
        y = _coded(frame[self.target], self.levels)
        score = _score(self.model, x, np.where(absent, 0, y), len(self.levels or []))
        return absent | ((y != -1) & (score >= self.limit))


def _allowed(schema: Schema, real: pd.DataFrame | None, frame: pd.DataFrame) -> np.ndarray:
    good = valid(frame, schema).all(axis=1).to_numpy()
    for wrong in broken(frame, schema).values():
        good &= ~wrong
    for wrong in unheard(frame, real, schema).values() if real is not None else ():
        good &= ~wrong
    return good


def _by_hand(asked: Python, frame: pd.DataFrame) -> np.ndarray:
    if frame.empty:
        return np.zeros(0, bool)  # functions need not know what to say of no row
    kept = np.asarray(script.call(asked.file, asked.function, frame.copy()))
    if kept.dtype != bool or kept.shape != (len(frame),):
        raise GeneratorError(
            f"{asked.file}: `{asked.function}` must return True or False for each of the "
            f"{len(frame):,} rows, got {kept.dtype} of shape {kept.shape}"
        )
    return kept


def _unlike(train: pd.DataFrame, schema: Schema, least: float, frame: pd.DataFrame) -> np.ndarray:
    good = ~rows.copies(frame, train)
    if least > 0 and good.any():
        left = table.rows(frame, np.flatnonzero(good))
        both = table.stack([left, train[list(left.columns)]])
        space = distance.embed(both, schema, train)
        made, real = (space.take(part) for part in np.split(np.arange(len(both)), [len(left)]))
        good[good] = distance.nearest(made, real) >= least
    return good


def _label_judge(train: pd.DataFrame, schema: Schema, floor: float) -> Judge:
    known = train[train[schema.target].notna()]
    _enough("label", len(known))
    levels = None
    if not schema.columns[schema.target].numeric:
        levels = list(known[schema.target].cat.categories)
    encoder = learners.encoder(known, schema)
    x, y = encoder.transform(known[schema.features]), _coded(known[schema.target], levels)
    kind = task(schema, known[schema.target])
    fit = partial(learners.fit, MODEL, kind, learners.levels(encoder), seed=0)
    scores = _crossed(fit, x, y, len(levels or []))
    limit = float(np.quantile(scores, floor))
    return Judge(schema.features, schema.target, levels, encoder, fit(x, y), limit)


def _realism_judge(real: pd.DataFrame, made: pd.DataFrame, schema: Schema, floor: float) -> Judge:
    size = min(len(real), len(made))
    _enough("realism", size)
    chosen = np.random.default_rng(0).permutation(len(real))[:size]
    both = table.stack([frame[schema.modelled] for frame in (real.iloc[chosen], made[:size])])
    y = np.repeat([1.0, 0.0], size)
    encoder = learners.encoder(both, schema, schema.modelled)
    x = encoder.transform(both)
    fit = partial(learners.fit, MODEL, "binary", learners.levels(encoder), seed=0)
    limit = float(np.quantile(_crossed(fit, x, y, 2)[:size], floor))
    return Judge(schema.modelled, None, None, encoder, fit(x, y), limit)


def _crossed(fit: Callable[..., Any], x: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """Return each row's score by a model that did not see it."""
    fold = np.random.default_rng(0).permutation(len(y)) % FOLDS
    score = np.empty(len(y))
    for held in range(FOLDS):
        out = fold == held
        score[out] = _score(fit(x[~out], y[~out]), x[out], y[out], classes)
    return score


def _score(model: Any, x: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    """Return how likely the model finds each label: its probability, or less the error."""
    found = learners.predict(model, x, classes)
    return found[np.arange(len(y)), y.astype(int)] if classes else -np.abs(found - y)


def _coded(values: pd.Series, levels: list[str] | None) -> np.ndarray:
    """Return labels as places in `levels`, -1 where they are not among them, or as numbers."""
    if levels is None:
        return values.to_numpy("float64")
    return pd.Index(levels).get_indexer(pd.Index(values.astype(object))).astype(float)


def _enough(name: str, count: int) -> None:
    if count < FEWEST:
        raise GeneratorError(
            f"the verifier `{name}` needs at least {FEWEST} real and as many generated rows to "
            f"learn from, got {count}; take it out of `verify` in params.yaml"
        )
