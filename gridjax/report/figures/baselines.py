"""Position errors of answers that need no network: the baselines of figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from gridjax.report.run_data import Member, only
from gridjax.run.evaluation.rollout import T_STUDY

_N_SAMPLES = 100_000
_FEWEST_PATHS = 300


class Chance(NamedTuple):
    """Mean position errors of answers that need no network, cm."""

    centre_cm: float
    """of always answering the centre of the box"""
    start_cm: float
    """of always answering the position at the start"""


class ChanceCurves(NamedTuple):
    """The same after each move."""

    centre_cm: Float[np.ndarray, " move"]
    start_cm: Float[np.ndarray, " move"]


def chance_errors(members: Sequence[Member], n_moves: int) -> Chance | None:
    """Return the chance errors over trajectories of ``n_moves``; None where worlds differ.

    Means over all moments after the start, as the position errors of networks are.
    """
    curves = chance_curves(members, n_moves)
    if curves is None:
        return None
    return Chance(float(curves.centre_cm.mean()), float(curves.start_cm.mean()))


def chance_curves(members: Sequence[Member], n_moves: int) -> ChanceCurves | None:
    """Return the chance errors after each of ``n_moves``, simulated; None where worlds differ."""
    from gridjax.task.motion import WORLD, simulate_trajectories

    world: dict[str, Any] = {name: only(members, name) for name in WORLD}
    if None in world.values():
        return None
    # As long for every short trajectory: one compilation serves all panels.
    n_simulated = max(n_moves, T_STUDY)
    n_paths = max(_FEWEST_PATHS, _N_SAMPLES // n_simulated)
    paths = simulate_trajectories(n_paths, n_simulated, **world)
    positions = paths.positions[:, :n_moves]
    moved = positions - paths.start[:, None]
    return ChanceCurves(
        centre_cm=100 * np.linalg.norm(positions, axis=-1).mean(axis=0),
        start_cm=100 * np.linalg.norm(moved, axis=-1).mean(axis=0),
    )
