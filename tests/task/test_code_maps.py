"""Maps of a target code, against the code at single positions."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.spec.network import NetworkSpec
from gridjax.task import code_maps
from gridjax.task.target_codes.encodings import encoding
from gridjax.training import train_step

SPEC = NetworkSpec(place_field_values="gaussian", place_cell_rf=0.2, Np=24, Ng=4, seed=3)


def test_bins_fill_the_box_around_its_middle():
    np.testing.assert_allclose(code_maps.bin_centres(2.0, 4), [-0.75, -0.25, 0.25, 0.75])


def test_maps_are_the_code_of_the_layout_that_is_trained_with():
    layout = code_maps.layout_of(SPEC)
    trained = train_step.init(SPEC.static, SPEC.traced).layout
    np.testing.assert_array_equal(layout.code.centres, trained.code.centres)
    maps = code_maps.code_maps(SPEC, layout, 12)
    assert maps.shape == (24, 12, 12)
    axis = code_maps.bin_centres(2.2, 12)
    point = jnp.array([axis[3], axis[8]], jnp.float32)
    expected = encoding(SPEC.static).encode(layout.code, point)
    np.testing.assert_allclose(maps[:, 3, 8], expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        code_maps.code_over_box(SPEC, 12)[3 * 12 + 8], expected, rtol=1e-5, atol=1e-9
    )


def test_maps_of_a_cube_have_three_axes_of_bins():
    spec = replace(SPEC, dimensions=3)
    layout = code_maps.layout_of(spec)
    maps = code_maps.code_maps(spec, layout, 6)
    assert maps.shape == (24, 6, 6, 6)
    axis = code_maps.bin_centres(2.2, 6)
    point = jnp.array([axis[3], axis[0], axis[4]], jnp.float32)
    expected = encoding(spec.static).encode(layout.code, point)
    np.testing.assert_allclose(maps[:, 3, 0, 4], expected, rtol=1e-5, atol=1e-9)
    over_box = code_maps.code_over_box(spec, 6)
    np.testing.assert_allclose(over_box[3 * 36 + 4], expected, rtol=1e-5, atol=1e-9)


def test_outputs_are_selected_in_their_order_and_large_codes_come_in_parts(monkeypatch):
    layout = code_maps.layout_of(SPEC)
    whole = code_maps.code_maps(SPEC, layout, 12)
    monkeypatch.setattr(code_maps, "_MOST_VALUES", 500)
    parts = code_maps.code_maps(SPEC, layout, 12, [7, 2])
    assert parts == pytest.approx(whole[[7, 2]], rel=1e-6)
