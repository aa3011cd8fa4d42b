"""The one-page network is the package's own: same streams, same weights after some steps."""

import importlib.util
from functools import partial

import jax
import numpy as np
import pytest
from source_tree import shipped

from gridjax.spec.network import NetworkSpec
from gridjax.training import train_step

MINIMAL = shipped("experiments", "minimal.py")


def load():
    specification = importlib.util.spec_from_file_location("minimal", MINIMAL)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_it_is_short():
    assert len(MINIMAL.read_text().splitlines()) < 150


@pytest.mark.slow
@pytest.mark.parametrize("code", ["gaussian", "difference_of_softmaxes"])
def test_minimal_trains_the_network_that_the_package_trains(code, monkeypatch):
    minimal = load()
    for name, value in {"NG": 20, "NP": 30, "BATCH": 9, "T": 6, "N_STEPS": 40}.items():
        monkeypatch.setattr(minimal, name, value)
    params, centres = minimal.train(getattr(minimal, code))
    spec = NetworkSpec(
        Ng=20,
        Np=30,
        batch_size=9,
        sequence_length=6,
        learning_rate=minimal.LEARNING_RATE,
        weight_decay=minimal.WEIGHT_DECAY,
        place_cell_rf=minimal.SIGMA,
        surround_scale=minimal.SURROUND,
        place_field_values="gaussian" if code == "gaussian" else "difference_of_gaussians",
        seed=minimal.SEED,
    )
    state = jax.jit(partial(train_step.init, spec.static))(spec.traced)
    state = jax.jit(partial(train_step.chunk, spec.static))(spec.traced, state, np.int32(40))
    np.testing.assert_array_equal(centres, state.layout.code.centres[:, 0])
    ours = {
        "E": state.params["encoder"],
        "D": state.params["decoder"],
        "W": state.params["cell"]["W"],
        "W_x": state.params["cell"]["W_x"],
    }
    for name, weights in ours.items():
        # Adam's early steps have the size of the learning rate whatever the gradient: 40 of them
        # move a weight by .12, and float32 rounding of the gradient by far less than 2 % of that.
        np.testing.assert_allclose(params[name], weights, atol=2e-3, err_msg=name)
    start = jax.jit(partial(train_step.init, spec.static))(spec.traced).params["cell"]["W"]
    assert np.abs(np.asarray(start - ours["W"])).max() > 0.02
