"""GridCode: interpolation of maps, as NumPy, in JAX and as a layer of flax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from flax import linen, nnx
from scipy.interpolate import RegularGridInterpolator

import gridjax as gj
from gridjax.errors import GridjaxError

MAPS = np.random.default_rng(0).normal(size=(4, 7, 7))
CODE = gj.GridCode(MAPS, 1.4)
PLACES = np.random.default_rng(1).uniform(-0.7, 0.7, (5, 30, 2)).astype(np.float32)


def test_rates_are_interpolated_linearly_between_bin_centres():
    centres = (np.arange(7) + 0.5) / 7 * 1.4 - 0.7
    slow = RegularGridInterpolator((centres, centres), np.moveaxis(MAPS, 0, -1))
    expected = slow(np.clip(PLACES, centres[0], centres[-1]))
    found = CODE(PLACES)
    assert isinstance(found, np.ndarray)
    assert (found.shape, CODE.n_units) == ((5, 30, 4), 4)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(CODE([0.0, 0.0]), MAPS[:, 3, 3], rtol=1e-6)


def test_jax_arrays_are_compiled_mapped_and_differentiated():
    found = jax.jit(jax.vmap(CODE))(jnp.asarray(PLACES))
    assert isinstance(found, jax.Array)
    # places of up to 7 bins in float32, and slopes of up to 5 a bin: 2e-6 of rounding
    np.testing.assert_allclose(found, CODE(PLACES), atol=1e-5)
    half = jnp.asarray(PLACES, jnp.bfloat16)
    np.testing.assert_allclose(CODE(half), CODE(half.astype(jnp.float32)))
    place = jnp.array([0.13, -0.21])
    slope = jax.jacobian(CODE)(place)
    moved = [CODE(place + jnp.eye(2)[axis] * 1e-2) - CODE(place) for axis in range(2)]
    np.testing.assert_allclose(slope, np.stack(moved, -1) / 1e-2, atol=1e-2)


def test_maps_of_xarray_may_have_their_axes_in_any_place():
    centres = (np.arange(7) + 0.5) / 7 * 1.4 - 0.7
    maps = xr.DataArray(MAPS, dims=("unit", "x", "y"), coords={"x": centres, "y": centres})
    for same in (maps, maps.transpose("y", "unit", "x"), maps[:, :, ::-1]):
        np.testing.assert_array_equal(gj.GridCode(same, 1.4)(PLACES), CODE(PLACES))


@pytest.mark.parametrize("xp", [np, jnp])
def test_positions_that_are_nan_have_rates_that_are_nan(xp):
    found = np.asarray(CODE(xp.asarray([[np.nan, 0.1], [0.1, np.nan], [0.1, 0.1]])))
    assert np.isnan(found[:2]).all()
    assert np.isfinite(found[2]).all()


def test_it_is_a_layer_without_parameters():
    of_linen = linen.Sequential([CODE, linen.Dense(3)])
    params = of_linen.init(jax.random.key(0), PLACES[0])["params"]
    assert [leaf.shape for leaf in jax.tree.leaves(params)] == [(3,), (4, 3)]
    of_nnx = nnx.Sequential(CODE, nnx.Linear(4, 3, rngs=nnx.Rngs(0)))
    assert [leaf.shape for leaf in jax.tree.leaves(nnx.state(of_nnx, nnx.Param))] == [(3,), (4, 3)]

    @nnx.jit
    def loss_and_slope(model, positions):
        return nnx.value_and_grad(lambda m: jnp.square(m(positions)).mean())(model)

    loss, _ = loss_and_slope(of_nnx, jnp.asarray(PLACES[0]))
    assert loss > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gj.GridCode(MAPS[0], 1.0), "three axes"),
        (lambda: gj.GridCode(np.where(MAPS > 2, np.nan, MAPS), 1.0), "units have bins without"),
        (lambda: gj.GridCode(MAPS, -1), "box_width_m"),
        (lambda: gj.GridCode(1e200 * MAPS, 1.0), r"largest rate is 2\.\d+e\+200"),
        (lambda: gj.GridCode(1e-200 * MAPS, 1.0), r"largest rate is 2\.\d+e-200"),
        (lambda: CODE(np.zeros((3, 3))), r"shape \(3, 3\)"),
        (lambda: CODE(1.0), r"shape \(\)"),
    ],
)
def test_invalid_input_is_named(call, message):
    with pytest.raises(GridjaxError, match=message):
        call()
