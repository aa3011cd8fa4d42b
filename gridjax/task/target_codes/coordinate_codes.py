"""Target codes made of coordinates: Cartesian and polar, in two or in many dimensions.

The definitions are those of No Free Lunch from Deep Learning in Neuroscience (2022). Positions are
in metres, angles in radians.
"""

from __future__ import annotations

import jax.numpy as jnp
from flax import struct
from jax import random
from jaxtyping import Array, Float, Key

from gridjax.task.target_codes.context import EncodingContext

KAPPA = 1.0
"""Concentration of the angle units of high-dimensional polar targets."""


class Affine(struct.PyTreeNode):
    """The map from coordinates to many outputs: y = x A + b."""

    matrix: Float[Array, "coordinate Np"]
    offset: Float[Array, " Np"]


class PolarUnits(struct.PyTreeNode):
    """Units that encode the radius, and units that encode the angle."""

    radius: Affine
    preferred: Float[Array, " unit"]
    """preferred angles, radians"""


def draw_affine(key: Key[Array, ""], n_coordinates: int, n_outputs: int) -> Affine:
    """Draw A and b from U(-1, 1)."""
    drawn = random.uniform(key, (n_coordinates + 1, n_outputs), minval=-1.0)
    return Affine(matrix=drawn[:-1], offset=drawn[-1])


def draw_high_dim_cartesian(key: Key[Array, ""], context: EncodingContext) -> Affine:
    """Draw the map of high-dimensional Cartesian targets."""
    return draw_affine(key, 2, context.Np)


def draw_high_dim_polar(key: Key[Array, ""], context: EncodingContext) -> PolarUnits:
    """Draw the map of the radius, and preferred angles from U(-pi, pi)."""
    of_radius, of_angle = random.split(key)
    n_units = context.Np // 2
    preferred = random.uniform(of_angle, (n_units,), minval=-jnp.pi, maxval=jnp.pi)
    return PolarUnits(radius=draw_affine(of_radius, 1, n_units), preferred=preferred)


def encode_affine(affine: Affine, coordinates: Float[Array, "*n k"]) -> Float[Array, "*n Np"]:
    """Return x A + b."""
    return coordinates @ affine.matrix + affine.offset


def decode_affine(affine: Affine, outputs: Float[Array, "*n Np"]) -> Float[Array, "*n k"]:
    """Return the coordinates x whose image x A + b is nearest to y: (y - b) A^T (A A^T)^-1.

    This is the closed form of the pseudo-inverse. With one or two coordinates it is well
    conditioned.
    """
    matrix = affine.matrix
    return (outputs - affine.offset) @ matrix.T @ jnp.linalg.inv(matrix @ matrix.T)


def polar(positions: Float[Array, "*n 2"], angle: str) -> Float[Array, "*n 2"]:
    """Return radius (metres) and angle (radians).

    The angle is atan2(y, x), or atan(y / x) as published.
    """
    x, y = positions[..., 0], positions[..., 1]
    theta = jnp.arctan2(y, x) if angle == "atan2" else jnp.arctan(y / x)
    return jnp.stack([jnp.hypot(x, y), theta], axis=-1)


def from_polar(radius_and_angle: Float[Array, "*n 2"]) -> Float[Array, "*n 2"]:
    """Return positions (metres) from radius (metres) and angle (radians)."""
    radius, theta = radius_and_angle[..., :1], radius_and_angle[..., 1:]
    return radius * jnp.concatenate([jnp.cos(theta), jnp.sin(theta)], axis=-1)


def encode_high_dim_polar(
    units: PolarUnits, positions: Float[Array, "*n 2"], angle: str
) -> Float[Array, "*n Np"]:
    """Return r A + b of the radius units, then exp(kappa cos(theta - mu)) of the angle units."""
    coordinates = polar(positions, angle)
    of_radius = encode_affine(units.radius, coordinates[..., :1])
    of_angle = jnp.exp(KAPPA * jnp.cos(coordinates[..., 1:] - units.preferred))
    return jnp.concatenate([of_radius, of_angle], axis=-1)


def decode_high_dim_polar(
    units: PolarUnits, outputs: Float[Array, "*n Np"]
) -> Float[Array, "*n 2"]:
    """Decode positions (metres): the radius by the pseudo-inverse, the angle by a maximum.

    The angle is the preferred angle of the most active angle unit.
    """
    of_radius, of_angle = jnp.split(outputs, 2, axis=-1)
    radius = decode_affine(units.radius, of_radius)
    theta = units.preferred[of_angle.argmax(axis=-1)]
    return from_polar(jnp.concatenate([radius, theta[..., None]], axis=-1))
