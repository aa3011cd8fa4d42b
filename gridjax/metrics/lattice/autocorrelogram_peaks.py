"""Six peaks of an autocorrelogram nearest its centre, with a precision of a fraction of a bin.

Lags are in bins. The best match of a template of six peaks and the twelve troughs within their
hexagon gives a first estimate. The fit of a paraboloid around each of three peaks refines it. The
other three peaks are the mirror images of these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.metrics.lattice.elimination import solve_positive
from gridjax.metrics.lattice.plane_waves import period_limits

# Widths of the template's spots and of the weights of a paraboloid fit, as shares of the period.
SPOT, WINDOW = 0.1, 0.18
# Lower limits of these widths, bins: the fit of a paraboloid has six unknowns.
SMALLEST_SPOT, SMALLEST_WINDOW = 0.5, 0.8
PERIOD_STEP, ANGLE_STEP = 0.06, np.pi / 3 / 17
ITERATIONS = 4
# Largest distance, in periods, of a refined peak from its first estimate; farther is another peak.
FURTHEST = 0.25


class Template(NamedTuple):
    """Tables for autocorrelograms of (2n-1) x (2n-1) lags."""

    spots: Float[np.ndarray, "candidate lag"]
    peaks: Float[np.ndarray, "candidate 3 2"]
    overlap: Float[np.ndarray, "2n-1 2n-1"]
    near: Float[np.ndarray, " lag"]
    """1 for the lags around a peak, along x and y, that the fit of a paraboloid uses, else 0"""


@lru_cache(maxsize=32)
def template(n: int) -> Template:
    """Return the tables for maps of n x n bins."""
    shortest, longest = period_limits(n)
    periods = np.exp(np.arange(np.log(shortest), np.log(longest), PERIOD_STEP))
    period, turn = (
        grid.ravel() for grid in np.meshgrid(periods, np.arange(0, np.pi / 3, ANGLE_STEP))
    )
    share = 1 - np.abs(np.arange(1 - n, n)) / n
    overlap = np.outer(share, share)
    # the half plane x >= 0; the other half is its mirror image
    lag_x, lag_y = np.arange(n), np.arange(1 - n, n)

    def spots(radius, angle):
        width = np.maximum(SPOT * period, SMALLEST_SPOT)[:, None]
        total = np.zeros((len(period), n, 2 * n - 1))
        for sixth in range(6):
            at = radius * np.exp(1j * (angle + sixth * np.pi / 3))
            near = [
                np.exp(-(((lags - centre[:, None]) / width) ** 2) / 2)
                for lags, centre in ((lag_x, at.real), (lag_y, at.imag))
            ]
            total += near[0][:, :, None] * near[1][:, None, :]
        total *= overlap[n - 1 :]
        return total / total.sum((1, 2), keepdims=True)

    contrast = (
        spots(period, turn)
        - spots(period / 2, turn) / 2
        - spots(period / np.sqrt(3), turn + np.pi / 6) / 2
    )
    angles = turn[:, None] + np.arange(3) * np.pi / 3
    peaks = period[:, None, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    near = np.ones(2 * _reach(n) + 1)
    tables = (contrast.reshape(len(period), -1), peaks, overlap, near)
    return Template(*(table.astype(np.float32) for table in tables))


def within(small: Template, large: Template) -> Template:
    """Return the tables `small`, padded to the shapes of `large`; the padding has no effect."""
    # Copies of the last candidate are never the first maximum of the search.
    more = len(large.peaks) - len(small.peaks)
    n, side = ((len(tables.overlap) + 1) // 2 for tables in (small, large))
    rim, wide = side - n, (len(large.near) - len(small.near)) // 2
    spots = small.spots.reshape(-1, n, 2 * n - 1)
    spots = np.pad(spots, ((0, 0), (0, rim), (rim, rim)))
    spots = np.pad(spots, ((0, more), (0, 0), (0, 0)), mode="edge")
    return Template(
        spots.reshape(len(spots), -1),
        np.pad(small.peaks, ((0, more), (0, 0), (0, 0)), mode="edge"),
        np.pad(small.overlap, rim),
        np.pad(small.near, wide),
    )


def _reach(n: int) -> int:
    """Return the number of lags beside a peak, in maps of n x n bins, that its fit uses."""
    return int(np.ceil(2 * max(WINDOW * period_limits(n)[1], SMALLEST_WINDOW))) + 1


def six_peaks(
    correlogram: Float[Array, "map 2n-1 2n-1"], tables: Template
) -> Float[Array, "map 3 2"]:
    """Return three of the six peaks nearest the centre, 60 degrees apart, in bins.

    Args:
        correlogram: [map, lag, lag], autocorrelograms with lag 0 in the middle.
        tables: tables of the same map size, from ``template``.

    All three are NaN if one of them is not a maximum, or is far from its place in the hexagonal
    lattice that matches best.
    """
    n_maps, n = correlogram.shape[0], (correlogram.shape[1] + 1) // 2
    half = correlogram[:, n - 1 :].reshape(n_maps, -1)
    match = jnp.matmul(half, tables.spots.T, precision=jax.lax.Precision.HIGHEST)
    start = tables.peaks[match.argmax(axis=1)]
    period = jnp.linalg.norm(start[:, 0], axis=-1)[:, None]

    reach = (len(tables.near) - 1) // 2
    padding = ((0, 0), (reach, reach), (reach, reach))
    correlogram = jnp.pad(correlogram, padding)
    overlap = jnp.pad(tables.overlap, reach)
    origin = jnp.round(start)
    corner = origin.astype(jnp.int32) + (n - 1)
    size = 2 * reach + 1

    def window(image, corner):
        return jax.lax.dynamic_slice(image, (corner[0], corner[1]), (size, size))

    values = jax.vmap(jax.vmap(window, (None, 0)))(correlogram, corner)
    weights = jax.vmap(jax.vmap(window, (None, 0)), (None, 0))(overlap, corner)
    weights = weights * (tables.near[:, None] * tables.near)
    lags = jnp.arange(-reach, reach + 1, dtype=correlogram.dtype)
    width = jnp.maximum(WINDOW * period, SMALLEST_WINDOW)

    def step(_, state):
        offset, _ = state
        x = (lags - offset[..., :1])[..., :, None] / width[..., None, None]
        y = (lags - offset[..., 1:])[..., None, :] / width[..., None, None]
        near = weights * jnp.exp(-(x**2) / 2) * jnp.exp(-(y**2) / 2)
        one = jnp.ones_like(near)
        terms = jnp.stack([one, x * one, y * one, x * x / 2 * one, x * y, y * y / 2 * one], axis=2)
        terms = terms.reshape(n_maps, 3, 6, -1)
        flat = near.reshape(n_maps, 3, 1, -1)
        normal = jnp.matmul(terms * flat, jnp.swapaxes(terms, -1, -2), precision="highest")
        right = (terms * flat * values.reshape(n_maps, 3, 1, -1)).sum(-1)
        tiny = 1e-6 * normal[..., :1, :1] * jnp.eye(6, dtype=normal.dtype)
        _, gx, gy, hxx, hxy, hyy = jnp.moveaxis(solve_positive(normal + tiny, right), -1, 0)
        determinant = hxx * hyy - hxy**2
        top = (determinant > 0) & (hxx < 0)
        safe = jnp.where(top, determinant, 1.0)
        move = -jnp.stack([hyy * gx - hxy * gy, hxx * gy - hxy * gx], axis=-1) / safe[..., None]
        length = jnp.linalg.norm(move, axis=-1, keepdims=True)
        move = move * jnp.minimum(1.0, 1.0 / jnp.maximum(length, 1e-6)) * width[..., None]
        return jnp.where(top[..., None], offset + move, offset), top

    first = (start - origin, jnp.zeros(start.shape[:2], bool))
    offset, top = jax.lax.fori_loop(0, ITERATIONS, step, first)
    peaks = origin + offset
    near = jnp.linalg.norm(peaks - start, axis=-1) < FURTHEST * period
    return jnp.where((top & near).all(axis=1)[:, None, None], peaks, jnp.nan)
