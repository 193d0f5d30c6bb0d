"""The page of the command `dvc-synth`, from its parsers."""

import argparse
from importlib import import_module

from stages.__main__ import CODES, VERBS

from . import markdown

_INTRO = """`dvc-synth --help` and `dvc-synth VERB --help` say the same."""


def page() -> str:
    """Return the page."""
    parts = [_INTRO, CODES]
    for name, told in VERBS.items():
        parser = argparse.ArgumentParser(prog=f"dvc-synth {name}", add_help=False)
        import_module(f"stages.commands.{name}").declare(parser)
        rows = [(_said(action), action.help or "") for action in parser._actions]
        parts += [f"## {name}", f"{told[0].upper()}{told[1:]}."]
        parts += [markdown.table(("argument", "meaning"), rows)] if rows else []
    return markdown.page("dvc-synth, verb by verb", *parts)


def _said(action: argparse.Action) -> str:
    """Return an argument as a person types it, an optional one in brackets."""
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if not action.option_strings:
        return f"`[{value}]`" if action.nargs == "?" else f"`{value}`"
    return ", ".join(f"`{name} {value}`".replace(" `", "`") for name in action.option_strings)
