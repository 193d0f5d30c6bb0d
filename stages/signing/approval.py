"""A person's approval of what they have read: reviews/<name>.yaml, of those bytes alone."""

import re
from typing import NamedTuple

import yaml
from pydantic import ValidationError

from ..lib import provenance
from ..lib.base import files, params
from ..lib.base.errors import ReviewError, StaleError, listed, nearest
from ..lib.preview import Review
from ..lib.tables import schema
from ..lineage import snapshot
from ..lineage.repository import Repository

FOLDER = "reviews"
SCHEMA = "schema"  # no batch's name: those have a dash
_SCHEMA = "data/schema.yaml"
_NAME = re.compile(r"\w+-\w+")  # what stands in params.yaml may be no name, and lead elsewhere


class Page(NamedTuple):
    """What is read and approved."""

    path: str
    sha256: str  # of its bytes


def page_of(repo: Repository, name: str) -> Page:
    """Return the page that `name` stands for: a batch's preview, or the schema.

    Raises ReviewError where there is no such batch, or its preview failed, StaleError where the
    page is not there, or not what stage preview wrote, and SchemaError where the schema is wrong.
    """
    if name == SCHEMA:
        declared = _digest(repo, _SCHEMA, f"bring it back with `git checkout {_SCHEMA}`")
        schema.load(repo.project / _SCHEMA)
        return Page(_SCHEMA, declared)
    now = snapshot.workspace(repo)
    if name not in now.batches or not _NAME.fullmatch(name):
        raise ReviewError(f"{name!r} is no batch; {nearest(name, [*now.batches, SCHEMA])}")
    again = f"run `dvc repro preview@{name}`"
    path, record = f"data/preview/{name}.csv", f"metrics/preview/{name}.json"
    found, told = _digest(repo, path, again), now.record(record)
    if found != told.get("sha256"):
        raise StaleError(f"{path} is not the page that {record} tells of; {again}")
    if told.get("failures"):
        where = f"{record}: the preview failed, and no approval mends that"
        raise ReviewError(listed(where, map(str, told["failures"])))
    return Page(path, found)


def read(repo: Repository, name: str) -> Review | None:
    """Return the approval that is there, None where there is none or it is not one."""
    found = snapshot.workspace(repo).text(f"{FOLDER}/{name}.yaml")
    try:
        return None if found is None else Review.model_validate(yaml.safe_load(found))
    except (ValidationError, yaml.YAMLError):
        return None


def write(repo: Repository, name: str, review: Review) -> str:
    """Write an approval, and return its path in the project."""
    path = f"{FOLDER}/{name}.yaml"
    text = yaml.safe_dump(review.model_dump(), sort_keys=False, allow_unicode=True, width=10**6)
    files.write_text(text, repo.project / path)
    return path


def is_required(repo: Repository) -> bool:
    """Return whether stage generate waits for approvals."""
    return bool(params.load("preview.require_approval", bool, repo.project / params.FILE))


def _digest(repo: Repository, path: str, advice: str) -> str:
    if not (repo.project / path).is_file():
        raise StaleError(f"{path} is not there; {advice}")
    return provenance.of_file(repo.project / path)
