"""Measured place cells: interpolation against a loop, and decoding by their peaks."""

import numpy as np
import pytest
from oracles import decoders as decoder_oracle
from oracles import encodings as oracle
from task.layouts import WIDTH, decoded, drawn, encoded, somewhere, spec_of

from gridjax.spec.place_maps import PlaceMaps

N_CELLS, N_BINS = 9, 7


def maps_of(seed=0, n_cells=N_CELLS):
    return np.random.default_rng(seed).gamma(0.5, 2.0, (n_cells, N_BINS, N_BINS)) + 0.01


def spec_with(maps, **settings):
    return spec_of("from_file", Np=len(maps), place_maps=PlaceMaps.of(maps), **settings)


@pytest.mark.parametrize("normalization", ["global", "none"])
def test_rates_are_interpolated_as_in_the_loop(normalization):
    maps = maps_of().astype(np.float32)
    spec = spec_with(maps, place_field_normalization=normalization)
    positions = somewhere(8, 20)
    expected = oracle.interpolated(positions, maps, WIDTH)
    if normalization == "global":
        expected = expected / expected.sum(axis=-1, keepdims=True)
    ours = encoded(spec, drawn(spec), positions)
    # positions in bins are rounded at 7, rates are of order 10
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5 * expected.max())


def test_at_bin_centres_rates_are_the_map_with_x_first():
    maps = maps_of(1).astype(np.float32)
    spec = spec_with(maps, place_field_normalization="none")
    side = ((np.arange(N_BINS) + 0.5) / N_BINS - 0.5) * WIDTH
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)
    ours = encoded(spec, drawn(spec), grid)
    np.testing.assert_allclose(np.moveaxis(ours, -1, 0), maps, rtol=0, atol=1e-4)


def test_beyond_the_outer_bin_centres_rates_are_constant():
    maps = maps_of(2)
    spec = spec_with(maps, place_field_normalization="none")
    layout = drawn(spec)
    edge = WIDTH / 2 * (1 - 1 / N_BINS)
    at_edge = encoded(spec, layout, [[edge, 0.1], [-0.2, -edge], [edge, edge]])
    beyond = encoded(spec, layout, [[edge + 0.2, 0.1], [-0.2, -WIDTH], [WIDTH, WIDTH]])
    np.testing.assert_allclose(beyond, at_edge, rtol=0, atol=1e-4)


def test_positions_are_the_mean_of_the_three_highest_cells_peaks():
    maps = maps_of(3)
    spec = spec_with(maps)
    layout = drawn(spec)
    peaks = [np.unravel_index(np.argmax(cell), cell.shape) for cell in maps.astype(np.float32)]
    centres = ((np.array(peaks) + 0.5) / N_BINS - 0.5) * WIDTH
    np.testing.assert_allclose(layout.centres, centres, rtol=0, atol=1e-6)
    outputs = np.random.default_rng(4).normal(size=(6, N_CELLS)).astype(np.float32)
    theirs = decoder_oracle.top_cells(outputs, oracle.single_fields(centres, 1.0))
    np.testing.assert_allclose(decoded(spec, layout, outputs), theirs, rtol=0, atol=1e-6)


def test_nothing_is_drawn():
    spec = spec_with(maps_of())
    np.testing.assert_array_equal(drawn(spec, seed=1).maps, drawn(spec, seed=2).maps)
