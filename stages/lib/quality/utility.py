"""What models learn from a batch instead of real rows: TSTR against TRTR."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from .. import runs, scoring, trials
from ..intervals import Estimate
from ..learners import Learners
from ..measure import FEWEST, Findings, Measure, untold
from ..runs import Runs
from ..tables import condition, table
from ..tables.condition import Condition
from ..tables.schema import Schema
from ..trials import Bench, Trial

LEARNED = 20_000  # rows that one model learns from; more would only cost time
DRAWN = 100_000  # rows of train, and of the batch, that seeds draw theirs from
SCORED = 20_000  # rows of a slice that models are scored on
CLASSES = 20  # where there are more, a class is scored by its recall alone
APART = 0.5  # of a seed's synthetic rows, at least, for draws to say how real rows vary
QUARTERS = 4  # of a numeric target, scored by their mean error

PROBABILITIES, ERROR = "neg_brier_score", "neg_mean_absolute_error"


class Part(NamedTuple):
    """What is scored: a metric on some rows of a slice, averaged over some of the models."""

    kind: Literal["all", "model", "class", "slice", "quarter"]
    name: str
    metric: str  # as `scoring.score` takes it
    said: str  # as a table says it: without the label of a class, which may be sensitive
    rows: np.ndarray  # places among the scored rows
    size: int  # rows that it is about
    models: tuple[str, ...]


class Sides(NamedTuple):
    """A part's scores by seed, of models that learned from real rows and from synthetic ones."""

    part: Part
    real: Runs
    made: Runs
    apart: float  # the share of a seed's synthetic rows that another seed's do not share

    @property
    def told(self) -> bool:
        """Whether there were rows enough, and of every class that the metric needs."""
        return bool(np.isfinite([self.real.values, self.made.values]).all())

    @property
    def lost(self) -> Estimate:
        """TRTR less TSTR."""
        return self._for_other_rows(runs.difference(self.real, self.made), 1.0)

    @property
    def ratio(self) -> Estimate:
        """TSTR divided by TRTR."""
        found = runs.ratio(self.made, self.real)
        if np.isnan(found.value):  # real rows may score 0, as a class that is never told does
            return found
        return self._for_other_rows(found, found.value / self.real.mean)

    def _for_other_rows(self, found: Estimate, slope: float) -> Estimate:
        """Widen an interval by what another draw of as many real rows would score.

        The real rows are one draw; what another would score varies as the seeds' draws of
        synthetic rows do, beyond the models' own seeds. Draws without replacement that overlap
        vary less, in proportion to what is `apart`. Where they overlap by half or more that says
        too little, and the interval is for these rows.
        """
        seeds = len(self.real.values)
        if seeds < 2 or self.apart < APART or np.isnan(found.se):
            return found
        own, models = self.made.values.var(ddof=1), self.real.values.var(ddof=1)
        variance = max(own - models, 0.0) / self.apart * slope**2
        return runs.widened(found, variance, seeds - 1, "rows, seeds and draws")


def compare(
    batch: pd.DataFrame,
    train: pd.DataFrame,
    scored: Mapping[str, pd.DataFrame],
    schema: Schema,
    models: Learners,
    metric: str,
    *,
    within: np.ndarray,
    slices: Mapping[str, Condition],
    seeds: int,
) -> dict[str, Findings]:
    """Train each model on real rows and on as many synthetic ones, and score both on each slice.

    `within` says which rows of `train` the batch is about, shape (rows,): those are what it
    takes the place of, and the others stay. Every seed draws its own rows of the batch; real and
    synthetic share the seed of the model and the rows scored on. `slices` are conditions on
    scored rows that are told apart. Where there are more rows than the constants above say, a
    random sample is taken. Intervals are for other rows to score, other seeds and, where the batch
    has twice the rows that a seed draws, another `train` of the size; else `train` is what it is.

    The measures are losses: `tax` in units of the metric and `tax_share` as a share of it, both
    averaged over the models; of classes `tax_probabilities` in units of the Brier score, which
    wrong labels move even where ranks stay, and `tax_worst_class`, the greatest loss of recall;
    of slices `tax_worst_slice`, the greatest loss of the metric.
    """
    places = _places(train, schema.target, DRAWN)
    real, about = table.rows(train, places), np.asarray(within)[places]
    made = table.rows(batch, _places(batch, schema.target, DRAWN))
    judged = {
        name: table.rows(own, _places(own, schema.target, SCORED)) for name, own in scored.items()
    }
    asked = _asked(schema, slices)
    enough = {name: own for name, own in judged.items() if len(own) >= FEWEST}
    size, few = min(int(about.sum()), len(made)), f"fewer than {FEWEST} rows to learn from or score"
    if size < FEWEST or not enough:
        return dict.fromkeys(scored, _nothing(asked, few))

    bench = trials.bench(schema, models, metric, real, enough, [made])
    if bench.task != "regression" and len(bench.classes) < 2:
        return dict.fromkeys(scored, _nothing(asked, "the target has one class alone"))
    plan = _plan(about, len(made), size, list(models), seeds, tuple(enough))
    parts = {name: list(_parts(bench, name, own, schema, slices)) for name, own in enough.items()}
    measured = _run(bench, plan, parts, seeds, max(0.0, 1 - size / len(made)))
    notes = [
        *_families(models),
        *_lacking(bench, about, schema),
        *_sampled(about.size - about.sum() + size, [train, batch], scored),
    ]
    found = {name: _findings(name, own, asked, notes) for name, own in measured.items()}
    return {name: found.get(name, _nothing(asked, few)) for name in scored}


def _nothing(asked: list[str], why: str) -> Findings:
    measures = [untold("utility", name, why) for name in asked]
    return Findings(
        measures, {"classes": _table("", [])}, [f"nothing can be told of utility: {why}"]
    )


def _asked(schema: Schema, slices: Mapping[str, Condition]) -> list[str]:
    """Return the names of the measures that this target and these slices have."""
    of_classes = ["tax_probabilities", "tax_worst_class"]
    numeric = schema.columns[schema.target].numeric
    return [
        "tax",
        "tax_share",
        *([] if numeric else of_classes),
        *(["tax_worst_slice"] if slices else []),
    ]


def _places(frame: pd.DataFrame, target: str, most: int) -> np.ndarray:
    """Return where rows that have a label stand, of more than `most` a random sample."""
    known = np.flatnonzero(frame[target].notna())
    if len(known) <= most:
        return known
    return np.sort(np.random.default_rng(0).permutation(known)[:most])


def _plan(
    about: np.ndarray, made: int, size: int, models: list[str], seeds: int, on: tuple[str, ...]
) -> list[Trial]:
    """Return trials by seed, then side (real, synthetic), then model."""
    own, others = np.flatnonzero(about), np.flatnonzero(~about)
    share = min(1.0, LEARNED / (len(others) + size))
    stay, taken = round(share * len(others)), round(share * size)
    plan = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        sides = rng.permutation(own)[:taken], len(about) + rng.permutation(made)[:taken]
        rest = others if stay == len(others) else rng.permutation(others)[:stay]
        plan += [
            Trial(model, np.concatenate([rest, rows]), seed, on)
            for rows in sides
            for model in models
        ]
    return plan


def _parts(
    bench: Bench, name: str, frame: pd.DataFrame, schema: Schema, slices: Mapping[str, Condition]
) -> Iterator[Part]:
    metric, models, y = bench.metric, tuple(bench.models), bench.scored[name][1]
    every = np.arange(len(y))
    yield Part("all", "all", metric, metric, every, len(y), models)
    if bench.classes and metric != PROBABILITIES:
        yield Part("all", "all", PROBABILITIES, PROBABILITIES, every, len(y), models)
    for model in models:
        yield Part("model", model, metric, metric, every, len(y), (model,))
    for part, where in slices.items():
        rows = np.flatnonzero(condition.holds(where, frame))
        yield Part("slice", part, metric, metric, rows, len(rows), models)
    other = scoring.of_class(metric)
    if other == "recall" or len(bench.classes) > CLASSES:
        other = None
    if other == "roc_auc" and bench.task == "binary":
        other = None  # the same for both classes
    for number, label in enumerate(schema.shown(schema.target, bench.classes, bench.classes)):
        rows, one = np.flatnonzero(y == number), bench.classes[number]
        yield Part("class", label, f"recall@{one}", "recall", rows, len(rows), models)
        if other:
            against = every if len(rows) >= FEWEST else rows
            yield Part("class", label, f"{other}@{one}", other, against, len(rows), models)
    if not bench.classes:
        quarter = np.searchsorted(np.quantile(y, np.arange(1, QUARTERS) / QUARTERS), y)
        for number in range(QUARTERS):
            rows = np.flatnonzero(quarter == number)
            yield Part("quarter", str(number + 1), ERROR, ERROR, rows, len(rows), models)


def _run(
    bench: Bench, plan: list[Trial], parts: Mapping[str, list[Part]], seeds: int, apart: float
) -> dict[str, list[Sides]]:
    """Fit every trial once, and score all parts on its predictions."""
    scores = {
        name: [
            [Runs(np.zeros(seeds), np.zeros((seeds, len(part.rows)))) for _ in range(2)]
            for part in own
        ]
        for name, own in parts.items()
    }
    models = len(bench.models)
    for number, predicted in enumerate(trials.predictions(bench, plan)):
        model, seed, side = plan[number].model, plan[number].seed, number // models % 2
        for name, values in predicted.items():
            y = bench.scored[name][1]
            for part, sides in zip(parts[name], scores[name], strict=True):
                if model in part.models:
                    one = _score(part, y, values, bench.classes)
                    sides[side].values[seed] += one.value / len(part.models)
                    sides[side].influence[seed] += one.influence / len(part.models)
    return {
        name: [
            Sides(part, sides[0], sides[1], apart)
            for part, sides in zip(parts[name], own, strict=True)
        ]
        for name, own in scores.items()
    }


def _score(part: Part, y: np.ndarray, predicted: np.ndarray, classes: list[str]) -> scoring.Score:
    if len(part.rows) < FEWEST:
        return scoring.Score(np.nan, np.zeros(len(part.rows)))
    return scoring.score(part.metric, y[part.rows], predicted[part.rows], classes)


def _findings(name: str, found: list[Sides], asked: list[str], notes: list[str]) -> Findings:
    whole = {one.part.metric: one for one in found if one.part.kind == "all"}
    first = found[0]
    of_class = [one for one in found if one.part.kind == "class" and one.part.said == "recall"]
    measured = {
        "tax": _loss("tax", [first]),
        "tax_share": _share(first),
        "tax_probabilities": _loss("tax_probabilities", [whole.get(PROBABILITIES, first)]),
        "tax_worst_class": _loss("tax_worst_class", of_class),
        "tax_worst_slice": _loss(
            "tax_worst_slice", [one for one in found if one.part.kind == "slice"]
        ),
    }
    few = [
        f"{name} has {one.part.size} rows of {one.part.kind} {one.part.name!r}: too few to tell "
        "what is lost there"
        for one in found
        if one.part.size < FEWEST and one.part.said in ("recall", first.part.said)
    ]
    tables = {"classes": _table(name, found)}
    return Findings([measured[key] for key in asked], tables, [*notes, *few])


def _loss(name: str, found: list[Sides]) -> Measure:
    """Return by how much TSTR is below TRTR, where that is most."""
    told = [one for one in found if one.told]
    if not told:
        return untold("utility", name, "no part has rows enough, of every class that it needs")
    losses = [one.lost for one in told]
    worst = told[int(np.argmax([loss.value for loss in losses]))]
    excess = runs.greatest(losses) if len(found) > 1 else losses[0]
    part = worst.part
    note = "" if part.kind == "all" else f"{part.said} of {part.kind} {part.name!r}"
    return Measure("utility", name, worst.made.mean, worst.real.mean, excess, note)


def _share(found: Sides) -> Measure:
    ratio = found.ratio if found.told else None
    if ratio is None or np.isnan(ratio.value):
        return untold(
            "utility", "tax_share", "the metric of real rows is not shown to differ from 0"
        )
    turned = -1 if found.real.mean < 0 else 1  # of an error less is better, though its sign is not
    value, *ends = (turned * (1 - one) for one in ratio[:3])
    lost = Estimate(value, min(ends), max(ends), ratio.se, ratio.method)
    return Measure("utility", "tax_share", ratio.value, 1.0, lost)


def _table(name: str, found: Sequence[Sides]) -> pd.DataFrame:
    """Return a line per part.

    Columns of metrics/classes.csv:

    - `split`, `batch`: tune or holdout, and of which batch
    - `kind`, `name`: all; or a model, class or slice, and which
    - `metric`: what it is scored by
    - `tstr`, `trtr`: the score after training on synthetic rows, and on real ones
    - `difference`, `lower`, `upper`: TRTR less TSTR, and its interval
    - `ratio`, `ratio_lower`, `ratio_upper`: TSTR / TRTR, and its interval
    - `rows`: that are scored
    """
    lines = []
    for one in found:
        part, lost, share = one.part, _UNTOLD, _UNTOLD
        if one.told:
            lost, share = one.lost, one.ratio
        line = [name, part.kind, part.name, part.said, one.made.mean, one.real.mean]
        lines.append([*line, *lost[:3], *share[:3], part.size])
    return pd.DataFrame(lines, columns=_COLUMNS)


_UNTOLD = Estimate(np.nan, np.nan, np.nan, np.nan, "")
_COLUMNS = [
    *("split", "kind", "name", "metric", "tstr", "trtr", "difference", "lower", "upper"),
    *("ratio", "ratio_lower", "ratio_upper", "rows"),
]


def _families(models: Learners) -> Iterator[str]:
    families = {learner.kind for learner in models.values()}
    if len(families) == 1:
        yield f"one model family only ({families.pop()}): the verdict on utility is that family's"


def _lacking(bench: Bench, about: np.ndarray, schema: Schema) -> Iterator[str]:
    if bench.classes:
        real, made = bench.y[: len(about)][about], bench.y[len(about) :]
        shown = schema.shown(schema.target, bench.classes, bench.classes)
        for number in np.setdiff1d(real, made):
            yield f"the batch has no row of class {shown[number]!r}, and train has some"


def _sampled(
    learned: int, drawn: list[pd.DataFrame], scored: Mapping[str, pd.DataFrame]
) -> Iterator[str]:
    if learned > LEARNED:
        yield f"models learn from a random {LEARNED:,} rows of each side"
    if max(map(len, drawn)) > DRAWN:
        yield f"rows are drawn from a random {DRAWN:,} of train and of the batch"
    for name, frame in scored.items():
        if len(frame) > SCORED:
            yield f"models are scored on a random {SCORED:,} rows of {name}"
