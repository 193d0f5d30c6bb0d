"""The pipeline as its user meets it: what runs, what is refused, and what comes out."""

import json

import pandas as pd
import pytest
from conftest import Project, customers

DOWNSTREAM = ["sweep", "blend", "handoff"]
DECLARED = "kind: number\n    min: 0\n    max: 100"


def locked(project: Project) -> str:
    """Lock the holdout as it is, run, and return its hash."""
    frozen = json.loads((project.folder / "metrics/freeze.json").read_text())
    sha256 = frozen["slices"]["holdout"]["sha256"]
    project.set("freeze.locked", {"sha256": sha256, "who": "Ada", "why": "the trial of May"})
    project.repro("freeze")
    project.commit("lock the holdout")
    return sha256


def verdict(project: Project) -> str:
    """Return the verdict that HANDOFF.md opens with."""
    lines = (project.folder / "HANDOFF.md").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("**Verdict.** "))


def test_a_second_run_runs_nothing(project: Project) -> None:
    """After a full run everything is up to date, and git has nothing to say."""
    assert project.repro() == []
    assert project.run("git", "status", "--porcelain") == ""


def test_outputs_are_there(project: Project) -> None:
    """A full run leaves a verdict, a report, a picture, a model and labelled rows."""
    assert len(verdict(project)) > 40
    assert (project.folder / "report.html").read_text().startswith("<!doctype html>")
    assert (project.folder / "metrics/sweep.svg").read_text().startswith("<svg")
    blend = pd.read_parquet(project.folder / "data/blend.parquet")
    assert set(blend["_origin"]) <= {"real", "synthetic"}
    assert (blend["_batch"].isna() == (blend["_origin"] == "real")).all()


def test_final_model_predicts_from_a_table(project: Project) -> None:
    """The shipped model takes a table of features, without code of this project."""
    from skops.io import get_untrusted_types, load

    path = project.folder / "models/final.skops"
    untrusted = get_untrusted_types(file=path)
    assert not [name for name in untrusted if not name.startswith(("sklearn.", "numpy."))]
    model = load(path, trusted=untrusted)
    features = customers(5)[["age", "hours", "town", "origin"]]
    assert model.predict(features).shape == (5,)


def test_a_comment_in_privacy_makes_only_validate_stale(project: Project) -> None:
    """An edit to one library file re-runs the stages that import it and nothing before them."""
    project.edit("stages/lib/quality/privacy/membership.py", lambda text: text + "\n# a comment\n")
    assert project.stale() == ["validate"]
    assert project.repro() == ["validate"]


def test_an_edit_to_one_generator_refits_it_alone(project: Project) -> None:
    """The fit of a generator depends on its own file, not on the others'."""
    project.edit("stages/lib/generators/cart.py", lambda text: text + "\n# a comment\n")
    told = project.run("dvc", "status")
    assert "fit@cart:" in told
    assert "fit@naive_bayes:" not in told


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("sweep.ratios", [0, 0.5], DOWNSTREAM),
        ("blend.ratio", 0.25, ["blend", "monitor", "handoff"]),
        ("brief.gap", "another gap", ["brief", "handoff"]),
        ("gates.privacy.copies", 0.5, ["validate", "admit", "handoff"]),
    ],
)
def test_a_parameter_reruns_what_reads_it(
    project: Project, key: str, value: object, expected: list[str]
) -> None:
    """One parameter re-runs the stages that read it, and what changes because of them."""
    project.set(key, value)
    assert project.repro() == expected


def test_another_row_in_the_pool_refits_nothing_under_a_lock(project: Project) -> None:
    """A table that grows keeps the locked holdout, row for row."""
    sha256 = locked(project)
    grown = pd.concat([customers(), customers(50, seed=9)])
    grown.to_csv(project.folder / "data/customers.csv", index=False)
    assert project.repro("baseline") == ["ingest", "freeze", "baseline"]
    frozen = json.loads((project.folder / "metrics/freeze.json").read_text())
    assert frozen["slices"]["holdout"]["sha256"] == sha256


def test_one_value_of_a_locked_row_is_refused(project: Project) -> None:
    """A locked row that changed in the table stops the run, naming the lock."""
    locked(project)
    held = pd.read_parquet(project.folder / "data/holdout.parquet")
    table = customers()
    table.loc[table["id"] == str(held["id"].iloc[0]), "age"] += 1
    table.to_csv(project.folder / "data/customers.csv", index=False)
    told = project.run("dvc", "repro", check=False)
    assert "1 of the 250 locked rows are no longer in the real table" in told
    assert "dvc-synth lock --release --why" in told
    assert "Traceback" not in told


def test_another_carve_is_refused_under_a_lock(project: Project) -> None:
    """In a clone without the holdout, another seed would carve another one: it is refused."""
    locked(project)
    (project.folder / "data/holdout.parquet").unlink()
    project.set("freeze.seed", 6)
    told = project.run("dvc", "repro", check=False)
    assert "the holdout is locked and this is another one" in told
    assert "locked by Ada (the trial of May)" in told
    assert not (project.folder / "data/holdout.parquet").exists()


def test_an_edited_holdout_file_is_refused(project: Project) -> None:
    """A holdout file that somebody edited stops the run, naming the lock."""
    locked(project)
    path = project.folder / "data/holdout.parquet"
    held = pd.read_parquet(path)
    held.loc[0, "age"] += 1
    path.unlink()  # it may be a link into DVC's cache
    held.to_parquet(path)
    told = project.run("dvc", "repro", check=False)
    assert "the holdout is locked and this is another one" in told


def test_workers_do_not_change_a_byte(project: Project) -> None:
    """Two workers write the same outputs, to the byte, as one process did."""
    lock = (project.folder / "dvc.lock").read_bytes()
    for stage in ("baseline", "validate@cart-everything", "sweep", "blend"):
        command = ("dvc", "repro", "--force", "--single-item", stage)
        project.run(*command, LOKY_MAX_CPU_COUNT="2", PYTHONHASHSEED="7")
    assert (project.folder / "dvc.lock").read_bytes() == lock
    assert project.run("git", "status", "--porcelain") == ""


def test_nothing_admitted_is_a_result(project: Project) -> None:
    """Where every batch is quarantined the run ends, and says to train on real data."""
    project.set("gates.fidelity.associations", 0.0)
    project.set("gates.fidelity.marginals", 0.0)
    project.set("gates.fidelity.inconclusive", "fail")
    project.repro()
    assert json.loads((project.folder / "metrics/admit.json").read_text())["admitted"] == []
    assert "nothing admitted: train on real data" in verdict(project).lower()
    blend = json.loads((project.folder / "metrics/blend.json").read_text())
    assert (blend["ratio"], blend["rows_synthetic"]) == (0.0, 0)


def test_a_generator_taken_out_leaves_nothing_behind(project: Project) -> None:
    """What a removed generator wrote does not stay among the metrics and batches."""
    project.set("generators", {"cart": {"family": "cart", "seed": 1}})
    project.repro()
    left = [path.name for path in project.folder.glob("metrics/*/*") if "naive" in path.name]
    left += [path.name for path in project.folder.glob("data/*/*") if "naive" in path.name]
    assert left == []
    assert project.repro() == []


def test_rows_that_arrive_are_compared(project: Project) -> None:
    """A file in data/incoming is read with the same schema, and a moved column is named."""
    arrived = customers(400, seed=3).assign(age=lambda table: (table["age"] // 2).clip(lower=18))
    arrived.to_csv(project.folder / "data/incoming/may.csv", index=False)
    assert project.repro() == ["monitor", "handoff"]
    drift = json.loads((project.folder / "metrics/drift.json").read_text())
    assert drift["drift"] is True
    assert "age" in drift["moved"]
    assert "town" not in drift["moved"]


FAKE = """
from dataclasses import dataclass
from typing import Any

from ..tables import condition


@dataclass
class Fake:
    shift: int = 0
    real: Any = None

    def fit(self, train, schema, *, seed):
        self.real = train[schema.modelled]
        return self

    def sample(self, n, *, where=None, seed):
        made = self.real.sample(n, replace=True, random_state=seed + self.shift)
        return condition.keep(made.reset_index(drop=True), where)
"""


def test_a_family_is_one_file_and_one_line(project: Project) -> None:
    """A new family runs as an experiment, with its parameters, once it is written and named."""
    families = project.folder / "stages/lib/generators"
    (families / "fake.py").write_text(FAKE)
    project.edit(
        "stages/lib/generators/registry.py",
        lambda text: text.replace("FAMILIES = {", 'FAMILIES = {\n    "fake": Family("Fake"),'),
    )
    project.commit("a family")
    project.run("dvc", "exp", "run", "-S", "+generators.mine={family: fake, shift: 3}", "generate")
    record = json.loads((project.folder / "metrics/provenance/mine-everything.json").read_text())
    assert record["generator"]["parameters"] == {"shift": 3}


def test_a_slice_holds_only_what_it_asks_for(project: Project) -> None:
    """A batch of a slice meets its condition, and is judged against the real rows that do."""
    where = "bought == 'yes' and age > 60"
    late = f'{{purpose: late buyers, rows: 60, where: "{where}"}}'
    project.run("dvc", "exp", "run", "-S", f"+slices.late={late}", "validate@cart-late")
    batch = pd.read_parquet(project.folder / "data/synthetic/cart-late.parquet")
    assert len(batch) == len(batch.query(where)) == 60
    found = json.loads((project.folder / "metrics/validate/cart-late.json").read_text())
    train = pd.read_parquet(project.folder / "data/train.parquet")
    rows = {part["of"]: part["rows"] for part in found["rows"]}
    assert rows["train"] == len(train.query(where))


def test_a_failed_preview_stops_its_batch(project: Project) -> None:
    """A generator that makes one row over and over is stopped by its preview, with the reasons."""
    (project.folder / "rules/one.py").write_text(
        "import pandas as pd\n\ndef generate(n, rng):\n"
        "    row = {'age': 40, 'hours': 8, 'town': 'west', 'origin': 'x', 'bought': 'yes'}\n"
        "    return pd.DataFrame([row] * n)\n"
    )
    project.set("generators.one", {"family": "rules", "file": "rules/one.py"})
    told = project.run("dvc", "repro", check=False)
    assert "the preview of one-everything failed: " in told
    assert "column 'bought' is constant and the real one is not" in told
    assert "299 of 300 rows repeat another" in told
    assert "read data/preview/one-everything.csv" in told
    assert "Traceback" not in told
    assert not (project.folder / "data/synthetic/one-everything.parquet").exists()


def test_an_approval_is_waited_for_and_kept(project: Project) -> None:
    """Where approval is required, each batch waits for it, and its record says who gave it."""
    project.set("preview.require_approval", True)
    told = project.run("dvc", "repro", check=False)
    assert "naive_bayes-everything waits for a person: read data/preview/" in told
    for name in ("naive_bayes-everything", "cart-everything"):
        page = json.loads((project.folder / f"metrics/preview/{name}.json").read_text())
        review = f"who: Ada\nnote: reads well\nsha256: {page['sha256']}\n"
        (project.folder / f"reviews/{name}.yaml").write_text(review)
    assert project.repro("generate") == ["generate"]
    record = json.loads((project.folder / "metrics/provenance/cart-everything.json").read_text())
    assert record["preview"]["approved_by"] == "Ada"


def test_rules_are_a_dependency_of_their_batches(project: Project) -> None:
    """Another line in a rules file makes the rows anew, and fits nothing."""
    written = (
        "import pandas as pd\n\ndef generate(n, rng):\n    age = rng.integers(18, 90, n)\n"
        "    return pd.DataFrame({'age': age, 'hours': rng.gamma(3, 4, n).round(2),\n"
        "        'town': rng.choice(['north', 'south'], n), 'origin': rng.choice(['x', 'y'], n),\n"
        "        'bought': ['yes' if a > LIMIT else 'no' for a in age]})\n"
    )
    rules = project.folder / "rules/people.py"
    rules.write_text(f"LIMIT = 60\n{written}")
    project.set("generators.people", {"family": "rules", "file": "rules/people.py"})
    project.repro("generate")
    record = project.folder / "metrics/provenance/people-everything.json"
    before = json.loads(record.read_text())
    rules.write_text(f"LIMIT = 50\n{written}")
    assert project.repro("generate") == ["preview", "generate"]
    after = json.loads(record.read_text())
    assert after["sha256"] != before["sha256"]
    assert after["code_sha256"]["rules/people.py"] != before["code_sha256"]["rules/people.py"]


def test_a_private_fit_is_paid_for_once(project: Project) -> None:
    """A private batch names ε and its line in the ledger; a further fit needs further budget."""
    private = {"family": "dp_naive_bayes", "epsilon": 2.5, "delta": 1e-5, "discover": ["origin"]}
    project.edit("data/schema.yaml", lambda text: text.replace("kind: number", DECLARED, 1))
    project.edit(
        "data/schema.yaml",
        lambda text: text.replace("role: target", "role: target\n    categories: ['no', 'yes']"),
    )
    project.set("generators", {"private": private})
    project.set("slices.late", {"purpose": "late", "rows": 600, "where": "age > 60"})
    project.set("verify.copies", {"distance": 0})
    project.repro()
    record = json.loads((project.folder / "metrics/provenance/private-everything.json").read_text())
    assert record["privacy"]["epsilon"] == 2.5
    assert (project.folder / "ledger" / record["privacy"]["ledger"]).is_file()
    assert list(record["verifiers"]) == ["schema"]
    assert record["privacy"]["verifiers_left_out"] == ["copies"]  # it would look at the real rows
    for document in ("HANDOFF.md", "report.html"):
        told = (project.folder / document).read_text(encoding="utf-8")
        assert "ε = 2.5" in told
        assert "age > 60" in told.replace("&gt;", ">")
    assert project.repro() == []
    told = project.run("dvc", "repro", "--force", "--single-item", "fit@private", check=False)
    assert "`privacy.epsilon_budget` 3 does not allow the fit of 'private'" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("brief.gap", None, "`brief.gap`: this question is unanswered"),
        ("models.logistic", {"kind": "logistc"}, "`models.logistic.kind` 'logistc' is unknown"),
        ("brief.metric", "roc", "`brief.metric` 'roc' is unknown; did you mean 'roc_auc'?"),
        ("freeze.train", 5000, "asks for tune 150, train 5,000 rows"),
        ("generators.cart", {"family": "cart", "minleaf": 3}, "did you mean 'min_leaf'?"),
        ("slices.x", {"purpose": "p", "rows": 5, "where": "agee > 3"}, "did you mean 'age'?"),
        ("slices.x", {"purpose": "p", "rows": 5, "where": "age >"}, "is not an expression"),
        ("slices.x", {"purpose": "p", "rows": 5, "where": "age > 95"}, "no row of train meets"),
    ],
)
def test_a_wrong_parameter_is_told_in_words(
    project: Project, key: str, value: object, said: str
) -> None:
    """A mistake in params.yaml ends in one message and no traceback."""
    project.set(key, value)
    told = project.run("dvc", "repro", check=False)
    assert said in told
    assert "Traceback" not in told


def test_a_wrong_table_is_told_in_words(project: Project) -> None:
    """Every cell that the schema does not allow is told at once, by column and row number."""
    table = customers().astype({"age": object})
    table.loc[[3, 8], "age"] = "old"
    table.loc[5, "town"] = "nowhere"
    table.to_csv(project.folder / "data/customers.csv", index=False)
    told = project.run("dvc", "repro", "ingest", check=False)
    assert "column 'age': 2 cells are not integer, at least 18, at most 90; rows 4, 9" in told
    assert "Traceback" not in told


def test_metrics_show_reads_well(project: Project) -> None:
    """`dvc metrics show` of the blend has the metric and its interval as named numbers."""
    shown = json.loads(project.run("dvc", "metrics", "show", "--json", "metrics/blend.json"))
    data = shown[""]["data"]["metrics/blend.json"]["data"]
    assert {"ratio", "score", "lower", "upper", "gain", "gain_lower", "gain_upper"} <= data.keys()


def test_metrics_of_a_validation_read_well(project: Project) -> None:
    """DVC shows few named numbers of a validation, and its diff tells those that moved."""
    path = "metrics/validate/cart-everything.json"
    shown = json.loads(project.run("dvc", "metrics", "show", "--json", path))
    data = shown[""]["data"][path]["data"]
    # A rate of 1 % cannot be told among so few rows, and DVC leaves out what is null.
    headlines = ["marginals", "associations", "discriminator", "tax", "copies"]
    assert set(data) == {"batch", "verdict", "failed", "inconclusive", "decided_on", *headlines}
    project.set("generators.cart.min_leaf", 40)
    project.repro("validate@cart-everything")
    told = json.loads(project.run("dvc", "metrics", "diff", "--json", "--targets", path))
    assert set(told[path]) <= set(data)
    assert "discriminator" in told[path]


def test_shadow_models_find_exposed_rows_where_asked(project: Project) -> None:
    """The stage says what they cost, tells the exposure, and keeps each row's risk out of git."""
    project.set("gates.privacy.shadow", {"fits": 16, "targets": 20})
    told = project.run("dvc", "repro", "-s", "validate@cart-everything")
    assert "16 shadow models of about" in told
    found = json.loads((project.folder / "metrics/validate/cart-everything.json").read_text())
    assert "exposure" in [check["name"] for check in found["checks"]]
    risk = pd.read_csv(project.folder / "data/validation/cart-everything/risk.csv")
    assert len(risk) == 20
    assert "risk" not in project.run("git", "status", "--porcelain")
