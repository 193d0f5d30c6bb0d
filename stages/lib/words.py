"""Numbers, intervals and names as the documents write them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

METRICS = {  # others read well with spaces for underscores
    "roc_auc": "ROC AUC",
    "roc_auc_ovo": "ROC AUC (one against one)",
    "roc_auc_ovr": "ROC AUC (one against the rest)",
    "r2": "R2",
}


def metric(name: str) -> str:
    """Return a metric's name as people write it: "recall of '>50K'" for recall@>50K."""
    base, at, label = name.partition("@")
    said = METRICS.get(base, base.replace("_", " "))
    quoted = len(label) > 1 and label[0] == label[-1] and label[0] in "'\""
    return f"{said} of '{label[1:-1] if quoted else label}'" if at else said


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, never as a power of ten."""
    if value is None or not math.isfinite(value):
        return "–"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    places = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:.{max(places, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(found: Mapping[str, Any], *, sign: bool = False) -> str:
    """Return `value [lower, upper]`, with as many digits as the interval's width is worth.

    `sign` puts a plus before gains. More digits are shown where a limit would else read as 0.
    """
    value, lower, upper = found["value"], found["lower"], found["upper"]
    if value is None:
        return "–"
    if lower is None or upper is None or not math.isfinite(lower + upper):
        return number(value)
    places = _places(lower, upper)
    form = f"{'+' if sign else ''},.{places}f"
    return f"{value:{form}} [{lower:{form}}, {upper:{form}}]"


def like(value: float, found: Mapping[str, Any]) -> str:
    """Return a value with as many digits as `interval` gives to `found`."""
    return f"{value:,.{_places(found['lower'], found['upper'])}f}"


def about(value: float) -> str:
    """Return a count that is only roughly known, with two significant digits."""
    whole = round(value)
    return f"{round(whole, 2 - len(str(abs(whole)))):,}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return "a, b and c"."""
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def count(number: int, noun: str) -> str:
    """Return "1 row" or "1,200 rows"."""
    if noun.endswith(("ch", "ss")):
        plural = f"{noun}es"
    elif noun.endswith("y") and noun[-2] not in "aeiou":
        plural = f"{noun[:-1]}ies"
    else:
        plural = f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def percent(share: float | None) -> str:
    """Return a share as a percentage with up to three significant digits."""
    return "–" if share is None else f"{number(100 * share)} %"


def _places(lower: float, upper: float) -> int:
    """Count the decimals that show two digits of the half width, and one of each limit."""
    half = (upper - lower) / 2
    shown = [1 - math.floor(math.log10(half))] if half > 0 else [4]
    shown += [-math.floor(math.log10(abs(limit))) for limit in (lower, upper) if limit]
    return min(max(0, *shown), 6)
