"""The covariance of a code by factors against the code itself, and the patterns on both."""

import dataclasses
import itertools

import numpy as np
import pytest
from oracles.turing import radial_transform

from gridjax.errors import GridjaxError
from gridjax.metrics.spectral import pattern_formation, turing
from gridjax.metrics.spectral.turing import cycles_per_box, dos_wavenumber
from gridjax.theory.code_covariance import code_correlation, expected_product
from gridjax.theory.growth_options import Growth
from gridjax.theory.layout_patterns import (
    code_covariance,
    layout_centres,
    layout_correlation,
    layout_patterns,
)
from gridjax.theory.prediction import expected_power, place_code_spec, predict

WIDTH, N_CELLS = 1.0, 40


def slow_correlation(centres, width_m, n, sigma, surround, n_images):
    """The correlation of the code's definition: every cell at every place, softmax by softmax."""
    axis = (np.arange(n) + 0.5) * width_m / n - width_m / 2
    dimensions = centres.shape[1]
    places = np.stack(np.meshgrid(*[axis] * dimensions, indexing="ij"), -1).reshape(-1, dimensions)
    images = np.arange(-n_images, n_images + 1) * width_m
    shifts = np.stack(np.meshgrid(*[images] * dimensions), -1).reshape(-1, dimensions)

    def softmax(width):
        field = np.zeros((len(places), len(centres)))
        for shift in shifts:
            squared = np.square(places[:, None] - centres - shift).sum(-1)
            field += np.exp(-squared / (2 * width**2))
        return field / field.sum(axis=1, keepdims=True)

    code = softmax(sigma)
    if surround is not None:
        code = code - softmax(surround)
        code += np.abs(code.min(axis=1, keepdims=True))
        code /= code.sum(axis=1, keepdims=True)
    return pattern_formation.covariance(code)


@pytest.mark.parametrize("n_images", [0, 2], ids=["walls", "periodic"])
@pytest.mark.parametrize("surround", [0.3, None], ids=["dos", "gaussian"])
@pytest.mark.parametrize(("dimensions", "n"), [(1, 40), (2, 18), (3, 10)])
def test_products_are_those_of_the_definition(dimensions, n, surround, n_images):
    centres = np.random.default_rng(dimensions).uniform(-0.5, 0.5, (N_CELLS, dimensions))
    fast = code_correlation(centres, WIDTH, n, 0.25, surround, n_images > 0)
    slow = slow_correlation(centres, WIDTH, n, 0.25, surround, n_images)
    rates = np.random.default_rng(9).normal(size=(n**dimensions, 3))
    wanted = slow @ rates
    # Fields are 3 to 10 bins wide: the interpolation of centres errs by up to 1e-4 of their height.
    np.testing.assert_allclose(fast.product(rates), wanted, atol=2e-3 * np.abs(wanted).max())


@pytest.mark.parametrize(("dimensions", "n", "n_cells"), [(1, 40, 800), (3, 16, 3000)])
def test_correlations_fall_with_distance_as_the_transform_of_theory(dimensions, n, n_cells):
    """Mean over places a shift apart, against a radial transform of the expected power."""
    centres = np.random.default_rng(4).uniform(-0.5, 0.5, (n_cells, dimensions))
    correlation = code_correlation(centres, WIDTH, n, 0.09, 0.18, periodic=True)
    places = np.random.default_rng(5).choice(n**dimensions, 24, replace=False)
    units = np.zeros((n**dimensions, len(places)))
    units[places, np.arange(len(places))] = 1
    columns = correlation.product(units).reshape(n, -1, len(places))
    at = np.unravel_index(places, (n, n ** (dimensions - 1)))
    shifts = np.arange(n // 2)
    found = [columns[(at[0] + s) % n, at[1], np.arange(len(places))].mean() for s in shifts]

    def power(k):
        return turing.surround_power(k, 0.09, 2.0, dimensions)

    # the transform from k to distance is the one from distance to k, up to a factor
    def wrapped(r):
        images = itertools.product((-1, 0, 1), repeat=dimensions)
        distances = [np.linalg.norm([r + image[0], *image[1:]]) for image in images]
        near = [max(d, 1e-6) for d in distances if d < 1]  # 11 sigma
        return sum(radial_transform(power, distance, dimensions, 80.0) for distance in near)

    wanted = np.array([wrapped(r) for r in shifts / n])
    # 0.05: random centres
    np.testing.assert_allclose(found, wanted / wanted[0], atol=0.05)
    assert min(found) == pytest.approx(min(wanted) / wanted[0], rel=0.15)


def test_two_dimensions_have_the_numbers_of_the_matrix():
    spec = place_code_spec(0.2, n_cells=128, seed=3)
    matrix, factors = code_covariance(spec, 24), layout_correlation(spec, 2, 24)
    rates = np.random.default_rng(0).normal(size=(24**2, 8))
    wanted = matrix @ rates
    np.testing.assert_allclose(factors.product(rates), wanted, atol=2e-3 * np.abs(wanted).max())
    for nonnegative in (False, True):
        options = {"n_units": 4, "n_steps": 40, "nonnegative": nonnegative, "seed": 3}
        present = pattern_formation.grow(matrix, **options)
        found = pattern_formation.grow_on(factors.product, (24, 24), **options)
        agreement = (present * found).sum(axis=(1, 2))
        np.testing.assert_allclose(agreement, 1, atol=1e-3)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_infinitely_many_cells_give_each_wave_the_power_of_theory(dimensions):
    """Against a sum over all waves of the box, each a row of a matrix."""
    n, theory = 7, predict(0.3, 2.0, 2.2, dimensions)
    grid = list(itertools.product(range(n), repeat=dimensions))
    places = np.array(grid)
    waves = (places + n // 2) % n - n // 2
    power = expected_power(theory, np.linalg.norm(waves, axis=1))
    power[0] = 0
    matrix = np.exp(2j * np.pi / n * places @ waves.T)
    rates = np.random.default_rng(1).normal(size=(n**dimensions, 3))
    slow = (matrix * (power / power.max())) @ (matrix.conj().T @ rates) / n**dimensions
    np.testing.assert_allclose(expected_product(theory, n)(rates), slow.real, atol=1e-5)


def test_patterns_on_infinitely_many_cells_do_not_depend_on_the_layout():
    spec = place_code_spec(0.2, n_cells=64, seed=4)
    one = layout_patterns(spec, 1, Growth(ideal=True), 3, 32)
    other = layout_patterns(dataclasses.replace(spec, layout_seed=9), 1, Growth(ideal=True), 3, 32)
    np.testing.assert_array_equal(one.nonnegative, other.nonnegative)
    power = np.square(np.abs(np.fft.rfft(one.linear, axis=1)))
    expected = cycles_per_box(dos_wavenumber(0.2, 2.0), 2.2)
    assert (power.argmax(axis=1) == round(expected)).all()


@pytest.mark.parametrize("nonnegative", [False, True])
def test_one_step_of_growth_is_that_of_the_definition(nonnegative):
    """Gradient, limits and norm of one unit, in double precision."""
    side, limit = 6, 1.4
    code = np.random.default_rng(1).gamma(1.0, size=(side**2, 9))
    matrix = pattern_formation.covariance(code)
    options = {"n_units": 1, "nonnegative": nonnegative, "seed": 2, "saturation": limit}
    before = pattern_formation.grow(matrix, n_steps=0, **options).ravel()
    found = pattern_formation.grow(matrix, n_steps=1, **options).ravel()
    driven = matrix @ before / np.linalg.eigvalsh(matrix)[-1]
    rates = before + driven - (before @ driven) * before
    rates = np.maximum(rates, 0) if nonnegative else rates
    size = np.sqrt(np.square(rates).mean())
    assert (np.abs(rates) > limit * size).any()
    rates = np.clip(rates, -limit * size, limit * size)
    np.testing.assert_allclose(found, rates / np.linalg.norm(rates), atol=1e-5)


@pytest.mark.parametrize("saturation", [1.0, 0.0, float("nan")])
def test_limits_that_leave_no_pattern_are_refused(saturation):
    with pytest.raises(GridjaxError, match="saturation"):
        pattern_formation.grow(np.eye(4), saturation=saturation)
    with pytest.raises(GridjaxError, match="saturation"):
        Growth(saturation=saturation)


def test_patterns_on_a_line_have_the_wavelength_of_theory():
    spec = place_code_spec(0.06, n_cells=512, seed=2)
    found = layout_patterns(spec, 1, n_units=8)
    assert found.linear.shape == found.nonnegative.shape == (8, 256)
    assert found.nonnegative.min() >= 0 > found.linear.min()
    power = np.square(np.abs(np.fft.rfft(found.nonnegative, axis=1)))
    power[:, 0] = 0
    expected = cycles_per_box(dos_wavenumber(0.06, 2.0), 2.2)
    # waves of a box of five to six wavelengths are 20 % apart
    assert np.median(power.argmax(axis=1)) == pytest.approx(expected, abs=1)


def test_layouts_are_uniform_and_in_a_square_those_of_the_network():
    from gridjax.task.code_maps import layout_of

    spec = place_code_spec(0.12, n_cells=2000, seed=5)
    np.testing.assert_array_equal(layout_centres(spec, 2), layout_of(spec).code.centres[:, 0])
    centres = layout_centres(spec, 3)
    assert centres.shape == (2000, 3)
    np.testing.assert_allclose(centres.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(centres.std(axis=0), 2.2 / 12**0.5, rtol=0.05)
    np.testing.assert_array_equal(centres, layout_centres(spec, 3))


def test_layouts_that_leave_places_uncovered_are_refused():
    centres = np.full((5, 3), 0.4)
    with pytest.raises(GridjaxError, match="do not cover"):
        code_correlation(centres, 1.0, 12, 0.1)
    with pytest.raises(GridjaxError, match="does not vary"):
        code_correlation(np.zeros((5, 1)), 1.0, 12, 1.0)
    with pytest.raises(GridjaxError, match="does not vary"):
        code_correlation(np.random.default_rng(0).uniform(-0.5, 0.5, (9, 2)), 1.0, 12, 1e4, 2e4)
