"""NetworkSpec: all that defines one network, its static and traced halves, and its run_id.

Every field says what it is in its metadata: *static* fields decide a shape or a branch and cost
one compilation each; *traced* fields are numbers that differ freely between the networks of one
compilation. Names are the study's own (No Free Lunch from Deep Learning in Neuroscience, 2022);
names it did not have carry their unit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

STATIC = "static"
TRACED = "traced"
EVALUATION = "evaluation"

PLACE_CODES = ("gaussian", "difference_of_gaussians")
"""Values of place_field_values whose targets are populations of place cells."""


SEEDS = ("layout_seed", "weight_seed", "motion_seed")
"""Seeds of one stream each; ``seed`` stands for those that are not given."""


def _field(kind: str, default: Any, doc: str, **limits: Any) -> Any:
    return dataclasses.field(default=default, metadata={"kind": kind, "doc": doc, **limits})


def _static(default: Any, doc: str, **limits: Any) -> Any:
    return _field(STATIC, default, doc, **limits)


def _traced(default: Any, doc: str, **limits: Any) -> Any:
    return _field(TRACED, default, doc, **limits)


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One network: its world, its target code, its cells and its training.

    Limits in the metadata: ``choices`` (the study's values) and ``built`` (those gridjax has),
    ``never`` (those that cannot be, and why), ``above`` (exclusive), ``at_least`` and ``at_most``
    (inclusive), ``why`` (said with a limit), ``only`` (the one value supported today), ``drawn``
    (the study also draws it: Uniform(a, b), Poisson(l)), ``setting`` (it may stand in the
    ``gridjax:`` block), ``read_by`` (the target codes that read it; others accept any number).
    """

    # network
    rnn_type: str = _static(
        "RNN",
        "recurrent cell",
        choices=("RNN", "SRNN", "UGRNN", "GRU", "LSTM"),
        built=("RNN",),
    )
    Ng: int = _static(1024, "recurrent units", at_least=1, at_most=65536)
    activation: str = _static(
        "relu", "activation of the recurrent units", choices=("relu", "tanh", "sigmoid", "linear")
    )
    initializer: str = _static(
        "glorot_uniform",
        "initialiser of the recurrent kernel",
        choices=("glorot_uniform", "glorot_normal", "orthogonal"),
        built=("glorot_uniform",),
    )
    recurrent_dropout: float = _traced(
        0.0, "dropout rate on the recurrent input, share", at_least=0.0, at_most=1.0, only=0.0
    )
    readout_dropout: float = _traced(
        0.0, "dropout rate on the analysed layer, share", at_least=0.0, at_most=1.0, only=0.0
    )

    # target code
    place_field_values: str = _static(
        "difference_of_gaussians",
        "target code",
        choices=(
            "cartesian",
            "high_dim_cartesian",
            "polar",
            "high_dim_polar",
            "gaussian",
            "difference_of_gaussians",
            "true_difference_of_gaussians",
            "general_difference_of_gaussians",
            "softmax_of_differences",
        ),
        built=("cartesian", *PLACE_CODES),
    )
    place_field_normalization: str = _static(
        "global",
        "normalisation of the place code over cells",
        choices=("global", "none", "local"),
        built=("global",),
        never={"local": "it was never runnable in the study"},
        read_by=PLACE_CODES,
    )
    place_field_loss: str = _static(
        "crossentropy",
        "loss between target and output",
        choices=("crossentropy", "mse", "polarmse", "binarycrossentropy"),
        built=("crossentropy", "mse"),
    )
    Np: int = _static(512, "outputs: place cells, or target dimensions", at_least=1, at_most=65536)
    n_place_fields_per_cell: int = _static(
        1, "fields per place cell", at_least=1, only=1, drawn=True, read_by=PLACE_CODES
    )
    place_cell_rf: float = _traced(
        0.12, "width sigma_E of a place field, metres", above=0.0, drawn=True, read_by=PLACE_CODES
    )
    surround_scale: float = _traced(
        2.0,
        "surround over centre width s (surround_convention says of what), dimensionless",
        above=1.0,
        why="at 1 centre and surround cancel and the target is zero everywhere",
        drawn=True,
        read_by=("difference_of_gaussians",),
    )
    place_cell_alpha_e: float = _traced(
        1.0, "weight of the centre, dimensionless", read_by=("general_difference_of_gaussians",)
    )
    place_cell_alpha_i: float = _traced(
        1.0, "weight of the surround, dimensionless", read_by=("general_difference_of_gaussians",)
    )
    surround_convention: str = _static(
        "std",
        "whether surround_scale is a ratio of standard deviations or of variances",
        choices=("std", "variance"),
        setting=True,
    )

    # world
    box_width_in_m: float = _traced(2.2, "side of the box along x, metres", above=0.0)
    box_height_in_m: float = _traced(2.2, "side of the box along y, metres", above=0.0)
    is_periodic: bool = _static(False, "whether the box wraps around", only=False)
    speed_scale: float = _traced(
        0.13 * 2 * np.pi, "scale of the Rayleigh speed, metres per second", above=0.0
    )
    turn_sd: float = _traced(11.52, "sd of the angular velocity, radians per second", at_least=0.0)
    dt_s: float = _traced(0.02, "time of one step, seconds", above=0.0)
    border_m: float = _traced(0.03, "distance at which a wall turns the animal, metres", above=0.0)

    # training
    optimizer: str = _static(
        "adam",
        "optimiser, with the study's constants",
        choices=("adam", "rmsprop", "sgd", "adagrad"),
        built=("adam",),
    )
    learning_rate: float = _traced(1e-4, "learning rate, dimensionless", above=0.0)
    weight_decay: float = _traced(
        1e-4, "lambda in lambda sum(W^2) of the recurrent kernel, dimensionless", at_least=0.0
    )
    batch_size: int = _static(200, "trajectories a step", at_least=1, at_most=1_000_000)
    sequence_length: int = _static(20, "moves a trajectory", at_least=1, at_most=100_000)
    n_epochs: int = _traced(20, "epochs", at_least=1, at_most=2**31 - 1)
    n_grad_steps_per_epoch: int = _traced(
        10_000, "gradient steps an epoch", at_least=1, at_most=2**31 - 1
    )
    seed: int = _traced(
        0, "seed of every random stream not named below", at_least=0, at_most=2**31 - 1
    )
    layout_seed: int | None = _traced(
        None, "seed of the place-cell layout; seed when omitted", at_least=0, at_most=2**31 - 1
    )
    weight_seed: int | None = _traced(
        None, "seed of the initial weights; seed when omitted", at_least=0, at_most=2**31 - 1
    )
    motion_seed: int | None = _traced(
        None, "seed of the trajectories; seed when omitted", at_least=0, at_most=2**31 - 1
    )

    # evaluation
    bin_side_in_m: float = _field(
        EVALUATION, 0.05, "side of a bin of the reported rate maps, metres", above=0.0
    )

    @property
    def n_grad_steps(self) -> int:
        """Gradient steps of the whole training."""
        return self.n_epochs * self.n_grad_steps_per_epoch

    @property
    def n_bins_reported(self) -> int:
        """Bins a side of the rate maps that the reported scores are taken from (44 in 2.2 m)."""
        return max(1, round(self.box_width_in_m / self.bin_side_in_m))

    @property
    def has_place_code(self) -> bool:
        """Whether the target is a population of place cells."""
        return self.place_field_values in PLACE_CODES

    @property
    def static(self) -> Static:
        """The half that decides shapes and branches; hashable, one compilation for each value."""
        return Static(**{name: getattr(self, name) for name in Static.__dataclass_fields__})

    @property
    def traced(self) -> Traced:
        """The half that is numbers: 0-d strong float32 and int32 leaves, cast once here."""
        return Traced(
            layout_seed=_int32(self.seed if self.layout_seed is None else self.layout_seed),
            weight_seed=_int32(self.seed if self.weight_seed is None else self.weight_seed),
            motion_seed=_int32(self.seed if self.motion_seed is None else self.motion_seed),
            place_cell_rf=_float32(self.place_cell_rf),
            surround_scale=_float32(self.surround_scale),
            box_width_m=_float32(self.box_width_in_m),
            speed_scale=_float32(self.speed_scale),
            turn_sd=_float32(self.turn_sd),
            dt_s=_float32(self.dt_s),
            border_m=_float32(self.border_m),
            learning_rate=_float32(self.learning_rate),
            weight_decay=_float32(self.weight_decay),
            n_grad_steps=_int32(self.n_grad_steps),
        )

    @property
    def run_id(self) -> str:
        """Sixteen hex digits of the SHA-256 of the spec: the network's name everywhere.

        Of what differs from the defaults, so that a field added later renames no network.
        """
        text = json.dumps(self.to_sparse_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Every field by its name, as JSON values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def to_sparse_dict(self) -> dict[str, Any]:
        """The fields that differ from their defaults; seeds only where they are not ``seed``."""
        values = self.to_dict()
        for name in SEEDS:
            values[name] = None if values[name] == self.seed else values[name]
        fields = dataclasses.fields(self)
        return {f.name: values[f.name] for f in fields if values[f.name] != f.default}


@dataclass(frozen=True)
class Static:
    """The static half of a NetworkSpec; see there for every field."""

    rnn_type: str
    Ng: int
    activation: str
    initializer: str
    place_field_values: str
    place_field_normalization: str
    place_field_loss: str
    Np: int
    n_place_fields_per_cell: int
    surround_convention: str
    is_periodic: bool
    optimizer: str
    batch_size: int
    sequence_length: int


class Traced(NamedTuple):
    """The traced half of a NetworkSpec: 0-d arrays, or one axis of networks under vmap.

    A NamedTuple, which JAX knows as a pytree, so that planning a sweep needs no import of JAX.
    """

    layout_seed: Any
    weight_seed: Any
    motion_seed: Any
    place_cell_rf: Any
    """metres"""
    surround_scale: Any
    box_width_m: Any
    """metres"""
    speed_scale: Any
    """metres per second"""
    turn_sd: Any
    """radians per second"""
    dt_s: Any
    """seconds"""
    border_m: Any
    """metres"""
    learning_rate: Any
    weight_decay: Any
    n_grad_steps: Any
    """gradient steps of the whole training"""


def _float32(value: float) -> np.ndarray:
    return np.asarray(value, np.float32)


def _int32(value: int) -> np.ndarray:
    return np.asarray(value, np.int32)
