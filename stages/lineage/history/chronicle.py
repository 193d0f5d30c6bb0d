"""The generations told: a table for people, and plain values for scripts."""

from collections.abc import Sequence
from typing import Any

from ...lib.words import count, interval, metric, percent
from ..terminal import printable
from .collapse import Number
from .generations import CHECKS, Batch, Generation, Warned

_TITLES = {
    "coverage": "coverage",
    "density": "density",
    "recall": "β-recall",
    "distinct": "distinct rows",
    "tails": "tail mass",
}
_NONE = "–"
_KEY = (
    "In brackets: what as many real rows reach. Learned from: the synthetic share of the rows that "
    "the generator learned from. Ratio: of the rows that the final model learned from."
)


def text(shown: Sequence[Generation], warned: Sequence[Warned]) -> str:
    """Return the table, the oldest generation first, what it comes to, and the warnings."""
    scored = [one.metric for one in shown if one.metric]
    last = metric(scored[-1]) if scored else "metric"
    head = ["commit", "batch", *_TITLES.values(), "learned from", "ratio", last]
    lines = [head, *(line for one in shown for line in _lines(one, scored[-1:]))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    names = {one.commit for one in shown}
    told = [
        f"warning: {one.commit} {one.batch}: {one.told}." for one in warned if one.commit in names
    ]
    every = [*table, "", _KEY, *_trends(shown), *(["", *told] if told else [])]
    return "".join(f"{printable(line)}\n" for line in every)


def plain(shown: Sequence[Generation], warned: Sequence[Warned]) -> dict[str, Any]:
    """Return the generations and all warnings as JSON takes them."""
    return {
        "generations": [
            {
                **one._asdict(),
                "batches": [
                    {
                        "name": batch.name,
                        "sha256": batch.sha256,
                        "learned": batch.learned,
                        **{
                            key: found and {"value": found.value, "real": found.real}
                            for key, found in batch.numbers.items()
                        },
                    }
                    for batch in one.batches
                ],
            }
            for one in shown
        ],
        "warnings": [one._asdict() for one in warned],
    }


def _lines(one: Generation, scored: list[str]) -> list[list[str]]:
    """Return a line for each batch; what is told of the mix stands in the first."""
    score = interval(one.score) if [one.metric] == scored else _other(one)
    mix = [percent(one.ratio), score]
    lines = [[batch.name, *_numbers(batch), percent(batch.learned)] for batch in one.batches] or [
        ["none admitted", *[_NONE] * (len(CHECKS) + 1)]
    ]
    first = [one.commit, *lines[0], *mix]
    return [first, *(["", *line, "", ""] for line in lines[1:])]


def _numbers(batch: Batch) -> list[str]:
    return [_beside(batch.numbers[key]) for key in _TITLES]


def _beside(found: Number | None) -> str:
    return _NONE if found is None else f"{found.value:.3f} ({found.real:.3f})"


def _other(one: Generation) -> str:
    """Return a score by another metric than that of the last generation."""
    return f"{interval(one.score)} {metric(one.metric)}" if one.metric else _NONE


def _trends(shown: Sequence[Generation]) -> list[str]:
    """Say how the synthetic shares went from the first generation to the last."""
    learned = [
        max(shares)
        for one in shown
        if (shares := [batch.learned for batch in one.batches if batch.learned is not None])
    ]
    ratios = [one.ratio for one in shown if one.ratio is not None]
    said = {"Synthetic share learned from": learned, "ratio": ratios}
    told = [f"{name}: {_trend(shares)}" for name, shares in said.items() if shares]
    return [f"{'; '.join(told)}, over {count(len(shown), 'generation')}."] if told else []


def _trend(shares: list[float]) -> str:
    first, last = shares[0], shares[-1]
    if min(shares) == max(shares):
        return f"{percent(last)} throughout"
    way = "risen" if last > first else "fallen" if last < first else "back"
    return f"{way} from {percent(first)} to {percent(last)}"
