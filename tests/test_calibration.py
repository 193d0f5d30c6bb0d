"""Calibration: bins, shares with intervals, and an error beside what chance alone makes of it."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from stages.lib.final import calibration


def columns(probable):
    """Return the probabilities of two classes."""
    return np.column_stack([1 - probable, probable])


def test_bins_hold_equally_many_rows_and_never_part_ties():
    """Of twenty rows two go in each bin; the five rows of one value all go where its middle is."""
    apart = np.random.default_rng(0).permutation(20) / 20
    assert calibration.bins(apart).tolist() == (apart * 10 + 1e-9).astype(int).tolist()
    # Ranks 0 to 4 are 0.1, whose middle 2 is in bin 2 of ten rows; then come ranks 5 to 9.
    tied = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert calibration.bins(tied).tolist() == [0, 0, 0, 0, 0, 1, 2, 3, 4, 5]
    assert calibration.bins(np.full(7, 0.5)).tolist() == [0] * 7


def test_table_is_that_of_scikit_learn():
    """Mean probability and share of each bin are those of its quantile calibration curve."""
    rng = np.random.default_rng(1)
    probable = rng.random(1000)
    truth = (rng.random(1000) < probable**2).astype(int)
    found = calibration.table(truth, columns(probable), ["no", "yes"])
    observed, predicted = calibration_curve(truth, probable, n_bins=10, strategy="quantile")
    assert found["class"].eq("yes").all()
    assert found["rows"].tolist() == [100] * 10
    np.testing.assert_allclose(found["observed"], observed)
    np.testing.assert_allclose(found["predicted"], predicted)


def test_interval_by_hand():
    """Wilson's limits of 1 in 10: (0.1 + z²/20 ∓ z √(0.09/10 + z²/400)) / (1 + z²/10)."""
    truth = np.array([1] + [0] * 9)
    [line] = calibration.table(truth, columns(np.full(10, 0.3)), ["no", "yes"]).to_dict("records")
    # z² = 3.8415: (0.1 + 0.19207 ∓ 1.96 · 0.13634) / 1.38415 = 0.01788 and 0.40415
    assert (line["rows"], line["observed"]) == (10, 0.1)
    assert line["predicted"] == pytest.approx(0.3)
    assert line["lower"] == pytest.approx(0.01788, abs=5e-5)
    assert line["upper"] == pytest.approx(0.40415, abs=5e-5)


def test_intervals_cover():
    """A share's interval holds the mean true probability of its bin about 95 times in 100."""
    rng = np.random.default_rng(2)
    covered, of = 0, 0
    for _ in range(100):
        probable = rng.beta(2, 3, 600)
        truth = (rng.random(600) < probable).astype(int)
        found = calibration.table(truth, columns(probable), ["no", "yes"])
        covered += (
            found["lower"].le(found["predicted"]) & found["upper"].ge(found["predicted"])
        ).sum()
        of += len(found)
    assert covered / of == pytest.approx(0.95, abs=0.02)


def test_error_by_hand():
    """Two bins of three and one row: |0.2 − 1/3| · 3/4 + |0.8 − 0| · 1/4 = 0.3."""
    truth, probable = np.array([0, 1, 0, 0]), np.array([0.2, 0.2, 0.2, 0.8])
    found = calibration.error(truth, columns(probable))
    assert found.value == pytest.approx(0.1 + 0.2)
    # Standard deviations of the sums: √(3 · 0.16) and √0.16; √(2/π) of them over four rows.
    assert found.by_chance == pytest.approx(np.sqrt(2 / np.pi) * (np.sqrt(0.48) + 0.4) / 4)


def test_error_of_several_classes_is_their_mean():
    """Class-wise: each class against the others, with bins of its own."""
    rng = np.random.default_rng(3)
    probable, truth = rng.dirichlet([1, 2, 3], 500), rng.integers(0, 3, 500)
    found = calibration.error(truth, probable)
    each = [calibration.error(truth == one, columns(probable[:, one])) for one in range(3)]
    assert found.value == pytest.approx(np.mean([one.value for one in each]))
    assert found.by_chance == pytest.approx(np.mean([one.by_chance for one in each]))
    told = calibration.table(truth, probable, ["a", "b", "c"])
    assert list(dict.fromkeys(told["class"])) == ["a", "b", "c"]


@pytest.mark.parametrize(("rows", "a", "b"), [(200, 1, 1), (2000, 0.5, 2), (9000, 0.3, 6)])
def test_error_of_a_calibrated_model_is_what_chance_makes(rows, a, b):
    """With outcomes drawn from the probabilities the error is, on average, the one by chance."""
    rng = np.random.default_rng(4)
    probable = rng.beta(a, b, rows)
    errors = [
        calibration.error((rng.random(rows) < probable).astype(int), columns(probable))
        for _ in range(300)
    ]
    # The mean of 300 is known to 300^-1/2 · 0.25 = 1.5 % of itself, one standard error.
    expected = np.mean([one.value for one in errors])
    assert errors[0].by_chance == pytest.approx(expected, rel=0.05)


def test_a_model_too_sure_of_itself_is_told_apart():
    """Probabilities moved away from one half show an error well above that by chance."""
    rng = np.random.default_rng(5)
    right = rng.beta(2, 2, 3000)
    truth = (rng.random(3000) < right).astype(int)
    sure = right**3 / (right**3 + (1 - right) ** 3)
    good, bad = (calibration.error(truth, columns(one)) for one in (right, sure))
    assert good.value < 1.5 * good.by_chance
    assert bad.value > 5 * bad.by_chance
    assert (
        calibration.score(truth, columns(right)).value
        > calibration.score(truth, columns(sure)).value
    )


def test_values_have_a_mean_residual_and_no_bins():
    """A model that says 1 too little has the mean residual 1; its table has no line."""
    truth = np.array([1.0, 2, 6])
    found = calibration.score(truth, truth - [0, 1, 2])
    assert found.value == 1
    assert found.influence.tolist() == [-1, 0, 1]
    assert calibration.table(truth, truth, []).empty


@pytest.mark.parametrize("rows", [1, 3])
def test_few_rows_of_one_class(rows):
    """Probabilities of 0 and 1, and fewer rows than bins, are told as they are."""
    truth = np.zeros(rows, int)
    found = calibration.table(truth, columns(np.zeros(rows)), ["no", "yes"])
    assert found["rows"].tolist() == [rows]
    assert calibration.error(truth, columns(np.zeros(rows))) == (0, 0)
    assert calibration.error(truth, columns(np.ones(rows))) == (1, 0)
