"""Tables of the environments of one network: a row for each environment, and for each unit in it.

Units are grid-like if their grid score is above 0.3 and above the 99th percentile of random
readouts of the target code. Each environment from 1 on is compared with environment 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from gridjax.metrics.remapping.map_correlation import MapCorrelation
from gridjax.metrics.remapping.phase_coherence import phase_coherence
from gridjax.metrics.remapping.unit_kinds import (
    GRID,
    PLACE,
    SILENT,
    orientation_difference,
    partners,
)
from gridjax.spec.network import NetworkSpec
from gridjax.training.position_metrics import PositionMetrics

GRID_SCORE = 0.3
"""Smallest grid score of a grid-like unit, if the null is below it."""
_OF_KINDS = ("n", "correlation", "correlation_null", "shifted", "shifted_null")
MEASURES = (
    "loss",
    "pos_decoding_err",
    "share_active",
    "share_grid_like",
    *(f"{kind}_{measure}" for kind in (GRID, PLACE) for measure in _OF_KINDS),
    "grid_period_ratio",
    "grid_turn_deg",
    "grid_phase_coherence",
    "grid_phase_coherence_null",
    "grid_period_change",
    "grid_period_change_null",
    "grid_turn_deg_null",
)
"""Columns of numbers of the table ``environments``, in their order."""
UNIT_MEASURES = (
    "score_60_by_neuron",
    "period_cm",
    "orientation_rad",
    "phase_x_cm",
    "phase_y_cm",
    "correlation",
    "correlation_null",
    "correlation_shifted",
    "correlation_shifted_null",
    "shift_x_cm",
    "shift_y_cm",
)
"""Columns of numbers of the table ``remapping``, in their order."""


@dataclass(frozen=True)
class InEnvironment:
    """Errors, scores and lattices of one network in one environment; arrays on the host."""

    by_time: PositionMetrics
    is_active: Bool[np.ndarray, " unit"]
    is_compact: Bool[np.ndarray, " unit"]
    is_grid: Bool[np.ndarray, " unit"]
    """grid-like units"""
    score_60: Float[np.ndarray, " unit"]
    """0 for inactive units"""
    period_cm: Float[np.ndarray, " unit"]
    orientation_rad: Float[np.ndarray, " unit"]
    phase_cm: Float[np.ndarray, "unit 2"]

    @classmethod
    def of(
        cls,
        by_time: PositionMetrics,
        is_active: Bool[np.ndarray, " unit"],
        is_compact: Bool[np.ndarray, " unit"],
        null_99: float,
        score_60: Float[np.ndarray, " unit"],
        *lattice: Float[np.ndarray, " unit"],
    ) -> InEnvironment:
        """Return the measures; inactive units have score 0 and no lattice.

        ``null_99`` is the score of the null that grid-like units exceed. ``lattice`` is the period
        (cm), the orientation (rad), and the phase along x and along y (cm).
        """
        score_60 = np.where(is_active, score_60, 0.0)
        period, turn, x, y = (np.where(is_active, each, np.nan) for each in lattice)
        is_grid = score_60 > max(GRID_SCORE, null_99)
        phase = np.stack([x, y], axis=1)
        return cls(by_time, is_active, is_compact, is_grid, score_60, period, turn, phase)


class Remapping(NamedTuple):
    """Comparison of the units of one network in an environment with environment 0."""

    kinds: np.ndarray
    own: MapCorrelation
    """correlations of the maps of each unit"""
    shuffled: MapCorrelation
    """mean correlations of its map in environment 0 with those of other units of its kind"""
    is_alone: Bool[np.ndarray, " unit"]
    """units without such other units"""


def environment_tables(
    spec: NetworkSpec, n_bins: int, found: Sequence[tuple[InEnvironment, Remapping | None]]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the columns of the tables ``environments`` and ``remapping`` of one network.

    Args:
        spec: the network.
        n_bins: bins along each side of its maps.
        found: its measures in each environment, environment 0 first, which has no comparison.
    """
    first = found[0][0]
    rows, parts = [], []
    for number, (there, remapping) in enumerate(found):
        row = dict.fromkeys(MEASURES, math.nan) | _measures(spec, there)
        if remapping is not None:
            units = _unit_columns(spec, n_bins, there, remapping)
            row |= _comparison(first, there, units)
            n_units = len(there.is_active)
            places = {"environment": np.full(n_units, number), "unit": np.arange(n_units)}
            parts.append(places | units)
        rows.append({"environment": number} | row)
    environments = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return environments, {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _measures(spec: NetworkSpec, there: InEnvironment) -> dict[str, float]:
    trained = slice(0, spec.sequence_length)
    return {
        "loss": np.asarray(there.by_time.loss, np.float64)[trained].mean(),
        "pos_decoding_err": 100
        * np.asarray(there.by_time.position_error_m, np.float64)[trained].mean(),
        "share_active": there.is_active.mean(),
        "share_grid_like": there.is_grid.mean(),
    }


def _unit_columns(
    spec: NetworkSpec, n_bins: int, there: InEnvironment, remapping: Remapping
) -> dict[str, np.ndarray]:
    own, cm = remapping.own, 100 * spec.box_width_in_m / n_bins
    # a map that is constant but for rounding has correlations too
    is_silent = remapping.kinds == SILENT
    correlation, shifted, x, y = (
        np.where(is_silent, np.nan, each)
        for each in (own.correlation, own.correlation_shifted, *(cm * own.shift.T))
    )
    null, shifted_null = (
        np.where(remapping.is_alone, np.nan, each)
        for each in (remapping.shuffled.correlation, remapping.shuffled.correlation_shifted)
    )
    values = (
        *(there.score_60, there.period_cm, there.orientation_rad, *there.phase_cm.T),
        *(correlation, null, shifted, shifted_null, x, y),
    )
    columns = dict(zip(UNIT_MEASURES, map(np.asarray, values), strict=True))
    return {"kind": remapping.kinds, **columns}


def _comparison(
    first: InEnvironment, there: InEnvironment, units: dict[str, np.ndarray]
) -> dict[str, float]:
    """Return medians over the grid-like and over the place-like units, and the common shift."""
    row: dict[str, float] = {}
    columns = ("correlation", "correlation_null", "correlation_shifted", "correlation_shifted_null")
    for kind in (GRID, PLACE):
        chosen = units["kind"] == kind
        medians = (_median(units[name][chosen]) for name in columns)
        values = (float(chosen.sum()), *medians)
        row |= {f"{kind}_{name}": each for name, each in zip(_OF_KINDS, values, strict=True)}
    is_grid = units["kind"] == GRID
    turn = orientation_difference(first.orientation_rad, there.orientation_rad)
    coherence = phase_coherence(
        first.period_cm,
        first.orientation_rad,
        np.stack([first.phase_cm, there.phase_cm]),
        is_grid,
    )
    return row | {
        "grid_period_ratio": _median((there.period_cm / first.period_cm)[is_grid]),
        "grid_turn_deg": float(np.degrees(_median(turn[is_grid]))),
        "grid_phase_coherence": coherence[0],
        "grid_phase_coherence_null": coherence[1],
        **_changes_of_lattices(first, there, units["kind"]),
    }


def _changes_of_lattices(
    first: InEnvironment, there: InEnvironment, kinds: np.ndarray
) -> dict[str, float]:
    """Return the median change of the period of grid-like units, and the nulls of shuffled units.

    A change is the larger of the two periods over the smaller one: a ratio of periods is near 1 in
    the median for unrelated maps, too. In the nulls, the lattice of a unit in the first environment
    is compared with those of other grid-like units in the other one.
    """
    is_grid = kinds == GRID
    others = partners(kinds)[:, is_grid]
    is_known = others >= 0

    def change(period_cm: Float[np.ndarray, "... unit"]) -> Float[np.ndarray, "... unit"]:
        return np.exp(np.abs(np.log(period_cm / first.period_cm[is_grid])))

    def turned(orientation_rad: Float[np.ndarray, "... unit"]) -> Float[np.ndarray, "... unit"]:
        return orientation_difference(first.orientation_rad[is_grid], orientation_rad)

    return {
        "grid_period_change": _median(change(there.period_cm[is_grid])),
        "grid_period_change_null": _median(change(there.period_cm[others])[is_known]),
        "grid_turn_deg_null": float(
            np.degrees(_median(turned(there.orientation_rad[others])[is_known]))
        ),
    }


def _median(values: Float[np.ndarray, " unit"]) -> float:
    """Return the median of the known values; NaN without any."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
