"""The static and the traced half of a network, and the equality of two descriptions.

Parameters that a network does not read are neutral in both halves, so that they cause no
compilation and do not affect equality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from gridjax.errors import GridjaxError, Problem
from gridjax.spec.field_distributions import Poisson, bounds, n_slots
from gridjax.spec.parameters import FIELDS, NetworkParameters, is_read_by

Computation = tuple[Any, ...]
"""Hashable; see computation()."""
INTEGERS = ("layout_seed", "weight_seed", "motion_seed", "n_fields", "n_grad_steps")
"""Traced numbers that are int32; the others are float32."""
ANY = "any"
"""Stands for an optimiser or initialiser that a compilation leaves open."""
_DIGITS = 7  # more than single precision holds: alphas of one ratio become one number


@dataclass(frozen=True)
class Static:
    """The static half of a network; NetworkParameters explains the fields of the same name."""

    rnn_type: str
    architecture: str
    Ng: int
    n_bottleneck: int
    activation: str
    initializer: str
    has_dropout: bool
    """whether training drops anything: a rate above 0 that fidelity does not make inert"""
    decays_bias: bool
    """whether weight decay falls on the bias of the recurrence instead of its kernel"""
    place_field_values: str
    place_field_normalization: str
    place_field_loss: str
    Np: int
    n_field_slots: int
    """fields a cell has room for"""
    surround_convention: str
    polar_angle: str
    n_head_direction_cells: int
    is_periodic: bool
    inputs: str
    optimizer: str
    matmul_precision: str
    """of the products in training; whatever is measured on a network is computed in float32"""
    batch_size: int
    sequence_length: int

    @property
    def n_analysed(self) -> int:
        """Units of the analysed layer."""
        return self.Ng if self.architecture == "study" else self.n_bottleneck

    @property
    def n_inputs(self) -> int:
        """Numbers a network is told of each move."""
        return 2 if self.inputs == "displacement" else 3

    @property
    def n_outputs(self) -> int:
        """Outputs: those of the target code, then the head-direction cells."""
        return self.Np + self.n_head_direction_cells


class Traced(NamedTuple):
    """The traced half of a NetworkSpec: 0-d arrays, or one axis of networks under vmap.

    A NamedTuple, which JAX knows as a pytree, so that planning a sweep needs no import of JAX.
    """

    layout_seed: Any
    weight_seed: Any
    motion_seed: Any
    n_fields: Any
    """fields that every place cell has"""
    mean_further_fields: Any
    """mean of the Poisson number of further fields"""
    place_cell_rf_low: Any
    """metres"""
    place_cell_rf_high: Any
    """metres"""
    surround_scale_low: Any
    surround_scale_high: Any
    alpha_e: Any
    """weight of the centre; alpha_e + alpha_i = 1"""
    alpha_i: Any
    """weight of the surround"""
    head_direction_kappa: Any
    place_maps: Any
    """measured place cells [n, n, Np]; None where there are none"""
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
    gradient_clip: Any
    """inf for none"""
    recurrent_dropout: Any
    readout_dropout: Any
    n_grad_steps: Any
    """gradient steps of the whole training"""
    padding: Any = None
    """own sizes and choices where it is trained in padded shapes (padding.Padding), else None"""


def static_half(spec: NetworkParameters) -> Static:
    """Return the half of a network that decides shapes and branches."""
    neutral = NetworkParameters()
    fidelity, is_ugrnn = spec.fidelity, spec.rnn_type == "UGRNN"
    has_dropout = fidelity.dropout == "active" and (
        spec.recurrent_dropout > 0 or spec.readout_dropout > 0
    )
    ignores_initializer = is_ugrnn and fidelity.ugrnn_initializer == "glorot_uniform"
    read = _reader(spec, neutral)
    return Static(
        rnn_type=spec.rnn_type,
        architecture=spec.architecture,
        Ng=spec.Ng,
        n_bottleneck=spec.n_analysed,
        activation=spec.activation,
        initializer="glorot_uniform" if ignores_initializer else spec.initializer,
        has_dropout=has_dropout,
        decays_bias=is_ugrnn and fidelity.ugrnn_weight_decay == "bias",
        place_field_values=spec.place_field_values,
        place_field_normalization=_normalization(spec, neutral),
        place_field_loss=spec.place_field_loss,
        Np=spec.Np,
        n_field_slots=n_slots(read("n_place_fields_per_cell"), spec.Np),
        surround_convention=read("surround_convention"),
        polar_angle=fidelity.polar_angle if "polar" in spec.place_field_values else "atan2",
        n_head_direction_cells=spec.n_head_direction_cells,
        is_periodic=spec.is_periodic,
        inputs=spec.inputs,
        optimizer=spec.optimizer,
        matmul_precision=spec.matmul_precision,
        batch_size=spec.batch_size,
        sequence_length=spec.sequence_length,
    )


def measured_half(static: Static) -> Static:
    """Return the static half without what training alone reads: one compilation measures all."""
    return replace(
        static,
        initializer=ANY,
        has_dropout=False,
        decays_bias=False,
        optimizer=ANY,
        matmul_precision="float32",
        batch_size=1,
    )


def readout_half(static: Static) -> Static:
    """Return the static half that random readouts of the target code are recorded by."""
    return replace(
        measured_half(static),
        rnn_type=ANY,
        Ng=1,
        n_bottleneck=1,
        place_field_loss=ANY,
        n_head_direction_cells=0,
        inputs=ANY,
        sequence_length=1,
    )


def traced_half(spec: NetworkParameters) -> Traced:
    """Return the half of a network that is numbers: strong float32 and int32 arrays.

    Raises GridjaxError where measured place cells are named but not at hand.
    """
    return Traced(**{name: _cast(name, value) for name, value in _numbers(spec).items()})


def computation(spec: NetworkParameters) -> Computation:
    """Return what tells a network apart from every other: all that decides its results."""
    maps = spec.place_maps if spec.place_field_values == "from_file" else None
    numbers = _numbers(spec, with_maps=False).items()
    cast = tuple(None if value is None else _cast(name, value).item() for name, value in numbers)
    evaluated = (spec.fidelity.empty_bins, spec.fidelity.evaluation_positions)
    reported = (spec.n_bins_reported, *evaluated, spec.fidelity.loss_column)
    return (static_half(spec), cast, maps, reported, tuple(sorted(spec.plugins.items())))


def _numbers(spec: NetworkParameters, with_maps: bool = True) -> dict[str, Any]:
    neutral = NetworkParameters()
    read = _reader(spec, neutral)
    fields = read("n_place_fields_per_cell")
    is_poisson = isinstance(fields, Poisson)
    width, surround = bounds(read("place_cell_rf")), bounds(read("surround_scale"))
    centre = _share(read("place_cell_alpha_e"), read("place_cell_alpha_i"))
    has_dropout = spec.fidelity.dropout == "active"
    has_head = spec.n_head_direction_cells > 0
    kappa = spec.head_direction_kappa if has_head else neutral.head_direction_kappa
    return {
        "layout_seed": spec.seed if spec.layout_seed is None else spec.layout_seed,
        "weight_seed": spec.seed if spec.weight_seed is None else spec.weight_seed,
        "motion_seed": spec.seed if spec.motion_seed is None else spec.motion_seed,
        "n_fields": 1 if is_poisson else fields,
        "mean_further_fields": fields.mean if isinstance(fields, Poisson) else 0.0,
        "place_cell_rf_low": width[0],
        "place_cell_rf_high": width[1],
        "surround_scale_low": surround[0],
        "surround_scale_high": surround[1],
        "alpha_e": centre,
        "alpha_i": 1 - centre,
        "head_direction_kappa": kappa,
        "place_maps": _maps(spec) if with_maps else None,
        "box_width_m": spec.box_width_in_m,
        "speed_scale": spec.speed_scale,
        "turn_sd": spec.turn_sd,
        "dt_s": spec.dt_s,
        "border_m": spec.border_m,
        "learning_rate": spec.learning_rate,
        "weight_decay": spec.weight_decay,
        "gradient_clip": math.inf if spec.gradient_clip is None else spec.gradient_clip,
        "recurrent_dropout": spec.recurrent_dropout if has_dropout else 0.0,
        "readout_dropout": spec.readout_dropout if has_dropout else 0.0,
        "n_grad_steps": spec.n_grad_steps,
    }


def _reader(spec: NetworkParameters, neutral: NetworkParameters) -> Any:
    """Return a function from a field's name to its value, neutral where it is not read."""

    def read(name: str) -> Any:
        is_read = is_read_by(FIELDS[name], spec.place_field_values)
        return getattr(spec if is_read else neutral, name)

    return read


def _normalization(spec: NetworkParameters, neutral: NetworkParameters) -> str:
    """Return the normalisation where the target code has one of its own choice."""
    chooses = ("gaussian", "difference_of_gaussians", "from_file")
    is_chosen = spec.place_field_values in chooses or bool(spec.plugins)
    return (spec if is_chosen else neutral).place_field_normalization


def _share(alpha_e: float, alpha_i: float) -> float:
    """Return the centre's share of both weights; only their ratio matters."""
    share = alpha_e / (alpha_e + alpha_i)
    return float(f"{share:.{_DIGITS}g}")


def _maps(spec: NetworkParameters) -> np.ndarray | None:
    if spec.place_field_values != "from_file" or spec.place_maps is None:
        return None
    if spec.place_maps.maps is None:
        message = f"the place maps {spec.place_maps} are not at hand"
        raise GridjaxError(Problem(message, fix="read the sweep again from its file"))
    return np.ascontiguousarray(np.moveaxis(spec.place_maps.maps, 0, -1))


def _cast(name: str, value: Any) -> Any:
    return (
        None if value is None else np.asarray(value, np.int32 if name in INTEGERS else np.float32)
    )
