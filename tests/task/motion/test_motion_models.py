"""Motions other than the study's walk, against loops and distributions of SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from gridjax.errors import GridjaxError
from gridjax.spec.constraints import read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config
from gridjax.spec.records.motion_info import MotionInfo
from gridjax.task.motion import square_walk
from gridjax.task.motion.motion_models import draw_paths, von_mises

BOX = 1.4
N_MOVES, N_PATHS = 30, 200


def paths_of(name, **values):
    spec = read_spec(NetworkSpec(motion=name, box_width_in_m=BOX, box_height_in_m=BOX, **values))
    key = jax.random.key(4)
    return jax.tree.map(
        np.asarray,
        draw_paths(key, N_MOVES, N_PATHS, spec.static, jax.tree.map(jnp.asarray, spec.traced)),
    )


def test_the_default_is_the_walk_of_the_study():
    paths, spec = paths_of("walk"), NetworkSpec(box_width_in_m=BOX, box_height_in_m=BOX)
    own = square_walk.simulate(jax.random.key(4), N_MOVES, N_PATHS, spec.traced)
    jax.tree.map(np.testing.assert_array_equal, paths, own)


@pytest.mark.parametrize("name", ["von_mises_walk", "permuted_velocities", "random_positions"])
def test_positions_are_the_start_and_the_sum_of_the_moves(name):
    paths = paths_of(name)
    ends = paths.start + np.cumsum(paths.moves, axis=0, dtype=np.float64)
    np.testing.assert_allclose(paths.positions, ends, atol=1e-5)


def test_random_positions_are_uniform_and_independent():
    paths = paths_of("random_positions")
    flat = paths.positions.reshape(-1)
    assert stats.kstest(flat, stats.uniform(-BOX / 2, BOX).cdf).pvalue > 1e-3
    x = paths.positions[..., 0]
    assert abs(np.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("kappa", [0.0, 4 * np.pi, 200.0])
def test_turns_have_a_von_mises_distribution(kappa):
    drawn = np.asarray(von_mises(jax.random.key(1), (4000,), jnp.float32(kappa)), np.float64)
    law = stats.vonmises(kappa) if kappa else stats.uniform(-np.pi, 2 * np.pi)
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-3


def test_the_walls_reflect_a_von_mises_walk():
    """The walk again, one path and one coordinate at a time, from the same random numbers."""
    speed = 15.0  # 30 cm a move: most paths meet a wall
    paths = paths_of("von_mises_walk", speed_scale=speed, turn_kappa=5.0)
    _, of_heading, of_speeds, of_turns = jax.random.split(jax.random.key(4), 4)
    start = np.asarray(paths.start, np.float64)
    headings = jax.random.uniform(of_heading, (N_PATHS,), minval=-jnp.pi, maxval=jnp.pi)
    lengths = 0.02 * speed * jax.random.rayleigh(of_speeds, 1.0, (N_MOVES, N_PATHS))
    turns = von_mises(of_turns, (N_MOVES, N_PATHS), jnp.float32(5.0))
    n_reflected = 0
    for path in range(20):
        place, heading = list(start[path]), float(headings[path])
        for move in range(N_MOVES):
            heading += float(turns[move, path])
            direction = [np.cos(heading), np.sin(heading)]
            for axis in range(2):
                place[axis] += float(lengths[move, path]) * direction[axis]
                for wall in (-BOX / 2, BOX / 2):
                    if abs(place[axis]) > BOX / 2 and place[axis] * wall > 0:
                        place[axis] = 2 * wall - place[axis]
                        direction[axis] = -direction[axis]
                        n_reflected += 1
                        break
                place[axis] = min(max(place[axis], -BOX / 2), BOX / 2)
            heading = np.arctan2(direction[1], direction[0])
            np.testing.assert_allclose(paths.positions[move, path], place, atol=2e-4)
    assert n_reflected > 50


def test_permuted_velocities_end_at_one_point():
    paths = paths_of("permuted_velocities", speed_scale=7.5)
    assert not paths.start.any()
    ends = paths.positions[-1]
    np.testing.assert_allclose(ends, np.broadcast_to(ends[0], ends.shape), atol=1e-5)
    assert (np.abs(paths.moves) <= 0.15 + 1e-6).all()  # .02 s at 7.5 m/s
    moves = [sorted(map(tuple, np.round(paths.moves[:, path], 4))) for path in (0, 1)]
    np.testing.assert_allclose(moves[0], moves[1], atol=2e-4)
    assert (paths.moves[:, 0] != paths.moves[:, 1]).any()


def test_other_motions_read_their_own_numbers_and_are_not_padded():
    spec = NetworkSpec(motion="random_positions")
    assert padded_config(NetworkSpec().static) is not None
    assert padded_config(spec.static) is None
    assert (
        NetworkSpec(motion="random_positions", turn_sd=3.0).equivalence_key == spec.equivalence_key
    )
    turned = NetworkSpec(motion="von_mises_walk", turn_kappa=3.0)
    assert turned.equivalence_key != NetworkSpec(motion="von_mises_walk").equivalence_key
    with pytest.raises(GridjaxError, match="reads: 'wind' is unknown"):
        MotionInfo("own", reads=("wind",))
