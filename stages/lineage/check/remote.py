"""The remote: it answers, verifies what it brings, and has all that a colleague will pull."""

import re
import shlex
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from ...lib.words import count, listed
from ..terminal import few
from .condition import Condition
from .outputs import Found, children

SECONDS = 10.0  # to wait for an answer
_MD5 = re.compile(r"[0-9a-f]{32}")
_ADD = "dvc remote add --default storage s3://BUCKET/PATH"


class _Held(NamedTuple):
    """What a remote has of the objects that outputs consist of."""

    of: dict[str, list[str]]  # these objects, by the output's path
    absent: set[str]
    damaged: set[str]  # whose content the server knows to be another

    @property
    def wrong(self) -> set[str]:
        """The objects that nobody can pull."""
        return self.absent | self.damaged


def look(dvc: Any, found: list[Found], *, online: bool) -> list[Condition]:
    """Return what is to be said of the default remote of a DVC repository.

    Nothing is brought from it. Where it is not `online`, only its settings are read.
    """
    from dvc.exceptions import DvcException

    name = dvc.config["core"].get("remote")
    if not name:
        named = listed(sorted(dvc.config["remote"]), last="or")
        if named:
            said = f"No remote is the default one: {named}."
            return [Condition("remote", None, said, "dvc remote default NAME")]
        said = "There is no remote: nobody else can pull what DVC holds, and there is one copy."
        return [Condition("remote", None, said, _ADD)]
    if dvc.config["remote"].get(name, {}).get("version_aware"):
        said = f"{name} keeps versions of files by their paths, which are not looked at here."
        return [Condition("remote", None, said, "dvc status --cloud")]
    try:
        odb = dvc.cloud.get_remote_odb(name)
    except DvcException as error:
        return [Condition("remote", False, f"{name}: {_told(error)}.", "dvc remote list")]
    told = []
    if not odb.verify:
        said = f"{name} does not verify what it brings: a damaged file would be taken for data."
        answer = f"dvc remote modify {shlex.quote(name)} verify true"
        told.append(Condition("remote", False, said, answer))
    if not online:
        said = f"{name} is set up, and was not asked."
        return told or [Condition("remote", None, said, "")]
    return [*told, _asked(name, odb, found)]


def _asked(name: str, odb: Any, found: list[Found]) -> Condition:
    """Ask a remote for everything that outputs consist of."""
    try:
        held = _within(SECONDS, lambda: _held(odb, found))
    except Exception as error:  # each kind of storage has errors of its own
        return Condition("remote", False, *_unreachable(name, error))
    wanted = {oid for objects in held.of.values() for oid in objects}
    if not wanted:
        return Condition("remote", True, f"{name} answers; there is nothing to ask it for yet.", "")
    if not held.wrong:
        said = f"{name} has all {count(len(wanted), 'object')} of what dvc.lock records."
        return Condition("remote", True, said, "")
    lacking = [one for one in found if held.wrong & set(held.of[one.output.path])]
    named = listed(few(one.output.path for one in lacking))
    verb = "has damaged" if not held.absent else "lacks or has damaged" if held.damaged else "lacks"
    said = f"{name} {verb} {count(len(held.wrong), 'object')} of {named}."
    if any(one.cached != "right" for one in lacking):
        said += " They are not whole here either: push them from where they are."
        return Condition("remote", False, said, "")
    # Where a folder's list is there, `dvc push` takes its files to be there too; and what has the
    # right name it never replaces. Both are removed first.
    lists = {one.output.md5 for one in lacking if one.output.md5.endswith(".dir")}
    remove = sorted((lists - held.absent) | held.damaged)
    if not remove:
        return Condition("remote", False, said, "dvc push")
    delete = f"[odb.delete(oid) for oid in {remove}]"
    script = f"from dvc.repo import Repo; odb = Repo().cloud.get_remote_odb(); {delete}"
    return Condition("remote", False, said, f'python -c "{script}" && dvc push')


def _held(odb: Any, found: list[Found]) -> _Held:
    """Look at each object's entry on the server; of folders whose list is not here, read that."""
    if odb.fs.protocol == "s3":  # a person waits; botocore would try for a quarter of a minute
        odb.fs.fs_args.setdefault("config_kwargs", {})["retries"] = {"max_attempts": 1}
    of = {one.output.path: [*one.objects] for one in found}
    entries = _entries(odb, [oid for objects in of.values() for oid in objects])
    if not any(entries.values()):  # of a bucket that is not there, only a listing says so
        next(iter(odb.fs.find([odb.oid_to_path("00")], prefix=True)), None)
    unread = [
        one.output for one in found if len(one.objects) == 1 and one.output.md5.endswith(".dir")
    ]
    for one in unread:
        if entries[one.md5]:
            of[one.path] += children(odb.fs.cat_file(odb.oid_to_path(one.md5)), one.md5)
    entries |= _entries(odb, [oid for one in unread for oid in of[one.path][1:]])
    absent = {oid for oid, one in entries.items() if not one}
    return _Held(of, absent, _damaged({oid: one for oid, one in entries.items() if one}))


def _entries(odb: Any, oids: list[str]) -> dict[str, dict[str, Any]]:
    """Return what the server says of each object, nothing of one that it does not have."""
    told = odb.fs.info([odb.oid_to_path(oid) for oid in oids], return_exceptions=True)
    failed = [one for one in told if isinstance(one, Exception)]
    for one in failed:
        if not isinstance(one, FileNotFoundError):
            raise one
    return {
        oid: {} if isinstance(one, Exception) else one for oid, one in zip(oids, told, strict=True)
    }


def _damaged(entries: dict[str, dict[str, Any]]) -> set[str]:
    """Return the objects whose MD5 is another by what the server says.

    S3's ETag is the MD5 of what was uploaded in one piece, unless the bucket encrypts with keys of
    its own: then it is no object's.
    """
    tags = {oid: str(one.get("ETag", "")).strip('"') for oid, one in entries.items()}
    told = {oid: tag for oid, tag in tags.items() if _MD5.fullmatch(tag)}
    others = {oid for oid, tag in told.items() if tag != oid.removesuffix(".dir")}
    return others if len(others) < len(told) else set()


def _within(seconds: float, work: Callable[[], _Held]) -> _Held:
    """Return what work comes to; raises TimeoutError where that takes too long, and leaves it."""
    done: list[_Held | Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            done.append(error)

    worker = threading.Thread(target=run, daemon=True)  # it does not keep the command from ending
    worker.start()
    worker.join(seconds)
    if not done:
        raise TimeoutError(f"no answer within {seconds:g} s")
    if isinstance(done[0], Exception):
        raise done[0]
    return done[0]


def _unreachable(name: str, error: Exception) -> tuple[str, str]:
    """Return what keeps a remote from being asked, and the command for that."""
    kind = type(error).__name__
    if isinstance(error, PermissionError) or "Credential" in kind:
        said = f"{name} does not let you in: {_told(error)}. Set its keys, where git sees none:"
        key = f"dvc remote modify --local {shlex.quote(name)}"
        return said, f"{key} access_key_id KEY && {key} secret_access_key SECRET"
    if isinstance(error, FileNotFoundError):
        answer = f"dvc remote modify {shlex.quote(name)} url s3://BUCKET/PATH"
        return f"{name}: {_told(error)}.", answer
    return f"{name} cannot be reached: {_told(error)}.", "dvc remote list"


def _told(error: Exception) -> str:
    """Return an error's first line, without what may be a password in a URL."""
    said = str(error.__cause__ or error).strip()  # what s3fs raises may say nothing by itself
    line = next(iter(said.splitlines()), "") or type(error).__name__
    return re.sub(r"//[^/@\s]*@", "//", line).rstrip(".")
