"""The page of the gates' measures: what each says, and its default thresholds."""

from stages.lib.quality.thresholds import INCONCLUSIVE, MEASURES

from . import markdown

_INTRO = """What `validate` measures of a batch. A threshold is the greatest excess over real rows
that a gate allows; `brief.priority` chooses the column, `gates.<gate>.<measure>` in `params.yaml`
overrides it, and `null` only reports, as – does here. Losses in units of a metric without bounds
(`neg_mean_absolute_error`) have no default; their share has. [validation.md](../validation.md) says
how each is computed."""

_INCONCLUSIVE = """An interval on both sides of its threshold is inconclusive. What that does,
unless `gates.<gate>.inconclusive` says it:"""

_BACK = "Where a measure keeps a batch out, the reports name the step to go back to:"


def page() -> str:
    """Return the page."""
    priorities = list(INCONCLUSIVE)
    first = [f"{name} first" for name in priorities]
    gates = dict.fromkeys(one.gate for one in MEASURES.values())
    parts = [_INTRO]
    for gate in gates:
        own = {name: one for name, one in MEASURES.items() if one.gate == gate}
        rows = [
            (f"`{name}`", *(_number(getattr(one, of)) for of in priorities), one.text)
            for name, one in own.items()
        ]
        back = [(f"`{name}`", one.back_to) for name, one in own.items()]
        parts += [f"## {gate}", markdown.table(("measure", *first, "the excess is of"), rows)]
        parts += [_BACK, markdown.table(("measure", "back to"), back)]
    unsure = [(gate, *(INCONCLUSIVE[of][gate] for of in priorities)) for gate in gates]
    parts += ["## Inconclusive", _INCONCLUSIVE, markdown.table(("gate", *first), unsure)]
    return markdown.page("Measures and thresholds", *parts)


def _number(threshold: float | None) -> str:
    return "–" if threshold is None else f"{threshold:g}"
