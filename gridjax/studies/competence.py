"""Competence of networks: whether a network has learned to path-integrate.

A network is competent if its position error is below 10 cm and below the error of answering the
start, which is the mean distance between the true position and the start of the path. The position
error is that of the likelihood decoder over 50 moves, ``decode_err_ml_cm_T50``. This decoder has no
lower limit of the error: if the outputs are equal to the targets, it finds the position for every
target code in which no two positions have the same targets. Such codes are Cartesian codes, polar
codes and place cells, including codes whose published decoder cannot reach 10 cm.

In polar codes with the published angle, atan(y / x), opposite positions have the same targets.
Therefore no decoder can reach 10 cm. A network of such a code is competent if its excess loss (its
loss minus the least possible loss) is below a bound. The bound is the excess loss of outputs that
are the targets of a position 10 cm away. If the error of answering the start is less than 10 cm,
this distance is used in place of 10 cm.

A network without recurrence receives the position after each move. Its position error is then no
error of path integration: it is the error of the position that its outputs encode. The same two
bounds apply. The bound on the loss cannot replace them: it is infinite for Differences of
Softmaxes.

Competence never depends on a grid score, a period or a spectrum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from gridjax.spec.network import NetworkSpec

if TYPE_CHECKING:
    import pandas as pd

ALL, COMPETENT, FINISHED = "all", "competent", "finished"
"""Networks of a study: all that did not diverge; the competent ones; all finished ones, including
diverged networks."""
COMPETENT_CM = 10.0
"""Position error below which a network is competent, cm."""
ERROR, START_ERROR = "decode_err_ml_cm_T50", "start_err_cm_T50"
"""Columns of the position error and of the error of answering the start, cm."""
LEAST_SHARE = 0.5
"""Smallest share of competent networks in an arm that allows a verdict."""
FEWEST_COMPETENT = 8
"""Smallest number of competent networks in an arm that allows a verdict."""
MOST_DIVERGED = 0.1
"""Largest share of diverged networks in an arm that allows a verdict on all others."""

_SQUARED = ("mse", "polarmse")


def competent(
    rows: pd.DataFrame, spec_of: Callable[[str], NetworkSpec]
) -> Bool[np.ndarray, " row"]:
    """Return whether each network is competent; False for diverged networks and NaN errors.

    Args:
        rows: rows of the table of networks.
        spec_of: a function from ``run_id`` to the spec.
    """
    from gridjax.run.evaluation.evaluation import DIVERGED

    error, start = rows[ERROR].to_numpy(float), rows[START_ERROR].to_numpy(float)
    able = (error < COMPETENT_CM) & (error < start)
    for at, run_id in enumerate(rows["run_id"]):
        spec = spec_of(run_id)
        if not is_decodable(spec):
            distance_cm = np.minimum(COMPETENT_CM, start[at])  # NaN if the start error is NaN
            limit = loss_bound(spec, float(distance_cm) / 100)
            able[at] = loss_above_least(rows.iloc[at], spec) < limit < math.inf  # false for NaN
    return able & (rows["status"] != DIVERGED).to_numpy(bool)


def is_decodable(spec: NetworkSpec) -> bool:
    """Return whether no two positions have the same targets, so that a decoder can reach 10 cm."""
    return "polar" not in spec.place_field_values or spec.fidelity.polar_angle != "atan"


def loss_above_least(row: Mapping[str, Any] | pd.Series, spec: NetworkSpec) -> float:
    """Return the loss of a network minus the least possible loss, without the weight penalty.

    For cross-entropy it is the column ``loss_excess``. For ``mse`` and ``polarmse``, whose least
    value is 0, it is ``loss``, minus the weight penalty if the column ``loss`` contains it. For
    other losses it is NaN.

    Args:
        row: the network's row in the table of networks.
        spec: the network.
    """
    if spec.place_field_loss not in _SQUARED:
        return float(row["loss_excess"])
    has_penalty = spec.fidelity.loss_column == "with_penalty"
    return float(row["loss"] - row["weight_penalty"] if has_penalty else row["loss"])


def loss_bound(spec: NetworkSpec, distance_m: float) -> float:
    """Return the excess loss of outputs that are the targets ``distance_m`` (metres) away.

    It is computed in the network's own layout (gridjax.model.displaced_loss). For a distance of 0
    or NaN it is 0, and no loss is below it.
    """
    from gridjax.model.displaced_loss import displaced_loss
    from gridjax.task.code_maps import layout_of

    if not distance_m > 0:
        return 0.0  # also for NaN
    return float(displaced_loss(layout_of(spec), spec.box_width_in_m, spec.static, distance_m))
