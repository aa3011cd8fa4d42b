"""The box: walls, normals, who is inside, and where positions are drawn."""

import jax
import numpy as np
import pytest
from oracles import motion as oracle
from scipy import stats

from gridjax.task import arena

WIDTH = np.float32(1.7)


def test_nearest_wall_agrees_with_the_loop_inside_and_outside():
    rng = np.random.default_rng(0)
    positions = rng.uniform(-1.0, 1.0, (4, 150, 2)).astype(np.float32)
    distance, normal = arena.nearest_wall(positions, WIDTH)
    assert distance.shape == normal.shape == (4, 150)
    for index in np.ndindex(4, 150):
        expected, (nx, ny) = oracle.nearest_wall(*map(float, positions[index]), float(WIDTH))
        assert float(distance[index]) == pytest.approx(expected, abs=1e-6)  # float32 at 1 m
        assert np.cos(normal[index]) == pytest.approx(nx, abs=1e-6)
        assert np.sin(normal[index]) == pytest.approx(ny, abs=1e-6)
    assert (np.asarray(distance) < 0).any()


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_nearest_face_agrees_with_a_loop_over_walls(dimensions):
    positions = np.random.default_rng(0).uniform(-1.0, 1.0, (200, dimensions)).astype(np.float32)
    distance, normal = arena.nearest_face(positions, WIDTH)
    walls = [sign * axis for sign in (1, -1) for axis in np.eye(dimensions)]
    for at, found, outward in zip(positions, distance, normal, strict=True):
        distances = [WIDTH / 2 - at @ wall for wall in walls]
        assert float(found) == pytest.approx(min(distances), abs=1e-6)
        np.testing.assert_array_equal(outward, walls[int(np.argmin(distances))])


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_grid_of_bins_has_every_combination_of_coordinates_in_row_major_order(dimensions):
    axis = np.array([-1.0, 0.5, 2.0], np.float32)
    grid = np.asarray(arena.bin_grid(axis, dimensions))
    expected = [[axis[i] for i in index] for index in np.ndindex(*[3] * dimensions)]
    np.testing.assert_array_equal(grid, expected)


@pytest.mark.parametrize(
    ("position", "quarter_turns"),
    [((1, 1), 0), ((-1, 1), 1), ((-1, -1), 2), ((1, -1), 0), ((0, 0), 0), ((0, -1), 3)],
)
def test_of_equally_near_walls_the_first_is_taken(position, quarter_turns):
    at = np.asarray(position, np.float32) * np.float32(0.8)
    _, normal = arena.nearest_wall(at, WIDTH)
    assert float(normal) == pytest.approx(quarter_turns * np.pi / 2, rel=1e-6)


def test_the_closed_box_is_inside():
    half = WIDTH / 2
    beyond = np.nextafter(half, np.float32(2))
    positions = np.array(
        [[half, half], [-half, 0], [0, 0], [beyond, 0], [0, -beyond], [beyond, beyond]], np.float32
    )
    expected = [True, True, True, False, False, False]
    assert np.asarray(arena.inside(positions, WIDTH)).tolist() == expected


def test_positions_are_drawn_uniformly_over_the_whole_box():
    drawn = np.asarray(arena.uniform_positions(jax.random.key(3), (200, 100), WIDTH), np.float64)
    assert drawn.shape == (200, 100, 2)
    assert arena.inside(drawn.astype(np.float32), WIDTH).all()
    box = stats.uniform(-WIDTH / 2, WIDTH)
    for axis in range(2):
        # one seed in 10^4 would fail a correct generator
        assert stats.kstest(drawn[..., axis].ravel(), box.cdf).pvalue > 1e-4
    quadrants = (drawn[..., 0] > 0) * 2 + (drawn[..., 1] > 0)
    assert stats.chisquare(np.bincount(quadrants.ravel(), minlength=4)).pvalue > 1e-4


def test_the_box_scales_the_draw():
    small, large = (arena.uniform_positions(jax.random.key(3), (50,), w) for w in (1.1, 2.2))
    np.testing.assert_allclose(large, 2 * np.asarray(small), atol=1e-6)
