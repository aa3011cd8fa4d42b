"""Emergence of grid cells: the measures of a network at one step of its training, as a row."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from gridjax.run.evaluation.evaluation import Evaluation
from gridjax.run.evaluation.network_metrics import THRESHOLDS

MEASURES = (
    "loss",
    "loss_excess",
    "pos_decoding_err",
    "decode_err_ml_cm",
    "score_60_by_neuron_max",
    *(f"share_above_{threshold}" for threshold in THRESHOLDS),
    "share_above_null_99",
    "share_active",
)
"""Columns that are equal to those of the table of networks."""
LATTICES = ("share_with_lattice", "period_cm_median")
COLUMNS = ("step", *MEASURES, *LATTICES)
"""Columns of a row, in the order of the table."""


def emergence_row(step: int, evaluation: Evaluation) -> dict[str, float]:
    """Return the row of a network that was evaluated after ``step`` gradient steps."""
    measures = {name: float(evaluation.network[name]) for name in MEASURES}
    units = evaluation.units
    reported = units["nbins"] == units["nbins"][-1]  # the reported number of bins is the last
    return {"step": step, **measures, **lattices(units["period_cm"][reported])}


def lattices(period_cm: Float[np.ndarray, " unit"]) -> dict[str, float]:
    """Return the share of units with a lattice, and the median period of these units.

    ``period_cm`` are the periods of all units, NaN without a significant lattice. Without any
    lattice the median is NaN.
    """
    found = period_cm[np.isfinite(period_cm)]
    return {
        "share_with_lattice": len(found) / len(period_cm),
        "period_cm_median": float(np.median(found)) if len(found) else math.nan,
    }
