"""Whether generations that learn from one another collapse: coverage falls while density holds.

A generator that learns from generated rows passes on what they lack, and adds what it loses
itself. Where they replace the real ones, the losses add up without end: rows stay where the data
are dense, and the edges go first (Shumailov et al. 2024, doi:10.1038/s41586-024-07566-y;
Alemohammad et al. 2024, arXiv 2307.01850). Where real rows stay, each generation passes on a part
of its losses only: they add up to a limit, and the fall ends (Bertrand et al. 2024, arXiv
2310.00429; Gerstgrasser et al. 2024, arXiv 2404.01413). So it is not a fall that is told, but one
that goes on.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

TWO_SIDED = NormalDist().inv_cdf(0.975)  # standard errors to the ends of a 95 % interval
LEVEL = 0.01  # how likely a stable chain is ever flagged, at most
SETTLED = 2  # generations before the fall is looked at: half real rows have most of theirs behind
FEWEST = SETTLED + 3  # generations before one is flagged: a line through two has no fit
PASSED_ON = 0.5  # of a generation's noise, and its losses, to one that learns half from it
STATED = 4  # degrees of freedom that stated standard errors count for against the scatter seen


class Number(NamedTuple):
    """What is known of a batch in one respect, the more the better."""

    value: float
    real: float  # of real rows in the batch's place
    se: float  # of the difference of the two


class Link(NamedTuple):
    """One generation of a chain, in which each may have learned from those before it."""

    name: str
    against: str  # names the real rows that it was compared with
    coverage: Number
    density: Number
    distinct: Number | None  # share of rows that equal no row above, where it is on record


class Flag(NamedTuple):
    """A generation that looks like collapse, and why."""

    place: int  # in the chain, from 0
    name: str
    told: str


class Levels(NamedTuple):
    """One number of each generation of a chain, and its standard error."""

    values: np.ndarray
    errors: np.ndarray


class Fall(NamedTuple):
    """How much less the last generation of a chain has than the first."""

    value: float
    se: float


def flags(chain: Sequence[Link]) -> list[Flag]:
    """Return the generations that show the signature of collapse, each judged by those up to it.

    Against the first of its chain (1) coverage is lower, the 95 % interval of the difference above
    0; (2) density is not shown to have fallen by more than coverage, as it would if rows left the
    data; and (3) the fall goes on: from the third generation on, coverage or the share of distinct
    rows falls along a line, by more than chance does in `LEVEL` of all stable chains, however long
    they become. With fewer than `FEWEST` generations nothing is told.
    """
    known = [(place, one) for place, one in enumerate(chain) if _known(one)]
    found = []
    for count in range(FEWEST, len(known) + 1):
        place, last = known[count - 1]
        told = _judged([one for _, one in known[:count]])
        if told:
            found.append(Flag(place, last.name, told))
    return found


def _judged(chain: Sequence[Link]) -> str | None:
    """Return why the last of a chain looks like collapse, None where it does not."""
    first, last = chain[0], chain[-1]
    settled = chain[SETTLED:]
    counted = [(one, one.distinct) for one in settled if one.distinct]
    signs = {"coverage": _levels([one.coverage for one in settled], settled)}
    if last.distinct and len(counted) >= FEWEST - SETTLED:
        known, numbers = zip(*counted, strict=True)
        signs["the share of distinct rows"] = _levels(numbers, known)
    beyond = _beyond(len(chain), len(signs))
    coverage = _levels([one.coverage for one in chain], chain)
    density = _levels([one.density for one in chain], chain)
    fell, thinned = _fall(coverage), _fall(density)
    going = [name for name, levels in signs.items() if _slope(levels) > beyond]
    more = (thinned.value - fell.value) / np.hypot(thinned.se, fell.se)
    if fell.value <= TWO_SIDED * fell.se or more > beyond or not going:
        return None
    return (
        f"coverage fell from {first.coverage.value:.3f} to {last.coverage.value:.3f} since "
        f"{first.name}, density ({first.density.value:.3f}, {last.density.value:.3f}) not shown "
        f"to fall by more; from {chain[SETTLED].name} on {' and '.join(going)} goes on falling"
    )


def _beyond(count: int, signs: int) -> float:
    """Return how many standard errors a fall must have at a chain's `count`-th generation.

    The level is spent as 1 / (count · (count - 1)), which adds up to 1 / (`FEWEST` - 1) over all
    generations that may be flagged, and is shared among the signs.
    """
    return -NormalDist().inv_cdf(LEVEL * (FEWEST - 1) / (count * (count - 1)) / signs)


def _fall(levels: Levels) -> Fall:
    """Return by how much the last is below the first."""
    values, errors = levels
    return Fall(float(values[0] - values[-1]), float(np.hypot(errors[0], errors[-1])))


def _slope(levels: Levels) -> float:
    """Return by how many standard errors a line through generations falls.

    What is chance in one generation is learned by the next: at half real rows the noise is that of
    an autoregression with 1/2. Fits differ besides: where generations scatter about the line by
    more than their standard errors say, these are widened, less so where there are few to tell
    (as Smyth 2004 moderates variances, doi:10.2202/1544-6115.1027).
    """
    values, errors = levels
    place = np.arange(len(values))
    time = place - place.mean()
    rest = (values - values.mean() - (time @ values) / (time @ time) * time) / errors
    scatter = (STATED + rest @ rest) / (STATED + len(values) - 2)
    passed = PASSED_ON ** np.abs(place - place[:, None]) / (1 - PASSED_ON**2)
    noise = (time * errors) @ passed @ (time * errors)
    return float(-(time @ values) / np.sqrt(noise * max(scatter, 1.0)))


def _levels(numbers: Sequence[Number], chain: Sequence[Link]) -> Levels:
    """Return one number of each generation as it can be compared with the others'.

    Where all were compared with the same real rows, the noise of these is in all of them: what is
    left of a batch's excess over real rows is the batch's own half. Else it is the excess.
    """
    alike = len({one.against for one in chain}) == 1
    values = [one.value if alike else one.value - one.real for one in numbers]
    errors = np.array([one.se for one in numbers]) / (np.sqrt(2) if alike else 1)
    return Levels(np.array(values), np.maximum(errors, np.finfo(float).eps))


def _known(one: Link) -> bool:
    return bool(np.isfinite([*one.coverage, *one.density]).all())
