"""Competence of networks: whether a network has learned to path-integrate.

A network is competent if its position error is below 10 cm and below the error of answering the
start. The error is that of the likelihood decoder over 50 moves, ``decode_err_ml_cm_T50``. This
decoder has no floor: with a network's own targets as outputs, it finds the position for every
target code in which no two positions have the same targets. These are Cartesian codes, polar codes
and place cells, also those whose published decoder cannot reach 10 cm.

In polar codes with the published angle, atan(y / x), opposite positions have the same targets, so
that no decoder can reach 10 cm. A network of such a code is competent if its loss, above the least
possible loss, is below that of answering the targets of a position 10 cm away (or as far away as
the start is on average, if that is less).

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
"""Networks of a study: all that did not diverge; the competent ones; all that are finished, those
that diverged included."""
COMPETENT_CM = 10.0
"""Position error below which a network is competent, cm."""
ERROR, START_ERROR = "decode_err_ml_cm_T50", "start_err_cm_T50"
"""Columns of the network's error and of the error of answering the start, cm."""
LEAST_SHARE = 0.5
"""Least share of an arm that must be competent for a verdict."""
FEWEST_COMPETENT = 8
"""Least number of competent networks of an arm for a verdict."""

_SQUARED = ("mse", "polarmse")


def competent(
    rows: pd.DataFrame, spec_of: Callable[[str], NetworkSpec]
) -> Bool[np.ndarray, " row"]:
    """Return whether each network is competent. Diverged networks and NaN errors are not.

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

    It is ``loss_excess`` for cross-entropy. The least squared error is 0, so that it is ``loss``
    for ``mse`` and ``polarmse``, minus the weight penalty if the column contains it. It is NaN for
    other losses.

    Args:
        row: the network's row in the table of networks.
        spec: the network.
    """
    if spec.place_field_loss not in _SQUARED:
        return float(row["loss_excess"])
    has_penalty = spec.fidelity.loss_column == "with_penalty"
    return float(row["loss"] - row["weight_penalty"] if has_penalty else row["loss"])


def loss_bound(spec: NetworkSpec, distance_m: float) -> float:
    """Return the loss, above the least, of the targets ``distance_m`` (metres) away.

    It is a mean over the network's own layout (gridjax.model.displaced_loss). It is 0, which no
    loss is below, for a distance that is not above 0.
    """
    from gridjax.model.displaced_loss import displaced_loss
    from gridjax.task.code_maps import layout_of

    if not distance_m > 0:
        return 0.0  # also for NaN
    return float(displaced_loss(layout_of(spec), spec.box_width_in_m, spec.static, distance_m))
