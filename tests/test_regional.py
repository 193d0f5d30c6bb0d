"""A ratio for each region: what is searched, what is kept, and what is told of it."""

import numpy as np
import pytest
from grounds import REAL, asked, draw, prepared

from stages.lib.mixes import curve
from stages.lib.ratios import regional, sweep
from stages.lib.ratios.regional import Parts
from stages.lib.scoring import Score


def by_town(harm, noise=0.0):
    """Return a sweep's ground, its rows' regions, and scores that rows of town a alone raise.

    Those of the other towns lower them by `harm` each.
    """
    town = draw(REAL, 0)["town"].tolist() + draw(500, 1)["town"].tolist()
    rest = (np.array(town) != "a").astype(int)

    def run(bench, jobs):
        for job in jobs:
            synthetic = rest[job.rows[job.rows >= REAL]]
            value = ((synthetic == 0).sum() - harm * (synthetic == 1).sum()) / 1000
            own = np.random.default_rng(len(job.rows)).standard_normal(60) * noise
            yield dict.fromkeys(job.on, Score(value, own - own.mean()))

    ground = prepared(run, batches={"first": draw(500, 1)}, asked=["linear"])
    return ground, Parts(("a", "rest"), rest)


def searched(ground, parts):
    """Return the curve over the single ratio, and the mix with a ratio for each region."""
    [own] = dict(sweep.curves(ground, {"first": ["first"]}, asked(0.25, 0.5))).values()
    single = curve.choose(own.points).chosen
    return single, regional.measure(ground, ["first"], single, [0, 0.25, 0.5], parts)


def test_each_region_gets_its_ratio():
    """Rows are added where they help, and the mix is kept that is shown better."""
    ground, parts = by_town(harm=1)
    single, found = searched(ground, parts)
    held = np.bincount(parts.of[:REAL])
    assert held[1] > held[0]
    assert single.ratio == 0  # two towns of three are harmed
    assert (found.names, found.ratios, found.kept) == (("a", "rest"), (0.5, 0), True)
    assert found.mix.real.tolist() == held.tolist()
    assert found.mix.synthetic.tolist() == [held[0], 0]
    assert found.gain.value == pytest.approx(held[0] / 1000)
    assert found.point.ratio == held[0] / (REAL + held[0])
    assert set(found.point.scores) == {"tune", "holdout"}
    moved = found.around[found.around["split"] == "tune"].groupby("slice")
    assert moved["ratio"].agg(list).to_dict() == {"a": [0, 0.25, 0.5], "rest": [0, 0.25, 0.5]}
    # The table's lines are mixes of all rows: beside a's at 0.5, the rest's goes from 0 to 0.5.
    rest = moved.get_group("rest")
    assert rest["rows_synthetic"].tolist() == [
        held[0] + extra for extra in (0, held[1] // 3, held[1])
    ]


def test_one_ratio_for_all_is_kept():
    """Where the gain of several ratios is not shown, or there is none, the single one stays."""
    assert not searched(*by_town(harm=1, noise=10.0))[1].kept
    single, found = searched(*by_town(harm=-1))
    assert single.ratio == 0.5
    assert (found.ratios, found.kept, found.gain.value) == ((0.5, 0.5), False, 0)
