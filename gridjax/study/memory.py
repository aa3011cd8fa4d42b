"""What the training of a network holds in memory. Nothing here imports JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gridjax.halves import Static
from gridjax.study.sizes import n_weights

if TYPE_CHECKING:
    from gridjax.study.plan import Bucket

_FLOAT_BYTES = 4
_PER_WEIGHT = 4.3
_PER_OUTPUT = 3.0
_PER_POSITION = 25.0
_PER_UNIT = {"RNN": 3.9, "SRNN": 6.6, "UGRNN": 14.3, "GRU": 17.7, "LSTM": 22.0}
"""Numbers that the compiled steps hold for each weight (it, two moments, its gradient), and at each
position for each output, for the path, and for each unit of a cell: fitted to what the compiler
says on a CPU (benchmarks/memory.py)."""


def bytes_per_lane(static: Static) -> int:
    """Predict the memory of one network in training, in bytes; a user's cell counts as an LSTM."""
    positions = static.batch_size * static.sequence_length
    per_unit = _PER_UNIT.get(static.rnn_type, max(_PER_UNIT.values()))
    at_position = per_unit * static.Ng + _PER_OUTPUT * static.n_outputs + _PER_POSITION
    layout = 4 * static.Np * static.n_field_slots
    return round(
        _FLOAT_BYTES * (_PER_WEIGHT * n_weights(static) + positions * at_position + layout)
    )


def bytes_of_checkpoint(bucket: Bucket) -> int:
    """Disk that one checkpoint of a block takes: weights, two moments and layout, every lane."""
    static = bucket.static
    layout = 4 * static.Np * static.n_field_slots
    return _FLOAT_BYTES * (3 * n_weights(static) + layout) * bucket.lane_width
