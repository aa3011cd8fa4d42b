"""Fields of a network: the optimiser, the batches, the steps and the seeds."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.fields.declarations import (
    entry_reads,
    has_decayed_weights,
    names_of,
    static,
    traced,
)
from gridjax.spec.fields.uses import CODE, EVALUATION, MOTION, TRAINING, WEIGHTS
from gridjax.spec.records.optimizer_info import OPTIMIZER_INFOS
from gridjax.spec.registry import OPTIMIZERS


@dataclass(frozen=True)
class TrainingFields:
    """The optimiser, the batches, the steps and the seeds."""

    optimizer: str = static(
        "adam",
        "optimiser; the first five have the study's constants",
        TRAINING,
        choices=names_of(OPTIMIZER_INFOS),
    )
    adam_epsilon: float = traced(
        1e-8,
        "epsilon of optax_adam and AdamW, in units of the gradient; that of adam is 1e-7",
        TRAINING,
        at_least=1e-30,
        read_if=entry_reads(OPTIMIZERS, "adam_epsilon"),
    )
    decoupled_weight_decay: float = traced(
        0.01,
        "weight decay of AdamW and Lion, of all parameters, dimensionless",
        TRAINING,
        at_least=0.0,
        read_if=entry_reads(OPTIMIZERS, "decoupled_weight_decay"),
    )
    accumulated_batches: int = traced(
        1,
        "gradient steps whose mean gradient makes one update",
        TRAINING,
        at_least=1,
        at_most=1_000_000,
        read_if=entry_reads(OPTIMIZERS, "accumulated_batches"),
    )
    plateau_steps: int = traced(
        1_000,
        "gradient steps whose mean loss is compared with the lowest one so far",
        TRAINING,
        at_least=1,
        at_most=2**31 - 1,
        read_if=entry_reads(OPTIMIZERS, "plateau_steps"),
    )
    plateau_patience: int = traced(
        10,
        "such means without a lower one before the learning rate falls to a tenth",
        TRAINING,
        at_least=1,
        at_most=2**31 - 1,
        read_if=entry_reads(OPTIMIZERS, "plateau_patience"),
    )
    matmul_precision: str = static(
        "float32",
        "operands of the matrix products of training: whole, or rounded to tf32 or bf16",
        TRAINING,
        choices=("float32", "tf32", "bf16"),
        setting=True,
    )
    learning_rate: float = traced(1e-4, "learning rate, dimensionless", TRAINING, above=0.0)
    weight_decay: float = traced(
        1e-4,
        "lambda in lambda sum(W^2) of the recurrent kernel, dimensionless",
        TRAINING,
        at_least=0.0,
        read_if=has_decayed_weights,
    )
    gradient_clip: float | None = traced(
        None, "largest size of each gradient, dimensionless; none when omitted", TRAINING, above=0.0
    )
    batch_size: int = static(200, "trajectories a step", TRAINING, at_least=1, at_most=1_000_000)
    sequence_length: int = static(
        20, "moves a trajectory", TRAINING, EVALUATION, at_least=1, at_most=100_000
    )
    n_epochs: int = traced(20, "epochs", TRAINING, at_least=1, at_most=2**31 - 1)
    n_grad_steps_per_epoch: int = traced(
        10_000, "gradient steps in each epoch", TRAINING, at_least=1, at_most=2**31 - 1
    )
    seed: int = traced(
        0,
        "seed of every random stream not named below",
        MOTION,
        CODE,
        WEIGHTS,
        TRAINING,
        at_least=0,
        at_most=2**31 - 1,
    )
    layout_seed: int | None = traced(
        None,
        "seed of the place-cell layout; seed when omitted",
        CODE,
        at_least=0,
        at_most=2**31 - 1,
    )
    weight_seed: int | None = traced(
        None,
        "seed of the initial weights; seed when omitted",
        WEIGHTS,
        at_least=0,
        at_most=2**31 - 1,
    )
    motion_seed: int | None = traced(
        None, "seed of the trajectories; seed when omitted", MOTION, at_least=0, at_most=2**31 - 1
    )
