"""The parameters of a network: every field with its kind, its default and its limits.

The metadata of a field hold its kind: *static* fields decide a shape or a branch and cost one
compilation each; *traced* fields are numbers that differ freely between the networks of one
compilation; *evaluation* fields are read after training. Names are the study's own (No Free Lunch
from Deep Learning in Neuroscience, 2022); names that the study did not have carry their unit.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import Field, dataclass
from typing import Any

from gridjax.spec.fidelity import CORRECTED, Fidelity
from gridjax.spec.field_distributions import Poisson, Uniform
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.registry import REGISTRIES, registered

STATIC = "static"
TRACED = "traced"
EVALUATION = "evaluation"

WITH_SURROUND = (
    "difference_of_gaussians",
    "true_difference_of_gaussians",
    "general_difference_of_gaussians",
    "softmax_of_differences",
)
"""Target codes of place cells with a surround."""
DRAWN_CODES = ("gaussian", *WITH_SURROUND)
"""Target codes of place cells whose fields are drawn."""
PLACE_CODES = (*DRAWN_CODES, "from_file")
"""Target codes that are populations of place cells."""
BANINO = "banino2018"
"""The architecture of Banino et al. (2018)."""

SEEDS = ("layout_seed", "weight_seed", "motion_seed")
"""Seeds of one stream each; ``seed`` stands for those that are not given."""
_MOST_FIELDS = 32
_HIGHEST_POISSON = 10


def _field(kind: str, default: Any, doc: str, **limits: Any) -> Any:
    return dataclasses.field(default=default, metadata={"kind": kind, "doc": doc, **limits})


def _static(default: Any, doc: str, **limits: Any) -> Any:
    return _field(STATIC, default, doc, **limits)


def _traced(default: Any, doc: str, **limits: Any) -> Any:
    return _field(TRACED, default, doc, **limits)


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """The parameters of one network: its world, its target code, its cells and its training.

    Limits in the metadata: ``choices`` (gridjax's values; users may register more), ``never``
    (those that cannot be, and why), ``above`` and ``below`` (exclusive), ``at_least`` and
    ``at_most`` (inclusive), ``why`` (said with a limit), ``only`` (the one value supported today),
    ``mean_at_most`` (of a Poisson law), ``setting`` (it may stand in the ``gridjax:`` block),
    ``read_by`` (the target codes that read it; others accept any number). A type with ``Uniform``
    or ``Poisson`` takes that law too.
    """

    # network
    rnn_type: str = _static(
        "RNN",
        "recurrent cell",
        choices=("RNN", "SRNN", "UGRNN", "GRU", "LSTM"),
    )
    architecture: str = _static(
        "study",
        "layers around the cell: the study's, or a linear bottleneck that is analysed",
        choices=("study", BANINO),
        setting=True,
    )
    Ng: int = _static(1024, "recurrent units", at_least=1, at_most=65536)
    n_bottleneck: int = _static(
        256,
        "units of the bottleneck",
        at_least=1,
        at_most=65536,
        setting=True,
    )
    activation: str = _static(
        "relu", "activation of the recurrent units", choices=("relu", "tanh", "sigmoid", "linear")
    )
    initializer: str = _static(
        "glorot_uniform",
        "initialiser of the recurrent kernel",
        choices=("glorot_uniform", "glorot_normal", "orthogonal", "pytorch_uniform"),
    )
    recurrent_dropout: float = _traced(
        0.0, "dropout rate of the state that enters the recurrence, share", at_least=0.0, below=1.0
    )
    readout_dropout: float = _traced(
        0.0, "dropout rate of the analysed layer before the decoder, share", at_least=0.0, below=1.0
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
            "from_file",
        ),
    )
    place_maps: PlaceMaps | None = _field(
        STATIC,
        None,
        "file of measured place cells [Np, n, n] over the box (.npy)",
        setting=True,
        read_by=("from_file",),
    )
    place_field_normalization: str = _static(
        "global",
        "normalisation of the place code over cells",
        choices=("global", "none", "local"),
        never={"local": "it was never runnable in the study"},
        read_by=PLACE_CODES,
    )
    place_field_loss: str = _static(
        "crossentropy",
        "loss between target and output",
        choices=("crossentropy", "mse", "polarmse", "binarycrossentropy"),
    )
    Np: int = _static(512, "outputs: place cells, or target dimensions", at_least=1, at_most=65536)
    n_place_fields_per_cell: int | Poisson = _static(
        1,
        "fields per place cell",
        at_least=1,
        at_most=_MOST_FIELDS,
        mean_at_most=_HIGHEST_POISSON,
        read_by=DRAWN_CODES,
    )
    place_cell_rf: float | Uniform = _traced(
        0.12,
        "width sigma_E of a place field, metres",
        above=0.0,
        read_by=DRAWN_CODES,
    )
    surround_scale: float | Uniform = _traced(
        2.0,
        "surround over centre width s (surround_convention says of what), dimensionless",
        above=1.0,
        why="at 1 centre and surround cancel and the target is zero everywhere",
        read_by=WITH_SURROUND,
    )
    place_cell_alpha_e: float = _traced(
        1.0,
        "weight of the centre, dimensionless",
        at_least=0.0,
        read_by=("general_difference_of_gaussians",),
    )
    place_cell_alpha_i: float = _traced(
        1.0,
        "weight of the surround, dimensionless",
        at_least=0.0,
        read_by=("general_difference_of_gaussians",),
    )
    surround_convention: str = _static(
        "std",
        "whether surround_scale is a ratio of standard deviations or of variances",
        choices=("std", "variance"),
        setting=True,
        read_by=WITH_SURROUND,
    )
    n_head_direction_cells: int = _static(
        0, "head-direction cells beside the place code", at_least=0, at_most=65536, setting=True
    )
    head_direction_kappa: float = _traced(
        20.0, "concentration of head-direction cells, dimensionless", above=0.0, setting=True
    )

    # world
    box_width_in_m: float = _traced(2.2, "side of the box along x, metres", above=0.0)
    box_height_in_m: float = _traced(2.2, "side of the box along y, metres", above=0.0)
    is_periodic: bool = _static(False, "whether the box wraps around", only=False)
    speed_scale: float = _traced(
        0.13 * 2 * math.pi,
        "scale of the Rayleigh speed, metres per second",
        above=0.0,
        setting=True,
    )
    turn_sd: float = _traced(
        11.52, "sd of the angular velocity, radians per second", at_least=0.0, setting=True
    )
    dt_s: float = _traced(0.02, "time of one step, seconds", above=0.0, setting=True)
    border_m: float = _traced(
        0.03, "distance at which a wall turns the animal, metres", above=0.0, setting=True
    )
    inputs: str = _static(
        "displacement",
        "what it is told of each move: (x, y) in m, or speed in m/s and sin, cos of the turn",
        choices=("displacement", "egocentric"),
        setting=True,
    )

    # training
    optimizer: str = _static(
        "adam",
        "optimiser, with the study's constants",
        choices=("adam", "rmsprop", "sgd", "adagrad", "rmsprop_momentum"),
    )
    matmul_precision: str = _static(
        "float32",
        "operands of the matrix products of training: whole, or rounded to tf32 or bf16",
        choices=("float32", "tf32", "bf16"),
        setting=True,
    )
    learning_rate: float = _traced(1e-4, "learning rate, dimensionless", above=0.0)
    weight_decay: float = _traced(
        1e-4, "lambda in lambda sum(W^2) of the recurrent kernel, dimensionless", at_least=0.0
    )
    gradient_clip: float | None = _traced(
        None, "largest size of each gradient, dimensionless; none when omitted", above=0.0
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

    fidelity: Fidelity = _field(
        STATIC,
        CORRECTED,
        "do what was meant, or reproduce the study's computation",
        setting=True,
    )

    @property
    def n_grad_steps(self) -> int:
        """Gradient steps of the whole training."""
        return self.n_epochs * self.n_grad_steps_per_epoch

    @property
    def n_bins_reported(self) -> int:
        """Bins a side of the rate maps that the reported scores are taken from (44 in 2.2 m)."""
        return bins_across(self.box_width_in_m, self.bin_side_in_m)

    @property
    def n_analysed(self) -> int:
        """Units of the analysed layer."""
        return self.n_bottleneck if self.architecture == BANINO else self.Ng

    @property
    def has_place_code(self) -> bool:
        """Whether the target is a population of place cells."""
        return self.place_field_values in PLACE_CODES

    @property
    def is_homogeneous(self) -> bool:
        """Whether all place cells have one field of one width and one surround."""
        widths = (self.place_cell_rf, self.surround_scale)
        drawn = any(isinstance(width, Uniform) for width in widths)
        return self.n_place_fields_per_cell == 1 and not drawn

    @property
    def plugins(self) -> dict[str, str]:
        """The source hash of each value that a user registered, by ``plugin:`` and its name."""
        names = {parameter: getattr(self, parameter) for parameter in REGISTRIES}
        hashes = {name: registered(parameter, name) for parameter, name in names.items()}
        return {f"plugin:{name}": sha for name, sha in hashes.items() if sha is not None}


FIELDS: dict[str, Field] = {field.name: field for field in dataclasses.fields(NetworkParameters)}
"""Every parameter of a network by its name."""


def is_read_by(field: Field, code: str) -> bool:
    """Whether the target code (a value of place_field_values) reads the field.

    A code that a user registered may read anything.
    """
    return code in field.metadata.get("read_by", (code,)) or bool(
        registered("place_field_values", code)
    )


def bins_across(width: float, side: float) -> int:
    """Return how many bins of a side, the nearest number, span a width; at least one."""
    return max(1, round(width / side))
