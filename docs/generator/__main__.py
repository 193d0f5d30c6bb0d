"""Writes the pages of docs/reference/."""

from pathlib import Path

from . import command, measures, params, records, schema

HERE = Path(__file__).resolve().parents[1] / "reference"
PAGES = {
    "params.md": params.page,
    "schema.md": schema.page,
    "measures.md": measures.page,
    "metrics.md": records.page,
    "command.md": command.page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8", newline="\n")
