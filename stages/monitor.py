"""Stage monitor: whether rows that arrived still look like those the generators learned from."""

from pathlib import Path
from typing import Any

from .lib import drift, files, params, schema, table
from .lib.errors import run


def main() -> None:
    """Write metrics/drift.json from whatever lies in the folder of incoming rows."""
    folder = Path(params.load("monitor.incoming", str))
    declared = schema.load("data/schema.yaml")
    train = files.read_parquet("data/train.parquet")
    arrived = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    told: dict[str, Any] = {"arrived": False, "rows": 0, "files": 0, "drift": None, "moved": []}
    if arrived:
        frames = [table.read(path, declared, whole=False) for path in arrived]
        shared = [name for name in declared.modelled if all(name in frame for frame in frames)]
        incoming = table.stack([frame[shared] for frame in frames])
        moved = drift.columns(train, incoming, declared)
        told = {
            "arrived": True,
            "rows": len(incoming),
            "files": len(arrived),
            "drift": bool(moved["moved"].any()),
            "moved": moved.loc[moved["moved"], "column"].tolist(),
            "p_values": dict(zip(moved["column"], moved["p_value"], strict=True)),
        }
    files.write_json(told, "metrics/drift.json")
    if not arrived:
        print(f"nothing has arrived in {folder}")
    else:
        print(f"{told['rows']:,} rows arrived; columns that moved: {told['moved'] or 'none'}")


if __name__ == "__main__":
    run(main)
