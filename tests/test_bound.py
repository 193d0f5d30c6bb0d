"""What differential privacy bounds: by hand, against numerical integration, and a mechanism."""

import numpy as np
import pytest
from scipy.integrate import quad

from stages.lib.quality.privacy import bound

PAIRS = [(0.0, 0.0), (0.0, 0.1), (0.1, 1e-5), (1.0, 0.0), (1.0, 0.2), (3.0, 1e-5), (8.0, 0.01)]


def test_rates_by_hand():
    """With e^epsilon = 3 and delta 0.1 the two bounds meet at 0.225."""
    # 3 a + 0.1 at 0.1: 0.4. The kink: (1 - 0.1) / (1 + 3) = 0.225, 3 · 0.225 + 0.1 = 0.775.
    # Beyond it 1 - (1 - 0.1 - a) / 3: at 0.6 0.9, and 1 from 0.9 on.
    found = bound.tpr(np.array([0, 0.1, 0.225, 0.6, 0.9, 1.0]), np.log(3), 0.1)
    assert found == pytest.approx([0.1, 0.4, 0.775, 0.9, 1, 1])
    assert bound.advantage(np.log(3), 0.1) == pytest.approx(0.775 - 0.225)
    assert bound.auc(np.log(3), 0.1) == pytest.approx(1 - 0.81 / 4)


def test_no_privacy_loss_is_no_better_than_chance():
    """With epsilon and delta 0 the curve is the diagonal."""
    assert bound.tpr(0.3, 0, 0) == pytest.approx(0.3)
    assert (bound.auc(0, 0), bound.advantage(0, 0)) == (0.5, 0)


def test_no_bound_at_all():
    """An epsilon too large for a float bounds nothing, and overflows nothing."""
    assert (bound.auc(2000.0, 0), bound.advantage(2000.0, 0)) == (1, 1)
    assert bound.tpr(0.001, 2000.0, 0) == 1
    assert bound.of(2000.0, 1e-5).auc == 1


@pytest.mark.parametrize(("epsilon", "delta"), PAIRS)
def test_area_and_advantage_are_those_of_the_curve(epsilon, delta):
    """Closed forms agree with numerical integration and a search over the curve."""
    kink = (1 - delta) / (1 + np.exp(epsilon))
    area, _ = quad(lambda a: bound.tpr(a, epsilon, delta), 0, 1, points=[kink, 1 - delta])
    assert bound.auc(epsilon, delta) == pytest.approx(area, abs=1e-7)
    rates = np.linspace(0, 1, 100_001)
    gap = bound.tpr(rates, epsilon, delta) - rates
    assert bound.advantage(epsilon, delta) == pytest.approx(gap.max(), abs=1e-4)


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 2.0])
def test_randomised_response_reaches_the_bound_and_laplace_keeps_to_it(epsilon):
    """The bound is tight for one private mechanism, and holds for another."""
    truthful = 1 / (1 + np.exp(-epsilon))  # tells a bit truly so often
    assert bound.tpr(1 - truthful, epsilon, 0) == pytest.approx(truthful)
    at = np.linspace(-3, 4, 200)  # thresholds on a bit with Laplace noise of scale 1 / epsilon

    def above(mean):
        far = np.exp(-epsilon * np.abs(at - mean)) / 2
        return np.where(at > mean, far, 1 - far)

    assert (above(1) <= bound.tpr(above(0), epsilon, 0) + 1e-12).all()


def test_a_replaced_row_counts_twice():
    """The attacks replace a row by another, which is one removed and one added."""
    found = bound.of(0.5, 1e-5)
    assert found.epsilon == 1
    assert found.delta == pytest.approx((1 + np.exp(0.5)) * 1e-5)
    assert found.auc == bound.auc(1, found.delta)
    assert found.tpr[0.01] == pytest.approx(np.e * 0.01 + found.delta)


def test_told_in_words():
    """The report's sentence names the budget and what it bounds."""
    told = bound.told(0.5, 1e-5)
    assert "epsilon 0.5 and delta 1e-05" in told
    assert "ROC AUC 0.731" in told
    assert "0.0272 at 1.0%" in told
