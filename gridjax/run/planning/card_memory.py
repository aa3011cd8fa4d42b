"""Predicted memory of a block on an accelerator, for each of its lanes. Imports no JAX.

The coefficients are fitted to compiled_memory.csv, which contains the memory that the compilers of
several cards report (python -m benchmarks.lane_table). The predictions are upper limits: at some
lane widths the compiler keeps one or two arrays of outputs less.
"""

from __future__ import annotations

from gridjax.run.planning.memory_model import bytes_in_training
from gridjax.spec.lowering import StaticConfig
from gridjax.spec.registry import CELLS
from gridjax.spec.shapes import n_layout, n_weights
from gridjax.sweep.settings.evaluation_sizes import (
    MOST_KEPT,
    MOST_POINTS,
    N_BINS,
    T_STUDY,
    VOLUME_READOUTS,
    drift_sizes,
)
from gridjax.sweep.settings.run_settings import EvaluationSettings

BYTES_OF_SCORES = 2_500_000_000
"""Memory of the scores of one chunk of maps, bytes. The size of a chunk is constant. It is that of
maps of a square; scores of volumes need 0.7 GB with 20 bins a side and 1.4 GB with 32, the most."""
_FLOAT_BYTES = 4
_PER_OUTPUT, _PER_UNIT, _PER_GATE = 4.3, 3.9, 0.45
"""Float32 numbers for each position in training: for each output, for each unit of the RNN, and for
each unit and each activation that another cell has beyond the RNN
(``CellInfo.activations_per_unit``)."""
_PER_PATH_OUTPUT, _PER_PATH_UNIT, _PER_PATH_GATE, _PER_PATH = 2.1, 2.15, 0.38, 16.0
"""The same for each position of the long trajectories; the last one is for the position itself. The
memory of outputs and the memory of units are not needed at the same time."""
_PER_SAMPLE_OUTPUT, _PER_SAMPLE_UNIT, _PER_SAMPLE_GATE = 3.1, 2.2, 0.56
"""The same for each position of a batch of the evaluation."""
_PER_READOUT_SAMPLE, _PER_KEPT = 1.1, 1.25
"""Float32 numbers for each pair of a position of a batch and a readout or place cell, and for each
stored value of the target code."""


def bytes_of_training(static: StaticConfig) -> int:
    """Predict the memory of one network in training on an accelerator, in bytes."""
    return bytes_in_training(static, _PER_UNIT + _PER_GATE * _excess(static), _PER_OUTPUT)


def bytes_of_state(static: StaticConfig) -> int:
    """Predict the memory of the states of one lane during an evaluation, in bytes.

    There are two states: one of the lanes in training, and one of the networks to evaluate.
    """
    layout = n_layout(static)
    return 2 * _FLOAT_BYTES * (3 * n_weights(static) + layout)


def bytes_of_evaluation(static: StaticConfig, n_bins: int, settings: EvaluationSettings) -> int:
    """Predict the memory of the evaluation of one network on an accelerator, in bytes.

    Args:
        static: the static config of the network.
        n_bins: bins along each side of the reported rate maps.
        settings: sizes of the evaluation. The batches of the published fidelity are considered too,
            because networks of both may share a block.
    """
    programs = bytes_of_maps, bytes_of_readouts
    return max(predict(static, n_bins, settings) for predict in programs)


def bytes_of_maps(static: StaticConfig, n_bins: int, settings: EvaluationSettings) -> int:
    """Predict the memory of the rate maps, errors and drift of one network, in bytes.

    The arguments are those of ``bytes_of_evaluation``.
    """
    samples, all_bins = _positions_of_batch(static, settings), _all_bins(static, n_bins)
    reported = n_bins**static.dimensions
    paths = drift_sizes(static.sequence_length)
    on_paths = paths.n_moves * paths.n_paths
    per_output = _PER_PATH_OUTPUT * on_paths + _PER_SAMPLE_OUTPUT * samples + 2 * reported
    of_cell = _PER_SAMPLE_UNIT + _PER_SAMPLE_GATE * _excess(static)
    per_unit = of_cell * samples + 2 * all_bins + 2 * MOST_POINTS
    of_outputs = static.n_outputs * per_output + static.Ng * per_unit + _PER_PATH * on_paths
    of_cell = _PER_PATH_UNIT + _PER_PATH_GATE * _excess(static)
    per_unit = of_cell * on_paths + all_bins + MOST_POINTS
    of_units = static.Ng * per_unit + n_weights(static)
    # Maps are sums over samples: a product with an array of the bins of a batch of samples.
    of_bins = samples * reported if static.dimensions == 3 else 0
    return round(_FLOAT_BYTES * (max(of_outputs, of_units) + of_bins))


def bytes_of_readouts(static: StaticConfig, n_bins: int, settings: EvaluationSettings) -> int:
    """Predict the memory of the null readouts of one network, in bytes.

    The arguments are those of ``bytes_of_evaluation``.
    """
    if not static.has_outputs:
        return 0
    samples = _positions_of_batch(static, settings)
    if static.dimensions == 1:
        return 0
    n_readouts = VOLUME_READOUTS if static.dimensions == 3 else settings.n_readouts
    reported = n_bins**static.dimensions
    code = (settings.samples_per_bin * reported + samples) * static.Np
    kept = _PER_KEPT * code if code <= MOST_KEPT else 0
    compared = _all_bins(static, n_bins) if settings.all_bins else reported
    of_batch = _PER_READOUT_SAMPLE * samples * (n_readouts + static.Np)
    of_bins = samples * reported if static.dimensions == 3 else 0
    return round(_FLOAT_BYTES * (of_batch + 2 * n_readouts * compared + kept + of_bins))


def _positions_of_batch(static: StaticConfig, settings: EvaluationSettings) -> int:
    moves = max(settings.sequence_length, T_STUDY, static.sequence_length)
    return moves * max(settings.batch_size, static.batch_size)


def _excess(static: StaticConfig) -> float:
    """Return how many activations for each unit a cell has beyond those of the RNN."""
    of_cell, of_rnn = (CELLS.info(name) for name in (static.rnn_type, "RNN"))
    return of_cell.activations_per_unit - of_rnn.activations_per_unit


def _all_bins(static: StaticConfig, n_bins: int) -> int:
    """Return the number of bins of all maps of one unit."""
    further = N_BINS if static.dimensions == 2 else ()
    return sum(n**static.dimensions for n in {*further, n_bins})
