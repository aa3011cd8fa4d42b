"""Facts of each optimiser. This module imports no JAX."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.records.target_code_info import check_reads, check_text_fields

OPTIMIZER_NUMBERS = (
    "adam_epsilon",
    "decoupled_weight_decay",
    "accumulated_batches",
    "plateau_steps",
    "plateau_patience",
)
"""Parameters of a network that only some optimisers read."""


@dataclass(frozen=True)
class OptimizerInfo:
    """Facts of one optimiser (a value of ``optimizer``).

    Raises GridjaxError if ``reads`` names anything but parameters of optimisers.
    """

    name: str
    """name of the optimiser in sweep files"""
    reads: tuple[str, ...] = ()
    """parameters that it reads beside ``learning_rate`` and the number of gradient steps, of
    ``OPTIMIZER_NUMBERS``; others do not change a network"""
    version: str = ""
    """version of a user's optimiser; the run_id depends on it and on the source of the function"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_reads("optimizer", self.name, self.reads, OPTIMIZER_NUMBERS)


_ADAMW = ("adam_epsilon", "decoupled_weight_decay")
OPTIMIZER_INFOS = (
    *map(OptimizerInfo, ("adam", "rmsprop", "sgd", "adagrad", "rmsprop_momentum")),
    OptimizerInfo("optax_adam", ("adam_epsilon",)),
    OptimizerInfo("adamw", _ADAMW),
    OptimizerInfo("lion", ("decoupled_weight_decay",)),
    OptimizerInfo("adamw_cosine", _ADAMW),
    OptimizerInfo("adamw_accumulated", (*_ADAMW, "accumulated_batches")),
    OptimizerInfo("adamw_plateau", OPTIMIZER_NUMBERS),
)
"""gridjax's own optimisers."""
