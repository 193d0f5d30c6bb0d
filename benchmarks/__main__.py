"""All benchmarks, into one page: `python -m benchmarks`, or `make bench`.

Named parts are measured anew, all by default, and results.json and RESULTS.md are written. With
--quick every part runs at its smallest size, what must be equal is compared, and the page is
printed instead.
"""

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from stages.lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from stages.lib.base import files

from .cost import machine

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results.json", HERE / "RESULTS.md"
PARTS = ("workflow", "generation", "validation", "sweep", "pipeline", "growth")


def main() -> None:
    """Measure the parts named on the command line, and write or print the page."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is written")
    arguments = parser.parse_args()
    for name in arguments.parts:
        if name not in PARTS:
            parser.error(f"{name!r} is unknown; choices: {', '.join(PARTS)}")
    keeps = RESULTS.is_file() and not arguments.quick
    found: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if keeps else {}
    for name in arguments.parts or PARTS:
        print(f"{name} …", flush=True)
        figures = import_module(f"benchmarks.{name}").measure(quick=arguments.quick)
        found[name] = {"machine": machine(), **figures}
        if not arguments.quick:
            files.write_json({part: found[part] for part in PARTS if part in found}, RESULTS)
            files.write_text(page(found), PAGE)
    if arguments.quick:
        print(page(found))


def page(found: dict[str, Any]) -> str:
    """Return the Markdown page."""
    known = [name for name in PARTS if name in found]
    sections = [import_module(f"benchmarks.{name}").section(found[name]) for name in known]
    machines = dict.fromkeys(figures["machine"] for figures in found.values())
    return _PAGE.format(
        sections="\n\n".join(one.strip() for one in sections),
        machines="\n".join(f"- {one}" for one in machines),
    )


_PAGE = """\
# What it costs

`make bench` measures everything on this page, `python -m benchmarks PART` a part of it, on a
machine that does nothing else. Seconds are those of the clock, from files to files, imports
included; memory is the greatest sum, over a process and those it started, of proportional set
sizes, in which what two share is counted once. Ratios are of one run.

{sections}

## Measured with

{machines}
"""


if __name__ == "__main__":
    main()
