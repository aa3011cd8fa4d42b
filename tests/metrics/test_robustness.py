"""Diffusion constants, the tangent plane of a position manifold, and matched units."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.metrics.robustness.diffusion import diffusion_constants, excess_error
from gridjax.metrics.robustness.matched_units import matched_units
from gridjax.metrics.robustness.position_manifold import (
    fit_manifold,
    nearest_positions,
    part_along,
    tangents,
)

WIDTH, N_BINS = 1.2, 24
WAVES = np.random.default_rng(3).normal(size=(2, 9)) * 2.5
PHASES = np.random.default_rng(4).uniform(0, 7, 9)


def state_at(positions):
    """Nine smooth functions of the position."""
    return np.cos(np.asarray(positions) @ WAVES + PHASES)


def slopes_at(positions):
    """Their derivatives [..., 2, unit]."""
    return -np.sin(np.asarray(positions) @ WAVES + PHASES)[..., None, :] * WAVES


def centres():
    axis = ((np.arange(N_BINS) + 0.5) / N_BINS - 0.5) * WIDTH
    return np.array(list(itertools.product(axis, axis)))


MAPS = jnp.asarray(state_at(centres()).T.reshape(9, N_BINS, N_BINS))
EVERYWHERE = jnp.ones((N_BINS, N_BINS))
MANIFOLD = fit_manifold(MAPS, EVERYWHERE)
INSIDE = np.random.default_rng(5).uniform(-0.5, 0.5, (40, 2))


def test_diffusion_is_the_slope_of_a_line_that_numpy_fits():
    moves = (1, 2, 5, 9, 20)
    error = np.random.default_rng(0).normal(size=5).cumsum() + 30
    found = diffusion_constants(error, moves)
    assert np.isnan(found[0])
    for end in range(2, 6):
        expected = np.polyfit(moves[:end], error[:end], 1)[0]
        assert found[end - 1] == pytest.approx(expected, rel=1e-9)


def test_masked_errors_are_missing():
    moves, errors = [1, 2, 4, 8], [1.0, 2.0, 4.0, 8.0]
    masked = np.ma.masked_array(errors, [False, False, False, True])
    expected = [np.nan, 1.0, 1.0, np.nan]
    np.testing.assert_allclose(diffusion_constants(masked, moves), expected, equal_nan=True)
    assert np.isnan(excess_error(masked, np.zeros(4))[-1])


def test_excess_error_keeps_its_sign():
    np.testing.assert_allclose(excess_error(np.array([25.0, 9.0]), np.array([9.0, 25.0])), [4, -4])


def test_the_manifold_is_a_plane_fitted_around_each_bin():
    rng = np.random.default_rng(1)
    maps, samples = rng.normal(size=(2, 7, 7)), rng.integers(0, 4, (7, 7)).astype(float)
    maps[:, samples == 0] = np.nan
    found = fit_manifold(jnp.asarray(maps), jnp.asarray(samples))
    places = [(a, b) for a, b in itertools.product(range(7), range(7)) if samples[a, b]]
    for i, j in itertools.product(range(7), range(7)):
        rows = np.array([[1, a - i, b - j] for a, b in places])
        weights = np.array(
            [
                samples[a, b] * np.exp(-((a - i) ** 2 + (b - j) ** 2) / (2 * 0.7**2))
                for a, b in places
            ]
        )
        root = np.sqrt(weights)[:, None]
        values = np.array([maps[:, a, b] for a, b in places])
        mean, *slopes = np.linalg.lstsq(root * rows, root * values, rcond=None)[0]
        np.testing.assert_allclose(found.mean[i, j], mean, atol=2e-4)
        np.testing.assert_allclose(found.slopes[i, j], slopes, atol=2e-4)
    empty = fit_manifold(jnp.asarray(maps), jnp.zeros((7, 7)))
    assert (empty.mean == 0).all()
    assert (empty.slopes == 0).all()


def test_a_plane_of_states_is_fitted_without_a_bias_at_the_walls():
    plane = centres() @ WAVES
    maps = jnp.asarray(plane.T.reshape(9, N_BINS, N_BINS))
    found = fit_manifold(maps, jnp.ones((N_BINS, N_BINS)))
    np.testing.assert_allclose(found.mean.reshape(-1, 9), plane, atol=1e-4)
    each_bin = WAVES * WIDTH / N_BINS
    np.testing.assert_allclose(
        found.slopes.reshape(-1, 2, 9), each_bin[None].repeat(576, 0), atol=1e-4
    )


def test_tangents_span_the_derivatives_of_the_state():
    basis = np.asarray(tangents(MANIFOLD, jnp.asarray(INSIDE), jnp.float32(WIDTH)), np.float64)
    np.testing.assert_allclose(basis @ basis.transpose(0, 2, 1), np.eye(2)[None].repeat(40, 0),
                               atol=1e-5)  # fmt: skip
    for plane, slopes in zip(basis, slopes_at(INSIDE), strict=True):
        for slope in slopes:
            rest = slope - plane.T @ (plane @ slope)
            # the fit weakens waves of 7 rad/m and less by up to 3 %, the fastest most
            assert np.linalg.norm(rest) < 0.05 * np.linalg.norm(slope)


def test_a_line_of_states_has_a_tangent_line_and_a_point_has_none():
    line = MAPS[:, :, :1].repeat(N_BINS, axis=2)  # depends on x alone
    basis = np.asarray(
        tangents(fit_manifold(line, EVERYWHERE), jnp.asarray(INSIDE), jnp.float32(WIDTH))
    )
    np.testing.assert_allclose(np.linalg.norm(basis, axis=-1), [[1, 0]] * 40, atol=1e-5)
    point = jnp.ones_like(MAPS)
    assert (
        tangents(fit_manifold(point, EVERYWHERE), jnp.asarray(INSIDE), jnp.float32(WIDTH)) == 0
    ).all()


def test_nearest_position_is_that_of_the_state():
    found = nearest_positions(MANIFOLD, jnp.asarray(state_at(INSIDE)), jnp.float32(WIDTH))
    np.testing.assert_allclose(found, INSIDE, atol=WIDTH / N_BINS / 3)
    off = np.random.default_rng(6).normal(size=(40, 9))
    flat = slopes_at(INSIDE)
    planes = np.linalg.qr(flat.transpose(0, 2, 1))[0]
    off -= np.einsum("nua,nva,nv->nu", planes, planes, off)
    moved = state_at(INSIDE) + 0.05 * off
    np.testing.assert_allclose(
        nearest_positions(MANIFOLD, jnp.asarray(moved), jnp.float32(WIDTH)), INSIDE, atol=0.03
    )


def test_the_part_along_a_plane_is_the_least_squares_one():
    basis = np.linalg.qr(np.random.default_rng(7).normal(size=(9, 2)))[0].T
    deviation = np.random.default_rng(8).normal(size=9)
    shares = np.linalg.lstsq(basis.T, deviation, rcond=None)[0]
    np.testing.assert_allclose(
        part_along(jnp.asarray(deviation), jnp.asarray(basis)), shares @ basis, atol=1e-6
    )


def test_matched_units_are_the_nearest_free_ones_one_after_the_other():
    rng = np.random.default_rng(9)
    rate, norm, order = rng.lognormal(size=20), rng.lognormal(size=20), rng.permutation(20)
    rate[order[3]] = 0.0  # a silent unit
    given = (jnp.asarray(order), 8, jnp.asarray(rate), jnp.asarray(norm))
    found = np.asarray(matched_units(*given))
    features = []
    for values in (rate, norm):
        logs = np.log(np.maximum(values, 1e-3 * values.mean()))
        features.append((logs - logs.mean()) / logs.std())
    free = [unit for unit in range(20) if unit not in order[:8]]
    for unit, partner in zip(order[:8], found, strict=True):
        distances = {other: sum((f[unit] - f[other]) ** 2 for f in features) for other in free}
        assert partner == min(distances, key=distances.__getitem__)
        free.remove(partner)
