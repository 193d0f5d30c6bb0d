"""Batches: their names, and sampling until enough rows hold what the schema allows."""

import numpy as np
import pandas as pd
import pytest

from stages.lib import batches, preview
from stages.lib.errors import GeneratorError
from stages.lib.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "age": Column(kind="number", min=0, max=1),
        "rich": Column(kind="category", role="target"),
    }
)


class Uniform:
    """A generator of which one row in `top` holds an age that the schema allows."""

    def __init__(self, top: float) -> None:
        """Take the upper end of the ages."""
        self.top = top

    def sample(self, n: int, *, seed: int) -> pd.DataFrame:
        """Return ages from 0 to `top`."""
        age = np.random.default_rng(seed).uniform(0, self.top, n)
        return pd.DataFrame({"age": age, "rich": pd.Categorical(["no"] * n)})


def test_batches_are_generators_by_slices() -> None:
    """A batch is named after its generator and slice, in the order of params.yaml."""
    assert [batch.name for batch in batches.every(["nb", "cart"], ["all"])] == [
        "nb-all",
        "cart-all",
    ]
    assert batches.named("gaussian_copula-rare_class") == (
        "gaussian_copula-rare_class",
        "gaussian_copula",
        "rare_class",
    )


def test_rows_that_the_schema_forbids_are_replaced() -> None:
    """Sampling goes on until there are enough, and the yield is counted."""
    made = batches.make(Uniform(4), SCHEMA, 500, seed=1)  # type: ignore[arg-type]
    assert len(made.frame) == 500
    assert made.frame["age"].between(0, 1).all()
    assert made.generated > 1500
    assert made.verifiers["schema"]["seen"] == made.generated
    assert 500 <= made.verifiers["schema"]["kept"] < made.generated


def test_a_generator_that_makes_too_few_is_refused() -> None:
    """A yield that never suffices ends in words, not in a loop."""
    with pytest.raises(GeneratorError, match="and 500 were asked for; read the preview"):
        batches.make(Uniform(1e6), SCHEMA, 500, seed=1)  # type: ignore[arg-type]


def test_a_preview_counts_what_a_person_would_catch() -> None:
    """Repeated rows, copies of real ones, impossible cells and constant columns, by hand."""
    train = pd.DataFrame({"age": [0.1, 0.2, 0.3], "rich": pd.Categorical(["no", "yes", "no"])})
    made = pd.DataFrame(
        {"age": [0.1, 0.1, 0.5, 7.0], "rich": pd.Categorical(["no", "no", "no", "no"])}
    )
    findings = preview.inspect(made, train, SCHEMA)
    assert findings == {
        "rows": 4,
        "repeated_rows": 1,
        "repeated_rows_by_chance": pytest.approx(4 - 3 * (1 - (2 / 3) ** 4)),
        "copied_real_rows": 2,
        "impossible_cells": {"age": 1},
        "constant_columns": [],  # four draws of "no" are no wonder where two in three are
    }
    assert preview.verdict(findings) == "pass"
    assert preview.verdict({**findings, "constant_columns": ["rich"]}) == "fail"
    assert preview.verdict({**findings, "repeated_rows": 3}) == "fail"


def test_a_column_that_lost_its_variation_is_named() -> None:
    """Thirty draws of "no" are a finding where two in three real rows say so."""
    train = pd.DataFrame({"age": [0.1, 0.2, 0.3], "rich": pd.Categorical(["no", "yes", "no"])})
    age = np.linspace(0, 1, 30)
    made = pd.DataFrame({"age": age, "rich": pd.Categorical(["no"] * 30)})
    assert preview.inspect(made, train, SCHEMA)["constant_columns"] == ["rich"]


def test_two_slices_of_one_generator_draw_other_rows() -> None:
    """A batch's seed comes from its name, the same in every process."""
    one, other = batches.named("nb-all"), batches.named("nb-rare")
    assert batches.seed(one, 100, "generate") == 3667039037
    assert batches.seed(other, 100, "generate") != batches.seed(one, 100, "generate")
    assert batches.seed(one, 100, "preview") != batches.seed(one, 100, "generate")


def test_a_column_that_is_constant_in_truth_may_be_constant() -> None:
    """Only variation that was lost is a finding."""
    train = pd.DataFrame({"age": [0.1, 0.2], "rich": pd.Categorical(["no", "no"])})
    made = pd.DataFrame({"age": [0.3, 0.4], "rich": pd.Categorical(["no", "no"])})
    assert preview.inspect(made, train, SCHEMA)["constant_columns"] == []
