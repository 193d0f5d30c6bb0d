"""What a person has read and approved: the schema, and each batch's preview."""

import hashlib
from typing import NamedTuple

from pydantic import ValidationError

from ...lib.base.errors import LineageError, SchemaError
from ...lib.preview import Review
from ...lib.tables import schema as schemas
from ...lib.words import count, listed
from .. import parameters, schema_change
from ..snapshot import Snapshot
from ..terminal import few
from .condition import Condition
from .ground import Ground


class _Approved(NamedTuple):
    """What a file in reviews/ says of a page."""

    told: str  # behind the page's name
    valid: bool  # of these bytes


def schema(ground: Ground) -> list[Condition]:
    """Ask for the approval of data/schema.yaml as it is now."""
    path = schema_change.PATH
    content = ground.at.read(path)
    if content is None:
        return [Condition("schema", False, f"{path} is not there.", "")]
    try:
        schemas.load(ground.repo.project / path)
    except SchemaError as error:
        said = str(error).replace(f"{ground.repo.project}/", "")
        return [Condition("schema", False, said, "")]
    found = _approved(ground.at, "schema", hashlib.sha256(content).hexdigest())
    answer = "" if found.valid else "dvc-synth approve schema --note TEXT"
    return [Condition("schema", found.valid, f"{path} {found.told}.", answer)]


def previews(ground: Ground) -> list[Condition]:
    """Ask for the approval of every preview, where params.yaml says that one is needed."""
    at = ground.at
    if parameters.at(at.params, "preview.require_approval") is not True:
        said = "None is asked for: preview.require_approval is not true."
        return [Condition("approvals", True, said, "")]
    shown = {batch: _shown(at, batch) for batch in at.batches}
    found = {batch: _approved(at, batch, sha256) for batch, sha256 in shown.items() if sha256}
    blank = [batch for batch in shown if batch not in found]
    if blank:
        told = f"{listed(few(blank))}: no preview to read yet."
        return [Condition("approvals", None, told, "dvc repro preview")]
    waiting = [f"{batch} {one.told}" for batch, one in found.items() if not one.valid]
    if waiting:
        first = next(batch for batch, one in found.items() if not one.valid)
        said = f"{'; '.join(few(waiting))}. Read data/preview/{first}.csv first."
        answer = f"dvc-synth approve {first} --note TEXT"
        return [Condition("approvals", False, said, answer)]
    return [Condition("approvals", True, f"{count(len(found), 'preview')} read and approved.", "")]


def _shown(at: Snapshot, batch: str) -> str | None:
    """Return the SHA-256 of a batch's preview, None where there is none yet."""
    return parameters.text(at.record(f"metrics/preview/{batch}.json").get("sha256"))


def _approved(at: Snapshot, name: str, sha256: str) -> _Approved:
    """Return whether reviews/<name>.yaml is of the page that has this hash."""
    path = f"reviews/{name}.yaml"
    if at.read(path) is None:
        return _Approved("is approved by nobody", False)
    try:
        review = Review.model_validate(at.yaml(path))
    except (LineageError, ValidationError):
        return _Approved(f"is approved by nobody: {path} is no approval", False)
    if review.sha256 != sha256:
        return _Approved(f"changed since {review.who} approved it", False)
    return _Approved(f"was approved by {review.who}: {review.note.rstrip('.')}", True)
