"""Fields of a network: Gaussian noise in training. Evaluation is free of noise."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.fields.declarations import is_recurrent, traced
from gridjax.spec.fields.uses import TRAINING


@dataclass(frozen=True)
class NoiseFields:
    """Noise on the state and on the velocity input, in training alone."""

    state_noise: float = traced(
        0.0,
        "sd of the noise added to the state h of each unit after each move, in units of h; in a "
        "network without recurrence, to the argument of each unit's activation",
        TRAINING,
        at_least=0.0,
    )
    velocity_noise: float = traced(
        0.0,
        "sd of the noise on each component of the velocity input at each move, m/s",
        TRAINING,
        at_least=0.0,
        read_if=is_recurrent,
    )
