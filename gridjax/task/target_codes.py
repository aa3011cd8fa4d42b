"""Target codes: draw a layout, encode positions, decode outputs.

``encoding(static)`` is the code of one network. gridjax's own stand in the table of this file;
``register_encoding`` adds a user's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from jaxtyping import Array, Float, Key

from gridjax.spec.lowering import Static, Traced
from gridjax.spec.registry import ENCODINGS
from gridjax.task import coordinate_codes, measured_place_cells, place_cells


class Encoding(NamedTuple):
    """A target code as pure functions of a layout, which is drawn once for each network."""

    init: Callable[[Key[Array, ""], Static, Traced], Any]
    """key, static and traced half of the network -> layout: any pytree of arrays, or None"""
    encode: Callable[[Any, Float[Array, "*n 2"]], Float[Array, "*n Np"]]
    """layout, positions (metres) -> targets"""
    decode: Callable[[Any, Float[Array, "*n Np"]], Float[Array, "*n 2"]]
    """layout, outputs of a network -> positions (metres)"""
    targets: str = "numbers"
    """what losses may ask: ``distribution`` where targets sum to 1 over the outputs, ``shares``
    where each lies between 0 and 1, ``numbers`` otherwise"""


def register_encoding(name: str, encoding: Encoding) -> None:
    """Add a target code under a name for ``place_field_values``.

    Raises GridjaxError for a name that is taken, or functions whose source cannot be found.
    """
    ENCODINGS.register(name, Encoding(*encoding))


def encoding(static: Static) -> Encoding:
    """Return the target code of a network."""
    variant = VARIANTS.get((static.place_field_values, static.place_field_normalization))
    if variant is None:
        variant = VARIANTS.get((static.place_field_values, static.polar_angle))
    return variant or ENCODINGS[static.place_field_values]


def _nothing(key: Key[Array, ""], static: Static, traced: Traced) -> None:
    del key, static, traced


def _identity(layout: None, values: Float[Array, "*n 2"]) -> Float[Array, "*n 2"]:
    del layout
    return values


def _polar(angle: str) -> Encoding:
    return Encoding(
        _nothing,
        lambda layout, positions: coordinate_codes.polar(positions, angle),
        lambda layout, outputs: coordinate_codes.from_polar(outputs),
        "polar",
    )


def _high_dim_polar(angle: str) -> Encoding:
    return Encoding(
        coordinate_codes.draw_high_dim_polar,
        partial(coordinate_codes.encode_high_dim_polar, angle=angle),
        coordinate_codes.decode_high_dim_polar,
    )


def _place_cells(
    encode: Callable[..., Array],
    targets: str = "distribution",
    decode: Callable[..., Array] = place_cells.decode_top_cells,
) -> Encoding:
    return Encoding(place_cells.draw_place_cells, encode, decode, targets)


def _measured(encode: Callable[..., Array], targets: str) -> Encoding:
    return Encoding(
        measured_place_cells.take_measured_cells,
        encode,
        measured_place_cells.decode_top_maps,
        targets,
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
    from_file=_measured(measured_place_cells.shares, "distribution"),
)
VARIANTS = {
    ("gaussian", "none"): _place_cells(place_cells.plain_gaussian, "shares"),
    ("difference_of_gaussians", "none"): _place_cells(place_cells.difference_of_gaussians),
    ("from_file", "none"): _measured(measured_place_cells.rates, "numbers"),
    ("polar", "atan"): _polar("atan"),
    ("high_dim_polar", "atan"): _high_dim_polar("atan"),
}
"""Codes that normalisation or fidelity changes, by code and by that."""
