"""The files that a stage imports, found in the source: what its `deps` in dvc.yaml must list."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def of(source: str) -> set[str]:
    """Return `source` and every file of stages/ that it imports, directly or not."""
    found: set[str] = set()
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


def _imported(path: str) -> list[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = Path(path).parents[node.level - 1]
            base = folder / (node.module or "").replace(".", "/")
            named = [base / alias.name for alias in node.names]
            found += [base.with_suffix(".py"), *(name.with_suffix(".py") for name in named)]
    return [str(one) for one in found if (ROOT / one).is_file()]
