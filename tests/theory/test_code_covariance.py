"""The covariance of a code by factors against the code itself, and the patterns on both."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.metrics.spectral import pattern_formation
from gridjax.metrics.spectral.turing import cycles_per_box, dos_wavenumber
from gridjax.theory.code_covariance import code_correlation
from gridjax.theory.growth_options import Growth
from gridjax.theory.layout_patterns import (
    code_covariance,
    layout_centres,
    layout_correlation,
    layout_patterns,
)
from gridjax.theory.prediction import place_code_spec

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
@pytest.mark.parametrize(("dimensions", "n"), [(1, 40), (2, 18), (3, 12)])
def test_products_are_those_of_the_definition(dimensions, n, surround, n_images):
    centres = np.random.default_rng(dimensions).uniform(-0.5, 0.5, (N_CELLS, dimensions))
    fast = code_correlation(centres, WIDTH, n, 0.25, surround, n_images > 0)
    slow = slow_correlation(centres, WIDTH, n, 0.25, surround, n_images)
    rates = np.random.default_rng(9).normal(size=(n**dimensions, 3))
    wanted = slow @ rates
    # Fields are 3 to 10 bins wide: the interpolation of centres errs by up to 1e-4 of their height.
    np.testing.assert_allclose(fast.product(rates), wanted, atol=2e-3 * np.abs(wanted).max())


def test_two_dimensions_have_the_numbers_of_the_matrix():
    spec = place_code_spec(0.2, n_cells=256, seed=3)
    matrix, factors = code_covariance(spec), layout_correlation(spec, 2, 32)
    rates = np.random.default_rng(0).normal(size=(32**2, 8))
    wanted = matrix @ rates
    np.testing.assert_allclose(factors.product(rates), wanted, atol=2e-3 * np.abs(wanted).max())
    for nonnegative in (False, True):
        options = {"n_units": 8, "n_steps": 60, "nonnegative": nonnegative, "seed": 3}
        present = pattern_formation.grow(matrix, **options)
        found = pattern_formation.grow_on(factors.product, (32, 32), **options)
        agreement = (present * found).sum(axis=(1, 2))
        np.testing.assert_allclose(agreement, 1, atol=1e-3)


def test_saturation_limits_rates_in_both_and_keeps_the_rest():
    spec = place_code_spec(0.3, n_cells=64, seed=1)
    matrix = code_covariance(spec, 12)
    found = pattern_formation.grow(matrix, 4, 50, seed=1, saturation=1.6)
    same = pattern_formation.grow_on(
        lambda rates: (matrix @ rates).astype(np.float32), (12, 12), 4, 50, seed=1, saturation=1.6
    )
    np.testing.assert_allclose(found, same, atol=1e-4)
    largest = found.max(axis=(1, 2)) * 12
    free = pattern_formation.grow(matrix, 4, 50, seed=1).max(axis=(1, 2)) * 12
    assert (free > 1.9).all()
    # the norm is restored after rates are limited, so that the limit is exceeded a little
    assert ((largest >= 1.6) & (largest < 1.75)).all()
    with pytest.raises(GridjaxError, match="saturation"):
        pattern_formation.grow(matrix, saturation=1.0)
    with pytest.raises(GridjaxError, match="saturation"):
        Growth(saturation=float("nan"))


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
