"""Every section of params.yaml by the model that reads it, in the order of the file."""

from pathlib import Path
from typing import Any

from ..ingest import Data
from ..lib import params
from ..lib.admission import Admit
from ..lib.batches import Slices
from ..lib.blend import Blend
from ..lib.drift.comparison import Monitor
from ..lib.errors import ParamsError
from ..lib.generators.registry import Specs
from ..lib.holdout import Freeze
from ..lib.learners import Learners
from ..lib.ledger import Privacy
from ..lib.preview import Preview
from ..lib.problem import Brief
from ..lib.production import Generate
from ..lib.returns import Ingest
from ..lib.sweep import Sweep
from ..lib.thresholds import Gates
from ..lib.triggers import Triggers
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
