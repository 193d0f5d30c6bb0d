"""Why something differs from what was recorded: data, a parameter, code or a package."""

from typing import Literal, NamedTuple


class Cause(NamedTuple):
    """One thing that changed under a stage or a batch."""

    kind: Literal["data", "schema", "parameter", "code", "package", "output", "missing"]
    what: str  # a path, a dotted key of params.yaml, or a package's name
    told: str = ""  # what it was and is, where that is short and may be shown
