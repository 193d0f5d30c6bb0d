"""What a new project gets: files of this repository, which an installed package carries with it."""

from pathlib import Path

from . import sums

_PACKAGE = Path(__file__).resolve().parents[1]
_CARRIED = Path(__file__).resolve().parent / "root"  # where pyproject.toml puts them in a wheel
_ROOT = _CARRIED if _CARRIED.is_dir() else _PACKAGE.parent

# Of stages/, what the command is made of: it stays in the package.
_COMMAND = ("__main__.py", "commands", "lineage", "scaffold", "signing")
_BESIDE = ("dvc.yaml", ".dvc/plots.html")  # what belongs to stages/, and changes with it
_USERS = (  # what a person may add to
    ".dvcignore",
    ".gitattributes",
    "data/incoming/.gitignore",
    "external/README.md",
    "ledger/README.md",
    "reviews/README.md",
    "rules/README.md",
)
_EXAMPLE = (
    "NOTES.md",
    "params.yaml",
    "data/README.md",
    "data/adult.csv.gz",
    "data/schema.yaml",
    "rules/respondents.py",
)


def files() -> dict[str, bytes]:
    """Return what every new project gets, by path; the example's own is left out.

    `.gitignore`, `.gitattributes` and `.dvcignore` are lines to add to files that may be there.
    """
    own = {path: read(path) for path in _USERS}
    # What stands after the empty line, and below the rule, is of this repository and its example.
    own[".gitignore"] = _ignored()
    head, rule, _ = read("NOTES.md").partition(b"\n---\n")
    own["NOTES.md"] = head + rule
    return dict(sorted({**own, **code()}.items()))


def code() -> dict[str, bytes]:
    """Return what `dvc-synth upgrade` brings: the stages, dvc.yaml, charts, and their hashes."""
    plots = sorted(path.name for path in (_ROOT / ".dvc/plots").glob("*.json"))
    found = {path: read(path) for path in (*_BESIDE, *(f".dvc/plots/{name}" for name in plots))}
    found |= {f"stages/{path}": (_PACKAGE / path).read_bytes() for path in _stages()}
    found = dict(sorted(found.items()))
    return {**found, sums.PATH: sums.write(found)}


def example() -> dict[str, bytes]:
    """Return what `init --example` gets besides, or in the place of a file with less in it."""
    ignored = _ignored() + b"!/data/adult.csv.gz\n"  # it is small: git keeps it, as it does here
    return {".gitignore": ignored, **{path: read(path) for path in _EXAMPLE}}


def text(path: str) -> str:
    """Return a file of the repository's root as text, such as params.yaml."""
    return read(path).decode("utf-8")


def read(path: str) -> bytes:
    """Return a file of the repository's root, one of those that a wheel carries."""
    return (_ROOT / path).read_bytes()


def _ignored() -> bytes:
    return read(".gitignore").partition(b"\n\n")[0] + b"\n"


def _stages() -> list[str]:
    """Return the files of the package that stages are run from, in POSIX form."""
    found = (path.relative_to(_PACKAGE) for path in _PACKAGE.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in found
        if path.parts[0] not in _COMMAND
        if "__pycache__" not in path.parts and not path.name.startswith(".")
    )
