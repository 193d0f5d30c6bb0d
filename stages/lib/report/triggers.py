"""What the section `triggers` of params.yaml says of when to run again."""

from pydantic import Field

from ..base.params import Section


class Triggers(Section):
    """Limits that `dvc-synth check` holds the project against, and the documents quote."""

    growth: float = Field(default=0.2, gt=0, le=1000)
    """The part by which the real table may grow."""
    floor: float | None = None
    """What the metric in production must not fall below; null takes its interval's lower end."""
