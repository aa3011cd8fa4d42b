"""Rotated autocorrelograms at ring pixels, equal to `scipy.ndimage.rotate` (cubic, no reshape).

A point-symmetric image is the sum of two parts: a quarter turn does not change the first part, and
changes the sign of the second part. One quadrant determines both parts and their rotations. One or
two quarter turns move each pixel of a rotation to a twin pixel, for which all sixteen spline
coefficients are in the stored quadrant. Rotations by 120, 135 and 150 degrees are quarter turns of
the rotations by 30, 45 and 60 degrees.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

TURNS = (30, 45, 60)
# At this distance in bins the weight of a sample in a spline's value is below 2e-6; it falls by a
# factor of 0.268 with each bin.
SPLINE_REACH = 10


class Taps(NamedTuple):
    """Indices and weights of the spline coefficients of each ring pixel, for each turn.

    `first` is the flat index of the first corner of a 4 x 4 block of coefficients, in a quadrant
    with a margin of one bin before it and two bins after it. `sign` is the factor between a pixel
    and its twin in the part whose sign a quarter turn changes.
    """

    prefilter_even: Float[np.ndarray, "n n"]
    prefilter_odd: Float[np.ndarray, "n n"]
    pixel: Int[np.ndarray, " pixel"]
    first: Int[np.ndarray, "turn pixel"]
    weight_x: Float[np.ndarray, "turn 4 pixel"]
    weight_y: Float[np.ndarray, "turn 4 pixel"]
    sign: Float[np.ndarray, "turn pixel"]


def _bspline(distance):
    d = np.abs(distance)
    return np.where(d < 1, 2 / 3 - d**2 + d**3 / 2, np.clip(2 - d, 0, None) ** 3 / 6)


def _prefilters(n: int):
    """Return matrices from the upper half of an even line, and an odd line, to coefficients."""
    size = 2 * n - 1
    sampling = 2 / 3 * np.eye(size) + (np.eye(size, k=1) + np.eye(size, k=-1)) / 6
    sampling[0, 1] = sampling[-1, -2] = 1 / 3
    solve = np.linalg.inv(sampling)[n - 1 :]
    upper, lower = solve[:, n - 1 :], solve[:, n - 1 :: -1]
    even, odd = upper + lower, upper - lower
    even[:, 0] = upper[:, 0]
    odd[:, 0] = 0
    return even.astype(np.float32), odd.astype(np.float32)


def _within(matrix: Float[np.ndarray, "n n"], side: int) -> Float[np.ndarray, "side side"]:
    """Return the matrix within a larger one, which also gives two mirrored lines after the n."""
    n = len(matrix)
    if side == n:
        return matrix
    wide = np.zeros((side, side), matrix.dtype)
    wide[: n + 2, :n] = np.concatenate([matrix, matrix[n - 2 : n - 4 : -1]])
    return wide


def padded(t: Taps, n_pixels: int) -> Taps:
    """Return taps of n_pixels pixels; the last pixel is repeated."""
    more = n_pixels - len(t.pixel)

    def longer(table):
        return np.pad(table, [(0, 0)] * (table.ndim - 1) + [(0, more)], mode="edge")

    return Taps(t.prefilter_even, t.prefilter_odd, *map(longer, t[2:]))


def _source(i, j, degrees):
    """Return the source of pixel (i, j) in scipy.ndimage.rotate, relative to the middle."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return c * i + s * j, -s * i + c * j


@lru_cache(maxsize=32)
def taps(n: int, inner: float, outer: float, side: int) -> Taps:
    """Return the taps of the pixels (i > 0, j >= 0) between two radii in bins, by radius.

    Quadrants of n x n lags are in a corner of arrays of side x side; side is n or at least n + 2.
    """
    i, j = np.meshgrid(np.arange(1, n), np.arange(n), indexing="ij")
    radius = np.sqrt(i**2 + j**2).ravel()
    order = np.argsort(radius, kind="stable")
    order = order[(radius[order] > inner) & (radius[order] <= outer)]
    i, j = i.ravel()[order], j.ravel()[order]
    first, weight_x, weight_y, sign = [], [], [], []
    for degrees in TURNS:
        x, y = _source(i, j, degrees)
        # One quarter turn (x, y) -> (-y, x) moves a source with y < 0 into the quadrant.
        turned = y < 0
        x, y = np.where(turned, -y, x), np.where(turned, x, y)
        inside = (x <= n - 1) & (y <= n - 1)
        corner = np.floor([x, y]).astype(int)
        corner = np.where(inside, corner, 0)
        offset = np.arange(-1, 3)[:, None]
        weight_x.append(np.where(inside, _bspline(x - corner[0] - offset), 0))
        weight_y.append(np.where(inside, _bspline(y - corner[1] - offset), 0))
        first.append(corner[0] * (side + 3) + corner[1])
        sign.append(np.where(turned, -1, 1))
    even, odd = (_within(matrix, side) for matrix in _prefilters(n))
    return Taps(
        even,
        odd,
        (i * side + j).astype(np.int32),
        np.stack(first).astype(np.int32),
        np.stack(weight_x).astype(np.float32),
        np.stack(weight_y).astype(np.float32),
        np.stack(sign).astype(np.float32),
    )


def _filter(matrix, image):
    high = jax.lax.Precision.HIGHEST
    half = jnp.swapaxes(jnp.tensordot(matrix, image, axes=1, precision=high), 0, 1)
    return jnp.swapaxes(jnp.tensordot(matrix, half, axes=1, precision=high), 0, 1)


def _margins(quadrant: Float[Array, "n n map"], sign: int):
    """Return the quadrant with one line before it, by symmetry, and two mirrored lines after it."""
    n = quadrant.shape[0]
    # value(i, -j) and value(-i, j) are both value(j, i) times the part's sign
    before = sign * jnp.swapaxes(quadrant[1:2], 0, 1)
    wide = jnp.concatenate([before, quadrant, quadrant[:, n - 2 :: -1][:, :2]], axis=1)
    above = sign * quadrant[:, 1]
    corner = quadrant[1, 1][None]
    behind = sign * quadrant[n - 2 :: -1, 1][:2]
    above = jnp.concatenate([corner, above, behind])[None]
    return jnp.concatenate([above, wide, wide[n - 2 :: -1][:2]])


def ring_values(
    plus: Float[Array, "n n map"], minus: Float[Array, "n n map"], t: Taps
) -> tuple[Array, Array, Array, Array]:
    """Return both parts at the ring pixels, and their rotations by 30, 45 and 60 degrees.

    `plus` and `minus` are the image at (dx, +dy) and (dx, -dy). Returns (same, flipped) of shape
    [pixel, map] and (same_turned, flipped_turned) of shape [turn, pixel, map].
    """
    n, _, maps = plus.shape
    even = _filter(t.prefilter_even, (plus + minus) / 2)
    odd = _filter(t.prefilter_odd, (plus - minus) / 2)

    def parts(upper, lower):
        twin = jnp.swapaxes(lower, 0, 1)
        return upper + twin, upper - twin

    same, flipped = (part.reshape(n * n, maps)[t.pixel] for part in parts(plus, minus))
    same_turned, flipped_turned = _turned(
        [
            _margins(part, sign).reshape(-1, maps)
            for part, sign in zip(parts(even + odd, even - odd), (1, -1), strict=True)
        ],
        t,
    )
    return same, flipped, same_turned, flipped_turned * t.sign[..., None]


def _turned(coefficients: list[Float[Array, "bin map"]], t: Taps) -> list[Array]:
    """Return each image at the sources of all pixels, [turn, pixel, map].

    Without the loop over turns, the compiler computes the images again for each use.
    """
    wide = len(t.prefilter_even) + 3

    def one_turn(turn):
        first, weight_x, weight_y = turn

        def four(term):
            return term(0) + term(1) + term(2) + term(3)

        def tap(image, a, b):
            # Clipped indices would increase the run time by a sixth.
            value = image.at[first + a * wide + b].get(mode="promise_in_bounds")
            return value * weight_y[b][:, None]

        def line(image, a):
            return four(partial(tap, image, a)) * weight_x[a][:, None]

        return [four(partial(line, image)) for image in coefficients]

    return jax.lax.map(one_turn, (t.first, t.weight_x, t.weight_y))
