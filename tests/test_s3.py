"""Working together over S3: what DVC does there, what `check` says, and that nothing is lost.

The server is rclone's, or the one that DVC_SYNTH_S3 names, with keys in DVC_SYNTH_S3_KEY and
DVC_SYNTH_S3_SECRET: `.ci/ceph` sets up a gateway of Ceph.
"""

import os
import pickle
import re
import shutil
import socket
import time

import pytest
import stored
from conftest import Project, surroundings
from sessions import Shell, blocks, commands, missing
from stored import FILE, FOLDER, TABLE, Bucket, children, dying, entry, look, obey

from stages.lineage.check import remote

HELD = "storage has all 5 objects of what dvc.lock records."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve S3 on 127.0.0.1."""
    with stored.serve(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def bucket(server):
    """Return a new bucket."""
    return stored.bucket(server)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Run a small project once."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        stored.project(folder)
    return folder


@pytest.fixture
def small(made, tmp_path, bucket):
    """Return a small project whose remote is the bucket; nothing is pushed yet."""
    shutil.copytree(made, tmp_path / "small")
    small = Project(tmp_path / "small")
    bucket.connect(small)
    return small


def told(project, name="remote"):
    """Return the one thing that is said of the remote, or of the data."""
    (found,) = look(project, name)
    return found


def whole(project):
    """Return whether the data is as recorded, and the remote has all of it."""
    return told(project, "data").holds is True and told(project).evidence == HELD


def test_what_the_page_says(project, bucket, tmp_path):
    """Each command of docs/remotes.md does what it says: a colleague pulls, and runs nothing."""
    place = {
        "s3://my-bucket/my-project": f"s3://{bucket.name}/project",
        "https://s3.example.org": bucket.server.endpoint,
        "MY-KEY": bucket.server.key,
        "MY-SECRET": bucket.server.secret,
        "git@example.org:team/my-project.git": f"{project.folder} my-project",
    }
    shell = Shell(project.folder)
    for one in [one for block in blocks("docs/remotes.md") for one in commands(block)]:
        if one.text.startswith("git clone"):
            assert told(project).holds is True
            shell.folder = tmp_path
        text = re.sub("|".join(map(re.escape, place)), lambda found: place[found[0]], one.text)
        code, printed = shell.run(text)
        assert code == one.text.startswith("dvc-synth check"), printed
        assert missing(one.shown, printed) is None, printed
        assert "Running stage" not in printed
    assert shell.folder.name == "my-project"
    assert printed == ""
    assert (told(Project(shell.folder), "data").holds, told(project).holds) == (True, True)
    assert bucket.server.secret not in project.run("git", "log", "--patch")


class Bomb:
    """An object whose pickle writes a file when it is loaded."""

    def __init__(self, trace):
        """Remember where to write."""
        self.trace = str(trace)

    def __reduce__(self):
        """Say what loading does."""
        return open, (self.trace, "w")


@pytest.mark.parametrize("verify", ["true", "false"])
def test_model_swapped_in_the_bucket(project, bucket, tmp_path, verify):
    """Code in a model that somebody put into the bucket does not run, whatever DVC verifies."""
    model, trace = "models/cart.pkl", tmp_path / "trace"
    bucket.connect(project)
    project.run("dvc", "push", "--quiet")
    bucket.change(entry(project, model), lambda _: pickle.dumps(Bomb(trace)))
    colleague = stored.clone(project)
    bucket.open(colleague, verify=verify)
    colleague.run("dvc", "pull", check=verify == "false")
    assert (colleague.folder / model).exists() is (verify == "false")
    said = colleague.run(
        "dvc", "repro", "--single-item", "--force", "preview@cart-everything", check=False
    )
    if verify == "false":
        assert f"{model} is not the file that dvc.lock records" in said
        assert told(colleague, "data").answer.endswith(f"&& dvc pull {model}")
    assert not trace.exists()
    found = look(colleague, "remote")[-1]
    assert found.evidence.startswith(f"storage has damaged 1 object of {model}.")
    pickle.loads(pickle.dumps(Bomb(trace))).close()
    assert trace.exists()  # so the refusals above are what held it back


def test_wrong_keys(small, bucket):
    """With keys that the server does not know nothing is pushed, and it is said where keys go."""
    Bucket(bucket.server._replace(secret="another"), bucket.name).open(small)
    assert "403" in small.run("dvc", "push", check=False)
    found = told(small)
    assert found.holds is False
    assert found.evidence.startswith("storage does not let you in: ")
    assert told(small, "data").holds
    obey(
        small,
        re.sub("KEY|SECRET", lambda one: getattr(bucket.server, one[0].lower()), found.answer),
    )
    small.run("dvc", "push")
    assert whole(small)


def test_remote_that_does_not_verify(small, bucket):
    """DVC's default is told, and the command that changes it; so is a remote not looked into."""
    bucket.open(small, verify="false")
    (found,) = look(small, "remote", online=False)
    assert (found.holds, found.answer) == (False, "dvc remote modify storage verify true")
    bucket.open(small)
    (found,) = look(small, "remote", online=False)
    assert (found.holds, found.evidence) == (None, "storage is set up, and was not asked.")
    bucket.open(small, version_aware="true")
    assert told(small).holds is None


def test_no_keys(small, monkeypatch):
    """Without any keys the same is said."""
    (small.folder / ".dvc/config.local").unlink()
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "credentials" in small.run("dvc", "push", check=False)
    assert told(small).evidence.startswith("storage does not let you in: Unable to locate cred")


def test_no_such_bucket(small, bucket):
    """A bucket that is not there is told apart from one to which nothing was pushed."""
    assert told(small).answer == "dvc push"
    bucket.open(small, url="s3://no-such-bucket/project")
    assert "NoSuchBucket" in small.run("dvc", "push", check=False)
    found = told(small)
    assert found.holds is False
    assert "NoSuchBucket" in found.evidence
    assert found.answer == "dvc remote modify storage url s3://BUCKET/PATH"
    bucket.open(small)
    obey(small, found.answer.replace("BUCKET/PATH", f"{bucket.name}/project"))
    obey(small, told(small).answer)
    assert whole(small)


def test_nobody_answers(small, bucket, monkeypatch):
    """A server that is not there, or says nothing, is told in a short time."""
    bucket.open(small, endpointurl=f"http://127.0.0.1:{stored.free()}")
    start = time.monotonic()
    assert "Could not connect" in told(small).evidence
    assert time.monotonic() - start < remote.SECONDS
    monkeypatch.setattr(remote, "SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bucket.open(small, endpointurl=f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        assert "no answer within 1 s" in told(small).evidence
        assert time.monotonic() - start < 10
    assert told(small, "data").holds


def test_server_that_dies_while_we_push(small, bucket):
    """A push that breaks off in the middle of a file loses nothing; the next one goes on."""
    table = small.folder / TABLE
    table.write_bytes(table.read_bytes() + os.urandom(1 << 20))
    small.run("dvc", "add", "--quiet", TABLE)
    small.run("dvc", "repro", "--quiet")
    with dying(bucket.server.endpoint, after=1 << 19) as endpoint:
        bucket.open(small, endpointurl=endpoint)
        assert "ERROR" in small.run("dvc", "push", check=False)
    assert told(small, "data").holds
    bucket.open(small)
    found = told(small)
    assert (found.holds, found.answer) == (False, "dvc push")
    obey(small, found.answer)
    assert whole(small)


def test_file_of_a_folder_that_is_gone(small, bucket):
    """DVC takes the folder for whole; `check` does not, and its command pushes the file again."""
    small.run("dvc", "push", "--quiet")
    bucket.remove(children(small, FOLDER)[0])
    assert "in sync" in small.run("dvc", "status", "--cloud")
    assert "up to date" in small.run("dvc", "push")
    colleague = stored.clone(small)
    bucket.open(colleague)
    colleague.run("dvc", "pull", check=False)
    assert told(colleague).evidence == (
        f"storage lacks 1 object of {FOLDER}. They are not whole here either: push them from where "
        "they are."
    )
    found = told(small)
    assert found.evidence == f"storage lacks 1 object of {FOLDER}."
    obey(small, found.answer)
    assert whole(small)
    colleague.run("dvc", "pull")
    assert whole(colleague)


def test_files_that_were_damaged_on_the_server(small, bucket):
    """With `verify` they are not pulled; whoever has them whole puts them there again."""
    small.run("dvc", "push", "--quiet")
    for damaged in (entry(small, FILE), children(small, FOLDER)[0]):
        bucket.change(damaged, lambda content: content[:-1] + b"#")
    assert "up to date" in small.run("dvc", "push")
    colleague = stored.clone(small)
    bucket.open(colleague)
    colleague.run("dvc", "pull", check=False)
    assert told(colleague, "data").holds is not False
    said = f"storage has damaged 2 objects of {FILE} and {FOLDER}."
    assert told(colleague).evidence.startswith(said)
    found = told(small)
    assert found.evidence == said
    obey(small, found.answer)
    assert whole(small)
    obey(colleague, told(colleague, "data").answer)
    assert whole(colleague)


def test_damage_that_was_pulled(small, bucket):
    """Without `verify` damage arrives, and DVC sees none; `check` does, and mends both."""
    small.run("dvc", "push", "--quiet")
    bucket.change(entry(small, FILE), lambda content: content[:-1] + b"#")
    colleague = stored.clone(small)
    bucket.open(colleague, verify="false")
    colleague.run("dvc", "pull")
    assert colleague.run("dvc", "status", "--quiet") == ""
    verify, damaged = look(colleague, "remote")
    assert (verify.holds, damaged.holds) == (False, False)
    bucket.open(colleague)
    assert "up to date" in colleague.run("dvc", "pull")
    found = told(colleague, "data")
    assert found.answer.endswith(f"&& dvc pull {FILE}")
    obey(small, told(small).answer)
    obey(colleague, found.answer)
    assert whole(colleague)
