"""Check that both trainers compute the same loss from the same numbers, before any timing."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from gridjax.model import objective
from gridjax.prng import Stream, stream
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.task.motion import square_walk
from gridjax.task.motion.trajectories import Trajectories
from gridjax.training import forward_pass, population, train_step

RTOL = 1e-5


def example(spec: NetworkSpec) -> tuple[dict[str, np.ndarray], float]:
    """Return weights, place cells and trajectories of one network, and the loss by gridjax."""
    static, traced = spec.static, spec.traced
    with jax.default_matmul_precision(population.MATMUL_PRECISION):
        state = jax.jit(train_step.init, static_argnums=0)(static, traced)
        key = stream(traced.motion_seed, Stream.MOTION)
        paths = square_walk.simulate(key, static.sequence_length, static.batch_size, traced)

        @jax.jit
        def loss_of(state: train_step.TrainState, paths: Trajectories) -> Any:
            layout = state.layout
            _, outputs = forward_pass.forward(state.params, layout, paths, traced.dt_s, static)
            targets = task.targets(layout, paths.positions, paths.headings, static)
            loss = objective.data_loss(outputs, targets, static).mean()
            return loss + objective.weight_penalty(state.params, traced.weight_decay, static)

        loss = float(loss_of(state, paths))
    params = state.params
    numbers = {
        "encoder": params["encoder"],
        "W_x": params["cell"]["W_x"],
        "W": params["cell"]["W"],
        "decoder": params["decoder"],
        "centres": state.layout.code.centres[:, 0],
        "start": paths.start,
        "moves": paths.moves,
        "positions": paths.positions,
    }
    return {name: np.array(value) for name, value in numbers.items()}, loss


def check(spec: NetworkSpec, loss_of: Any) -> float:
    """Return the relative difference between the peer's loss of the example and gridjax's.

    Raises AssertionError if it is larger than RTOL.
    """
    given, ours = example(spec)
    theirs = loss_of(given)
    difference = abs(theirs - ours) / abs(ours)
    assert difference < RTOL, f"the peer's loss is {theirs}, gridjax's {ours}"
    return difference
