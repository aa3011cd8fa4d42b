"""Training of one agent: proximal policy optimisation (PPO).

Sources: Schulman et al. 2017 (arXiv:1707.06347) for the clipped objective; Schulman et al. 2016
(arXiv:1506.02438) for the advantages.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax, random
from jaxtyping import Array, Bool, Float, Int, Key

from gridjax.agents.codes import Code
from gridjax.agents.policy import ActorCritic, Observation, act
from gridjax.agents.trials import (
    Walkers,
    World,
    decide,
    distance,
    empty_observation,
    observe,
    restart,
    start_trials,
)
from gridjax.prng import Stream, stream

_VALUE_WEIGHT, _LARGEST_GRADIENT = 0.5, 0.5
_INIT, _START, _UPDATE = range(3)
"""Numbers folded into an agent's key."""


class Experience(NamedTuple):
    """Decisions of the walkers between two updates."""

    observation: Observation
    action: Int[Array, "time walker"]
    log_probability: Float[Array, "time walker"]
    value: Float[Array, "time walker"]
    reward: Float[Array, "time walker"]
    is_reached: Bool[Array, "time walker"]
    is_over: Bool[Array, "time walker"]


class Trained(NamedTuple):
    """A trained agent."""

    params: Any
    reached: Float[Array, " update"]
    """share of the trials that ended at their goal, in the decisions before each update; NaN if no
    trial ended"""


def train_agent(world: World, code: Code, seed: Int[Array, ""]) -> Trained:
    """Train one agent on a code. All random numbers are from its seed."""
    settings, policy = world.settings, policy_of(world)
    key = stream(seed, Stream.AGENTS)
    params = policy.init(random.fold_in(key, _INIT), empty_observation(world, code))
    n_steps = settings.n_updates * settings.n_epochs * settings.n_minibatches
    optimizer = optax.chain(
        optax.clip_by_global_norm(_LARGEST_GRADIENT),
        optax.adam(optax.linear_schedule(settings.learning_rate, 0.0, n_steps), eps=1e-5),
    )
    held_out = False if settings.held_out_quadrant else None
    of_start = random.fold_in(key, _START)
    walkers = start_trials(of_start, world, code, settings.n_walkers, held_out)

    def update(carry: Any, index: Array) -> tuple[Any, Array]:
        params, state, walkers = carry
        of_update = random.fold_in(random.fold_in(key, _UPDATE), index)
        of_walk, of_order = random.split(of_update)
        walkers, experience = _explore(of_walk, world, code, params, walkers)
        _, last = act(policy, params, observe(world, code, walkers))
        advantage = advantages(world, experience, last)
        learned = _improve(of_order, world, optimizer, (params, state), experience, advantage)
        n_reached, n_over = experience.is_reached.sum(), experience.is_over.sum()
        return (*learned, walkers), n_reached / n_over

    first = params, optimizer.init(params), walkers
    (params, *_), reached = lax.scan(update, first, jnp.arange(settings.n_updates))
    return Trained(params, reached)


def policy_of(world: World) -> ActorCritic:
    """Return the actor-critic of the agents of a world."""
    return ActorCritic(len(world.settings.turns_deg), world.settings.n_hidden)


def _explore(
    key: Key[Array, ""], world: World, code: Code, params: Any, walkers: Walkers
) -> tuple[Walkers, Experience]:
    """Follow the policy for ``horizon`` decisions of each walker."""
    settings, policy = world.settings, policy_of(world)
    held_out = False if settings.held_out_quadrant else None

    def step(walkers: Walkers, key: Array) -> tuple[Walkers, Experience]:
        of_action, of_trial = random.split(key)
        observation = observe(world, code, walkers)
        logits, value = act(policy, params, observation)
        action = random.categorical(of_action, logits)
        following, is_reached, _ = decide(world, code, walkers, action)
        # the potential after a trial is 0, so that the sum over a trial depends on its start alone
        after = jnp.where(is_reached, 0.0, distance(following))
        progress = distance(walkers) - settings.discount * after
        is_over = is_reached | (following.age >= settings.max_decisions)
        fresh = start_trials(of_trial, world, code, settings.n_walkers, held_out)
        kept = Experience(
            observation=observation,
            action=action,
            log_probability=_of_action(logits, action),
            value=value,
            reward=is_reached + settings.shaping * progress,
            is_reached=is_reached,
            is_over=is_over,
        )
        return restart(is_over, fresh, following), kept

    return lax.scan(step, walkers, random.split(key, settings.horizon))


def advantages(
    world: World, experience: Experience, last: Float[Array, " walker"]
) -> Float[Array, "time walker"]:
    """Return generalised advantage estimates; ``last`` are the values after the last decision.

    delta_t = r_t + discount v_{t+1} - v_t, A_t = delta_t + discount lambda A_{t+1}; nothing follows
    the end of a trial.
    """
    discount, decay = world.settings.discount, world.settings.gae_lambda

    def step(carry: tuple[Array, Array], at_t: tuple[Array, ...]) -> tuple[Any, Array]:
        following, advantage = carry
        reward, value, is_over = at_t
        goes_on = 1.0 - is_over
        delta = reward + discount * goes_on * following - value
        advantage = delta + discount * decay * goes_on * advantage
        return (value, advantage), advantage

    steps = experience.reward, experience.value, experience.is_over
    return lax.scan(step, (last, jnp.zeros_like(last)), steps, reverse=True)[1]


def _improve(
    key: Key[Array, ""],
    world: World,
    optimizer: optax.GradientTransformation,
    carry: Any,
    experience: Experience,
    advantage: Float[Array, "time walker"],
) -> Any:
    """Take the gradient steps of one update: each epoch uses every walker once."""
    settings = world.settings
    target = advantage + experience.value
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)

    def step(carry: Any, some: Int[Array, " walker"]) -> tuple[Any, None]:
        params, state = carry
        batch = jax.tree.map(lambda each: each[:, some], (experience, advantage, target))
        gradient = jax.grad(loss)(params, world, *batch)
        updates, state = optimizer.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state), None

    keys = random.split(key, settings.n_epochs)
    orders = jax.vmap(lambda each: random.permutation(each, settings.n_walkers))(keys)
    return lax.scan(step, carry, orders.reshape(settings.n_epochs * settings.n_minibatches, -1))[0]


def loss(
    params: Any,
    world: World,
    experience: Experience,
    advantage: Float[Array, "time walker"],
    target: Float[Array, "time walker"],
) -> Float[Array, ""]:
    """Return the loss of PPO: clipped objective, squared error of the values, entropy."""
    settings, policy = world.settings, policy_of(world)
    logits, value = act(policy, params, experience.observation)
    log_ratio = _of_action(logits, experience.action) - experience.log_probability
    ratio = jnp.exp(log_ratio)
    clipped = jnp.clip(ratio, 1 - settings.clip, 1 + settings.clip)
    objective = jnp.minimum(ratio * advantage, clipped * advantage).mean()
    log_p = jax.nn.log_softmax(logits)
    entropy = -(jnp.exp(log_p) * log_p).sum(axis=-1).mean()
    error = jnp.square(value - target).mean()
    return -objective + _VALUE_WEIGHT * error - settings.entropy * entropy


def _of_action(logits: Float[Array, "*n action"], action: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """Return the log probability of each decision."""
    log_p = jax.nn.log_softmax(logits)
    return jnp.take_along_axis(log_p, action[..., None], axis=-1)[..., 0]
