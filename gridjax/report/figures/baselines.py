"""Baselines in figures: position errors of fixed answers, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.report.run_data import NetworkRecord, only
from gridjax.sweep.settings.evaluation_sizes import T_STUDY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SIDES = 10
"""Position errors are drawn up to this number of sides of the box.

No answer inside a square errs by more than 1.4 sides. The outputs of codes without place cells can
leave the box, and a single network with an error of 1e9 m would hide all others.
"""
_N_SAMPLES = 100_000
_FEWEST_PATHS = 300


class Chance(NamedTuple):
    """Mean position errors (cm) of two fixed answers, without a network."""

    centre_cm: float
    """error if the answer is always the centre of the box"""
    start_cm: float
    """error if the answer is always the start of the trajectory"""


class ChanceCurves(NamedTuple):
    """The errors of Chance after each move, cm."""

    centre_cm: Float[np.ndarray, " move"]
    start_cm: Float[np.ndarray, " move"]


def largest_drawn_cm(records: Sequence[NetworkRecord]) -> float:
    """Return the largest position error that figures draw, cm."""
    return 100 * MOST_SIDES * max(record.spec.box_width_in_m for record in records)


def end_axis(axes: Axes, most_cm: float) -> None:
    """End a vertical axis of position errors at ``most_cm`` if it is longer."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, min(high, max(most_cm, 10 * low)))


def chance_errors(records: Sequence[NetworkRecord], n_moves: int) -> Chance | None:
    """Return the chance errors over trajectories of ``n_moves``; None if motion settings differ.

    The errors are means over all moves, like the position errors of networks.
    """
    curves = chance_curves(records, n_moves)
    if curves is None:
        return None
    return Chance(float(curves.centre_cm.mean()), float(curves.start_cm.mean()))


def chance_curves(records: Sequence[NetworkRecord], n_moves: int) -> ChanceCurves | None:
    """Return simulated chance errors after each move; None if motion settings differ."""
    from gridjax.task.motion.square_walk import WORLD, simulate_trajectories

    world: dict[str, Any] = {name: only(records, name) for name in WORLD}
    if None in world.values():
        return None
    # All short trajectories are simulated at one length, so that they need only one compilation.
    n_simulated = max(n_moves, T_STUDY)
    n_paths = max(_FEWEST_PATHS, _N_SAMPLES // n_simulated)
    paths = simulate_trajectories(n_paths, n_simulated, **world)
    positions = paths.positions[:, :n_moves]
    moved = positions - paths.start[:, None]
    return ChanceCurves(
        centre_cm=100 * np.linalg.norm(positions, axis=-1).mean(axis=0),
        start_cm=100 * np.linalg.norm(moved, axis=-1).mean(axis=0),
    )
