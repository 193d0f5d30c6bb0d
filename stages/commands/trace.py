"""dvc-synth trace: where a thing comes from, and what came of it."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..lineage.terminal import printable

_WIDTH = 100  # columns


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument(
        "target", metavar="TARGET",
        help="a batch (cart-everything), a generator (cart, models/cart.pkl), models/final.skops, "
        "blend, or a row of the blend counted from 1 (blend:17)",
    )  # fmt: skip
    parser.add_argument(
        "--rev", metavar="REV", help="the commit to look at (default: the working tree)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print both directions."""
    from ..lineage import repository, snapshot
    from ..lineage.trace import target, tracing

    repo = repository.find(Path.cwd())
    at = snapshot.at(repo, given.rev) if given.rev else snapshot.workspace(repo)
    told = tracing.trace(repo, at, target.parse(given.target, at))
    if given.json:
        print(json.dumps(told, indent=2))
    else:
        print(*_lines(told), sep="\n")
    return 0


def _lines(told: Any, depth: int = 0) -> Iterator[str]:
    """Yield facts, each below what it belongs to; those that git does not say are left out."""
    indent = "  " * depth
    for name, value in told.items():
        start = f"{indent}{printable(name if '/' in name else name.replace('_', ' '))}"
        if name == "code" and isinstance(value, dict):
            yield f"{start}: {len(value)} files and folders, which --json lists with their hashes"
            continue
        if name == "made_in" and value is None:
            yield f"{start}: no commit yet"
        elif isinstance(value, dict):
            below = list(_lines(value, depth + 1))
            short = f"{start}: {', '.join(line.strip().replace(': ', ' ', 1) for line in below)}"
            nested = any(isinstance(one, dict | list) for one in value.values())
            if below and (nested or len(short) > _WIDTH):
                yield from (f"{start}:", *below)
            elif below:
                yield short
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for one in value:
                yield from (f"{start}:", *_lines(one, depth + 1))
        elif isinstance(value, list) and value:
            yield f"{start}: {printable('; '.join(map(str, value)))}"
        elif value is not None and not isinstance(value, list):
            yield f"{start}: {printable(str(value))}"
