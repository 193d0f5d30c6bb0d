"""The final mix: its rows with their origin, the model trained on them, and what that is worth."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from .. import runs, trials
from ..base.errors import StaleError
from ..base.params import Section
from ..mixes import curve, mixing
from ..mixes.ground import Ground, fresh, trained
from ..mixes.mixing import Mix, Policy, Stock
from ..mixes.regions import REGION
from ..runs import Runs
from ..tables import table
from ..tables.table import BATCH, ORIGIN
from ..trials import Bench, Trial
from . import appraisal, attribution, calibration
from .appraisal import Appraisal
from .attribution import Earned


class Blend(Section):
    """The section `blend` of params.yaml."""

    ratio: Literal["auto"] | float
    """The synthetic part of the training rows; auto takes the sweep's choice."""
    policy: Policy
    """Keep every real row, hold the total, or raise the rare classes: docs/sweep.md."""
    batches: list[str] | None
    """Names of batches that passed the gates; null mixes those admitted."""


class Recipe(NamedTuple):
    """What to train: a ratio, or one for each region, and the models to take the best of."""

    ratio: float
    regional: dict[str, float]  # by the region's name; empty: one ratio for all rows
    models: list[str]


class Final(NamedTuple):
    """The mix that was asked for, beside real rows alone."""

    ratio: float  # the synthetic part of all rows
    mix: Mix
    stock: Stock
    mixed: Appraisal
    alone: Appraisal  # of the model that is best on real rows alone
    own: dict[str, Runs]  # the mix's model on real rows alone: its scores
    without: list[Earned]  # what each of several batches earned
    places: np.ndarray  # of the first seed's rows, real ones first
    pipeline: Any  # of the first seed, from a table of features to predictions

    @property
    def models(self) -> dict[str, Appraisal]:
        """The two models by the names that files give them."""
        return {"final": self.mixed, "real rows alone": self.alone}


def recipe(asked: Blend, swept: Mapping[str, Any], models: Sequence[str]) -> Recipe:
    """Return what the sweep chose, or the ratio set by hand with all `models` to choose from."""
    if asked.ratio != "auto":
        mixing.check_range(asked.ratio, "`blend.ratio`")
        return Recipe(asked.ratio, {}, list(models))
    kept = swept["regions"] if swept["per_slice"] == "kept" else []
    regional = {region["name"]: region["ratio"] for region in kept}
    return Recipe(swept["ratio"], regional, [swept["model"]])


def train(ground: Ground, stock: Stock, asked: Recipe, slices: Mapping[str, np.ndarray]) -> Final:
    """Train as `asked`, or on real rows alone where that takes no synthetic row.

    `ground` holds the batches of the mix and no others, `stock` the regions of their rows,
    `slices` places among the rows of the holdout. The model is the best on tune of those asked
    for. Scores are means over seeds, each with its own draw of the batches; the rows and the
    pipeline are the first seed's. Raises ParamsError where a ratio set by hand cannot be.
    """
    bench, batches = ground.bench, ground.batches
    ratios = [asked.ratio if batches else 0.0]
    if asked.regional:
        ratios = [asked.regional.get(name, 0.0) for name in stock.regions]
    else:
        mixing.check(ratios[0], stock, ground.policy, "`blend.ratio`")
    mix = mixing.plan(ratios, stock, ground.policy)
    if (mix.synthetic > stock.made).any():
        raise StaleError(
            "metrics/sweep.json has ratios by region for which there are not the rows; run "
            "`dvc repro` to sweep the batches at hand"
        )
    # A mix is reported from seeds that took no part in choosing it.
    draws = {seed: mixing.draw(mix, stock, seed=seed) for seed in fresh(ground).seeds}
    real = {seed: np.arange(ground.real) for seed in ground.seeds}
    alone = appraisal.appraise(bench, ground.real_only, real, slices, ground.classes)
    ratio, mixed, own, without = 0.0, alone, alone.scores, []
    if mix.synthetic.any():
        model = _best(ground, stock, ratios, asked.models)
        mixed = appraisal.appraise(bench, model, draws, slices, ground.classes)
        if mixed.model != alone.model:
            own = runs.gather(list(trials.run(bench, appraisal.jobs(bench, mixed.model, real))))
        earned = attribution.leave_one_out(bench, mixed.model, draws, batches, mixed.scores)
        without = list(earned)
        ratio = mix.ratio if asked.regional else asked.ratio
    seed, places = next(iter(draws.items())) if ratio else next(iter(real.items()))
    pipeline = _pipeline(bench, trials.fit(bench, Trial(mixed.model, places, seed, ())))
    return Final(ratio, mix, stock, mixed, alone, own, without, places, pipeline)


def rows(final: Final, real: pd.DataFrame, batches: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the training rows, labelled with their origin, batch and region."""
    labelled = real.copy()
    labelled[ORIGIN] = pd.Categorical(["real"] * len(real))
    labelled[BATCH] = pd.Categorical([None] * len(real), categories=[])
    columns = [*batches[0].columns] if batches else [*labelled.columns]
    taken = table.rows(table.stack([labelled[columns], *batches]), final.places)
    number = np.concatenate([final.stock.real, final.stock.synthetic])[final.places]
    taken[REGION] = pd.Categorical(np.array(final.stock.regions, object)[number])
    return taken


def told(final: Final, ground: Ground, threshold: float) -> dict[str, Any]:
    """Return the record of the final model: single values first, lists behind.

    Keys of metrics/blend.json:

    - `ratio`: the synthetic part of the training rows
    - `metric`: the metric of the brief
    - `score`, `lower`, `upper`: the final model's mean on the holdout, and its interval
    - `gain`, `gain_lower`, `gain_upper`: its change from real rows alone with their best model
    - `own_gain`, `own_gain_lower`, `own_gain_upper`: its change from real rows alone with the same
      model
    - `verdict`: as in metrics/sweep.json; at ratio 0 `no difference shown`
    - `reaches_threshold`: whether `score` reaches `brief.threshold`
    - `model`: one of `models`
    - `policy`: `blend.policy`
    - `rows_real`, `rows_synthetic`: what it learned from
    - `calibration_error`, `calibration_error_alone`: of the final model and of real rows alone;
      null in regression
    - `method`: how the intervals were found
    - `batches`: the batches mixed
    - `classes`: for each class `name` and `rows` of the holdout; `recall`, `precision`, and
      `recall_gain` over real rows alone, each with `_lower` and `_upper`; empty in regression
    - `slices`: for each slice `name`, `rows`, `score` with `lower` and `upper`, `gain` with
      `gain_lower` and `gain_upper`
    - `calibration`: for both models `model`, `error` and `by_chance`, or `residual` with
      `residual_lower` and `residual_upper`; of the final one `brier_gain` with `brier_gain_lower`
      and `brier_gain_upper`
    - `without`: for each of several batches `batch`, `rows`, the mix's `gain` from having it with
      `lower` and `upper` on the holdout, and `tune_gain` with `tune_gain_lower` and
      `tune_gain_upper`
    - `regions`: for each region `name`, `ratio`, `rows_real`, `rows_synthetic`; empty where there
      is one ratio for all
    - `notes`: slices that nothing can be told of, and why
    """
    mixed, alone = final.mixed, final.alone
    score = runs.estimate(mixed.scores["holdout"])
    gain = runs.difference(mixed.scores["holdout"], alone.scores["holdout"])
    own = runs.difference(mixed.scores["holdout"], final.own["holdout"])
    truth = ground.bench.scored["holdout"][1]
    return {
        "ratio": final.ratio,
        "metric": ground.bench.metric,
        **appraisal.named("score", score, bounds=""),
        **appraisal.named("gain", gain),
        **appraisal.named("own_gain", own),
        "verdict": curve.verdict(final.ratio, gain, own),
        "reaches_threshold": score.value >= threshold,
        "model": mixed.model,
        "policy": ground.policy,
        "rows_real": int(final.mix.real.sum()),
        "rows_synthetic": int(final.mix.synthetic.sum()),
        "calibration_error": mixed.error and mixed.error.value,
        "calibration_error_alone": alone.error and alone.error.value,
        "method": gain.method,
        "batches": list(ground.batches),
        "classes": appraisal.by_class(mixed, alone, truth, ground.classes),
        "slices": appraisal.by_slice(mixed, alone),
        "calibration": appraisal.calibrated(final.models),
        "without": [_earned(one) for one in final.without],
        "regions": _regions(final),
    }


def reliability(final: Final) -> pd.DataFrame:
    """Return the bins of the holdout's probabilities, of the final model and of real rows alone.

    Columns of metrics/calibration.csv, of the first seed's models:

    - `model`: `final` or `real rows alone`
    - `class`: of two classes the positive one, else each
    - `bin`, `rows`: the bin from 1 by rising probability, and its rows; equal probabilities are in
      one bin
    - `predicted`, `observed`: the mean probability, and the share of the class
    - `lower`, `upper`: Wilson's interval of the share
    """
    parts = [one.reliability.assign(model=name) for name, one in final.models.items()]
    return table.below(parts)[["model", *calibration.COLUMNS]]


def _best(ground: Ground, stock: Stock, ratios: Sequence[float], models: Sequence[str]) -> str:
    """Return the model that does best on tune with a mix of all rows of the ground."""
    if len(models) == 1:
        return models[0]
    behind = np.arange(ground.real, len(ground.bench.y))
    [(_, found)] = trained(ground, stock, behind, [tuple(ratios)], models, ["tune"])
    return max(found, key=lambda name: found[name]["tune"].mean)


def _pipeline(bench: Bench, estimator: Any) -> Any:
    from sklearn.pipeline import Pipeline

    return Pipeline([("encode", bench.encoder), ("model", estimator)])


def _earned(one: Earned) -> dict[str, Any]:
    held = appraisal.named("gain", one.gain["holdout"], bounds="")
    tune = appraisal.named("tune_gain", one.gain["tune"])
    return {"batch": one.batch, "rows": one.rows, **held, **tune}


def _regions(final: Final) -> list[dict[str, Any]]:
    """Return the rows and the ratio of each region, where there are several."""
    names, mix = final.stock.regions, final.mix
    if len(names) == 1:
        return []
    return [
        {
            "name": name,
            "ratio": made / max(made + real, 1),
            "rows_real": real,
            "rows_synthetic": made,
        }
        for name, real, made in zip(names, mix.real.tolist(), mix.synthetic.tolist(), strict=True)
    ]
