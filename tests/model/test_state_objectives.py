"""Objectives on the states of a network, and the normalised activation that they need."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import state_objectives as oracle

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.model.cells import norm_relu
from gridjax.model.state_objectives import distances, objective_context
from gridjax.spec.constraints import read_spec
from gridjax.spec.network import NetworkSpec
from gridjax.spec.padding import padded_config

SPEC = NetworkSpec(
    state_objective="distances",
    state_distance_per_m=3.0,
    distance_range_m=0.4,
    code_size=0.3,
    code_size_weight=2.0,
    mean_rate_weight=0.46,
)
RNG = np.random.default_rng(0)
STATES, POSITIONS = RNG.random((3, 4, 5)), RNG.uniform(-1, 1, (3, 4, 2))
ORACLE = (3.0, 0.4, 0.3, 2.0, 0.46)


def value(states, spec=SPEC):
    context = objective_context(jax.tree.map(jnp.asarray, spec.traced), {})
    nothing = jnp.zeros((3, 4, 1))
    return distances(jnp.asarray(states), nothing, jnp.asarray(POSITIONS), nothing, context)


def test_distances_are_those_of_a_loop_over_pairs():
    expected = oracle.distances(STATES, POSITIONS, *ORACLE)
    assert float(value(STATES)) == pytest.approx(expected, rel=1e-4)
    alone = replace(SPEC, code_size_weight=0.0, mean_rate_weight=0.0)
    expected = oracle.distances(STATES, POSITIONS, 3.0, 0.4)
    assert float(value(STATES, alone)) == pytest.approx(expected, rel=1e-4)


def test_the_gradient_of_distances_is_that_of_differences():
    direction, step = RNG.normal(size=STATES.shape), 1e-4
    gradient = jax.grad(lambda states: value(states))(jnp.asarray(STATES))
    ends = [oracle.distances(STATES + s * step * direction, POSITIONS, *ORACLE) for s in (1, -1)]
    expected = (ends[0] - ends[1]) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(expected, rel=1e-3)


def test_equal_states_have_a_finite_gradient():
    states = jnp.asarray(np.repeat(STATES[:1], 3, axis=0))
    assert jnp.isfinite(jax.grad(lambda states: value(states))(states)).all()


def test_distances_far_from_the_origin_keep_their_digits():
    """Normalised states have a common mean that is large beside their distances."""
    alone = replace(SPEC, code_size_weight=0.0, mean_rate_weight=0.0)
    near = 1 + 0.01 * STATES
    expected = oracle.distances(near.astype(np.float32), POSITIONS, 3.0, 0.4)
    assert float(value(near, alone)) == pytest.approx(expected, rel=1e-5)


def test_norm_relu_has_length_one_and_a_gradient_along_the_sphere():
    x = jnp.asarray(RNG.normal(size=(4, 6))).at[0].set(-1.0)
    rates = norm_relu(x)
    np.testing.assert_allclose(jnp.linalg.norm(rates[1:], axis=-1), 1, rtol=1e-6)
    assert (rates[0] == 0).all()
    positive = np.maximum(np.asarray(x[1:], float), 0)
    expected = positive / np.linalg.norm(positive, axis=-1, keepdims=True)
    np.testing.assert_allclose(rates[1:], expected, rtol=1e-6)
    gradient = jax.grad(lambda x: (norm_relu(x) * jnp.arange(6.0)).sum())(x)
    assert jnp.isfinite(gradient).all()
    np.testing.assert_allclose((gradient * x)[1:].sum(axis=-1), 0, atol=1e-6)


def test_numbers_of_an_objective_are_traced_and_read_by_it_alone():
    other = replace(SPEC, state_distance_per_m=7.0, state_objective_weight=0.1, code_size=0.9)
    assert other.static == SPEC.static
    assert other.run_id != SPEC.run_id
    none = NetworkSpec()
    assert replace(none, state_distance_per_m=7.0).equivalence_key == none.equivalence_key
    assert replace(none, place_loss_weight=7.0).equivalence_key == none.equivalence_key
    assert SPEC.static != none.static


def test_without_a_loss_of_the_outputs_a_network_has_none_and_reads_no_target_code():
    alone = read_spec(replace(SPEC, place_loss_weight=0.0))
    assert SPEC.static.n_outputs == SPEC.Np
    assert alone.static.n_outputs == 0
    assert replace(alone, Np=9).static != alone.static  # it still starts from the place code
    zero = replace(alone, start="zero")
    assert replace(zero, Np=9, place_cell_rf=0.9).equivalence_key == zero.equivalence_key
    with pytest.raises(GridjaxError, match=r"place_loss_weight: .* is below 0"):
        read_spec(replace(SPEC, place_loss_weight=-1.0))


def test_networks_with_an_objective_keep_their_own_shapes():
    assert padded_config(NetworkSpec().static) is not None
    assert padded_config(SPEC.static) is None


def test_an_objective_that_reads_no_known_number_is_refused():
    with pytest.raises(GridjaxError, match="reads: 'colour' is unknown"):
        gj.StateObjectiveInfo("own", reads=("colour",))
