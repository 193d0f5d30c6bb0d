"""Every section of params.yaml by the model that reads it, in the order of the file."""

from pathlib import Path
from typing import Any

from ..ingest import Data
from ..lib.admission import Admit
from ..lib.base import params
from ..lib.base.errors import ParamsError
from ..lib.batches import Slices
from ..lib.drift.comparison import Monitor
from ..lib.final.blend import Blend
from ..lib.generators.registry import Specs
from ..lib.holdout import Freeze
from ..lib.learners import Learners
from ..lib.ledger import Privacy
from ..lib.preview import Preview
from ..lib.problem import Brief
from ..lib.production import Generate
from ..lib.quality.thresholds import Gates
from ..lib.ratios.sweep import Sweep
from ..lib.report.triggers import Triggers
from ..lib.returns import Ingest
from ..lib.verify import Verify

SECTIONS: dict[str, Any] = {
    "data": Data,
    "brief": Brief,
    "ingest": Ingest,
    "freeze": Freeze,
    "models": Learners,
    "generators": Specs,
    "privacy": Privacy,
    "slices": Slices,
    "preview": Preview,
    "generate": Generate,
    "verify": Verify,
    "gates": Gates | None,
    "admit": Admit,
    "sweep": Sweep,
    "blend": Blend,
    "monitor": Monitor,
    "triggers": Triggers,
}


def problems(path: Path) -> list[str]:
    """Return what stages would say of a params file, each message once."""
    found = []
    for name, model in SECTIONS.items():
        try:
            params.load(name, model, path)
        except ParamsError as error:
            found.append(str(error).replace(str(path), params.FILE))
    return list(dict.fromkeys(found))
