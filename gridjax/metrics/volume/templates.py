"""Autocorrelograms of ideal lattices in all orientations, on spheres around the centre.

Lengths are in periods. The period is the distance between the nearest fields of a point lattice,
between the nearest columns, and between planes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.volume.rotations import (
    cubic_rotations,
    directions,
    distinct,
    hexagonal_rotations,
    rotations,
)

LATTICES = ("bcc", "fcc", "hcp", "sc", "columns", "lamellae")
RADII = np.arange(0.7, 1.96, 0.1)
"""Radii of the spheres; they contain the first three shells of neighbours of every lattice."""
N_DIRECTIONS = 180
"""Directions on half a sphere, ten degrees apart; the other half has the same values."""
N_ROTATIONS = 24_000
"""Rotations before the equivalent ones are removed, eight degrees apart."""
N_NORMALS = 400
"""Normals of planes."""
FINENESS = 2.0
"""Degrees between the angles at which ideal autocorrelograms are tabulated."""
PEAK = 0.22
"""Standard deviation of a peak of an ideal autocorrelogram."""


class Templates(NamedTuple):
    """Ideal autocorrelograms; those of one lattice are neighbours."""

    values: Float[np.ndarray, "template point"]
    """Values at each radius and direction, the direction varies fastest."""
    ends: tuple[int, ...]
    """Index after the last template of each lattice, in the order of LATTICES."""
    orientations: Float[np.ndarray, "template 3 3"]
    """Matrix R of each template: the value in a direction d is that of R^T d in the lattice."""


def points() -> Float[np.ndarray, "point 3"]:
    """Return the points of the spheres."""
    return (RADII[:, None, None] * directions(N_DIRECTIONS)).reshape(-1, 3)


def neighbours(name: str) -> tuple[Float[np.ndarray, "vector 3"], Float[np.ndarray, " vector"]]:
    """Return the vectors between fields of a point lattice and the weight of each vector.

    The weight is the share of fields that have a neighbour there, averaged with the opposite
    vector, because an autocorrelogram is symmetric.
    """
    steps = np.arange(-4, 5)
    cell = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    if name == "hcp":
        layers = cell @ np.array([[1, 0, 0], [0.5, 0.75**0.5, 0], [0, 0, (8 / 3) ** 0.5]])
        between = layers + np.array([0.5, 12**-0.5, (2 / 3) ** 0.5])
        vectors = np.concatenate([layers, between, -between])
        weights = np.repeat([1.0, 0.5, 0.5], len(layers))
    else:
        parity = cell % 2
        chosen, scale = {
            "sc": (np.full(len(cell), True), 1.0),
            "fcc": (parity.sum(1) % 2 == 0, 2**-0.5),
            "bcc": ((parity == parity[:, :1]).all(1), 3**-0.5),
        }[name]
        vectors = cell[chosen] * scale
        weights = np.ones(len(vectors))
    near = np.linalg.norm(vectors, axis=1) < RADII[-1] + 3 * PEAK
    return vectors[near], weights[near]


def _ideal(name: str, places: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "..."]:
    """Return the autocorrelogram of a lattice in its standard orientation."""
    if name == "lamellae":
        off = places[..., 2] - np.round(places[..., 2])
        return np.exp(-(off**2) / (2 * PEAK**2))
    if name == "columns":
        i, j = (part.ravel() for part in np.meshgrid(np.arange(-4, 5), np.arange(-4, 5)))
        vectors = np.stack([i + j / 2, 0.75**0.5 * j, 0 * i], axis=-1)
        vectors = vectors[np.linalg.norm(vectors, axis=1) < RADII[-1] + 3 * PEAK]
        places, weights = places * [1, 1, 0], np.ones(len(vectors))
    else:
        vectors, weights = neighbours(name)
    # exp(-|r - v|^2 / 2 s^2) in factors, so that the largest array is a matrix product
    inner = places @ vectors.T
    square = (places**2).sum(-1, keepdims=True) + (vectors**2).sum(-1)
    return np.exp((inner - square / 2) / PEAK**2) @ weights


@lru_cache(maxsize=1)
def tables() -> Float[np.ndarray, "lattice polar azimuth radius"]:
    """Return the autocorrelogram of each lattice by polar angle, azimuth and radius."""
    polar = np.deg2rad(np.arange(0, 180 + FINENESS, FINENESS))
    azimuth = np.deg2rad(np.arange(-180, 180 + FINENESS, FINENESS))
    theta, phi = np.meshgrid(polar, azimuth, indexing="ij")
    sphere = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1)
    parts = [[_ideal(name, radius * sphere) for radius in RADII] for name in LATTICES]
    return np.moveaxis(np.array(parts, np.float32), 1, -1)


def turned(
    table: Float[Array, "polar azimuth radius"], orientation: Float[Array, "3 3"]
) -> Float[Array, " point"]:
    """Return the autocorrelogram of a lattice in an orientation, interpolated in its table."""
    x, y, z = jnp.moveaxis(directions(N_DIRECTIONS) @ orientation, -1, 0)
    row = jnp.rad2deg(jnp.arccos(jnp.clip(z, -1, 1))) / FINENESS
    column = (jnp.rad2deg(jnp.arctan2(y, x)) + 180) / FINENESS
    i = jnp.minimum(row.astype(int), table.shape[0] - 2)
    j = jnp.minimum(column.astype(int), table.shape[1] - 2)
    a, b = (row - i)[:, None], (column - j)[:, None]
    values = (1 - a) * ((1 - b) * table[i, j] + b * table[i, j + 1])
    values += a * ((1 - b) * table[i + 1, j] + b * table[i + 1, j + 1])
    return values.T.ravel()


_turned = jax.jit(jax.vmap(turned, (None, 0)))


@lru_cache(maxsize=1)
def templates() -> Templates:
    """Return the templates of all lattices."""
    turns = rotations(N_ROTATIONS)
    cubic, hexagonal = distinct(turns, cubic_rotations()), distinct(turns, hexagonal_rotations())
    normals = np.zeros((N_NORMALS, 3, 3))
    normals[:, :, 2] = directions(N_NORMALS)
    orientations = dict.fromkeys(("bcc", "fcc", "sc"), cubic)
    orientations |= {"hcp": hexagonal, "columns": hexagonal, "lamellae": normals}
    parts = [
        np.asarray(_turned(table, orientations[name].astype(np.float32)))
        for name, table in zip(LATTICES, tables(), strict=True)
    ]
    ends = tuple(np.cumsum([len(part) for part in parts]))
    turns = np.concatenate([orientations[name] for name in LATTICES])
    return Templates(np.concatenate(parts), ends, turns)
