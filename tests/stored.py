"""A small project whose outputs DVC holds, and S3 servers on 127.0.0.1 to push them to."""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


def children(project: Project, path: str) -> list[str]:
    """Return the hashes of a folder's files."""
    told = json.loads(cached(project, entry(project, path)).read_bytes())
    return [str(one["md5"]) for one in told]


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
        """Be a project's remote, by its configuration as `dvc remote` would write it."""
        told = {"url": f"s3://{self.name}/project", "endpointurl": self.server.endpoint}
        lines = [f"    {name} = {value}" for name, value in {**told, "verify": "true"}.items()]
        config = project.folder / ".dvc/config"
        core = "[core]\n    analytics = false\n    remote = storage\n"
        config.write_text("\n".join([f"{core}['remote \"storage\"']", *lines, ""]))
        project.run("git", "commit", "--quiet", "--message", "a remote", ".dvc/config")
        self.open(project)

    def open(self, project: Project, **others: str) -> None:
        """Give a project the keys, where git does not see them."""
        keys = {"access_key_id": self.server.key, "secret_access_key": self.server.secret}
        lines = [f"    {name} = {value}" for name, value in {**keys, **others}.items()]
        told = "\n".join(["['remote \"storage\"']", *lines, ""])
        (project.folder / ".dvc/config.local").write_text(told)


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


@contextmanager
def dying(endpoint: str, *, after: int) -> Iterator[str]:
    """Stand before a server until `after` bytes went to it; then drop every connection for good."""
    host, port = endpoint.removeprefix("http://").split(":")
    left, ends = after, []
    gate = socket.create_server(("127.0.0.1", 0))

    def pass_on(source: socket.socket, target: socket.socket, counted: bool) -> None:
        nonlocal left
        with suppress(OSError):
            while left >= 0 and (chunk := source.recv(1 << 14)):
                left -= len(chunk) * counted
                target.sendall(chunk[:left] if left < 0 else chunk)
        for end in ends if left < 0 else (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        if left < 0:
            gate.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                near = gate.accept()[0]
                far = socket.create_connection((host, int(port)))
                ends.extend((near, far))
                for one in ((near, far, True), (far, near, False)):
                    threading.Thread(target=pass_on, args=one, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{gate.getsockname()[1]}"
    finally:
        assert left < 0, "it was not asked for enough to die"
        for end in ends:
            end.close()


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
