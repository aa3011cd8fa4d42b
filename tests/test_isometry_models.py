"""Models of conformal isometry, of the actionable plane and of components, against slow oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import field_models
from published_models import in_float64, loss_of, model

from gridjax.spec.registry import OPTIMIZERS
from gridjax.task.motion.motion_models import draw_paths
from gridjax.training import train_step
from gridjax.training.optimizers import OptimizerContext


def larger(params, seed, factor):
    """Parameters with other values, large enough that every term of a loss counts."""
    rng = np.random.default_rng(seed)
    return {
        name: jnp.asarray(np.abs(rng.normal(size=leaf.shape)) * factor, jnp.float32)
        for name, leaf in params.items()
    }


CONFORMAL = {"": "linear", "_nonlinear": "nonlinear", "_additive": "additive"}


@pytest.mark.parametrize(
    "suffix", [one if not one else pytest.param(one, marks=pytest.mark.slow) for one in CONFORMAL]
)
def test_conformal_isometry_has_the_published_losses(suffix):
    kind = CONFORMAL[suffix]
    spec = model(f"conformal_isometry{suffix}", Ng=6, batch_size=9)
    state = train_step.init(spec.static, spec.traced)
    places = np.asarray(drawn_paths(spec).positions, np.float64)
    cell = larger(state.params["cell"], 6, 0.3)
    ours = loss_of(spec, state.layout, {"cell": cell}, np.concatenate([places[:1], places]))
    weight = {"linear": 10.0, "nonlinear": 30.0, "additive": 2000.0}[kind]
    expected = field_models.conformal(in_float64(cell), places, 10.0, kind, weight)
    np.testing.assert_allclose(ours, expected, rtol=1e-3)


def test_the_isometry_of_the_linear_transformation_has_the_published_weight_of_each_scale():
    places = None
    for s, weight in ((5.0, 10.0), (10.0, 10.0), (15.0, 20.0)):
        spec = model("conformal_isometry", Ng=4, batch_size=5, state_distance_per_m=s)
        state = train_step.init(spec.static, spec.traced)
        if places is None:
            places = np.asarray(drawn_paths(spec).positions, np.float64)
        cell = larger(state.params["cell"], 6, 0.3)
        ours = loss_of(spec, state.layout, {"cell": cell}, np.concatenate([places[:1], places]))
        expected = field_models.conformal(in_float64(cell), places, s, "linear", weight)
        np.testing.assert_allclose(ours, expected, rtol=1e-3)


def drawn_paths(spec, seed=7):
    """The trajectories of one gradient step."""
    traced = jax.tree.map(jnp.asarray, spec.traced)
    key = jax.random.key(seed, impl="threefry2x32")
    return draw_paths(key, spec.sequence_length, spec.batch_size, spec.static, traced)


def test_moves_of_conformal_isometry_are_short_and_long_in_turn_and_inside_the_box():
    spec = model("conformal_isometry", batch_size=500)
    places = np.asarray(drawn_paths(spec).positions)
    assert np.abs(places).max() <= 0.5
    for first, longest in ((0, 3 / 40), (2, 5 / 40)):
        move = places[first + 1] - places[first]
        length = np.linalg.norm(move, axis=-1)
        assert 0.97 * longest < length.max() <= longest * (1 + 1e-5)
        assert np.median(length) == pytest.approx(longest / np.sqrt(2), rel=0.1)
        turns = np.arctan2(*move[length > 0.01].T[::-1]) / (2 * np.pi / 18)
        is_one_of_18 = np.abs(turns - np.round(turns)) < 1e-3
        assert is_one_of_18.all() if first == 0 else is_one_of_18.mean() < 0.1


def test_the_additive_transformation_has_72_directions():
    spec = model("conformal_isometry_additive", Ng=4, batch_size=500)
    B = train_step.init(spec.static, spec.traced).params["cell"]["B"]
    assert B.shape == (72, 4)
    assert 0.9e-3 < np.abs(B).max() <= 1e-3
    places = np.asarray(drawn_paths(spec).positions)
    move = places[1] - places[0]
    turns = np.arctan2(*move[np.linalg.norm(move, axis=-1) > 0.01].T[::-1]) / (2 * np.pi / 72)
    assert np.abs(turns - np.round(turns)).max() < 0.01
    assert len(np.unique(np.round(turns))) > 60


def test_the_table_of_conformal_isometry_stays_not_negative_with_norm_1():
    spec = model("conformal_isometry", Ng=6, batch_size=50)
    state = train_step.init(spec.static, spec.traced)
    after = jax.jit(train_step.step, static_argnums=0)(spec.static, spec.traced, state)
    table = after.params["cell"]["table"]
    assert table.min() >= 0
    norm = np.linalg.norm(table, axis=-1)
    np.testing.assert_allclose(norm[table.any(axis=-1)], 1, rtol=1e-5)
    assert table.any(axis=-1).mean() > 0.9


@pytest.mark.slow
def test_the_actionable_plane_has_the_published_losses_and_factors():
    spec = model("actionable", Ng=7, batch_size=11, sequence_length=4)
    paths = drawn_paths(spec)
    rooms = np.asarray(paths.positions, np.float64)
    np.testing.assert_allclose(np.ptp(rooms - rooms[:1], axis=1), 0, atol=1e-5)
    state = train_step.init(spec.static, spec.traced)
    cell = state.params["cell"]

    def ours(params):
        return loss_of(spec, state.layout, params, np.concatenate([rooms[:1], rooms]))

    value, gradient = jax.value_and_grad(ours)({"cell": cell})
    factors = {"positive": 0.1, "norm": 0.005}
    flat = in_float64({name: cell[name] for name in ("waves", "W")})
    expected, lacks = field_models.actionable(flat, rooms, 0.5, factors)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    for name, lack in lacks.items():
        np.testing.assert_allclose(gradient["cell"][f"log_factor_{name}"], -lack, rtol=1e-3)
    moved = flat["W"].copy()
    moved[2, 3] += 1e-5
    slope = (field_models.actionable(flat | {"W": moved}, rooms, 0.5, factors)[0] - expected) / 1e-5
    np.testing.assert_allclose(gradient["cell"]["W"][2, 3], slope, rtol=5e-3, atol=1e-4)


@pytest.mark.slow
def test_factors_of_the_actionable_plane_follow_geco():
    spec = model("actionable", Ng=7, batch_size=11, sequence_length=4)
    state = train_step.init(spec.static, spec.traced)
    step = jax.jit(train_step.step, static_argnums=0)
    traced = jax.tree.map(jnp.asarray, spec.traced)
    mean, log_factor = dict.fromkeys(("positive", "norm"), 0.0), {"positive": 0.1, "norm": 0.005}
    log_factor = {name: np.log(value) for name, value in log_factor.items()}
    for number in range(3):
        paths = jax.tree.map(
            lambda leaf: leaf[0], train_step.draw_ahead(spec.static, traced, state.step, 1)
        )
        flat = in_float64({name: state.params["cell"][name] for name in ("waves", "W")})
        rooms = np.asarray(paths.positions, np.float64)
        _, lacks = field_models.actionable(flat, rooms, 0.5, {"positive": 0, "norm": 0})
        state = step(spec.static, spec.traced, state)
        for name, lack in lacks.items():
            mean[name] = 0.9 * mean[name] + 0.1 * lack
            log_factor[name] += 1e-4 * mean[name]
            found = state.params["cell"][f"log_factor_{name}"]
            np.testing.assert_allclose(found, log_factor[name], rtol=1e-5, err_msg=f"{number}")


def test_adam_of_the_actionable_plane_has_epsilon_inside_the_root():
    context = model("actionable").traced._asdict() | {"learning_rate": 0.1}
    context = OptimizerContext(*(context[name] for name in OptimizerContext._fields))
    adam = OPTIMIZERS["adam_with_geco"].make(context)
    params = {"cell": {"W": jnp.ones(3)}}
    slopes = np.array([1.0, 1e-4, 1e-6])
    updates, _ = adam.update({"cell": {"W": jnp.asarray(slopes)}}, adam.init(params), params)
    expected = -0.1 * slopes / np.sqrt(slopes**2 + 1e-8)
    np.testing.assert_allclose(updates["cell"]["W"], expected, rtol=1e-4)


def test_non_negative_components_ascend_the_variance_of_the_place_code():
    spec = model("nonnegative_pca", Ng=5, batch_size=40)
    state = train_step.init(spec.static, spec.traced)
    traced = jax.tree.map(jnp.asarray, spec.traced)
    paths = jax.tree.map(
        lambda leaf: leaf[0], train_step.draw_ahead(spec.static, traced, state.step, 1)
    )
    positions = np.asarray(paths.positions, np.float64)
    cell = in_float64(state.params["cell"])
    expected, W = field_models.components(cell["W"], positions[0], 0.2)
    ours = loss_of(spec, state.layout, state.params, np.concatenate([positions, positions]))
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
    after = jax.jit(train_step.step, static_argnums=0)(spec.static, spec.traced, state)
    np.testing.assert_allclose(after.params["cell"]["W"], W, rtol=1e-3, atol=1e-5)
