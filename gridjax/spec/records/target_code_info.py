"""Facts of each target code: its label, its style in figures, and the parameters that it reads.

Plans, rules, figures and theory read these facts. A user's target code is registered with the same
record (gridjax.register_encoding). This module imports no JAX.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from gridjax.errors import GridjaxError, Problem

DISTRIBUTION, UNIT_INTERVAL, POLAR, REAL = "distribution", "unit_interval", "polar", "real"
TARGET_KINDS = (DISTRIBUTION, UNIT_INTERVAL, POLAR, REAL)
"""Kinds of targets, in this order: each row sums to 1 over the outputs; each value lies between 0
and 1; the two values are radius (metres) and angle (radians); values are any numbers."""

EVERY, PLANE = (1, 2, 3), (2,)
"""Numbers of dimensions of a box: a line, a square and a cube; the square alone."""

PEAK, DECAY = "peak", "decay"
"""Power spectra of target codes in theory."""
FIELD_PARAMETERS = ("n_place_fields_per_cell", "place_cell_rf")
"""Parameters of drawn place fields."""
SURROUND_PARAMETERS = (*FIELD_PARAMETERS, "surround_scale", "surround_convention")
"""Parameters of drawn place fields with a surround."""
CODE_PARAMETERS = (*SURROUND_PARAMETERS, "place_cell_alpha_e", "place_cell_alpha_i", "place_maps")
"""Parameters that only some target codes read."""


@dataclass(frozen=True)
class TargetCodeInfo:
    """Facts of one target code (a value of ``place_field_values``).

    Raises GridjaxError for a kind of targets that does not exist, and if ``reads`` names anything
    but parameters of target codes.
    """

    name: str
    """name of the target code in sweep files"""
    targets: str = REAL
    """kind of its targets, one of TARGET_KINDS; decides which losses fit"""
    label: str = ""
    """short name in figures and tables; if empty, ``name`` is used"""
    colour: str = ""
    """colour in figures as #rrggbb; if empty, it is chosen by the name"""
    marker: str = ""
    """matplotlib marker in figures; if empty, it is chosen by the name"""
    reads: tuple[str, ...] = ()
    """parameters of place fields that it reads, of ``CODE_PARAMETERS``; others do not change its
    networks"""
    has_place_cells: bool = False
    """whether the outputs are place cells, decoded from the three most active ones"""
    targets_unnormalized: str = ""
    """kind of the targets with ``place_field_normalization: none``; empty if this value does not
    change them"""
    outputs: str = ""
    """description of its outputs, printed with a limit on their number"""
    n_outputs: int = 0
    """the only Np that is allowed; 0: any Np"""
    min_outputs: int = 1
    """the smallest Np that is allowed"""
    n_output_groups: int = 1
    """Np must be a multiple of this number"""
    spectrum: str = ""
    """power spectrum of its cells that gridjax.theory derives from place_cell_rf and
    surround_scale: ``peak`` (largest at one wavenumber), ``decay`` (falls from 0); empty: none"""
    dimensions: tuple[int, ...] = PLANE
    """numbers of dimensions of the positions that it encodes"""
    has_masks: bool = False
    """whether its layout can be drawn with more than Np outputs, and the additional outputs masked,
    which ``--merge`` needs. ``--merge`` never pads Np of a user's code"""
    version: str = ""
    """version of a user's code; the run_id depends on it and on the source of the functions"""

    def __post_init__(self) -> None:
        check_text_fields(self)
        check_dimensions("place_field_values", self.name, self.dimensions)
        check_reads("place_field_values", self.name, self.reads, CODE_PARAMETERS)
        if self.spectrum not in ("", PEAK, DECAY):
            message = f"place_field_values: {self.name!r}: spectrum: {self.spectrum!r} is unknown"
            raise GridjaxError(Problem(message, fix=f"give {PEAK}, {DECAY} or nothing"))
        for kind in filter(None, (self.targets, self.targets_unnormalized)):
            check_kind("place_field_values", self.name, "targets", kind)

    @property
    def has_surround(self) -> bool:
        """Whether its place fields have an inhibitory surround."""
        return "surround_scale" in self.reads


def check_kind(parameter: str, name: str, what: str, kind: str) -> None:
    """Raise GridjaxError unless ``kind`` is one of TARGET_KINDS."""
    if kind not in TARGET_KINDS:
        message = f"{parameter}: {name!r}: {what}: {kind!r} is unknown"
        raise GridjaxError(Problem(message, fix=f"give one of {', '.join(TARGET_KINDS)}"))


def check_dimensions(parameter: str, name: str, dimensions: Any) -> None:
    """Raise GridjaxError unless ``dimensions`` is a tuple of some of EVERY."""
    if not isinstance(dimensions, tuple) or not dimensions or not set(dimensions) <= set(EVERY):
        message = f"{parameter}: {name!r}: dimensions: {dimensions!r} is unknown"
        raise GridjaxError(Problem(message, fix="give a tuple of 1, 2 and 3, such as (2, 3)"))


def check_reads(parameter: str, name: str, reads: Any, known: tuple[str, ...]) -> None:
    """Raise GridjaxError unless ``reads`` is a tuple of known names of parameters."""
    is_tuple = isinstance(reads, tuple)
    unknown = [one for one in reads if one not in known] if is_tuple else [reads]
    if unknown:
        message = f"{parameter}: {name!r}: reads: {unknown[0]!r} is unknown"
        raise GridjaxError(Problem(message, fix=f"give a tuple of some of {', '.join(known)}"))


def check_text_fields(info: Any) -> None:
    """Raise GridjaxError if the value of a text field of a record is not a text."""
    for field in fields(info):
        value = getattr(info, field.name)
        if str(field.type) == "str" and not isinstance(value, str):
            message = f"{type(info).__name__}: {field.name}: {value!r} is not a text"
            raise GridjaxError(Problem(message, fix=f"give {field.name} as a text"))


_PLACE: dict[str, Any] = {
    "targets": DISTRIBUTION,
    "has_place_cells": True,
    "outputs": "place cells, of which the three most active are decoded",
    "min_outputs": 3,
}
_DRAWN: dict[str, Any] = {**_PLACE, "has_masks": True, "dimensions": EVERY}

# The colours are those of Okabe and Ito, which colour-blind readers can distinguish. Their yellow
# is hard to see on white. The other three codes therefore have grey and two colours of Paul Tol,
# indigo and wine. Each code also has its own marker, so that no code is shown by colour alone.
TARGET_CODES = (
    TargetCodeInfo(
        name="cartesian",
        label="Cartesian",
        colour="#000000",
        marker="o",
        outputs="x and y",
        n_outputs=2,
    ),
    TargetCodeInfo(
        name="high_dim_cartesian",
        label="Cartesian, high-D",
        colour="#7f7f7f",
        marker="D",
        outputs="sums of the two coordinates",
        min_outputs=2,
    ),
    TargetCodeInfo(
        name="polar",
        targets=POLAR,
        label="Polar",
        colour="#56b4e9",
        marker="v",
        outputs="radius and angle",
        n_outputs=2,
    ),
    TargetCodeInfo(
        name="high_dim_polar",
        label="Polar, high-D",
        colour="#009e73",
        marker="p",
        outputs="units of the radius, then as many units of the angle",
        min_outputs=2,
        n_output_groups=2,
    ),
    TargetCodeInfo(
        name="gaussian",
        label="Gaussian",
        colour="#0072b2",
        marker="s",
        reads=FIELD_PARAMETERS,
        spectrum=DECAY,
        targets_unnormalized=UNIT_INTERVAL,
        **_DRAWN,
    ),
    TargetCodeInfo(
        name="difference_of_gaussians",
        label="DoS",
        colour="#d55e00",
        marker="^",
        reads=SURROUND_PARAMETERS,
        spectrum=PEAK,
        targets_unnormalized=DISTRIBUTION,
        **_DRAWN,
    ),
    TargetCodeInfo(
        name="true_difference_of_gaussians",
        label="True DoG",
        colour="#cc79a7",
        marker="X",
        reads=SURROUND_PARAMETERS,
        **_DRAWN,
    ),
    TargetCodeInfo(
        name="general_difference_of_gaussians",
        label="General DoG",
        colour="#e69f00",
        marker="<",
        reads=(*SURROUND_PARAMETERS, "place_cell_alpha_e", "place_cell_alpha_i"),
        **_DRAWN,
    ),
    TargetCodeInfo(
        name="softmax_of_differences",
        label="SoD",
        colour="#332288",
        marker=">",
        reads=SURROUND_PARAMETERS,
        **_DRAWN,
    ),
    TargetCodeInfo(
        name="from_file",
        label="Measured cells",
        colour="#882255",
        marker="P",
        reads=("place_maps",),
        targets_unnormalized=REAL,
        **_PLACE,
    ),
)
"""gridjax's own target codes, in the order of tables and figures (DoS: difference of softmaxes)."""
