"""Model files: equal bytes for equal fits, and no code that dvc.lock does not know."""

import hashlib
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.lib import models
from stages.lib.base.errors import ModelError
from stages.lib.tables.schema import Schema

ROOT = Path(__file__).resolve().parents[1]
FIT = """
import sys
import numpy as np
import pandas as pd
from stages.lib import models
from stages.lib.generators import registry
from stages.lib.generators.registry import Spec
from stages.lib.tables.schema import Column, Schema

family, path = sys.argv[1:]
options = {"kind": "gaussian_copula"} if family == "sdv" else {}
rng = np.random.default_rng(0)
age = rng.integers(20, 61, 80).astype(float)
train = pd.DataFrame({
    "age": age,
    "pay": np.where(rng.random(80) < 0.2, np.nan, age + rng.standard_normal(80)),
    "job": pd.Categorical(rng.choice(["baker", "cook", "smith"], 80)),
    "rich": pd.Categorical(np.where(rng.random(80) < 0.4, "yes", "no")),
})
schema = Schema(columns={
    "age": Column(kind="integer"),
    "pay": Column(kind="number"),
    "job": Column(kind="category"),
    "rich": Column(kind="category", role="target"),
})
generator = registry.make("mine", Spec(family=family, **options)).fit(train, schema, seed=1)
generator.sample(5, seed=9) if family != "sdv" else None
models.save(generator, path)
generator.sample(20, seed=3).to_parquet(path + ".parquet")
"""


def recorded(folder, path):
    """Write a dvc.lock that records a model file, and return its path."""
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    outs = [{"path": str(path), "hash": "md5", "md5": md5, "size": path.stat().st_size}]
    lock = folder / "dvc.lock"
    lock.write_text(yaml.safe_dump({"schema": "2.0", "stages": {"fit": {"outs": outs}}}))
    return lock


def fitted(folder, family, hash_seed):
    """Fit and save a generator in a process of its own."""
    path = folder / f"{family}-{hash_seed}.pkl"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", FIT, family, str(path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    return path


@pytest.mark.parametrize("family", ["naive_bayes", "cart", "sdv"])
def test_two_processes_write_the_same_bytes(tmp_path, family):
    """Whatever the order of sets in a process, the file is the same, and so are its rows."""
    one, other = (fitted(tmp_path, family, seed) for seed in ("1", "2"))
    assert one.read_bytes() == other.read_bytes()
    before = pd.read_parquet(f"{one}.parquet")
    assert before.equals(pd.read_parquet(f"{other}.parquet"))
    after = models.load(one, recorded(tmp_path, one)).sample(20, seed=3)
    pd.testing.assert_frame_equal(after, before)


class Bomb:
    """An object whose pickle writes a file when it is loaded."""

    def __init__(self, path):
        """Remember where to write."""
        self.path = path

    def __reduce__(self):
        """Say what loading does."""
        return Path.write_text, (self.path, "it ran")


def test_unrecorded_pickle_is_refused_and_does_not_run(tmp_path):
    """A pickle that dvc.lock does not record is not loaded; the same one recorded is."""
    trace, path = tmp_path / "trace", tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"harmless": 1}))
    lock = recorded(tmp_path, path)
    path.write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(ModelError, match="is not the file that .* records, and loading it would"):
        models.load(path, lock)
    assert not trace.exists()
    models.load(path, recorded(tmp_path, path))
    assert trace.read_text() == "it ran"  # so the refusal above is what held it back


def test_record_of_another_path_does_not_count(tmp_path):
    """A file that is recorded elsewhere is not the model recorded here."""
    path, other = tmp_path / "model.pkl", tmp_path / "other.pkl"
    for each in (path, other):
        each.write_bytes(pickle.dumps(1))
    with pytest.raises(ModelError):
        models.load(path, recorded(tmp_path, other))


def test_no_lock_and_no_file(tmp_path):
    """Without a lock nothing is loaded; a file that is not there says how to make it."""
    path = tmp_path / "model.pkl"
    with pytest.raises(ModelError, match="is not there; run `dvc repro`"):
        models.load(path, tmp_path / "dvc.lock")
    path.write_bytes(pickle.dumps(1))
    with pytest.raises(ModelError, match="is not the file that"):
        models.load(path, tmp_path / "dvc.lock")


def test_random_states_are_reset_and_sets_sorted(tmp_path):
    """Two objects that differ in random state or in the order of a set give the same bytes."""
    used, fresh = np.random.default_rng(5), np.random.default_rng(6)
    used.random(3)
    models.save({"rng": used, "old": np.random.RandomState(1), "set": {"b", "a"}}, tmp_path / "1")
    models.save({"rng": fresh, "old": np.random.RandomState(2), "set": {"a", "b"}}, tmp_path / "2")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    found = pickle.loads((tmp_path / "1").read_bytes())
    assert found["set"] == {"a", "b"}
    assert found["rng"].random() == np.random.default_rng(0).random()


def test_failed_save_leaves_nothing_behind(tmp_path):
    """What cannot be pickled writes no file, not even a part of one."""
    with pytest.raises((AttributeError, pickle.PicklingError)):
        models.save(lambda: None, tmp_path / "model.pkl")
    assert list(tmp_path.iterdir()) == []


def estimator():
    """Return a fitted pipeline with categories and missing numbers."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    rng = np.random.default_rng(0)
    x = pd.DataFrame({"job": rng.choice(["baker", "cook"], 80), "pay": rng.standard_normal(80)})
    y = (x["pay"] + (x["job"] == "cook") + rng.standard_normal(80) > 0.5).astype(int)
    columns = ColumnTransformer([("job", OrdinalEncoder(), ["job"])], remainder="passthrough")
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    return make_pipeline(columns, model).fit(x, y), x


def test_skops_twice_the_same_bytes(tmp_path):
    """Two fits at other addresses and other times give one file."""
    keep = [estimator() for _ in range(2)]  # both alive, so that no address is used again
    for place, (model, _) in enumerate(keep):
        models.save_skops(model, tmp_path / str(place))
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes()
    with zipfile.ZipFile(tmp_path / "0") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_skops_file_loads_and_predicts(tmp_path):
    """The renamed and renumbered file is still one that skops reads, to the same predictions."""
    import skops.io

    model, x = estimator()
    models.save_skops(model, tmp_path / "final.skops")
    trusted = skops.io.get_untrusted_types(file=tmp_path / "final.skops")
    loaded = skops.io.load(tmp_path / "final.skops", trusted=trusted)
    assert loaded.predict_proba(x).tolist() == model.predict_proba(x).tolist()


def test_a_file_that_names_other_code_is_not_loaded(tmp_path):
    """A model file may name types of scikit-learn and NumPy alone; nothing else is built."""
    import skops.io

    path = tmp_path / "final.skops"
    with pytest.raises(ModelError, match="is not there"):
        models.load_skops(path)
    path.write_bytes(b"no archive")
    with pytest.raises(ModelError, match="cannot be read"):
        models.load_skops(path)
    skops.io.dump({"model": Schema(columns={})}, path)
    with pytest.raises(ModelError, match="Schema"):
        models.load_skops(path)
