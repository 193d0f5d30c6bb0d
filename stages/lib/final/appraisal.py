"""What one way of training shows on the holdout: over all rows, by slice, class and probability."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import runs, scoring, trials
from ..batches import Slices
from ..intervals import Estimate
from ..runs import Runs
from ..tables import condition
from ..trials import Bench, Trial
from . import calibration

FEWEST = 20  # rows of the holdout that a slice or a class is told from


class Appraisal(NamedTuple):
    """What a model showed, trained with every seed; its predictions are not kept."""

    model: str
    scores: dict[str, Runs]  # the metric on tune and holdout
    slices: dict[str, Runs]  # the metric on the holdout's rows of each slice
    decided: np.ndarray  # (seeds, rows of the holdout), class numbers; no column in regression
    calibrated: Runs  # the Brier score with its sign turned, or the residuals, on the holdout
    error: calibration.Error | None  # the mean over the seeds; None in regression
    reliability: pd.DataFrame  # of the first seed's model


def appraise(
    bench: Bench,
    model: str,
    draws: Mapping[int, np.ndarray],
    slices: Mapping[str, np.ndarray],
    labels: Sequence[str],
) -> Appraisal:
    """Train `model` on the rows that each seed drew, by seed, and score it.

    `slices` holds places among the rows of the holdout, `labels` the classes as they may be told.
    """
    y = bench.scored["holdout"][1]
    scores, parts, decided, calibrated, errors = [], [], [], [], []
    bins: list[pd.DataFrame] = []
    for predicted in trials.predictions(bench, jobs(bench, model, draws)):
        held = predicted["holdout"]
        scores.append(trials.score(bench, predicted))
        parts.append(
            {
                name: scoring.score(bench.metric, y[places], held[places], bench.classes)
                for name, places in slices.items()
            }
        )
        calibrated.append({"": calibration.score(y, held)})
        decided.append(held.argmax(axis=1).astype("int32") if bench.classes else y[:0])
        errors += [calibration.error(y, held)] if bench.classes else []
        bins += [] if bins else [calibration.table(y, held, labels)]
    return Appraisal(
        model,
        runs.gather(scores),
        runs.gather(parts),
        np.array(decided),
        runs.gather(calibrated)[""],
        calibration.Error(*np.mean(errors, axis=0).tolist()) if errors else None,
        bins[0],
    )


def jobs(bench: Bench, model: str, draws: Mapping[int, np.ndarray]) -> list[Trial]:
    """Return a trial of `model` for each seed's rows, scored on everything."""
    return [Trial(model, rows, seed, tuple(bench.scored)) for seed, rows in draws.items()]


def slices(
    bench: Bench, held: pd.DataFrame, asked: Slices
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return where the rows of each slice with a condition stand in the holdout.

    Those of which nothing can be told are left out; the notes say why.
    """
    found, notes, y = {}, [], bench.scored["holdout"][1]
    for name, part in asked.items():
        if not part.condition:
            continue
        places = np.flatnonzero(condition.holds(part.condition, held))
        if len(places) < FEWEST:
            notes.append(f"slice {name}: fewer than {FEWEST} rows of the holdout ({len(places)})")
        elif bench.classes and (y[places] == y[places[0]]).all():
            notes.append(f"slice {name}: its rows of the holdout are of one class only")
        elif not _defined(bench, y[places]):
            notes.append(f"slice {name}: {bench.metric} is not defined on its rows of the holdout")
        else:
            found[name] = places
    return found, notes


def by_class(
    mixed: Appraisal, alone: Appraisal, y: np.ndarray, labels: Sequence[str]
) -> list[dict[str, Any]]:
    """Return recall and precision of each class on the holdout, and the gain in recall.

    A class of fewer rows than FEWEST is left out. Shares end at 0 and 1, and so do intervals.
    """
    found = []
    for number, label in enumerate(labels):
        actual = (y == number).astype(int)
        if actual.sum() < FEWEST:
            continue
        before, after, right = (
            _of_class(metric, actual, one.decided == number)
            for metric, one in (
                (scoring.recall, alone),
                (scoring.recall, mixed),
                (scoring.precision, mixed),
            )
        )
        found.append(
            {
                "name": label,
                "rows": int(actual.sum()),
                **named("recall", _share(runs.estimate(after))),
                **named("precision", _share(runs.estimate(right))),
                **named("recall_gain", runs.difference(after, before)),
            }
        )
    return found


def by_slice(mixed: Appraisal, alone: Appraisal) -> list[dict[str, Any]]:
    """Return the metric on each slice of the holdout, and the gain."""
    found = []
    for name, own in mixed.slices.items():
        score, gain = runs.estimate(own), runs.difference(own, alone.slices[name])
        rows = own.influence.shape[1]
        told = named("score", score, bounds="") | named("gain", gain)
        found.append({"name": name, "rows": rows, **told})
    return found


def calibrated(models: Mapping[str, Appraisal]) -> list[dict[str, Any]]:
    """Return each model's calibration error, and what the first one's Brier score gains.

    Of values the mean residual.
    """
    found: list[dict[str, Any]] = []
    for name, one in models.items():
        if one.error is None:
            told = named("residual", runs.estimate(one.calibrated))
        else:
            told = {"error": one.error.value, "by_chance": one.error.by_chance}
        found.append({"model": name, **told})
    mixed, alone = models.values()
    if mixed.error:
        found[0] |= named("brier_gain", runs.difference(mixed.calibrated, alone.calibrated))
    return found


def named(name: str, found: Estimate, *, bounds: str | None = None) -> dict[str, float]:
    """Return an estimate and its bounds under a name; `bounds` is put in front of theirs."""
    front = f"{name}_" if bounds is None else bounds
    return {name: found.value, f"{front}lower": found.lower, f"{front}upper": found.upper}


def _defined(bench: Bench, y: np.ndarray) -> bool:
    if not bench.classes:
        return True
    even = np.full((len(y), len(bench.classes)), 1 / len(bench.classes))
    return bool(np.isfinite(scoring.score(bench.metric, y, even, bench.classes).value))


def _share(found: Estimate) -> Estimate:
    return found._replace(lower=max(found.lower, 0.0), upper=min(found.upper, 1.0))


def _of_class(metric: scoring.ByClass, actual: np.ndarray, claimed: np.ndarray) -> Runs:
    """Return a metric of one class against all others; `claimed` has shape (seeds, rows)."""
    return runs.gather([{"": metric(actual, np.stack([~own, own], 1), 1)} for own in claimed])[""]
