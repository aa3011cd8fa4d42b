"""Learning of a new readout: gradient descent on the readout of new targets from given rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from gridjax.metrics.arguments import check_int, invalid_argument
from gridjax.metrics.coding.code_book import check_maps

STEPS = (1, 10, 100, 1000, 10000)
"""Numbers of gradient steps."""
_FLAT = 1e-12
"""Standard deviation of targets over their root mean square, below which it is rounding."""


def unexplained_shares(
    maps: Any, targets: Any, n_steps: Sequence[int] = STEPS
) -> Float[np.ndarray, " n_steps"]:
    """Return the share of the targets' variance that a linear readout leaves after gradient steps.

    The readout has an offset and starts at 0; only its weights are trained, by gradient descent on
    the squared error over all bins. The learning rate is the inverse of the largest eigenvalue of
    the rates' covariance. Then the error in eigendirection i after t steps is its first value times
    (1 - l_i / l_1)^t, so that no step is computed. With the place cells of a new layout as targets,
    this is transfer to a new map of the same box (remapping).

    Args:
        maps: [unit, n, n]; bins that are NaN in any map are left out.
        targets: [target, n, n], for example the place cells of a new layout.
        n_steps: numbers of gradient steps.

    Raises GridjaxError for invalid arguments, or if the targets are constant.
    """
    maps, targets = check_maps(maps), check_maps(targets)
    if maps.shape[1:] != targets.shape[1:]:
        message = f"maps have shape {maps.shape}, targets {targets.shape}"
        raise invalid_argument(message, "give both at the same bins")
    steps = np.array([check_int("n_steps", n, 0, 10**15) for n in n_steps], np.float64)
    both = np.concatenate([maps, targets]).reshape(len(maps) + len(targets), -1).T
    both = both[np.isfinite(both).all(axis=1)]
    if len(both) < 2:
        fix = "give maps with at least two bins that all of them have"
        raise invalid_argument(f"{len(both)} bins are known in all maps", fix)
    level = np.square(both[:, len(maps) :]).sum()
    both = both - both.mean(axis=0)
    rates, wanted = both[:, : len(maps)], both[:, len(maps) :]
    total = np.square(wanted).sum()
    if total <= _FLAT**2 * level:
        raise invalid_argument("all targets are constant", "give targets that depend on the place")
    left, singular, _ = np.linalg.svd(rates, full_matrices=False)
    if singular[0] == 0:
        return np.ones(len(steps))
    power = np.square(left.T @ wanted).sum(axis=1)
    kept = (1 - np.square(singular / singular[0])) ** (2 * steps[:, None])
    return 1 - ((1 - kept) @ power) / total
