"""Every family: the same bytes of a batch in two processes, with one worker and with two."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.lib import models
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.tables.schema import Column, Schema

ROOT = Path(__file__).resolve().parents[1]
DEEP = {"family": "sdv", "options": {"epochs": 2, "batch_size": 60, "verbose": False}}
MEMBERS = {
    "naive_bayes": {},
    "cart": {},
    "oversample": {},
    "jitter": {},
    "smote": {},
    "rules": {"file": "rules/people.py"},
    "file": {"path": "external/people.csv", "made_by": "a tool", "learned_from": "nobody knows"},
    "dp_naive_bayes": {"epsilon": 2.0, "delta": 1e-5},
    "dp_tree": {"epsilon": 2.0, "delta": 1e-5},
    "gaussian_copula": {"family": "sdv", "kind": "gaussian_copula"},
    "ctgan": {**DEEP, "kind": "ctgan"},
    "tvae": {**DEEP, "kind": "tvae"},
    "copula_gan": {**DEEP, "kind": "copula_gan"},
}
SCHEMA = Schema(
    columns={
        "age": Column(kind="integer", min=18, max=90),
        "pay": Column(kind="number", min=0, max=20),
        "town": Column(kind="category", categories=("north", "south")),
        "rich": Column(kind="category", categories=("no", "yes"), role="target", missing=False),
    }
)
RULES = """
import pandas as pd


def generate(n, rng):
    age = rng.integers(18, 90, n)
    return pd.DataFrame({
        "age": age, "pay": rng.uniform(0, 20, n), "town": rng.choice(["north", "south"], n),
        "rich": ["yes" if a > 60 else "no" for a in age],
    })
"""
MAKE = """
import json, sys
import pandas as pd
from stages.lib.base import numerics
from stages.lib import models, production
from stages.lib.tables import rows, table
from stages.lib.production import Generate, Tally

if __name__ == "__main__":
    production.CHUNK = 150
    asked = Generate(seed=1, budget=20, least_yield=0.0)
    told = {}
    for name in sys.argv[1:]:
        parts = production.make(
            models.load(f"{name}.pkl"), 500, where=None, verifiers={}, unique=False, seed=7,
            asked=asked, tally=Tally(),
        )
        made = table.stack(list(parts))
        told[name] = [len(made), rows.digest(made)]
    print(json.dumps(told))
"""


def made(folder, workers):
    """Return the length and the hash of every member's rows, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "make.py", *MEMBERS],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": str(workers),
            "LOKY_MAX_CPU_COUNT": str(workers),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_same_bytes_in_two_processes_and_with_any_workers(tmp_path, monkeypatch):
    """Chunks have seeds of their own, so who makes them does not show, whatever the family."""
    assert {options.get("family", name) for name, options in MEMBERS.items()} == set(
        registry.FAMILIES
    )
    rng = np.random.default_rng(0)
    age = rng.integers(18, 91, 300).astype(float)
    train = pd.DataFrame(
        {
            "age": age,
            "pay": (age / 10 + rng.uniform(0, 10, 300)).round(2),
            "town": pd.Categorical(rng.choice(["north", "south"], 300)),
            "rich": pd.Categorical(np.where(age + rng.normal(0, 10, 300) > 60, "yes", "no")),
        }
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/people.py").write_text(RULES)
    (tmp_path / "external").mkdir()
    train.loc[rng.integers(0, 300, 600)].to_csv(tmp_path / "external/people.csv", index=False)
    (tmp_path / "make.py").write_text(MAKE)
    recorded = []
    for name, options in MEMBERS.items():
        spec = Spec(**{"family": name, **options})
        models.save(registry.make(name, spec).fit(train, SCHEMA, seed=1), f"{name}.pkl")
        recorded.append({"path": f"{name}.pkl", "md5": _md5(tmp_path / f"{name}.pkl")})
    (tmp_path / "dvc.lock").write_text(json.dumps({"stages": {"fit": {"outs": recorded}}}))
    one, two = made(tmp_path, 1), made(tmp_path, 2)
    assert one == two
    assert {length for length, _ in one.values()} == {500}
    assert len({digest for _, digest in one.values()}) == len(MEMBERS)


def _md5(path):
    """Return the hash that dvc.lock would record."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
