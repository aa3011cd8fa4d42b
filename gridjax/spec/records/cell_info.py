"""Facts of each recurrent cell and of each loss.

Plans, rules and the memory prediction read these facts. A user's cells and losses are registered
with the same records. This module imports no JAX.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.records.target_code_info import (
    DISTRIBUTION,
    EVERY,
    POLAR,
    REAL,
    UNIT_INTERVAL,
    check_dimensions,
    check_kind,
    check_text_fields,
)


@dataclass(frozen=True)
class CellInfo:
    """Facts of one recurrent cell (a value of ``rnn_type``).

    Raises GridjaxError if the number of states is below 0 or the number of gates is below 1, and
    for layers around a cell without states.
    """

    name: str
    """name of the cell in sweep files"""
    n_states: int = 1
    """number of arrays of its state. 0: a network without recurrence. It receives the position
    after each move, in metres, in place of the move, and has no start"""
    has_layers: bool = True
    """whether the network has a linear layer of Ng units before the cell and an analysed layer of
    Ng units after it; otherwise the cell receives the inputs, and its output is analysed"""
    n_gates: int = 4
    """number of columns of the recurrent kernel divided by Ng; without recurrence, the number of
    weights divided by Ng^2. Used for the cost of a plan"""
    activations_per_unit: float = 21.0
    """how many numbers are kept for each unit and position until the gradient is computed; used to
    predict memory. The values of gridjax's own cells are fitted to the compiler's report on a CPU
    (benchmarks/memory.py)"""
    has_matmul_precision: bool = False
    """whether ``matmul_precision`` applies to its products. True for gridjax's own cells; a user's
    cell needs ``Cell.factored``, or a step with a fifth argument: product(x, matrix)"""
    version: str = ""
    """version of a user's cell; the run_id depends on it and on the source of the functions"""
    dimensions: tuple[int, ...] = field(default=EVERY, repr=False)
    """numbers of dimensions of the boxes in which it exists"""
    box_width_in_m: float | None = field(default=None, repr=False)
    """the only side of the box in which it exists, metres; None: every side. The hash of a plugin
    is that of the repr: these two refuse networks and change none"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_dimensions("rnn_type", self.name, self.dimensions)
        for what, least in (("n_states", 0), ("n_gates", 1)):
            number = getattr(self, what)
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                message = f"rnn_type: {self.name!r}: {what}: {number!r} is not a possible number"
                fix = f"give {what} as a whole number of at least {least}"
                raise GridjaxError(Problem(message, fix=fix))
        if self.has_layers and not self.n_states:
            message = f"rnn_type: {self.name!r}: has_layers needs a state"
            raise GridjaxError(Problem(message, fix="give has_layers=False"))


@dataclass(frozen=True)
class LossInfo:
    """Facts of one loss (a value of ``place_field_loss``).

    Raises GridjaxError for a kind of targets that does not exist.
    """

    name: str
    """name of the loss in sweep files"""
    needs: str = REAL
    """the kind of targets that it needs, one of TARGET_KINDS; ``real`` accepts every kind"""
    is_likelihood: bool = False
    """whether outputs are logits; an output that is never active is then a large negative number"""
    is_mean_over_outputs: bool = False
    """whether it is a mean over the outputs; padded outputs then make it smaller"""
    has_masks: bool = False
    """whether the two facts above are enough to mask padded outputs, which ``--merge`` needs. With
    other losses, ``--merge`` does not pad Np"""
    version: str = ""
    """version of a user's loss; the run_id depends on it and on the source of the functions"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_kind("place_field_loss", self.name, "needs", self.needs)


CELL_INFOS = (
    CellInfo("RNN", 1, False, 1, 3.9, True),
    CellInfo("SRNN", 1, True, 1, 6.3, True),
    CellInfo("UGRNN", 1, True, 2, 14.0, True),
    CellInfo("GRU", 1, True, 3, 17.5, True),
    CellInfo("LSTM", 2, True, 4, 21.0, True),
)
"""gridjax's own recurrent cells."""
LOSS_INFOS = (
    LossInfo("crossentropy", DISTRIBUTION, is_likelihood=True, has_masks=True),
    LossInfo("mse", REAL, is_mean_over_outputs=True, has_masks=True),
    LossInfo("polarmse", POLAR, has_masks=True),
    LossInfo("binarycrossentropy", UNIT_INTERVAL, True, True, True),
)
"""gridjax's own losses."""
