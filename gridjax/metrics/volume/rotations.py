"""Evenly spread rotations and directions, and the rotations that leave a lattice unchanged."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from jaxtyping import Float

_PHI, _PSI = 2**0.5, 1.533751168755204288118041


def directions(count: int) -> Float[np.ndarray, "direction 3"]:
    """Return unit vectors spread evenly over a hemisphere (a Fibonacci spiral)."""
    place = np.arange(count) + 0.5
    z = 1 - place / count
    turn = np.pi * (3 - 5**0.5) * place
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], axis=-1)


def rotations(count: int) -> Float[np.ndarray, "rotation 3 3"]:
    """Return matrices of rotations spread evenly over all rotations.

    Source: super-Fibonacci spirals, Alexa 2022.
    """
    place = np.arange(count) + 0.5
    inner, outer = np.sqrt(place / count), np.sqrt(1 - place / count)
    a, b = 2 * np.pi * place / _PHI, 2 * np.pi * place / _PSI
    w, x, y, z = inner * np.sin(a), inner * np.cos(a), outer * np.sin(b), outer * np.cos(b)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.moveaxis(np.array(rows), -1, 0)


def cubic_rotations() -> Float[np.ndarray, "24 3 3"]:
    """Return the rotations of a cube."""
    signed = (
        np.eye(3)[list(order)] * signs
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    )
    return np.stack([matrix for matrix in signed if np.linalg.det(matrix) > 0])


def hexagonal_rotations() -> Float[np.ndarray, "12 3 3"]:
    """Return the rotations of a hexagonal prism with the axis z."""
    angles = np.arange(6) * np.pi / 3
    turns = np.zeros((6, 3, 3))
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(angles)
    turns[:, 1, 0], turns[:, 0, 1] = np.sin(angles), -np.sin(angles)
    turns[:, 2, 2] = 1
    return np.concatenate([turns, turns @ np.diag([1.0, -1.0, -1.0])])


def distinct(
    turns: Float[np.ndarray, "rotation 3 3"], group: Float[np.ndarray, "member 3 3"]
) -> Float[np.ndarray, "kept 3 3"]:
    """Return one rotation of each set of rotations that turn a lattice to the same orientation.

    Args:
        turns: rotations R.
        group: the rotations S that leave the lattice unchanged; R and R S are equivalent.

    The rotation of each set nearest to the identity is kept.
    """
    traces = np.einsum("rij,gji->rg", turns, group)
    identity = np.trace(turns, axis1=1, axis2=2)
    return turns[identity >= traces.max(axis=1) - 1e-12]
