"""Parameters of a network: every field with its kind, its uses, its default and its limits.

The names are those of the study (No Free Lunch from Deep Learning in Neuroscience, 2022). Names
that are not from the study end with their unit. To add a parameter, add a field here. Sweep files,
static config, traced parameters, identities and tables are derived from its metadata.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import Field, dataclass

from gridjax.spec.cell_info import CELL_INFOS, LOSS_INFOS
from gridjax.spec.fidelity import CORRECTED, Fidelity
from gridjax.spec.field_declarations import (
    BANINO,
    chooses_normalization,
    code_reads,
    code_takes_normalization,
    declare,
    evaluated,
    has_active_dropout,
    has_bottleneck,
    has_given_initializer,
    has_head_direction,
    info_of,
    names_of,
    static,
    traced,
)
from gridjax.spec.field_distributions import Poisson, Uniform
from gridjax.spec.field_uses import (
    CODE,
    EVALUATION,
    HEAD,
    LOSS,
    MOTION,
    NETWORK,
    READOUT,
    STATIC,
    TRAINING,
    WEIGHTS,
)
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.registry import REGISTRIES, has_plugins, plugin_hash_of
from gridjax.spec.target_code_info import TARGET_CODES

SEEDS = ("layout_seed", "weight_seed", "motion_seed")
"""Fields that seed one random stream each; ``seed`` is the default of all of them."""
_MOST_FIELDS = 32
_HIGHEST_POISSON = 10


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """The parameters of one network: its world, its target code, its cells and its training.

    Metadata of a field:
    ``kind`` and ``used_by``: see gridjax.spec.field_uses.
    ``doc``: the description of the field.
    ``of_code``: a function of a TargetCodeInfo; whether that target code reads the field. A value
    that is not read may be any number.
    ``read_if``: a function of the network; whether the network reads the field. If it does not, the
    default replaces the value.
    Static config, traced parameters and every identity are derived from this metadata
    (gridjax.spec.lowering).

    Limits in the metadata:
    ``choices``: gridjax's values; users may register more.
    ``never``: values that cannot be used, each with the reason.
    ``above`` and ``below``: exclusive limits.
    ``at_least`` and ``at_most``: inclusive limits.
    ``why``: text that is printed with a limit.
    ``only``: the one supported value.
    ``mean_at_most``: largest mean of a Poisson distribution.
    ``setting``: whether the field is allowed in the ``gridjax:`` block.
    A field whose type includes ``Uniform`` or ``Poisson`` also accepts that distribution.
    """

    # network
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
        "activation of the recurrent units",
        NETWORK,
        READOUT,
        choices=("relu", "tanh", "sigmoid", "linear"),
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
        read_if=has_active_dropout,
    )
    readout_dropout: float = traced(
        0.0,
        "dropout rate of the analysed layer before the decoder, share",
        TRAINING,
        at_least=0.0,
        below=1.0,
        read_if=has_active_dropout,
    )

    # target code
    place_field_values: str = static(
        "difference_of_gaussians", "target code", CODE, choices=names_of(TARGET_CODES)
    )
    place_maps: PlaceMaps | None = declare(
        STATIC,
        None,
        "file of measured place cells [Np, n, n] over the box (.npy)",
        CODE,
        setting=True,
        of_code=code_reads("place_maps"),
    )
    place_field_normalization: str = static(
        "global",
        "normalisation of the place code over cells",
        CODE,
        choices=("global", "none", "local"),
        never={"local": "the study's code fails with it"},
        of_code=code_takes_normalization,
        read_if=chooses_normalization,
    )
    place_field_loss: str = static(
        "crossentropy", "loss between target and output", LOSS, choices=names_of(LOSS_INFOS)
    )
    Np: int = static(
        512, "outputs: place cells, or target dimensions", CODE, at_least=1, at_most=65536
    )
    n_place_fields_per_cell: int | Poisson = static(
        1,
        "fields per place cell",
        CODE,
        at_least=1,
        at_most=_MOST_FIELDS,
        mean_at_most=_HIGHEST_POISSON,
        of_code=code_reads("n_place_fields_per_cell"),
    )
    place_cell_rf: float | Uniform = traced(
        0.12,
        "width sigma_E of a place field, metres",
        CODE,
        above=0.0,
        of_code=code_reads("place_cell_rf"),
    )
    surround_scale: float | Uniform = traced(
        2.0,
        "surround over centre width s (surround_convention says of what), dimensionless",
        CODE,
        above=1.0,
        why="at 1, centre and surround cancel, and every target is zero",
        of_code=code_reads("surround_scale"),
    )
    place_cell_alpha_e: float = traced(
        1.0,
        "weight of the centre, dimensionless",
        CODE,
        at_least=0.0,
        of_code=code_reads("place_cell_alpha_e"),
    )
    place_cell_alpha_i: float = traced(
        1.0,
        "weight of the surround, dimensionless",
        CODE,
        at_least=0.0,
        of_code=code_reads("place_cell_alpha_i"),
    )
    surround_convention: str = static(
        "std",
        "whether surround_scale is a ratio of standard deviations or of variances",
        CODE,
        choices=("std", "variance"),
        setting=True,
        of_code=code_reads("surround_convention"),
    )
    n_head_direction_cells: int = static(
        0,
        "head-direction cells beside the place code",
        HEAD,
        at_least=0,
        at_most=65536,
        setting=True,
    )
    head_direction_kappa: float = traced(
        20.0,
        "concentration of head-direction cells, dimensionless",
        HEAD,
        above=0.0,
        setting=True,
        read_if=has_head_direction,
    )

    # world
    box_width_in_m: float = traced(2.2, "side of the box along x, metres", MOTION, CODE, above=0.0)
    box_height_in_m: float = traced(2.2, "side of the box along y, metres", above=0.0)
    is_periodic: bool = static(False, "whether the box wraps around", MOTION, CODE, only=False)
    speed_scale: float = traced(
        0.13 * 2 * math.pi,
        "scale of the Rayleigh speed, metres per second",
        MOTION,
        above=0.0,
        setting=True,
    )
    turn_sd: float = traced(
        11.52, "sd of the angular velocity, radians per second", MOTION, at_least=0.0, setting=True
    )
    dt_s: float = traced(0.02, "time of one step, seconds", MOTION, above=0.0, setting=True)
    border_m: float = traced(
        0.03, "distance at which a wall turns the animal, metres", MOTION, above=0.0, setting=True
    )
    inputs: str = static(
        "displacement",
        "inputs at each move: (x, y) in m, or speed in m/s and sin, cos of the turn",
        NETWORK,
        choices=("displacement", "egocentric"),
        setting=True,
    )

    # training
    optimizer: str = static(
        "adam",
        "optimiser, with the study's constants",
        TRAINING,
        choices=("adam", "rmsprop", "sgd", "adagrad", "rmsprop_momentum"),
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

    # evaluation
    bin_side_in_m: float = evaluated(
        0.05, "side of a bin of the reported rate maps, metres", above=0.0
    )

    fidelity: Fidelity = declare(
        STATIC, CORRECTED, "do what was meant, or reproduce the study's computation", setting=True
    )

    @property
    def n_grad_steps(self) -> int:
        """Number of gradient steps of the whole training."""
        return self.n_epochs * self.n_grad_steps_per_epoch

    @property
    def n_bins_reported(self) -> int:
        """Number of bins along each side of the rate maps for reported scores (44 in 2.2 m)."""
        return bins_across(self.box_width_in_m, self.bin_side_in_m)

    @property
    def n_analysed(self) -> int:
        """Number of units of the analysed layer."""
        return self.n_bottleneck if self.architecture == BANINO else self.Ng

    @property
    def has_place_code(self) -> bool:
        """Whether the target is a population of place cells."""
        info = info_of(self.place_field_values)
        return info is not None and info.has_place_cells

    @property
    def is_homogeneous(self) -> bool:
        """Whether all place cells have a single field with the same width and surround."""
        widths = (self.place_cell_rf, self.surround_scale)
        drawn = any(isinstance(width, Uniform) for width in widths)
        return self.n_place_fields_per_cell == 1 and not drawn

    @property
    def plugins(self) -> dict[str, str]:
        """The SHA-256 of each value that a user registered; keys are ``plugin:`` and its name."""
        if not has_plugins():
            return {}
        names = {parameter: getattr(self, parameter) for parameter in REGISTRIES}
        hashes = {name: plugin_hash_of(parameter, name) for parameter, name in names.items()}
        return {f"plugin:{name}": sha for name, sha in hashes.items() if sha is not None}


FIELDS: dict[str, Field] = {field.name: field for field in dataclasses.fields(NetworkParameters)}
"""Every parameter of a network by its name."""


DRAWN_PARAMETERS = tuple(
    name for name, field in FIELDS.items() if str(field.type).endswith(("Uniform", "Poisson"))
)
"""Parameters that accept a distribution; values are drawn for each field or cell of a layout."""
_CONDITIONAL = tuple(
    field for field in FIELDS.values() if "of_code" in field.metadata or "read_if" in field.metadata
)


def depends_on_code(field: Field) -> bool:
    """Return whether only some target codes read a field."""
    return "of_code" in field.metadata


def is_read_by(field: Field, code: str) -> bool:
    """Return whether a target code (a value of place_field_values) reads a field."""
    if not depends_on_code(field):
        return True
    info = info_of(code)
    return info is not None and field.metadata["of_code"](info)


def is_read(field: Field, network: NetworkParameters) -> bool:
    """Return whether a network reads a field. A field that is not read changes no result."""
    reads = field.metadata.get("read_if")
    return is_read_by(field, network.place_field_values) and (reads is None or reads(network))


def unread(network: NetworkParameters) -> tuple[Field, ...]:
    """Return the fields that a network does not read."""
    return tuple(field for field in _CONDITIONAL if not is_read(field, network))


def bins_across(width: float, side: float) -> int:
    """Return the number of bins across a width: width / side, rounded to an integer; at least 1.

    Args:
        width, side: width of the box and side of a bin, both in metres.
    """
    return max(1, round(width / side))
