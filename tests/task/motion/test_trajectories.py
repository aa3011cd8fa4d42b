"""Trajectories along given positions."""

import jax.numpy as jnp
import numpy as np

from gridjax.task.motion.trajectories import along


def test_paths_along_positions_have_the_moves_and_headings_between_them():
    rng = np.random.default_rng(3)
    positions = rng.uniform(-0.5, 0.5, (6, 4, 2)).astype(np.float32)
    path = along(jnp.asarray(positions))
    np.testing.assert_array_equal(path.start, positions[0])
    np.testing.assert_array_equal(path.positions, positions[1:])
    np.testing.assert_allclose(path.moves, np.diff(positions, axis=0), rtol=1e-6)
    heading = np.arctan2(*np.moveaxis(np.diff(positions, axis=0), -1, 0)[::-1])
    np.testing.assert_allclose(path.start_heading, heading[0], rtol=1e-5)
    # after the last move it stays
    expected = np.concatenate([heading[1:], heading[-1:]])
    np.testing.assert_allclose(path.headings, expected, rtol=1e-5, atol=1e-6)
