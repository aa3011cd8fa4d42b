"""Tests of trained agents, intact and with lesions: success and efficiency."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int

from gridjax.agents.codes import Code
from gridjax.agents.policy import Observation, act
from gridjax.agents.ppo import policy_of
from gridjax.agents.trials import World, decide, distance, observe, start_trials
from gridjax.prng import Stream, stream

KNOWN, NEW = "known", "new"
GOALS = (KNOWN, NEW)
"""Goals where training had goals, and goals in the held-out quadrant."""


class Lesion(NamedTuple):
    """Units that an agent does not receive: their rates are multiplied by 0."""

    here: Float[Array, " unit"]
    goal: Float[Array, " unit"]


class Scores(NamedTuple):
    """Means over test trials."""

    success: Float[Array, "*condition"]
    """share of the trials in which the agent came to its goal"""
    efficiency: Float[Array, "*condition"]
    """success weighted by path length (Anderson et al. 2018, arXiv:1807.06757): the mean of the
    straight distance over the length of the path, both in moves, 0 without success; a move that a
    wall stops or shortens counts as a whole one"""


def test_agent(
    world: World, code: Code, params: Any, seed: Int[Array, ""], lesions: Lesion
) -> Scores:
    """Test one agent with each lesion and on each kind of goals, on the same trials.

    Decisions are drawn from the policy, as in training. ``lesions`` have a leading axis. Returns
    scores [lesion, goals]. Trials that start at their goal are left out.
    """
    key = stream(seed, Stream.AGENT_TESTS)
    settings, policy = world.settings, policy_of(world)
    n = settings.n_test_trials

    def one(lesion: Lesion, number: Array, is_held_out: bool | None) -> Scores:
        of_start, of_actions = random.split(random.fold_in(key, number))
        start = start_trials(of_start, world, code, n, is_held_out)

        def step(carry: Any, key: Array) -> tuple[Any, None]:
            walkers, is_there, n_moves = carry
            seen = _with_lesion(observe(world, code, walkers), lesion)
            logits, _ = act(policy, params, seen)
            action = random.categorical(key, logits)
            following, reaches, at_move = decide(world, code, walkers, action)
            moves = jnp.where(reaches, at_move, settings.moves_per_decision)
            return (following, is_there | reaches, n_moves + ~is_there * moves), None

        none = jnp.zeros(n, jnp.int32)
        keys = random.split(of_actions, settings.max_decisions)
        (_, is_there, n_moves), _ = lax.scan(step, (start, none.astype(bool), none), keys)
        radius, step_m = settings.goal_radius_cm / 100, settings.step_cm / 100
        straight = distance(start) - radius
        is_trial = straight > 0
        shortest = jnp.ceil(straight / step_m)  # moves
        share = is_there * jnp.minimum(shortest / jnp.maximum(n_moves, 1), 1.0)
        return Scores(_mean(is_there, is_trial), _mean(share, is_trial))

    def of_lesion(lesion: Lesion) -> Scores:
        known = False if settings.held_out_quadrant else None
        both = one(lesion, jnp.int32(0), known), one(lesion, jnp.int32(1), True)
        return jax.tree.map(lambda *each: jnp.stack(each), *both)

    return lax.map(of_lesion, lesions)


def _with_lesion(seen: Observation, lesion: Lesion) -> Observation:
    return seen._replace(here=seen.here * lesion.here, goal=seen.goal * lesion.goal)


def _mean(values: Array, is_counted: Bool[Array, " trial"]) -> Float[Array, ""]:
    return jnp.where(is_counted, values, 0).sum() / is_counted.sum()
