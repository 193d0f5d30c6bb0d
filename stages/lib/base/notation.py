"""YAML as a person writes it, read so that nothing in it is passed over in silence."""

import re
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_MOST = 100_000  # entries that a file's aliases may unfold to


def read(path: str | Path, *, as_dvc: bool = False) -> Any:
    """Return what a YAML file holds; numbers are those of YAML 1.1, or those that DVC reads.

    Raises FileNotFoundError where it is not there, ValueError that says what is wrong with it,
    and where, otherwise.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise ValueError(
            f"is not UTF-8 (byte {error.object[error.start]:#04x} at {error.start}); save it as "
            "UTF-8"
        ) from None
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    try:
        return yaml.load(text, _AsDvc if as_dvc else _Loader)
    except RecursionError:
        raise ValueError("is not valid YAML: it is nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"line {mark.line + 1}: " if mark else ""
        said = " ".join(filter(None, [error.problem, error.note]))
        hint = "; indent with spaces" if "\\t" in said else ""
        raise ValueError(f"is not valid YAML: {at}{said}{hint}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2020-02-31
        raise ValueError(f"is not valid YAML: {' '.join(str(error).split())}") from None


class _Loader(yaml.SafeLoader):
    """Looks the document over before anything is made of it."""

    def get_single_node(self) -> Node | None:
        """Return the document; raises ConstructorError where something in it would be lost."""
        node = super().get_single_node()
        if node is not None:
            _unfolded(node, {})
        return node


class _AsDvc(_Loader):
    """Reads 1e-5 as a number, as YAML 1.2 does, and as DVC writes it."""


_AsDvc.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _unfolded(node: Node, known: dict[int, int]) -> int:
    """Return how many entries a node unfolds to, aliases written out.

    A few lines of aliases to aliases unfold to more than any memory holds as soon as somebody
    walks over them, be it to say what is wrong.
    """
    if id(node) in known:
        if not known[id(node)]:
            raise _wrong("an alias stands inside itself", node)
        return known[id(node)]
    known[id(node)] = 0
    parts: list[Node] = []
    match node:
        case ScalarNode(value=text):
            if any("\ud800" <= letter <= "\udfff" for letter in text):
                raise _wrong("half a character, which no file can hold (a lone surrogate)", node)
        case SequenceNode(value=items):
            parts = items
        case MappingNode(value=pairs):
            parts = [part for pair in pairs for part in pair]
            _once([key for key, _ in pairs])
    count = 1 + sum(_unfolded(part, known) for part in parts)
    if count > _MOST:
        raise _wrong(f"its aliases unfold to more than {_MOST:,} entries", node)
    known[id(node)] = count
    return count


def _once(keys: list[Node]) -> None:
    """Raise ConstructorError where a key stands twice: PyYAML would take the last."""
    there: set[tuple[str, str]] = set()
    for key in keys:
        if isinstance(key, ScalarNode):
            if (key.tag, key.value) in there:
                raise _wrong(f"`{key.value}` stands twice; leave one of them", key)
            there.add((key.tag, key.value))


def _wrong(what: str, node: Node) -> ConstructorError:
    return ConstructorError(None, None, what, node.start_mark)
