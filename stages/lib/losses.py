"""The losses of a training, written by DVCLive as `dvc plots` draws them."""

from pathlib import Path

import pandas as pd

from .base.files import DIGITS


def write(losses: pd.DataFrame | None, folder: str | Path) -> None:
    """Write a row per epoch and a file per loss into `folder`; none where nothing was trained."""
    from dvclive import Live

    class Files(Live):
        """Writes its files alone, also where git has no commit yet, which Live refuses."""

        def _init_dvc(self) -> None:
            self._dvc_file = self._init_dvc_file()

    # Without these, Live would rewrite dvc.yaml and save an experiment of its own.
    with Files(dir=str(folder), dvcyaml=None, save_dvc_exp=False) as live:
        for row in [] if losses is None else losses.to_dict("records"):
            for name, value in row.items():
                live.log_metric(str(name), float(f"{value:.{DIGITS}g}"))
            live.next_step()
