"""Training of agents: advantages, loss, chance and learning."""

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gridjax as gj
from gridjax import metrics
from gridjax.agents import population, ppo, scores
from gridjax.agents.codes import Code
from gridjax.agents.network_code import places_of
from gridjax.agents.policy import Observation
from gridjax.agents.ppo import Experience
from gridjax.agents.scores import Lesion
from gridjax.agents.trials import World, empty_observation, start_trials

SMALL = gj.AgentSettings(
    n_updates=3,
    n_walkers=4,
    horizon=8,
    n_hidden=8,
    max_decisions=12,
    n_test_trials=30,
    n_head_direction_cells=4,
)
WIDTH = 1.0
MAPS = metrics.place_code(jax.random.key(0), 20, 15, WIDTH, 8)


def code_of(maps, n_bins=8):
    table = population.standardised("a", maps)
    return Code(places_of(n_bins, WIDTH), jnp.asarray(table), jnp.zeros((n_bins**2, 0)), None)


def experience(rng, n_time=6, n_walkers=3, n_actions=5):
    shape = n_time, n_walkers
    seen = Observation(
        *(jnp.asarray(rng.normal(size=(*shape, n)), jnp.float32) for n in (20, 20, 4, 1))
    )
    return Experience(
        observation=seen,
        action=jnp.asarray(rng.integers(0, n_actions, shape)),
        log_probability=jnp.asarray(np.log(rng.uniform(0.1, 0.4, shape)), jnp.float32),
        value=jnp.asarray(rng.normal(size=shape), jnp.float32),
        reward=jnp.asarray(rng.normal(size=shape), jnp.float32),
        is_reached=jnp.zeros(shape, bool),
        is_over=jnp.asarray(rng.random(shape) < 0.3),
    )


def test_advantages_are_discounted_sums_of_errors_until_the_trial_ends():
    rng = np.random.default_rng(0)
    some, last = experience(rng), rng.normal(size=3)
    settings = replace(SMALL, discount=0.9, gae_lambda=0.8)
    found = ppo.advantages(World(settings, WIDTH, None), some, jnp.asarray(last, jnp.float32))
    value = np.concatenate([some.value, last[None]])
    for walker in range(3):
        for start in range(6):
            total, factor = 0.0, 1.0
            for t in range(start, 6):
                following = 0 if some.is_over[t, walker] else value[t + 1, walker]
                total += factor * (some.reward[t, walker] + 0.9 * following - value[t, walker])
                factor *= 0.9 * 0.8
                if some.is_over[t, walker]:
                    break
            assert float(found[start, walker]) == pytest.approx(float(total), abs=1e-5)


def test_the_loss_is_that_of_schulman_et_al():
    rng = np.random.default_rng(1)
    some, world = experience(rng), World(SMALL, WIDTH, None)
    policy = ppo.policy_of(world)
    params = policy.init(jax.random.key(0), empty_observation(world, code_of(MAPS)))
    params = jax.tree.map(lambda leaf: leaf + 0.1, params)
    advantage, target = rng.normal(size=(2, 6, 3)).astype(np.float32)
    found = ppo.loss(params, world, some, jnp.asarray(advantage), jnp.asarray(target))
    logits, value = (
        np.asarray(each, np.float64) for each in policy.apply(params, some.observation)
    )
    total = 0.0
    for t in range(6):
        for walker in range(3):
            p = np.exp(logits[t, walker] - np.logaddexp.reduce(logits[t, walker]))
            ratio = p[some.action[t, walker]] / math.exp(some.log_probability[t, walker])
            a = advantage[t, walker]
            total -= min(ratio * a, min(max(ratio, 0.8), 1.2) * a)
            total += 0.5 * (value[t, walker] - target[t, walker]) ** 2
            total += 0.01 * (p * np.log(p)).sum()
    assert float(found) == pytest.approx(total / 18, rel=1e-4)


@pytest.mark.slow
def test_an_agent_has_the_same_numbers_in_any_company():
    codes = {"place": MAPS, "lattice": metrics.lattice_module(jax.random.key(1), 16, 40, WIDTH, 8)}
    both = gj.train_agents(codes, WIDTH, (4, 7), SMALL)
    assert both.code == ("place", "lattice")
    assert both.reached.shape == (2, 2, 3)
    assert both.success.shape == both.efficiency.shape == (2, 2, 2, 2)
    for at, name in enumerate(codes):
        alone = gj.train_agents({name: codes[name]}, WIDTH, (7,), SMALL)
        np.testing.assert_allclose(both.reached[at, 1], alone.reached[0, 0], atol=1e-6)
        np.testing.assert_allclose(both.success[at, 1], alone.success[0, 0], atol=1e-6)
    assert not np.array_equal(both.reached[0, 0], both.reached[0, 1], equal_nan=True)


@pytest.mark.slow
def test_codes_of_one_size_train_together_as_alone():
    codes = {"place": MAPS, "again": MAPS[::-1]}
    both = gj.train_agents(codes, WIDTH, (7,), SMALL)
    alone = gj.train_agents({"again": MAPS[::-1]}, WIDTH, (7,), SMALL)
    np.testing.assert_allclose(both.reached[1], alone.reached[0], atol=1e-6)
    np.testing.assert_allclose(both.success[1], alone.success[0], atol=1e-6)


def test_success_and_efficiency_of_an_agent_that_goes_straight_ahead():
    """A policy that never turns, against a loop over trials."""
    world, code = World(SMALL, WIDTH, None), code_of(MAPS)
    policy = ppo.policy_of(world)
    params = policy.init(jax.random.key(0), empty_observation(world, code))
    params = jax.tree.map(jnp.zeros_like, params)
    always = {**params["params"]["Dense_5"], "bias": jnp.array([0.0, 0, 90, 0, 0])}
    params = {"params": {**params["params"], "Dense_5": always}}
    whole = Lesion(jnp.ones((1, 20)), jnp.ones((1, 20)))
    seed = jnp.int32(5)
    found = scores.test_agent(world, code, params, seed, whole)
    key = gj.stream(5, gj.Stream.AGENT_TESTS)
    for goals, held_out in enumerate((False, True)):
        of_start, _ = jax.random.split(jax.random.fold_in(key, goals))
        start = start_trials(of_start, world, code, SMALL.n_test_trials, held_out)
        successes, efficiencies = [], []
        for k in range(SMALL.n_test_trials):
            position, goal = np.asarray(start.pose.position[k]), np.asarray(start.goal[k])
            heading = float(start.pose.heading[k])
            straight = np.linalg.norm(position - goal) - 0.12
            if straight <= 0:
                continue
            n_moves, is_there = 0, False
            while not is_there and n_moves < 12 * 4:
                step = 0.02 * np.array([math.cos(heading), math.sin(heading)])
                position = np.clip(position + step, -0.5, 0.5)
                n_moves += 1
                is_there = np.linalg.norm(position - goal) <= 0.12
            successes.append(is_there)
            efficiencies.append(is_there * min(math.ceil(straight / 0.02) / n_moves, 1))
        assert found.success[0, goals] == pytest.approx(np.mean(successes), abs=1e-5)
        assert found.efficiency[0, goals] == pytest.approx(np.mean(efficiencies), abs=0.02)
    assert found.success.max() > 0


@pytest.mark.slow
def test_agents_learn_on_place_cells_and_need_the_code_of_the_goal():
    settings = gj.AgentSettings(n_updates=120, n_test_trials=200)
    maps = metrics.place_code(jax.random.key(0), 200, 15, 1.5, 20)
    stripes = np.sin(np.arange(20) * 2 * np.pi / 5) * np.ones((1, 20, 20))  # tell y modulo 37 cm
    found = gj.train_agents({"place": maps, "stripes": stripes}, 1.5, (0, 1), settings)
    place, stripes = found.success
    assert (place[:, 0, 0] > 0.9).all()
    assert (place[:, 1, 0] < 0.6).all()
    assert (stripes[:, 0, 0] < 0.7).all()
    assert (found.efficiency[0, :, 0, 0] > 0.5).all()
    assert (np.nanmean(found.reached[0, :, -20:], axis=-1) > 0.95).all()
