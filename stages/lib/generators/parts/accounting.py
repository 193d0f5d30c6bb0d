"""Noise and what it costs, by the mechanisms and the conversions of OpenDP.

Neighbouring tables differ by one row, added or removed. Costs are in ρ of zero-concentrated
differential privacy (Bun and Steinke 2016, arXiv:1605.02658), which adds up over mechanisms,
also where one is chosen by what another told.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import inf, nextafter, sqrt
from typing import Any

import numpy as np


def epsilon(rho: float, delta: float) -> float:
    """Return the ε that ρ comes to at δ (Canonne, Kamath and Steinke 2020, arXiv:2004.00010).

    It is infinite where nothing is left of δ.
    """
    if delta <= 0:
        return inf if rho > 0 or delta < 0 else 0.0
    return float(_at(1.0, delta).map(nextafter(sqrt(2 * rho), inf))[0]) if rho > 0 else 0.0


@cache
def rho(epsilon: float, delta: float) -> float:
    """Return the ρ that ε buys at δ, found by OpenDP's binary search for the noise."""
    found = _opendp().binary_search_param(
        lambda scale: _at(scale, delta), d_in=1.0, d_out=(epsilon, delta), T=float
    )
    return float(_gaussian(found).map(1.0))


def scale(histograms: int, rho: float) -> float:
    """Return the noise that lets ρ pay for all the counts of so many histograms.

    A row adds 1 to one count of each, so that the counts together move by the square root of
    their number, `d`, and ρ is d² / (2 · scale²).
    """
    return nextafter(sqrt(histograms / (2 * rho)), inf)


def noisy(counts: np.ndarray, scale: float) -> np.ndarray:
    """Return whole counts with discrete Gaussian noise of the operating system's randomness."""
    drawn = _gaussian(scale)(counts.ravel().tolist())
    return np.array(drawn, float).reshape(counts.shape)


def threshold(columns: int, scale: float, slack: float) -> int:
    """Return the noisy count below which a category stays unknown.

    `slack` is the chance that a category of one row comes out: a part of δ that adds up.
    """
    moved = (columns, sqrt(columns), 1)
    return int(
        _opendp().binary_search(
            lambda least: _unknown(scale, least).map(moved)[1] <= slack, bounds=(2, 2**31 - 1)
        )
    )


def known(counts: Mapping[str, int], scale: float, threshold: int) -> list[str]:
    """Return the keys whose noisy count reaches the threshold, sorted."""
    return sorted(_unknown(scale, threshold)(dict(counts)))


def best(scores: Sequence[int], rho: float) -> int:
    """Return the place of about the highest score, where one row moves each by 1 at most.

    Gumbel noise makes this the exponential mechanism.
    """
    dp = _opendp()
    choose = dp.m.make_noisy_max(
        dp.vector_domain(dp.atom_domain(T=dp.i64)),
        dp.linf_distance(T=dp.i64),
        dp.zero_concentrated_divergence(),
        scale=choice(rho),
    )
    return int(choose(list(scores)))


def choice(rho: float) -> float:
    """Return the noise of a choice that costs ρ: 1 / (2 · scale²)."""
    return nextafter(sqrt(1 / (2 * rho)), inf)


def _opendp() -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


def _gaussian(scale: float) -> Any:
    dp = _opendp()
    return dp.m.make_gaussian(
        dp.vector_domain(dp.atom_domain(T=dp.i64)), dp.l2_distance(T=dp.f64), scale=scale
    )


def _at(scale: float, delta: float) -> Any:
    dp = _opendp()
    return dp.c.make_fix_delta(dp.c.make_zCDP_to_approxDP(_gaussian(scale)), delta)


def _unknown(scale: float, threshold: int) -> Any:
    dp = _opendp()
    return dp.m.make_gaussian_threshold(
        dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=dp.i64)),
        dp.l02inf_distance(dp.absolute_distance(T=dp.f64)),
        scale=scale,
        threshold=threshold,
    )
