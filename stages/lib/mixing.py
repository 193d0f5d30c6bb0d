"""Real and synthetic rows mixed at a ratio, the synthetic part of all training rows."""

from typing import Literal

import numpy as np

from .errors import ParamsError

Policy = Literal["add", "replace"]


def counts(ratio: float, real: int, policy: Policy) -> tuple[int, int]:
    """Return how many real and synthetic rows make a mix.

    `add` keeps all `real` rows, so synthetic = ratio / (1 - ratio) · real; `replace` keeps the
    total at `real`.
    """
    if policy == "replace":
        synthetic = round(ratio * real)
        return real - synthetic, synthetic
    return real, round(ratio / (1 - ratio) * real)


def check(ratios: list[float], real: int, synthetic: int, policy: Policy, where: str) -> None:
    """Raise ParamsError where a ratio is out of range or needs more rows than there are."""
    for ratio in ratios:
        if not 0 <= ratio < 1:
            raise ParamsError(
                f"params.yaml: `{where}` {ratio:g} is not a ratio; expected 0 or more and below 1 "
                "(the synthetic part of the training rows)"
            )
        needed = counts(ratio, real, policy)[1]
        if needed > synthetic:
            raise ParamsError(
                f"params.yaml: `{where}` {ratio:g} needs {needed:,} synthetic rows beside "
                f"{real:,} real ones and {synthetic:,} are admitted; raise `slices.*.rows` "
                "or lower the ratio"
            )


def draw(ratio: float, real: int, synthetic: int, policy: Policy, *, seed: int) -> np.ndarray:
    """Return the places of a mix's rows among the real rows followed by the synthetic ones.

    The rows of a smaller ratio are among those of a larger one of the same seed, which pairs
    the ratios of a sweep.
    """
    rng = np.random.default_rng(seed)
    order_real, order_synthetic = rng.permutation(real), rng.permutation(synthetic)
    keep, add = counts(ratio, real, policy)
    return np.concatenate([np.sort(order_real[:keep]), real + order_synthetic[:add]])
