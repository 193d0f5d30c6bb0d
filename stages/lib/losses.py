"""The losses of a training, written by DVCLive as `dvc plots` draws them."""

from pathlib import Path

import pandas as pd

from .files import DIGITS


def write(losses: pd.DataFrame | None, folder: str | Path) -> None:
    """Write a row per epoch and a file per loss into `folder`; none where nothing was trained."""
    from dvclive import Live

    # Without these, Live would rewrite dvc.yaml and save an experiment of its own.
    with Live(dir=str(folder), dvcyaml=None, save_dvc_exp=False) as live:
        for row in [] if losses is None else losses.to_dict("records"):
            for name, value in row.items():
                live.log_metric(str(name), float(f"{value:.{DIGITS}g}"))
            live.next_step()
