"""What is looked at: a project as it lies in the working tree."""

from typing import NamedTuple

from ...lib.base import params
from ...lib.report.triggers import Triggers
from .. import asked, snapshot, staleness
from ..asked import Asked
from ..causes import Cause
from ..repository import Repository
from ..snapshot import Snapshot


class Ground(NamedTuple):
    """A project, and what is known of it before any condition or trigger is asked."""

    repo: Repository
    at: Snapshot
    wanted: dict[str, Asked]
    stale: dict[str, list[Cause]]
    limits: Triggers
    metric: float | None  # in production, as it was handed in


def survey(repo: Repository, *, metric: float | None = None) -> Ground:
    """Return the project as it lies in the working tree.

    `metric` is the score in production, on the brief's metric; not looked at where it is None.
    Raises ParamsError or LineageError where params.yaml, dvc.yaml or dvc.lock cannot be read.
    """
    at = snapshot.workspace(repo)
    limits = params.load("triggers", Triggers, repo.project / params.FILE)
    wanted = asked.stages(at)
    return Ground(repo, at, wanted, staleness.stale(at, repo, wanted), limits, metric)
