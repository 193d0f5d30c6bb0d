"""One entry of the catalogue, and the small project that it spoils."""

import contextlib
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from conftest import PARAMS, ROOT

TABLE = "data/table.csv"
SCHEMA = {
    "columns": {
        "age": {"kind": "integer"},
        "town": {"kind": "category"},
        "bought": {"kind": "category", "role": "target"},
    }
}
ROWS = [f"{20 + place},{'north' if place % 3 else 'south'},{'yes' if place % 2 else 'no'}"
        for place in range(40)]  # fmt: skip
HEADER = "age,town,bought"


class Case(NamedTuple):
    """What is wrong, how to make it, and what must be said or come out."""

    wrong: str
    make: Callable[[Path], None]
    said: tuple[str, ...] = ()  # all of it, in one message with a non-zero exit
    comes: Callable[[Path], None] | None = None  # or a right result, which this looks at
    stage: str = "ingest"
    argument: str = ""  # of the stage, where it takes one


def small(folder: Path) -> None:
    """Write a small project of forty good rows; nothing is wrong with it yet."""
    (folder / "data").mkdir()
    (folder / TABLE).write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    (folder / "data/schema.yaml").write_text(yaml.safe_dump(SCHEMA, sort_keys=False))
    example = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    example |= PARAMS | {"data": {"path": TABLE}}
    example["freeze"] = PARAMS["freeze"] | {"train": 20, "tune": 10, "holdout": 10}
    (folder / "params.yaml").write_text(yaml.safe_dump(example, sort_keys=False))


def table(
    content: str | bytes,
    columns: dict[Any, Any] | None = None,
    *,
    path: str = TABLE,
    read: dict[str, Any] | None = None,
) -> Callable[[Path], None]:
    """Return what writes a raw table, declared by `columns` where they are given."""

    def make(folder: Path) -> None:
        whole = content.encode() if isinstance(content, str) else content
        (folder / path).write_bytes(whole)
        if columns is not None or read is not None:
            told = {"read": read or {}, "columns": columns or SCHEMA["columns"]}
            text = yaml.safe_dump(told, sort_keys=False, allow_unicode=True)
            (folder / "data/schema.yaml").write_text(text, encoding="utf-8")
        if path != TABLE:
            set_params(folder, "data.path", path)

    return make


def lines(*rows: str, header: str = HEADER) -> str:
    """Return a CSV file of the good rows with these above them."""
    return "\n".join([header, *rows, *ROWS]) + "\n"


def set_params(folder: Path, key: str, value: Any) -> None:
    """Set a dotted key of params.yaml."""
    file = folder / "params.yaml"
    params = yaml.safe_load(file.read_text(encoding="utf-8"))
    *parents, last = key.split(".")
    section = params
    for part in parents:
        section = section[part]
    section[last] = value
    file.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def ran(folder: Path, *stages: str) -> None:
    """Run stages of the small project in this process."""
    with contextlib.chdir(folder):
        for stage in stages:
            importlib.import_module(f"stages.{stage}").main()
