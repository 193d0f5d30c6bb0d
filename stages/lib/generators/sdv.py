"""The synthesizers of SDV 2, which is imported only where one of them is used."""

import inspect
import io
import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from ..base.errors import DvcSynthError, GeneratorError, nearest
from ..tables import condition
from ..tables.condition import Condition
from ..tables.schema import Schema
from .parts import constraints, copula
from .parts.parameters import whole

KINDS = {
    "gaussian_copula": "GaussianCopulaSynthesizer",
    "ctgan": "CTGANSynthesizer",
    "tvae": "TVAESynthesizer",
    "copula_gan": "CopulaGANSynthesizer",
}
TRAINED = ("ctgan", "tvae", "copula_gan")  # they learn in epochs, with networks
# What is not SDV's own: a bar on the terminal, and no GPU, where the same seed gives other bytes.
_DEFAULTS = {"verbose": True, "enable_gpu": False}

_TABLE = "real"
_TRIES = 10  # rounds, each of up to ten times the rows, to make up for rows that break a rule


@dataclass
class Synthesizer:
    """One of SDV's single-table synthesizers; `options` are its own constructor's.

    The rules of the schema that SDV has constraints for are built in. A Gaussian copula makes
    rows given any condition; of the others, rows that do not meet it are thrown away. Networks
    learn with `threads` threads, whose number shows in the last digits. Not private.
    """

    kind: str
    """Which synthesizer: gaussian_copula, ctgan, tvae or copula_gan."""
    options: dict[str, Any] = field(default_factory=dict)
    """Parameters of its constructor, by SDV's names."""
    threads: int = 1
    """Of torch; their number shows in the last digits."""

    synthesizer: Any = field(init=False, repr=False)
    schema: Schema = field(init=False, repr=False)
    levels: dict[str, list[str]] = field(init=False, repr=False)  # the categories of real rows
    losses: pd.DataFrame = field(init=False, repr=False)  # of the trained kinds only

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise ValueError(f"`kind` {self.kind!r} is unknown; {nearest(str(self.kind), KINDS)}")
        if not isinstance(self.options, dict):
            raise ValueError(f"`options` must be parameters of SDV by name, got {self.options!r}")
        whole("threads", self.threads)

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Fit with SDV's metadata made from the schema, never detected from values.

        A column that has no value in any row is left out, and made without values.
        """
        import sdv.single_table

        build = getattr(sdv.single_table, KINDS[self.kind])
        options = self._checked(inspect.signature(build.__init__).parameters)
        constraints.check(train, schema)
        self.schema = schema
        names = [name for name in schema.modelled if train[name].notna().any()]
        if len(train) < 2 or len(names) < 2:
            raise GeneratorError(
                f"{self.kind} needs at least 2 real rows and 2 columns with values, "
                f"got {len(train)} and {len(names)}"
            )
        self.levels = {
            name: sorted(train[name].dropna().unique()) for name in schema.categorical(names)
        }
        with self._seeded(seed):
            try:
                self._fit(build, options, train, names)
            except DvcSynthError:
                raise
            except Exception as error:  # SDV and its parts raise errors of any kind
                raise GeneratorError(self._refusal("cannot learn from these rows", error)) from None
        _canonical(self.synthesizer)
        if self.kind in TRAINED:
            self.losses = _losses(self.synthesizer.get_loss_values())
        return self

    def sample(self, n: int, *, where: Condition | None = None, seed: int) -> pd.DataFrame:
        """Sample from a state that depends on the seed only."""
        with self._seeded(seed), redirect_stderr(io.StringIO()):  # a bar where there are rules
            _restart(self.synthesizer, seed)
            if where is not None and self._unseen(where):
                made = pd.DataFrame()
            elif where is not None and self._conditions(where):
                made = copula.draw(self.synthesizer, n, where, np.random.default_rng(seed))
            else:
                try:
                    made = self.synthesizer.sample(n, max_tries_per_batch=_TRIES)[_TABLE]
                except Exception as error:  # SDV and its parts raise errors of any kind
                    raise GeneratorError(self._refusal("cannot make rows", error)) from None
        return condition.keep(self._typed(made), where)

    def _checked(self, known: Any) -> dict[str, Any]:
        """Return the options with the defaults; raises GeneratorError where one is not SDV's."""
        own = [name for name in known if name not in ("self", "metadata")]
        for name in self.options:
            if name not in own:
                raise GeneratorError(
                    f"params.yaml: `options.{name}` is not a parameter of SDV's "
                    f"{KINDS[self.kind]}; {nearest(name, own)}"
                )
        options = {name: value for name, value in _DEFAULTS.items() if name in own} | self.options
        if "pac" in own:
            batch, pac = (options.get(name, known[name].default) for name in ("batch_size", "pac"))
            whole = all(isinstance(value, int) and value > 0 for value in (batch, pac))
            if not whole or batch % 2 or batch % pac:
                raise GeneratorError(
                    f"params.yaml: `options.batch_size` of {self.kind} must be even and a multiple "
                    f"of `pac`, got {batch!r} with `pac` {pac!r}"
                )
        return options

    def _fit(self, build: Any, options: dict, train: pd.DataFrame, names: list[str]) -> None:
        from joblib import parallel_config
        from sdv.metadata import Metadata

        coded = constraints.coded(self.schema, names)
        numbers = [name for name in self.schema.numeric(names) if name not in coded]
        columns = {
            name: {"sdtype": "numerical" if name in numbers else "categorical"} for name in names
        }
        described = {"tables": {_TABLE: {"columns": columns}}, "METADATA_SPEC_VERSION": "V2"}
        real = train[names].copy()
        for name in names:
            if self.schema.columns[name].kind == "integer" and not real[name].isna().any():
                real[name] = real[name].astype("int64")
            elif not self.schema.columns[name].numeric:
                real[name] = real[name].astype(object)
        self.synthesizer = build(Metadata.load_from_dict(described), **options)
        for rule in constraints.rules(self.schema, names):
            try:
                self.synthesizer.add_constraints(rule.constraints)
            except Exception as error:
                told = self._refusal(f"cannot keep rule {rule.text!r}", error)
                raise GeneratorError(told) from None
        with parallel_config("sequential"):  # CTGAN and TVAE would start processes for columns
            self.synthesizer.fit({_TABLE: real})

    def _conditions(self, where: Condition) -> bool:
        return self.kind == "gaussian_copula" and copula.can(self.synthesizer, where)

    def _unseen(self, where: Condition) -> bool:
        """Return whether `where` asks for a category that no real row has."""
        asked = condition.equalities(where) or {}
        return any(value not in self.levels.get(name, [value]) for name, value in asked.items())

    def _typed(self, made: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the columns and the types of a real table."""
        made = made.reindex(columns=self.schema.modelled)
        for name in made.columns:
            if self.schema.columns[name].numeric:
                made[name] = made[name].astype("float64")
            else:
                levels = sorted(made[name].dropna().unique())
                made[name] = made[name].astype(pd.CategoricalDtype(levels))
        return made.reset_index(drop=True)

    def _refusal(self, what: str, error: Exception) -> str:
        """Say what could not be done, with the first line of what SDV says."""
        reason = error.__cause__ or error  # SDV hides why sampling stopped
        told = str(reason).strip().splitlines()
        return f"{self.kind} {what}; SDV says: {told[0] if told else type(reason).__name__}"

    @contextmanager
    def _seeded(self, seed: int) -> Iterator[None]:
        """Seed every global generator that SDV and its parts draw from, and keep them quiet."""
        import torch
        from faker import Faker

        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002  (SDV has no other way)
        Faker.seed(seed)
        torch.manual_seed(seed)
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        logging.getLogger("sdv").setLevel(logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # advice about saving metadata, and fits of beta
                yield
        finally:
            torch.set_num_threads(before)


def _restart(synthesizer: Any, seed: int) -> None:
    """Put every random state that sampling uses to one that depends on the seed only.

    SDV's own restart has one fixed seed for all: any two samplings, and any two columns, would
    have their missing values in the same rows.
    """
    synthesizer.reset_sampling()
    synthesizer._set_random_state(seed)
    transformers = synthesizer._data_processor._hyper_transformer.field_transformers
    for place, transformer in enumerate(transformers.values()):
        if transformer is not None:
            words = np.random.SeedSequence([seed, place]).generate_state(4)
            transformer.set_random_state(np.random.RandomState(words), "reverse_transform")


def _losses(values: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each loss by epoch, named as files are."""
    named = values.rename(columns=lambda name: name.lower().replace(" ", "_"))
    losses = named.drop(columns="batch", errors="ignore")
    return losses.groupby("epoch").mean().reset_index(drop=True)


def _canonical(synthesizer: Any) -> None:
    """Take out what differs between identical fits: ids, dates, and dicts in the order of a set.

    And what only training uses: which real row holds which category.
    """
    synthesizer._synthesizer_id = ""
    synthesizer._creation_date = synthesizer._fitted_date = ""
    normalizer = getattr(synthesizer, "_gaussian_normalizer_hyper_transformer", None)
    for transformer in (synthesizer._data_processor._hyper_transformer, normalizer):
        for name, value in vars(transformer).items() if transformer else ():
            if isinstance(value, dict):
                ordered = dict(sorted(value.items(), key=lambda item: str(item[0])))
                setattr(transformer, name, ordered)
    sampler = getattr(synthesizer._model, "_data_sampler", None)
    if sampler is not None:
        sampler._rid_by_cat_cols = []
