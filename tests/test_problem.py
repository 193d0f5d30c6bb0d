"""The problem statement: every question answered, and the route that the answers recommend."""

import pytest
import yaml

from stages.lib import problem
from stages.lib.base import params
from stages.lib.base.errors import ParamsError
from stages.lib.problem import Brief

DECISION = {
    "real_data_inaccessible": False,
    "labelling_is_bottleneck": False,
    "only_rare_class_missing": False,
    "slightly_underfit_on_abundant_data": False,
    "none_of_these": False,
}
BRIEF = {
    "gap": "too few labels",
    "why_not_real": "interviews take a year",
    "metric": "roc_auc",
    "threshold": 0.9,
    "priority": "utility",
    "decision": {**DECISION, "labelling_is_bottleneck": True},
}


def load(folder, **changes):
    """Read a brief with some answers changed."""
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({"brief": {**BRIEF, **changes}}))
    return params.load("brief", Brief, path)


def refusal(folder, **changes):
    """Return the message with which a brief is refused."""
    with pytest.raises(ParamsError) as caught:
        load(folder, **changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("real_data_inaccessible", "synthetic or simulated data"),
        ("labelling_is_bottleneck", "synthetic data with free labels"),
        ("only_rare_class_missing", "targeted synthesis for the class"),
        ("slightly_underfit_on_abundant_data", "augmentation of real rows"),
    ],
)
def test_route_of_each_answer(tmp_path, answer, expected):
    """Each yes recommends its own route."""
    assert problem.route(load(tmp_path, decision={**DECISION, answer: True})) == expected


def test_first_yes_decides(tmp_path):
    """Of two answers the earlier one decides."""
    both = {**DECISION, "only_rare_class_missing": True, "real_data_inaccessible": True}
    assert problem.route(load(tmp_path, decision=both)) == "synthetic or simulated data"


def test_collecting_real_data_needs_a_reason_to_go_on(tmp_path):
    """Where the rule says to collect, only a written reason lets the pipeline go on."""
    none = {**DECISION, "none_of_these": True}
    for reason in (None, "", "  "):
        message = refusal(tmp_path, decision=none, proceed_because=reason)
        assert "collect more real data; to go on all the same, say why" in message
    found = load(tmp_path, decision=none, proceed_because="a study of the method")
    assert problem.route(found) == "collect more real data"


def test_unanswered_questions_are_named_together(tmp_path):
    """Every empty answer is named, those of the decision rule too."""
    message = refusal(
        tmp_path,
        gap=None,
        why_not_real="  ",
        threshold=None,
        priority=None,
        decision={**DECISION, "labelling_is_bottleneck": None},
    )
    assert "5 problems" in message
    bottleneck = "decision.labelling_is_bottleneck"
    for name in ("gap", "why_not_real", "threshold", "priority", bottleneck):
        assert f"`brief.{name}`: this question is unanswered; answer it" in message


def test_missing_questions_are_named(tmp_path):
    """A question that was deleted is as unanswered as an empty one."""
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"brief": {"gap": "too few labels"}}))
    with pytest.raises(ParamsError) as caught:
        params.load("brief", Brief, path)
    assert "`brief.metric` is missing; add it" in str(caught.value)
    assert "`brief.decision` is missing; add it" in str(caught.value)


@pytest.mark.parametrize(
    "decision", [DECISION, {**DECISION, "real_data_inaccessible": True, "none_of_these": True}]
)
def test_decision_goes_one_way(tmp_path, decision):
    """All no, or a yes beside `none_of_these`, is no answer."""
    message = refusal(tmp_path, decision=decision)
    assert "answer yes to `none_of_these` or to a question above it, not both" in message


def test_priority_is_one_of_three(tmp_path):
    """An unknown priority is told with the choices."""
    message = refusal(tmp_path, priority="speed")
    assert "`brief.priority`" in message
    assert "'fidelity', 'privacy' or 'utility'" in message


def test_answers_lose_outer_blanks(tmp_path):
    """An answer is kept as it was meant."""
    assert load(tmp_path, gap="  too few labels\n").gap == "too few labels"


def test_drafts_of_init_are_told_apart(tmp_path):
    """An answer that begins as init's drafts do counts as answered, and is told as a draft."""
    drafted = load(tmp_path, gap="TODO: say what is missing", why_not_real="interviews TODO: cost")
    assert problem.drafts(drafted) == ["brief.gap"]
    assert problem.drafts(load(tmp_path)) == []
