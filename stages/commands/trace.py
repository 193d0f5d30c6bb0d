"""dvc-synth trace."""

import argparse


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the verb."""
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print it, and return the exit code."""
    raise NotImplementedError
