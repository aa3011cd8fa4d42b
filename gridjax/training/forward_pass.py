"""Forward pass of a network on trajectories: what it receives, its activity and its outputs."""

from __future__ import annotations

from jaxtyping import Array, Float

from gridjax.loop_over_time import ROLLED
from gridjax.model import network
from gridjax.model.network import Masks
from gridjax.model.state_objectives import state_objective
from gridjax.model.weights import Params
from gridjax.spec.fields.declarations import is_recurrent
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.records.start_info import PLACE_CODE
from gridjax.task import task
from gridjax.task.motion.trajectories import Trajectories
from gridjax.task.task import Layout
from gridjax.training.noise import NO_NOISE, Noise, with_noisy_moves


def start_and_inputs(
    layout: Layout,
    trajectories: Trajectories,
    dt_s: Float[Array, ""],
    static: StaticConfig,
    noise: Noise = NO_NOISE,
    landmarks: Float[Array, "time batch Np"] | None = None,
) -> tuple[Float[Array, "batch n"] | None, Float[Array, "time batch n_in"]]:
    """Return what a network receives on trajectories: at the start, and at each move.

    The first is None for a network without recurrence. The other arguments are those of
    ``forward``.
    """
    start = None
    if is_recurrent(static):
        has_code = static.start == PLACE_CODE
        start = task.start_code(layout, trajectories, static) if has_code else trajectories.start
    received = with_noisy_moves(trajectories, noise, dt_s)
    return start, task.inputs(received, dt_s, static, layout.environment, landmarks)


def forward(
    params: Params,
    layout: Layout,
    trajectories: Trajectories,
    dt_s: Float[Array, ""],
    static: StaticConfig,
    masks: Masks | None = None,
    loop: str = ROLLED,
    noise: Noise = NO_NOISE,
    landmarks: Float[Array, "time batch Np"] | None = None,
) -> tuple[Float[Array, "time batch analysed"], Float[Array, "time batch out"]]:
    """Return the activity of the analysed layer and the outputs of one network on trajectories.

    ``dt_s`` is the duration of a move in seconds. ``masks`` are the dropout masks; None means no
    dropout. ``loop`` is the form of the loop over time (gridjax.model.recurrence). ``noise`` is
    that of training; the default is none. ``landmarks`` are the inputs of gridjax.task.landmarks;
    the default is no landmark at any move.
    """
    received = start_and_inputs(layout, trajectories, dt_s, static, noise, landmarks)
    analysed = network.activity(params, *received, static, masks, loop, noise.state)
    return analysed, network.outputs(params, analysed, static, masks)


def objective_of_states(
    static: StaticConfig,
    traced: TracedParams,
    params: Params,
    trajectories: Trajectories,
    analysed: Float[Array, "time batch analysed"],
    outputs: Float[Array, "time batch out"],
) -> Float[Array, ""]:
    """Return the value of the objective on states on trajectories, without its weight."""
    inputs = task.inputs(trajectories, traced.dt_s, static)
    positions, cell = trajectories.positions, params["cell"]
    return state_objective(analysed, outputs, positions, inputs, static, traced, cell)
