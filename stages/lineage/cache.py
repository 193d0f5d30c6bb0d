"""DVC's cache on this machine: the bytes that a hash of dvc.lock stands for."""

from pathlib import Path

from .repository import Repository


def find(repo: Repository, md5: str | None) -> Path | None:
    """Return the file of this MD5 in DVC's cache, None where it is not at hand.

    Nothing is fetched from a remote.
    """
    if not md5 or md5.endswith(".dir"):
        return None
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(repo.project)) as project:
            caches = (project.cache.local, project.cache.legacy)
            paths = [Path(cache.oid_to_path(md5)) for cache in caches]
    except (DvcException, OSError):  # no DVC here, or a cache that cannot be reached
        return None
    return next((path for path in paths if path.is_file()), None)
