"""Predicted memory of a network in training, and disk space of a checkpoint. Imports no JAX."""

from __future__ import annotations

from gridjax.spec.fields.network_fields import NORM_RELU
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.registry import CELLS, STATE_OBJECTIVES
from gridjax.spec.shapes import n_layout, n_layout_of_environment, n_weights, steps_ahead

_FLOAT_BYTES = 4
_STATE = 3
"""Numbers stored for each weight: the weight and two moments of its gradient."""
_UPDATE, _GRADIENT = 3.5, 0.7
"""Additional numbers for each weight: during the update, and while the activity is stored."""
_PER_OUTPUT = 3.2
"""Numbers for each output and position on a CPU, stored until the gradient is computed.

CellInfo has the numbers for each unit. These numbers and the values above are fitted to the memory
that the compiler reports on a CPU (benchmarks/memory.py)."""
_PER_NORM = 3.0
"""Additional numbers for each unit and position with a normalised activation."""
_PER_STATE_NOISE = 3.0
"""Additional numbers for each unit and position with noise on the state: the noise, and sums that
the gradient then needs. The compiler reports 2.5 to 3.5 for RNN and 0.4 to 1.5 for gated cells."""
_PER_LANDMARK = 1.0
"""Additional numbers for each value of the target code and position with landmarks: the input. The
compiler reports 1.0 for RNN and 0.8 for GRU."""
_PER_PAIR = 6.0
"""Numbers for each pair of states that an objective on states compares."""
_PER_COORDINATE_AHEAD = 2.0
"""Numbers stored for each coordinate of the trajectories that are drawn in advance."""


def bytes_per_lane(static: StaticConfig) -> int:
    """Predict the memory of one network in training on a CPU, in bytes."""
    per_unit = CELLS.info(static.rnn_type).activations_per_unit
    return bytes_in_training(static, per_unit, _PER_OUTPUT)


def bytes_in_training(static: StaticConfig, per_unit: float, per_output: float) -> int:
    """Predict the memory of one network in training, in bytes.

    ``per_unit`` and ``per_output`` are how many numbers are stored for each unit and each output at
    each position until the gradient is computed; they depend on the compiler. The memory is largest
    when the gradient is computed or, with few positions, when the weights are updated.
    """
    per_unit += _PER_NORM if static.activation == NORM_RELU else 0
    per_unit += _PER_STATE_NOISE if static.has_state_noise else 0
    weights, positions = n_weights(static), static.batch_size * static.sequence_length
    activity = positions * (per_unit * static.Ng + per_output * static.n_outputs)
    activity += positions * _PER_LANDMARK * static.Np if static.has_landmarks else 0
    if STATE_OBJECTIVES.info(static.state_objective).per_pair:
        activity += _PER_PAIR * positions**2
    layout = n_layout(static)
    if static.n_environments > 1:  # each trajectory has a copy of the layout of its environment
        layout += static.batch_size * n_layout_of_environment(static)
    at_most = max(activity + _GRADIENT * weights, _UPDATE * weights)
    ahead = _PER_COORDINATE_AHEAD * static.dimensions * steps_ahead(static) * positions
    return round(_FLOAT_BYTES * (_STATE * weights + layout + at_most + ahead))


def bytes_of_checkpoint(static: StaticConfig, lane_width: int) -> int:
    """Predict the disk space of one checkpoint of a block, in bytes.

    A checkpoint contains the weights, their moments and the layouts of every lane.
    """
    return _FLOAT_BYTES * (3 * n_weights(static) + n_layout(static)) * lane_width
