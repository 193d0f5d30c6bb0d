"""The synthesizers of SDV 2, which is imported only where one of them is used."""

import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from ..errors import GeneratorError, nearest
from ..schema import Schema

KINDS = {"gaussian_copula": "GaussianCopulaSynthesizer"}

_TABLE = "real"


@dataclass
class Synthesizer:
    """One of SDV's single-table synthesizers; `options` are its own constructor's."""

    kind: str
    options: dict[str, Any] = field(default_factory=dict)

    synthesizer: Any = field(init=False, repr=False)
    schema: Schema = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.kind not in KINDS:
            raise ValueError(f"`kind` {self.kind!r} is unknown; {nearest(self.kind, KINDS)}")

    def fit(self, train: pd.DataFrame, schema: Schema, *, seed: int) -> Self:
        """Fit with SDV's metadata made from the schema, never detected from values."""
        import sdv.single_table
        from sdv.metadata import Metadata

        columns = {
            name: {"sdtype": "numerical" if schema.columns[name].numeric else "categorical"}
            for name in schema.modelled
        }
        described = {"tables": {_TABLE: {"columns": columns}}, "METADATA_SPEC_VERSION": "V2"}
        real = train[schema.modelled].copy()
        for name in schema.modelled:
            if schema.columns[name].kind == "integer" and not real[name].isna().any():
                real[name] = real[name].astype("int64")
            elif not schema.columns[name].numeric:
                real[name] = real[name].astype(object)
        build = getattr(sdv.single_table, KINDS[self.kind])
        _seed(seed)
        with _quiet():
            try:
                self.synthesizer = build(Metadata.load_from_dict(described), **self.options)
            except TypeError as error:
                raise GeneratorError(f"`options` of {self.kind} in params.yaml: {error}") from None
            self.synthesizer.fit({_TABLE: real})
        self.schema = schema
        _canonical(self.synthesizer)
        return self

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Sample from a state that depends on the seed only."""
        _seed(seed)
        with _quiet():
            self.synthesizer.reset_sampling()
            self.synthesizer._set_random_state(seed)
            made = self.synthesizer.sample(n)[_TABLE]
        for name in self.schema.modelled:
            if self.schema.columns[name].numeric:
                made[name] = made[name].astype("float64")
            else:
                levels = sorted(made[name].dropna().unique())
                made[name] = made[name].astype(pd.CategoricalDtype(levels))
        return made[self.schema.modelled].reset_index(drop=True)


def _seed(seed: int) -> None:
    """Seed every global generator that SDV and its parts draw from."""
    from faker import Faker

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (SDV has no other way)
    Faker.seed(seed)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep SDV's advice about saving metadata, and its logs, off the terminal."""
    logging.getLogger("sdv").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _canonical(synthesizer: Any) -> None:
    """Take out what differs between identical fits: ids, dates, and dicts in the order of a set."""
    synthesizer._synthesizer_id = ""
    synthesizer._creation_date = synthesizer._fitted_date = ""
    transformer = synthesizer._data_processor._hyper_transformer
    for name, value in vars(transformer).items():
        if isinstance(value, dict):
            setattr(transformer, name, dict(sorted(value.items(), key=lambda item: str(item[0]))))
