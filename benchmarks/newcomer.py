"""A newcomer's project: a repository of its own, with a home of its own, set up by `init`."""

import os
import sys
from pathlib import Path

import pandas as pd

from . import cost


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment in which git, DVC and SDV know of nobody's home but this one."""
    home.mkdir()
    who = {"NAME": "a newcomer", "EMAIL": "newcomer@example.org"}
    return {
        **{f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who},
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "DVC_SITE_CACHE_DIR": str(home / "site"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def begin(
    project: Path, table: pd.DataFrame, target: str, log: Path, around: dict[str, str]
) -> cost.Cost:
    """Write a table into a new repository, run `init` on it, and return what that cost."""
    project.mkdir()
    table.to_csv(project / "table.csv", index=False)
    cost.run(["git", "init", "--quiet"], project, log=log, **around)
    command = cost.python("stages", "init", "table.csv", "--target", target)
    return cost.run(command, project, log=log, **around)
