"""Predicted memory of a network in training, and disk of a checkpoint. Imports no JAX."""

from __future__ import annotations

from gridjax.spec.lowering import Static
from gridjax.spec.shapes import n_weights, steps_ahead

_FLOAT_BYTES = 4
_STATE = 3
"""Numbers held for each weight: it and two moments of its gradient."""
_UPDATE, _GRADIENT = 3.5, 0.7
"""Further ones for each weight, while it is updated and while activity is kept."""
_PER_OUTPUT = 3.2
_PER_UNIT = {"RNN": 3.9, "SRNN": 6.3, "UGRNN": 14.0, "GRU": 17.5, "LSTM": 21.0}
"""Numbers kept at each position until the gradient is formed, for each output and for each unit of
a cell. These and the above are fitted to what the compiler says on a CPU (benchmarks/memory.py)."""

_PER_POSITION_AHEAD = 4.0
"""Numbers held for each position of the trajectories that are drawn ahead."""


def bytes_per_lane(static: Static) -> int:
    """Predict the memory of one network in training, in bytes; a user's cell counts as an LSTM.

    It is largest where the gradient is formed or, of few positions, where weights are updated.
    """
    weights, positions = n_weights(static), static.batch_size * static.sequence_length
    per_unit = _PER_UNIT.get(static.rnn_type, max(_PER_UNIT.values()))
    activity = positions * (per_unit * static.Ng + _PER_OUTPUT * static.n_outputs)
    layout = 4 * static.Np * static.n_field_slots
    at_most = max(activity + _GRADIENT * weights, _UPDATE * weights)
    ahead = _PER_POSITION_AHEAD * steps_ahead(static) * positions
    return round(_FLOAT_BYTES * (_STATE * weights + layout + at_most + ahead))


def bytes_of_checkpoint(static: Static, lane_width: int) -> int:
    """Predict the disk of one checkpoint of a block: weights, moments and layout, every lane."""
    layout = 4 * static.Np * static.n_field_slots
    return _FLOAT_BYTES * (3 * n_weights(static) + layout) * lane_width
