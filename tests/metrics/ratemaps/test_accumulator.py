"""Rate maps against scipy's binned statistic, and what streaming must not change."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import ratemaps as oracle

from gridjax.metrics.ratemaps import accumulator

N_BINS, WIDTH, HEIGHT = 12, 1.6, 1.1


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(3)
    # a box a fifth larger than the arena: some samples lie outside
    positions = rng.uniform(-0.6, 0.6, (3000, 2)) * (WIDTH, HEIGHT)
    # and one corner is never visited
    positions = positions[~((positions > 0.3).all(axis=1))]
    activity = np.maximum(rng.normal(-1.0, 2.0, (len(positions), 7)), 0)
    return positions.astype(np.float32), activity.astype(np.float32)


def streamed(positions, activity, n_chunks):
    add = jax.jit(accumulator.add_samples)
    sums = accumulator.empty_sums(N_BINS, activity.shape[1])
    chunks = zip(
        np.array_split(positions, n_chunks), np.array_split(activity, n_chunks), strict=True
    )
    for at, of in chunks:
        sums = add(sums, at, of, WIDTH, HEIGHT)
    return accumulator.finish(sums)


def test_maps_and_occupancy_equal_scipy(samples):
    maps, occupancy = streamed(*samples, n_chunks=1)
    expected, counts = oracle.rate_maps(*samples, N_BINS, WIDTH, HEIGHT)
    np.testing.assert_array_equal(occupancy, counts)
    assert np.isnan(expected).any()
    # a few dozen float32 additions a bin
    np.testing.assert_allclose(maps, expected, rtol=1e-5, atol=1e-6)


def test_streaming_in_chunks_changes_nothing_but_rounding(samples):
    whole, _ = streamed(*samples, n_chunks=1)
    parts, _ = streamed(*samples, n_chunks=13)
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-6)


def test_the_product_used_on_accelerators_equals_the_scatter(samples):
    positions, activity = samples
    bins = accumulator.bin_indices(jnp.asarray(positions), N_BINS, WIDTH, HEIGHT)
    empty = accumulator.empty_sums(N_BINS, activity.shape[1]).totals
    scatter = accumulator._scatter(empty, bins, jnp.asarray(activity))
    product = accumulator._multiply(empty, bins, jnp.asarray(activity))
    np.testing.assert_allclose(product, scatter, rtol=1e-5, atol=1e-5)


def test_walls_belong_to_the_outer_bins_and_beyond_them_is_nowhere():
    edge = np.array([[-1, -1], [1, 1], [0, 0.5], [1.0001, 0], [0, -1.0001]], np.float32)
    bins = accumulator.bin_indices(jnp.asarray(edge), 4, 2.0, 2.0)
    np.testing.assert_array_equal(bins, [0, 15, 11, 16, 16])
    _, counts = oracle.rate_maps(edge, np.ones((5, 1)), 4, 2.0, 2.0)
    np.testing.assert_array_equal(np.flatnonzero(counts), [0, 11, 15])


@pytest.mark.parametrize("dimensions", [1, 3])
def test_maps_of_a_line_and_of_a_cube_equal_histograms(dimensions):
    rng = np.random.default_rng(1)
    positions = rng.uniform(-1.1, 1.1, (500, dimensions)).astype(np.float32)
    activity = rng.normal(size=(500, 3)).astype(np.float32)
    empty = accumulator.empty_sums(5, 3, dimensions)
    sums = accumulator.add_samples(empty, positions, activity, *[2.0] * dimensions)
    maps, samples = accumulator.finish(sums, dimensions)
    edges = [np.linspace(-1, 1, 6)] * dimensions
    counts, _ = np.histogramdd(positions, edges)
    np.testing.assert_array_equal(samples, counts)
    for unit in range(3):
        totals, _ = np.histogramdd(positions, edges, weights=activity[:, unit])
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(maps[unit], totals / counts, rtol=1e-5, atol=1e-6)


def test_the_first_map_axis_is_x():
    positions = jnp.array([[0.9, -0.9]])
    sums = accumulator.add_samples(
        accumulator.empty_sums(4, 1), positions, jnp.ones((1, 1)), jnp.float32(2), jnp.float32(2)
    )
    maps, _ = accumulator.finish(sums)
    assert float(maps[0, 3, 0]) == 1.0
    assert int(jnp.isnan(maps).sum()) == 15


@pytest.mark.slow
def test_a_vmap_over_networks_equals_one_at_a_time(samples):
    positions, activity = (jnp.stack([part[:800], part[800:1600]]) for part in samples)
    empty = accumulator.empty_sums(N_BINS, activity.shape[-1])

    def maps(at, of, width):
        return accumulator.finish(accumulator.add_samples(empty, at, of, width, HEIGHT))[0]

    widths = jnp.array([WIDTH, 0.8 * WIDTH])
    together = jax.vmap(maps)(positions, activity, widths)
    for i in range(2):
        apart = maps(positions[i], activity[i], widths[i])
        np.testing.assert_allclose(together[i], apart, rtol=1e-5, atol=1e-6)
