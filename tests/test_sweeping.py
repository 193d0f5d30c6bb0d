"""The sweep and the blend as their user meets them: what decides, and what is refused."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import clusters
import numpy as np
import pandas as pd
import pytest
from conftest import Project

PASSED = ("naive_bayes-everything", "cart-everything")
SWEPT = ("curve.csv", "alternatives.csv", "sweep.json")  # what the sweep writes


def told(project: Project, name: str) -> Any:
    """Return the content of a file of metrics/."""
    return json.loads((project.folder / f"metrics/{name}.json").read_text(encoding="utf-8"))


def run_stages(project: Project, *stages: str) -> None:
    """Run stages, each a name and its arguments, in one process: what they import takes long."""
    code = """
import importlib, sys
for stage in sys.argv[1:]:
    sys.argv = stage.split()
    importlib.import_module(f"stages.{sys.argv[0]}").main()
"""
    project.run("python", "-c", code, *stages)


def await_fits(project: Project, process: subprocess.Popen, count: int) -> None:
    """Wait until a sweep has kept so many fits, and has not ended."""
    until = time.monotonic() + 120
    while len(list((project.folder / "data/unfinished").rglob("*.npz"))) < count:
        assert process.poll() is None, "it ended before anything could be killed"
        assert time.monotonic() < until, "nothing was fitted"
        time.sleep(0.005)
    assert process.poll() is None, "it ended before anything could be killed"


def test_the_holdout_never_decides(project: Project) -> None:
    """With the holdout's labels turned round, batch, ratio and model stay what they were."""

    def choices() -> dict[str, Any]:
        admit, sweep, blend = (told(project, name) for name in ("admit", "sweep", "blend"))
        chosen = ("ratio", "model", "best_ratio", "plateau", "shape", "mix_ratio", "per_slice")
        return {
            "admitted": admit["admitted"],
            "baseline": told(project, "baseline")["model"],
            **{key: sweep[key] for key in chosen},
            "regions": sweep["regions"],
            "blend": (blend["ratio"], blend["model"], blend["rows_synthetic"]),
        }

    project.set("sweep.per_slice", True)
    project.set("sweep.regions", "classes")
    run_stages(project, "sweep", "blend")
    before, score = choices(), told(project, "blend")["score"]
    path = project.folder / "data/holdout.parquet"
    held = pd.read_parquet(path)
    turned = held.assign(bought=held["bought"].map({"yes": "no", "no": "yes"}).astype("category"))
    path.unlink()  # it may be a link into DVC's cache
    turned.to_parquet(path, index=False)
    validated = [f"validate {name}" for name in PASSED]
    run_stages(project, "baseline", *validated, "admit", "sweep", "blend")
    assert told(project, "blend")["score"] < score - 0.2
    assert choices() == before


def test_a_killed_sweep_is_taken_up(project: Project) -> None:
    """A run killed twice leaves its finished fits to the next, and the last ends the same.

    First the stage dies alone, of which DVC can tell; then DVC and every worker with it.
    """
    project.set("sweep.seeds", 6)
    project.repro("sweep")
    project.commit("six seeds")
    lock = (project.folder / "dvc.lock").read_bytes()
    unfinished = project.folder / "data/unfinished"
    for everything, count in ((False, 6), (True, 20)):
        process = subprocess.Popen(
            ["dvc", "repro", "--force", "--single-item", "sweep"],
            cwd=project.folder,
            env={**os.environ, "LOKY_MAX_CPU_COUNT": "2"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            await_fits(project, process, count)
            if not everything:
                found = subprocess.run(
                    ["pgrep", "--session", str(process.pid), "--full", "stages.sweep"],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
                process.wait(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        assert len(list(unfinished.rglob("*.npz"))) >= count
    assert project.repro("--force", "--single-item", "sweep") == ["sweep"]
    assert not unfinished.exists() or not list(unfinished.rglob("*.npz"))
    assert (project.folder / "dvc.lock").read_bytes() == lock
    assert project.run("git", "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_changes_no_byte(project: Project, tmp_path: Path) -> None:
    """On a Dask cluster of which a worker is killed, the sweep writes what it does locally."""
    paths = [project.folder / f"metrics/{name}" for name in SWEPT]
    local = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    own = str(project.folder)
    with clusters.cluster(tmp_path) as cluster:
        victim, other = (cluster.worker(own, project.folder) for _ in range(2))
        process = subprocess.Popen(
            [sys.executable, "-m", "stages.sweep"],
            cwd=project.folder,
            env={**os.environ, "COMPUTE_ADDRESS": cluster.address},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await_fits(project, process, 1)
            victim.kill()  # SIGKILL
            assert process.poll() is None
            assert process.wait(timeout=120) == 0
        finally:
            process.kill()
            process.wait()
        assert other.poll() is None
    assert [path.read_bytes() for path in paths] == local


def test_a_ratio_for_each_region_is_written_down(project: Project) -> None:
    """Every row of the blend says which region it is in, and the sweep which ratio that takes."""
    project.set("sweep.per_slice", True)
    project.set("sweep.regions", "density")
    project.repro("blend")
    sweep = told(project, "sweep")
    assert [part["name"] for part in sweep["regions"]] == ["dense", "middle", "sparse"]
    assert sweep["per_slice"] in ("kept", "not shown better")
    curve = pd.read_csv(project.folder / "metrics/curve.csv")
    assert {"all", "dense", "middle", "sparse"} == set(curve["slice"])
    # Where the mix by region is kept, which these few rows do not show, blend makes that one.
    ratios = {"dense": 0.0, "middle": 0.2, "sparse": 0.5}
    kept = [part | {"ratio": ratios[part["name"]]} for part in sweep["regions"]]
    path = project.folder / "metrics/sweep.json"
    path.write_text(json.dumps(sweep | {"per_slice": "kept", "regions": kept}), encoding="utf-8")
    project.run("python", "-m", "stages.blend")
    rows = pd.read_parquet(project.folder / "data/blend.parquet")
    found = rows.groupby(["_region", "_origin"], observed=False).size().unstack()
    assert found["real"].sum() == 120
    assert found["real"].to_dict() == {part["name"]: part["rows_real"] for part in kept}
    # A half of a region's rows are as many as the real ones, and a fifth a quarter of those.
    parts = {"dense": 0, "middle": 0.25, "sparse": 1}
    wanted = {name: round(found["real"][name] * part) for name, part in parts.items()}
    assert found["synthetic"].to_dict() == wanted
    blend = told(project, "blend")
    assert {part["name"]: part["rows_real"] for part in blend["regions"]} == found["real"].to_dict()
    assert {part["name"]: part["rows_synthetic"] for part in blend["regions"]} == wanted
    for part in blend["regions"]:
        assert part["ratio"] == pytest.approx(ratios[part["name"]], abs=0.01)
    assert blend["ratio"] == pytest.approx(sum(wanted.values()) / len(rows), abs=1e-5)
    assert (blend["rows_real"], blend["rows_synthetic"]) == (120, sum(wanted.values()))


def test_balance_raises_the_rare_class(project: Project) -> None:
    """Under the policy balance synthetic rows are of the rare class, up to the shares asked for."""
    project.set("blend.policy", "balance")
    project.set("sweep.shares", [0.48, 0.5])
    project.repro("sweep")
    train = pd.read_parquet(project.folder / "data/train.parquet")["bought"].value_counts()
    curve = pd.read_csv(project.folder / "metrics/curve.csv")
    added = sorted(set(curve["rows_synthetic"]))
    assert added == [0, round(0.48 / 0.52 * train.max()) - train.min(), train.max() - train.min()]
    project.set("blend.ratio", float(curve["ratio"].max()))
    project.repro("blend")
    blend = pd.read_parquet(project.folder / "data/blend.parquet")
    assert blend["bought"].value_counts().nunique() == 1
    made = blend[blend["_origin"] == "synthetic"]
    assert set(made["bought"]) == {train.idxmin()}


def test_another_mix_by_hand(project: Project) -> None:
    """`blend.batches` trains on another batch that passed, and tells what each one earned."""
    if not told(project, "admit")["passed"]:
        pytest.fail("the small example admits one batch and passes another")
    project.set("blend.batches", list(PASSED))
    project.set("blend.ratio", 0.5)
    project.repro("blend")
    blend = told(project, "blend")
    assert set(blend["batches"]) == set(PASSED)
    assert {part["batch"] for part in blend["without"]} == set(PASSED)
    curve = pd.read_csv(project.folder / "metrics/curve.csv")
    assert curve["batch"].iloc[0] == " + ".join(blend["batches"])


def test_an_excluded_batch_is_stood_in_for(project: Project) -> None:
    """A batch named in `admit.exclude` leaves the mix, and the next that passed comes in."""
    assert told(project, "admit")["admitted"] == [PASSED[0]]
    project.set("admit.exclude", [PASSED[0]])
    assert project.repro() == ["admit", "sweep", "blend", "monitor", "handoff"]
    assert told(project, "admit")["excluded"] == [PASSED[0]]
    assert told(project, "blend")["batches"] == [PASSED[1]]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sweep.ratios", [0, 1.2], "`sweep.ratios` 1.2 is not a ratio"),
        ("sweep.ratios", [0, 0.99], "needs 11,880 synthetic rows beside 120 real"),
        ("sweep.models", ["logistik"], "`sweep.models` 'logistik' is unknown; did you mean"),
        ("sweep.per_slice", True, "none of `slices` has a condition"),
        ("sweep.regions", "class", "`sweep.regions`: Input should be 'slices', 'classes' or"),
        ("blend.batches", ["cart-everythin"], "did you mean 'cart-everything'?"),
        ("admit.exclude", ["cart"], "`admit.exclude` 'cart' is no batch"),
        ("blend.ratio", 1, "`blend.ratio` 1 is not a ratio"),
    ],
)
def test_a_wrong_parameter_is_told_in_words(
    project: Project, key: str, value: object, said: str
) -> None:
    """A mistake about ratios, models, regions or batches ends in one message and no traceback."""
    project.set(key, value)
    found = project.run("python", "-m", f"stages.{key.split('.')[0]}", check=False)
    assert said in found
    assert "Traceback" not in found


def test_a_scheduler_that_does_not_answer_is_named(project: Project) -> None:
    """An address where nobody listens ends the sweep in words, and leaves what was there."""
    before = (project.folder / "metrics/sweep.json").read_bytes()
    found = project.run(
        "python", "-m", "stages.sweep", check=False, COMPUTE_ADDRESS="tcp://127.0.0.1:9"
    )
    assert "COMPUTE_ADDRESS=tcp://127.0.0.1:9" in found
    assert "Traceback" not in found
    assert (project.folder / "metrics/sweep.json").read_bytes() == before


def test_one_class_in_train_is_told_in_words(project: Project) -> None:
    """A train slice in which every label is the same stops the run before anything is fitted."""
    path = project.folder / "data/train.parquet"
    train = pd.read_parquet(path)
    path.unlink()
    same = pd.Categorical(np.full(len(train), "no"))
    train.assign(bought=same).to_parquet(path, index=False)
    found = project.run("python", "-m", "stages.baseline", check=False)
    assert "all of one class of 'bought'" in found
    assert "Traceback" not in found


def test_plots_diff_shows_both_curves(project: Project) -> None:
    """`dvc plots diff` of two revisions lays the curves of both into one chart."""
    project.set("sweep.ratios", [0, 0.4])
    project.repro("sweep")
    drawn = project.run("dvc", "plots", "diff", "HEAD", "--json", "--targets", "metrics/curve.csv")
    [plot] = json.loads(drawn)["data"]["metrics/curve.csv"]
    for panel in plot["content"]["vconcat"]:
        assert {point["rev"] for point in panel["data"]["values"]} == {"workspace", "HEAD"}


@pytest.mark.slow
def test_queued_experiments_all_succeed(project: Project) -> None:
    """Three ratios queue, run two at a time, and show a row each with metric and interval."""
    project.run("dvc", "exp", "run", "--queue", "-S", "blend.ratio=0,0.25,0.5")
    project.run("dvc", "queue", "start", "-j", "2")
    for _ in range(240):
        status = project.run("dvc", "queue", "status")
        if "Queued" not in status.split("Worker")[0] and "Running" not in status.split("Worker")[0]:
            break
        time.sleep(1)
    shown = csv.DictReader(io.StringIO(project.run("dvc", "exp", "show", "--csv")))
    done = [row for row in shown if row["Experiment"] and row["State"] != "Failed"]
    assert sorted(float(row["blend.ratio"]) for row in done) == [0.0, 0.25, 0.5]
    named = [f"metrics/blend.json:{name}" for name in ("gain_lower", "gain_upper")]
    assert all(row.get(name) or row.get(name.split(":")[1]) for row in done for name in named)
