"""Models trained at every ratio, from every mix of batches, with every seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from . import curve, mixing, runs, trials
from .curve import Point
from .learners import Learners
from .mixing import Policy
from .params import Section
from .schema import Schema
from .trials import Trial


class Sweep(Section):
    """The section `sweep` of params.yaml."""

    ratios: list[float] = Field(min_length=1)
    seeds: int = Field(ge=1)


def curves(
    train: pd.DataFrame,
    batches: Mapping[str, pd.DataFrame],
    mixes: Mapping[str, list[str]],
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    real_only: str,
    asked: Sweep,
    policy: Policy,
) -> dict[str, list[Point]]:
    """Return for each mix its curve over the ratios, 0 always among them.

    A mix names the batches whose rows it draws from. What is trained on real rows alone is
    trained once for all mixes. The first mix must have the rows that every ratio needs (else
    ParamsError); the others, which are shown beside it, go as far as theirs last.
    """
    bench = trials.bench(schema, models, metric, train, scored, list(batches.values()))
    places = _places(len(train), batches)
    jobs: dict[tuple[str, float, str], list[Trial]] = {}
    for mix, names in mixes.items():
        own = np.concatenate([np.empty(0, int), *(places[name] for name in names)])
        ratios = sorted({0.0, *asked.ratios}) if names else [0.0]
        if mix == next(iter(mixes)) and names:
            mixing.check(ratios, len(train), len(own), policy, "sweep.ratios")
        ratios = [
            ratio for ratio in ratios if mixing.counts(ratio, len(train), policy)[1] <= len(own)
        ]
        for ratio in ratios:
            for model in models:
                jobs[mix if ratio else "", ratio, model] = [
                    _trial(model, ratio, len(train), own, policy, seed, tuple(scored))
                    for seed in range(asked.seeds)
                ]
    scores = iter(trials.run(bench, [trial for trials in jobs.values() for trial in trials]))
    found = {key: runs.gather([next(scores) for _ in trials]) for key, trials in jobs.items()}
    return {
        mix: curve.best_models(
            {(ratio, model): own for (of, ratio, model), own in found.items() if of in (mix, "")},
            real_only,
        )
        for mix in mixes
    }


def tidy(curves: Mapping[str, list[Point]], real: int, policy: Policy) -> pd.DataFrame:
    """Return one line per mix, ratio and slice, with the mean score and its interval."""
    lines: list[dict[str, Any]] = []
    for mix, points in curves.items():
        for point in points:
            rows_real, rows_synthetic = mixing.counts(point.ratio, real, policy)
            for split, own in point.scores.items():
                found = runs.estimate(own)
                lines.append(
                    {
                        "ratio": point.ratio,
                        "batch": mix,
                        "split": split,
                        "model": point.model,
                        "mean": found.value,
                        "lower": found.lower,
                        "upper": found.upper,
                        "rows_real": rows_real,
                        "rows_synthetic": rows_synthetic,
                    }
                )
    return pd.DataFrame(lines)


def _places(real: int, batches: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    """Return where each batch's rows stand behind the real ones."""
    starts = np.cumsum([real, *(len(batch) for batch in batches.values())])
    return {
        name: start + np.arange(len(batch))
        for (name, batch), start in zip(batches.items(), starts, strict=False)
    }


def _trial(
    model: str,
    ratio: float,
    real: int,
    synthetic: np.ndarray,
    policy: Policy,
    seed: int,
    on: tuple[str, ...],
) -> Trial:
    drawn = mixing.draw(ratio, real, len(synthetic), policy, seed=seed)
    rows = np.concatenate([np.arange(real), synthetic])[drawn]
    return Trial(model, rows, seed, on)
