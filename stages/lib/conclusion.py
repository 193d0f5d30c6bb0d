"""What a sweep comes to: whether the synthetic rows help, what else would, and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from . import curve, learning, mixing, remedies, runs, words, worth
from .curve import Choice, Point, Verdict
from .intervals import Estimate
from .mixing import Policy
from .regional import Regional
from .runs import Runs
from .worth import Worth


class Way(NamedTuple):
    """A way to a better model, and what it changes on the holdout against real rows alone."""

    name: str
    kind: str  # synthetic, remedy or real rows
    real: int  # rows to train on
    synthetic: int
    gain: Estimate
    less: Estimate | None  # the mix less this, paired; None of the mix itself


class Conclusion(NamedTuple):
    """What is said of the mix to train on; or, where there is none, of the best that was tried."""

    alone: Point  # real rows alone
    mix: Point | None  # None where nothing was admitted
    taken: bool  # whether it is the mix to train on
    gain: Estimate  # of the mix, over real rows alone with their best model
    own: Estimate  # over real rows alone with the mix's own model
    verdict: Verdict
    ways: list[Way]
    worth: Worth


def conclude(
    alone: Point,
    own: Mapping[str, Runs],
    mix: Point | None,
    real_rows: Mapping[str, Mapping[str, Runs]],
    real: int,
    policy: Policy,
    *,
    taken: bool,
) -> Conclusion:
    """Hold a mix against real rows alone, cheap remedies, and more real rows, on the holdout.

    `own` has each model's score on real rows alone, `real_rows` the runs that stage baseline
    measured, and `real` is the number of rows of train. `taken` says whether the mix is the one
    to train on, or the best of those that are not. All scores are paired: the same rows, and as
    many seeds of both.
    """
    spoken = mix or alone
    ways, score = [], spoken.scores["holdout"]
    gain, with_own = (
        runs.difference(score, other) for other in (alone.scores["holdout"], own[spoken.model])
    )
    if mix:
        rows = mixing.counts(mix.ratio, real, policy)
        ways.append(Way(f"ratio {mix.ratio:.4g}", "synthetic", *rows, gain, None))
    sizes = learning.learned(real_rows, "holdout")
    others = [
        *((name, "remedy", real, found) for name, found in remedies.named(real_rows, "holdout")),
        *((f"{size:,} real rows", "real rows", size, found) for size, found in sizes),
    ]
    for name, kind, size, found in others:
        change = runs.difference(*runs.paired(found, alone.scores["holdout"]))
        less = runs.difference(*runs.paired(score, found))
        if size != real or kind == "remedy":
            ways.append(Way(name, kind, size, 0, change, less))
    verdict = curve.verdict(spoken.ratio if taken else 0, gain, with_own)
    valued = worth.worth(sizes, score, real)
    return Conclusion(alone, mix, taken, gain, with_own, verdict, ways, valued)


def sentence(found: Conclusion, metric: str, decided_on: str) -> str:
    """Say in one sentence whether the synthetic rows help."""
    if found.mix is None:
        return "Nothing was admitted, so there was nothing to sweep."
    ratio, score = f"ratio {found.mix.ratio:.4g}", f"{words.metric(metric)} on the holdout"
    change = words.interval(found.gain._asdict(), sign=True)
    if found.verdict == "helps":
        return f"Synthetic data helps: at {ratio} {score} gains {change} over real rows alone."
    if found.verdict == "hurts":
        which = "" if found.taken else f", the best above 0 on {decided_on},"
        said = f"Synthetic data hurts: at {ratio}{which} {score} changes by {change}"
        return f"{said} from real rows alone."
    if not found.taken:
        return (
            f"No difference shown: on {decided_on} no mix does better than real rows alone by "
            f"more than a standard error, and at {ratio}, the best of them, {score} changes by "
            f"{change}."
        )
    if found.gain.lower > 0:
        return (
            f"No difference shown: at {ratio} {score} gains {change}, but with another model, "
            f"{found.mix.model}, which synthetic rows change by "
            f"{words.interval(found.own._asdict(), sign=True)}."
        )
    return f"No difference shown: at {ratio} {score} changes by {change} from real rows alone."


def advice(found: Conclusion, choice: Choice, short: float) -> list[str]:
    """Say what the reader should do; `short` is how far the score is below the threshold."""
    said = []
    if found.verdict == "helps":
        said.append("Train on the mix.")
        if short > 0:
            said.append(f"Its score is still {words.number(short)} short of the threshold.")
        cheaper = [
            way.name
            for way in found.ways
            if way.kind == "remedy" and way.gain.lower > 0 and way.less and way.less.lower <= 0
        ]
        if cheaper:
            said.append(
                f"It is not shown better than {words.listed(cheaper, 'or')} without synthetic "
                "rows: try that first."
            )
    elif found.taken:
        said.append("Train on real rows alone (blend.ratio: 0): the mix is not shown to be better.")
    elif found.mix:
        said.append("Train on real rows alone.")
    if choice.at_edge and choice.shape == "rising":
        said.append(
            f"The curve still rises at {choice.best.ratio:.4g}, the last ratio that was tried: "
            "raise slices.*.rows, and add larger ratios or set sweep.refine."
        )
    if found.taken and choice.shape == "peak" and choice.width == 0:
        said.append("The peak is sharp: sweep again whenever the data or a generator changes.")
    return said


def record(
    found: Conclusion,
    choice: Choice,
    searched: Regional | None,
    *,
    metric: str,
    threshold: float,
    decided_on: str,
    batches: Sequence[str],
    policy: Policy,
) -> dict[str, Any]:
    """Return what metrics/sweep.json holds; docs/sweep.md has it key by key."""
    point = found.mix if found.mix and found.taken else found.alone
    score = runs.estimate(point.scores["holdout"])
    short = threshold - score.value
    return {
        "metric": metric,
        "verdict": found.verdict,
        "sentence": sentence(found, metric, decided_on),
        "advice": " ".join(advice(found, choice, short)),
        "ratio": point.ratio,
        "model": point.model,
        "score": score.value,
        "reaches_threshold": short <= 0,
        "mix_ratio": found.mix and found.mix.ratio,
        "mix_model": found.mix and found.mix.model,
        **_bounds("gain", found.gain),
        **_bounds("own_gain", found.own),
        "worth_rows": found.worth.rows,
        "worth_lower": found.worth.lower,
        "worth_upper": found.worth.upper,
        "policy": policy,
        "best_ratio": choice.best.ratio,
        "shape": choice.shape,
        "plateau_width": choice.width,
        "fall_one_step_below": choice.fall_below,
        "fall_one_step_above": choice.fall_above,
        "best_is_last_ratio": choice.at_edge,
        "per_slice": searched and ("kept" if searched.kept else "not shown better"),
        "decided_on": decided_on,
        "method": found.gain.method,
        "batches": batches,
        "plateau": choice.plateau,
        "comparisons": [_compared(way) for way in found.ways],
        "regions": _regions(searched) if searched else [],
    }


def tidy(found: Conclusion) -> pd.DataFrame:
    """Return the ways as a table, with what each changes on the holdout."""
    columns = ["way", "kind", "rows_real", "rows_synthetic", "gain", "lower", "upper"]
    return pd.DataFrame(
        [(*way[:4], way.gain.value, way.gain.lower, way.gain.upper) for way in found.ways],
        columns=columns,
    )


def _compared(way: Way) -> dict[str, Any]:
    told = {"way": way.name, "kind": way.kind, **_bounds("gain", way.gain)}
    return told | (_bounds("mix_less_this", way.less) if way.less else {})


def _regions(found: Regional) -> list[dict[str, Any]]:
    rows = zip(found.names, found.ratios, found.mix.real, found.mix.synthetic, strict=True)
    keys = ("name", "ratio", "rows_real", "rows_synthetic")
    return [dict(zip(keys, own, strict=True)) for own in rows]


def _bounds(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_lower": found.lower, f"{name}_upper": found.upper}
