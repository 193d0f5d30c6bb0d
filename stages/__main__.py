"""The command `dvc-synth`: parses, then imports the one module of `commands` that it needs."""

import argparse
import io
import os
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

VERBS = {
    "init": "set a project up for a table of your own, or for the example",
    "lock": "lock the holdout by its hash, or release it with a reason",
    "approve": "sign that you have read a batch's preview, or the schema",
    "check": "whether all that must hold does, and whether anything asks for a new run",
    "review": "what a change does to data, gates and results, for the comment on a pull request",
    "trace": "where a batch, a model, a blend or one of its rows comes from, and what came of it",
    "history": "generation by generation: is synthetic data eating its own tail",
    "upgrade": "bring the project's stages to the version that is installed, as a diff to read",
}
SHELLS = ("bash", "zsh", "tcsh")

CODES = (
    "Exit codes: 0 done, or all is well; 1 something asks for a person's attention, and is named; "
    "2 it could not be done or answered (wrong arguments, a file that is not there or cannot be "
    "read, work that would be lost), and the message says what to do."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code; a person's mistake becomes one message."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parsed = _parser(given[:1]).parse_args(given)

    from .lib.base.errors import DvcSynthError
    from .lineage.terminal import printable

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may know fewer letters than a table
    try:
        code = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except DvcSynthError as error:
        told = "\n".join(map(printable, str(error).split("\n")))
        print(f"error: {told}", file=sys.stderr)
    except BrokenPipeError:  # as of `| head`; what is left to print is wanted by nobody
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as shells have it, like the 130 below
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2


def _parser(declared: Collection[str]) -> argparse.ArgumentParser:
    """Return the parser, with the arguments of the verbs in `declared`.

    The others' arguments are not needed, nor their imports.
    """
    parser = argparse.ArgumentParser(
        prog="dvc-synth",
        description="Does synthetic data help? Asked with evidence, kept in git.",
        epilog=CODES,
    )
    parser.add_argument(
        "--print-completion", choices=SHELLS, action=_PrintCompletion,
        help="print what completes verbs and options in a shell, and exit",
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, told in VERBS.items():
        verb = verbs.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".")
        if name in declared:
            import_module(f".commands.{name}", __package__).declare(verb)
    return parser


class _PrintCompletion(argparse.Action):
    """Prints the completion of all verbs, before argparse misses one."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: Any = None
    ) -> None:
        import shtab

        whole = _parser(VERBS)
        verbs: Any = next(one for one in whole._actions if one.dest == "verb")
        for verb in verbs.choices.values():
            for argument in verb._actions:
                if argument.type is Path:
                    argument.complete = shtab.FILE
        print(shtab.complete(whole, shell=values))
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
