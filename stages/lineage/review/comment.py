"""A review as Markdown, short first: what needs attention, then a section for each thing changed.

Whatever comes from the repository is in a code span or a fenced block: it can neither begin a line
of its own, nor mention somebody, nor link anywhere.
"""

from ...lib.words import count, listed
from . import spans
from .change import Review, fails
from .sections import SECTIONS

MARK = "<!-- dvc-synth review -->"  # by which a job finds its own comment
LONGEST = 60_000  # characters; GitHub takes 65,536

_ID = 9  # letters of a commit's id


def markdown(found: Review) -> str:
    """Return the comment; sections that would make it too long are named and left out."""
    text = "\n\n".join([MARK, _verdict(found), _compared(found), *_findings(found)])
    left_out = []
    for title, tell in SECTIONS.items():
        body = tell(found)
        section = f"\n\n### {title}\n\n" + "\n\n".join(body)
        if body and len(text) + len(section) > LONGEST:
            left_out.append(title.lower())
        elif body:
            text += section
    if left_out:
        text += f"\n\nLeft out for their length: {listed(left_out)}; `--json` has them."
    return text + "\n"


def _verdict(found: Review) -> str:
    told = []
    failing = [one for one in found.findings if one.fails]
    if any(one.kind == "holdout" for one in failing):
        told.append("the locked holdout changed without a release")
    gates = sum(one.kind == "gate" for one in failing)
    if gates:
        told.append(f"{count(gates, 'gate')} {'was' if gates == 1 else 'were'} weakened")
    unsure = sum(len(one.names) for one in failing if one.kind == "batch")
    if unsure:
        told.append(f"the record does not explain {count(unsure, 'batch')}")
    if found.stale:
        told.append(f"{count(len(found.stale), 'stage')} must run again")
    if fails(found):
        return f"**Needs attention:** {'; '.join(told)}."
    if found.findings or any(tell(found) for tell in SECTIONS.values()):
        return "**Nothing needs attention.** What changed is below."
    return "**Nothing changed** in data, gates or results."


def _compared(found: Review) -> str:
    base = f"{spans.name(found.base)} (`{found.base_commit[:_ID]}`)"
    head = "the working tree"
    if found.head_commit is not None:
        head = f"{spans.name(found.head)} (`{found.head_commit[:_ID]}`)"
    note = f" {spans.name(found.note)}." if found.note else ""
    return f"From {base} to {head}.{note}"


def _findings(found: Review) -> list[str]:
    lines = [
        f"- {'**Attention:**' if one.fails else 'To know:'} {one.text}"
        f"{': ' if one.names else ''}{spans.names(one.names)}."
        for one in sorted(found.findings, key=lambda one: not one.fails)
    ]
    return ["\n".join(lines)] if lines else []
