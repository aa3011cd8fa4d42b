"""Default lane widths: one network on a CPU, and as many as fit in an accelerator's memory.

The widths depend on the kind of device and on the sweep, never on the state of a device. The module
imports no JAX.
"""

from __future__ import annotations

from typing import NamedTuple

from gridjax.accelerators.card_info import memory_of
from gridjax.run.planning.card_memory import (
    BYTES_OF_SCORES,
    bytes_of_evaluation,
    bytes_of_state,
    bytes_of_training,
)
from gridjax.spec.lowering import StaticConfig
from gridjax.sweep.settings.run_settings import EvaluationSettings

SHARE = 0.6
"""Largest share of a card's memory that a block uses by default. On a GPU, JAX gives programs 75 %.
The difference is a reserve for the autotuning of the compiler, and for a second state while lanes
are refilled."""
ON_CPU, TRAINING, EVALUATION, NETWORKS, SETTING = (
    *("cpu", "training", "evaluation", "networks", "setting"),
)
"""Reasons that limit a lane width: a CPU, which is fastest with one network; the memory of training
or of the evaluation; the number of networks; the setting ``lane_width``."""


class LaneWidth(NamedTuple):
    """Number of networks that are trained at the same time, and the reason that limits it."""

    lanes: int
    limit: str


def is_cpu(device_kind: str) -> bool:
    """Return whether the name of a platform or device is that of a CPU."""
    return device_kind.lower().startswith("cpu")


def default_lane_width(
    device_kind: str, static: StaticConfig, n_bins: int, settings: EvaluationSettings
) -> LaneWidth:
    """Return the default lane width of a bucket with many networks.

    It is 1 on a CPU, which is fastest without vmap. On an accelerator it is the largest power of
    two for which training and evaluation fit in SHARE of its memory.

    Args:
        device_kind: "cpu", or the name that JAX reports for an accelerator.
        static: the static config in which the bucket is trained.
        n_bins: bins along each side of the reported rate maps.
        settings: sizes of the evaluation.
    """
    if is_cpu(device_kind):
        return LaneWidth(1, ON_CPU)
    usable = SHARE * memory_of(device_kind)
    of_lane = bytes_of_evaluation(static, n_bins, settings)
    left = usable - BYTES_OF_SCORES - of_lane  # at least one lane is evaluated at a time
    of_training = _power_of_two(usable / bytes_of_training(static))
    of_evaluation = _power_of_two(left / bytes_of_state(static))
    if of_evaluation < of_training:
        return LaneWidth(of_evaluation, EVALUATION)
    return LaneWidth(of_training, TRAINING)


def bucket_lane_width(default: LaneWidth, n_networks: int) -> LaneWidth:
    """Return the lane width of a bucket with ``n_networks`` networks.

    A bucket with fewer networks than the default has one lane for each. A larger one is divided
    into the fewest blocks, all of the same width, so that few lanes remain empty.
    """
    n_blocks = -(-n_networks // default.lanes)
    lanes = -(-n_networks // n_blocks)
    return default if lanes == default.lanes else LaneWidth(lanes, NETWORKS)


def evaluation_width(
    device_kind: str,
    static: StaticConfig,
    n_bins: int,
    settings: EvaluationSettings,
    lane_width: int,
) -> int:
    """Return how many lanes of a block are evaluated at the same time.

    A CPU evaluates all lanes. An accelerator evaluates at most the largest power of two that fits
    in SHARE of its memory beside the state of the block, and at least one lane. The other arguments
    are those of ``default_lane_width``.
    """
    if is_cpu(device_kind):
        return lane_width
    left = SHARE * memory_of(device_kind) - BYTES_OF_SCORES - lane_width * bytes_of_state(static)
    return min(lane_width, _power_of_two(left / bytes_of_evaluation(static, n_bins, settings)))


def _power_of_two(number: float) -> int:
    """Return the largest power of two that is not above a number; at least 1."""
    return 1 << (max(1, int(number)).bit_length() - 1)
