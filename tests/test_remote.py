"""What `check` makes of what a remote's server says, where no real one would say it."""

import json
import shlex
from hashlib import md5
from types import SimpleNamespace

import pytest

from stages.lineage.check import outputs, remote
from stages.lineage.check.outputs import Found, Output

ONE, TWO = (md5(text.encode()).hexdigest() for text in ("one", "two"))


def found(*oids):
    """Return outputs that are right here."""
    return [Found(Output(f"data/{oid[:2]}", oid), "right", "right", [], [oid]) for oid in oids]


def look(tags, outs, name="storage", error=None):
    """Return what is said of a remote whose server has these ETags, by object."""

    def info(paths, **_):
        if error:
            raise error
        return [{"ETag": f'"{tags[one]}"'} if one in tags else FileNotFoundError() for one in paths]

    files = SimpleNamespace(protocol="memory", info=info, find=lambda *_, **__: iter([]))
    odb = SimpleNamespace(fs=files, verify=True, oid_to_path=lambda oid: oid)
    cloud = SimpleNamespace(get_remote_odb=lambda name: odb)
    config = {"core": {"remote": name}, "remote": {name: {}}}
    (told,) = remote.look(SimpleNamespace(config=config, cloud=cloud), outs, online=True)
    return told


@pytest.mark.parametrize(
    ("tags", "holds"),
    [
        ({ONE: ONE, TWO: TWO}, True),
        ({ONE: ONE, TWO: ONE}, False),
        ({ONE: f"{TWO}-2", TWO: TWO}, True),  # uploaded in parts: no MD5 of the whole
        ({ONE: 32 * "a", TWO: 32 * "b"}, True),  # encrypted with a key of the bucket: of none
        ({ONE: ONE}, False),
    ],
)
def test_what_an_etag_tells(tags, holds):
    """An object counts as damaged only where the server's ETags are MD5s, and this one is not."""
    assert look(tags, found(ONE, TWO)).holds is holds


def test_nothing_to_ask_for():
    """Before the first run there is nothing that a remote could lack."""
    assert look({}, []).holds is True


@pytest.mark.parametrize("oid", ["'); print(1) #", "../../x", 5, ONE.upper()])
def test_list_of_a_folder_that_names_no_hashes(oid):
    """What stands in a list is put into commands only where it is a hash."""
    content = json.dumps([{"md5": oid, "relpath": "x"}, {"md5": ONE, "relpath": "y"}]).encode()
    assert outputs.children(content, f"{md5(content).hexdigest()}.dir") == [ONE]
    assert outputs.children(content, f"{ONE}.dir") == []


@pytest.mark.parametrize("text", ["{", "[1]", "5", '[{"relpath": "x"}]'])
def test_list_of_a_folder_that_is_none(text):
    """What is no list of files names none."""
    assert outputs.children(text.encode(), f"{md5(text.encode()).hexdigest()}.dir") == []


def test_name_that_is_more_than_a_word():
    """A remote's name, which anybody may commit, is one word of the command that is told."""
    name = "storage; echo $(id)"
    told = look({}, found(ONE), name, PermissionError("Forbidden"))
    assert shlex.split(told.answer)[4] == name


def test_password_in_an_address():
    """An error that quotes an address is told without the password in it."""
    error = OSError("cannot open https://ada:secret@example.org/x\nand more")
    told = look({}, found(ONE), error=error)
    assert told.evidence == "storage cannot be reached: cannot open https://example.org/x."
