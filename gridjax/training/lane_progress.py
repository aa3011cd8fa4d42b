"""Progress of one network in training, and its history."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gridjax.spec.network import NetworkSpec
from gridjax.training.train_step import Progress

N_HISTORY = 64
"""Number of log-spaced steps in the training history after step 0; short trainings have fewer."""

History = list[tuple[int, Progress]]
"""List of (step, measures) of one network."""


@dataclass
class LaneProgress:
    """A network between its first step and its last."""

    spec: NetworkSpec
    made: int = 0
    """gradient steps made; after divergence, the steps of the whole training"""
    history: History = field(default_factory=list)
    seconds: float = 0.0
    """its share of the wall-clock time of its blocks, including earlier calls of the run"""
    resumed: bool = False
    """whether it was resumed under conditions that can change the last bits"""
    has_diverged: bool = False
    points: list[int] = field(init=False)
    """the steps at which it is measured, for the history"""

    def __post_init__(self):
        self.points = history_steps(self.spec.n_grad_steps)

    @property
    def is_done(self) -> bool:
        """Return whether the network was measured at its last step or has diverged."""
        return self.has_diverged or len(self.history) >= len(self.points)

    @property
    def to_next(self) -> int:
        """Return the number of steps until the next measurement; 0 if training is complete."""
        return 0 if self.is_done else max(0, self.points[len(self.history)] - self.made)

    @property
    def is_due(self) -> bool:
        """Return whether the network must be measured at its current step."""
        return not self.is_done and self.to_next == 0

    def measure(self, progress: Progress) -> None:
        """Append the measures of the current step to the history."""
        self.history.append((self.points[len(self.history)], progress))

    def diverge(self) -> None:
        """Record a divergence: no more steps are made."""
        self.has_diverged, self.made = True, self.spec.n_grad_steps


def history_steps(n_grad_steps: int) -> list[int]:
    """Return the steps of the training history: 0, then log-spaced steps up to the last step.

    They depend only on the length of the training. After step 0 there are N_HISTORY different steps
    if the training is long enough.
    """
    if n_grad_steps <= N_HISTORY:
        return list(range(n_grad_steps + 1))
    n_points = N_HISTORY
    while True:
        steps = np.unique(np.round(np.geomspace(1, n_grad_steps, n_points)).astype(int))
        if len(steps) >= N_HISTORY:
            return [0, *(int(step) for step in steps)]
        n_points += 1
