"""Model files: the same bytes for the same fit, and loaded only if dvc.lock knows them."""

import hashlib
import io
import json
import pickle
import random
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .base import files, notation
from .base.errors import ModelError

LOCK = "dvc.lock"

_CODELESS = ("numpy", "sklearn")  # packages whose types a skops file may name


def save(model: Any, path: str | Path) -> None:
    """Pickle a generator canonically."""
    stream = io.BytesIO()
    _CanonicalPickler(stream, protocol=4).dump(model)
    with files.replacing(path) as temporary:
        temporary.write_bytes(stream.getvalue())


def load(path: str | Path, lock: str | Path = LOCK) -> Any:
    """Load a pickled generator whose MD5 dvc.lock records as an output of a stage.

    A pickle is code: one that came from elsewhere is not loaded. Raises ModelError.
    """
    content = _content(path)
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found not in _recorded(str(path), lock):
        raise ModelError(
            f"{path} is not the file that {lock} records, and loading it would run code in it; "
            f"bring it back with `dvc checkout {path}` or make it again with `dvc repro`"
        )
    return pickle.loads(content)


def save_skops(estimator: Any, path: str | Path) -> None:
    """Write a scikit-learn estimator in the skops format, which carries no code.

    skops numbers objects by their address and stamps files with the time: both are replaced.
    """
    with zipfile.ZipFile(io.BytesIO(_skops().dumps(estimator))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(contents.pop("schema.json"))
    numbers: dict[int, int] = {}
    renamed: dict[str, str] = {}
    _renumber(schema, numbers, renamed)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in renamed:
            archive.writestr(zipfile.ZipInfo(renamed[name]), contents[name])
        archive.writestr(zipfile.ZipInfo("schema.json"), json.dumps(schema, indent=2))
    with files.replacing(path) as temporary:
        temporary.write_bytes(stream.getvalue())


def load_skops(path: str | Path) -> Any:
    """Load a scikit-learn estimator from a file that names no type but its and NumPy's.

    The skops format carries no code, but the names of types to build. Raises ModelError.
    """
    content = _content(path)
    try:
        named = _skops().get_untrusted_types(data=content)
        strange = [
            name
            for name in named
            if name.partition(".")[0] not in _CODELESS and name != "functools.partial"
        ]
        if not strange:
            return _skops().loads(content, trusted=named)
    except Exception as error:  # what is no archive fails in many ways
        raise ModelError(
            f"{path} cannot be read as skops: {error}; bring it back with `dvc checkout {path}`"
        ) from None
    raise ModelError(
        f"{path} names {', '.join(sorted(strange))}, which no model of this pipeline has; bring it "
        f"back with `dvc checkout {path}`"
    )


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path} is not there; run `dvc repro` to make it") from None


def _recorded(path: str, lock: str | Path) -> set[str]:
    try:
        stages = notation.read(lock)["stages"]
    except FileNotFoundError:
        return set()
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"{lock} is damaged ({error}); bring it back with `git checkout {lock}`, or, where two "
            "branches were merged, take one side and run `dvc repro`"
        ) from None
    outs = [out for stage in stages.values() for out in stage.get("outs", ())]
    return {out["md5"] for out in outs if out["path"] == path}


def _skops() -> Any:
    """Import skops.io without torch.

    skops looks through every module of scikit-learn, and one of them imports torch where it is
    installed: 1.5 s and 200 MB for nothing.
    """
    absent = "torch" not in sys.modules
    if absent:
        sys.modules["torch"] = None  # type: ignore[assignment]  # makes its import fail
    try:
        return import_module("skops.io")
    finally:
        if absent:
            del sys.modules["torch"]


def _renumber(node: Any, numbers: dict[int, int], renamed: dict[str, str]) -> None:
    """Replace ids by their order of appearance, and files named by an id by its number."""
    if isinstance(node, dict):
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers))
        if isinstance(node.get("file"), str):
            suffix = Path(node["file"]).suffix
            node["file"] = renamed.setdefault(node["file"], f"{len(renamed)}{suffix}")
        for value in node.values():
            _renumber(value, numbers, renamed)
    elif isinstance(node, list):
        for value in node:
            _renumber(value, numbers, renamed)


_Pickler: Any = pickle._Pickler  # the twin of pickle.Pickler that is written in Python


class _CanonicalPickler(_Pickler):
    """Pickles equal states to equal bytes.

    Sets go in sorted order, equal strings are one string, tensors go as arrays, and random states
    are reset: every sampling seeds its own. Of the two picklers only the one in Python can be
    told so.
    """

    dispatch = dict(_Pickler.dispatch)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._strings: dict[str, str] = {}

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Save an object; a string as the first equal one."""
        if type(obj) is str:
            obj = self._strings.setdefault(obj, obj)
        super().save(obj, save_persistent_id)

    def save_sorted(self, obj: Any) -> None:
        """Save a set as the sorted list that rebuilds it."""
        self.save_reduce(type(obj), (sorted(obj, key=repr),))
        self.memoize(obj)

    dispatch[set] = save_sorted
    dispatch[frozenset] = save_sorted

    def reducer_override(self, obj: Any) -> Any:
        """Reset random states."""
        if isinstance(obj, np.random.RandomState | random.Random):
            return type(obj), (0,)
        if isinstance(obj, np.random.Generator):
            return np.random.default_rng, (0,)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(obj, torch.nn.Parameter):
            return torch.nn.Parameter, (obj.data, obj.requires_grad)
        if torch is not None and isinstance(obj, torch.Tensor):
            return _tensor, (obj.detach().cpu().numpy(),)
        return NotImplemented


def _tensor(values: np.ndarray) -> Any:
    """Return the tensor of `values`; torch's own pickles tell where in memory it was."""
    return import_module("torch").from_numpy(values)
