"""Functions of target codes: drawing a layout, encoding positions, decoding outputs.

``encoding(static)`` returns the functions of a network's code. ``register_encoding`` adds a user's
code. gridjax.spec.records.target_code_info contains the facts of each code.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from jaxtyping import Array, Float, Key

from gridjax.spec.lowering import StaticConfig
from gridjax.spec.records.target_code_info import TargetCodeInfo
from gridjax.spec.registry import ENCODINGS
from gridjax.task.target_codes import coordinate_codes, measured_place_cells, place_cells
from gridjax.task.target_codes.context import EncodingContext


class Encoding(NamedTuple):
    """A target code as three pure functions. Its layout is drawn once for each network."""

    init: Callable[[Key[Array, ""], EncodingContext], Any]
    """key, parameters of the code -> layout: any pytree of arrays, or None"""
    encode: Callable[[Any, Float[Array, "*n d"]], Float[Array, "*n Np"]]
    """layout, positions (metres) -> targets"""
    decode: Callable[[Any, Float[Array, "*n Np"]], Float[Array, "*n d"]]
    """layout, outputs of a network -> positions (metres)"""


def register_encoding(info: TargetCodeInfo, encoding: Encoding) -> None:
    """Add a target code: its record and its functions. ``info.name`` is its name in sweep files.

    Raises GridjaxError if the name is already used, or the source of a function cannot be found.
    """
    ENCODINGS.register(info, Encoding(*encoding), TargetCodeInfo)


def encoding(static: StaticConfig) -> Encoding:
    """Return the target code of a network."""
    variant = VARIANTS.get((static.place_field_values, static.place_field_normalization))
    if variant is None:
        variant = VARIANTS.get((static.place_field_values, static.polar_angle))
    return variant or ENCODINGS[static.place_field_values]


def _nothing(key: Key[Array, ""], context: EncodingContext) -> None:
    del key, context


def _identity(layout: None, values: Float[Array, "*n 2"]) -> Float[Array, "*n 2"]:
    del layout
    return values


def _polar(angle: str) -> Encoding:
    return Encoding(
        _nothing,
        lambda layout, positions: coordinate_codes.polar(positions, angle),
        lambda layout, outputs: coordinate_codes.from_polar(outputs),
    )


def _high_dim_polar(angle: str) -> Encoding:
    return Encoding(
        coordinate_codes.draw_high_dim_polar,
        partial(coordinate_codes.encode_high_dim_polar, angle=angle),
        coordinate_codes.decode_high_dim_polar,
    )


def _place_cells(
    encode: Callable[..., Array],
    decode: Callable[..., Array] = place_cells.decode_top_cells,
) -> Encoding:
    return Encoding(place_cells.draw_place_cells, encode, decode)


def _measured(encode: Callable[..., Array]) -> Encoding:
    return Encoding(
        measured_place_cells.take_measured_cells,
        encode,
        measured_place_cells.decode_top_maps,
    )


ENCODINGS.build_in(
    cartesian=Encoding(_nothing, _identity, _identity),
    high_dim_cartesian=Encoding(
        coordinate_codes.draw_high_dim_cartesian,
        coordinate_codes.encode_affine,
        coordinate_codes.decode_affine,
    ),
    polar=_polar("atan2"),
    high_dim_polar=_high_dim_polar("atan2"),
    gaussian=_place_cells(place_cells.softmax_gaussian),
    difference_of_gaussians=_place_cells(place_cells.difference_of_softmaxes),
    true_difference_of_gaussians=_place_cells(
        place_cells.difference_of_gaussians, decode=place_cells.decode_bottom_cells
    ),
    general_difference_of_gaussians=_place_cells(place_cells.difference_of_gaussians),
    softmax_of_differences=_place_cells(place_cells.softmax_of_differences),
    from_file=_measured(measured_place_cells.shares),
)
VARIANTS = {
    ("gaussian", "none"): _place_cells(place_cells.plain_gaussian),
    ("difference_of_gaussians", "none"): _place_cells(place_cells.difference_of_gaussians),
    ("from_file", "none"): _measured(measured_place_cells.rates),
    ("polar", "atan"): _polar("atan"),
    ("high_dim_polar", "atan"): _high_dim_polar("atan"),
}
"""Target codes whose functions depend on the normalisation or on the published angle."""
