"""Stage brief: the problem statement, complete, and the route that the decision rule recommends."""

from .lib.base import numerics  # noqa: F401  (before any numeric library)

# isort: split
from .lib.base import files, params
from .lib.base.errors import run
from .lib.problem import Brief, drafts, route


def main() -> None:
    """Write metrics/brief.json, or stop with every unanswered question.

    Keys of metrics/brief.json:

    - `route`: what the decision rule recommends
    - `drafts`: the answers that `dvc-synth init` wrote and nobody has replaced
    - `gap`, `why_not_real`, `metric`, `threshold`, `priority`, `decision`, `proceed_because`: the
      answers, as in params.yaml
    """
    brief = params.load("brief", Brief)
    recommended = route(brief)
    unanswered = drafts(brief)
    told = {"route": recommended, "drafts": unanswered, **brief.model_dump()}
    files.write_json(told, "metrics/brief.json")
    print(f"route: {recommended}")
    if unanswered:
        print(f"a draft, to be answered in params.yaml: {', '.join(unanswered)}")


if __name__ == "__main__":
    run(main)
