"""Trajectories: each step against a loop over animals, and their statistics as published."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import motion as oracle
from scipy import stats

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.prng import Stream, stream
from gridjax.spec.network import NetworkSpec
from gridjax.task.motion import square_walk

BOX, BORDER, DT = 1.4, 0.05, 0.03
SMALLEST_P = 1e-4  # one seed in 10^4 would fail a correct generator
N_MOVES, N_ANIMALS = 20, 250_000
WITHIN = 4.5 * np.sqrt(2 / (N_MOVES * N_ANIMALS))  # 4.5 standard errors of a mean square


def traced(**settings):
    return replace(NetworkSpec(), **settings).traced


WORLD = traced(box_width_in_m=BOX, border_m=BORDER, dt_s=DT)


def crowd_at_the_walls(rng, n_each=12):
    """Positions within two borders of each wall and corner, on both sides, and some far off."""
    edge = BOX / 2
    near = rng.uniform(-2 * BORDER, BORDER, (8, n_each))
    free = rng.uniform(-edge, edge, (4, n_each))
    x = np.concatenate([edge + near[0], -edge - near[1], free[0], free[1]])
    y = np.concatenate([free[2], free[3], edge + near[2], -edge - near[3]])
    sign_x, sign_y = np.repeat([1, 1, -1, -1], n_each), np.repeat([1, -1, 1, -1], n_each)
    corner = rng.uniform(-2 * BORDER, BORDER, (2, 4 * n_each))
    corners = np.stack([sign_x * (edge + corner[0]), sign_y * (edge + corner[1])], axis=-1)
    anywhere = rng.uniform(-edge, edge, (4 * n_each, 2))
    return np.concatenate([np.stack([x, y], axis=-1), corners, anywhere])


def drawn_for(rng, n_steps=9):
    positions = crowd_at_the_walls(rng)
    n = len(positions)
    headings = rng.uniform(-12, 12, n)
    speeds = rng.rayleigh(0.8, (n_steps, n))
    turns = rng.normal(0, 0.3, (n_steps, n))
    return positions, headings, speeds, turns


def in_double_precision(numbers, world):
    with jax.enable_x64(True):
        world = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), world)
        return jax.tree.map(np.asarray, square_walk.walk(*map(jnp.asarray, numbers), world))


def test_walk_agrees_with_the_loop_over_animals_at_every_wall_and_corner():
    numbers = drawn_for(np.random.default_rng(1))
    walked = in_double_precision(numbers, WORLD)
    world = (WORLD.box_width_in_m, WORLD.border_m, WORLD.dt_s)
    expected = oracle.walk(*numbers, *map(float, world))
    assert walked.moves.dtype == np.float64
    for ours, theirs in zip(walked, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)  # 10 steps of rounding


def test_walk_in_single_precision_differs_by_rounding_alone():
    numbers = [array.astype(np.float32) for array in drawn_for(np.random.default_rng(2))]
    walked = square_walk.walk(*map(jnp.asarray, numbers), WORLD)
    expected = in_double_precision([array.astype(np.float64) for array in numbers], WORLD)
    for ours, theirs in zip(walked, expected, strict=True):
        # headings up to 12 rad are rounded to 1e-6 and displace 10 steps of up to 0.1 m
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def one_path(position, heading, turns=(0.0, 0.0, 0.0)):
    numbers = np.array([position]), np.array([heading]), np.ones((3, 1)), np.array([turns]).T
    return in_double_precision(numbers, WORLD)


def one_walk(position, heading, turns=(0.0, 0.0, 0.0)):
    walked = one_path(position, heading, turns)
    return walked.start[0], walked.moves[:, 0], walked.positions[:, 0]


def test_the_first_move_is_dropped_and_each_goes_along_the_old_heading():
    start, moves, positions = one_walk((0.0, 0.0), 0.0, turns=(np.pi / 2, np.pi / 2, 1.0))
    np.testing.assert_allclose(start, [DT, 0], atol=1e-8)
    np.testing.assert_allclose(moves, [[0, DT], [-DT, 0]], atol=1e-8)
    np.testing.assert_allclose(positions, start + np.cumsum(moves, axis=0), atol=1e-15)


def test_headings_are_those_of_the_first_kept_move_and_after_each_turn():
    path = one_path((0.0, 0.0), 0.4, turns=(0.5, -1.5, 7.0))
    assert path.start_heading[0] == pytest.approx(0.4 + 0.5)
    np.testing.assert_allclose(path.headings[:, 0], [0.9 - 1.5, 0.9 - 1.5 + 7.0])  # not wrapped
    # at a wall the heading turns to run along it
    blocked = one_path((BOX / 2 - BORDER / 2, 0.1), 0.3)
    assert blocked.start_heading[0] == pytest.approx(np.pi / 2)


@pytest.mark.slow
def test_the_heading_before_a_move_is_its_direction(crowd):
    before = np.concatenate([crowd.start_heading[None], crowd.headings[:-1]])[:, ::50]
    moves = crowd.moves[:, ::50].astype(np.float64)
    direction = np.stack([np.cos(before), np.sin(before)], axis=-1)
    along = (moves * direction).sum(axis=-1)
    # unwrapped headings of some rad, rounded in float32
    np.testing.assert_allclose(along, np.linalg.norm(moves, axis=-1), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("heading", "slope"), [(0.3, 1.0), (-0.3, -1.0)])
def test_an_animal_facing_a_near_wall_slows_down_and_turns_to_run_parallel(heading, slope):
    at = BOX / 2 - BORDER / 2
    start, moves, _ = one_walk((at, 0.1), heading)
    slow = DT * 0.25
    expected = [at + slow * np.cos(heading), 0.1 + slow * np.sin(heading)]
    np.testing.assert_allclose(start, expected, atol=1e-8)
    np.testing.assert_allclose(moves[0][0], 0, atol=1e-8)
    assert np.sign(moves[0][1]) == slope


def test_an_animal_that_leaves_a_near_wall_is_left_alone():
    start, moves, _ = one_walk((BOX / 2 - BORDER / 2, 0.1), np.pi / 2 + 0.3)
    expected = DT * np.array([np.cos(np.pi / 2 + 0.3), np.sin(np.pi / 2 + 0.3)])
    np.testing.assert_allclose(start - [BOX / 2 - BORDER / 2, 0.1], expected, atol=1e-8)
    np.testing.assert_allclose(moves[0], expected, atol=1e-8)


def simulated(seed, **settings):
    key = stream(seed, Stream.MOTION)
    paths = square_walk._simulate(key, N_MOVES, N_ANIMALS, traced(**settings))
    return gj.Trajectories(*map(np.asarray, paths))


@pytest.fixture(scope="module")
def crowd():
    """Five million samples of the study's world."""
    return simulated(5)


@pytest.fixture(scope="module")
def in_the_open():
    """Five million samples far from every wall, where moves are the drawn numbers alone."""
    return simulated(6, box_width_in_m=1e4)


@pytest.mark.slow
def test_five_million_samples_are_finite(crowd, in_the_open):
    for paths in (crowd, in_the_open):
        assert paths.positions.shape == (N_MOVES, N_ANIMALS, 2)
        assert paths.positions[..., 0].size >= 5_000_000
        assert all(np.isfinite(array).all() for array in paths)


def test_position_is_the_start_plus_the_moves_so_far(crowd):
    start, moves, positions = crowd.start[:20_000], crowd.moves[:, :20_000], crowd.positions
    summed = start + np.cumsum(moves, axis=0, dtype=np.float64)
    # 20 roundings at 1 m
    np.testing.assert_allclose(positions[:, :20_000], summed, rtol=0, atol=3e-6)


def test_steps_and_displacements_are_those_published(crowd):
    lengths = np.linalg.norm(crowd.moves, axis=-1)
    net = np.linalg.norm(crowd.positions[-1] - crowd.start, axis=-1)
    # 1.98 is rounded, and the loop of the oracle gives 1.987 at 20 moves and 1.976 at 50
    assert 100 * lengths.mean() == pytest.approx(1.98, abs=0.01)
    assert 100 * net.mean() == pytest.approx(35, abs=0.5)  # rounded; standard error 0.03


def test_few_samples_leave_the_box_and_not_far(crowd):
    beyond = np.abs(crowd.positions).max(axis=-1) - 1.1
    outside = beyond[beyond > 0]
    # 0.6 % to its last digit (standard error 0.005 %); 0.4 % if the animal turned before it moved
    assert 0.0055 < outside.size / beyond.size < 0.0065
    # "up to about 5 cm" is what a batch shows; of 5e6 samples a few take two long steps in a corner
    assert (outside < 0.05).mean() > 0.99
    assert outside.max() < 2 * np.linalg.norm(crowd.moves, axis=-1).max()


def test_speeds_are_rayleigh(in_the_open):
    speeds = np.linalg.norm(in_the_open.moves[:, ::10], axis=-1).ravel() / 0.02
    scale = 0.13 * 2 * np.pi
    assert stats.kstest(speeds, stats.rayleigh(scale=scale).cdf).pvalue > SMALLEST_P
    mean_square = np.square(in_the_open.moves / 0.02, dtype=np.float64).sum(axis=-1).mean()
    assert mean_square == pytest.approx(2 * scale**2, rel=WITHIN)


def turns_of(paths):
    heading = np.arctan2(paths.moves[..., 1], paths.moves[..., 0]).astype(np.float64)
    return (np.diff(heading, axis=0) + np.pi) % (2 * np.pi) - np.pi


def test_turns_are_normal(in_the_open):
    turns, sd = turns_of(in_the_open), 0.02 * 11.52
    assert stats.kstest(turns[:, ::10].ravel(), stats.norm(scale=sd).cdf).pvalue > SMALLEST_P
    assert np.square(turns).mean() == pytest.approx(sd**2, rel=WITHIN)


def test_starts_and_headings_are_uniform(in_the_open):
    first = in_the_open.moves[0]
    heading = np.arctan2(first[:, 1], first[:, 0])
    around = stats.uniform(-np.pi, 2 * np.pi)
    assert stats.kstest(heading, around.cdf).pvalue > SMALLEST_P
    box = stats.uniform(-5e3, 1e4)
    for axis in range(2):
        assert stats.kstest(in_the_open.start[:, axis], box.cdf).pvalue > SMALLEST_P


def test_speeds_and_turns_are_independent_of_each_other_and_in_time(in_the_open):
    speeds = np.linalg.norm(in_the_open.moves, axis=-1)
    turns = turns_of(in_the_open)
    pairs = {
        "speed and next speed": (speeds[:-1], speeds[1:]),
        "turn and next turn": (turns[:-1], turns[1:]),
        "speed and turn after it": (speeds[:-1], turns),
        "speed and turn before it": (speeds[1:], turns),
        "speed of the neighbour": (speeds[:, :-1], speeds[:, 1:]),
        "turn of the neighbour": (turns[:, :-1], turns[:, 1:]),
    }
    for name, (a, b) in pairs.items():
        correlation = np.corrcoef(a.ravel(), b.ravel())[0, 1]
        assert abs(correlation) < 4.5 / np.sqrt(a.size), name  # 4.5 standard errors


@pytest.mark.slow
def test_twice_the_world_gives_twice_the_path(crowd):
    twice = simulated(
        5, box_width_in_m=4.4, speed_scale=2 * NetworkSpec().speed_scale, border_m=0.06
    )
    lengths = ("start", "moves", "positions")
    for name, ours in twice._asdict().items():
        factor = 2 if name in lengths else 1
        theirs = factor * getattr(crowd, name)
        np.testing.assert_array_equal(ours, theirs, err_msg=name)  # powers of two round alike


def test_the_public_function_is_the_batch_first_simulation():
    paths = gj.simulate_trajectories(7, n_moves=4, seed=9, box_width_in_m=1.3, dt_s=0.05)
    assert paths.start.shape == (7, 2)
    assert paths.moves.shape == paths.positions.shape == (7, 4, 2)
    key = stream(9, Stream.MOTION)
    direct = square_walk._simulate(key, 4, 7, traced(box_width_in_m=1.3, dt_s=0.05))
    np.testing.assert_array_equal(paths.start, direct.start)
    np.testing.assert_array_equal(paths.moves, direct.moves.swapaxes(0, 1))
    np.testing.assert_array_equal(paths.positions, direct.positions.swapaxes(0, 1))
    assert paths.start_heading.shape == (7,)
    np.testing.assert_array_equal(paths.start_heading, direct.start_heading)
    np.testing.assert_array_equal(paths.headings, direct.headings.swapaxes(0, 1))


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": 1},
        {"box_width_in_m": 1.1},
        {"speed_scale": 0.4},
        {"turn_sd": 5.0},
        {"dt_s": 0.01},
        {"border_m": 0.5},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_every_setting_of_the_world_moves_the_animals(settings):
    usual = gj.simulate_trajectories(7, n_moves=4)
    other = gj.simulate_trajectories(7, n_moves=4, **settings)
    assert not np.array_equal(usual.positions, other.positions)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"wall": 0.1}, "wall"),
        ({"Ng": 4}, "Ng"),
        ({"box_height_in_m": 2.0}, "box_height_in_m"),
        ({"n_trajectories": 0}, "0"),
        ({"n_moves": 0}, "0"),
        ({"n_moves": 2.5}, "2.5"),
        ({"seed": -3}, "-3"),
        ({"box_width_in_m": -2.2}, "-2.2"),
        ({"box_width_in_m": float("nan")}, "nan"),
        ({"speed_scale": 0.0}, "speed_scale: 0.0"),
        ({"turn_sd": -1.5}, "-1.5"),
        ({"dt_s": float("inf")}, "inf"),
        ({"border_m": "wide"}, "wide"),
    ],
)
def test_bad_input_is_refused_with_its_value_and_a_fix(arguments, told):
    with pytest.raises(GridjaxError) as caught:
        gj.simulate_trajectories(**{"n_trajectories": 3} | arguments)
    problem = caught.value.problems[0]
    assert told in problem.message
    assert problem.fix
