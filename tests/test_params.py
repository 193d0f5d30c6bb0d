"""Sections of params.yaml: what is wrong is told by its place, all at once."""

import pytest
import yaml
from conftest import ROOT
from pydantic import Field

from stages.lib.base import params
from stages.lib.base.errors import ParamsError
from stages.lib.base.params import Name, Section
from stages.scaffold.sections import SECTIONS


class Freeze(Section):
    """A section to read."""

    train: float = Field(gt=0)
    holdout: float = Field(gt=0)
    seed: int = 0


def written(folder, text):
    """Write a params file and return its path."""
    (folder / "params.yaml").write_text(text)
    return folder / "params.yaml"


def refusal(folder, text, name="freeze", model=Freeze):
    """Return the message with which a section is refused."""
    with pytest.raises(ParamsError) as caught:
        params.load(name, model, written(folder, text))
    return str(caught.value)


def test_section_is_read(tmp_path):
    """A complete section becomes its model, also one level down, also a plain value."""
    path = written(tmp_path, "freeze: {train: 300, holdout: 0.5}\nbrief: {metric: roc_auc}\n")
    assert params.load("freeze", Freeze, path) == Freeze(train=300, holdout=0.5)
    assert params.load("brief.metric", str, path) == "roc_auc"


def test_unknown_key_names_the_nearest(tmp_path):
    """A misspelt key is told with what was likely meant."""
    message = refusal(tmp_path, "freeze: {train: 300, holdout: 9, sed: 1}\n")
    assert "`freeze.sed` is unknown; did you mean 'seed'? choices: holdout, seed, train" in message


def test_all_problems_are_told_together(tmp_path):
    """Unknown, missing and impossible keys are in one message."""
    message = refusal(tmp_path, "freeze: {trian: 300, holdout: -1}\n")
    assert "3 problems" in message
    assert "`freeze.train` is missing; add it" in message
    assert "`freeze.trian` is unknown; did you mean 'train'?" in message
    assert "`freeze.holdout`: Input should be greater than 0, got -1" in message


def test_missing_section(tmp_path):
    """A section that is not there is named, at any level."""
    assert "section `freeze` is missing; add it" in refusal(tmp_path, "sweep: {}\n")
    told = "section `data.path` is missing; add it"
    assert told in refusal(tmp_path, "data: {c: 1}\n", "data.path", str)
    assert told in refusal(tmp_path, "data: 1\n", "data.path", str)
    assert "section `freeze` is missing; add it" in refusal(tmp_path, "")


def test_missing_and_broken_file(tmp_path):
    """No file, and a file that is not YAML, are each said in words."""
    with pytest.raises(ParamsError, match="is not there; run from the repository's root"):
        params.load("freeze", Freeze, tmp_path / "params.yaml")
    assert "is not valid YAML" in refusal(tmp_path, "freeze: {")


def test_names_are_fit_for_file_names(tmp_path):
    """A generator's or slice's name with a dash would be two parts of a batch's name."""
    assert params.load("slices", dict[Name, int], written(tmp_path, "slices: {all_1: 1}\n"))
    message = refusal(tmp_path, "slices: {rare-class: 1}\n", "slices", dict[Name, int])
    assert "`slices.rare-class`" in message


def test_unknown_key_of_a_nested_section_names_the_nearest_there(tmp_path):
    """The choices are those of the section that the key stands in."""

    class Outer(Section):
        """A section with another in it."""

        inner: Freeze

    message = refusal(tmp_path, "data: {inner: {train: 1, holdout: 1, sed: 1}}\n", "data", Outer)
    assert (
        "`data.inner.sed` is unknown; did you mean 'seed'? choices: holdout, seed, train" in message
    )


def test_sections_are_frozen():
    """What was read is not changed afterwards."""
    with pytest.raises(ValueError, match="frozen"):
        Freeze(train=1, holdout=1).train = 2


def test_every_section_is_known():
    """A section that some stage reads is none that is refused as unknown, and none is missing."""
    assert set(params.SECTIONS) == set(SECTIONS)
    path = ROOT / "params.yaml"
    assert set(yaml.safe_load(path.read_text("utf-8"))) == set(params.SECTIONS)


def test_an_unknown_section_names_the_nearest(tmp_path):
    """What stands at the top of the file and belongs to no stage is a mistake."""
    message = refusal(tmp_path, "freeze: {train: 1, holdout: 2}\nswep: {}\n")
    assert "section `swep` is unknown; did you mean 'sweep'? choices: admit, " in message


@pytest.mark.parametrize("value", ["true", "yes", ".nan", ".inf", "many", "[1]"])
def test_a_number_is_a_number(tmp_path, value):
    """Neither a truth, which Python counts as 1, nor a word, a list or no number at all."""
    assert "`freeze.train`: " in refusal(tmp_path, f"freeze: {{train: {value}, holdout: 2}}\n")
