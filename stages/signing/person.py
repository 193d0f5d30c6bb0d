"""Who signs, and with which words: one line each, for a file that people read."""

from ..lib.base.errors import ParamsError
from ..lineage import repository
from ..lineage.repository import Repository


def named(repo: Repository, who: str | None) -> str:
    """Return who signs: `who`, else git's user.name; raises ParamsError where nobody says."""
    found = line(who or "") or line(repository.person(repo) or "")
    if not found:
        raise ParamsError(
            "who signs? git does not know your name: give --who NAME, or set it for good with "
            "`git config user.name NAME`"
        )
    return found


def line(text: str) -> str:
    """Return a text on one line, without what nobody sees."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
