"""dvc-synth lock: the holdout locked by its hash, or released with a reason."""

import argparse
from pathlib import Path

from ..lineage import repository
from ..lineage.repository import Repository
from ..lineage.terminal import printable

_WHY = "every score is reported on it"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.add_argument("--release", action="store_true", help="take the lock away; needs --why")
    parser.add_argument(
        "--why", metavar="TEXT", help=f"what the holdout stands for (default: {_WHY}), or why its "
        "lock is released, which `dvc-synth review` shows",
    )  # fmt: skip
    parser.add_argument("--who", metavar="NAME", help="who does this (default: git's user.name)")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Write the lock into params.yaml, or take it out; say what that asks for."""
    repo = repository.find(Path.cwd())
    return _release(repo, given) if given.release else _lock(repo, given)


def _lock(repo: Repository, given: argparse.Namespace) -> int:
    from ..lib.base.errors import LockError
    from ..lib.holdout import Lock
    from ..signing import lock, person

    before, held = lock.current(repo), lock.carved(repo)
    if before and before.sha256 != held.sha256:
        raise LockError(
            f"params.yaml: `freeze.locked` holds another holdout, sha256 {before.sha256[:16]}… by "
            f"{printable(before.who)} ({printable(before.why)}); bring that one back, or release "
            "it first: dvc-synth lock --release --why TEXT"
        )
    if before:
        print(f"Locked already, by {printable(before.who)}: {printable(before.why)}.")
        return 0
    at_hand = lock.verify(repo, held)
    who, why = person.named(repo, given.who), person.line(given.why or "") or _WHY
    lock.put(repo, Lock(sha256=held.sha256, who=who, why=why))
    print(f"Locked {held.rows:,} rows of holdout in params.yaml, sha256 {held.sha256[:16]}…")
    if not at_hand:
        print("data/holdout.parquet is not here: the hash is that of metrics/freeze.json.")
    print("Commit params.yaml. `dvc repro` runs freeze and what is scored on the holdout again.")
    return 0


def _release(repo: Repository, given: argparse.Namespace) -> int:
    from ..lib.base.errors import ParamsError
    from ..signing import lock, person

    why = person.line(given.why or "")
    if not why:
        raise ParamsError("a release needs its reason, which reviewers are shown: give --why TEXT")
    before = lock.current(repo)
    if before is None:
        print("Nothing is locked: `freeze.locked` in params.yaml is null.")
        return 0
    lock.release(repo, before, who=person.named(repo, given.who), why=why)
    print(f"Released the holdout with sha256 {before.sha256[:16]}…; params.yaml says who and why.")
    print("Commit that before another one is locked: `dvc-synth review` looks for both in turn.")
    print("Then `dvc repro freeze` carves anew, and `dvc-synth lock` locks what it carved.")
    return 0
