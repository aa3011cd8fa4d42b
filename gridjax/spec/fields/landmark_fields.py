"""Fields of a network: noisy landmarks in training. Evaluation has no landmarks by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gridjax.spec.fields.declarations import traced
from gridjax.spec.fields.uses import NETWORK, TRAINING


def has_landmark_rate(network: Any) -> bool:
    """Return whether a network receives landmarks in training."""
    return network.landmark_rate > 0


@dataclass(frozen=True)
class LandmarkFields:
    """Landmarks: noisy measurements of the position, as an input in the target code."""

    landmark_rate: float = traced(
        0.0,
        "probability that the network also receives, after a move, the target code of a noisy"
        " measurement of its position; above 0, the network has an input for each value of the"
        " target code",
        NETWORK,
        TRAINING,
        at_least=0.0,
        at_most=1.0,
    )
    landmark_noise_in_m: float = traced(
        0.05,
        "sd of the noise on each coordinate of the measured position, m",
        TRAINING,
        at_least=0.0,
        read_if=has_landmark_rate,
    )
