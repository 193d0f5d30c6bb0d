"""Mixes: how many rows of which kind, and which."""

import numpy as np
import pytest

from stages.lib.base.errors import ParamsError
from stages.lib.mixes import mixing
from stages.lib.mixes.mixing import Stock


def stock(held, made):
    """Return rows of regions "a", "b", ... in these numbers, those of one region together."""
    names = tuple("abcdef"[: len(held)])
    return Stock(*(np.arange(len(names)).repeat(rows) for rows in (held, made)), names)


ROWS = mixing.whole(300, 500)


def drawn(ratio, policy, *, seed, rows=ROWS):
    """Return the places of the rows of a mix, those of 300 real rows first."""
    ratios = [ratio] * (1 if policy == "balance" else len(rows.regions))
    return mixing.draw(mixing.plan(ratios, rows, policy), rows, seed=seed)


@pytest.mark.parametrize(
    ("ratio", "policy", "expected"),
    [
        (0, "add", (300, 0)),
        (0.25, "add", (300, 100)),  # 100 / 400
        (0.5, "add", (300, 300)),
        (0.9, "add", (300, 2700)),  # 2700 / 3000
        (0, "replace", (300, 0)),
        (0.25, "replace", (225, 75)),  # 75 / 300
        (0.9, "replace", (30, 270)),
        (0.25, "balance", (300, 100)),
    ],
)
def test_counts(ratio, policy, expected):
    """The ratio is the synthetic part of all rows, under every policy."""
    assert mixing.counts(ratio, 300, policy) == expected


def test_each_region_has_its_own_ratio():
    """Beside 40 real rows at 0.2 stand 10, beside 30 at 0.5 stand 30, and beside none none."""
    rows = stock([40, 30, 0], [99, 99, 99])
    mix = mixing.plan([0.2, 0.5, 0.9], rows, "add")
    assert (mix.real.tolist(), mix.synthetic.tolist()) == ([40, 30, 0], [10, 30, 0])
    assert mix.ratio == 40 / 110
    mix = mixing.plan([0.2, 0.5, 0.9], rows, "replace")
    assert (mix.real.tolist(), mix.synthetic.tolist()) == ([32, 15, 0], [8, 15, 0])


@pytest.mark.parametrize(
    ("held", "added", "expected"),
    [
        ([10, 4, 2], 1, [0, 0, 1]),  # 10, 4, 3
        ([10, 4, 2], 2, [0, 0, 2]),  # 10, 4, 4
        ([10, 4, 2], 5, [0, 1, 4]),  # 10, 5, 6: of two that are alike the rarer gets the odd one
        ([10, 4, 2], 14, [0, 6, 8]),  # 10, 10, 10
        ([10, 4, 2], 18, [1, 7, 10]),  # 11, 11, 12
        ([10, 0, 2], 5, [0, 0, 5]),  # nothing is made for a class without a real row
        ([3, 3, 3], 4, [2, 1, 1]),  # 5, 4, 4
    ],
)
def test_balance_raises_the_rarest(held, added, expected):
    """Rows go to the rarest classes, as water fills a vessel's deepest parts."""
    mix = mixing.plan([added / (added + sum(held))], stock(held, [99] * 3), "balance")
    assert mix.synthetic.tolist() == expected
    assert mix.real.tolist() == held


def test_shares_of_balance():
    """At a half all have the 60 rows of the largest, at a third 30, the half of them."""
    rows = stock([60, 30, 10, 0], [0, 50, 50, 50])
    half, third = (mixing.balancing(share, rows) for share in (0.5, 1 / 3))
    assert half == pytest.approx(80 / 180, abs=1e-6)  # 30 and 50 rows added to 100
    assert third == pytest.approx(20 / 120, abs=1e-6)
    assert mixing.plan([half], rows, "balance").synthetic.tolist() == [0, 30, 50, 0]
    assert mixing.plan([third], rows, "balance").synthetic.tolist() == [0, 0, 20, 0]


def test_shares_that_are_there_already():
    """At a tenth the rarest would have 60 / 9, and has more; two shares may come to one ratio."""
    rows = stock([60, 30, 10], [50, 50, 50])
    assert mixing.balancing(0.1, rows) == 0
    assert mixing.balancing(0.333, rows) == mixing.balancing(1 / 3, rows) > 0


def test_add_keeps_every_real_row():
    """Policy add takes all real rows once, in their order, and synthetic ones behind them."""
    found = drawn(0.25, "add", seed=3)
    assert found[:300].tolist() == list(range(300))
    assert len(set(found[300:])) == 100
    assert min(found[300:]) >= 300 and max(found) < 800


def test_replace_holds_the_total():
    """Policy replace keeps as many rows as there were, and repeats none."""
    found = drawn(0.25, "replace", seed=3)
    assert len(found) == len(set(found)) == 300
    assert (found < 300).sum() == 225


def test_rows_are_drawn_from_their_region():
    """Each region gives as many real and synthetic rows as the mix takes of it, and none twice."""
    rows = stock([40, 30, 0], [60, 70, 80])
    mix = mixing.plan([0.2, 0.7, 0.9], rows, "replace")
    found = mixing.draw(mix, rows, seed=1)
    assert len(found) == len(set(found)) == 70
    real, synthetic = found[found < 70], found[found >= 70] - 70
    assert np.bincount(rows.real[real], minlength=3).tolist() == mix.real.tolist() == [32, 9, 0]
    assert np.bincount(rows.synthetic[synthetic]).tolist() == mix.synthetic[:2].tolist() == [8, 21]


@pytest.mark.parametrize("policy", ["add", "replace", "balance"])
def test_smaller_mix_is_inside_the_larger(policy):
    """The synthetic rows of a smaller ratio are among those of a larger one, the real ones too."""
    rows = stock([200, 70, 30], [200, 200, 200])
    small, large = (set(drawn(ratio, policy, seed=5, rows=rows)) for ratio in (0.1, 0.4))
    assert {place for place in small if place >= 300} < {place for place in large if place >= 300}
    assert {place for place in large if place < 300} <= {place for place in small if place < 300}


def test_one_regions_ratio_moves_no_row_of_another():
    """Regions draw on their own: what the search by region compares differs in one of them."""
    rows = stock([40, 30], [60, 70])
    one, other = (
        mixing.draw(mixing.plan(ratios, rows, "add"), rows, seed=2)
        for ratios in ([0.2, 0.1], [0.2, 0.6])
    )
    first = {place for place in one if 70 <= place < 130}
    assert first == {place for place in other if 70 <= place < 130}
    assert len(first) == 10


def test_seed_decides_the_draw():
    """The same seed draws the same rows, another seed others."""
    first, again, other = (drawn(0.25, "add", seed=seed).tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("ratio", [-0.1, 1, 1.5])
def test_ratio_out_of_range(ratio):
    """A number that is no ratio is told with where it stands."""
    with pytest.raises(ParamsError, match=rf"`blend.ratio` {ratio:g} is not a ratio; expected 0"):
        mixing.check(ratio, mixing.whole(300, 5000), "add", "`blend.ratio`")


def test_more_rows_than_there_are():
    """A ratio that needs more synthetic rows than were admitted says how many it needs."""
    mixing.check(0.25, mixing.whole(300, 100), "add", "`sweep.ratios`")
    with pytest.raises(
        ParamsError, match="0.9 needs 2,700 synthetic rows beside 300 real and 2,699"
    ):
        mixing.check(0.9, mixing.whole(300, 2699), "add", "`sweep.ratios`")


def test_replace_counts_the_real_rows_that_stay():
    """Policy replace needs fewer rows, a part of the total that it holds."""
    mixing.check(0.9, mixing.whole(300, 270), "replace", "`sweep.ratios`")
    with pytest.raises(ParamsError, match="0.9 needs 270 synthetic rows"):
        mixing.check(0.9, mixing.whole(300, 269), "replace", "`sweep.ratios`")


def test_a_region_without_the_rows():
    """The message names the region that lacks rows, however many the others have."""
    with pytest.raises(ParamsError, match="needs 30 synthetic rows of 'b' beside 30 real and 29"):
        mixing.check(0.5, stock([40, 30], [900, 29]), "add", "blend.ratio")


def test_greatest_ratio():
    """Of 300 and 100 rows the ratio is below 100.5 / 400.5 = 0.25094, by 4 decimals 0.2509."""
    assert mixing.most(mixing.whole(300, 100), "add") == 0.2509
    # 99 rows take the place of as many of 300 up to 99.5 / 300 = 0.33167.
    assert mixing.most(mixing.whole(300, 99), "replace") == 0.3316
    # Region b has 10 rows beside 30: below 10.5 / 40.5 = 0.25926.
    assert mixing.most(stock([40, 30], [900, 10]), "add") == 0.2592
    # 14 rows make 10, 4 and 2 alike, b and c get the next two, and a, which has none, the 17th:
    # below 16.5 / 32.5 = 0.50769.
    assert mixing.most(stock([10, 4, 2], [0, 99, 99]), "balance") == 0.5076
