"""The brief: complete, and in a person's own words."""

from ...lib import problem
from ...lib.base import params
from ...lib.base.errors import ParamsError
from ...lib.problem import Brief
from ...lib.words import listed
from ..terminal import few
from .condition import Condition
from .ground import Ground


def look(ground: Ground) -> list[Condition]:
    """Read the section `brief` of params.yaml, and look for answers that nobody has given yet."""
    try:
        found = params.load("brief", Brief, ground.repo.project / params.FILE)
    except ParamsError as error:
        said = str(error).replace(f"{ground.repo.project}/", "")
        return [Condition("brief", False, said, "")]
    drafts = problem.drafts(found)
    if drafts:
        said = f"The brief is a draft: answer {listed(few(drafts))} in params.yaml."
        return [Condition("brief", False, said, "")]
    return [Condition("brief", True, "Every question is answered.", "")]
