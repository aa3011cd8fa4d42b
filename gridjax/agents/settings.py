"""Settings of a population of agents: their arena, their trials and their training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridjax.errors import GridjaxError, Problem
from gridjax.metrics.arguments import check_float, check_int, invalid_argument

Wall = tuple[tuple[float, float], tuple[float, float]]
"""The two ends of a wall, metres from the middle of the arena."""
MOST = 10**6


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
    """gradient steps on all decisions of an update, times the number of minibatches"""
    n_minibatches: int = 2
    n_hidden: int = 64
    """units of the policy's layer and of its recurrent layer (GRU)"""
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
        """Raise GridjaxError for values that no agent can have."""
        for name, (low, high) in _WHOLE.items():
            check_int(name, getattr(self, name), low, high)
        for name, (low, high) in _NUMBERS.items():
            check_float(name, getattr(self, name), low, high)
        if self.n_walkers % self.n_minibatches:
            message = f"n_minibatches is {self.n_minibatches} for {self.n_walkers} walkers"
            raise invalid_argument(message, "give a divisor of n_walkers")
        if not 2 <= len(self.turns_deg) <= 36 or not all(map(math.isfinite, self.turns_deg)):
            raise invalid_argument(f"turns_deg is {self.turns_deg}", "give 2 to 36 angles")
        for wall in self.walls:
            _check_wall(wall)


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


def _check_wall(wall: Wall) -> None:
    try:
        numbers = [float(number) for end in wall for number in end]
        is_wall = len(numbers) == 4 and all(map(math.isfinite, numbers))
    except (TypeError, ValueError):
        is_wall = False
    if not is_wall:
        problem = Problem(f"walls contain {wall!r}", fix="give ((x1, y1), (x2, y2)) in metres")
        raise GridjaxError(problem)


def agent_barrier(box_width_m: float, gap_m: float) -> tuple[Wall, ...]:
    """Return a wall through the middle of the arena, along y, with a gap in its middle."""
    half = box_width_m / 2
    return (((0.0, -half), (0.0, -gap_m / 2)), ((0.0, gap_m / 2), (0.0, half)))
