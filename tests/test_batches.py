"""Batches: their names and seeds, and which conditions a slice may ask for."""

import pytest

from stages.lib import batches
from stages.lib.base import params
from stages.lib.base.errors import ParamsError
from stages.lib.batches import Slice, Slices
from stages.lib.tables.schema import Column, Schema

SCHEMA = Schema(
    columns={
        "id": Column(kind="text", role="id"),
        "age": Column(kind="number", min=0, max=1),
        "hours per week": Column(kind="number"),
        "origin": Column(kind="category", sensitive=True),
        "rich": Column(kind="category", role="target"),
    }
)


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


def test_two_slices_of_one_generator_draw_other_rows() -> None:
    """A batch's seed comes from its name, the same in every process."""
    one, other = batches.named("nb-all"), batches.named("nb-rare")
    assert batches.seed(one, 100, "generate") == 3667039037
    assert batches.seed(other, 100, "generate") != batches.seed(one, 100, "generate")
    assert batches.seed(one, 100, "preview") != batches.seed(one, 100, "generate")


def asked(where: str | None, batch: str = "nb-rare") -> Slice:
    """Return the slice of a batch, of which `rare` has the condition `where`."""
    slices = {"rare": Slice(purpose="more of them", rows=10, where=where)}
    return batches.asked(batches.named(batch), slices, SCHEMA)


def test_a_slice_with_a_condition() -> None:
    """It knows its condition, and tells it beside the purpose; without one it tells none."""
    part = asked("`hours per week` > 50 and rich == 'yes'")
    assert part.condition is not None
    assert part.condition.columns == ("hours per week", "rich")
    assert part.told == {
        "purpose": "more of them",
        "where": "`hours per week` > 50 and rich == 'yes'",
    }
    assert asked(None).condition is None
    assert asked(None).told == {"purpose": "more of them"}


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (
            "agee > 0.5",
            "params.yaml: `slices.rare.where`: column 'agee' is no feature or target; did you mean "
            "'age'? choices: age, hours per week, origin, rich",
        ),
        (
            "id == 'c1'",
            "params.yaml: `slices.rare.where`: column 'id' is no feature or target; choices: age, "
            "hours per week, origin, rich",
        ),
        (
            "age > 0.5 and origin == 'Syldavia'",
            "params.yaml: `slices.rare.where`: column 'origin' is sensitive, and the condition "
            "would put a value of it into git; choose another column, or set `sensitive: false` "
            "in data/schema.yaml",
        ),
    ],
)
def test_columns_that_no_condition_may_name(where: str, told: str) -> None:
    """A column that is not made is told with the nearest, a sensitive one with the way out."""
    with pytest.raises(ParamsError) as caught:
        asked(where)
    assert str(caught.value) == told


def test_an_unknown_slice_is_told_with_the_nearest() -> None:
    """A batch that params.yaml no longer has is refused."""
    with pytest.raises(ParamsError, match="slice 'rar' is unknown; did you mean 'rare'"):
        asked(None, "nb-rar")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("age >", "'age >' is not an expression (invalid syntax); expected such as"),
        ("age > @x", "'age > @x' reads a variable; write the value itself"),
        ("1 > 0", "'1 > 0' names no column"),
        ("", "'' is not an expression"),
    ],
)
def test_what_is_no_condition_is_told_by_its_place(tmp_path, where: str, told: str) -> None:
    """A mistake in `where` is one of params.yaml, told when it is read."""
    path = tmp_path / "params.yaml"
    path.write_text(f'slices: {{rare: {{purpose: p, rows: 10, where: "{where}"}}}}\n')
    with pytest.raises(ParamsError) as caught:
        params.load("slices", Slices, path)
    assert str(caught.value).startswith(f"{path}: `slices.rare.where`: {told}")
