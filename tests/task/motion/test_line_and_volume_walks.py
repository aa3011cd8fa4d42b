"""Walks on a line and in a volume, against loops over single paths and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.spec.constraints import read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.task.motion.motion_models import draw_paths

BOX, N_MOVES, N_PATHS = 1.4, 60, 400
OPEN = 100.0
"""A box whose walls few paths meet."""


def paths_of(name, dimensions, width=BOX, **values):
    box = {"box_width_in_m": width, "box_height_in_m": width, "bin_side_in_m": width / 20}
    spec = read_spec(NetworkSpec(motion=name, dimensions=dimensions, **box, **values))
    drawn = draw_paths(
        jax.random.key(4), N_MOVES, N_PATHS, spec.static, jax.tree.map(jnp.asarray, spec.traced)
    )
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), drawn)


def turns(paths):
    """The cosines of the angles between successive moves."""
    units = paths.moves / np.linalg.norm(paths.moves, axis=-1, keepdims=True)
    return (units[1:] * units[:-1]).sum(axis=-1)


@pytest.mark.parametrize(
    ("name", "dimensions"),
    [("walk", 1), ("walk", 3), ("flattened_walk", 3), ("planar_walk", 3), ("random_positions", 3)],
)
def test_positions_are_the_start_and_the_sum_of_the_moves(name, dimensions):
    paths = paths_of(name, dimensions)
    assert paths.positions.shape == (N_MOVES, N_PATHS, dimensions)
    ends = paths.start + np.cumsum(paths.moves, axis=0)
    np.testing.assert_allclose(paths.positions, ends, atol=1e-5)
    assert np.isnan(paths.headings).all()
    assert np.abs(paths.positions).max() < BOX / 2 + 0.1
    # uniform but for the walls, along which animals are slow, as in the plane
    counts, _ = np.histogram(paths.positions, 4, (-BOX / 2, BOX / 2))
    assert counts.min() > 0.75 * counts.max()


def test_directions_diffuse_on_the_sphere():
    """E cos(angle) of two normal components of a turn: exp(-sd^2) to second order."""
    sd = 0.02 * 11.52
    cosines = turns(paths_of("walk", 3, OPEN))
    assert cosines.mean() == pytest.approx(1 - sd**2 + sd**4 / 3, abs=4e-3 * sd)
    moves = paths_of("walk", 3, OPEN).moves.reshape(-1, 3)
    covariance = np.cov(moves.T) / np.square(moves).mean()
    np.testing.assert_allclose(covariance, np.eye(3), atol=0.15)  # 400 paths


def test_on_a_line_the_direction_is_reversed_as_often_as_stated():
    cosines = turns(paths_of("walk", 1, OPEN))
    share = (1 - np.exp(-((0.02 * 11.52) ** 2) / 2)) / 2
    error = np.sqrt(share / cosines.size)
    assert (cosines < 0).mean() == pytest.approx(share, abs=4 * error)


def test_a_flattened_walk_is_the_walk_with_a_smaller_vertical_speed():
    walk, flat = (paths_of(name, 3, OPEN) for name in ("walk", "flattened_walk"))
    np.testing.assert_allclose(flat.moves, walk.moves * [1, 1, 0.3], atol=1e-6)
    other = paths_of("flattened_walk", 3, OPEN, vertical_scale=0.5)
    np.testing.assert_allclose(other.moves, walk.moves * [1, 1, 0.5], atol=1e-6)


def test_a_planar_walk_stays_in_its_plane_and_turns_as_in_the_plane():
    paths = paths_of("planar_walk", 3)
    points = np.concatenate([paths.start[None], paths.positions]).swapaxes(0, 1)
    centred = points - points.mean(axis=1, keepdims=True)
    widths = np.linalg.svd(centred, compute_uv=False)
    assert widths[:, 2].max() < 1e-4
    assert np.median(widths[:, 1]) > 0.1
    normals = np.linalg.svd(centred)[2][:, 2]
    np.testing.assert_allclose(np.square(normals).mean(axis=0), 1 / 3, atol=0.06)
    sd = 0.02 * 11.52
    cosines = turns(paths_of("planar_walk", 3, OPEN))
    assert cosines.mean() == pytest.approx(np.exp(-(sd**2) / 2), abs=4e-3 * sd)


def test_near_walls_animals_are_slow_and_turn_along_them():
    """The walk again, one path at a time: which moves are slow, and what follows them."""
    paths = paths_of("walk", 3, turn_sd=0.0, border_m=0.1)
    before = np.concatenate([paths.start[None], paths.positions])[:-1]
    n_turns = 0
    for path in range(0, N_PATHS, 4):
        for t in range(N_MOVES - 1):
            move, following = paths.moves[t, path], paths.moves[t + 1, path]
            direction = move / np.linalg.norm(move)
            faces = np.concatenate([BOX / 2 - before[t, path], BOX / 2 + before[t, path]])
            face = int(faces.argmin())
            wall = np.eye(3)[face % 3] * (1 if face < 3 else -1)
            if abs(faces.min() - 0.1) < 1e-5 or abs(direction @ wall) < 1e-3:
                continue  # rounding decides
            if faces.min() < 0.1 and direction @ wall > 0:
                n_turns += 1
                tangent = direction - (direction @ wall) * wall
                turns_back = faces.min() < 0 or tangent @ tangent < 1e-6
                direction = tangent - turns_back * (direction @ wall) * wall
                direction /= np.linalg.norm(direction)
            np.testing.assert_allclose(following / np.linalg.norm(following), direction, atol=2e-3)
    assert n_turns > 30
