"""The models of experiments/models against slow oracles of their losses."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import field_models
from oracles import grids_without_pi as grids_oracle
from oracles import piso as piso_oracle
from oracles import sic as sic_oracle
from published_models import in_float64, loss_of, model

import gridjax as gj
from gridjax.spec.lowering import evaluation_config
from gridjax.spec.registry import OPTIMIZERS
from gridjax.task.motion.trajectories import along
from gridjax.training import forward_pass, train_step
from gridjax.training.noise import Noise
from gridjax.training.optimizers import OptimizerContext


def test_piso_has_the_published_loss_and_its_gradient():
    spec = model("piso", Ng=7, batch_size=12)
    state = train_step.init(spec.static, spec.traced)
    assert set(state.params) == {"cell"}
    rng = np.random.default_rng(0)
    positions = rng.uniform(-2 * np.pi, 2 * np.pi, (2, 12, 2))

    def ours(params):
        return loss_of(spec, state.layout, params, positions)

    def slow(cell):
        return piso_oracle.loss(cell, positions[1], 0.8, 1.2, spec.code_size, 2.0)

    value, gradient = jax.value_and_grad(ours)(state.params)
    cell = {name: np.asarray(leaf, np.float64) for name, leaf in state.params["cell"].items()}
    np.testing.assert_allclose(value, slow(cell), rtol=1e-5)
    for name, at in (("waves", (1, 0)), ("gains", (1,)), ("W1", (3, 5)), ("b2", (2,))):
        sides = []
        for move in (1e-5, -1e-5):
            moved = {key: leaf.copy() for key, leaf in cell.items()}
            moved[name][at] += move
            sides.append(slow(moved))
        slope = (sides[0] - sides[1]) / 2e-5
        np.testing.assert_allclose(gradient["cell"][name][at], slope, rtol=2e-3, atol=1e-6)


def test_piso_starts_from_the_published_distributions():
    spec = model("piso")
    cell = train_step.init(spec.static, spec.traced).params["cell"]
    shapes = {"waves": (2, 2), "gains": (2,), "W0": (4, 64), "W1": (64, 256), "W2": (256, 32)}
    assert {name: cell[name].shape for name in shapes} == shapes
    for layer, n_in in enumerate((4, 64, 256)):
        for name in ("W", "b"):
            largest = np.abs(cell[f"{name}{layer}"]).max()
            assert 0.85 * n_in**-0.5 < largest <= n_in**-0.5


def test_state_noise_without_recurrence_is_added_before_the_activation():
    spec = model("piso", Ng=7, batch_size=4, state_noise=0.4)
    state = train_step.init(spec.static, spec.traced)
    rng = np.random.default_rng(5)
    positions = rng.uniform(-2 * np.pi, 2 * np.pi, (3, 4, 2))
    noise = rng.normal(0, 0.4, (2, 4, 7)).astype(np.float32)
    paths = along(jnp.asarray(positions, jnp.float32))
    given = (state.params, state.layout, paths, jnp.float32(spec.dt_s), spec.static)
    rates, _ = forward_pass.forward(*given, noise=Noise(jnp.asarray(noise), None))
    cell = in_float64(state.params["cell"])
    for at in np.ndindex(2, 4):
        moved = cell | {"b2": cell["b2"] + noise[at]}  # one position has one bias
        np.testing.assert_allclose(
            rates[at], piso_oracle.rates(moved, positions[1:][at]), atol=2e-6
        )
    other = replace(spec, state_noise=9.0)
    assert other.static == spec.static
    assert other.run_id != spec.run_id
    assert evaluation_config(spec.static) == evaluation_config(model("piso", Ng=7).static)


@pytest.mark.slow
def test_a_gradient_step_with_noise_makes_another_network():
    spec = model("piso", batch_size=16)
    steps = [replace(spec, state_noise=sd) for sd in (0.0, 0.5)]
    after = [
        train_step.step(s.static, s.traced, train_step.init(s.static, s.traced)) for s in steps
    ]
    assert (after[0].params["cell"]["W2"] != after[1].params["cell"]["W2"]).any()


@pytest.mark.parametrize(("name", "applied"), [("spacenet", ","), ("nonnegative_pca", "nothing")])
def test_state_noise_needs_one_activation_of_all_units(name, applied):
    spec = model(name, batch_size=4, state_noise=0.1)
    state = train_step.init(spec.static, spec.traced)
    match = f"state_noise: cell .* applies its activation to .*{applied}"
    with pytest.raises(gj.GridjaxError, match=match):
        train_step.step(spec.static, spec.traced, state)


def test_the_recurrent_network_without_path_integration_loss_has_the_published_one():
    spec = model("grids_without_pi", Ng=9, batch_size=4)
    state = train_step.init(spec.static, spec.traced)
    assert set(state.params) == {"cell", "start"}
    np.testing.assert_array_equal(state.params["cell"]["G"], np.eye(9))
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(6, 4, 2)) * 0.4
    positions = np.cumsum(steps, axis=0)
    ours = spec.state_objective_weight * loss_of(spec, state.layout, state.params, positions)
    params = in_float64(state.params)
    g, at = [], []
    for path in range(4):
        g += grids_oracle.states(params["cell"], params["start"], positions[:, path])
        at += list(positions[1:, path])
    np.testing.assert_allclose(ours, grids_oracle.loss(g, at), rtol=2e-5)


def test_the_feedforward_network_without_path_integration_has_the_published_loss():
    spec = model("grids_without_pi_feedforward", Ng=9)
    state = train_step.init(spec.static, spec.traced)
    assert set(state.params) == {"cell"}
    positions = np.random.default_rng(2).uniform(-6, 6, (2, 15, 2))
    ours = spec.state_objective_weight * loss_of(spec, state.layout, state.params, positions)
    cell = in_float64(state.params["cell"])
    g = [grids_oracle.layers(cell, one) for one in positions[1]]
    np.testing.assert_allclose(ours, grids_oracle.loss(g, list(positions[1])), rtol=2e-5)


def test_the_walk_of_the_recurrent_network_has_the_published_speed():
    spec = model("grids_without_pi")
    assert spec.dt_s * spec.speed_scale == pytest.approx(0.15)
    assert spec.box_width_in_m == pytest.approx(4 * np.pi)
    # alpha (pairs - x mean) = alpha pairs - (1 - alpha) mean
    assert spec.mean_rate_weight == pytest.approx((1 - 0.54) / 0.54)


def test_sic_has_the_published_losses():
    spec = model("sic", Ng=6, batch_size=5, sequence_length=8)
    state = train_step.init(spec.static, spec.traced)
    rng = np.random.default_rng(3)
    moves = rng.uniform(-0.06, 0.06, (8, 5, 2))  # some longer than sigma_x, some shorter
    positions = np.concatenate([np.zeros((1, 5, 2)), np.cumsum(moves, axis=0)])
    params = in_float64(state.params)
    first = np.maximum(params["start"]["state"], 0)
    states = np.zeros((8, 5, 6))
    for path in range(5):
        g = first / np.linalg.norm(first)
        for t in range(8):
            g = states[t, path] = sic_oracle.step(params["cell"], g, moves[t, path])
    assert states.any(axis=-1).all()
    ours = loss_of(spec, state.layout, state.params, positions)
    expected = sic_oracle.loss(states, positions[1:], moves)
    np.testing.assert_allclose(ours, expected, rtol=1e-4)


def test_sic_clips_the_norm_of_the_mean_gradient_of_two_batches():
    context = model("sic", decoupled_weight_decay=0.0, learning_rate=0.1).traced._asdict()
    context = OptimizerContext(*(context[name] for name in OptimizerContext._fields))
    optimizer = OPTIMIZERS["adamw_clipped"].make(context)
    params = {"cell": jnp.ones(3)}
    state = optimizer.init(params)
    batches = np.array([[30.0, 0, 0], [0, 40.0, 0], [1e-3, 0, 0], [1e-3, 0, 1e-3]])
    found = []
    for gradient in batches:
        updates, state = optimizer.update({"cell": jnp.asarray(gradient)}, state, params, value=1.0)
        found.append(np.asarray(updates["cell"]))
    means = [np.array([0.06, 0.08, 0.0]), np.array([1e-3, 0.0, 5e-4])]  # the first has norm .1
    first = means[0]
    second = 0.9 * 0.1 * first + 0.1 * means[1], 0.999 * 0.001 * first**2 + 0.001 * means[1] ** 2
    second = second[0] / (1 - 0.9**2) / (np.sqrt(second[1] / (1 - 0.999**2)) + 1e-8)
    expected = [0 * first, -0.1 * np.sign(first), 0 * first, -0.1 * second]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_pairs_of_fewer_states_weigh_as_much_as_the_published_number_of_pairs():
    """States that are all alike: separation is the number of ordered pairs that are far apart."""
    spec = model("sic", Ng=6, batch_size=5, sequence_length=8)
    state = train_step.init(spec.static, spec.traced)
    cell = jax.tree.map(jnp.zeros_like, state.params["cell"])
    cell["b2"] = jnp.eye(6).ravel()  # every move keeps the state
    far = np.arange(9.0)[:, None, None] * 100 + np.arange(5.0)[:, None] * [[1.0, 0.0]]
    value = loss_of(spec, state.layout, state.params | {"cell": cell}, far)
    assert value == pytest.approx(7800 * 7799 - 0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("cell", "leak"), [("leaky_learned", 0.3), ("leaky_60", 0.6), ("leaky_0", 0.0)]
)
def test_the_leaky_network_moves_as_published(cell, leak):
    spec = model("leaky", Ng=5, Np=16, batch_size=3, sequence_length=4, rnn_type=cell)
    state = train_step.init(spec.static, spec.traced)
    positions = np.cumsum(np.random.default_rng(4).normal(size=(5, 3, 2)), axis=0)
    paths = along(jnp.asarray(positions, jnp.float32))
    traced = jax.tree.map(jnp.asarray, spec.traced)
    h, _ = forward_pass.forward(state.params, state.layout, paths, traced.dt_s, spec.static)
    params = in_float64(state.params["cell"])
    start = train_step.task.start_code(state.layout, paths, spec.static)
    expected = np.asarray(start @ state.params["encoder"], np.float64)
    leaks = params.get("leak", np.full(5, leak))
    np.testing.assert_allclose(leaks, leak, rtol=1e-6)
    for t in range(4):
        moves = positions[t + 1] - positions[t]
        given = zip(expected, moves, strict=True)
        expected = np.array([field_models.leaky_step(params, *each, leaks) for each in given])
        np.testing.assert_allclose(h[t], expected, rtol=1e-4, atol=1e-6)


def test_spacenet_has_the_published_loss():
    spec = model("spacenet", Ng=9)
    state = train_step.init(spec.static, spec.traced)
    positions = np.random.default_rng(5).uniform(-1, 1, (2, 15, 2))
    ours = loss_of(spec, state.layout, state.params, positions)
    cell = in_float64(state.params["cell"])
    np.testing.assert_allclose(ours, field_models.spacenet(cell, positions[1], 0.25), rtol=1e-4)
    shapes = {name: leaf.shape for name, leaf in cell.items() if name.startswith("W")}
    assert shapes == {"W0": (2, 64), "W1": (64, 128), "W2": (128, 9)}


@pytest.mark.parametrize("name", ["sic", "spacenet"])
def test_losses_of_pairs_exist_in_a_cube(name):
    spec = model(name, Ng=4, batch_size=6, sequence_length=3, dimensions=3)
    state = train_step.init(spec.static, spec.traced)
    rng = np.random.default_rng(6)
    positions = rng.uniform(-1, 1, (4, 6, 3))
    flat = np.concatenate([positions[..., :2], 0 * positions[..., :1]], axis=-1)
    in_cube, in_plane = (
        loss_of(spec, state.layout, state.params, each) for each in (positions, flat)
    )
    assert np.isfinite(in_cube)
    assert in_cube != in_plane


@pytest.mark.parametrize(
    "name", ["piso", "grids_without_pi", "grids_without_pi_feedforward", "sic", "spacenet"]
)
def test_a_gradient_step_of_a_model_changes_every_parameter(name):
    spec = model(name, batch_size=16, Ng=32)
    before = train_step.init(spec.static, spec.traced)
    step, after = jax.jit(train_step.step, static_argnums=0), before
    for _ in range(spec.accumulated_batches):
        after = step(spec.static, spec.traced, after)
    assert int(after.step) == spec.accumulated_batches
    for one, other in zip(*map(jax.tree.leaves, (before.params, after.params)), strict=True):
        assert (one != other).any()
