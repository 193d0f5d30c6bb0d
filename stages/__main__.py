"""The command `dvc-synth`: parses, then imports the one module of `commands` that it needs.

Exit codes: 0 all is well; 1 something asks for a person's attention, and is named; 2 the question
could not be answered (wrong arguments, or a file that is not there or cannot be read).
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

VERBS = {
    "review": "what a change does to data, gates and results, for the comment on a pull request",
    "trace": "where a batch, a model, a blend or one of its rows comes from, and what came of it",
    "history": "generation by generation: is synthetic data eating its own tail",
    "check": "whether something asks for a new run; what a scheduled job runs",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; a person's mistake becomes one message."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="dvc-synth", description="Does synthetic data help? Asked with evidence, kept in git."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, told in VERBS.items():
        verb = verbs.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".")
        if name in given[:1]:  # the others' arguments are not needed, nor their imports
            import_module(f".commands.{name}", __package__).declare(verb)
    parsed = parser.parse_args(given)

    from .lib.errors import DvcSynthError

    try:
        return parsed.run(parsed)
    except DvcSynthError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
