"""Settings of a population of agents: their arena, their trials and their training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gridjax.metrics.arguments import check_float, check_int, invalid_argument
from gridjax.metrics.coding.code_book import WIDEST_BOX_M

Wall = tuple[tuple[float, float], tuple[float, float]]
"""The two ends of a wall, metres from the middle of the arena."""
MOST = 10**6
_FORM = "((x1, y1), (x2, y2))"
_ROUNDING = 1e-6


@dataclass(frozen=True)
class AgentSettings:
    """Settings of agents and of their training; every agent of a population has the same ones.

    An agent chooses a turn, and then moves forward by ``moves_per_decision`` moves of ``step_cm``.
    It is rewarded by 1 when it is at the goal; then it starts a new trial, with another goal, at
    another place. A trial also ends after ``max_decisions``.
    """

    n_updates: int = 300
    """updates of the policy, each after ``n_walkers * horizon`` decisions"""
    n_walkers: int = 32
    """copies of an agent that explore at the same time"""
    horizon: int = 64
    """decisions of each walker between two updates"""
    n_epochs: int = 3
    """passes over the decisions of an update; each takes ``n_minibatches`` gradient steps"""
    n_minibatches: int = 2
    n_hidden: int = 64
    """units of each layer of the policy but the conjunctive one"""
    learning_rate: float = 1e-3
    """of Adam at the first update; it falls linearly to 0"""
    discount: float = 0.97
    """factor by which a reward counts less for each decision before it"""
    gae_lambda: float = 0.95
    """decay of the advantage estimate (Schulman et al. 2016)"""
    clip: float = 0.2
    """largest relative change of a decision's probability (Schulman et al. 2017)"""
    shaping: float = 1.0
    """reward for each metre by which a decision brings an agent closer to its goal. It is the
    difference of a potential, which changes no optimal policy (Ng, Harada and Russell 1999) but for
    trials that take too long"""
    entropy: float = 0.01
    """weight of the entropy of the policy in the loss"""
    step_cm: float = 2.0
    moves_per_decision: int = 4
    turns_deg: tuple[float, ...] = (-90.0, -30.0, 0.0, 30.0, 90.0)
    goal_radius_cm: float = 12.0
    max_decisions: int = 100
    held_out_quadrant: bool = True
    """whether training has no goals at x > 0, y > 0; tests have them"""
    walls: tuple[Wall, ...] = ()
    """walls in the arena, metres; no agent can cross them"""
    n_head_direction_cells: int = 12
    n_test_trials: int = 200
    """trials of each test"""

    def __post_init__(self) -> None:
        """Store plain numbers and tuples; raise GridjaxError for values that no agent can have."""
        checked: dict[str, Any] = {
            name: check_int(name, getattr(self, name), low, high)
            for name, (low, high) in _WHOLE.items()
        }
        for name, (low, high) in _NUMBERS.items():
            checked[name] = check_float(name, getattr(self, name), low, high)
        if checked["n_walkers"] % checked["n_minibatches"]:
            message = f"n_minibatches is {self.n_minibatches} for {self.n_walkers} walkers"
            raise invalid_argument(message, "give a divisor of n_walkers")
        if not isinstance(self.held_out_quadrant, bool | np.bool_):
            message = f"held_out_quadrant is {self.held_out_quadrant!r}"
            raise invalid_argument(message, "give True or False")
        checked["held_out_quadrant"] = bool(self.held_out_quadrant)
        checked["turns_deg"] = _turns(self.turns_deg)
        checked["walls"] = _walls(self.walls)
        for name, value in checked.items():
            object.__setattr__(self, name, value)


_WHOLE = {
    "n_updates": (1, MOST),
    "n_walkers": (1, 4096),
    "horizon": (2, 4096),
    "n_epochs": (1, 100),
    "n_minibatches": (1, 4096),
    "n_hidden": (1, 4096),
    "moves_per_decision": (1, 100),
    "max_decisions": (2, 10**4),
    "n_head_direction_cells": (3, 1000),
    "n_test_trials": (1, MOST),
}
_NUMBERS = {
    "learning_rate": (0.0, 1.0),
    "discount": (0.0, 1.0),
    "gae_lambda": (0.0, 1.0),
    "clip": (1e-3, 10.0),
    "entropy": (0.0, 10.0),
    "shaping": (0.0, 1e3),
    "step_cm": (1e-3, 1e3),
    "goal_radius_cm": (1e-3, 1e3),
}


def check_arena(settings: AgentSettings, box_width_m: float) -> None:
    """Raise GridjaxError unless goals, moves and walls fit into a square box."""
    for name in ("goal_radius_cm", "step_cm"):
        value = getattr(settings, name)
        if not 2 * value < 100 * box_width_m:
            message = f"{name} is {value:g} in a box of {box_width_m:g} m"
            raise invalid_argument(message, "give less than half the side of the box")
    half = (1 + _ROUNDING) * box_width_m / 2
    for wall in settings.walls:
        if max(abs(number) for end in wall for number in end) > half:
            message = f"wall {wall} ends outside a box of {box_width_m:g} m"
            raise invalid_argument(message, "give metres from the middle of the box")


def _turns(turns: Any) -> tuple[float, ...]:
    is_series = isinstance(turns, Sequence | np.ndarray) and not isinstance(turns, str)
    if not is_series or not 2 <= len(turns) <= 36:
        raise invalid_argument(f"turns_deg is {turns!r}", "give 2 to 36 angles")
    return tuple(check_float("angle of turns_deg", turn, -360, 360) for turn in turns)


def _walls(walls: Any) -> tuple[Wall, ...]:
    if not isinstance(walls, Sequence | np.ndarray) or isinstance(walls, str):
        raise invalid_argument(f"walls are {walls!r}", f"give walls, each {_FORM}")
    return tuple(_wall(wall) for wall in walls)


def _wall(wall: Any) -> Wall:
    try:
        ends = np.asarray(wall, np.float64)
    except (TypeError, ValueError):
        ends = np.zeros(0)
    if ends.shape != (2, 2) or not np.isfinite(ends).all():
        raise invalid_argument(f"walls contain {wall!r}", f"give {_FORM} in metres")
    x1, y1, x2, y2 = map(float, ends.flat)
    return (x1, y1), (x2, y2)


def agent_barrier(box_width_m: float, gap_m: float) -> tuple[Wall, ...]:
    """Return a wall through the middle of the arena, along y, with a gap in its middle.

    Raises GridjaxError unless the gap is narrower than the box.
    """
    half = check_float("box_width_m", box_width_m, 1e-3, WIDEST_BOX_M) / 2
    gap = check_float("gap_m", gap_m, 0.0, 2 * half)
    return (((0.0, -half), (0.0, -gap / 2)), ((0.0, gap / 2), (0.0, half)))
