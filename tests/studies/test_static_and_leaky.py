"""The networks of the studies static and leaky against slow oracles, and their learning rates."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from synthetic import synthetic_run

from gridjax.studies.networks.training import Request, lay_out, pilot_sweep, resolve_pilots
from gridjax.studies.study import find_studies
from gridjax.task.motion.trajectories import along
from gridjax.training import forward_pass, train_step

SMALL = {"Ng": 5, "Np": 16, "batch_size": 3, "sequence_length": 4}


def network(study, cell, **values):
    (one,) = find_studies(study)
    specs = lay_out(one, Request(overrides=SMALL)).specs
    return replace(next(spec for spec in specs if spec.rnn_type == cell), **values)


def rates(spec, positions):
    """Return the parameters and the rates [time, batch, Ng] at positions [time + 1, batch, 2]."""
    state = train_step.init(spec.static, spec.traced)
    paths = along(jnp.asarray(positions, jnp.float32))
    traced = jax.tree.map(jnp.asarray, spec.traced)
    h, _ = forward_pass.forward(state.params, state.layout, paths, traced.dt_s, spec.static)
    start = None
    if "encoder" in state.params:
        start = train_step.task.start_code(state.layout, paths, spec.static)
        start = np.asarray(start @ state.params["encoder"], np.float64)
    cell = {name: np.asarray(leaf, np.float64) for name, leaf in state.params["cell"].items()}
    return cell, start, h


def of_mlp(cell, position):
    h = position
    for layer in range(3):
        h = np.maximum(h @ cell[f"W{layer}"] + cell[f"b{layer}"], 0)
    return h


def of_place_cells(cell, position):
    h = np.zeros(5)
    for at in range(22 * 22):  # 10 cm apart, over 2.2 m; x changes fastest
        x, y = (-1.05 + 0.1 * (at % 22), -1.05 + 0.1 * (at // 22))
        square = (position[0] - x) ** 2 + (position[1] - y) ** 2
        h = h + np.exp(-square / (2 * 0.12**2)) * cell["W_x"][at]
    return np.maximum(h, 0)


@pytest.mark.parametrize(
    ("cell", "slow"), [("static_mlp", of_mlp), ("static_place_cells", of_place_cells)]
)
def test_rates_depend_on_the_position_alone(cell, slow):
    positions = np.random.default_rng(0).uniform(-1.1, 1.1, (5, 3, 2))
    params, start, h = rates(network("static", cell), positions)
    assert start is None
    assert (h > 0).any()
    for time in range(4):
        for path in range(3):
            expected = slow(params, positions[time + 1, path])
            np.testing.assert_allclose(h[time, path], expected, rtol=1e-4, atol=1e-6)


def test_the_slow_start_moves_like_a_leaky_network_while_all_units_are_active():
    """Then relu is the identity, and l h + (1 - l) (W h + W_x v) is one matrix for each part."""
    spec = network("leaky", "slow_start_30", activation="linear")
    positions = np.cumsum(np.random.default_rng(1).normal(size=(5, 3, 2)), axis=0)
    ours, h, found = rates(spec, positions)
    leaky = network("leaky", "leaky_30", activation="linear")
    drawn, start, _ = rates(leaky, positions)
    np.testing.assert_allclose(h, start)
    np.testing.assert_allclose(ours["W_x"], 0.7 * drawn["W_x"], rtol=1e-6)
    for time in range(4):
        moves = positions[time + 1] - positions[time]
        driven = h @ drawn["W"] + moves @ drawn["W_x"]
        h = 0.3 * h + 0.7 * driven
        np.testing.assert_allclose(found[time], h, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "error"), [("static", "loss_excess"), ("leaky", "decode_err_ml_cm_T50")]
)
def test_each_network_and_code_has_the_learning_rate_of_least_error(name, error):
    (one,) = find_studies(name)
    request = Request(overrides={"Ng": 16})
    pilot = pilot_sweep(one, request)
    run = synthetic_run(pilot.specs, keep_maps="none", weights=False)
    rows = run.networks
    keys = ["rnn_type", "place_field_values"]
    pairs = {pair: at for at, pair in enumerate(sorted(set(map(tuple, rows[keys].to_numpy()))))}
    values = sorted(rows["learning_rate"].unique())
    best = {pair: values[at % len(values)] for pair, at in pairs.items()}
    wanted = [best[tuple(pair)] for pair in rows[keys].to_numpy()]
    rows[error] = np.where(rows["learning_rate"] == wanted, 1.0, 2.0)
    rows["share_above_null_99"] = np.where(rows["learning_rate"] == wanted, 0.0, 0.5)
    chosen = resolve_pilots([one], request, run)[0].sweep.specs
    assert {spec.learning_rate for spec in chosen} == set(values)
    for spec in chosen:
        assert spec.learning_rate == best[spec.rnn_type, spec.place_field_values]
    assert not {spec.seed for spec in chosen} & {spec.seed for spec in pilot.specs}
