"""Gradient steps and progress of one network against float64."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import decoders as decoder_oracle
from oracles import encodings as code_oracle
from oracles import losses as loss_oracle
from oracles import network as oracle
from training.blocks import (
    BANINO,
    CARTESIAN,
    IN_ENVIRONMENTS,
    NOISY,
    SPEC,
    Block,
)
from training.float64_steps import (
    assert_three_steps_agree,
    inputs_of,
    losses_of,
    outputs_of,
    targets_of,
    trajectories_of,
)

from gridjax.prng import Stream
from gridjax.spec.registry import CELLS
from gridjax.training.population import lane


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        pytest.param(SPEC, "block", id="cells"),
        pytest.param(CARTESIAN, "cartesian", id="cartesian"),
        pytest.param(NOISY, "noisy", id="noise"),
        pytest.param(IN_ENVIRONMENTS, "environments", id="environments", marks=pytest.mark.slow),
        pytest.param(BANINO, "banino", id="banino", marks=pytest.mark.slow),
    ],
)
def test_three_steps_agree_with_float64(spec, name, request):
    assert_three_steps_agree(spec, request.getfixturevalue(name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rates", "noise", "mask"),
    [
        ((0.0, 0.0), 0.0, "trajectory"),
        ((0.3, 0.2), 0.0, "trajectory"),
        ((0.3, 0.2), 0.0, "move"),
        ((0.3, 0.2), 0.1, "trajectory"),
    ],
    ids=["whole", "dropout", "dropout at each move", "noise"],
)
@pytest.mark.parametrize("rnn_type", list(CELLS))
def test_three_steps_of_every_cell_agree_with_float64(rnn_type, rates, noise, mask):
    spec = replace(
        SPEC, Ng=6, rnn_type=rnn_type, recurrent_dropout=rates[0], readout_dropout=rates[1]
    )
    spec = replace(spec, activation="tanh", state_noise=noise, recurrent_dropout_mask=mask)
    assert spec.static.has_dropout == any(rates)
    assert_three_steps_agree(spec, Block(1, spec.static))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "name"), [(SPEC, "block"), (BANINO, "banino")], ids=["cells", "banino"]
)
def test_progress_agrees_with_float64_on_its_own_trajectories_without_dropout(spec, name, request):
    block = request.getfixturevalue(name)
    traced = block.stack([spec])
    state = block.trainer.chunk(traced, block.trainer.init(traced), block.until(2))
    progress = block.trainer.progress(traced, state)
    state = lane(jax.tree.map(np.array, state), 0)
    paths = trajectories_of(spec, Stream.PROGRESS, 2)
    params, layout = oracle.as_float64(state.params), state.layout
    start_code = targets_of(spec, layout, paths.start, paths.start_heading)
    outputs = outputs_of(spec, params, start_code, inputs_of(spec, paths))
    targets = targets_of(spec, layout, paths.positions, paths.headings)
    loss = losses_of(spec, outputs, targets).mean()
    n = spec.Np
    decoded = decoder_oracle.top_cells(
        outputs[..., :n], code_oracle.single_fields(layout.code.centres[:, 0], 1.0)
    )
    error = np.linalg.norm(decoded - paths.positions, axis=-1).mean()
    assert float(progress.loss[0]) == pytest.approx(loss, rel=1e-5)
    least = loss_oracle.entropy(targets[..., :n]) + loss_oracle.entropy(targets[..., n:])
    assert float(progress.loss_excess[0]) == pytest.approx(loss - least.mean(), abs=1e-5)
    assert float(progress.position_error_m[0]) == pytest.approx(error, rel=1e-5)


def test_progress_is_measured_in_all_environments(environments):
    spec, block = IN_ENVIRONMENTS, environments
    state = block.trainer.init(block.stack([spec]))
    progress = block.trainer.progress(block.stack([spec]), state)
    state = lane(jax.tree.map(np.array, state), 0)
    paths = trajectories_of(spec, Stream.PROGRESS, 0)
    start_code = targets_of(spec, state.layout, paths.start, paths.start_heading)
    targets = targets_of(spec, state.layout, paths.positions, paths.headings)
    params = oracle.as_float64(state.params)
    outputs = outputs_of(spec, params, start_code, inputs_of(spec, paths))
    loss = losses_of(spec, outputs, targets).mean()
    assert float(progress.loss[0]) == pytest.approx(loss, rel=1e-5)
