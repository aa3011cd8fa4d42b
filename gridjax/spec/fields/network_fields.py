"""Fields of a network: the cell, the layers around it and their dropout."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.fields.declarations import (
    BANINO,
    PER_MOVE,
    PER_TRAJECTORY,
    drops_readout,
    drops_states,
    has_bottleneck,
    has_given_initializer,
    has_recurrent_dropout,
    is_recurrent,
    names_of,
    static,
    traced,
)
from gridjax.spec.fields.uses import NETWORK, READOUT, TRAINING, WEIGHTS
from gridjax.spec.records.cell_info import CELL_INFOS
from gridjax.spec.records.start_info import PLACE_CODE, START_INFOS

NORM_RELU = "norm_relu"
"""The activation that divides rates by their norm over the units."""


@dataclass(frozen=True)
class NetworkFields:
    """The cell, the layers around it and their dropout."""

    rnn_type: str = static("RNN", "recurrent cell", WEIGHTS, NETWORK, choices=names_of(CELL_INFOS))
    architecture: str = static(
        "study",
        "layers around the cell: the study's, or a linear bottleneck that is analysed",
        NETWORK,
        READOUT,
        choices=("study", BANINO),
        setting=True,
    )
    Ng: int = static(1024, "recurrent units", NETWORK, at_least=1, at_most=65536)
    n_bottleneck: int = static(
        256,
        "units of the bottleneck",
        NETWORK,
        at_least=1,
        at_most=65536,
        setting=True,
        read_if=has_bottleneck,
    )
    activation: str = static(
        "relu",
        "activation of the recurrent units; norm_relu is relu, divided by its norm over the units",
        NETWORK,
        READOUT,
        choices=("relu", "tanh", "sigmoid", "linear", NORM_RELU),
    )
    start: str = static(
        PLACE_CODE,
        "what the state before the first move is computed from",
        WEIGHTS,
        NETWORK,
        choices=names_of(START_INFOS),
        read_if=is_recurrent,
    )
    initializer: str = static(
        "glorot_uniform",
        "initialiser of the recurrent kernel",
        WEIGHTS,
        choices=("glorot_uniform", "glorot_normal", "orthogonal", "pytorch_uniform"),
        read_if=has_given_initializer,
    )
    recurrent_dropout: float = traced(
        0.0,
        "dropout rate of the state that enters the recurrence, share",
        TRAINING,
        at_least=0.0,
        below=1.0,
        read_if=drops_states,
    )
    recurrent_dropout_mask: str = static(
        PER_TRAJECTORY,
        "for what a mask of recurrent_dropout is drawn: each trajectory, or each of its moves",
        TRAINING,
        choices=(PER_TRAJECTORY, PER_MOVE),
        read_if=has_recurrent_dropout,
    )
    readout_dropout: float = traced(
        0.0,
        "dropout rate of the analysed layer before the decoder, share",
        TRAINING,
        at_least=0.0,
        below=1.0,
        read_if=drops_readout,
    )
