"""Stage brief: the problem statement, complete, and the route that the decision rule recommends."""

from .lib import files, params
from .lib.errors import run
from .lib.problem import Brief, route


def main() -> None:
    """Write metrics/brief.json, or stop with every unanswered question."""
    brief = params.load("brief", Brief)
    recommended = route(brief)
    files.write_json({"route": recommended, **brief.model_dump()}, "metrics/brief.json")
    print(f"route: {recommended}")


if __name__ == "__main__":
    run(main)
