"""Arena of agents: moves, walls, goals and head-direction cells, against loops over walkers."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax.agents import arena
from gridjax.agents.arena import Pose

SETTINGS = gj.AgentSettings(
    walls=(((0.0, -0.5), (0.0, 0.1)), ((-0.3, 0.2), (0.1, 0.4))), moves_per_decision=3, step_cm=8.0
)
WIDTH = 1.0


def crosses(before, after, wall):
    """Whether a move crosses a wall, from the parameters of both at which their lines meet."""
    (x1, y1), (x2, y2) = wall
    move = np.subtract(after, before)
    matrix = np.array([[move[0], x1 - x2], [move[1], y1 - y2]])
    if abs(np.linalg.det(matrix)) < 1e-12:
        return False
    along_move, along_wall = np.linalg.solve(matrix, [x1 - before[0], y1 - before[1]])
    return 0 <= along_move <= 1 and 0 <= along_wall <= 1


def slow_walk(position, heading, turn_deg):
    """One decision of one walker: the positions after each move."""
    heading += math.radians(turn_deg)
    path = []
    for _ in range(SETTINGS.moves_per_decision):
        step = SETTINGS.step_cm / 100
        wanted = position + step * np.array([math.cos(heading), math.sin(heading)])
        wanted = np.clip(wanted, -WIDTH / 2, WIDTH / 2)
        if not any(crosses(position, wanted, wall) for wall in SETTINGS.walls):
            position = wanted
        path.append(position)
    return np.array(path)


def test_walkers_turn_move_slide_along_the_box_and_stop_at_walls():
    rng = np.random.default_rng(0)
    n = 400
    position = rng.uniform(-WIDTH / 2, WIDTH / 2, (n, 2))
    heading, action = rng.uniform(0, 2 * np.pi, n), rng.integers(0, 5, n)
    pose = Pose(jnp.asarray(position, jnp.float32), jnp.asarray(heading, jnp.float32))
    moved = arena.walk(SETTINGS, WIDTH, pose, jnp.asarray(action))
    turns = np.array(SETTINGS.turns_deg)[action]
    slow = np.stack(
        [slow_walk(*each) for each in zip(position, heading, turns, strict=True)], axis=1
    )
    np.testing.assert_allclose(moved.path, slow, atol=1e-5)
    np.testing.assert_allclose(moved.pose.position, slow[-1], atol=1e-5)
    np.testing.assert_allclose(moved.moves.sum(axis=0), slow[-1] - position, atol=1e-5)
    lengths = np.linalg.norm(moved.moves, axis=-1)
    is_free = (np.abs(lengths - 0.08) < 1e-5).all(axis=0)
    np.testing.assert_array_equal(moved.is_blocked, ~is_free)
    assert 20 < is_free.sum() < n - 20
    stopped = (lengths == 0).any(axis=0) & (np.abs(slow) < 0.499).all(axis=(0, 2))
    assert stopped.sum() > 5  # walls within the arena


def test_no_move_is_blocked_far_from_the_walls_of_a_large_box():
    x = jnp.linspace(10.0, 45.0, 36)
    pose = Pose(jnp.stack([x, x], axis=-1), jnp.linspace(0.1, 6.2, 36))
    moved = arena.walk(gj.AgentSettings(), 100.0, pose, jnp.zeros(36, int))
    assert not moved.is_blocked.any()


def test_an_agent_on_a_wall_may_leave_it_and_none_may_enter():
    before, free = jnp.array([[0.0, 0.0], [-0.1, 0.0]]), jnp.array([[0.05, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(arena.crosses_wall(SETTINGS, before, free), [False, True])


def test_a_barrier_has_a_gap_in_its_middle():
    with_gap = replace(SETTINGS, walls=gj.agent_barrier(WIDTH, 0.3))
    heights = jnp.linspace(-0.49, 0.49, 99)
    before = jnp.stack([jnp.full(99, -0.03), heights], axis=-1)
    blocked = arena.crosses_wall(with_gap, before, before + jnp.array([0.06, 0.0]))
    np.testing.assert_array_equal(blocked, np.abs(heights) > 0.15)


@pytest.mark.parametrize("is_held_out", [None, True, False])
def test_goals_are_uniform_where_they_may_be(is_held_out):
    goals = np.asarray(arena.draw_goals(jax.random.key(0), SETTINGS, WIDTH, 4000, is_held_out))
    half = WIDTH / 2 - SETTINGS.goal_radius_cm / 100
    assert np.abs(goals).max() <= half
    counts, *_ = np.histogram2d(*goals.T, bins=4, range=[[-half, half]] * 2)
    allowed = np.ones((4, 4), bool)
    if is_held_out is not None:
        allowed[2:, 2:] = is_held_out
        allowed[:2] = allowed[:, :2] = not is_held_out
    assert not counts[~allowed].any()
    expected = 4000 / allowed.sum()
    assert (np.abs(counts[allowed] - expected) < 5 * np.sqrt(expected)).all()


def test_a_goal_is_reached_within_its_radius():
    path = jnp.array([[[0.0, 0.13]], [[0.0, 0.119]]])
    reached = arena.is_reached(SETTINGS, path, jnp.zeros((1, 2)))
    np.testing.assert_array_equal(reached, [[False], [True]])


def test_head_direction_cells_are_a_softmax_that_peaks_at_the_heading():
    headings = jnp.linspace(-7, 7, 50)
    rates = np.asarray(arena.heading_code(SETTINGS, headings))
    preferred = np.arange(12) * np.pi / 6
    slow = np.exp(20 * np.cos(np.asarray(headings)[:, None] - preferred))
    np.testing.assert_allclose(rates, slow / slow.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7)
