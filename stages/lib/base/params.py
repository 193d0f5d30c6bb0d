"""The sections of params.yaml, read and checked by the model that belongs to the reader."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, overload

from pydantic import (
    BaseModel,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo

from . import notation
from .errors import ParamsError, listed, nearest, shown

FILE = "params.yaml"

SECTIONS = (
    "data", "brief", "ingest", "freeze", "models", "generators", "privacy", "slices", "preview",
    "generate", "verify", "gates", "admit", "sweep", "blend", "monitor", "triggers",
)  # fmt: skip

# Names of generators, slices and models become stage names and file names.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=60)]

Model = TypeVar("Model")


class Section(BaseModel):
    """A part of params.yaml whose unknown keys are mistakes.

    What stands below a field as a string says what the key means: docs/reference/params.md.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    @field_validator("*", mode="before")
    @classmethod
    def _a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse true and false where a number belongs: pydantic takes them for 1 and 0."""
        field = cls.model_fields[str(info.field_name)]
        if isinstance(value, bool) and set(_types(field.annotation)) & {int, float}:
            raise ValueError("must be a number")
        return value


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
        raise ParamsError(listed(str(path), problems(error, model, name))) from None


def problems(error: ValidationError, model: Any, name: str = "") -> Iterator[str]:
    """Yield what is wrong with each entry that pydantic found, of the `model` of section `name`."""
    for problem in error.errors():
        yield _told([name] * bool(name), model, problem)


def _read(path: str | Path) -> Any:
    try:
        data = notation.read(path, as_dvc=True)
    except FileNotFoundError:
        raise ParamsError(f"{path} is not there; run from the repository's root") from None
    except ValueError as error:
        raise ParamsError(f"{path} {error}") from None
    unknown = [key for key in data if key not in SECTIONS] if isinstance(data, dict) else []
    if unknown:
        told = [f"section `{key}` is unknown; {nearest(key, SECTIONS)}" for key in unknown]
        raise ParamsError(listed(str(path), told))
    return data


def _told(section: list[str], model: Any, problem: Any) -> str:
    where = ".".join([*section, *(str(part) for part in problem["loc"] if part != "[key]")])
    if problem["type"] == "extra_forbidden":
        *parents, key = problem["loc"]
        for part in parents:
            model = _below(model, part)
        return f"`{where}` is unknown; {nearest(str(key), getattr(model, 'model_fields', {}))}"
    if problem["type"] == "missing":
        return f"`{where}` is missing; add it"
    received, message = problem["input"], problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "string_type" and received is not None and not _holds(received):
        message += ' (in YAML a text that looks like another thing needs quotes: "no", "1")'
    return f"`{where}`: {message}, got {shown(received)}"


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _types(annotation: Any) -> Iterator[Any]:
    """Yield the types that a union allows; bool among them allows no number to be refused."""
    found = get_args(annotation) or (annotation,)
    if bool not in found:
        yield from found


def _below(model: Any, part: Any) -> Any:
    """Return the type of the entry `part`: a field of a Section, or a value of a dict."""
    fields: dict[str, FieldInfo] = getattr(model, "model_fields", {})
    types = [fields[part].annotation] if part in fields else get_args(model)
    within = [one for found in types for one in (found, *get_args(found))]
    named = [one for one in within if getattr(one, "__name__", None) == part]  # of a union
    return next((one for one in named or within if hasattr(one, "model_fields")), model)
