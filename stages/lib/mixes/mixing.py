"""Real and synthetic rows mixed at a ratio, the synthetic part of all training rows."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from ..base.errors import ParamsError

Policy = Literal["add", "replace", "balance"]

_FINEST = 4  # decimals of the greatest ratio that is looked for


class Stock(NamedTuple):
    """The rows at hand, real ones and synthetic ones, each with the number of its region."""

    real: np.ndarray  # (real rows,)
    synthetic: np.ndarray  # (synthetic rows,)
    regions: tuple[str, ...]  # names by number

    @property
    def held(self) -> np.ndarray:
        """How many real rows each region has, shape (regions,)."""
        return np.bincount(self.real, minlength=len(self.regions))

    @property
    def made(self) -> np.ndarray:
        """How many synthetic rows each region has, shape (regions,)."""
        return np.bincount(self.synthetic, minlength=len(self.regions))


class Mix(NamedTuple):
    """How many rows a mix takes of each region, shape (regions,) both."""

    real: np.ndarray
    synthetic: np.ndarray

    @property
    def ratio(self) -> float:
        """The synthetic part of all its rows."""
        return float(self.synthetic.sum() / max(self.synthetic.sum() + self.real.sum(), 1))


def whole(real: int, synthetic: int) -> Stock:
    """Return rows that are not told apart: one region, named "all"."""
    return Stock(np.zeros(real, int), np.zeros(synthetic, int), ("all",))


def counts(ratio: float, real: int, policy: Policy) -> tuple[int, int]:
    """Return how many real and synthetic rows make a mix.

    `replace` keeps the total at `real`; the others keep all `real` rows, so that synthetic =
    ratio / (1 - ratio) · real.
    """
    if policy == "replace":
        synthetic = round(ratio * real)
        return real - synthetic, synthetic
    return real, round(ratio / (1 - ratio) * real)


def plan(ratios: Sequence[float], stock: Stock, policy: Policy) -> Mix:
    """Return the rows of a mix at one ratio for each region.

    `balance` takes one ratio of all rows: its synthetic rows raise the rarest regions that have a
    real row, to a level that is the same for all they reach.
    """
    if policy == "balance":
        (ratio,) = ratios
        added = counts(ratio, len(stock.real), policy)[1]
        return Mix(stock.held, _raised(stock.held, added))
    own = [counts(ratio, int(held), policy) for ratio, held in zip(ratios, stock.held, strict=True)]
    real, synthetic = np.array(own).T
    return Mix(real, synthetic)


def balancing(share: float, stock: Stock) -> float:
    """Return the ratio at which `balance` raises rare classes to this part of two.

    A class that was rarer then has as many rows, in all, as make it that part of itself and the
    largest class together; 0 where none is.
    """
    held = stock.held[stock.held > 0]
    added = np.maximum(round(share / (1 - share) * held.max()) - held, 0).sum()
    return float(f"{added / (added + held.sum()):.6g}")


def check(ratio: float, stock: Stock, policy: Policy, where: str) -> None:
    """Raise ParamsError where a ratio is out of range or needs more rows than there are.

    It stands for a mix in which all regions have it; `where` it is asked for goes before it.
    """
    check_range(ratio, where)
    needed, made = _each(ratio, stock, policy).synthetic, stock.made
    for short in np.flatnonzero(needed > made)[:1]:
        several = len(stock.regions) > 1
        of = f" of {stock.regions[short]!r}" if several else ""
        more = "raise `slices.*.rows`, add a slice whose `where` asks for such rows"
        raise ParamsError(
            f"params.yaml: {where} {ratio:g} needs {needed[short]:,} synthetic rows{of} beside "
            f"{stock.held[short]:,} real and {made[short]:,} are admitted; "
            f"{more if several else 'raise `slices.*.rows`'} or lower it"
        )


def check_range(ratio: float, where: str) -> None:
    """Raise ParamsError where a number is no ratio."""
    if not 0 <= ratio < 1:
        raise ParamsError(
            f"params.yaml: {where} {ratio:g} is not a ratio; expected 0 or more and below 1 "
            "(the synthetic part of the training rows)"
        )


def most(stock: Stock, policy: Policy) -> float:
    """Return the greatest ratio for which there are rows, rounded down to 4 decimals."""
    low, high = 0, 10**_FINEST
    while high - low > 1:
        middle = (low + high) // 2
        fits = enough(middle / 10**_FINEST, stock, policy)
        low, high = (middle, high) if fits else (low, middle)
    return low / 10**_FINEST


def enough(ratio: float, stock: Stock, policy: Policy) -> bool:
    """Return whether there are the rows for a mix in which all regions have this ratio."""
    return bool((_each(ratio, stock, policy).synthetic <= stock.made).all())


def draw(mix: Mix, stock: Stock, *, seed: int) -> np.ndarray:
    """Return the places of a mix's rows among the real rows followed by the synthetic ones.

    The rows of a smaller mix are among those of a larger one of the same seed, which pairs the
    ratios of a sweep.
    """
    rng = np.random.default_rng(seed)
    kept = _first(rng.permutation(len(stock.real)), stock.real, mix.real)
    added = _first(rng.permutation(len(stock.synthetic)), stock.synthetic, mix.synthetic)
    return np.concatenate([np.sort(kept), len(stock.real) + added])


def _each(ratio: float, stock: Stock, policy: Policy) -> Mix:
    return plan([ratio] * (1 if policy == "balance" else len(stock.regions)), stock, policy)


def _first(order: np.ndarray, region: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the first places in `order` until each region has as many as are wanted."""
    of = region[order]
    ranks = np.empty(len(order), int)
    for number in range(len(wanted)):
        own = of == number
        ranks[own] = np.arange(own.sum())
    return order[ranks < wanted[of]]


def _raised(held: np.ndarray, added: int) -> np.ndarray:
    """Share out rows among the rarest counts above 0 until those are alike, the rarest first."""
    own = np.flatnonzero(held)
    own = own[np.argsort(held[own], kind="stable")]
    rising = held[own]
    totals = np.cumsum(rising) + added
    levels = totals / np.arange(1, len(rising) + 1)
    reached = int(np.argmax(levels <= np.append(rising[1:], np.inf))) + 1
    level, left = divmod(int(totals[reached - 1]), reached)
    more = np.zeros_like(held)
    more[own[:reached]] = level - rising[:reached] + (np.arange(reached) < left)
    return more
