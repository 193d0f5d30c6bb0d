"""A project as its record has it, written by hand: what `check` reads, and nothing of it run."""

import json
from hashlib import md5, sha256

import numpy as np
import pandas as pd
import yaml
from conftest import Project

from stages.lineage import asked, contents, parameters, repository, snapshot

HELD = {"cache": False}

PIPELINE = {
    "brief": {
        "cmd": "brief",
        "params": ["brief"],
        "metrics": [{"metrics/brief.json": HELD}],
    },
    "ingest": {
        "cmd": "ingest",
        "deps": ["${data.path}", "data/schema.yaml"],
        "params": ["data.path"],
        "outs": ["data/real.parquet"],
        "metrics": [{"metrics/ingest.json": HELD}],
    },
    "fit": {
        "foreach": "${generators}",
        "do": {
            "cmd": "fit ${key}",
            "deps": ["data/real.parquet", "stages/fit.py"],
            "params": ["generators.${key}"],
            "outs": ["models/${key}.pkl"],
            "metrics": [{"metrics/fit/${key}.json": HELD}],
        },
    },
    "generate": {
        "matrix": {"generator": "${generators}", "slice": "${slices}"},
        "cmd": "generate ${key}",
        "deps": ["models/${item.generator}.pkl"],
        "outs": ["data/synthetic/${key}.parquet"],
        "metrics": [{"metrics/provenance/${key}.json": HELD}],
    },
    "admit": {
        "cmd": "admit",
        "deps": ["data/synthetic"],
        "metrics": [{"metrics/admit.json": HELD}],
    },
    "sweep": {
        "cmd": "sweep",
        "deps": ["data/synthetic"],
        "params": ["brief.threshold"],
        "metrics": [{"metrics/sweep.json": HELD}],
    },
    "blend": {
        "cmd": "blend",
        "deps": ["metrics/sweep.json"],
        "params": ["blend"],
        "metrics": [{"metrics/blend.json": HELD}],
    },
    "monitor": {
        "cmd": "monitor",
        "deps": ["${monitor.incoming}"],
        "metrics": [{"metrics/drift.json": HELD}],
    },
}

PARAMS = {
    "data": {"path": "data/table.csv"},
    "brief": {
        "gap": "there are few",
        "why_not_real": "there are no more",
        "metric": "roc_auc",
        "threshold": 0.9,
        "priority": "utility",
        "decision": {
            "real_data_inaccessible": True,
            "labelling_is_bottleneck": False,
            "only_rare_class_missing": False,
            "slightly_underfit_on_abundant_data": False,
            "none_of_these": False,
        },
        "proceed_because": None,
    },
    "freeze": {"locked": {"sha256": 64 * "5", "who": "Ada", "why": "it stands for next year"}},
    "preview": {"rows": 50, "require_approval": False},
    "generators": {"naive": {"family": "naive_bayes"}, "copula": {"family": "sdv"}},
    "slices": {"all": {"rows": 5}, "rare": {"rows": 5}},
    "blend": {"ratio": "auto"},
    "monitor": {"incoming": "data/incoming"},
    "triggers": {"growth": 0.2, "floor": None},
}

SCHEMA = {
    "columns": {
        "age": {"kind": "integer", "max": 90},
        "town": {"kind": "category", "sensitive": True},
        "bought": {"kind": "category", "role": "target"},
    }
}

NUMPY, PANDAS = np.__version__, pd.__version__
VERSIONS = {"naive": {"numpy": NUMPY}, "copula": {"numpy": NUMPY, "pandas": PANDAS}}
ROW = "40,Ruritania,yes\n"
ADMITTED = {
    "admitted": ["naive-all"],
    "passed": ["copula-all"],
    "quarantined": ["naive-rare", "copula-rare"],
    "excluded": [],
}


def write(project, path, content):
    """Write a file of the project; what is no text becomes JSON or YAML."""
    file = project.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, str):
        as_json = path.endswith(".json")
        content = json.dumps(content) if as_json else yaml.safe_dump(content, sort_keys=False)
    file.write_text(content)


def approve(project, name, page):
    """Let somebody approve a page as it is now."""
    digest = sha256((project.folder / page).read_bytes()).hexdigest()
    review = {"who": "Ada", "note": "as it should be", "sha256": digest}
    write(project, f"reviews/{name}.yaml", review)


def record(project):
    """Write dvc.lock, as if every stage had just run."""
    repo = repository.find(project.folder)
    at = snapshot.workspace(repo)
    wanted = asked.stages(at)
    paths = {path for one in wanted.values() for path in (*one.deps, *one.outs)}
    made = {path: md5(path.encode()).hexdigest() for one in wanted.values() for path in one.outs}
    known = {**made, **contents.files(at, repo, paths)}

    def listed(paths):
        return [{"path": path, "md5": contents.of(path, known)} for path in paths]

    def values(keys):
        return {key: parameters.at(at.params, key) for key in keys}

    stages = {
        name: {
            "cmd": one.command,
            "deps": listed(one.deps),
            "params": {"params.yaml": values(one.params)},
            "outs": listed(one.outs),
        }
        for name, one in wanted.items()
    }
    write(project, "dvc.lock", {"stages": stages})


def project(folder):
    """Return a project in which all holds and nothing asks for a new run; no data but the table."""
    project = Project(folder)
    write(project, ".gitignore", "/data/*\n!/data/schema.yaml\n")
    write(project, "dvc.yaml", {"stages": PIPELINE})
    write(project, "params.yaml", PARAMS)
    write(project, "stages/fit.py", "1\n")
    write(project, "data/table.csv", "age,town,bought\n" + 10 * ROW)
    write(project, "data/schema.yaml", SCHEMA)
    write(project, "data/incoming/.gitignore", "*\n")
    write(project, "metrics/brief.json", PARAMS["brief"])
    write(project, "metrics/ingest.json", {"rows_read": 10, "rows_generated": 0})
    for name, versions in VERSIONS.items():
        write(project, f"metrics/fit/{name}.json", {"versions": versions, "privacy": None})
        for part in PARAMS["slices"]:
            write(project, f"metrics/provenance/{name}-{part}.json", {"versions": versions})
    write(project, "metrics/freeze.json", {"slices": {"holdout": {"sha256": 64 * "5"}}})
    write(project, "metrics/admit.json", ADMITTED)
    write(project, "metrics/sweep.json", {})
    write(project, "metrics/blend.json", {"metric": "roc_auc", "lower": 0.876, "score": 0.88})
    write(project, "metrics/drift.json", {"arrived": False, "rows": 0, "files": 0})
    write(project, ".dvc/.gitignore", "/tmp\n/cache\n")
    write(project, ".dvc/config", "")
    approve(project, "schema", "data/schema.yaml")
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    record(project)
    project.commit()
    return project
