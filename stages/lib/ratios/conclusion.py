"""What a sweep comes to: whether the synthetic rows help, what else would, and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from .. import learning, remedies, runs, words
from ..intervals import Estimate
from ..mixes import curve, mixing
from ..mixes.curve import Verdict
from ..mixes.mixing import Policy
from ..runs import Runs
from . import worth
from .regional import Regional
from .sweep import Swept
from .worth import Worth


class Way(NamedTuple):
    """A way to a better model, and what it changes on the holdout against real rows alone."""

    name: str
    kind: str  # synthetic, remedy or real rows
    real: int  # rows to train on
    synthetic: int
    gain: Estimate
    less: Estimate | None  # the mix less this, paired; None of the mix itself, and without one


class Conclusion(NamedTuple):
    """What is said of the mix to train on; or, where there is none, of the best that was tried."""

    swept: Swept
    gain: Estimate  # of the mix, over real rows alone with their best model
    own: Estimate  # over real rows alone with the mix's own model
    verdict: Verdict
    ways: list[Way]
    worth: Worth


def conclude(
    swept: Swept, real_rows: Mapping[str, Mapping[str, Runs]], real: int, policy: Policy
) -> Conclusion:
    """Hold a mix against real rows alone, cheap remedies, and more real rows, on the holdout.

    `real_rows` are the runs that stage baseline measured, and `real` is the number of rows of
    train. All scores are paired: the same rows, and as many seeds of both.
    """
    own, mix = next(iter(swept.curves.values())), swept.mix
    alone = own.points[0]
    ways, score = [], (mix or alone).scores["holdout"]
    gain, with_own = (
        runs.difference(score, other)
        for other in (alone.scores["holdout"], own.alone[(mix or alone).model])
    )
    rows = mixing.counts(mix.ratio if mix else 0.0, real, policy)
    if mix:
        ways.append(Way(f"ratio {mix.ratio:.4g}", "synthetic", *rows, gain, None))
    sizes = learning.learned(real_rows, "holdout")
    others = [
        *((name, "remedy", real, found) for name, found in remedies.named(real_rows, "holdout")),
        *((f"{size:,} real rows", "real rows", size, found) for size, found in sizes),
    ]
    for name, kind, size, found in others:
        change = runs.difference(*runs.paired(found, alone.scores["holdout"]))
        less = runs.difference(*runs.paired(score, found)) if mix else None
        if size > real or kind == "remedy":  # what fewer rows cost is in the learning curve
            ways.append(Way(name, kind, size, 0, change, less))
    valued = worth.worth(sizes if mix else [], score, rows[0])
    verdict = curve.verdict(mix.ratio if mix and swept.taken else 0, gain, with_own)
    return Conclusion(swept, gain, with_own, verdict, ways, valued)


def sentence(found: Conclusion, metric: str, decided_on: str, batches: Sequence[str]) -> str:
    """Say in one sentence whether the synthetic rows help."""
    mix, score = found.swept.mix, f"{words.metric(metric)} on the holdout"
    if mix is None:
        why = "no ratio above 0 was tried" if batches else "no batch was admitted"
        return f"No difference shown: {why}, so there was nothing to sweep."
    ratio, change = f"ratio {mix.ratio:.4g}", words.interval(found.gain._asdict(), sign=True)
    of = "" if found.swept.taken else f", the best above 0 on {decided_on},"
    if found.verdict == "helps":
        return f"Synthetic data helps: at {ratio} {score} gains {change} over real rows alone."
    if found.verdict == "hurts":
        said = f"Synthetic data hurts: at {ratio}{of} {score} changes by {change}"
        return f"{said} from real rows alone."
    if (found.gain.lower > 0 or found.gain.upper < 0) and found.gain != found.own:
        return (
            f"No difference shown: at {ratio}{of} {score} changes by {change} from real rows "
            f"alone, but with another model, {mix.model}, which synthetic rows change by "
            f"{words.interval(found.own._asdict(), sign=True)}."
        )
    if not found.swept.taken:
        return (
            f"No difference shown: on {decided_on} no mix does better than real rows alone by "
            f"more than a standard error, and at {ratio}, the best of them, {score} changes by "
            f"{change}."
        )
    return f"No difference shown: at {ratio} {score} changes by {change} from real rows alone."


def advice(found: Conclusion, short: float) -> list[str]:
    """Say what the reader should do; `short` is how far the score is below the threshold."""
    said, swept, choice = [], found.swept, found.swept.choice
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
    elif swept.taken:
        said.append(
            "Train on real rows alone: the mix, which blend trains on, is not shown to be better "
            "(blend.ratio: 0 trains without it)."
        )
    else:
        said.append("Train on real rows alone.")
    if choice.at_edge:
        more = (
            ": raise slices.*.rows, and go on beyond it (sweep.ratios, sweep.shares, sweep.refine)"
        )
        rises = choice.shape == "rising"
        said.append(
            f"The best ratio, {choice.best.ratio:.4g}, is the last that was tried"
            f"{more if rises else ', though not shown better than none'}."
        )
    if swept.taken and choice.shape == "peak" and choice.width == 0:
        said.append("The peak is sharp: sweep again whenever the data or a generator changes.")
    return said


def record(
    found: Conclusion,
    *,
    metric: str,
    threshold: float,
    decided_on: str,
    batches: Sequence[str],
    policy: Policy,
) -> dict[str, Any]:
    """Return the record of the sweep: single values first, lists behind.

    Keys of metrics/sweep.json:

    - `metric`: the metric of the brief; greater is better
    - `verdict`: `helps`, `no difference shown` or `hurts`
    - `sentence`: the verdict in one sentence
    - `advice`: what to do
    - `ratio`: the ratio taken: with ratios by region, the synthetic part of all rows
    - `model`: the model at that ratio
    - `score`: its mean score on the holdout
    - `reaches_threshold`: whether that reaches `brief.threshold`
    - `mix_ratio`, `mix_model`: the mix that gains are told of: the one taken, or at ratio 0 the
      best above it on tune; null where no ratio above 0 was tried
    - `gain`, `gain_lower`, `gain_upper`: its change on the holdout from real rows alone with their
      best model
    - `own_gain`, `own_gain_lower`, `own_gain_upper`: the same from real rows alone with the mix's
      own model
    - `worth_rows`, `worth_lower`, `worth_upper`: how many real rows its synthetic ones are worth;
      null beyond what was measured, and without a mix
    - `policy`: `blend.policy`
    - `best_ratio`: the single ratio with the best mean on tune
    - `shape`: `rising`, `falling`, `peak` or `flat`
    - `plateau_width`: from the smallest to the greatest ratio around the best without one shown
      worse between
    - `fall_one_step_below`, `fall_one_step_above`: how far tune falls from the best to the next
      ratio; null at an edge
    - `best_is_last_ratio`: whether the best is the greatest ratio tried
    - `per_slice`: null: not searched; `kept`, or `not shown better`
    - `per_slice_gain`, `per_slice_gain_lower`, `per_slice_gain_upper`: null: not searched; else the
      gain on tune of the mix by region over the single ratio, its lower bound at the Bonferroni
      level
    - `decided_on`: tune, or `holdout (optimistic)` where there is no tune
    - `method`: how the intervals were found
    - `batches`: the batches mixed
    - `plateau`: the ratios not shown worse than the best on tune
    - `comparisons`: a record for each way to a better model, below
    - `regions`: for each region of the search `name`, `ratio`, `rows_real`, `rows_synthetic`; empty
      where none was asked for
    """
    swept, mix, choice = found.swept, found.swept.mix, found.swept.choice
    point = next(iter(swept.curves.values())).points[0]
    if mix and swept.taken:
        point = mix
    score = runs.estimate(point.scores["holdout"])
    searched, short = swept.searched, threshold - score.value
    return {
        "metric": metric,
        "verdict": found.verdict,
        "sentence": sentence(found, metric, decided_on, batches),
        "advice": " ".join(advice(found, short)),
        "ratio": point.ratio,
        "model": point.model,
        "score": score.value,
        "reaches_threshold": short <= 0,
        "mix_ratio": mix and mix.ratio,
        "mix_model": mix and mix.model,
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
        **_bounds("per_slice_gain", searched.gain if searched else None),
        "decided_on": decided_on,
        "method": found.gain.method,
        "batches": batches,
        "plateau": choice.plateau,
        "comparisons": [_compared(way) for way in found.ways],
        "regions": _regions(searched) if searched else [],
    }


def tidy(found: Conclusion) -> pd.DataFrame:
    """Return the ways as a table, with what each changes on the holdout.

    Columns of metrics/alternatives.csv:

    - `way`, `kind`: as in `comparisons` of metrics/sweep.json
    - `rows_real`, `rows_synthetic`: rows trained on
    - `gain`, `lower`, `upper`: the change from real rows alone, and its interval
    """
    columns = ["way", "kind", "rows_real", "rows_synthetic", "gain", "lower", "upper"]
    return pd.DataFrame(
        [(*way[:4], way.gain.value, way.gain.lower, way.gain.upper) for way in found.ways],
        columns=columns,
    )


def _compared(way: Way) -> dict[str, Any]:
    """Return a way as it is written.

    Keys of metrics/sweep.json, comparisons:

    - `way`: `ratio 0.8`, `class weights`, `600 real rows`
    - `kind`: `synthetic`, `remedy` or `real rows`
    - `gain`, `gain_lower`, `gain_upper`: its change on the holdout from real rows alone
    - `mix_less_this`, `mix_less_this_lower`, `mix_less_this_upper`: the mix less this way, paired;
      not in the mix's own record
    """
    told = {"way": way.name, "kind": way.kind, **_bounds("gain", way.gain)}
    return told | (_bounds("mix_less_this", way.less) if way.less else {})


def _regions(found: Regional) -> list[dict[str, Any]]:
    rows = zip(found.names, found.ratios, found.mix.real, found.mix.synthetic, strict=True)
    keys = ("name", "ratio", "rows_real", "rows_synthetic")
    return [dict(zip(keys, own, strict=True)) for own in rows]


def _bounds(name: str, found: Estimate | None) -> dict[str, float | None]:
    bounds = (found.value, found.lower, found.upper) if found else (None, None, None)
    return dict(zip((name, f"{name}_lower", f"{name}_upper"), bounds, strict=True))
