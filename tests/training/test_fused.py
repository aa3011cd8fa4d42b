"""Training with the recurrence in one kernel, which JAX interprets here, against the usual loop."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest
from training.blocks import SPEC

from gridjax.spec.padding import padded_config
from gridjax.training import population

SPECS = {
    "RNN": replace(SPEC, matmul_precision="tf32"),
    "UGRNN, dropout": replace(
        SPEC,
        rnn_type="UGRNN",
        activation="tanh",
        matmul_precision="bf16",
        recurrent_dropout=0.3,
        readout_dropout=0.2,
    ),
    "SRNN, padded": replace(SPEC, rnn_type="SRNN", matmul_precision="bf16", batch_size=11),
}
N_STEPS = 3


def trained(spec, static, is_fused, n_steps=N_STEPS):
    """The parameters of two networks after some steps."""
    trainer = population.make_trainer(static, 2, is_fused)
    traced = trainer.stack([spec, replace(spec, seed=8, weight_seed=9)], jax.devices()[0])
    state = trainer.chunk(traced, trainer.init(traced), np.full(2, n_steps, np.int32))
    assert (np.asarray(state.step) == n_steps).all()
    return jax.tree.map(np.asarray, state.params)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_networks_train_as_with_the_loop_over_time(name):
    spec = SPECS[name]
    static = padded_config(spec.static) if "padded" in name else spec.static
    start, expected, ours = (
        trained(spec, static, False, n_steps=0),
        trained(spec, static, False),
        trained(spec, static, True),
    )
    moves = jax.tree.map(lambda a, b: np.abs(a - b).max(), expected, start)
    moved = max(jax.tree.leaves(moves))
    assert moved > 1e-3
    # an update of Adam is as long as the rate however small a gradient, whose last bits differ
    near = partial(np.testing.assert_allclose, rtol=0, atol=0.01 * moved)
    jax.tree.map(near, ours, expected)
