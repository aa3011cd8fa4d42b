"""Landmarks in training: their draws, their absence, and which networks share a compilation."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from training.blocks import SPEC

from gridjax.prng import Stream, stream
from gridjax.run.planning.plan import make_plan
from gridjax.spec.lowering import evaluation_config
from gridjax.task import task
from gridjax.training import position_metrics, train_step
from gridjax.training.landmarks import landmarks_of_step

SEEING = replace(SPEC, landmark_rate=0.3)


def program(function, spec):
    """The program of a function of one network, as text."""
    static, traced = spec.static, spec.traced
    state = jax.eval_shape(lambda traced: train_step.init(static, traced), traced)
    return str(jax.make_jaxpr(lambda *given: function(static, *given))(traced, state))


def test_a_network_without_landmarks_has_neither_their_input_nor_their_draws():
    without = program(train_step.step, SPEC)
    assert program(train_step.step, replace(SPEC, landmark_noise_in_m=0.3)) == without
    assert program(train_step.step, SEEING).count("erf_inv") == without.count("erf_inv") + 1
    assert SEEING.static.n_inputs == SPEC.static.n_inputs + SPEC.Np


def test_the_training_history_has_no_landmarks():
    draws = [program(position_metrics.progress, spec).count("erf_inv") for spec in (SEEING, SPEC)]
    assert draws[0] == draws[1]
    assert evaluation_config(SEEING.static).has_landmarks  # the input itself remains


def test_each_step_has_landmarks_of_its_own():
    static, traced = SEEING.static, SEEING.traced

    @jax.jit
    def of_step(traced, step):
        layout = task.draw(stream(traced.layout_seed, Stream.LAYOUT), static, traced)
        ahead = train_step.draw_ahead(static, traced, jnp.int32(0), 1)
        paths = jax.tree.map(lambda leaf: leaf[0], ahead)
        return landmarks_of_step(static, traced, layout, paths, step)

    drawn = [of_step(traced, np.int32(step)) for step in (0, 0, 1)]
    np.testing.assert_array_equal(*drawn[:2])
    assert not np.array_equal(*drawn[1:])


def test_networks_share_a_compilation_unless_one_has_no_landmarks():
    def n_buckets(*rates):
        return len(make_plan([replace(SPEC, landmark_rate=rate) for rate in rates]).buckets)

    assert n_buckets(0.1, 0.2, 1.0) == 1
    assert n_buckets(0.0, 0.1, 0.2) == 2
