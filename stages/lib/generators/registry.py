"""The families of generators, by name. Adding one is a file here and a line below."""

from dataclasses import fields
from importlib import import_module
from typing import NamedTuple

from pydantic import ConfigDict, Field

from ..base.errors import ParamsError, nearest
from ..base.params import Name, Section
from .protocol import Generator


class Family(NamedTuple):
    """Where a family is found, and the packages that shape its numbers besides everybody's."""

    name: str  # of the class, in the file that has the family's name
    packages: tuple[str, ...] = ()


FAMILIES = {  # the family's name is its file's: dvc.yaml makes each fit depend on that file only
    "naive_bayes": Family("NaiveBayes"),
    "cart": Family("Cart"),
    "sdv": Family("Synthesizer", ("sdv", "copulas", "ctgan", "rdt", "torch")),
    "dp_naive_bayes": Family("DpNaiveBayes", ("opendp",)),
    "dp_tree": Family("DpTree", ("opendp", "mbi", "jax")),
    "oversample": Family("Oversample"),
    "jitter": Family("Jitter"),
    "smote": Family("Smote", ("imbalanced-learn",)),
    "rules": Family("Rules"),
    "file": Family("File"),
}


class Spec(Section):
    """One entry of the section `generators`: a family, a seed, and the family's parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    family: str
    """Which generator it is; further keys are the family's own, below."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Of the fit; a private one has none, and draws its noise from the operating system."""

    @property
    def parameters(self) -> dict:
        """What is handed to the family's class."""
        return dict(self.model_extra or {})


Specs = dict[Name, Spec]  # the section `generators`, simplest first


def spec(name: str, specs: Specs) -> Spec:
    """Return the entry of the generator `name`; raises ParamsError where there is none."""
    if name not in specs:
        raise ParamsError(f"params.yaml: generator {name!r} is unknown; {nearest(name, specs)}")
    return specs[name]


def make(name: str, spec: Spec) -> Generator:
    """Return the unfitted generator `name`.

    Raises ParamsError where the family or a parameter of it is unknown.
    """
    where = f"params.yaml: `generators.{name}"
    if spec.family not in FAMILIES:
        raise ParamsError(
            f"{where}.family` {spec.family!r} is unknown; {nearest(spec.family, FAMILIES)}"
        )
    module = import_module(f".{spec.family}", __package__)
    family = getattr(module, FAMILIES[spec.family].name)
    own = [field for field in fields(family) if field.init]
    known = [field.name for field in own]
    for parameter in spec.parameters:
        if parameter not in known:
            raise ParamsError(
                f"{where}.{parameter}` is not a parameter of {spec.family}; "
                f"{nearest(parameter, known)}"
            )
    for field in own:
        if field.name not in spec.parameters and field.default is field.default_factory:
            raise ParamsError(f"{where}.{field.name}` is missing; {spec.family} needs it")
    try:
        return family(**spec.parameters)
    except (TypeError, ValueError) as error:
        raise ParamsError(f"{where}`: {error}") from None
