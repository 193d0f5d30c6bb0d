"""A small project whose outputs DVC holds, and S3 servers on 127.0.0.1 to push them to."""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import s3fs
import yaml
from conftest import Project
from recorded import PARAMS, write

from stages.lineage import repository
from stages.lineage.check import conditions, ground

FILE, FOLDER, TABLE = "data/file.csv", "data/folder", "data/table.csv"

PIPELINE = {
    "ingest": {
        "cmd": f"tr a-z A-Z < {TABLE} > {FILE} && mkdir -p {FOLDER} && "
        f"echo 1 > {FOLDER}/one.csv && echo 2 > {FOLDER}/two.csv",
        "deps": [TABLE],
        "outs": [FILE, FOLDER],
    }
}


def project(folder: Path) -> Project:
    """Return a project that ran once: a table of `dvc add`, and a file and a folder made of it."""
    project = Project(folder)
    write(project, ".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    write(project, ".dvc/config", "")
    write(project, "params.yaml", PARAMS)
    write(project, "dvc.yaml", {"stages": PIPELINE})
    write(project, TABLE, "age,town,bought\n40,north,yes\n")
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.run("dvc", "add", "--quiet", TABLE)
    project.run("dvc", "repro", "--quiet")
    project.commit()
    return project


def clone(project: Project) -> Project:
    """Return a colleague's clone beside a project, the one before it gone."""
    there = project.folder.parent / "colleague"
    shutil.rmtree(there, ignore_errors=True)
    project.run("git", "clone", "--quiet", str(project.folder), str(there))
    return Project(there)


def look(project: Project, name: str, **given: bool) -> list[conditions.Condition]:
    """Return what `check` says of the data or of the remote."""
    found = conditions.look(ground.survey(repository.find(project.folder)), **given)
    return [one for one in found if one.name == name]


def obey(project: Project, command: str, *, check: bool = True) -> str:
    """Run a line that `check` tells to run, as a shell would."""
    return project.run("sh", "-c", command, check=check)


def entry(project: Project, path: str) -> str:
    """Return the hash that dvc.lock records of an output."""
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text("utf-8"))
    outs = [one for stage in lock["stages"].values() for one in stage.get("outs", [])]
    return next(str(one["md5"]) for one in outs if one["path"] == path)


def cached(project: Project, oid: str) -> Path:
    """Return where DVC's cache keeps an object."""
    return project.folder / ".dvc/cache/files/md5" / oid[:2] / oid[2:]


class Server(NamedTuple):
    """An S3 server, and keys that it knows."""

    endpoint: str
    key: str
    secret: str

    def storage(self) -> s3fs.S3FileSystem:
        """Return the server's storage, to do what no DVC command does."""
        return s3fs.S3FileSystem(
            key=self.key, secret=self.secret, endpoint_url=self.endpoint, use_listings_cache=False
        )


class Bucket(NamedTuple):
    """A bucket of a server."""

    server: Server
    name: str

    def place(self, oid: str) -> str:
        """Return where a DVC remote in this bucket keeps an object."""
        return f"{self.name}/project/files/md5/{oid[:2]}/{oid[2:]}"

    def change(self, oid: str, change: Callable[[bytes], bytes]) -> None:
        """Put another content where an object is."""
        storage = self.server.storage()
        storage.pipe_file(self.place(oid), change(storage.cat_file(self.place(oid))))

    def remove(self, oid: str) -> None:
        """Remove an object."""
        self.server.storage().rm_file(self.place(oid))

    def objects(self) -> list[str]:
        """Return the paths of all objects."""
        return list(self.server.storage().find(self.name))

    def connect(self, project: Project) -> None:
        """Set the bucket up as a project's remote, as docs/remotes.md says."""
        project.run("dvc", "remote", "add", "--default", "storage", f"s3://{self.name}/project")
        for name, value in {"endpointurl": self.server.endpoint, "verify": "true"}.items():
            project.run("dvc", "remote", "modify", "storage", name, value)
        self.open(project)
        project.run("git", "add", ".dvc/config")
        project.run("git", "commit", "--quiet", "--message", "a remote")

    def open(self, project: Project) -> None:
        """Give a project the keys, where git does not see them."""
        server = self.server
        for name, value in {
            "access_key_id": server.key,
            "secret_access_key": server.secret,
        }.items():
            project.run("dvc", "remote", "modify", "--local", "storage", name, value)


_numbers = itertools.count(1)


def bucket(server: Server) -> Bucket:
    """Return a new bucket."""
    found = Bucket(server, f"tests-{os.getpid()}-{next(_numbers)}")
    server.storage().mkdir(found.name)
    return found


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Run the server that DVC_SYNTH_S3 names, else rclone's on a folder."""
    named = os.environ.get("DVC_SYNTH_S3")
    if named:
        yield Server(named, os.environ["DVC_SYNTH_S3_KEY"], os.environ["DVC_SYNTH_S3_SECRET"])
        return
    server = Server(f"http://127.0.0.1:{free()}", "tests", "a-secret-of-tests")
    process = subprocess.Popen(
        [
            Path(sys.executable).parent / "rclone", "serve", "s3", "--config", os.devnull,
            "--addr", server.endpoint.removeprefix("http://"), "--auth-key",
            f"{server.key},{server.secret}", "--vfs-cache-mode", "off", folder,
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(server.endpoint)
        yield server
    finally:
        process.kill()
        process.wait()


def free() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(endpoint: str) -> None:
    host, port = endpoint.removeprefix("http://").split(":")
    for _ in range(200):
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nothing listens at {endpoint}")
