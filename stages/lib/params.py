"""The sections of params.yaml, read and checked by the model that belongs to the reader."""

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, overload

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from .errors import ParamsError, listed, nearest

FILE = "params.yaml"

# Names of generators, slices and models become stage names and file names.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]

Model = TypeVar("Model")


class Section(BaseModel):
    """A part of params.yaml whose unknown keys are mistakes.

    What stands below a field as a string says what the key means: docs/reference/params.md.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@overload
def load(name: str, model: type[Model], path: str | Path = ...) -> Model: ...
@overload
def load(name: str, model: Any, path: str | Path = ...) -> Any: ...
def load(name: str, model: Any, path: str | Path = FILE) -> Any:
    """Return the section `name` of a params file as `model`.

    `model` is any type that pydantic can check: a Section, or a dict of them. A dot in `name`
    goes one level down (`brief.metric`). Raises ParamsError that tells all problems at once.
    """
    data = _read(path)
    for part in name.split("."):
        if not isinstance(data, dict) or part not in data:
            raise ParamsError(f"{path}: section `{name}` is missing; add it")
        data = data[part]
    try:
        return TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        problems = [_told(name, model, problem) for problem in error.errors()]
        raise ParamsError(listed(str(path), problems)) from None


class _Loader(yaml.SafeLoader):
    """Reads 1e-5 as a number, as YAML 1.2 does, and as DVC writes it."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _read(path: str | Path) -> Any:
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except FileNotFoundError:
        raise ParamsError(f"{path} is not there; run from the repository's root") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from None


def _told(section: str, model: Any, problem: Any) -> str:
    where = ".".join([section, *(str(part) for part in problem["loc"] if part != "[key]")])
    if problem["type"] == "extra_forbidden":
        *parents, key = problem["loc"]
        for part in parents:
            model = _below(model, part)
        return f"`{where}` is unknown; {nearest(str(key), getattr(model, 'model_fields', {}))}"
    if problem["type"] == "missing":
        return f"`{where}` is missing; add it"
    message = problem["msg"].removeprefix("Value error, ")
    return f"`{where}`: {message}, got {problem['input']!r}"


def _below(model: Any, part: Any) -> Any:
    """Return the type of the entry `part`: a field of a Section, or a value of a dict."""
    fields: dict[str, FieldInfo] = getattr(model, "model_fields", {})
    found = fields[part].annotation if part in fields else get_args(model)[-1]
    return next((one for one in get_args(found) if hasattr(one, "model_fields")), found)
