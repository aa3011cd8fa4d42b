"""Progress of one network in training, and its history."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gridjax.spec.network import NetworkSpec
from gridjax.training.position_metrics import Progress

N_HISTORY = 64
"""Number of log-spaced steps in the training history after step 0; short trainings have fewer."""
EVALUATED_DECADES = 2
"""Largest range of the evaluations after step 0: from a hundredth of the training to its end."""

History = list[tuple[int, Progress]]
"""List of (step, measures) of one network."""


@dataclass
class LaneProgress:
    """A network between its first step and its last."""

    spec: NetworkSpec
    n_evaluations: int = 0
    """evaluations from step 0 to the last step; 0 evaluates at the last step alone"""
    made: int = 0
    """gradient steps made; after divergence, the steps of the whole training"""
    history: History = field(default_factory=list)
    emergence: list[dict[str, float]] = field(default_factory=list)
    """the rows of its evaluations so far, by column (gridjax.run.evaluation.emergence)"""
    seconds: float = 0.0
    """its share of the wall-clock time of its blocks, including earlier calls of the run"""
    resumed: bool = False
    """whether it was resumed under conditions that can change the last bits"""
    has_diverged: bool = False
    points: list[int] = field(init=False)
    """the steps at which it is measured, for the history"""
    _evaluated: list[int] = field(init=False)
    """the steps before the last at which it is evaluated"""

    def __post_init__(self):
        self.points = history_steps(self.spec.n_grad_steps)
        self._evaluated = evaluation_steps(self.spec.n_grad_steps, self.n_evaluations)[:-1]

    @property
    def is_done(self) -> bool:
        """Return whether the network was measured at its last step or has diverged."""
        return self.has_diverged or len(self.history) >= len(self.points)

    @property
    def to_next(self) -> int:
        """Return the steps until the next measurement or evaluation; 0 if training is complete."""
        if self.is_done:
            return 0
        return max(0, min(self.points[len(self.history)], self._next_evaluation) - self.made)

    @property
    def is_due(self) -> bool:
        """Return whether the network must be measured at its current step."""
        return not self.is_done and self.points[len(self.history)] <= self.made

    @property
    def is_evaluation_due(self) -> bool:
        """Return whether the network must be evaluated at its current step."""
        return self.is_done or self._next_evaluation == self.made

    @property
    def _next_evaluation(self) -> int:
        # Steps that an earlier call of the run passed under other settings are left out.
        last = self.emergence[-1]["step"] if self.emergence else -1
        later = (step for step in self._evaluated if step > last and step >= self.made)
        return next(later, self.spec.n_grad_steps)

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


def evaluation_steps(n_grad_steps: int, n_evaluations: int) -> list[int]:
    """Return the steps at which a network is evaluated along its training.

    They are step 0, then log-spaced steps up to the last step: half a decade apart, or less if more
    would not fit into EVALUATED_DECADES. They are steps of the history and depend only on the
    arguments.

    Args:
        n_grad_steps: length of the training.
        n_evaluations: number of steps to return, 0 or at least 2. A training with fewer steps in
            its history is evaluated at each of them.
    """
    first, *later = history_steps(n_grad_steps)
    n_later = min(n_evaluations - 1, len(later))
    if n_later < 1:
        return []
    decades = min(EVALUATED_DECADES, (n_later - 1) / 2)
    wanted = np.geomspace(n_grad_steps / 10**decades, n_grad_steps, n_later)
    nearest = np.abs(np.log(wanted[:, None] / np.asarray(later))).argmin(axis=1)
    # Where two are equal, the earlier one moves down; the first ones move up if none is left.
    order = np.arange(n_later)
    places = np.minimum.accumulate((nearest - order)[::-1])[::-1] + order
    return [first, *(later[place] for place in np.maximum(places, order))]
